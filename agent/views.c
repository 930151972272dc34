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

bool views_differ(enum view_map map, const struct entries *e)
{
	for (size_t i = 0; i < e->n; i++) {
		char value[VALUE_MAX];

		memcpy(value, entries_value(e, i), value_size(map));
		copy_view(map, value, 0, value, 1);
		if (memcmp(value, entries_value(e, i), value_size(map)))
			return true;
	}
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

/* ---- steps ---------------------------------------------------------- */

struct step {
	enum view_map map;
	unsigned int holds;
	bool sweep;
	const struct entries *have, *want;
	bool have_lengths[LENGTHS], want_lengths[LENGTHS];
	struct entries *out;
	bool shows;
};

/* One key: its values, NULL where it is not. */
typedef void (*step_fn)(struct step *s, const void *key, const void *have,
			const void *want);

static int compare_at(const struct step *s, size_t h, size_t w)
{
	if (h == s->have->n)
		return 1;
	if (w == s->want->n)
		return -1;
	return memcmp(entries_key(s->have, h), entries_key(s->want, w),
		      s->have->key_size);
}

static void walk(struct step *s, step_fn fn)
{
	size_t h = 0, w = 0;

	if (s->map != VIEW_ENDPOINTS) {
		find_lengths(s->have, s->have_lengths);
		find_lengths(s->want, s->want_lengths);
	}
	while (h < s->have->n || w < s->want->n) {
		int c = compare_at(s, h, w);

		fn(s, c > 0 ? entries_key(s->want, w) : entries_key(s->have, h),
		   c > 0 ? NULL : entries_value(s->have, h),
		   c < 0 ? NULL : entries_value(s->want, w));
		h += c <= 0;
		w += c >= 0;
	}
}

static const void *have_around(const struct step *s, const void *key)
{
	const void *found = NULL;

	if (s->map != VIEW_ENDPOINTS)
		found = around(s->have, s->have_lengths, key);
	return found ? found : unsaid(s->map);
}

static const void *want_around(const struct step *s, const void *key)
{
	const void *found = NULL;

	if (s->map != VIEW_ENDPOINTS)
		found = around(s->want, s->want_lengths, key);
	return found ? found : unsaid(s->map);
}

static void stage(struct step *s, const void *key, const void *have,
		  const void *want)
{
	const void *old = have ? have : have_around(s, key), *new = want;
	char value[VALUE_MAX];

	memcpy(value, want ? want : have, s->out->value_size);
	copy_view(s->map, value, s->holds, old, s->holds);
	if (!want)
		new = s->sweep ? want_around(s, key) : have;
	copy_view(s->map, value, !s->holds, new, s->holds);
	entries_add(s->out, key, value);
}

void views_stage(enum view_map map, unsigned int holds, bool sweep,
		 const struct entries *have, const struct entries *want,
		 struct entries *out)
{
	struct step s = {
		.map = map,
		.holds = holds,
		.sweep = sweep,
		.have = have,
		.want = want,
		.out = out,
	};

	entries_reserve(out, want->n > have->n ? want->n : have->n);
	walk(&s, stage);
}

static bool says_more(const struct step *s, const void *have,
		      const void *around)
{
	char x[VALUE_MAX], y[VALUE_MAX];

	memcpy(x, unsaid(s->map), s->have->value_size);
	memcpy(y, unsaid(s->map), s->have->value_size);
	copy_view(s->map, x, s->holds, have, s->holds);
	copy_view(s->map, y, s->holds, around, s->holds);
	return memcmp(x, y, s->have->value_size);
}

static void settle(struct step *s, const void *key, const void *have,
		   const void *want)
{
	char value[VALUE_MAX];

	if (!have)
		return; /* the next change brings it */
	if (!want && s->sweep) {
		const void *around = have_around(s, key);

		if (!says_more(s, have, around)) {
			s->shows |= !views_same_frame(s->map, have, around);
			return;
		}
	}
	memcpy(value, have, s->out->value_size);
	copy_view(s->map, value, !s->holds, have, s->holds);
	entries_add(s->out, key, value);
}

void views_settle(enum view_map map, unsigned int holds, bool sweep,
		  const struct entries *have, const struct entries *want,
		  struct entries *out, bool *shows)
{
	struct step s = {
		.map = map,
		.holds = holds,
		.sweep = sweep && map != VIEW_ENDPOINTS,
		.have = have,
		.want = want,
		.out = out,
	};

	entries_reserve(out, have->n);
	walk(&s, settle);
	*shows = s.shows;
}
