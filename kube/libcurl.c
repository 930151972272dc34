/* SPDX-License-Identifier: Apache-2.0 */
#include "libcurl.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>

#define LIBRARY "libcurl.so.4"

enum { VERSION_MIN = 0x074d00 }; /* 7.77: certificates from memory */

static struct libcurl functions;
static bool loaded;

static int check(const struct libcurl *curl, struct err *e)
{
	const curl_version_info_data *v = curl->version_info(CURLVERSION_FIRST);

	if (v->version_num < VERSION_MIN)
		return err_set(e, ENOENT,
			       LIBRARY
			       " is version %s: 7.77 or later is needed",
			       v->version);
	if (!(v->features & CURL_VERSION_SSL))
		return err_set(e, ENOENT, LIBRARY " has no TLS");
	return 0;
}

int libcurl_load(const struct libcurl **out, struct err *e)
{
	struct libcurl curl;
	void *library;
	int ret;

	if (loaded) {
		*out = &functions;
		return 0;
	}
	/* Never closed: what it draws in does not like to be unloaded. */
	library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return err_set(
			e, ENOENT,
			"the Kubernetes API is reached with libcurl, which cannot be loaded (Debian's package libcurl4): %s",
			dlerror());
#define FIND(name)                                                             \
	curl.name = (__typeof__(curl.name))dlsym(library, "curl_" #name);      \
	if (!curl.name)                                                        \
		return err_set(e, ENOENT, LIBRARY " has no curl_" #name);
	LIBCURL_FUNCTIONS(FIND)
#undef FIND
	ret = check(&curl, e);
	if (ret)
		return ret;
	if (curl.global_init(CURL_GLOBAL_DEFAULT))
		return err_set(e, ENOENT, LIBRARY " does not start");
	functions = curl;
	loaded = true;
	*out = &functions;
	return 0;
}
