/* SPDX-License-Identifier: Apache-2.0 */
/* A call of the plugin: the environment as lines NAME=VALUE, an empty line,
 * then standard input. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../cni/call.h"
#include "../../cni/journal.h"
#include "../../cni/result.h"
#include "../../lib/cleanup.h"
#include "../../lib/json.h"

/* The plugin's journal stays closed: a configuration names its file, and would
 * have us write anywhere. */
void journal_open(const char *file, enum log_level level)
{
	fuzz_check(strlen(file) < 256 && level <= LOG_LEVEL_DEBUG);
}

void journal_context(const char *verb, const char *container_id,
		     const char *ifname, const char *network)
{
	fuzz_check(verb && container_id && ifname && network);
}

void journal(enum log_level level, const char *msg, const char *kv, ...)
{
	(void)level;
	(void)msg;
	(void)kv;
}

static const char *const names[] = {"CNI_COMMAND", "CNI_CONTAINERID",
				    "CNI_NETNS", "CNI_IFNAME", "CNI_ARGS"};
enum { NAMES = sizeof(names) / sizeof(*names) };

/* Returns what is behind the environment. */
static char *set_environment(char *text)
{
	char *line, *value;

	for (int i = 0; i < NAMES; i++)
		unsetenv(names[i]);
	while ((line = strsep(&text, "\n")) && *line) {
		value = strchr(line, '=');
		if (!value)
			continue;
		*value++ = '\0';
		for (int i = 0; i < NAMES; i++)
			if (!strcmp(line, names[i]))
				setenv(line, value, 1);
	}
	return text;
}

static int open_stdin(const char *text, size_t len)
{
	int fd = memfd_create("stdin", MFD_CLOEXEC);

	fuzz_check(fd >= 0 && write(fd, text, len) == (ssize_t)len);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

/* ---- results --------------------------------------------------------- */

/* A good result is one in the form of every version. */
static void check_shapes(const cJSON *result)
{
	struct failure f = {0};

	for (int v = 0; v < CNI_VERSION_COUNT; v++) {
		__cleanup(json_free) cJSON *copy = cJSON_Duplicate(result, 1);

		result_shape(copy, v);
		fuzz_check(!result_check(copy, "shaped", &f));
		fuzz_check_json(copy);
	}
}

static void check_built(const struct call *c, const cJSON *prev)
{
	static const unsigned char mac[6] = {6, 1, 2, 3, 4, 5};
	struct fl_addr addr[2], found[STATE_ADDRS_MAX + 2];
	struct fl_prefix route;
	const struct made made = {
		.host_device = "fl_0123456789ab",
		.ifname = c->ifname,
		.sandbox = c->netns,
		.mac = mac,
		.mtu = 1450,
		.addrs = addr,
		.n_addrs = 2,
		.routes = &route,
		.n_routes = 1,
		.dns = c->conf.dns,
	};
	__cleanup(json_free) cJSON *result = NULL;
	struct failure f = {0};
	int at, n = 0;

	addr_parse("10.1.0.5", &addr[0]);
	addr_parse("fd00:1::5", &addr[1]);
	prefix_parse("0.0.0.0/0", true, &route);
	result = result_build(c->conf.version, prev, &made);
	fuzz_check(result);
	fuzz_check_json(result);
	fuzz_check(!result_check(result, "built", &f));
	at = result_find(result, c->ifname, c->netns);
	fuzz_check(at >= 0);
	if (!prev)
		fuzz_check(!result_addrs(result, at, found, 2, &n, &f) &&
			   n == 2 && addr_equal(&found[0], &addr[0]) &&
			   addr_equal(&found[1], &addr[1]));
}

static void check_call(const struct call *c)
{
	struct fl_addr addrs[STATE_ADDRS_MAX];
	const cJSON *prev = c->conf.prev_result;
	struct failure f = {0};
	int n = 0;

	if (c->verb == VERB_VERSION)
		return;
	fuzz_check(name_is_safe(c->conf.name, NETWORK_NAME_MAX));
	if (c->verb == VERB_GC || c->verb == VERB_STATUS)
		return;
	fuzz_check(name_is_safe(c->container_id, CONTAINER_ID_MAX));
	fuzz_check(ifname_is_valid(c->ifname));
	fuzz_check(c->conf.state_dir[0] == '/');
	if (prev && result_check(prev, "prevResult", &f)) {
		fuzz_check(f.code && *f.msg);
		return;
	}
	if (prev) {
		result_addrs(prev, -1, addrs, STATE_ADDRS_MAX, &n, &f);
		fuzz_check(n >= 0 && n <= STATE_ADDRS_MAX);
		check_shapes(prev);
	}
	if (c->verb == VERB_ADD)
		check_built(c, prev);
}

static void check_failure(const struct failure *f, const struct call *c)
{
	__cleanup(json_free) cJSON *json = NULL;
	__cleanup(mem_free) char *text = NULL;
	struct err e;

	text = failure_json(f, cni_version_name(c->conf.version));
	fuzz_check(text && f->code && *f->msg);
	fuzz_check(!json_parse("error", text, strlen(text), &json, &e));
	fuzz_check(cJSON_IsNumber(cJSON_GetObjectItem(json, "code")));
	fuzz_check(cJSON_IsString(cJSON_GetObjectItem(json, "msg")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	__cleanup(mem_free) char *text = fuzz_text(data, size);
	__cleanup(fd_close) int fd = -1;
	char *rest = set_environment(text);
	struct failure f = {0};
	struct call c;

	fd = open_stdin(rest ? rest : "", rest ? text + size - rest : 0);
	if (call_read(fd, &c, &f))
		check_failure(&f, &c);
	else
		check_call(&c);
	call_free(&c);
	return 0;
}
