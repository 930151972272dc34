/* SPDX-License-Identifier: Apache-2.0 */
#include "http_parts.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../lib/log.h"

enum {
	HEADERS_MAX = 64 << 10,		/* bytes of all headers of an answer */
	ERROR_BODY_ENDLESS = 256 << 10, /* no need to see where it ends */
};

/* ---- what comes back -------------------------------------------------- */

void http_call_hear(struct kube_call *c)
{
	struct timeval tv = {.tv_sec = c->request.idle};

	if (c->idle_timer)
		event_add(c->idle_timer, &tv);
}

long http_call_status(const struct kube_call *c)
{
	long status = 0;

	c->h->curl->easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

void http_call_account(struct kube_call *c)
{
	const struct libcurl *curl = c->h->curl;
	curl_off_t bytes = 0;
	long n = 0, version = 0;

	if (!c->easy)
		return;
	curl->easy_getinfo(c->easy, CURLINFO_SIZE_DOWNLOAD_T, &bytes);
	if (bytes > (curl_off_t)c->bytes_seen) {
		c->h->stats.bytes_in +=
			(unsigned long long)bytes - c->bytes_seen;
		c->bytes_seen = (unsigned long long)bytes;
	}
	if (c->is_counted || !http_call_status(c))
		return;
	c->is_counted = true;
	curl->easy_getinfo(c->easy, CURLINFO_NUM_CONNECTS, &n);
	c->h->stats.connections += n > 0 ? (unsigned long long)n : 0;
	curl->easy_getinfo(c->easy, CURLINFO_HTTP_VERSION, &version);
	c->h->stats.http_version = version == CURL_HTTP_VERSION_2_0   ? 20
				   : version == CURL_HTTP_VERSION_1_1 ? 11
								      : 10;
}

/* The value of a line "NAME: VALUE", NUL-terminated in buf; NULL: another. */
static const char *header_value(const char *line, size_t len, const char *name,
				char *buf, size_t size)
{
	size_t name_len = strlen(name);

	if (len <= name_len || strncasecmp(line, name, name_len) ||
	    line[name_len] != ':' || len - name_len > size)
		return NULL;
	line += name_len + 1;
	len -= name_len + 1;
	while (len && strchr(" \t\r\n", line[len - 1]))
		len--;
	while (len && (*line == ' ' || *line == '\t')) {
		line++;
		len--;
	}
	memcpy(buf, line, len);
	buf[len] = '\0';
	return buf;
}

/* The empty line behind the last header. */
static bool is_end(const char *line, size_t len)
{
	return len == 0 || line[0] == '\r' || line[0] == '\n';
}

size_t http_call_on_header(char *line, size_t size, size_t n, void *arg)
{
	struct kube_call *c = arg;
	size_t len = size * n;
	const char *value;
	char buf[64];

	if (c->dead)
		return 0;
	http_call_hear(c);
	c->header_bytes += len;
	if (c->header_bytes > HEADERS_MAX) {
		c->headers_too_big = true;
		return 0;
	}
	if (len >= 5 && !memcmp(line, "HTTP/", 5))
		c->retry_after = -1;
	value = header_value(line, len, "Retry-After", buf, sizeof(buf));
	if (value)
		c->retry_after = http_retry_after(c->h->curl, value);
	if (is_end(line, len) && http_call_status(c) / 100 == 2 &&
	    c->request.accepted)
		c->request.accepted(c->request.arg);
	return c->dead ? 0 : len;
}

static size_t keep_error(struct kube_call *c, const char *data, size_t len)
{
	size_t room = ERROR_BODY_MAX - c->error_len;

	if (!c->error_body)
		c->error_body = calloc(1, ERROR_BODY_MAX + 1);
	if (!c->error_body || c->bytes_seen > ERROR_BODY_ENDLESS) {
		c->body_is_enough = true;
		return 0;
	}
	if (room > len)
		room = len;
	memcpy(c->error_body + c->error_len, data, room);
	c->error_len += room;
	return len;
}

size_t http_call_on_data(char *data, size_t size, size_t n, void *arg)
{
	struct kube_call *c = arg;
	size_t len = size * n;

	if (c->dead)
		return 0;
	http_call_hear(c);
	http_call_account(c);
	if (http_call_status(c) / 100 != 2)
		return keep_error(c, data, len);
	if (!c->request.data || !len)
		return len;
	c->stopped = c->request.data(data, len, c->request.arg);
	return c->stopped || c->dead ? 0 : len;
}

/* ---- new and free ----------------------------------------------------- */

static void *must(void *p)
{
	if (p)
		return p;
	log_error("out of memory", NULL);
	exit(1);
}

static const char *copy(const char *text)
{
	return text ? must(strdup(text)) : NULL;
}

struct kube_call *http_call_new(struct kube_http *h,
				const struct kube_request *r)
{
	struct kube_call *c = must(calloc(1, sizeof(*c)));

	c->h = h;
	c->request = *r;
	c->request.method = copy(r->method);
	c->request.path = copy(r->path);
	c->request.accept = copy(r->accept);
	c->request.content_type = copy(r->content_type);
	c->request.body = copy(r->body);
	c->retry_after = -1;
	return c;
}

void http_call_free(struct kube_call *c)
{
	if (c->easy)
		c->h->curl->easy_cleanup(c->easy);
	if (c->idle_timer)
		event_free(c->idle_timer);
	if (c->connect_timer)
		event_free(c->connect_timer);
	c->h->curl->slist_free_all(c->headers);
	c->h->curl->slist_free_all(c->connect_to);
	http_identity_put(c->identity);
	free((char *)c->request.method);
	free((char *)c->request.path);
	free((char *)c->request.accept);
	free((char *)c->request.content_type);
	free((char *)c->request.body);
	free(c->error_body);
	free(c);
}
