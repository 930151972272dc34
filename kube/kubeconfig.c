/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kubeconfig files: a context names a cluster and a user. What is refused is
 * refused by name, with what to use instead; what is misspelt is an error, so
 * that no key that guards something is passed over.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../lib/cleanup.h"
#include "../lib/json.h"
#include "../lib/state.h"
#include "../lib/yaml.h"
#include "base64.h"
#include "config.h"
#include "server_url.h"

enum { FILE_MAX = 4 << 20 };

struct reader {
	const char *path;
	const cJSON *root;
	struct err *err;
};

/* ---- values ----------------------------------------------------------- */

/* A string that is there and not empty, else NULL. */
static int get(struct reader *r, const cJSON *obj, const char *key,
	       const char **out)
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(obj, key);

	*out = NULL;
	if (!value || cJSON_IsNull(value))
		return 0;
	if (!cJSON_IsString(value))
		return err_set(r->err, EINVAL, "%s must be a string", key);
	if (*value->valuestring)
		*out = value->valuestring;
	return 0;
}

static int copy(struct reader *r, const char *text, char **out)
{
	*out = strdup(text);
	return *out ? 0 : err_sys(r->err, ENOMEM, "read %s", r->path);
}

static int get_copy(struct reader *r, const cJSON *obj, const char *key,
		    char **out)
{
	const char *text;
	int ret = get(r, obj, key, &text);

	return ret || !text ? ret : copy(r, text, out);
}

/* A file's name, seen from the kubeconfig's directory. */
static int get_file(struct reader *r, const cJSON *obj, const char *key,
		    char **out)
{
	const char *name, *slash = strrchr(r->path, '/');
	int ret = get(r, obj, key, &name);

	if (ret || !name)
		return ret;
	if (*name == '/' || !slash)
		return copy(r, name, out);
	if (asprintf(out, "%.*s/%s", (int)(slash - r->path), r->path, name) <
	    0) {
		*out = NULL;
		return err_sys(r->err, ENOMEM, "read %s", r->path);
	}
	return 0;
}

/* KEY-data (base64 of PEM), and where there is none the file KEY. */
static int get_pem(struct reader *r, const cJSON *obj, const char *key,
		   char **file, char **data)
{
	const char *text;
	char data_key[64];
	size_t len;
	int ret;

	snprintf(data_key, sizeof(data_key), "%s-data", key);
	ret = get(r, obj, data_key, &text);
	if (ret)
		return ret;
	if (!text)
		return get_file(r, obj, key, file);
	ret = base64_decode(text, data, &len);
	if (ret == -ENOMEM)
		return err_sys(r->err, ENOMEM, "read %s", r->path);
	if (ret)
		return err_set(r->err, EINVAL, "%s is not base64", data_key);
	if (strlen(*data) != len || !strstr(*data, "-----BEGIN "))
		return err_set(r->err, EINVAL, "%s holds no PEM", data_key);
	return 0;
}

/* ---- what is refused -------------------------------------------------- */

struct refusal {
	const char *key, *instead;
};

static const struct refusal cluster_refusals[] = {
	{"insecure-skip-tls-verify",
	 "the API server's certificate is always verified; give certificate-authority, and tls-server-name if the certificate is for another name"},
	{NULL, NULL},
};

static const struct refusal user_refusals[] = {
	{"exec",
	 "no programs are run for credentials; give tokenFile (for example a service account's token) or a client certificate"},
	{"auth-provider",
	 "auth providers are not supported; give tokenFile or a client certificate"},
	{"username",
	 "API servers no longer take passwords; give token, tokenFile or a client certificate"},
	{"password",
	 "API servers no longer take passwords; give token, tokenFile or a client certificate"},
	{"as", "impersonation is not supported; use credentials of its own"},
	{"as-uid",
	 "impersonation is not supported; use credentials of its own"},
	{"as-groups",
	 "impersonation is not supported; use credentials of its own"},
	{"as-user-extra",
	 "impersonation is not supported; use credentials of its own"},
	{NULL, NULL},
};

/* false, "", null and nothing ask for nothing. */
static bool asks(const cJSON *value)
{
	if (!value || cJSON_IsNull(value) || cJSON_IsFalse(value))
		return false;
	return !cJSON_IsString(value) || *value->valuestring;
}

static int refuse(struct reader *r, const cJSON *obj,
		  const struct refusal *list)
{
	for (; list->key; list++)
		if (asks(cJSON_GetObjectItemCaseSensitive(obj, list->key)))
			return err_set(r->err, ENOTSUP, "%s is refused: %s",
				       list->key, list->instead);
	return 0;
}

/* ---- lists of named things -------------------------------------------- */

static const char *name_of(const cJSON *item)
{
	const char *name = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(item, "name"));

	return name ? name : "";
}

/* "a, b, c" of what there is, with an end if there are too many. */
static void join_names(const cJSON *list, char *out, size_t size)
{
	const cJSON *item;
	size_t len = 0;

	snprintf(out, size, "none");
	cJSON_ArrayForEach (item, list) {
		if (len + strlen(name_of(item)) + 8 > size) {
			snprintf(out + len, size - len, ", ...");
			return;
		}
		len += (size_t)snprintf(out + len, size - len, "%s%s",
					len ? ", " : "", name_of(item));
	}
}

/* The one entry `name` of the list `lists`: its member `kind`. */
static int find(struct reader *r, const char *lists, const char *kind,
		const char *name, const cJSON **out)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(r->root, lists);
	const cJSON *item, *found = NULL;
	char names[256];

	if (list && !cJSON_IsArray(list) && !cJSON_IsNull(list))
		return err_set(r->err, EINVAL, "%s: %s must be a list", r->path,
			       lists);
	cJSON_ArrayForEach (item, list) {
		if (strcmp(name_of(item), name))
			continue;
		if (found)
			return err_set(r->err, EINVAL,
				       "%s: %s \"%s\" is there twice", r->path,
				       kind, name);
		found = item;
	}
	if (!found) {
		join_names(list, names, sizeof(names));
		return err_set(r->err, ENOENT,
			       "%s: there is no %s \"%s\"; there is: %s",
			       r->path, kind, name, names);
	}
	found = cJSON_GetObjectItemCaseSensitive(found, kind);
	if (!cJSON_IsObject(found))
		return err_set(r->err, EINVAL, "%s: %s \"%s\" is empty",
			       r->path, kind, name);
	*out = found;
	return 0;
}

/* ---- cluster and user ------------------------------------------------- */

static int check_proxy(struct reader *r, const char *url)
{
	static const char *const schemes[] = {"http://", "https://",
					      "socks5://", "socks5h://"};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
		if (!strncasecmp(url, schemes[i], strlen(schemes[i])) &&
		    url[strlen(schemes[i])])
			return 0;
	return err_set(
		r->err, EINVAL,
		"proxy-url must begin with http://, https://, socks5:// or socks5h://");
}

/* libcurl verifies the name that is in the URL, so it becomes a part of one. */
static int check_name(struct reader *r, const char *name)
{
	if (strspn(name, "abcdefghijklmnopqrstuvwxyz"
			 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "0123456789-._:") == strlen(name) &&
	    strlen(name) < 256)
		return 0;
	return err_set(r->err, EINVAL, "tls-server-name \"%.64s\" is no name",
		       name);
}

static int read_cluster(struct reader *r, const cJSON *obj,
			struct kube_config *c)
{
	static const char *const known[] = {"server",
					    "certificate-authority",
					    "certificate-authority-data",
					    "tls-server-name",
					    "proxy-url",
					    "insecure-skip-tls-verify",
					    "disable-compression",
					    "extensions",
					    NULL};
	struct server_url url;
	const char *server;
	int ret;

	ret = json_check_keys(obj, known, r->err);
	if (!ret)
		ret = refuse(r, obj, cluster_refusals);
	if (!ret)
		ret = get(r, obj, "server", &server);
	if (ret)
		return ret;
	if (!server)
		return err_set(r->err, EINVAL, "server is missing");
	ret = server_url_parse(server, &url, r->err);
	if (ret)
		return ret;
	c->server = server_url_format(&url);
	if (!c->server)
		return err_sys(r->err, ENOMEM, "read %s", r->path);
	ret = get_pem(r, obj, "certificate-authority", &c->ca_file,
		      &c->ca_data);
	if (!ret)
		ret = get_copy(r, obj, "tls-server-name", &c->tls_server_name);
	if (!ret)
		ret = get_copy(r, obj, "proxy-url", &c->proxy_url);
	if (!ret && c->tls_server_name)
		ret = check_name(r, c->tls_server_name);
	if (ret || !c->proxy_url)
		return ret;
	if (!url.tls)
		return err_set(
			r->err, EINVAL,
			"plain http is for this machine: no proxy-url goes with it");
	return check_proxy(r, c->proxy_url);
}

static int read_user(struct reader *r, const cJSON *obj, struct kube_config *c)
{
	static const char *const known[] = {"token",
					    "tokenFile",
					    "client-certificate",
					    "client-certificate-data",
					    "client-key",
					    "client-key-data",
					    "exec",
					    "auth-provider",
					    "username",
					    "password",
					    "as",
					    "as-uid",
					    "as-groups",
					    "as-user-extra",
					    "extensions",
					    NULL};
	int ret;

	ret = json_check_keys(obj, known, r->err);
	if (!ret)
		ret = refuse(r, obj, user_refusals);
	if (!ret)
		ret = get_file(r, obj, "tokenFile", &c->token_file);
	/* As kubectl has it: the file comes first. */
	if (!ret && !c->token_file)
		ret = get_copy(r, obj, "token", &c->token);
	if (!ret)
		ret = get_pem(r, obj, "client-certificate", &c->cert_file,
			      &c->cert_data);
	if (!ret)
		ret = get_pem(r, obj, "client-key", &c->key_file, &c->key_data);
	if (ret)
		return ret;
	if ((c->cert_file || c->cert_data) != (c->key_file || c->key_data))
		return err_set(
			r->err, EINVAL,
			"client-certificate and client-key belong together: one of them is missing");
	return 0;
}

/* ---- the file --------------------------------------------------------- */

static int read_context(struct reader *r, const char *name,
			struct kube_config *c)
{
	const char *cluster_name, *user_name;
	const cJSON *context, *cluster, *user;
	int ret;

	ret = find(r, "contexts", "context", name, &context);
	if (ret)
		return ret;
	ret = get(r, context, "cluster", &cluster_name);
	if (!ret)
		ret = get(r, context, "user", &user_name);
	if (!ret && !cluster_name)
		ret = err_set(r->err, EINVAL, "cluster is missing");
	if (ret)
		return err_wrap(r->err, "%s: context \"%s\"", r->path, name);
	ret = find(r, "clusters", "cluster", cluster_name, &cluster);
	if (ret)
		return ret;
	if (read_cluster(r, cluster, c))
		return err_wrap(r->err, "%s: cluster \"%s\"", r->path,
				cluster_name);
	if (!user_name)
		return 0;
	ret = find(r, "users", "user", user_name, &user);
	if (ret)
		return ret;
	if (read_user(r, user, c))
		return err_wrap(r->err, "%s: user \"%s\"", r->path, user_name);
	return 0;
}

static int parse(const char *path, cJSON **docs, struct err *e)
{
	__cleanup(mem_free) char *text = NULL;
	const cJSON *root;
	size_t len = 0;
	int ret;

	ret = file_read(path, FILE_MAX, &text, &len, e);
	if (ret)
		return err_wrap(e, "kubeconfig");
	ret = yaml_parse(path, text, len, docs, e);
	if (ret)
		return ret;
	root = cJSON_GetArrayItem(*docs, 0);
	if (cJSON_GetArraySize(*docs) != 1 || !cJSON_IsObject(root) ||
	    !cJSON_HasObjectItem(root, "clusters"))
		return err_set(
			e, EINVAL,
			"%s is no kubeconfig: it must be one document with clusters, users and contexts",
			path);
	return 0;
}

int kube_config_read(const char *path, const char *context,
		     struct kube_config *out, struct err *e)
{
	__cleanup(kube_config_free) struct kube_config c = {0};
	__cleanup(json_free) cJSON *docs = NULL;
	struct reader r = {.path = path, .err = e};
	const char *name = context;
	int ret;

	ret = parse(path, &docs, e);
	if (ret)
		return ret;
	r.root = cJSON_GetArrayItem(docs, 0);
	if (!*name) {
		ret = get(&r, r.root, "current-context", &name);
		if (ret)
			return err_wrap(e, "%s", path);
		if (!name)
			return err_set(
				e, EINVAL,
				"%s has no current-context: name a context",
				path);
	}
	ret = read_context(&r, name, &c);
	if (ret)
		return ret;
	if (asprintf(&c.origin, "%s (context %s)", path, name) < 0) {
		c.origin = NULL;
		return err_sys(e, ENOMEM, "read %s", path);
	}
	*out = c;
	c = (struct kube_config){0};
	return 0;
}
