/* SPDX-License-Identifier: Apache-2.0 */
/* The URL of an API server, in its parts. */
#pragma once

#include <stdbool.h>

#include "../lib/err.h"

struct server_url {
	bool tls;
	char host[256]; /* a name or an address, IPv6 without brackets */
	char port[6];
	char path[1024]; /* "" or "/prefix", no '/' at its end */
};

/* SCHEME://HOST[:PORT][/PATH] and nothing else. Plain http is for this machine
 * alone. Errors are about "server", to be wrapped with where it is written. */
int server_url_parse(const char *text, struct server_url *out, struct err *e);

/* "https://HOST:PORT/PATH", brackets where needed; to be freed, NULL: no
 * memory. */
char *server_url_format(const struct server_url *u);
