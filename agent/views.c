/* SPDX-License-Identifier: Apache-2.0 */
#include "views.h"

#include <string.h>

#include <fairlead/abi.h>

enum { LENGTHS = 129, KEY_MAX = 32, VALUE_MAX = 64 };

/* ---- values --------------------------------------------------------- */

static void copy_view(enum view_map map, void *to, unsigned int to_view,
		      const void *from, unsigned int from_view)
{
	union {
		const struct fl_endpoint *endpoint;
		const struct fl_route *route;
		const struct fl_policy_entry *policy;
	} f = {from};

	switch (map) {
	case VIEW_ENDPOINTS:
		((struct fl_endpoint *)to)->view[to_view] =
			f.endpoint->view[from_view];
		return;
	case VIEW_ROUTES:
		((struct fl_route *)to)->identity[to_view] =
			f.route->identity[from_view];
		return;
	case VIEW_POLICY:
		((struct fl_policy_entry *)to)->rule[to_view] =
			f.policy->rule[from_view];
		((struct fl_policy_entry *)to)->verdict[to_view] =
			f.policy->verdict[from_view];
		return;
	}
}

/* What a view says where there is no entry: of a pod that has just come, that
 * it waits. */
static const void *unsaid(enum view_map map)
{
	static const struct fl_endpoint endpoint = {
		.view = {{.identity = FL_IDENTITY_POD,
			  .flags = FL_ENDPOINT_PENDING},
			 {.identity = FL_IDENTITY_POD,
			  .flags = FL_ENDPOINT_PENDING}}};
	static const struct fl_route route = {
		.identity = {FL_IDENTITY_WORLD, FL_IDENTITY_WORLD}};
	static const struct fl_policy_entry policy = {
		.verdict = {FL_UNSAID, FL_UNSAID}};

	return map == VIEW_ENDPOINTS ? (const void *)&endpoint
	       : map == VIEW_ROUTES  ? (const void *)&route
				     : (const void *)&policy;
}

static size_t value_size(enum view_map map)
{
	return map == VIEW_ENDPOINTS ? sizeof(struct fl_endpoint)
	       : map == VIEW_ROUTES  ? sizeof(struct fl_route)
				     : sizeof(struct fl_policy_entry);
}

bool views_same_frame(enum view_map map, const void *a, const void *b)
{
	char x[VALUE_MAX], y[VALUE_MAX];

	memcpy(x, a, value_size(map));
	memcpy(y, b, value_size(map));
	for (int i = 0; i < FL_VIEWS; i++) {
		copy_view(map, x, i, unsaid(map), i);
		copy_view(map, y, i, unsaid(map), i);
	}
	return !memcmp(x, y, value_size(map));
}

static bool value_differs(enum view_map map, const void *value)
{
	char alike[VALUE_MAX];

	memcpy(alike, value, value_size(map));
	copy_view(map, alike, 0, alike, 1);
	return memcmp(alike, value, value_size(map));
}

bool views_differ(enum view_map map, const struct entries *e)
{
	for (size_t i = 0; i < e->n; i++)
		if (value_differs(map, entries_value(e, i)))
			return true;
	return false;
}

/* ---- what is around a prefix ---------------------------------------- */

static __u32 length_of(const void *key)
{
	__u32 len;

	memcpy(&len, key, sizeof(len));
	return len;
}

static void find_lengths(const struct entries *e, bool in_use[LENGTHS])
{
	memset(in_use, 0, LENGTHS * sizeof(*in_use));
	for (size_t i = 0; i < e->n; i++)
		in_use[length_of(entries_key(e, i)) % LENGTHS] = true;
}

/* As the kernel's tries have them: a number of bits, then bits. */
static void shorten(char *to, const char *key, size_t size, __u32 bits)
{
	char *data = to + sizeof(bits);
	size_t whole = bits / 8, room = size - sizeof(bits);

	memcpy(to, key, size);
	memcpy(to, &bits, sizeof(bits));
	if (whole == room)
		return;
	data[whole] &= (char)(0xff00 >> bits % 8);
	memset(data + whole + 1, 0, room - whole - 1);
}

static const void *around(const struct entries *e, const bool in_use[LENGTHS],
			  const void *key)
{
	for (__u32 bits = length_of(key); bits--;) {
		char shorter[KEY_MAX];
		const void *found;

		if (!in_use[bits])
			continue;
		shorten(shorter, key, e->key_size, bits);
		found = entries_find(e, shorter);
		if (found)
			return found;
	}
	return NULL;
}

/* ---- staging -------------------------------------------------------- */

struct stage {
	const struct views *v;
	const struct entries *have, *want;	   /* that change */
	const struct entries *have_all, *want_all; /* around them */
	bool have_lengths[LENGTHS], want_lengths[LENGTHS];
	struct entries *changes, *unwanted;
	bool turn;
};

static const void *around_or_unsaid(enum view_map map, const struct entries *e,
				    const bool lengths[LENGTHS],
				    const void *key)
{
	const void *found = NULL;

	if (map != VIEW_ENDPOINTS)
		found = around(e, lengths, key);
	return found ? found : unsaid(map);
}

/* One key: its values, NULL where it is not. */
static void stage(struct stage *s, const void *key, const void *have,
		  const void *want)
{
	const struct views *v = s->v;
	const void *old = have, *new = want;
	size_t size = s->changes->value_size;
	char value[VALUE_MAX];

	if (!have)
		old = around_or_unsaid(v->map, s->have_all, s->have_lengths,
				       key);
	if (!want && v->sweep)
		new = around_or_unsaid(v->map, s->want_all, s->want_lengths,
				       key);
	else if (!want)
		new = have;
	/* NOLINTNEXTLINE: it is in one of the two */
	memcpy(value, want ? want : have, size);
	copy_view(v->map, value, v->holds, old, v->holds);
	copy_view(v->map, value, !v->holds, new, !v->holds);
	s->turn |= value_differs(v->map, value);
	if (!have || memcmp(have, value, size))
		entries_add(s->changes, key, value);
	if (!want && v->sweep)
		entries_add(s->unwanted, key, NULL);
}

static int compare_at(const struct stage *s, size_t h, size_t w)
{
	if (h == s->have->n)
		return 1;
	if (w == s->want->n)
		return -1;
	return memcmp(entries_key(s->have, h), entries_key(s->want, w),
		      s->have->key_size);
}

void views_stage(const struct views *v, const struct entries *have,
		 const struct entries *want, struct entries *changes,
		 struct entries *unwanted, bool *turn)
{
	struct stage s = {
		.v = v,
		.have = have,
		.want = want,
		.have_all = v->all ? v->all : have,
		.want_all = v->all ? v->all : want,
		.changes = changes,
		.unwanted = unwanted,
	};
	size_t h = 0, w = 0;

	if (v->map != VIEW_ENDPOINTS) {
		find_lengths(s.have_all, s.have_lengths);
		find_lengths(s.want_all, s.want_lengths);
	}
	while (h < have->n || w < want->n) {
		int c = compare_at(&s, h, w);

		stage(&s, c > 0 ? entries_key(want, w) : entries_key(have, h),
		      c > 0 ? NULL : entries_value(have, h),
		      c < 0 ? NULL : entries_value(want, w));
		h += c <= 0;
		w += c >= 0;
	}
	*turn |= s.turn;
}

/* ---- settling ------------------------------------------------------- */

static bool says_more(const struct views *v, const void *have,
		      const void *around)
{
	char x[VALUE_MAX], y[VALUE_MAX];
	size_t size = value_size(v->map);

	memcpy(x, unsaid(v->map), size);
	memcpy(y, unsaid(v->map), size);
	copy_view(v->map, x, v->holds, have, v->holds);
	copy_view(v->map, y, v->holds, around, v->holds);
	return memcmp(x, y, size);
}

static void find_gone(const struct views *v, const struct entries *have,
		      const struct entries *unwanted, struct entries *gone,
		      bool *shows)
{
	bool lengths[LENGTHS];

	find_lengths(have, lengths);
	for (size_t i = 0; i < unwanted->n; i++) {
		const void *key = entries_key(unwanted, i), *there, *value;

		value = entries_find(have, key);
		if (!value)
			continue;
		there = around_or_unsaid(v->map, have, lengths, key);
		if (says_more(v, value, there))
			continue;
		*shows |= !views_same_frame(v->map, value, there);
		entries_add(gone, key, NULL);
	}
}

void views_settle(const struct views *v, const struct entries *have,
		  const struct entries *unwanted, struct entries *changes,
		  struct entries *gone, bool *shows)
{
	bool sweep = v->sweep && v->map != VIEW_ENDPOINTS;
	size_t next = 0; /* of those that go, which are in order too */

	if (sweep)
		find_gone(v, have, unwanted, gone, shows);
	for (size_t i = 0; i < have->n; i++) {
		const void *key = entries_key(have, i);
		char value[VALUE_MAX];

		if (sweep && next < gone->n &&
		    !memcmp(entries_key(gone, next), key, have->key_size)) {
			next++;
			continue;
		}
		if (!value_differs(v->map, entries_value(have, i)))
			continue;
		memcpy(value, entries_value(have, i), have->value_size);
		copy_view(v->map, value, !v->holds, value, v->holds);
		entries_add(changes, key, value);
	}
}
