/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration file, and each of its lines as an option would have it. */
#include "fuzz.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/config.h"

enum { LINES_MAX = 50 };

/* "key: value" as --key value. */
static void set_line(char *line, struct config *c)
{
	char *value = strchr(line, ':');
	struct err e = {0};

	if (!value)
		return;
	*value++ = '\0';
	value += strspn(value, " ");
	if (config_set(c, line, value, &e))
		fuzz_check(e.code && *e.msg);
}

static void check_config(const struct config *c)
{
	struct fl_addr addr;
	unsigned int port;
	struct err e = {0};

	fuzz_check(c->n_uplinks >= 0 && c->n_uplinks <= CONFIG_LIST_MAX);
	fuzz_check(c->n_pod_cidrs >= 0 && c->n_pod_cidrs <= CONFIG_LIST_MAX);
	fuzz_check(c->n_masq_exclude >= 0 &&
		   c->n_masq_exclude <= CONFIG_LIST_MAX);
	if (config_check(c, &e)) {
		fuzz_check(e.code && *e.msg);
		return;
	}
	fuzz_check(c->masq_port_min <= c->masq_port_max);
	fuzz_check(c->masq_port_max <= 65535 && c->overlay_port <= 65535);
	fuzz_check(c->http_address[0] == '\0' || !config_http(c, &addr, &port));
	(void)config_is_in_cluster(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config c, before;
	char path[512], *text, *rest, *line;
	struct err e = {0};

	fuzz_check(fuzz_write("fairlead.yaml", data, size));
	snprintf(path, sizeof(path), "%s/fairlead.yaml", fuzz_dir());
	memset(&c, 0, sizeof(c));
	config_defaults(&c);
	before = c;
	if (config_read(path, &c, &e))
		fuzz_check(e.code && *e.msg);
	else
		check_config(&c);
	c = before;
	text = rest = fuzz_text(data, size);
	for (int i = 0; i < LINES_MAX && (line = strsep(&rest, "\n")); i++)
		set_line(line, &c);
	check_config(&c);
	free(text);
	return 0;
}
