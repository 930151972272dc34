/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the first packet of a flow costs, for test/bench/run.
 *
 *	slow_path BPF_ROOT 4|6 POLICIES
 *
 * fl_policy and fl_routes hold what the compiler makes of so many policies in
 * a cluster of 10,000 pods, 100 of them local. Two of these are the sender and
 * the receiver: one of the policies governs both and lets their packets pass,
 * so that each flow is looked up twice. Prints "NAME NANOSECONDS" of new flows
 * (slow_path) and of one that is established (fast_path_..._policies).
 */
#include "policy_world.h"
#include "testrun.h"

/* Few enough that all have one port of the receiver: 80. */
#define NEW_FLOWS 60000

enum { PODS = 10000, LOCAL = 100 };

/* ---- policies ---------------------------------------------------------- */

/* All pods of a namespace: from and to all pods, TCP ports 1 to 1000. */
static const struct policy *policy_between(const char *namespace)
{
	static const char *const ends[][2] = {{"ingress", "from"},
					      {"egress", "to"}};
	cJSON *json = cJSON_CreateObject(), *meta, *spec, *rule, *p;
	struct policy *policy = NULL;

	cJSON_AddStringToObject(json, "apiVersion", "networking.k8s.io/v1");
	cJSON_AddStringToObject(json, "kind", "NetworkPolicy");
	meta = cJSON_AddObjectToObject(json, "metadata");
	cJSON_AddStringToObject(meta, "name", "between");
	cJSON_AddStringToObject(meta, "namespace", namespace);
	spec = cJSON_AddObjectToObject(json, "spec");
	cJSON_AddItemToObject(spec, "podSelector", selector(NULL, NULL));
	for (int i = 0; i < 2; i++) {
		rule = cJSON_CreateObject();
		cJSON_AddItemToArray(cJSON_AddArrayToObject(spec, ends[i][0]),
				     rule);
		p = cJSON_CreateObject();
		cJSON_AddItemToObject(p, "namespaceSelector",
				      selector(NULL, NULL));
		cJSON_AddItemToArray(cJSON_AddArrayToObject(rule, ends[i][1]),
				     p);
		cJSON_AddItemToArray(cJSON_AddArrayToObject(rule, "ports"),
				     port(1, 1000));
	}
	if (policy_read(json, NULL, NULL, &policy) || policy->invalid)
		errx(1, "the policy of the bench is refused");
	cJSON_Delete(json);
	return policy;
}

static int map_of(const char *name)
{
	int fd = map_open(config.bpf_root, name, &e);

	if (fd < 0)
		errx(1, "%s", e.msg);
	return fd;
}

static void put(int fd, const void *key, const void *value)
{
	if (map_update(fd, key, value, MAP_ANY))
		err(1, "write a map");
}

static void endpoint_govern(const struct policy_compiled *c, int i,
			    const struct fl_addr *a)
{
	const struct policy_identity *id = policy_identity_find(c, a);
	int fd = map_of(FL_MAP_ENDPOINTS);
	struct fl_endpoint ep;

	if (!id || map_lookup(fd, a, &ep))
		errx(1, "pod %d is not known", i);
	for (int v = 0; v < FL_VIEWS; v++)
		ep.view[v] = (struct fl_endpoint_view){
			.identity = id->identity,
			.policy_id = c->endpoints[i].policy_id,
			.flags = c->endpoints[i].flags,
		};
	if (ep.view[0].flags != (FL_ENDPOINT_INGRESS | FL_ENDPOINT_EGRESS))
		errx(1, "no policy governs pod %d", i);
	put(fd, a, &ep);
	close(fd);
}

static void compiled_write(const struct policy_compiled *c)
{
	int policy = map_of(FL_MAP_POLICY), routes = map_of(FL_MAP_ROUTES);

	for (size_t i = 0; i < c->n_entries; i++) {
		const struct policy_answer *a = &c->entries[i].value;
		const struct fl_policy_entry both = {
			.rule = {a->rule, a->rule},
			.verdict = {a->verdict, a->verdict},
		};

		put(policy, &c->entries[i].key, &both);
	}
	for (size_t i = 0; i < c->n_identities; i++) {
		__u32 identity = c->identities[i].identity;
		struct fl_route r = {.identity = {identity, identity}};

		put(routes, &c->identities[i].prefix, &r);
	}
	close(policy);
	close(routes);
}

/* n: of policies, all told. */
static void policies_write(struct policy_world *w, size_t n,
			   const struct fl_addr *from, const struct fl_addr *to)
{
	struct policy_compiled c;

	((const struct policy **)w->policies)[n - 1] = policy_between("ns-0");
	policy_compile(w, NULL, &c);
	compiled_write(&c);
	endpoint_govern(&c, 0, from);
	endpoint_govern(&c, 1, to);
	fprintf(stderr, "%zu policies: %zu entries, %zu prefixes\n", n,
		c.n_entries, c.n_identities);
	policy_compiled_free(&c);
}

/* ---- measuring --------------------------------------------------------- */

static void measure_slow(const char *name)
{
	int with = program_load(NEW_FLOWS, true),
	    without = program_load(NEW_FLOWS, false);
	__u64 decided = decisions(), through = delivered();
	unsigned int verdict, none;
	double cost, own;

	own = run(without, NEW_FLOWS, &none);
	cost = run(with, NEW_FLOWS, &verdict);
	close(with);
	close(without);
	if (verdict != REDIRECTED || delivered() - through != NEW_FLOWS)
		errx(1, "%s: packets are not delivered (verdict %u)", name,
		     verdict);
	/* One was there: the established one may be among them. */
	if (decisions() - decided < NEW_FLOWS - 1)
		errx(1, "%s: only %llu of %d packets took the slow path", name,
		     decisions() - decided, NEW_FLOWS);
	printf("%s %.2f\n", name, cost - own);
}

/* What the agent leaves there: connections are charged to whose they are. */
static void accounts_begin(void)
{
	struct fl_account_key key = {.kind = FL_ACCOUNT_TOTAL};
	struct fl_account total = {.until_ns = ~0ULL, .size = 1 << 20};
	int fd = map_of(FL_MAP_ACCOUNTS);

	put(fd, &key, &total);
	close(fd);
}

int main(int argc, char **argv)
{
	struct size size = {"bench", PODS, 2, 0, LOCAL};
	const struct fl_addr *from, *to;
	struct policy_world w = {0};
	struct link_ctx *here;
	char name[64];

	if (argc != 4 || (strcmp(argv[2], "4") && strcmp(argv[2], "6")))
		errx(2, "usage: slow_path BPF_ROOT 4|6 POLICIES");
	v6 = argv[2][0] == '6';
	size.policies = strtoul(argv[3], NULL, 10);
	world_make(&w, &size);
	from = &w.endpoints[0].addrs[v6];
	to = &w.endpoints[1].addrs[v6];
	testrun_make(&here, argv[1], from, to);
	accounts_begin();
	if (size.policies) {
		policies_write(&w, size.policies, from, to);
		snprintf(name, sizeof(name), "fast_path_v%s_policies_%zu",
			 argv[2], size.policies);
		measure_fast(name, 0);
	}
	snprintf(name, sizeof(name), "slow_path_v%s_%zu", argv[2],
		 size.policies);
	if (!size.policies)
		*strrchr(name, '_') = '\0';
	measure_slow(name);
	link_close(&here);
	check(datapath_unload(&config, false, &e));
	return 0;
}
