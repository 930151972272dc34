/* SPDX-License-Identifier: Apache-2.0 */
#include "http_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/state.h"

enum { PEM_MAX = 4 << 20 };

void http_identity_put(struct http_identity *i)
{
	if (!i || --i->refs)
		return;
	free(i->ca);
	free(i->cert);
	free(i->key);
	free(i);
}

static int read_pem(const char *what, const char *file, const char *data,
		    char **out, struct err *e)
{
	size_t len;

	if (!file && !data)
		return 0;
	if (data) {
		*out = strdup(data);
		return *out ? 0 : err_sys(e, ENOMEM, "%s", what);
	}
	if (file_read(file, PEM_MAX, out, &len, e))
		return err_wrap(e, "%s", what);
	if (!strstr(*out, "-----BEGIN "))
		return err_set(e, EINVAL, "%s: %s holds no PEM", what, file);
	return 0;
}

static int read_identity(const struct kube_config *c, struct http_identity *i,
			 struct err *e)
{
	int ret;

	ret = read_pem("certificate authority", c->ca_file, c->ca_data, &i->ca,
		       e);
	if (!ret)
		ret = read_pem("client certificate", c->cert_file, c->cert_data,
			       &i->cert, e);
	if (!ret)
		ret = read_pem("client key", c->key_file, c->key_data, &i->key,
			       e);
	return ret;
}

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

int http_identity_get(const struct kube_config *config,
		      struct http_identity **current,
		      struct http_identity **out, struct err *e)
{
	struct http_identity *now = calloc(1, sizeof(*now)), *old = *current;
	int ret;

	if (!now)
		return err_sys(e, ENOMEM, "read certificates");
	now->refs = 1;
	ret = read_identity(config, now, e);
	if (ret) {
		http_identity_put(now);
		return ret;
	}
	if (old && same(old->ca, now->ca) && same(old->cert, now->cert) &&
	    same(old->key, now->key)) {
		http_identity_put(now);
	} else {
		http_identity_put(old);
		*current = now;
	}
	(*current)->refs++;
	*out = *current;
	return 0;
}
