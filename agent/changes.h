/* SPDX-License-Identifier: Apache-2.0 */
/* From what a map holds to what it should hold. */
#pragma once

#include <stdbool.h>

#include "entries.h"

struct changes_policy {
	/* Every source has said everything: what nobody wants may go. */
	bool sweep;
	/* Is this change right at this very moment? NULL: always. want is
	 * NULL for a removal, have for an addition. */
	bool (*allowed)(const void *key, const void *have, const void *want,
			void *arg);
	/* May it make a cached decision wrong? NULL: always. */
	bool (*raises)(const void *have, const void *want);
	/* Called before the first change that does: it must not be forgotten,
	 * whatever happens in between. */
	void (*before_raise)(void *arg);
	int (*update)(const void *key, const void *value, void *arg);
	int (*remove)(const void *key, void *arg);
	void *arg;
};

struct changes {
	unsigned int added, changed, removed;
	unsigned int kept; /* stale, but not removed */
	unsigned int failed;
	int error;  /* of the last that failed, negative errno */
	bool raise; /* cached decisions must be made again */
};

void changes_sum(struct changes *to, const struct changes *more);

/* Adds to *out, so that several maps make one batch. */
void changes_apply(const struct changes_policy *p, const struct entries *have,
		   const struct entries *want, struct changes *out);
/* One of them: have or want may be NULL. */
void changes_apply_one(const struct changes_policy *p, const void *key,
		       const void *have, const void *want, struct changes *out);
