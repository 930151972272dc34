/* SPDX-License-Identifier: Apache-2.0 */
#include "policies.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "memory.h"

void policies_init(struct policies *p)
{
	memset(p, 0, sizeof(*p));
	entries_init(&p->pods, sizeof(struct fl_addr),
		     sizeof(struct policies_pod));
}

void policies_free(struct policies *p)
{
	world_free(p->world);
	policy_compiled_free(&p->next);
	policy_compiled_free(&p->good);
	entries_free(&p->pods);
	policies_init(p);
}

/* ---- what becomes of each endpoint ---------------------------------- */

static __u32 identity_of(const struct policy_compiled *c,
			 const struct fl_addr *a)
{
	const struct policy_identity *found = policy_identity_find(c, a);

	return found ? found->identity : FL_IDENTITY_POD;
}

/* Who may write manifests into a directory is the operator. Pods of an API
 * server are written by those whom policies are to hold. */
static bool may_ask_for_audit(const struct config *c)
{
	return !c->kubeconfig[0] || c->policy_audit_pods;
}

/* Who a pod is that the agent has not heard of, only its Pod can tell. */
static __u32 endpoint_flags(const struct config *c, const struct policies *p,
			    size_t i)
{
	const struct pod *pod = world_endpoint_pod(p->world, i);
	__u32 flags = p->next.endpoints[i].flags;

	if (!pod)
		return flags | FL_ENDPOINT_PENDING;
	if (pod->audit && flags && may_ask_for_audit(c))
		flags |= FL_ENDPOINT_AUDIT;
	return flags;
}

static void add_pods(const struct inputs *in, struct policies *p)
{
	const struct endpoints *list = in->endpoints;

	for (size_t i = 0; i < list->n; i++) {
		const struct endpoint_record *r = &list->items[i];
		struct policies_pod pod = {
			.policy_id = p->next.endpoints[i].policy_id,
			.flags = endpoint_flags(in->config, p, i),
		};

		for (int j = 0; j < r->n_addrs; j++) {
			if (endpoints_find_addr(list, &r->addrs[j]) != r)
				continue;
			pod.identity = identity_of(&p->next, &r->addrs[j]);
			entries_add(&p->pods, &r->addrs[j], &pod);
		}
	}
	entries_sort(&p->pods);
	entries_unique(&p->pods, NULL, NULL);
}

/* ---- compiling ------------------------------------------------------ */

static double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void compile(const struct inputs *in, const struct node_facts *node,
		    struct policies *p)
{
	double start = seconds_now();

	p->world = world_build(in, node);
	policy_compile(world_get(p->world), p->good.cache ? &p->good : NULL,
		       &p->next);
	world_forget_cluster(p->world);
	add_pods(in, p);
	p->seconds = seconds_now() - start;
	if (p->seconds > p->max_seconds)
		p->max_seconds = p->seconds;
}

size_t policies_largest(const struct policies *p, char *title, size_t size)
{
	const struct policy_world *w = world_get(p->world);
	size_t *sums = memory_alloc((w->n_policies + 1) * sizeof(*sums));
	size_t largest = 0, sum;

	for (size_t i = 0; i < p->next.n_rules; i++)
		sums[p->next.rules[i].policy] += p->next.rules[i].n_entries;
	for (size_t i = 1; i < w->n_policies; i++)
		if (sums[i] > sums[largest])
			largest = i;
	sum = sums[largest];
	free(sums);
	title[0] = 0;
	if (w->n_policies)
		policy_title(w->policies[largest], title, size);
	return sum;
}

static void check_fit(const struct policies_found *found, struct policies *p)
{
	char title[320];
	size_t largest;

	/* Full, the trie of some kernels takes no other value either. */
	if (!found->max_entries || p->next.n_entries < found->max_entries)
		return;
	largest = policies_largest(p, title, sizeof(title));
	policies_refuse(p,
			FL_MAP_POLICY " has room for %u entries, the policies "
				      "need %zu, %.300s alone %zu",
			found->max_entries - 1, p->next.n_entries, title,
			largest);
}

static void count_one(struct object *o, void *arg)
{
	const struct policy_object *policy = (struct policy_object *)o;
	struct policies *p = arg;

	p->n++;
	p->n_invalid += policy->policy->invalid;
	p->n_problems += policy->problems.n;
}

static void start_over(const struct inputs *in, struct policies *p)
{
	policies_forget_world(p);
	policy_compiled_free(&p->next);
	entries_free(&p->pods);
	p->kept[0] = 0;
	p->refused = false;
	p->n = p->n_invalid = p->n_problems = 0;
	model_each(in->model, OBJECT_POLICY, count_one, p);
}

/* A model with holes must not open what an earlier agent has closed. */
static const char *what_is_missing(const struct policies_found *found,
				   const struct policies *p)
{
	if (!p->n && !found->enforced)
		return "";
	if (*found->missing)
		return found->missing;
	if (!found->synced && !p->has_good && found->enforced)
		return "not all of the cluster is known yet";
	return "";
}

void policies_update(const struct inputs *in, const struct node_facts *node,
		     const struct policies_found *found, struct policies *p)
{
	start_over(in, p);
	snprintf(p->kept, sizeof(p->kept), "%s", what_is_missing(found, p));
	/* Without policies all is as if there could be none. */
	if (p->kept[0] || !p->n)
		return;
	compile(in, node, p);
	/* What makes a policy invalid is counted already. */
	p->n_problems += p->next.n_problems - p->next.n_invalid;
	check_fit(found, p);
}

void policies_refuse(struct policies *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->kept, sizeof(p->kept), fmt, ap);
	va_end(ap);
	p->refused = true;
}

void policies_forget_world(struct policies *p)
{
	world_free(p->world);
	p->world = NULL;
}

void policies_commit(struct policies *p)
{
	policy_compiled_free(&p->good);
	p->good = p->next;
	p->has_good = true;
	/* fl_policy has them */
	free(p->good.entries);
	p->good.entries = NULL;
	p->good.n_entries = 0;
	memset(&p->next, 0, sizeof(p->next));
}
