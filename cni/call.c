/* SPDX-License-Identifier: Apache-2.0 */
#include "call.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "../lib/json.h"
#include "journal.h"

static const char *const verb_names[] = {
	[VERB_ADD] = "ADD",	  [VERB_DEL] = "DEL",
	[VERB_CHECK] = "CHECK",	  [VERB_GC] = "GC",
	[VERB_STATUS] = "STATUS", [VERB_VERSION] = "VERSION",
};
#define VERBS (sizeof(verb_names) / sizeof(verb_names[0]))

/* ---- environment --------------------------------------------------------- */

static const char *env_text(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

static int read_verb(struct call *c, struct failure *f)
{
	const char *name = env_text("CNI_COMMAND");
	size_t i;

	if (!*name)
		return failure_set(
			f, CNI_ENVIRONMENT,
			"environment variable CNI_COMMAND is missing: a "
			"container runtime calls this program (see "
			"fairlead-cni(8))");
	for (i = 0; i < VERBS; i++)
		if (!strcmp(name, verb_names[i]))
			break;
	if (i == VERBS)
		return failure_set(
			f, CNI_ENVIRONMENT,
			"CNI_COMMAND: unknown \"%.32s\" (ADD, DEL, CHECK, "
			"GC, STATUS, VERSION)",
			name);
	c->verb = (enum verb)i;
	c->verb_name = verb_names[i];
	return 0;
}

static bool about_container(const struct call *c)
{
	return c->verb == VERB_ADD || c->verb == VERB_DEL ||
	       c->verb == VERB_CHECK;
}

static int check_missing(const struct call *c, struct failure *f)
{
	const char *const names[] = {"CNI_CONTAINERID", "CNI_IFNAME",
				     c->verb == VERB_DEL ? NULL : "CNI_NETNS"};
	char missing[80] = "";
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!names[i] || *env_text(names[i]))
			continue;
		if (*missing)
			strcat(missing, ", ");
		strcat(missing, names[i]);
	}
	if (*missing)
		return failure_set(f, CNI_ENVIRONMENT,
				   "environment variables missing: %s",
				   missing);
	return 0;
}

/* Can it stand in a file of JSON, and be read again? Control characters could
 * but, on their way to a terminal or a log, are nobody's name. */
static bool text_is_clean(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t len = strlen(text), i;

	for (i = 0; i < len; i++)
		if (s[i] < 0x20 || s[i] == 0x7f ||
		    (s[i] == 0xc2 && s[i + 1] < 0xa0))
			return false;
	return utf8_is_valid(text, len);
}

static int read_container(struct call *c, struct failure *f)
{
	const char *id = env_text("CNI_CONTAINERID");
	const char *ifname = env_text("CNI_IFNAME");
	const char *netns = env_text("CNI_NETNS");
	int ret = check_missing(c, f);

	if (ret)
		return ret;
	if (!name_is_safe(id, CONTAINER_ID_MAX))
		return failure_set(
			f, CNI_ENVIRONMENT,
			"CNI_CONTAINERID must begin with a letter or digit "
			"and hold only those, '_', '.' and '-', at most %d: "
			"\"%.64s\"",
			CONTAINER_ID_MAX, id);
	if (!ifname_is_valid(ifname))
		return failure_set(
			f, CNI_ENVIRONMENT,
			"CNI_IFNAME is no name for a network device (1 to "
			"15 bytes, no '/', ':', '%%', control characters "
			"or white space; not \"all\", \"default\"): "
			"\"%.64s\"",
			ifname);
	if (!text_is_clean(ifname))
		return failure_set(f, CNI_ENVIRONMENT,
				   "CNI_IFNAME is not valid UTF-8: \"%.64s\"",
				   ifname);
	if (c->verb == VERB_ADD && !text_is_clean(netns))
		return failure_set(f, CNI_ENVIRONMENT,
				   "CNI_NETNS is not valid UTF-8 or has "
				   "control characters");
	if (strlen(netns) >= sizeof(c->netns))
		return failure_set(f, CNI_ENVIRONMENT,
				   "CNI_NETNS is longer than %zu bytes",
				   sizeof(c->netns) - 1);
	strcpy(c->container_id, id);
	strcpy(c->ifname, ifname);
	strcpy(c->netns, netns);
	return 0;
}

/* ---- CNI_ARGS ------------------------------------------------------------ */

static bool is_true(const char *value)
{
	return !strcasecmp(value, "1") || !strcasecmp(value, "true") ||
	       !strcasecmp(value, "t");
}

static int args_ips(char *value, struct wishes *w, struct failure *f)
{
	char *item, *rest = value;

	while ((item = strsep(&rest, ","))) {
		if (w->n_ips == STATE_ADDRS_MAX ||
		    address_parse(item, &w->ips[w->n_ips]))
			return failure_set(
				f, CNI_ENVIRONMENT,
				"CNI_ARGS: IP: not an address: %.64s", item);
		w->n_ips++;
	}
	return 0;
}

static int args_text(const char *key, const char *value, char *out, size_t size,
		     struct failure *f)
{
	if (strlen(value) >= size)
		return failure_set(f, CNI_ENVIRONMENT,
				   "CNI_ARGS: %s is longer than %zu bytes", key,
				   size - 1);
	if (!text_is_clean(value))
		return failure_set(f, CNI_ENVIRONMENT,
				   "CNI_ARGS: %s is not valid UTF-8 or has "
				   "control characters",
				   key);
	strcpy(out, value);
	return 0;
}

/* One pair. An unknown key is left in *unknown. */
static int args_pair(const char *key, char *value, struct call_args *out,
		     bool *ignore_unknown, const char **unknown,
		     struct failure *f)
{
	if (!strcmp(key, "IgnoreUnknown"))
		*ignore_unknown = is_true(value);
	else if (!strcmp(key, "IP"))
		return *value ? args_ips(value, &out->wishes, f) : 0;
	else if (!strcmp(key, "K8S_POD_NAMESPACE"))
		return args_text(key, value, out->pod_namespace,
				 sizeof(out->pod_namespace), f);
	else if (!strcmp(key, "K8S_POD_NAME"))
		return args_text(key, value, out->pod_name,
				 sizeof(out->pod_name), f);
	else if (!strcmp(key, "K8S_POD_UID"))
		return args_text(key, value, out->pod_uid, sizeof(out->pod_uid),
				 f);
	else if (!strcmp(key, "MAC") && *value) {
		if (mac_parse(value, out->wishes.mac))
			return failure_set(
				f, CNI_ENVIRONMENT,
				"CNI_ARGS: MAC: not a MAC address: %.64s",
				value);
		out->wishes.has_mac = true;
	} else if (strcmp(key, "MAC") &&
		   strcmp(key, "K8S_POD_INFRA_CONTAINER_ID") && !*unknown)
		*unknown = key;
	return 0;
}

int call_args_parse(const char *text, struct call_args *out, struct failure *f)
{
	__cleanup(mem_free) char *copy = strdup(text);
	struct call_args args = {0};
	char *pair, *value, *rest = copy;
	const char *unknown = NULL;
	bool ignore_unknown = false;
	int ret;

	if (!copy)
		return failure_set(f, CNI_IO, "CNI_ARGS: out of memory");
	while ((pair = strsep(&rest, ";"))) {
		if (!*pair)
			continue;
		value = strchr(pair, '=');
		if (!value)
			return failure_set(f, CNI_ENVIRONMENT,
					   "CNI_ARGS: not KEY=VALUE: \"%.64s\"",
					   pair);
		*value++ = '\0';
		ret = args_pair(pair, value, &args, &ignore_unknown, &unknown,
				f);
		if (ret)
			return ret;
	}
	if (unknown && !ignore_unknown)
		return failure_set(
			f, CNI_ENVIRONMENT,
			"CNI_ARGS: unknown key \"%.64s\" (IgnoreUnknown=1 "
			"lets it pass)",
			unknown);
	*out = args;
	return 0;
}

/* ---- standard input ------------------------------------------------------ */

static int read_text(int fd, struct call *c, struct failure *f)
{
	size_t room = 0;
	char *bigger;
	ssize_t n;

	for (;;) {
		if (c->len + 1 >= room) {
			room = room ? room * 2 : 8192;
			bigger = realloc(c->text, room);
			if (!bigger)
				return failure_set(
					f, CNI_IO,
					"standard input: out of memory");
			c->text = bigger;
		}
		n = read(fd, c->text + c->len, room - 1 - c->len);
		if (n < 0)
			return failure_set(f, CNI_IO, "read standard input: %s",
					   strerror(errno));
		if (n == 0)
			break;
		c->len += (size_t)n;
		if (c->len > CALL_STDIN_MAX)
			return failure_set(
				f, CNI_IO,
				"standard input is larger than %d MiB",
				CALL_STDIN_MAX >> 20);
	}
	c->text[c->len] = '\0';
	return 0;
}

static int read_json(int fd, struct call *c, struct failure *f)
{
	struct err e;
	int ret = read_text(fd, c, f);

	if (ret)
		return ret;
	/* Asking for the versions needs no configuration. */
	if (c->verb == VERB_VERSION && strspn(c->text, " \t\r\n") == c->len)
		return 0;
	if (json_parse("network configuration on standard input", c->text,
		       c->len, &c->json, &e))
		return failure_set(f, CNI_DECODE, "%s", e.msg);
	ret = conf_version(c->json, &c->conf, f);
	/* Who asks in a version that we do not speak wants to know which. */
	return c->verb == VERB_VERSION && ret == CNI_VERSION ? 0 : ret;
}

/* CHECK came with 0.4.0, GC and STATUS with 1.1.0. */
static int check_verb_version(const struct call *c, struct failure *f)
{
	enum cni_version since = c->verb == VERB_CHECK ? CNI_0_4_0 : CNI_1_1_0;

	if ((c->verb == VERB_CHECK || c->verb == VERB_GC ||
	     c->verb == VERB_STATUS) &&
	    c->conf.version < since)
		return failure_set(
			f, CNI_VERSION,
			"%s needs a network configuration of version %s or "
			"later, this one is %s",
			c->verb_name, cni_version_name(since),
			cni_version_name(c->conf.version));
	return 0;
}

int call_read(int stdin_fd, struct call *c, struct failure *f)
{
	bool lenient;
	int ret;

	*c = (struct call){.verb_name = ""};
	conf_defaults(&c->conf);
	ret = read_verb(c, f);
	if (!ret && about_container(c))
		ret = read_container(c, f);
	if (!ret)
		ret = read_json(stdin_fd, c, f);
	if (ret || c->verb == VERB_VERSION)
		return ret;
	ret = check_verb_version(c, f);
	if (ret)
		return ret;
	lenient = c->verb == VERB_DEL || c->verb == VERB_GC;
	journal_context(c->verb_name, c->container_id, c->ifname, "");
	ret = conf_parse(c->json, lenient, &c->conf, f);
	journal_context(c->verb_name, c->container_id, c->ifname, c->conf.name);
	if (!ret && c->verb == VERB_ADD)
		ret = call_args_parse(env_text("CNI_ARGS"), &c->args, f);
	return ret;
}

void call_free(struct call *c)
{
	json_free(&c->json);
	free(c->text);
	c->text = NULL;
}
