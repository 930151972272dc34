// SPDX-License-Identifier: Apache-2.0
/*
 * Random packets that look like packets, at random hooks, while the tables
 * change. What run() checks of every packet is checked of these, and that no
 * pod speaks for anybody else, nothing leaves untranslated, and an uplink
 * drops nothing that is the host's.
 *
 * FUZZ_SEED=n repeats a run, FUZZ_PACKETS=n makes it longer.
 */
#include "traffic.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "../../lib/addr.h"

static __u64 seed, random_state;

static __u32 random_u32(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state >> 16;
}

static __u32 below(__u32 n)
{
	return random_u32() % n;
}

static bool once_in(__u32 n)
{
	return below(n) == 0;
}

/* ---- packets --------------------------------------------------------- */

enum { MEMORY = 32 };
static struct packet memory[MEMORY]; /* what errors may quote */
static unsigned int remembered;

static const struct fl_addr *random_addr(const struct family *f)
{
	const struct fl_addr *all[] = {
		&f->pod_a,	  &f->pod_a,	   &f->pod_a,
		&f->pod_b,	  &f->pod_b,	   &f->small,
		&f->stuck,	  &f->no_pod,	   &f->host,
		&f->node,	  &f->node,	   &f->node2,
		&f->remote_pod,	  &f->remote_node, &f->remote_pod3,
		&f->remote_node3, &f->world,	   &f->world,
		&f->world_b,	  &f->world2,	   &f->neighbour,
		&f->private,	  &f->by_other,	   &f->no_route,
		&f->multicast,	  &f->loopback,	   &f->link_local,
		&f->any,	  &f->gateway,
	};

	return all[below(sizeof(all) / sizeof(*all))];
}

static const __u8 *random_mac(void)
{
	const __u8 *all[] = {mac_a,	     mac_a,	 mac_a,
			     mac_b,	     mac_small,	 gateway_mac,
			     overlay_mac,    uplink_mac, router_mac,
			     overlay_src_mac};

	return all[below(sizeof(all) / sizeof(*all))];
}

static __u16 random_port(void)
{
	const __u16 all[] = {80, 1000, 53, 8472, MASQ_MIN, MASQ_MIN + 1};

	return once_in(8) ? random_u32() : all[below(6)];
}

static struct layer random_l4(const struct packet *quote)
{
	switch (below(12)) {
	case 0 ... 2:
		return TCP(.sport = random_port(), .dport = random_port(),
			   .flags = random_u32() & 31,
			   .options = once_in(3) ? below(11) * 4 : 0);
	case 3 ... 4:
		return UDP(.sport = random_port(), .dport = random_port());
	case 5:
		return SCTP(.sport = random_port(), .dport = random_port());
	case 6 ... 7:
		return ECHO(.id = random_port(), .reply = once_in(2));
	case 8 ... 9:
		if (quote)
			return ERROR(.kind = below(4), .mtu = below(2000));
		/* fall through */
	case 10:
		return ICMP(.type = random_u32(), .code = below(4));
	default:
		return DATA(.len = below(40));
	}
}

/* Who would send at such a place: without it, most packets are forgeries. */
static const struct fl_addr *usual_source(const struct family *f, struct at at)
{
	const struct fl_addr *remote[] = {&f->remote_pod, &f->remote_node,
					  &f->remote_pod3};
	const struct fl_addr *outside[] = {&f->world, &f->world_b, &f->world2,
					   &f->neighbour, &f->private};
	unsigned int pod =
		at.hook == FL_HOOK_FROM_POD ? at.ifindex : at.from_ifindex;

	if (pod == node.pod_a)
		return &f->pod_a;
	if (pod == node.pod_b)
		return &f->pod_b;
	if (pod == node.small)
		return &f->small;
	if (pod == node.stuck)
		return &f->stuck;
	if (at.hook == FL_HOOK_FROM_OVERLAY)
		return remote[below(3)];
	if (at.hook == FL_HOOK_FROM_UPLINK)
		return outside[below(5)];
	return at.hook == FL_HOOK_TO_UPLINK ? &f->node : &f->host;
}

static const __u8 *usual_mac(struct at at)
{
	if (at.hook != FL_HOOK_FROM_POD)
		return random_mac();
	return at.ifindex == node.pod_a	  ? mac_a
	       : at.ifindex == node.pod_b ? mac_b
	       : at.ifindex == node.small ? mac_small
					  : mac_stuck;
}

static void random_ip(struct packet *p, struct at at)
{
	const struct family *f = once_in(2) ? &ipv4 : &ipv6;
	bool usual = !once_in(4);
	const struct packet *quote =
		remembered ? &memory[below(remembered)] : NULL;
	struct layer layers[16] = {
		ETH(.src = usual ? usual_mac(at) : random_mac(),
		    .dst = random_mac()),
		IP(.src = usual ? usual_source(f, at) : random_addr(f),
		   .dst = random_addr(f), .ttl = once_in(6) ? 1 + below(2) : 64,
		   .tos = below(256), .id = random_u32(), .df = once_in(2),
		   .options = !f->v6 && once_in(6) ? below(11) * 4 : 0),
	};
	const __u8 kinds[] = {IPPROTO_HOPOPTS, IPPROTO_DSTOPTS,
			      IPPROTO_ROUTING};
	int n = 2;

	for (int i = f->v6 && once_in(4) ? below(9) : 0; i > 0; i--)
		layers[n++] =
			EXT(.type = kinds[below(3)], .len = 8 + 8 * below(4));
	layers[n] = random_l4(quote);
	if (layers[n++].type == LAYER_ERROR)
		layers[n++] = QUOTE(.packet = quote, .len = 1 + below(120));
	else
		layers[n++] = DATA(.len = once_in(8) ? below(1600) : below(64));
	if (layers[2].type == LAYER_DATA) /* a protocol nobody knows */
		layers[1].ip.proto = 143 + below(100);
	packet_build_layers(p, layers);
}

static void random_below_ip(struct packet *p)
{
	switch (below(3)) {
	case 0:
		packet_build(p, ETH(.src = random_mac(), .dst = random_mac()),
			     ARP(.op = below(4), .sha = random_mac(),
				 .spa = random_addr(&ipv4), .tha = random_mac(),
				 .tpa = random_addr(&ipv4)));
		return;
	case 1:
		packet_build(p, ETH(.src = random_mac(), .dst = random_mac()),
			     IP(.src = random_addr(&ipv6),
				.dst = random_addr(&ipv6), .ttl = 255),
			     ND(.type = 133 + below(5),
				.target = random_addr(&ipv6),
				.lladdr = once_in(2) ? random_mac() : NULL));
		return;
	default:
		packet_build(p,
			     ETH(.src = random_mac(), .dst = random_mac(),
				 .type = random_u32()),
			     DATA(.len = below(100)));
	}
}

static void random_fragment(struct packet *p)
{
	struct packet whole = *p;
	size_t head = ETH_LEN + (p->data[ETH_LEN] >> 4 == 6
					 ? (size_t)IPV6_LEN
					 : (p->data[ETH_LEN] & 15u) * 4);
	size_t payload = p->len - head;

	if (payload < 16)
		return;
	packet_fragment(&whole, 8 * below(payload / 8), 8 + 8 * below(8),
			below(4), p);
}

/* Bytes that no sender sends. */
static void damage(struct packet *p)
{
	for (int i = 1 + below(3); i > 0; i--)
		p->data[12 + below(p->len < 80 ? p->len - 12 : 68)] =
			random_u32();
	if (once_in(4))
		p->len = ETH_LEN + below(p->len - ETH_LEN + 1);
	if (once_in(8) && p->len + 40 < PACKET_MAX) {
		memset(p->data + p->len, 0xaa, 40);
		p->len += 40;
	}
}

static void random_packet(struct packet *p, struct at at)
{
	if (once_in(12)) {
		random_below_ip(p);
	} else if (remembered && once_in(4)) {
		*p = memory[below(remembered)]; /* once more */
	} else {
		random_ip(p, at);
		if (once_in(8))
			random_fragment(p);
		memory[remembered < MEMORY ? remembered++ : below(MEMORY)] = *p;
	}
	if (once_in(5))
		damage(p);
}

/* ---- hooks and changes ----------------------------------------------- */

static struct at random_at(void)
{
	const struct at all[] = {
		FROM_POD_A,
		FROM_POD_A,
		FROM_POD_B,
		FROM_POD(small),
		FROM_POD(stuck),
		TO_POD_A,
		{AT(TO_POD, pod_b), .from_ifindex = node.pod_a},
		FROM_NODE2,
		{AT(FROM_OVERLAY, overlay), .tunnel = &ipv6.remote_node3},
		{AT(FROM_OVERLAY, overlay), .tunnel = &ipv4.world},
		TO_OVERLAY,
		{AT(TO_OVERLAY, overlay), .from_ifindex = node.pod_a},
		FROM_UPLINK,
		FROM_UPLINK,
		{AT(FROM_UPLINK, uplink2)},
		TO_UPLINK,
		{AT(TO_UPLINK, uplink), .from_ifindex = node.pod_a},
		{AT(TO_UPLINK, uplink2), .from_ifindex = node.pod_b},
	};
	struct at at = all[below(sizeof(all) / sizeof(*all))];

	if (!run_takes_from_ifindex())
		at.from_ifindex = 0;
	if (once_in(40))
		at.vlan = 5;
	if (once_in(20))
		at.gso_size = 1 + below(1500);
	return at;
}

static void random_change(void)
{
	switch (below(6)) {
	case 0:
		return epoch_raise_now();
	case 1:
		endpoint_write(&ipv4.pod_b, node.pod_b, mac_b, 1500);
		return endpoint_write(&ipv6.pod_b, node.pod_b, mac_b, 1500);
	case 2:
		endpoint_remove(&ipv4.pod_b);
		endpoint_remove(&ipv6.pod_b);
		endpoint_write(&ipv4.pod_b, node.pod_b, mac_b, 1300);
		endpoint_write(&ipv6.pod_b, node.pod_b, mac_b, 1300);
		return epoch_raise_now();
	case 3:
		uplink_write(node.uplink, &ipv4.node, &ipv6.node, UPLINK_MTU);
		return epoch_raise_now();
	case 4:
		uplink_write(node.uplink, &ipv4.node2, &ipv6.node2, UPLINK_MTU);
		return epoch_raise_now();
	default:
		return flows_forget();
	}
}

/* ---- what must hold -------------------------------------------------- */

/* Whose address is it that a pod on this device has? */
static bool is_own(unsigned int ifindex, const struct fl_addr *a)
{
	const struct family *f = addr_is_v4(a) ? &ipv4 : &ipv6;

	if (ifindex == node.pod_a)
		return addr_equal(a, &f->pod_a);
	if (ifindex == node.pod_b)
		return addr_equal(a, &f->pod_b);
	if (ifindex == node.small)
		return addr_equal(a, &f->small);
	return ifindex == node.stuck && addr_equal(a, &f->stuck);
}

static bool is_pod(const struct fl_addr *a)
{
	return is_own(node.pod_a, a) || is_own(node.pod_b, a) ||
	       is_own(node.small, a) || is_own(node.stuck, a);
}

/* May the host on this way out see a pod's own address? */
static bool is_private(const struct fl_addr *a)
{
	const struct family *f = addr_is_v4(a) ? &ipv4 : &ipv6;

	/* 198.18.0.0/24, 2001:db8:dddd::/48; damaged addresses, too */
	return !memcmp(a, &f->private, f->v6 ? 6 : 15);
}

/* The reply of a connection that came in from outside keeps its address. */
static bool is_reply(const struct packet *in)
{
	struct fl_tuple key = packet_tuple(in);
	struct fl_flow flow;

	return flow_read(&key, &flow) && flow.flags & FL_FLOW_REPLY;
}

/* The source address, however wrong the packet is otherwise. */
static bool source_of(const struct packet *p, struct fl_addr *a)
{
	const __u8 *ip = p->data + ETH_LEN;

	if (p->len >= ETH_LEN + IPV4_LEN && !memcmp(ip - 2, "\x08\x00", 2))
		*a = addr_from_bytes(AF_INET, ip + 12);
	else if (p->len >= ETH_LEN + IPV6_LEN && !memcmp(ip - 2, "\x86\xdd", 2))
		*a = addr_from_bytes(AF_INET6, ip + 8);
	else
		return false;
	return true;
}

static const char *pod_wrong(struct at at, const struct packet *in)
{
	struct fl_addr source;
	struct view v, out;

	if (last.verdict == VERDICT_DROP || last.reason == FL_PASS_REPLIED)
		return NULL;
	if (!source_of(in, &source) || !is_own(at.ifindex, &source))
		return "a pod spoke for somebody else";
	packet_view(in, &v);
	if (last.reason != FL_PASS_UPLINK)
		return NULL;
	packet_view(&last.out, &out);
	if (is_pod(&out.saddr) && !is_private(&out.daddr) && !is_reply(in) &&
	    !v.icmp_error)
		return "a pod's address left by an uplink";
	return NULL;
}

static const char *uplink_wrong(const struct packet *in)
{
	struct view v;

	packet_view(in, &v);
	/* Nobody but a pod, or who says to be of the cluster, is dropped. */
	if (last.verdict == VERDICT_DROP && addr_equal(&v.daddr, &ipv4.node) &&
	    addr_equal(&v.saddr, &ipv4.world) && !flow_count())
		return "the host's own packet was dropped";
	return NULL;
}

static const char *overlay_wrong(struct at at)
{
	if (addr_equal(at.tunnel, &ipv4.world) &&
	    last.reason == FL_PASS_LOCAL && !flow_count())
		return "a stranger's frame was delivered";
	return NULL;
}

static void check(struct at at, const struct packet *in, int n)
{
	const char *wrong = NULL;

	if (at.hook == FL_HOOK_FROM_POD)
		wrong = pod_wrong(at, in);
	else if (at.hook == FL_HOOK_FROM_UPLINK)
		wrong = uplink_wrong(in);
	else if (at.hook == FL_HOOK_FROM_OVERLAY)
		wrong = overlay_wrong(at);
	if (!wrong)
		return;
	packet_print_diff(&last.out, in);
	fail_msg("packet %d of seed %llu: %s (verdict %d, %s)", n, seed, wrong,
		 last.verdict, reason_name(last.reason));
}

static __u64 setting(const char *name, __u64 otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

static void random_packets_break_nothing(void **state)
{
	int n = setting("FUZZ_PACKETS", 20000);
	struct packet p;
	struct view v;
	struct at at;

	(void)state;
	node.config.masq_port_max = MASQ_MIN + 30;
	config_write();
	for (int i = 0; i < n; i++) {
		if (once_in(100))
			random_change();
		at = random_at();
		random_packet(&p, at);
		at.lenient = packet_view(&p, &v) != NULL || at.vlan;
		run(at, &p);
		check(at, &p, i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ONCE(random_packets_break_nothing),
	};

	seed = setting("FUZZ_SEED", time(NULL));
	random_state = seed * 0x9e3779b97f4a7c15 | 1;
	printf("# FUZZ_SEED=%llu\n", seed);
	fflush(stdout);
	return bpf_tests(tests, &options_default);
}
