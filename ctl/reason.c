/* SPDX-License-Identifier: Apache-2.0 */
#include "reason.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "../lib/json.h"

static const char *const hooks[FL_HOOK_MAX] = FL_HOOK_NAMES;

static const char *const reasons[FL_REASON_MAX][2] = {
#define X(id, name, text) [FL_##id] = {name, text},
	FL_PASS_REASONS(X) FL_DROP_REASONS(X)
#undef X
};

static const char *const counters[FL_COUNT_MAX][2] = {
#define X(id, name, text) [FL_COUNT_##id] = {name, text},
	FL_COUNTERS(X)
#undef X
};

static const char *const actions[] = {
	[FL_ACTION_LOCAL] = "local",
	[FL_ACTION_OVERLAY] = "overlay",
	[FL_ACTION_UPLINK] = "uplink",
	[FL_ACTION_HOST] = "host",
};

/* For the one who looks at a number that grows and wonders. */
static const char *const advice[FL_REASON_MAX] = {
	[FL_DROP_NO_PROGRAM] =
		"The stub on the device found no program. Load the datapath: "
		"start fairlead-agent or run `fairlead-loader load`.",
	[FL_DROP_NO_STAGE] =
		"The datapath was loaded in part. Load it again with "
		"`fairlead-loader load`; if it stays, report a bug.",
	[FL_DROP_MALFORMED] =
		"Headers that contradict themselves or end too early. Look "
		"at them with `tcpdump -i DEV -vv`: a broken sender, a scan, "
		"or a device that damages packets.",
	[FL_DROP_ETHERTYPE] =
		"A pod sends another protocol than IP, which nobody here "
		"could deliver. `tcpdump -i DEV -e` shows which.",
	[FL_DROP_VLAN] =
		"A pod tags its packets. Take the VLAN device in the pod "
		"away; pods' interfaces are untagged.",
	[FL_DROP_EXT_HEADERS] =
		"No ordinary sender chains that many IPv6 extension headers: "
		"most likely a scan.",
	[FL_DROP_SPOOFED_ADDR] =
		"A pod sends from an address that it was not given: "
		"compromised, or it routes for others (a VPN, nested "
		"containers), or it has put an address on its own interface. "
		"Compare `fairlead endpoints` with `ip addr` in the pod.",
	[FL_DROP_SPOOFED_MAC] =
		"A pod sends from another MAC than its own: a bridge or "
		"macvlan inside the pod, or its MAC was changed. Compare "
		"`fairlead endpoints` with `ip link` in the pod.",
	[FL_DROP_ARP] =
		"A pod asks for a neighbour, but its only one is the gateway " FL_GATEWAY_IPV4
		": it has a wider netmask or another route "
		"than the plugin gave it. Or it answers for others: poisoning. "
		"Compare `ip route` in the pod.",
	[FL_DROP_ND] =
		"As `arp`, for IPv6: router and neighbour advertisements and "
		"redirects of a pod go nowhere. A few after a pod's start are "
		"normal (duplicate address detection).",
	[FL_DROP_LINK_LOCAL] =
		"IPv6 link-local addresses (fe80::) reach no further than the "
		"pod's own interface. A program in a pod tries to talk to "
		"them: give it the peer's real address.",
	[FL_DROP_MULTICAST] =
		"Discovery protocols of a pod (mDNS, SSDP, DHCP, broadcasts): "
		"normal, harmless. What needs multicast does not work.",
	[FL_DROP_MARTIAN] =
		"A loopback or unspecified address on the wire: a broken or "
		"hostile sender.",
	[FL_DROP_UNKNOWN_NODE] =
		"Somebody sends VXLAN packets who is no node of the cluster "
		"as this node knows it. A node that has just joined? Is the "
		"agent alive (`fairlead status`)? Else: an attack, or "
		"another user of the same UDP port.",
	[FL_DROP_WRONG_NODE] =
		"The sending node does not own the source address: two nodes "
		"have the same pod range, a range moved and this node has not "
		"heard (`fairlead routes`), or a node is compromised.",
	[FL_DROP_NOT_BY_OVERLAY] =
		"A packet with a cluster address came in by an uplink. Does "
		"the other node run in native mode, or does the network route "
		"the pod ranges? Else: spoofing from outside.",
	[FL_DROP_OVERLAY_PORT] =
		"A pod tries to reach the overlay port of a node, where it "
		"could forge packets of other pods. Find it with "
		"`fairlead monitor --reason overlay_port`.",
	[FL_DROP_NO_ENDPOINT] =
		"Packets for a pod that is no longer, or not yet, on this "
		"node. A few after a pod's end are normal; many: the sender "
		"keeps an old address. `fairlead endpoints` has the pods of "
		"this node.",
	[FL_DROP_NO_ROUTE] =
		"Neither a pod, a node nor a route of the host (`ip route "
		"get ADDR`). No default route on this node, or the node that "
		"owns the range is not known (`fairlead routes ADDR`).",
	[FL_DROP_NOT_UPLINK] =
		"The host's route to the destination leaves by a device that "
		"is not among the uplinks of `fairlead routes`. Name it in "
		"the agent's `uplinks`.",
	[FL_DROP_FORWARDING_OFF] =
		"Somebody switched a sysctl off: "
		"net.ipv4.conf.DEV.forwarding or net.ipv6.conf.DEV.forwarding "
		"of the pod's host-side device. sysctl.d or a network manager "
		"may do that; the agent heals it.",
	[FL_DROP_NO_MASQ_ADDR] =
		"The uplink has no address of that family: see the uplinks "
		"of `fairlead routes` and `ip addr`. A pod with IPv6 on a "
		"node without: masquerade-ipv6 cannot work there.",
	[FL_DROP_NO_MASQ_PORT] =
		"Too many connections at once from this node to one address "
		"and port. Count them: `fairlead flows --masqueraded --to "
		"ADDR`. Widen `masquerade-ports`, give the node a second "
		"address, or let the client reuse connections. SCTP keeps its "
		"own port, so two pods cannot use one at once.",
	[FL_DROP_MASQ_PROTO] =
		"Only TCP, UDP, SCTP and ICMP can be masqueraded. List the "
		"destination in `masquerade-exclude` if it knows a way back "
		"to pods.",
	[FL_DROP_NO_MAPPING] =
		"The flow table did not take the entry. Look at fl_flows in "
		"`fairlead map` and at flow_insert_* in `fairlead metrics`; "
		"raise `flows-max`.",
	[FL_DROP_FRAG_UNKNOWN] =
		"Fragments out of order, or the first one was lost. Constant "
		"growth: a path that fragments (look at the MTU: `fairlead "
		"status`), or an attack.",
	[FL_DROP_ICMP_UNRELATED] =
		"An ICMP error about a connection that we do not have: late, "
		"or made up. A few are normal.",
	[FL_DROP_TTL] =
		"A routing loop or a traceroute, and the sender was not told: "
		"it was itself an error or a fragment, or there were too many "
		"in that second. `ip route get ADDR` on each node on the way.",
	[FL_DROP_TOO_BIG] =
		"Larger than the way allows, and the sender was not told: too "
		"many in that second, or the packet was an error itself. "
		"Compare the MTU in the pod with `fairlead status`.",
	[FL_DROP_REWRITE] =
		"The kernel refused to change the packet: memory, or a bug; "
		"report it with `fairlead monitor --reason rewrite --json`.",
	[FL_DROP_ENCAP] =
		"The kernel refused the tunnel key. Is the overlay device as "
		"it should be (`fairlead status`)? The agent heals it.",
	[FL_DROP_POLICY] =
		"A policy denies it, or one governs the pod and no rule "
		"allows it. `fairlead drops` names the rules and how much they "
		"denied, `fairlead monitor --reason policy` each packet, "
		"`fairlead policy POD` what it may, `fairlead trace` explains "
		"one connection.",
	[FL_DROP_UNKNOWN_PEER] =
		"A pod of another node whose labels this node has not been "
		"told yet, so it can't say whether a policy lets it in. "
		"Moments after its start that is normal; else: does the agent "
		"follow the cluster (`fairlead status`)?",
	[FL_DROP_SOURCE_ROUTE] =
		"An IPv4 source route option or an IPv6 routing header with "
		"segments left: others would send it where no policy has "
		"looked. No ordinary program makes such packets.",
	[FL_DROP_FLOW_SHARE] =
		"One pod opens connections faster than they end, and the flow "
		"table is crowded. `fairlead status` names it; others go on. "
		"Make the table larger with flows-max if it means no harm.",
	[FL_DROP_PENDING] =
		"The agent has not seen the pod yet; as there are policies, it "
		"talks to this node only. Is the agent alive (`fairlead "
		"status`), and does it know the Pod (`fairlead endpoints`)?",
};

#define NAMED(table, n)                                                        \
	((n) < sizeof(table) / sizeof(table[0]) && (table)[n] ? (table)[n]     \
							      : "?")

const char *hook_name(unsigned int hook)
{
	return NAMED(hooks, hook);
}

const char *action_name(unsigned int action)
{
	return NAMED(actions, action);
}

const char *reason_name(unsigned int reason)
{
	return reason < FL_REASON_MAX ? reasons[reason][0] : "?";
}

const char *reason_text(unsigned int reason)
{
	return reason < FL_REASON_MAX ? reasons[reason][1] : "?";
}

const char *counter_name(unsigned int counter)
{
	return counter < FL_COUNT_MAX ? counters[counter][0] : "?";
}

const char *counter_text(unsigned int counter)
{
	return counter < FL_COUNT_MAX ? counters[counter][1] : "?";
}

bool reason_is_drop(unsigned int reason)
{
	return reason >= FL_DROP_FIRST;
}

const char *reason_advice(unsigned int reason)
{
	return reason < FL_REASON_MAX ? advice[reason] : NULL;
}

int reason_find(const char *name)
{
	for (int r = 0; r < FL_REASON_MAX; r++)
		if (!strcmp(reasons[r][0], name))
			return r;
	return -1;
}

const char *reason_nearest(const char *name)
{
	const char *names[FL_REASON_MAX - FL_DROP_FIRST + 1];
	int n = 0;

	for (int r = FL_DROP_FIRST; r < FL_REASON_MAX; r++)
		names[n++] = reasons[r][0];
	names[n] = NULL;
	return word_nearest(name, names);
}

int set_reason(const char *text, void *field, struct err *e)
{
	int reason = reason_find(text);
	const char *near;

	if (reason >= 0 && reason_is_drop(reason)) {
		*(int *)field = reason;
		return 0;
	}
	near = reason_nearest(text);
	return err_set(e, EINVAL,
		       "%s is no reason%s%s%s; see `fairlead help "
		       "reasons`",
		       text, near ? " (did you mean " : "", near ? near : "",
		       near ? "?)" : "");
}
