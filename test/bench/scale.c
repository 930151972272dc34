/* SPDX-License-Identifier: Apache-2.0 */
/* What a large cluster takes of an agent: memory, and processor time of a pass.
 * One line of JSON: scale [NODES PODS SERVICES POLICIES LOCAL] */
#include <malloc.h>
#include <time.h>
#include <unistd.h>

#include "../../agent/desired.h"
#include "../../agent/memory.h"
#include "../../agent/pod_moves.h"
#include "../../agent/policy_file.h"
#include "../../agent/shared.h"
#include "../../agent/views.h"
#include "scale_world.h"

static struct config config;
static struct store store;
static struct facts facts;
static struct endpoints endpoints;
static struct node_ids ids;
static struct desired desired;
static struct policies policies;
/* what the maps would hold */
static struct entries routes, policy, found_endpoints;

/* Of processor time: others who use the machine do not show. */
static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static double rss_mib(void)
{
	long pages = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f || fscanf(f, "%ld %ld", &pages, &resident) != 2)
		exit(1);
	fclose(f);
	return resident * (double)sysconf(_SC_PAGESIZE) / (1 << 20);
}

/* The most that it ever was. */
static double rss_peak_mib(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[128];
	double kib = 0;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmHWM: %lf", &kib) == 1)
			break;
	if (!kib)
		exit(1);
	fclose(f);
	return kib / 1024;
}

/* ---- a pass --------------------------------------------------------- */

struct steps {
	double ids, desired, compile, join, diff, file, all;
	size_t changed;
};

static int count_change(const void *key, const void *have, const void *want,
			void *arg)
{
	(void)key;
	(void)have;
	(void)want;
	++*(size_t *)arg;
	return 0;
}

static void keep(struct entries *to, struct entries *from, size_t *changed)
{
	entries_diff(to, from, count_change, changed);
	entries_free(to);
	*to = *from;
	entries_init(from, to->key_size, to->value_size);
}

/* As reconcile.c does it, but for the kernel's part. */
static struct steps pass(void)
{
	const struct inputs in = {
		.config = &config,
		.model = &store.model,
		.facts = &facts,
		.endpoints = &endpoints,
		.ids = &ids,
	};
	const struct policies_found found = {
		.missing = "",
		.synced = true,
		.routes = &routes,
		.endpoints = &found_endpoints,
	};
	struct steps s = {0};
	double start = now_ms(), t = start;

	node_ids_update(&ids, &store.model, &routes);
	s.ids = now_ms() - t, t += s.ids;
	desired_compute(&in, &desired);
	s.desired = now_ms() - t, t += s.desired;
	policies_update(&in, &desired.node, &found, &policies);
	s.compile = now_ms() - t, t += s.compile;
	policies_join(&in, &found, &policies, &desired);
	s.join = now_ms() - t, t += s.join;
	keep(&routes, &desired.routes, &s.changed);
	keep(&policy, &desired.policy, &s.changed);
	policies_commit(&policies);
	s.diff = now_ms() - t, t += s.diff;
	free(policy_file_format(&policies, &endpoints, 1));
	policies_forget_world(&policies);
	s.file = now_ms() - t;
	s.all = now_ms() - start;
	return s;
}

/* The same as a pass for pods alone does it. */
static double moves(void)
{
	const struct views v = {VIEW_ROUTES, 0, true, &routes};
	struct entries now, want, changes, keys, gone;
	double start = now_ms();
	struct pod_moves m;
	bool turn = false;

	entries_init(&now, routes.key_size, routes.value_size);
	entries_init(&want, routes.key_size, routes.value_size);
	entries_init(&changes, routes.key_size, routes.value_size);
	entries_init(&keys, routes.key_size, 0);
	if (!pod_moves_find(&store.news, &store.model, &endpoints, &m) ||
	    !pod_moves_apply(&m, &policies, &routes, &now, &want)) {
		fprintf(stderr, "a pod takes a whole pass\n");
		exit(1);
	}
	views_stage(&v, &now, &want, &changes, &keys, &turn);
	entries_patch(&routes, &changes);
	entries_free(&changes);
	entries_init(&gone, routes.key_size, 0);
	views_settle(&v, &routes, &keys, &changes, &gone, &turn);
	entries_patch(&routes, &changes);
	entries_drop(&routes, &gone);
	entries_free(&gone);
	pod_moves_free(&m);
	entries_free(&now);
	entries_free(&want);
	entries_free(&changes);
	entries_free(&keys);
	return now_ms() - start;
}

static double best_moves(const struct scale *s, int times)
{
	static char text[4096];
	double best = 0, took;

	for (int i = 0; i < times; i++) {
		size_t pod = ((size_t)i * 7919 + 2) % s->pods;

		pod_news_free(&store.news);
		scale_pod(s, pod, 2 + (unsigned int)i, text, sizeof(text));
		scale_put(&store, RESOURCE_PODS, text);
		took = moves();
		if (!i || took < best)
			best = took;
	}
	return best;
}

/* One pod more or less on another node. */
static struct steps best_change(const struct scale *s, int times)
{
	static char text[4096];
	struct steps best = {0};

	for (int i = 0; i < times; i++) {
		size_t pod = ((size_t)i * 7919 + 1) % s->pods;
		struct steps now;

		scale_pod(s, pod, 1, text, sizeof(text));
		scale_put(&store, RESOURCE_PODS, text);
		now = pass();
		if (!i || now.all < best.all)
			best = now;
	}
	return best;
}

static void print_steps(const char *name, const struct steps *s)
{
	printf(",\"%s\":{\"ids\":%.1f,\"desired\":%.1f,\"compile\":%.1f,"
	       "\"join\":%.1f,\"diff\":%.1f,\"file\":%.1f,\"ms\":%.1f,\"changed\":%zu}",
	       name, s->ids, s->desired, s->compile, s->join, s->diff, s->file,
	       s->all, s->changed);
}

static double bytes_of(enum resource r)
{
	return store.n[r] ? store.bytes[r] / (double)store.n[r] : 0;
}

int main(int argc, char **argv)
{
	struct scale s = {5000, 100000, 10000, 1000, 100};
	size_t *sizes[] = {&s.nodes, &s.pods, &s.services, &s.policies,
			   &s.local};
	struct steps first, again, one;
	double before, read_ms, model_mib, peak, settled, moved;

	for (int i = 1; i < argc && i <= 5; i++)
		*sizes[i - 1] = strtoul(argv[i], NULL, 10);
	mallopt(M_MMAP_THRESHOLD, 1 << 20); /* as agent/main.c */
	mallopt(M_TRIM_THRESHOLD, 16 << 20);
	config_defaults(&config);
	strcpy(config.node_name, "node-0");
	scale_facts(&facts);
	scale_endpoints(&s, &endpoints);
	desired_init(&desired);
	policies_init(&policies);
	entries_init(&routes, sizeof(struct fl_prefix),
		     sizeof(struct fl_route));
	entries_init(&policy, sizeof(struct fl_policy_key),
		     sizeof(struct fl_policy_entry));
	entries_init(&found_endpoints, sizeof(struct fl_addr),
		     sizeof(struct fl_endpoint));
	before = rss_mib();
	read_ms = now_ms();
	scale_cluster(&s, &store);
	read_ms = now_ms() - read_ms;
	model_mib = rss_mib();
	first = pass();
	peak = rss_peak_mib();
	again = pass();
	one = best_change(&s, 5);
	moved = best_moves(&s, 5);
	malloc_trim(0);
	settled = rss_mib();
	printf("{\"bench\":\"scale\",\"nodes\":%zu,\"pods\":%zu,"
	       "\"services\":%zu,\"policies\":%zu,\"local\":%zu",
	       s.nodes, s.pods, s.services, s.policies, s.local);
	printf(",\"bytes\":{\"pod\":%.0f,\"node\":%.0f,\"policy\":%.0f,"
	       "\"service\":%.0f,\"slice\":%.0f,\"shared\":%zu}",
	       bytes_of(RESOURCE_PODS), bytes_of(RESOURCE_NODES),
	       bytes_of(RESOURCE_NETWORK_POLICIES), bytes_of(RESOURCE_SERVICES),
	       bytes_of(RESOURCE_ENDPOINT_SLICES), shared_bytes());
	printf(",\"rss_mib\":{\"before\":%.1f,\"model\":%.1f,\"first\":%.1f,"
	       "\"settled\":%.1f},\"read_ms\":%.0f",
	       before, model_mib, peak, settled, read_ms);
	printf(",\"selectors\":%zu,\"identities\":%zu,\"entries\":%zu,"
	       "\"routes\":%zu",
	       policies.good.stats.selectors, policies.good.stats.identities,
	       policy.n, routes.n);
	print_steps("first", &first);
	print_steps("again", &again);
	print_steps("one_pod", &one);
	printf(",\"one_pod_alone_ms\":%.1f}\n", moved);
	return 0;
}
