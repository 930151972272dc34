/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an analyser that sees one file at a time cannot know of the others, read
 * before each file (build-aux/analyse): an error is never 0, and where it is an
 * errno it is negative. IN_ is the file's directory, FILE_ its name: what
 * defines a function is not told of it.
 */
#include "../lib/err.h"

static inline int not_zero(int error)
{
	if (!error)
		__builtin_unreachable();
	return error;
}

static inline int negative(int error)
{
	if (error >= 0)
		__builtin_unreachable();
	return error;
}

#ifndef FILE_err
#define err_set(...)  negative(err_set(__VA_ARGS__))
#define err_sys(...)  negative(err_sys(__VA_ARGS__))
#define err_wrap(...) negative(err_wrap(__VA_ARGS__))
#endif

#if defined(IN_lib) && !defined(FILE_config)
#include "../lib/config_keys.h"
#define config_unknown(...) negative(config_unknown(__VA_ARGS__))
#endif

#if defined(IN_lib) && !defined(FILE_netlink)
#include "../lib/netlink.h"
#define request_failed(...) negative(request_failed(__VA_ARGS__))
#endif

#if defined(IN_cni) && !defined(FILE_failure)
#include "../cni/failure.h"
#define failure_set(...)  not_zero(failure_set(__VA_ARGS__))
#define failure_from(...) not_zero(failure_from(__VA_ARGS__))
#endif

#if defined(IN_agent) && !defined(FILE_manifest_reader)
#include "../agent/manifest_kinds.h"
#define reader_fail(...) not_zero(reader_fail(__VA_ARGS__))
#endif
