/* SPDX-License-Identifier: Apache-2.0 */
#include "http_parts.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../lib/json.h"

/* ---- below HTTP ------------------------------------------------------- */

static int os_error(const struct kube_call *c, int otherwise)
{
	long code = 0;

	c->h->curl->easy_getinfo(c->easy, CURLINFO_OS_ERRNO, &code);
	return code > 0 ? -(int)code : otherwise;
}

/* What happened to a connection; libcurl's number may be of something later. */
static int connection_error(const struct kube_call *c)
{
	static const int known[] = {ETIMEDOUT, ECONNRESET, EHOSTUNREACH,
				    ENETUNREACH};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strstr(c->curl_error, strerror(known[i])))
			return -known[i];
	return os_error(c, -EIO);
}

/* A server that refuses our certificate says so only after the handshake. */
static bool is_tls_alert(const struct kube_call *c)
{
	return strstr(c->curl_error, "alert") &&
	       (strstr(c->curl_error, "certificate") ||
		strstr(c->curl_error, "unknown ca"));
}

static int error_of(const struct kube_call *c, CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return -EHOSTUNREACH;
	case CURLE_COULDNT_CONNECT:
	case CURLE_PROXY:
		return os_error(c, -ECONNREFUSED);
	case CURLE_OPERATION_TIMEDOUT:
		return -ETIMEDOUT;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
		return -EACCES;
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
	case CURLE_PARTIAL_FILE:
	case CURLE_GOT_NOTHING:
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_BAD_CONTENT_ENCODING:
	case CURLE_UNSUPPORTED_PROTOCOL:
		return -EPROTO;
	case CURLE_OUT_OF_MEMORY:
		return -ENOMEM;
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
		return is_tls_alert(c) ? -EACCES : connection_error(c);
	default:
		return -EIO;
	}
}

static const char *hint(CURLcode code)
{
	switch (code) {
	case CURLE_PEER_FAILED_VERIFICATION:
		return " (is the certificate authority the one of this server, and the name, or tls-server-name, one of the certificate's?)";
	case CURLE_SSL_CERTPROBLEM:
		return " (client certificate and key)";
	case CURLE_SSL_CACERT_BADFILE:
		return " (certificate authority)";
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
		return " (the server closed the connection early)";
	default:
		return "";
	}
}

static void say_failure(struct kube_call *c, CURLcode code,
			struct kube_result *out)
{
	const char *why = c->curl_error[0] ? c->curl_error
					   : c->h->curl->easy_strerror(code);

	out->error = error_of(c, code);
	if (c->fell_silent)
		snprintf(out->message, sizeof(out->message),
			 "nothing came for %u s", c->request.idle);
	else
		snprintf(out->message, sizeof(out->message), "%.120s%s", why,
			 hint(code));
}

/* ---- what the server says --------------------------------------------- */

static const char *text_of(const cJSON *obj, const char *key)
{
	const char *text = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(obj, key));

	return text ? text : "";
}

/* A Kubernetes Status: "REASON: MESSAGE". */
static bool say_status(const struct kube_call *c, struct kube_result *out)
{
	cJSON *status = cJSON_ParseWithLength(c->error_body, c->error_len);
	const char *reason, *message;
	bool is_one;

	is_one = cJSON_IsObject(status) &&
		 !strcmp(text_of(status, "kind"), "Status");
	if (is_one) {
		reason = text_of(status, "reason");
		message = text_of(status, "message");
		snprintf(out->message, sizeof(out->message), "%s%s%s", reason,
			 *reason && *message ? ": " : "", message);
	}
	cJSON_Delete(status);
	return is_one && *out->message;
}

static void say_redirect(const struct kube_call *c, struct kube_result *out)
{
	const char *url = NULL;

	c->h->curl->easy_getinfo(c->easy, CURLINFO_REDIRECT_URL, &url);
	snprintf(
		out->message, sizeof(out->message),
		"HTTP %d: the server points to %.150s, and credentials are not taken elsewhere",
		out->status, url ? url : "nowhere");
}

static void say_answer(const struct kube_call *c, struct kube_result *out)
{
	int len = (int)c->error_len;

	if (out->status / 100 == 2)
		return;
	if (out->status / 100 == 3)
		say_redirect(c, out);
	else if (!c->error_body || !say_status(c, out))
		snprintf(out->message, sizeof(out->message), "HTTP %d%s%.*s",
			 out->status, len ? ": " : "", len > 1024 ? 1024 : len,
			 c->error_body ? c->error_body : "");
}

/* One line of valid UTF-8, however it was cut. */
static void tidy(char *text)
{
	size_t len;

	for (char *p = text; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 127)
			*p = ' ';
	len = strlen(text);
	while (len && text[len - 1] == ' ')
		text[--len] = '\0';
	/* A character that was cut in two. */
	for (int i = 0; i < 4 && len && !utf8_is_valid(text, len); i++)
		text[--len] = '\0';
	if (utf8_is_valid(text, len))
		return;
	for (char *p = text; *p; p++)
		if ((unsigned char)*p >= 128)
			*p = '?';
}

double http_retry_after(const struct libcurl *curl, const char *value)
{
	time_t at;
	char *end;
	double seconds;

	if (!*value)
		return -1;
	if (strspn(value, "0123456789") == strlen(value)) {
		seconds = strtod(value, &end);
		return seconds;
	}
	at = curl->getdate(value, NULL);
	if (at == -1)
		return -1;
	seconds = difftime(at, time(NULL));
	return seconds > 0 ? seconds : 0;
}

void http_result_fill(struct kube_call *c, CURLcode code,
		      struct kube_result *out)
{
	http_call_account(c);
	*out = (struct kube_result){
		.status = (int)http_call_status(c),
		.retry_after = c->retry_after,
		.bytes = c->bytes_seen,
	};
	if (c->stopped) {
		out->error = -ECANCELED;
		snprintf(out->message, sizeof(out->message),
			 "the reader wanted no more");
	} else if (c->headers_too_big) {
		out->error = -EPROTO;
		snprintf(out->message, sizeof(out->message),
			 "the headers of the answer are too large");
	} else if (code && !c->body_is_enough) {
		say_failure(c, code, out);
	} else {
		say_answer(c, out);
	}
	tidy(out->message);
}
