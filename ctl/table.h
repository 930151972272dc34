/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aligned tables that fit. Where the terminal is too narrow, cells that may
 * be cut are cut first, then whole columns go, the least important one first
 * (and come back where there is room after all), and a last line says which.
 * Columns are two spaces apart; nothing is padded at the end of a line.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

enum style { PLAIN, GOOD, WARN, BAD, FAINT, BOLD, STYLE_MAX };

/* How a thing is to look, here and wherever else text is printed. */
struct look {
	unsigned int width; /* columns of the terminal, 0: no limit */
	bool color;
	bool headers;
	bool human; /* 12.3k for 12345 */
};

#define DROP_EARLY 10

enum column_kind { TEXT, NUMBER }; /* aligned left, right */

struct column {
	const char *title;
#define DROP_EARLY 10

	enum column_kind kind;
	unsigned int drop; /* 0: always shown; the highest goes first, and
			    * from DROP_EARLY on before any cell is cut */
	unsigned int min;  /* may be cut down to this, 0: never cut */
	bool cut_middle;   /* a name, whose end tells more than its middle */
};

struct table;

struct table *table_new(const struct column *columns, unsigned int n);
void table_free(struct table **t); /* fits __cleanup; NULL is fine */

/* The next cell, row after row. Text is cleaned (format_clean). */
void table_cell(struct table *t, enum style style, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
unsigned int table_rows(const struct table *t);
void table_print(const struct table *t, const struct look *look, FILE *out);

/* Escape sequences: "" without colour. */
const char *style_on(const struct look *look, enum style style);
const char *style_off(const struct look *look, enum style style);
