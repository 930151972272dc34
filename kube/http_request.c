/* SPDX-License-Identifier: Apache-2.0 */
#include "http_parts.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../lib/cleanup.h"

enum {
	/* Half-open is noticed after 15 s of silence and 30 s of no answer. */
	KEEPALIVE_IDLE = 15,
	KEEPALIVE_INTERVAL = 5,
	KEEPALIVE_PROBES = 6,
	UNANSWERED_MS = 30000,
	BUFFER_WATCH = 4 << 10,
	BUFFER = 16 << 10,
};

static int on_socket(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	static const struct {
		int option, value;
	} options[] = {
		{TCP_KEEPIDLE, KEEPALIVE_IDLE},
		{TCP_KEEPINTVL, KEEPALIVE_INTERVAL},
		{TCP_KEEPCNT, KEEPALIVE_PROBES},
		/* For what was sent as well as for probes. */
		{TCP_USER_TIMEOUT, UNANSWERED_MS},
	};
	int one = 1;

	(void)arg;
	(void)purpose;
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		setsockopt(fd, IPPROTO_TCP, options[i].option,
			   &options[i].value, sizeof(int));
	return CURL_SOCKOPT_OK;
}

static bool is_watch(const char *path)
{
	const char *query = strchr(path, '?');

	for (; query; query = strchr(query, '&')) {
		query++;
		if (!strncmp(query, "watch=true", 10) ||
		    !strncmp(query, "watch=1", 7))
			return true;
	}
	return false;
}

static void set_long(struct kube_call *c, CURLoption option, long value)
{
	c->h->curl->easy_setopt(c->easy, option, value);
}

/* libcurl copies it. */
static int set_text(struct kube_call *c, CURLoption option, const char *text)
{
	return c->h->curl->easy_setopt(c->easy, option, text) ? -ENOMEM : 0;
}

static void set_pointer(struct kube_call *c, CURLoption option, void *value)
{
	c->h->curl->easy_setopt(c->easy, option, value);
}

static void set_blob(struct kube_call *c, CURLoption option, char *pem)
{
	struct curl_blob blob = {.data = pem, .flags = CURL_BLOB_NOCOPY};

	if (!pem)
		return;
	blob.len = strlen(pem);
	c->h->curl->easy_setopt(c->easy, option, &blob);
}

static int add_header(struct kube_call *c, const char *name, const char *value)
{
	__cleanup(mem_free) char *line = NULL;
	struct curl_slist *more;

	if (asprintf(&line, "%s: %s", name, value) < 0) {
		line = NULL;
		return -ENOMEM;
	}
	more = c->h->curl->slist_append(c->headers, line);
	if (!more)
		return -ENOMEM;
	c->headers = more;
	return 0;
}

static const char *bracket(const char *host, const char *which)
{
	return strchr(host, ':') ? which : "";
}

/*
 * libcurl verifies the name that is in the URL. Where the certificate is for
 * another, that one is put there, the connection is led to the real address,
 * and the server is told the real host.
 */
static int set_url(struct kube_call *c)
{
	const struct server_url *s = &c->h->server;
	const char *name = c->h->config->tls_server_name;
	const char *host = name && s->tls ? name : s->host;
	__cleanup(mem_free) char *url = NULL, *way = NULL, *real = NULL;
	int ret;

	if (asprintf(&url, "%s://%s%s%s:%s%s%s", s->tls ? "https" : "http",
		     bracket(host, "["), host, bracket(host, "]"), s->port,
		     s->path, c->request.path) < 0) {
		url = NULL;
		return -ENOMEM;
	}
	ret = set_text(c, CURLOPT_URL, url);
	if (ret || host == s->host)
		return ret;
	if (asprintf(&real, "%s%s%s:%s", bracket(s->host, "["), s->host,
		     bracket(s->host, "]"), s->port) < 0) {
		real = NULL;
		return -ENOMEM;
	}
	if (asprintf(&way, "::%s", real) < 0) {
		way = NULL;
		return -ENOMEM;
	}
	c->connect_to = c->h->curl->slist_append(NULL, way);
	if (!c->connect_to)
		return -ENOMEM;
	set_pointer(c, CURLOPT_CONNECT_TO, c->connect_to);
	return add_header(c, "Host", real);
}

static int set_headers(struct kube_call *c, struct err *e)
{
	const struct kube_request *r = &c->request;
	__cleanup(mem_free) char *token = NULL, *bearer = NULL;
	int ret;

	ret = kube_config_token(c->h->config, &token, e);
	if (ret)
		return ret;
	if (token && asprintf(&bearer, "Bearer %s", token) < 0) {
		bearer = NULL;
		return -ENOMEM;
	}
	if (bearer)
		ret = add_header(c, "Authorization", bearer);
	if (!ret)
		ret = add_header(c, "Accept",
				 r->accept ? r->accept : "application/json");
	if (!ret && r->body)
		ret = add_header(c, "Content-Type",
				 r->content_type ? r->content_type
						 : "application/json");
	/* Do not wait for leave to send a body. */
	if (!ret && r->body)
		ret = add_header(c, "Expect", "");
	return ret;
}

static int set_request(struct kube_call *c)
{
	const struct kube_request *r = &c->request;
	bool watch = is_watch(r->path);
	int ret = 0;

	if (r->body) {
		set_pointer(c, CURLOPT_POSTFIELDS, (char *)r->body);
		set_long(c, CURLOPT_POSTFIELDSIZE, (long)strlen(r->body));
	}
	if (r->method)
		ret = set_text(c, CURLOPT_CUSTOMREQUEST, r->method);
	/* An event of a watch must not wait in a compressor. */
	if (!ret && !watch)
		ret = set_text(c, CURLOPT_ACCEPT_ENCODING, "gzip");
	set_long(c, CURLOPT_BUFFERSIZE, watch ? BUFFER_WATCH : BUFFER);
	set_long(c, CURLOPT_TIMEOUT, r->timeout);
	return ret;
}

static int set_connection(struct kube_call *c)
{
	const struct kube_config *config = c->h->config;
	int ret = 0;

	set_long(c, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	set_long(c, CURLOPT_NOSIGNAL, 1);
	/* Not to wait for a resolver's answer that nobody wants any more. */
	set_long(c, CURLOPT_QUICK_EXIT, 1);
	set_pointer(c, CURLOPT_SOCKOPTFUNCTION, on_socket);
	set_long(c, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS);
	set_long(c, CURLOPT_PIPEWAIT, 1);
	set_long(c, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	/* Each connection is verified anew. */
	set_long(c, CURLOPT_SSL_SESSIONID_CACHE, 0);
	set_blob(c, CURLOPT_CAINFO_BLOB, c->identity->ca);
	set_blob(c, CURLOPT_SSLCERT_BLOB, c->identity->cert);
	set_blob(c, CURLOPT_SSLKEY_BLOB, c->identity->key);
	set_long(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1);
	/* What is not encrypted goes to this machine and nowhere else. */
	if (!c->h->server.tls)
		ret = set_text(c, CURLOPT_PROXY, "");
	else if (config->proxy_url)
		ret = set_text(c, CURLOPT_PROXY, config->proxy_url);
	if (!ret && (!c->h->server.tls || config->proxy_url))
		ret = set_text(c, CURLOPT_NOPROXY, "");
	return ret;
}

static void set_callbacks(struct kube_call *c)
{
	set_pointer(c, CURLOPT_PRIVATE, c);
	set_pointer(c, CURLOPT_ERRORBUFFER, c->curl_error);
	set_pointer(c, CURLOPT_WRITEFUNCTION, http_call_on_data);
	set_pointer(c, CURLOPT_WRITEDATA, c);
	set_pointer(c, CURLOPT_HEADERFUNCTION, http_call_on_header);
	set_pointer(c, CURLOPT_HEADERDATA, c);
}

int http_call_prepare(struct kube_call *c, struct err *e)
{
	struct kube_http *h = c->h;
	int ret;

	c->easy = h->curl->easy_init();
	if (!c->easy)
		return err_sys(e, ENOMEM, "request");
	ret = http_identity_get(h->config, &h->identity, &c->identity, e);
	if (!ret)
		ret = set_headers(c, e);
	if (ret)
		return ret;
	set_callbacks(c);
	ret = set_url(c);
	if (!ret)
		ret = set_request(c);
	if (!ret)
		ret = set_connection(c);
	if (!ret)
		ret = set_text(c, CURLOPT_USERAGENT, h->user_agent);
	set_pointer(c, CURLOPT_HTTPHEADER, c->headers);
	return ret ? err_sys(e, -ret, "request") : 0;
}
