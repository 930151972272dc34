// SPDX-License-Identifier: Apache-2.0
#include "random.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "../../lib/addr.h"

static __u64 random_state = 1;

void random_seed(__u64 seed)
{
	random_state = seed * 0x9e3779b97f4a7c15 | 1;
}

__u64 random_u64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static __u32 random_u32(void)
{
	return random_u64() >> 16;
}

__u32 random_below(__u32 n)
{
	return random_u32() % n;
}

bool random_once_in(__u32 n)
{
	return random_below(n) == 0;
}

/* ---- whose is it ------------------------------------------------------ */

bool is_own(unsigned int ifindex, const struct fl_addr *a)
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

bool is_pod(const struct fl_addr *a)
{
	return is_own(node.pod_a, a) || is_own(node.pod_b, a) ||
	       is_own(node.small, a) || is_own(node.stuck, a);
}

const __u8 *pod_mac(unsigned int ifindex)
{
	return ifindex == node.pod_a   ? mac_a
	       : ifindex == node.pod_b ? mac_b
	       : ifindex == node.small ? mac_small
				       : mac_stuck;
}

/* ---- packets --------------------------------------------------------- */

enum { MEMORY = 32 };

/* What came in, and what went on. */
struct memory {
	struct packet packets[MEMORY];
	unsigned int n;
};

static struct memory came, went;

static void remember(struct memory *m, const struct packet *p)
{
	unsigned int place = m->n < MEMORY ? m->n++ : random_below(MEMORY);

	m->packets[place] = *p;
}

static const struct packet *recall(const struct memory *m)
{
	return m->n ? &m->packets[random_below(m->n)] : NULL;
}

void random_remember(const struct packet *sent)
{
	remember(&went, sent);
}

void random_forget(void)
{
	came.n = went.n = 0;
}

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

	return all[random_below(sizeof(all) / sizeof(*all))];
}

static const __u8 *random_mac(void)
{
	const __u8 *all[] = {mac_a,	     mac_a,	 mac_a,
			     mac_b,	     mac_small,	 gateway_mac,
			     overlay_mac,    uplink_mac, router_mac,
			     overlay_src_mac};

	return all[random_below(sizeof(all) / sizeof(*all))];
}

static __u16 random_port(void)
{
	/* Mostly those that masquerade leaves as they are: others it draws, and
	 * a run is not repeated to the bit. */
	const __u16 all[] = {80,       1000,	     53,
			     8472,     MASQ_MIN,     MASQ_MIN + 1,
			     MASQ_MIN, MASQ_MIN + 2, MASQ_MIN + 3};

	return random_once_in(8) ? random_u32() : all[random_below(9)];
}

static struct layer random_l4(const struct packet *quote)
{
	switch (random_below(12)) {
	case 0 ... 2:
		return TCP(.sport = random_port(), .dport = random_port(),
			   .flags = random_u32() & 31,
			   .options = random_once_in(3) ? random_below(11) * 4
							: 0);
	case 3 ... 4:
		return UDP(.sport = random_port(), .dport = random_port(),
			   .no_checksum = random_once_in(6));
	case 5:
		return SCTP(.sport = random_port(), .dport = random_port());
	case 6 ... 7:
		return ECHO(.id = random_port(), .reply = random_once_in(2));
	case 8 ... 9:
		if (quote)
			return ERROR(.kind = random_below(4),
				     .mtu = random_below(2000));
		/* fall through */
	case 10:
		return ICMP(.type = random_u32(), .code = random_below(4));
	default:
		return DATA(.len = random_below(40));
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
		return remote[random_below(3)];
	if (at.hook == FL_HOOK_FROM_UPLINK)
		return outside[random_below(5)];
	return at.hook == FL_HOOK_TO_UPLINK ? &f->node : &f->host;
}

static const __u8 *usual_mac(struct at at)
{
	if (at.hook != FL_HOOK_FROM_POD)
		return random_mac();
	return pod_mac(at.ifindex);
}

static void random_ip(struct packet *p, struct at at)
{
	const struct family *f = random_once_in(2) ? &ipv4 : &ipv6;
	bool usual = !random_once_in(4);
	const struct packet *quote = recall(random_once_in(2) ? &came : &went);
	struct layer layers[16] = {
		ETH(.src = usual ? usual_mac(at) : random_mac(),
		    .dst = random_mac()),
		IP(.src = usual ? usual_source(f, at) : random_addr(f),
		   .dst = random_addr(f),
		   .ttl = random_once_in(6) ? 1 + random_below(2) : 64,
		   .tos = random_below(256), .id = random_u32(),
		   .df = random_once_in(2),
		   .options = !f->v6 && random_once_in(6) ? random_below(11) * 4
							  : 0),
	};
	const __u8 kinds[] = {IPPROTO_HOPOPTS, IPPROTO_DSTOPTS,
			      IPPROTO_ROUTING};
	int n = 2;

	for (int i = f->v6 && random_once_in(4) ? random_below(9) : 0; i > 0;
	     i--)
		layers[n++] = EXT(.type = kinds[random_below(3)],
				  .len = 8 + 8 * random_below(4));
	layers[n] = random_l4(quote);
	if (layers[n++].type == LAYER_ERROR)
		layers[n++] =
			QUOTE(.packet = quote, .len = 1 + random_below(120));
	else
		layers[n++] = DATA(.len = random_once_in(8) ? random_below(1600)
							    : random_below(64));
	if (layers[2].type == LAYER_DATA) /* a protocol nobody knows */
		layers[1].ip.proto = 143 + random_below(100);
	packet_build_layers(p, layers);
}

static void random_below_ip(struct packet *p)
{
	switch (random_below(3)) {
	case 0:
		packet_build(p, ETH(.src = random_mac(), .dst = random_mac()),
			     ARP(.op = random_below(4), .sha = random_mac(),
				 .spa = random_addr(&ipv4), .tha = random_mac(),
				 .tpa = random_addr(&ipv4)));
		return;
	case 1:
		packet_build(
			p, ETH(.src = random_mac(), .dst = random_mac()),
			IP(.src = random_addr(&ipv6), .dst = random_addr(&ipv6),
			   .ttl = 255),
			ND(.type = 133 + random_below(5),
			   .target = random_addr(&ipv6),
			   .lladdr = random_once_in(2) ? random_mac() : NULL));
		return;
	default:
		packet_build(p,
			     ETH(.src = random_mac(), .dst = random_mac(),
				 .type = random_u32()),
			     DATA(.len = random_below(100)));
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
	packet_fragment(&whole, 8 * random_below(payload / 8),
			8 + 8 * random_below(8), random_below(4), p);
}

/* Bytes that no sender sends. */
static void damage(struct packet *p)
{
	for (int i = 1 + random_below(3); i > 0; i--)
		p->data[12 + random_below(p->len < 80 ? p->len - 12 : 68)] =
			random_u32();
	if (random_once_in(4))
		p->len = ETH_LEN + random_below(p->len - ETH_LEN + 1);
	if (random_once_in(8) && p->len + 40 < PACKET_MAX) {
		memset(p->data + p->len, 0xaa, 40);
		p->len += 40;
	}
}

/* Would somebody there answer it? */
static bool is_asked(struct at at, const struct view *v)
{
	const struct fl_addr *here[] = {&ipv4.node, &ipv6.node, &ipv4.node2,
					&ipv6.node2};

	if (at.hook == FL_HOOK_FROM_POD)
		return is_own(at.ifindex, &v->daddr);
	if (at.hook != FL_HOOK_FROM_UPLINK)
		return !is_pod(&v->daddr);
	for (int i = 0; i < 4; i++)
		if (addr_equal(here[i], &v->saddr))
			return true;
	return false;
}

static struct layer answer_layer(const struct view *v)
{
	switch (v->proto) {
	case IPPROTO_TCP:
		return TCP(.sport = v->dport, .dport = v->sport,
			   .flags = TCP_ACK |
				    (random_once_in(2) ? TCP_SYN : TCP_PSH));
	case IPPROTO_UDP:
		return UDP(.sport = v->dport, .dport = v->sport,
			   .no_checksum = random_once_in(4));
	case IPPROTO_SCTP:
		return SCTP(.sport = v->dport, .dport = v->sport);
	default:
		return ECHO(.id = v->sport ? v->sport : v->dport,
			    .reply = v->sport != 0);
	}
}

/* The answer to something that went on, if there is anything to be answered. */
static bool answer(struct packet *p, struct at at)
{
	const struct packet *asked;
	struct view v;

	for (int i = 0; i < 8; i++) {
		asked = recall(&went);
		if (!asked || packet_view(asked, &v) || !v.l4_off ||
		    v.icmp_error || !(v.sport | v.dport) || !is_asked(at, &v))
			continue;
		packet_build(p, ETH(.src = usual_mac(at), .dst = random_mac()),
			     IP(.src = &v.daddr, .dst = &v.saddr,
				.df = random_once_in(2), .id = random_u32()),
			     answer_layer(&v), DATA(.len = random_below(64)));
		return true;
	}
	return false;
}

void random_packet(struct at at, struct packet *p)
{
	const struct packet *again = random_once_in(4) ? recall(&came) : NULL;

	if (random_once_in(12)) {
		random_below_ip(p);
	} else if (again) {
		*p = *again;
	} else if (!random_once_in(3) || !answer(p, at)) {
		random_ip(p, at);
		if (random_once_in(8))
			random_fragment(p);
		remember(&came, p);
	}
	if (random_once_in(6))
		damage(p);
}

/* ---- places ------------------------------------------------------------ */

struct at random_at(void)
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
	struct at at = all[random_below(sizeof(all) / sizeof(*all))];

	if (!run_takes_from_ifindex())
		at.from_ifindex = 0;
	if (random_once_in(40))
		at.vlan = 5;
	if (random_once_in(20))
		at.gso_size = 1 + random_below(1500);
	return at;
}
