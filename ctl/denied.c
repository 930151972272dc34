/* SPDX-License-Identifier: Apache-2.0 */
#include "denied.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../loader/loader.h"
#include "alloc.h"
#include "doc.h"
#include "format.h"

#define ROWS_MAX 20 /* of a table: the rest is long ago */

/* ---- reading --------------------------------------------------------- */

static int keep(const void *key, const void *value, void *arg)
{
	struct denied *d = arg;
	struct denied_view *v;

	d->list = must_grow(d->list, d->n, &d->room, sizeof(*d->list));
	v = &d->list[d->n++];
	memcpy(&v->key, key, sizeof(v->key));
	memcpy(&v->value, value, sizeof(v->value));
	return 0;
}

static int by_age(const void *a, const void *b)
{
	const struct denied_view *x = a, *y = b;

	if (x->value.last_ns != y->value.last_ns)
		return x->value.last_ns > y->value.last_ns ? -1 : 1;
	return memcmp(&x->key, &y->key, sizeof(x->key));
}

int denied_read(const struct ctl *c, struct denied *out, struct err *e)
{
	__cleanup(fd_close) int fd = map_open(c->bpf_root, FL_MAP_DENIED, e);
	struct err ignored;
	int rc;

	*out = (struct denied){0};
	if (fd == -ENOENT) {
		*e = (struct err){0};
		return 0;
	}
	rc = fd < 0 ? fd : map_each(fd, keep, out, e);
	if (!rc && out->n) {
		qsort(out->list, out->n, sizeof(*out->list), by_age);
		rc = endpoint_list_read(c, &out->endpoints, e);
	}
	/* Without the book there are numbers. */
	if (!rc && out->n)
		rulebook_read(c->state_dir, &out->book, &ignored);
	return rc;
}

void denied_free(struct denied *d)
{
	free(d->list);
	endpoint_list_free(&d->endpoints);
	rulebook_free(&d->book);
	*d = (struct denied){0};
}

/* ---- words ----------------------------------------------------------- */

static const struct endpoint_view *pod_of(const struct denied *d,
					  const struct denied_view *v)
{
	return endpoint_by_ifindex(&d->endpoints, v->key.ifindex);
}

static const char *pod_words(const struct denied *d,
			     const struct denied_view *v,
			     char buf[POD_LABEL_LEN])
{
	const struct endpoint_view *pod = pod_of(d, v);

	if (pod && pod->record)
		return pod_label(pod->record, buf);
	snprintf(buf, POD_LABEL_LEN, "endpoint %u", v->key.ifindex);
	return buf;
}

const char *denied_words(const struct denied *d, const struct denied_view *v,
			 char buf[DENIED_WORDS_LEN])
{
	const struct endpoint_view *pod = pod_of(d, v);
	const struct rulebook_group *g =
		pod ? rulebook_group(&d->book, pod->policy_id) : NULL;
	char rule[RULE_TEXT_LEN];
	size_t at;

	if (v->key.rule) {
		snprintf(buf, DENIED_WORDS_LEN, "%s",
			 rulebook_rule(&d->book, v->key.rule, rule));
		return buf;
	}
	at = snprintf(buf, DENIED_WORDS_LEN, "no %s rule",
		      direction_name(v->key.direction));
	for (size_t i = 0; g && i < g->n_policies && at < DENIED_WORDS_LEN; i++)
		at += snprintf(buf + at, DENIED_WORDS_LEN - at, "%s%s",
			       i ? ", " : " of ", g->policies[i]);
	if (at < DENIED_WORDS_LEN)
		snprintf(buf + at, DENIED_WORDS_LEN - at, " allows it");
	return buf;
}

static const char *age(const struct denied_view *v, __u64 now_ns,
		       char buf[FORMAT_LEN])
{
	return format_duration(
		now_ns > v->value.last_ns ? now_ns - v->value.last_ns : 0, buf);
}

/* ---- table ----------------------------------------------------------- */

static const struct column columns[] = {
	{"PACKETS", NUMBER, 0, 0, false},
	{"LAST", NUMBER, 0, 0, false},
	{"OF", TEXT, 1, 12, true},
	{"DENIED BECAUSE OF", TEXT, 0, 24, false},
	{"THE LAST ONE", TEXT, 2, 0, false},
};

static void add_row(struct table *t, const struct denied *d,
		    const struct denied_view *v, const struct ctl *c,
		    __u64 now_ns)
{
	const struct fl_tuple *k = &v->value.last;
	char src[FORMAT_LEN], dst[FORMAT_LEN], proto[FORMAT_LEN];
	char pod[POD_LABEL_LEN], words[DENIED_WORDS_LEN];

	table_cell(t, PLAIN, "%s",
		   format_count(v->value.packets, c->human, src));
	table_cell(t, PLAIN, "%s", age(v, now_ns, src));
	table_cell(t, PLAIN, "%s", pod_words(d, v, pod));
	table_cell(t, v->key.audit ? WARN : PLAIN, "%s%s",
		   v->key.audit ? "audit: " : "", denied_words(d, v, words));
	table_cell(t, PLAIN, "%s -> %s %s",
		   format_peer(&k->saddr, k->sport, k->proto, src),
		   format_peer(&k->daddr, k->dport, k->proto, dst),
		   format_proto(k->proto, proto));
}

void denied_print(const struct denied *d, const struct ctl *c, __u64 now_ns)
{
	__cleanup(table_free) struct table *t =
		table_new(columns, sizeof(columns) / sizeof(columns[0]));

	if (!d->n)
		return;
	for (size_t i = 0; i < d->n && i < ROWS_MAX; i++)
		add_row(t, d, &d->list[i], c, now_ns);
	if (c->look.headers)
		printf("\nby policies, the latest first:\n");
	table_print(t, &c->look, stdout);
	if (d->n > ROWS_MAX && c->look.headers)
		printf("(and %zu more: --json has all)\n", d->n - ROWS_MAX);
}

/* ---- JSON ------------------------------------------------------------ */

static cJSON *one_doc(const struct denied *d, const struct denied_view *v,
		      __u64 now_ns)
{
	const struct fl_tuple *k = &v->value.last;
	__u64 since = now_ns > v->value.last_ns ? now_ns - v->value.last_ns : 0;
	char buf[DENIED_WORDS_LEN];
	cJSON *one = doc_object(), *last = doc_object();

	doc_text(one, "pod", pod_words(d, v, buf));
	doc_u64(one, "endpoint", v->key.ifindex);
	doc_text(one, "direction", direction_name(v->key.direction));
	doc_bool(one, "audit", v->key.audit);
	doc_u64(one, "rule", v->key.rule);
	if (v->key.rule)
		doc_text(one, "ruleText",
			 rulebook_rule(&d->book, v->key.rule, buf));
	doc_text(one, "because", denied_words(d, v, buf));
	doc_u64(one, "packets", v->value.packets);
	doc_u64(one, "bytes", v->value.bytes);
	doc_number(one, "secondsAgo", since / 1e9);
	doc_text(last, "protocol", format_proto(k->proto, buf));
	doc_peer(last, "source", &k->saddr, k->sport, k->proto);
	doc_peer(last, "destination", &k->daddr, k->dport, k->proto);
	doc_add(one, "last", last);
	return one;
}

cJSON *denied_doc(const struct denied *d, __u64 now_ns)
{
	cJSON *list = doc_array();

	for (size_t i = 0; i < d->n; i++)
		doc_add(list, NULL, one_doc(d, &d->list[i], now_ns));
	return list;
}
