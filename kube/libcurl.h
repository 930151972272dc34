/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl, loaded when the first API server is to be reached: with all that it
 * draws in it is six MB of resident memory, which nodes that watch a directory
 * need not carry (docs/decisions.md).
 */
#pragma once

#include <curl/curl.h>

#include "../lib/err.h"

/* clang-format off */
#define LIBCURL_FUNCTIONS(f)    \
	f(global_init) f(version_info) f(easy_init) f(easy_cleanup) \
	f(easy_setopt) f(easy_getinfo) f(easy_strerror) \
	f(multi_init) f(multi_cleanup) f(multi_setopt) \
	f(multi_add_handle) f(multi_remove_handle) \
	f(multi_socket_action) f(multi_info_read) f(multi_assign) \
	f(multi_strerror) f(slist_append) f(slist_free_all) \
	f(getdate)
/* clang-format on */

/* libcurl's functions, without "curl_" in front. */
struct libcurl {
#define MEMBER(name) __typeof__(curl_##name) *name;
	LIBCURL_FUNCTIONS(MEMBER)
#undef MEMBER
};

/* 0, and *out stays valid for ever; -ENOENT: there is none, or it is too old
 * or without TLS. */
int libcurl_load(const struct libcurl **out, struct err *e);
