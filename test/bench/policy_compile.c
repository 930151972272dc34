/* SPDX-License-Identifier: Apache-2.0 */
/* What compiling policies takes, and what comes out, for growing worlds. One
 * line of JSON a world: policy_compile [QUICK] */
#include <time.h>

#include "policy_world.h"

/* ---- measuring ------------------------------------------------------ */

/* Of processor time: others who use the machine do not show. */
static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static size_t changed_entries(const struct policy_compiled *a,
			      const struct policy_compiled *b)
{
	size_t i = 0, j = 0, n = 0;

	while (i < a->n_entries || j < b->n_entries) {
		if (i < a->n_entries && j < b->n_entries &&
		    !memcmp(&a->entries[i], &b->entries[j],
			    sizeof(*a->entries))) {
			i++;
			j++;
			continue;
		}
		n++;
		i += i < a->n_entries;
		j += j < b->n_entries;
	}
	return n;
}

static double best_of(const struct policy_world *w,
		      const struct policy_compiled *before, int times,
		      struct policy_compiled *out)
{
	double best = 0;

	for (int i = 0; i < times; i++) {
		double start, took;

		if (i)
			policy_compiled_free(out);
		start = now_ms();
		policy_compile(w, before, out);
		took = now_ms() - start;
		if (!i || took < best)
			best = took;
	}
	return best;
}

static void measure(const struct size *s, int times)
{
	struct policy_world w = {0};
	struct policy_compiled first, second;
	double all, one;
	size_t apps = app_of(s->pods - 1) + 1, which;

	world_make(&w, s);
	all = best_of(&w, NULL, times, &first);
	which = first.groups[first.n_groups / 2].policies[0];
	((const struct policy **)w.policies)[which] =
		make_policy(7 * which, apps, 9000);
	one = best_of(&w, &first, times, &second);
	printf("{\"bench\":\"policy_compile\",\"world\":\"%s\",\"pods\":%zu,"
	       "\"own_labels\":%zu,\"policies\":%zu,\"endpoints\":%zu,"
	       "\"selectors\":%zu,\"identities\":%zu,\"policy_ids\":%zu,"
	       "\"entries\":%zu,\"prefixes\":%zu,\"bytes\":%zu,"
	       "\"ms_from_nothing\":%.2f,\"ms_one_change\":%.2f,"
	       "\"entries_changed\":%zu}\n",
	       s->name, s->pods, s->labels, s->policies, s->endpoints,
	       first.stats.selectors, first.stats.identities,
	       first.stats.policy_ids, first.stats.entries,
	       first.stats.prefixes, first.stats.bytes, all, one,
	       changed_entries(&first, &second));
	fflush(stdout);
	policy_compiled_free(&first);
	policy_compiled_free(&second);
}

int main(int argc, char **argv)
{
	static const struct size sizes[] = {
		{"base", 1000, 2, 100, 30},
		{"pods", 5000, 2, 100, 30},
		{"pods", 20000, 2, 100, 30},
		{"labels", 1000, 10, 100, 30},
		{"labels", 1000, 40, 100, 30},
		{"policies", 1000, 2, 1000, 30},
		{"policies", 1000, 2, 5000, 30},
		{"endpoints", 1000, 2, 100, 100},
		{"endpoints", 1000, 2, 100, 250},
		{"budget", 10000, 4, 1000, 100},
	};
	int times = argc > 1 ? 1 : 5;

	(void)argv;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		measure(&sizes[i], times);
	return 0;
}
