/* SPDX-License-Identifier: Apache-2.0 */
#include "server_url.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../lib/addr.h"

static bool is_loopback(const char *host)
{
	struct fl_addr addr;
	struct fl_prefix v4, v6;

	if (!strcasecmp(host, "localhost"))
		return true;
	if (addr_parse(host, &addr) || prefix_parse("127.0.0.0/8", true, &v4) ||
	    prefix_parse("::1/128", true, &v6))
		return false;
	return prefix_contains(&v4, &addr) || prefix_contains(&v6, &addr);
}

static bool host_is_valid(const char *host)
{
	size_t len = strlen(host);

	return len && strspn(host, "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789-._:") == len;
}

/* Takes "HOST[:PORT]" of len bytes apart. */
static int parse_authority(const char *text, size_t len, struct server_url *u)
{
	const char *host = text, *end = text + len, *port;
	struct fl_addr addr;

	if (*text == '[') {
		host++;
		end = memchr(host, ']', len - 1);
		if (!end)
			return -EINVAL;
		port = end + 1;
	} else {
		port = memchr(text, ':', len);
		if (port)
			end = port;
		else
			port = end;
	}
	if ((size_t)(end - host) >= sizeof(u->host))
		return -EINVAL;
	snprintf(u->host, sizeof(u->host), "%.*s", (int)(end - host), host);
	if (!host_is_valid(u->host))
		return -EINVAL;
	if (*text == '[' && (addr_parse(u->host, &addr) || addr_is_v4(&addr)))
		return -EINVAL;
	len -= (size_t)(port - text);
	if (!len)
		return 0;
	if (*port != ':' || len < 2 || len > 6 ||
	    strspn(port + 1, "0123456789") < len - 1)
		return -EINVAL;
	snprintf(u->port, sizeof(u->port), "%.*s", (int)len - 1, port + 1);
	return atoi(u->port) < 1 || atoi(u->port) > 65535 ? -EINVAL : 0;
}

static int parse_path(const char *text, struct server_url *u)
{
	size_t len = strlen(text);

	for (const char *c = text; *c; c++)
		if (*c <= ' ' || *c >= 127 || strchr("?#\"<>\\", *c))
			return -EINVAL;
	while (len && text[len - 1] == '/')
		len--;
	if (len >= sizeof(u->path))
		return -EINVAL;
	snprintf(u->path, sizeof(u->path), "%.*s", (int)len, text);
	return 0;
}

int server_url_parse(const char *text, struct server_url *out, struct err *e)
{
	struct server_url u = {0};
	const char *rest;
	size_t len;

	if (!strncasecmp(text, "https://", 8))
		u.tls = true;
	else if (strncasecmp(text, "http://", 7))
		return err_set(e, EINVAL,
			       "server \"%s\" does not begin with https://",
			       text);
	snprintf(u.port, sizeof(u.port), "%s", u.tls ? "443" : "80");
	rest = strchr(text, ':') + 3;
	len = strcspn(rest, "/?#");
	if (memchr(rest, '@', len))
		return err_set(
			e, EINVAL,
			"server has a user in its URL; a token or a client certificate goes into the user's entry");
	if (!len || parse_authority(rest, len, &u) ||
	    parse_path(rest + len, &u))
		return err_set(
			e, EINVAL,
			"server \"%s\" is not of the form https://HOST[:PORT][/PATH]",
			text);
	if (!u.tls && !is_loopback(u.host))
		return err_set(
			e, EPERM,
			"server \"%s\" is plain http, and not on this machine: whoever is on the way could read and change what the agent is told; use https",
			text);
	*out = u;
	return 0;
}

char *server_url_format(const struct server_url *u)
{
	bool v6 = strchr(u->host, ':');
	char *text;

	if (asprintf(&text, "%s://%s%s%s:%s%s", u->tls ? "https" : "http",
		     v6 ? "[" : "", u->host, v6 ? "]" : "", u->port,
		     u->path) < 0)
		return NULL;
	return text;
}
