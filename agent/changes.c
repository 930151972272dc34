/* SPDX-License-Identifier: Apache-2.0 */
#include "changes.h"

static void count(struct changes *out, const void *have, const void *want)
{
	if (!want)
		out->removed++;
	else if (!have)
		out->added++;
	else
		out->changed++;
}

static bool is_wanted_now(const struct changes_policy *p, const void *key,
			  const void *have, const void *want)
{
	if (!want && !p->sweep)
		return false;
	return !p->allowed || p->allowed(key, have, want, p->arg);
}

void changes_apply_one(const struct changes_policy *p, const void *key,
		       const void *have, const void *want, struct changes *out)
{
	int rc;

	if (!is_wanted_now(p, key, have, want)) {
		out->kept += !want;
		return;
	}
	if (!p->raises || p->raises(have, want)) {
		if (!out->raise && p->before_raise)
			p->before_raise(p->arg);
		out->raise = true;
	}
	rc = want ? p->update(key, want, p->arg) : p->remove(key, p->arg);
	if (rc) {
		out->failed++;
		out->error = rc;
		return; /* the others all the same */
	}
	count(out, have, want);
}

struct run {
	const struct changes_policy *policy;
	struct changes *out;
};

static int apply(const void *key, const void *have, const void *want, void *arg)
{
	const struct run *r = arg;

	changes_apply_one(r->policy, key, have, want, r->out);
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
