/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../lib/state.h"
#include "server_url.h"

#define ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount/"

enum { TOKEN_MAX = 64 << 10 };

void kube_config_free(struct kube_config *c)
{
	free(c->origin);
	free(c->server);
	free(c->ca_file);
	free(c->ca_data);
	free(c->cert_file);
	free(c->cert_data);
	free(c->key_file);
	free(c->key_data);
	free(c->token_file);
	free(c->token);
	free(c->tls_server_name);
	free(c->proxy_url);
	*c = (struct kube_config){0};
}

static int server_from_environment(char **server, struct err *e)
{
	const char *host = getenv("KUBERNETES_SERVICE_HOST");
	const char *port = getenv("KUBERNETES_SERVICE_PORT");
	__cleanup(mem_free) char *text = NULL;
	struct server_url url;
	bool bare_v6;
	int ret;

	if (!host || !*host || !port || !*port)
		return err_set(
			e, ENOENT,
			"in-cluster configuration: %s is not set: is this a pod? Outside of one, name a kubeconfig",
			host && *host ? "KUBERNETES_SERVICE_PORT"
				      : "KUBERNETES_SERVICE_HOST");
	bare_v6 = strchr(host, ':') && *host != '[';
	if (asprintf(&text, "https://%s%s%s:%s", bare_v6 ? "[" : "", host,
		     bare_v6 ? "]" : "", port) < 0) {
		text = NULL;
		return err_sys(e, ENOMEM, "in-cluster configuration");
	}
	ret = server_url_parse(text, &url, e);
	if (ret)
		return err_wrap(
			e,
			"in-cluster configuration: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT");
	*server = server_url_format(&url);
	return *server ? 0 : err_sys(e, ENOMEM, "in-cluster configuration");
}

/* A file of the service account, which must be there and not empty. */
static int account_file(const char *root, const char *name, char **path,
			struct err *e)
{
	__cleanup(mem_free) char *data = NULL;
	size_t len = 0;

	if (asprintf(path, "%s" ACCOUNT "%s", root, name) < 0) {
		*path = NULL;
		return err_sys(e, ENOMEM, "in-cluster configuration");
	}
	if (file_read(*path, 4 << 20, &data, &len, e))
		return err_wrap(
			e,
			"in-cluster configuration: is this a pod? Does its service account mount a token (automountServiceAccountToken)?");
	if (!len)
		return err_set(e, EINVAL,
			       "in-cluster configuration: %s is empty", *path);
	return 0;
}

int kube_config_in_cluster(const char *root, struct kube_config *out,
			   struct err *e)
{
	__cleanup(kube_config_free) struct kube_config c = {0};
	int ret;

	ret = server_from_environment(&c.server, e);
	if (ret)
		return ret;
	ret = account_file(root, "token", &c.token_file, e);
	if (ret)
		return ret;
	ret = account_file(root, "ca.crt", &c.ca_file, e);
	if (ret)
		return ret;
	c.origin = strdup("in-cluster");
	if (!c.origin)
		return err_sys(e, ENOMEM, "in-cluster configuration");
	*out = c;
	c = (struct kube_config){0};
	return 0;
}

/* The text without white space around it, in place. */
static char *trim(char *text)
{
	size_t len;

	text += strspn(text, " \t\r\n");
	len = strlen(text);
	while (len && strchr(" \t\r\n", text[len - 1]))
		text[--len] = '\0';
	return text;
}

int kube_config_token(const struct kube_config *c, char **out, struct err *e)
{
	const char *where = c->token_file ? c->token_file : "the kubeconfig";
	__cleanup(mem_free) char *data = NULL;
	size_t len = 0;
	char *token;
	int ret;

	if (!c->token_file && !c->token) {
		*out = NULL;
		return 0;
	}
	if (c->token_file) {
		ret = file_read(c->token_file, TOKEN_MAX, &data, &len, e);
		if (ret)
			return err_wrap(e, "the bearer token");
	} else {
		data = strdup(c->token);
		len = strlen(c->token);
	}
	if (!data)
		return err_sys(e, ENOMEM, "the bearer token");
	if (memchr(data, '\0', len))
		return err_set(e, EINVAL,
			       "the bearer token in %s has a NUL in it", where);
	token = trim(data);
	if (!*token)
		return err_set(e, EINVAL, "the bearer token in %s is empty",
			       where);
	/* It becomes a line of the request: nothing may break out of it. */
	for (const char *p = token; *p; p++)
		if (!isgraph((unsigned char)*p))
			return err_set(
				e, EINVAL,
				"the bearer token in %s has a character that no token has",
				where);
	token = strdup(token);
	if (!token)
		return err_sys(e, ENOMEM, "the bearer token");
	*out = token;
	return 0;
}
