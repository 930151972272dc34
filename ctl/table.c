/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "format.h"

#define GAP  2
#define MARK ".." /* where a cell was cut */

#define CELL_MAX 1024

struct cell {
	char *text;
	enum style style;
};

struct table {
	const struct column *columns;
	unsigned int n_columns;
	struct cell *cells; /* row by row */
	size_t n_cells, room;
};

/* What table_print() decides before it writes: 0 is a column left out. */
struct layout {
	unsigned int *width;
	bool *shown;
};

struct table *table_new(const struct column *columns, unsigned int n)
{
	struct table *t = must_alloc(1, sizeof(*t));

	t->columns = columns;
	t->n_columns = n;
	return t;
}

void table_free(struct table **t)
{
	if (!*t)
		return;
	for (size_t i = 0; i < (*t)->n_cells; i++)
		free((*t)->cells[i].text);
	free((*t)->cells);
	free(*t);
	*t = NULL;
}

void table_cell(struct table *t, enum style style, const char *fmt, ...)
{
	char raw[CELL_MAX], clean[CELL_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	format_clean(raw, clean, sizeof(clean));
	t->cells = must_grow(t->cells, t->n_cells, &t->room, sizeof(*t->cells));
	t->cells[t->n_cells++] = (struct cell){must_strdup(clean), style};
}

unsigned int table_rows(const struct table *t)
{
	return t->n_cells / t->n_columns;
}

const char *style_on(const struct look *look, enum style style)
{
	static const char *const codes[STYLE_MAX] = {
		[PLAIN] = "",	      [GOOD] = "\033[32m", [WARN] = "\033[33m",
		[BAD] = "\033[1;31m", [FAINT] = "\033[2m", [BOLD] = "\033[1m",
	};

	return look->color ? codes[style] : "";
}

const char *style_off(const struct look *look, enum style style)
{
	return look->color && style != PLAIN ? "\033[0m" : "";
}

/* ---- layout ---------------------------------------------------------- */

static void measure(const struct table *t, bool headers, unsigned int *natural)
{
	unsigned int n = t->n_columns;

	for (unsigned int c = 0; c < n; c++)
		natural[c] = headers ? format_width(t->columns[c].title) : 0;
	for (size_t i = 0; i < t->n_cells; i++) {
		unsigned int w = format_width(t->cells[i].text);

		if (w > natural[i % n])
			natural[i % n] = w;
	}
}

static unsigned int total(const struct table *t, const struct layout *l)
{
	unsigned int sum = 0;

	for (unsigned int c = 0; c < t->n_columns; c++)
		if (l->shown[c])
			sum += l->width[c] + (sum ? GAP : 0);
	return sum;
}

/* Take what is too much from the cells that may be cut, the widest first. */
static bool cut_to_fit(const struct table *t, unsigned int limit,
		       struct layout *l)
{
	while (total(t, l) > limit) {
		int widest = -1;

		for (unsigned int c = 0; c < t->n_columns; c++) {
			unsigned int min = t->columns[c].min;

			if (!l->shown[c] || !min || l->width[c] <= min)
				continue;
			if (widest < 0 || l->width[c] > l->width[widest])
				widest = c;
		}
		if (widest < 0)
			return false;
		l->width[widest]--;
	}
	return true;
}

/* The least important column that is shown, from `least` on; -1: none. */
static int least_important(const struct table *t, const struct layout *l,
			   unsigned int least)
{
	int found = -1;

	for (unsigned int c = 0; c < t->n_columns; c++) {
		unsigned int drop = t->columns[c].drop;

		if (!l->shown[c] || !drop || drop < least)
			continue;
		if (found < 0 || drop > t->columns[found].drop)
			found = c;
	}
	return found;
}

static void drop_columns(const struct table *t, unsigned int limit,
			 const unsigned int *natural, struct layout *l)
{
	size_t size = t->n_columns * sizeof(*natural);
	int c;

	while (total(t, l) > limit &&
	       (c = least_important(t, l, DROP_EARLY)) >= 0)
		l->shown[c] = false;
	while (!cut_to_fit(t, limit, l) &&
	       (c = least_important(t, l, 1)) >= 0) {
		l->shown[c] = false;
		memcpy(l->width, natural, size);
	}
}

/* A wide column that went may have left room for a narrow one that went
 * before it. */
static void readmit(const struct table *t, unsigned int limit, struct layout *l)
{
	for (unsigned int rank = 1; rank < 2 * DROP_EARLY; rank++)
		for (unsigned int c = 0; c < t->n_columns; c++) {
			if (l->shown[c] || t->columns[c].drop != rank)
				continue;
			l->shown[c] = true;
			l->shown[c] = total(t, l) <= limit;
		}
}

static void fit(const struct table *t, const struct look *look,
		struct layout *l)
{
	unsigned int natural[t->n_columns];

	measure(t, look->headers, natural);
	memcpy(l->width, natural, sizeof(natural));
	for (unsigned int c = 0; c < t->n_columns; c++)
		l->shown[c] = true;
	if (!look->width)
		return;
	drop_columns(t, look->width, natural, l);
	readmit(t, look->width, l);
}

/* ---- writing --------------------------------------------------------- */

/* Bytes from the end of text that take at most `columns`. */
static size_t suffix(const char *text, size_t columns)
{
	size_t len = strlen(text), from = 0;

	while (format_width(text + from) > columns)
		from += format_prefix(text + from, 1)
				?: format_prefix(text + from, 2);
	return len - from;
}

/* What is left of text in `width` columns, which a wide character may not
 * fill. */
static void cut(const char *text, unsigned int width, bool middle, char *out,
		size_t size)
{
	size_t mark = strlen(MARK);
	size_t room = width > mark ? width - mark : 0;
	size_t tail = middle ? room * 2 / 3 : 0;
	size_t bytes = suffix(text, tail);

	snprintf(out, size, "%.*s" MARK "%s",
		 (int)format_prefix(text, room - tail), text,
		 text + strlen(text) - bytes);
}

static void print_cell(const struct column *col, const struct cell *cell,
		       unsigned int width, bool last, const struct look *look,
		       FILE *out)
{
	char text[CELL_MAX];
	int pad;

	if (format_width(cell->text) > width)
		cut(cell->text, width, col->cut_middle, text, sizeof(text));
	else
		strcpy(text, cell->text);
	pad = width - format_width(text);
	if (col->kind == NUMBER)
		fprintf(out, "%*s", pad, "");
	fprintf(out, "%s%s%s", style_on(look, cell->style), text,
		style_off(look, cell->style));
	if (col->kind == TEXT && !last)
		fprintf(out, "%*s", pad, "");
}

static void print_row(const struct table *t, const struct cell *row,
		      const struct layout *l, const struct look *look,
		      FILE *out)
{
	unsigned int last = 0;
	bool first = true;

	for (unsigned int c = 0; c < t->n_columns; c++)
		if (l->shown[c] && *row[c].text)
			last = c;
	for (unsigned int c = 0; c <= last; c++) {
		if (!l->shown[c])
			continue;
		if (!first)
			fprintf(out, "%*s", GAP, "");
		first = false;
		print_cell(&t->columns[c], &row[c], l->width[c], c == last,
			   look, out);
	}
	fputc('\n', out);
}

static void print_hidden(const struct table *t, const struct layout *l,
			 const struct look *look, FILE *out)
{
	const char *before = "(too narrow for ";
	bool any = false;

	for (unsigned int c = 0; c < t->n_columns; c++) {
		if (l->shown[c])
			continue;
		fprintf(out, "%s%s%s", any ? "" : style_on(look, FAINT), before,
			t->columns[c].title);
		before = ", ";
		any = true;
	}
	if (any)
		fprintf(out, "; --wide shows all)%s\n", style_off(look, FAINT));
}

void table_print(const struct table *t, const struct look *look, FILE *out)
{
	unsigned int width[t->n_columns];
	bool shown[t->n_columns];
	struct layout l = {width, shown};
	struct cell titles[t->n_columns];

	fit(t, look, &l);
	for (unsigned int c = 0; c < t->n_columns; c++)
		titles[c] = (struct cell){(char *)t->columns[c].title, BOLD};
	if (look->headers)
		print_row(t, titles, &l, look, out);
	for (unsigned int r = 0; r < table_rows(t); r++)
		print_row(t, &t->cells[r * t->n_columns], &l, look, out);
	if (look->headers)
		print_hidden(t, &l, look, out);
}
