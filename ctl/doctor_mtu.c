/* SPDX-License-Identifier: Apache-2.0 */
/* Do the sizes of pods' devices, overlay and uplinks fit each other? */
#include "doctor.h"

#include <string.h>

enum { OVERHEAD_V4 = 50, OVERHEAD_V6 = 70, V6_MIN = 1280 };

/* An overlay over IPv6 takes more. */
static unsigned int overhead(const struct status *s)
{
	unsigned int most = 0;

	if (!s->config.overlay_ifindex)
		return 0;
	for (size_t i = 0; i < s->routes.n; i++) {
		const struct fl_addr *node = &s->routes.list[i].route.node;

		if (addr_is_zero(node))
			continue;
		if (!addr_is_v4(node))
			return OVERHEAD_V6;
		most = OVERHEAD_V4;
	}
	return most;
}

static int judge_uplinks(struct doctor *d)
{
	const struct status *s = &d->status;
	unsigned int more = overhead(s), mtu = s->node.mtu;
	struct link_info l;
	int bad = 0;

	for (int i = 0; i < s->n_devices; i++) {
		if (s->devices[i].role != ATTACH_UPLINK ||
		    link_get_index(d->links, s->devices[i].ifindex, &l, NULL))
			continue;
		if (mtu + more <= l.mtu)
			continue;
		bad++;
		doctor_say(d, DOCTOR_WRONG,
			   "Packets of full size do not get out. The agent "
			   "follows the uplinks unless `mtu` is set: is it "
			   "alive, and is `mtu` in its configuration right?",
			   "pods have an MTU of %u, which with %u bytes of "
			   "overlay is more than the %u of the uplink %s",
			   mtu, more, l.mtu, l.name);
	}
	return bad;
}

static int judge_overlay(struct doctor *d)
{
	const struct status *s = &d->status;
	struct link_info l;

	if (!s->config.overlay_ifindex ||
	    link_get_index(d->links, s->config.overlay_ifindex, &l, NULL) ||
	    l.mtu == s->node.mtu)
		return 0;
	doctor_say(d, DOCTOR_WRONG,
		   "Who changed it? A running agent sets it again.",
		   "%s has an MTU of %u, not %u", l.name, l.mtu, s->node.mtu);
	return 1;
}

/* A pod keeps what it was given. */
static int judge_pods(struct doctor *d)
{
	const struct endpoints *eps = &d->status.endpoints;
	unsigned int larger = 0;

	for (size_t i = 0; i < eps->n; i++)
		larger += eps->list[i].mtu > d->status.node.mtu;
	if (!larger)
		return 0;
	doctor_say(d, DOCTOR_WARNING,
		   "They learn it from ICMP errors, packet by packet; those "
		   "that are made anew have the right one.",
		   "%u pods have a larger MTU than the node's %u of today",
		   larger, d->status.node.mtu);
	return 1;
}

void doctor_mtu(struct doctor *d)
{
	int bad;

	if (!doctor_needs_loaded(d))
		return;
	if (d->status.node_error || !d->links) {
		doctor_say(d, DOCTOR_UNKNOWN, "",
			   "there is no node.json that says the pods' MTU");
		return;
	}
	bad = judge_uplinks(d) + judge_overlay(d) + judge_pods(d);
	if (d->status.node.mtu < V6_MIN) {
		bad++;
		doctor_say(d, DOCTOR_WARNING,
			   "Give the uplinks a larger one, or use IPv4 alone.",
			   "pods have an MTU of %u; IPv6 needs %d",
			   d->status.node.mtu, V6_MIN);
	}
	if (!bad)
		doctor_say(d, DOCTOR_OK, "",
			   "%u for pods, with %u bytes of overlay it fits the "
			   "uplinks",
			   d->status.node.mtu, overhead(&d->status));
}
