/* SPDX-License-Identifier: Apache-2.0 */
#include "changes.h"

struct run {
	const struct changes_policy *policy;
	struct changes *out;
};

static void count(struct changes *out, const void *have, const void *want)
{
	if (!want)
		out->removed++;
	else if (!have)
		out->added++;
	else
		out->changed++;
}

static bool is_wanted_now(const struct run *r, const void *key,
			  const void *have, const void *want)
{
	const struct changes_policy *p = r->policy;

	if (!want && !p->sweep)
		return false;
	return !p->allowed || p->allowed(key, have, want, p->arg);
}

static int apply(const void *key, const void *have, const void *want, void *arg)
{
	struct run *r = arg;
	const struct changes_policy *p = r->policy;
	int rc;

	if (!is_wanted_now(r, key, have, want)) {
		r->out->kept += !want;
		return 0;
	}
	if (!p->raises || p->raises(have, want)) {
		if (!r->out->raise && p->before_raise)
			p->before_raise(p->arg);
		r->out->raise = true;
	}
	rc = want ? p->update(key, want, p->arg) : p->remove(key, p->arg);
	if (rc) {
		r->out->failed++;
		r->out->error = rc;
		return 0; /* the others all the same */
	}
	count(r->out, have, want);
	return 0;
}

void changes_apply(const struct changes_policy *p, const struct entries *have,
		   const struct entries *want, struct changes *out)
{
	struct run r = {p, out};

	entries_diff(have, want, apply, &r);
}

void changes_sum(struct changes *to, const struct changes *more)
{
	to->added += more->added;
	to->changed += more->changed;
	to->removed += more->removed;
	to->kept += more->kept;
	to->failed += more->failed;
	to->error = more->error ? more->error : to->error;
	to->raise |= more->raise;
}
