// SPDX-License-Identifier: Apache-2.0
#include "tables.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../lib/addr.h"

static struct ring_buffer *ring;

static void must(int result, const char *what)
{
	if (!result)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	abort();
}

/* ---- what the agent and the plugin write ----------------------------- */

void config_write(void)
{
	__u32 zero = 0;

	must(bpf_map_update_elem(bpf_map__fd(node.dp->maps.fl_config), &zero,
				 &node.config, 0),
	     "write fl_config");
}

void config_flags(__u16 flags)
{
	for (int i = 0; i < FL_VIEWS; i++)
		node.config.flags[i] = flags;
}

void view_turn_now(void)
{
	node.config.epoch += FL_EPOCH_VIEW;
	config_write();
}

void epoch_raise_now(void)
{
	node.config.epoch += FL_EPOCH_STEP;
	config_write();
}

__u32 epoch_now(void)
{
	__u32 zero = 0;
	struct fl_config config;

	must(bpf_map_lookup_elem(bpf_map__fd(node.dp->maps.fl_config), &zero,
				 &config),
	     "read fl_config");
	return config.epoch;
}

void endpoint_write(const struct fl_addr *a, unsigned int ifindex,
		    const __u8 mac[6], unsigned int mtu)
{
	struct fl_endpoint ep = {
		.ifindex = ifindex,
		.mtu = mtu,
	};

	for (int i = 0; i < FL_VIEWS; i++)
		ep.view[i].identity = FL_IDENTITY_POD;

	memcpy(ep.mac, mac, 6);
	must(bpf_map_update_elem(bpf_map__fd(node.dp->maps.fl_endpoints), a,
				 &ep, 0),
	     "write fl_endpoints");
}

void endpoint_police(const struct fl_addr *a, unsigned int ifindex,
		     const __u8 mac[6], __u32 policy_id, __u32 flags,
		     __u32 identity)
{
	struct fl_endpoint ep = {
		.ifindex = ifindex,
		.mtu = 1500,
	};

	for (int i = 0; i < FL_VIEWS; i++)
		ep.view[i] = (struct fl_endpoint_view){
			.identity = identity,
			.policy_id = policy_id,
			.flags = flags,
		};

	memcpy(ep.mac, mac, 6);
	must(bpf_map_update_elem(bpf_map__fd(node.dp->maps.fl_endpoints), a,
				 &ep, 0),
	     "write fl_endpoints");
}

void policy_write(__u32 policy_id, enum fl_direction direction, __u32 identity,
		  __u8 proto, __u16 port, unsigned int bits,
		  enum fl_verdict verdict, __u32 rule)
{
	struct fl_policy_key key = {
		.prefix_len =
			(proto ? FL_POLICY_BITS_PROTO : FL_POLICY_BITS_ANY) +
			bits,
		.policy_id = policy_id,
		.identity = identity,
		.direction = direction,
		.proto = proto,
		.port = htons(port),
	};
	struct fl_policy_entry entry = {.rule = {rule, rule},
					.verdict = {verdict, verdict}};

	must(bpf_map_update_elem(bpf_map__fd(node.dp->maps.fl_policy), &key,
				 &entry, 0),
	     "write fl_policy");
}

void endpoint_remove(const struct fl_addr *a)
{
	must(bpf_map_delete_elem(bpf_map__fd(node.dp->maps.fl_endpoints), a),
	     "delete from fl_endpoints");
}

static struct fl_prefix prefix_of(const char *text)
{
	struct fl_prefix p;

	must(prefix_parse(text, true, &p), text);
	return p;
}

void route_write(const char *prefix, const struct fl_addr *tunnel,
		 __u32 node_id, __u32 identity, __u32 flags)
{
	struct fl_prefix key = prefix_of(prefix);
	struct fl_route r = {
		.node_id = node_id,
		.identity = {identity, identity},
		.flags = flags,
	};

	if (tunnel)
		r.node = *tunnel;
	must(bpf_map_update_elem(bpf_map__fd(node.dp->maps.fl_routes), &key, &r,
				 0),
	     "write fl_routes");
}

void route_remove(const char *prefix)
{
	struct fl_prefix key = prefix_of(prefix);

	must(bpf_map_delete_elem(bpf_map__fd(node.dp->maps.fl_routes), &key),
	     "delete from fl_routes");
}

static struct fl_prefix host_prefix(const struct fl_addr *a)
{
	return (struct fl_prefix){.prefix_len = 128, .addr = *a};
}

void route_copy(const struct fl_addr *from, const struct fl_addr *to)
{
	struct fl_prefix source = host_prefix(from), copy = host_prefix(to);
	int fd = bpf_map__fd(node.dp->maps.fl_routes);
	struct fl_route r;

	bpf_map_delete_elem(fd, &copy);
	if (!bpf_map_lookup_elem(fd, &source, &r))
		must(bpf_map_update_elem(fd, &copy, &r, 0), "copy a route");
}

void masquerade_exclude(const char *prefix)
{
	struct fl_prefix key = prefix_of(prefix);
	__u32 one = 1;

	must(bpf_map_update_elem(bpf_map__fd(node.dp->maps.fl_masquerade), &key,
				 &one, 0),
	     "write fl_masquerade");
}

void uplink_write(unsigned int ifindex, const struct fl_addr *v4,
		  const struct fl_addr *v6, unsigned int mtu)
{
	struct fl_uplink u = {.mtu = mtu};

	if (v4)
		u.v4 = *v4;
	if (v6)
		u.v6 = *v6;
	must(bpf_map_update_elem(bpf_map__fd(node.dp->maps.fl_uplinks),
				 &ifindex, &u, 0),
	     "write fl_uplinks");
}

void uplink_remove(unsigned int ifindex)
{
	must(bpf_map_delete_elem(bpf_map__fd(node.dp->maps.fl_uplinks),
				 &ifindex),
	     "delete from fl_uplinks");
}

/* ---- the tables of a node with two neighbours ------------------------ */

static void endpoints_fill(const struct family *f)
{
	endpoint_write(&f->pod_a, node.pod_a, mac_a, 1500);
	endpoint_write(&f->pod_b, node.pod_b, mac_b, 1500);
	endpoint_write(&f->small, node.small, mac_small, SMALL_MTU);
	endpoint_write(&f->stuck, node.stuck, mac_stuck, 1500);
}

static void routes_fill(void)
{
	const struct fl_addr *n2 = &ipv4.remote_node, *n3 = &ipv6.remote_node3;
	const __u32 pods = FL_ROUTE_POD_CIDR, local = FL_ROUTE_LOCAL;
	const __u32 addr = FL_ROUTE_NODE, host = FL_IDENTITY_HOST;
	const __u32 pod = FL_IDENTITY_POD, remote = FL_IDENTITY_REMOTE_NODE;

	route_write("10.1.0.0/24", NULL, 1, pod, pods | local);
	route_write("fd00:1::/64", NULL, 1, pod, pods | local);
	route_write("192.0.2.1/32", NULL, 1, host, addr | local);
	route_write("192.0.3.1/32", NULL, 1, host, addr | local);
	route_write("2001:db8:1::1/128", NULL, 1, host, addr | local);
	route_write("2001:db8:2::1/128", NULL, 1, host, addr | local);
	route_write("10.2.0.0/24", n2, 2, pod, pods);
	route_write("fd00:2::/64", n2, 2, pod, pods);
	route_write("192.0.2.2/32", n2, 2, remote, addr);
	route_write("2001:db8:1::2/128", n2, 2, remote, addr);
	route_write("10.3.0.0/24", n3, 3, pod, pods);
	route_write("fd00:3::/64", n3, 3, pod, pods);
	route_write("192.0.2.3/32", n3, 3, remote, addr);
	route_write("2001:db8:1::3/128", n3, 3, remote, addr);
}

static void masquerade_fill(void)
{
	static const char *const excluded[] = {
		"10.1.0.0/24",	      "10.2.0.0/24",	   "10.3.0.0/24",
		"fd00:1::/64",	      "fd00:2::/64",	   "fd00:3::/64",
		"192.0.2.1/32",	      "192.0.2.2/32",	   "192.0.2.3/32",
		"192.0.3.1/32",	      "2001:db8:2::1/128", "2001:db8:1::1/128",
		"2001:db8:1::2/128",  "2001:db8:1::3/128", "198.18.0.0/24",
		"2001:db8:dddd::/48",
	};

	for (size_t i = 0; i < sizeof(excluded) / sizeof(excluded[0]); i++)
		masquerade_exclude(excluded[i]);
}

static void config_fill(void)
{
	node.config = (struct fl_config){
		.epoch = 7,
		.overlay_ifindex = node.options.overlay ? node.overlay : 0,
		.host_ifindex = node.host,
		.overlay_mtu = OVERLAY_MTU,
		.host_v4 = ipv4.host,
		.host_v6 = ipv6.host,
		.masq_port_min = MASQ_MIN,
		.masq_port_max = MASQ_MAX,
		.events_per_second = 1000000,
	};
	config_write();
}

/* ---- emptying -------------------------------------------------------- */

static void map_empty(const struct bpf_map *map)
{
	int fd = bpf_map__fd(map);
	char key[64];

	while (!bpf_map_get_next_key(fd, NULL, key))
		must(bpf_map_delete_elem(fd, key), bpf_map__name(map));
}

static void percpu_zero(const struct bpf_map *map)
{
	size_t size =
		(size_t)libbpf_num_possible_cpus() * bpf_map__value_size(map);
	void *zero = calloc(1, size);

	for (__u32 i = 0; i < bpf_map__max_entries(map); i++)
		must(bpf_map_update_elem(bpf_map__fd(map), &i, zero, 0),
		     bpf_map__name(map));
	free(zero);
}

void tables_empty(void)
{
	const struct bpf_map *emptied[] = {
		node.dp->maps.fl_endpoints,  node.dp->maps.fl_routes,
		node.dp->maps.fl_masquerade, node.dp->maps.fl_uplinks,
		node.dp->maps.fl_flows,	     node.dp->maps.fl_fragments,
		node.dp->maps.fl_policy,     node.dp->maps.fl_denied,
		node.dp->maps.fl_accounts,
	};

	for (size_t i = 0; i < sizeof(emptied) / sizeof(emptied[0]); i++)
		map_empty(emptied[i]);
	percpu_zero(node.dp->maps.fl_metrics);
	percpu_zero(node.dp->maps.fl_counters);
	percpu_zero(node.dp->maps.fl_limits);
	node.config = (struct fl_config){0};
	config_write();
	events_take(NULL, 0);
}

void tables_reset(void)
{
	tables_empty();
	config_fill();
	endpoints_fill(&ipv4);
	endpoints_fill(&ipv6);
	routes_fill();
	masquerade_fill();
	uplink_write(node.uplink, &ipv4.node, &ipv6.node, UPLINK_MTU);
	uplink_write(node.uplink2, &ipv4.node2, &ipv6.node2, UPLINK2_MTU);
}

void tables_reset_rules(void)
{
	map_empty(node.dp->maps.fl_policy);
	map_empty(node.dp->maps.fl_routes);
	map_empty(node.dp->maps.fl_denied);
	routes_fill();
}

void tables_close(void)
{
	ring_buffer__free(ring);
	ring = NULL;
}

/* ---- what the datapath writes ---------------------------------------- */

static void percpu_sum(const struct bpf_map *map, __u32 slot, __u64 *sum,
		       size_t words)
{
	int cpus = libbpf_num_possible_cpus();
	__u64 values[cpus * words];

	must(bpf_map_lookup_elem(bpf_map__fd(map), &slot, values),
	     bpf_map__name(map));
	memset(sum, 0, words * sizeof(*sum));
	for (size_t i = 0; i < cpus * words; i++)
		sum[i % words] += values[i];
}

__u64 counter_read(enum fl_counter c)
{
	__u64 n;

	percpu_sum(node.dp->maps.fl_counters, c, &n, 1);
	return n;
}

struct fl_metric metric_read(enum fl_hook hook, enum fl_reason reason)
{
	__u64 sum[2];

	percpu_sum(node.dp->maps.fl_metrics, hook * FL_REASON_SLOTS + reason,
		   sum, 2);
	return (struct fl_metric){.packets = sum[0], .bytes = sum[1]};
}

/* All of a hook's by one call, which takes Linux 5.13. */
static bool metrics_read_batch(enum fl_hook hook, struct fl_metric out[])
{
	int cpus = libbpf_num_possible_cpus();
	struct fl_metric values[FL_REASON_MAX][cpus];
	__u32 keys[FL_REASON_MAX], n = FL_REASON_MAX, end;
	__u32 before = hook * FL_REASON_SLOTS - 1;

	if (bpf_map_lookup_batch(bpf_map__fd(node.dp->maps.fl_metrics),
				 hook ? &before : NULL, &end, keys, values, &n,
				 NULL))
		return false;
	for (int r = 0; r < FL_REASON_MAX; r++) {
		out[r] = (struct fl_metric){0};
		for (int cpu = 0; cpu < cpus; cpu++) {
			out[r].packets += values[r][cpu].packets;
			out[r].bytes += values[r][cpu].bytes;
		}
	}
	return true;
}

void metrics_read(enum fl_hook hook, struct fl_metric out[FL_REASON_MAX])
{
	static bool one_by_one;

	if (!one_by_one && metrics_read_batch(hook, out))
		return;
	one_by_one = true;
	for (int r = 0; r < FL_REASON_MAX; r++)
		out[r] = metric_read(hook, r);
}

bool flow_read(const struct fl_tuple *key, struct fl_flow *f)
{
	return !bpf_map_lookup_elem(bpf_map__fd(node.dp->maps.fl_flows), key,
				    f);
}

void flow_write(const struct fl_tuple *key, const struct fl_flow *f)
{
	must(bpf_map_update_elem(bpf_map__fd(node.dp->maps.fl_flows), key, f,
				 0),
	     "write fl_flows");
}

void flow_remove(const struct fl_tuple *key)
{
	must(bpf_map_delete_elem(bpf_map__fd(node.dp->maps.fl_flows), key),
	     "delete from fl_flows");
}

void flows_forget(void)
{
	map_empty(node.dp->maps.fl_flows);
}

void flows_each(void (*fn)(const struct fl_tuple *key, const struct fl_flow *f,
			   void *arg),
		void *arg)
{
	int fd = bpf_map__fd(node.dp->maps.fl_flows);
	struct fl_tuple key, *prev = NULL;
	struct fl_flow f;

	for (; !bpf_map_get_next_key(fd, prev, &key); prev = &key)
		if (flow_read(&key, &f))
			fn(&key, &f, arg);
}

static unsigned int map_count(const struct bpf_map *map)
{
	int fd = bpf_map__fd(map);
	char key[64], *prev = NULL;
	unsigned int n = 0;

	for (; !bpf_map_get_next_key(fd, prev, key); n++)
		prev = key;
	return n;
}

unsigned int flow_count(void)
{
	return map_count(node.dp->maps.fl_flows);
}

static void account_put(struct fl_account_key key, struct fl_account a)
{
	must(bpf_map_update_elem(bpf_map__fd(node.dp->maps.fl_accounts), &key,
				 &a, 0),
	     "write fl_accounts");
}

void account_total_write(__u64 connections, __u32 size)
{
	account_put((struct fl_account_key){.kind = FL_ACCOUNT_TOTAL},
		    (struct fl_account){.connections = connections,
					.until_ns = clock_ns() + 60000000000,
					.size = size});
}

void account_total_age(void)
{
	struct fl_account_key key = {.kind = FL_ACCOUNT_TOTAL};
	struct fl_account a = {0};

	must(bpf_map_lookup_elem(bpf_map__fd(node.dp->maps.fl_accounts), &key,
				 &a),
	     "read fl_accounts");
	a.until_ns = clock_ns() - 1000000000;
	account_put(key, a);
}

void account_write(__u32 ifindex, enum fl_account_kind kind, __u64 connections)
{
	account_put((struct fl_account_key){ifindex, kind},
		    (struct fl_account){.connections = connections});
}

__u64 account_read(__u32 ifindex, enum fl_account_kind kind)
{
	struct fl_account_key key = {ifindex, kind};
	struct fl_account a = {0};

	bpf_map_lookup_elem(bpf_map__fd(node.dp->maps.fl_accounts), &key, &a);
	return a.connections;
}

bool denied_read(unsigned int ifindex, enum fl_direction direction, __u32 rule,
		 bool audit, struct fl_denied *d)
{
	const struct fl_denied_key key = {
		.ifindex = ifindex,
		.rule = rule,
		.direction = direction,
		.audit = audit,
	};

	return !bpf_map_lookup_elem(bpf_map__fd(node.dp->maps.fl_denied), &key,
				    d);
}

unsigned int fragment_count(void)
{
	return map_count(node.dp->maps.fl_fragments);
}

void flow_age(const struct fl_tuple *key, unsigned int seconds)
{
	struct fl_flow f;

	must(!flow_read(key, &f), "age a flow that is not there");
	f.created_ns -= seconds * 1000000000ull;
	f.last_seen_ns -= seconds * 1000000000ull;
	flow_write(key, &f);
}

__u64 clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void limit_write(__u32 slot, struct fl_limit limit)
{
	int cpus = libbpf_num_possible_cpus();
	struct fl_limit limits[cpus];

	for (int i = 0; i < cpus; i++)
		limits[i] = limit;
	must(bpf_map_update_elem(bpf_map__fd(node.dp->maps.fl_limits), &slot,
				 limits, 0),
	     "write fl_limits");
}

static __u64 filled_ns;

void limit_fill(__u32 slot, __u64 count)
{
	/* 2^30 ns is a second, of which most is left. */
	while ((clock_ns() & 0x3fffffff) > 0x08000000)
		usleep(1000);
	filled_ns = clock_ns();
	limit_write(slot, (struct fl_limit){.second = filled_ns >> 30,
					    .count = count});
}

bool limit_held(void)
{
	return clock_ns() >> 30 == filled_ns >> 30;
}

void limit_expire(__u32 slot)
{
	limit_write(slot, (struct fl_limit){.second = 1, .count = 1 << 30});
}

/* ---- events ---------------------------------------------------------- */

static struct {
	struct fl_event *out;
	unsigned int n, max;
} taken;

static int take_event(void *arg, void *data, size_t len)
{
	(void)arg;
	must(len != sizeof(struct fl_event), "an event of another size");
	if (taken.n < taken.max)
		memcpy(&taken.out[taken.n], data, len);
	taken.n++;
	return 0;
}

unsigned int events_take(struct fl_event *out, unsigned int max)
{
	if (!ring)
		ring = ring_buffer__new(bpf_map__fd(node.dp->maps.fl_events),
					take_event, NULL, NULL);
	must(!ring, "open the event ring");
	taken.out = out;
	taken.n = 0;
	taken.max = max;
	must(ring_buffer__consume(ring) < 0, "read the event ring");
	return taken.n;
}
