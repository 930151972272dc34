/* SPDX-License-Identifier: Apache-2.0 */
/* Typed options: a table says what there is, where a value goes and how text
 * becomes one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "../lib/err.h"

struct option {
	const char *name;
	char letter;	 /* 0: none */
	const char *arg; /* "ADDR"; NULL: takes none */
	/* NULL arg: `text` is NULL. Returns 0 or negative errno, e->msg says
	 * what is wrong with the value. */
	int (*set)(const char *text, void *field, struct err *e);
	size_t offset; /* of the field in the values */
	const char *help;
};

/* One table and where its values go. */
struct option_set {
	const struct option *table; /* ends with a NULL name; may be NULL */
	void *values;
};

/* Parse options and words in any order; "--" ends the options. The words are
 * moved to the front of argv, their number goes to *words. With `stop`, the
 * first word ends it (a command: its options follow). -EINVAL for what is not
 * in any of the sets, with the nearest that is. */
int option_parse(const struct option_set *sets, int n_sets, int argc,
		 char **argv, bool stop, int *words, struct err *e);
void option_help(const struct option *table, FILE *out);

/* How text becomes a value, and the type of the field. */
int set_flag(const char *text, void *field, struct err *e);  /* bool */
int set_text(const char *text, void *field, struct err *e);  /* const char * */
int set_count(const char *text, void *field, struct err *e); /* unsigned */
int set_seconds(const char *text, void *field, struct err *e); /* double */
int set_port(const char *text, void *field, struct err *e);    /* unsigned */
int set_proto(const char *text, void *field, struct err *e); /* int, -1 none */
int set_color(const char *text, void *field, struct err *e); /* unsigned */
