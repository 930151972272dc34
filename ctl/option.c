/* SPDX-License-Identifier: Apache-2.0 */
#include "option.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/json.h"
#include "ctl.h"
#include "format.h"

#define NAMES_MAX 64

/* A long option, or where there is no name a short one, with the set that it is
 * of. */
static const struct option *find(const struct option_set *sets, int n_sets,
				 const char *name, size_t len, char letter,
				 void **values)
{
	for (int s = 0; s < n_sets; s++) {
		const struct option *o = sets[s].table;

		for (; o && o->name; o++) {
			if (name ? strlen(o->name) != len ||
					    strncmp(o->name, name, len)
				 : o->letter != letter)
				continue;
			*values = sets[s].values;
			return o;
		}
	}
	return NULL;
}

static int unknown(const struct option_set *sets, int n_sets, const char *word,
		   struct err *e)
{
	const char *names[NAMES_MAX + 1];
	char name[64];
	const char *near;
	int n = 0;

	for (int s = 0; s < n_sets; s++)
		for (const struct option *o = sets[s].table; o && o->name; o++)
			if (n < NAMES_MAX)
				names[n++] = o->name;
	names[n] = NULL;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="),
		 word + 2);
	near = word[1] == '-' ? word_nearest(name, names) : NULL;
	if (near)
		return err_set(e, EINVAL,
			       "unknown option --%s (did you mean --%s?)", name,
			       near);
	return err_set(e, EINVAL, "unknown option %s", word);
}

/* The value that stands in the same word: --name=VALUE, -nVALUE. */
static const char *inlined_value(const char *word)
{
	const char *at = strchr(word, '=');

	if (word[1] != '-')
		return word[2] ? word + 2 : NULL;
	return at ? at + 1 : NULL;
}

/* Returns how many words of argv it took, or negative errno. */
static int parse_one(const struct option_set *sets, int n_sets, int argc,
		     char **argv, struct err *e)
{
	const char *word = argv[0], *text = inlined_value(word);
	const struct option *o;
	int took = 1, rc;
	void *values;

	if (word[1] == '-')
		o = find(sets, n_sets, word + 2, strcspn(word + 2, "="), 0,
			 &values);
	else
		o = find(sets, n_sets, NULL, 0, word[1], &values);
	if (!o || (text && !o->arg && word[1] != '-'))
		return unknown(sets, n_sets, word, e);
	if (text && !o->arg)
		return err_set(e, EINVAL, "--%s takes no value", o->name);
	if (o->arg && !text) {
		if (argc < 2)
			return err_set(e, EINVAL, "--%s needs a value: %s",
				       o->name, o->arg);
		text = argv[1];
		took = 2;
	}
	rc = o->set(text, (char *)values + o->offset, e);
	if (rc)
		return err_wrap(e, "--%s", o->name);
	return took;
}

int option_parse(const struct option_set *sets, int n_sets, int argc,
		 char **argv, bool stop, int *words, struct err *e)
{
	int n = 0, at = 0, took;

	while (at < argc) {
		if (!strcmp(argv[at], "--")) {
			at++;
			break;
		}
		if (argv[at][0] == '-' && argv[at][1]) {
			took = parse_one(sets, n_sets, argc - at, argv + at, e);
			if (took < 0)
				return took;
			at += took;
			continue;
		}
		if (stop)
			break;
		argv[n++] = argv[at++];
	}
	while (at < argc)
		argv[n++] = argv[at++];
	*words = n;
	return 0;
}

void option_help(const struct option *table, FILE *out)
{
	char left[64];

	for (const struct option *o = table; o->name; o++) {
		char letter[5] = "    ";

		if (o->letter)
			snprintf(letter, sizeof(letter), "-%c, ", o->letter);
		snprintf(left, sizeof(left), "%s--%s%s%s", letter, o->name,
			 o->arg ? " " : "", o->arg ? o->arg : "");
		fprintf(out, "  %-25s %s\n", left, o->help);
	}
}

/* ---- how text becomes a value ---------------------------------------- */

int set_flag(const char *text, void *field, struct err *e)
{
	(void)text;
	(void)e;
	*(bool *)field = true;
	return 0;
}

int set_text(const char *text, void *field, struct err *e)
{
	if (!*text)
		return err_set(e, EINVAL, "is empty");
	*(const char **)field = text;
	return 0;
}

static int number(const char *text, unsigned long max, unsigned int *out)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || *text < '0' || *text > '9' || *end || n > max)
		return -EINVAL;
	*out = n;
	return 0;
}

int set_count(const char *text, void *field, struct err *e)
{
	if (number(text, 1000000000, field))
		return err_set(e, EINVAL, "%s is no number", text);
	return 0;
}

int set_port(const char *text, void *field, struct err *e)
{
	unsigned int port;

	if (number(text, 65535, &port) || !port)
		return err_set(e, EINVAL, "%s is no port (1-65535)", text);
	*(unsigned int *)field = port;
	return 0;
}

int set_seconds(const char *text, void *field, struct err *e)
{
	double seconds;
	char *end;

	seconds = strtod(text, &end);
	if (end == text || *end || !isfinite(seconds) || seconds < 0 ||
	    seconds > 86400)
		return err_set(e, EINVAL,
			       "%s is no number of seconds (0-86400)", text);
	*(double *)field = seconds;
	return 0;
}

int set_proto(const char *text, void *field, struct err *e)
{
	__u8 proto;

	if (proto_parse(text, &proto))
		return err_set(e, EINVAL,
			       "%s is no protocol (tcp, udp, sctp, icmp, "
			       "icmpv6 or 0-255)",
			       text);
	*(int *)field = proto;
	return 0;
}

int set_color(const char *text, void *field, struct err *e)
{
	static const char *const words[] = {"auto", "always", "never", NULL};

	for (int i = 0; words[i]; i++)
		if (!strcmp(words[i], text)) {
			*(unsigned int *)field = i;
			return 0;
		}
	return err_set(e, EINVAL, "%s is none of auto, always, never", text);
}
