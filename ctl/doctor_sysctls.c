/* SPDX-License-Identifier: Apache-2.0 */
/* Sysctls that decide over our packets: forwarding, rp_filter, IPv6. */
#include "doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMED_MAX = 3 };

/* "" where there is no such thing. */
static const char *read_sysctl(const char *family, const char *device,
			       const char *name, char buf[16])
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family,
		 device, name);
	return doctor_file(path, buf, 16);
}

struct wanted {
	const char *family, *name, *value, *what;
};

static const struct wanted of_pods[] = {
	{"ipv4", "forwarding", "1", "the pod's packets leave the node"},
	{"ipv6", "forwarding", "1", "the pod's packets leave the node"},
	{"ipv4", "rp_filter", "0",
	 "the kernel drops what seems to come the "
	 "wrong way"},
};

static const struct wanted of_overlay[] = {
	{"ipv4", "rp_filter", "0",
	 "the kernel drops what seems to come the "
	 "wrong way"},
};

static int judge_device(struct doctor *d, const char *device,
			const struct wanted *wanted, size_t n)
{
	char value[16];
	int bad = 0;

	for (size_t i = 0; i < n; i++) {
		const struct wanted *w = &wanted[i];
		char advice[256];

		read_sysctl(w->family, device, w->name, value);
		if (!*value || !strcmp(value, w->value))
			continue;
		bad++;
		snprintf(advice, sizeof(advice),
			 "It decides whether %s. A running agent sets it again "
			 "within a minute; if it does not stay, look for who "
			 "writes it (sysctl.d, systemd-networkd: "
			 "deploy/systemd/).",
			 w->what);
		doctor_say(d, DOCTOR_WRONG, advice,
			   "net.%s.conf.%s.%s is %s and must be %s", w->family,
			   device, w->name, value, w->value);
	}
	return bad;
}

/* The kernel takes the larger of this and the device's own. */
static int judge_all(struct doctor *d)
{
	char value[16];

	read_sysctl("ipv4", "all", "rp_filter", value);
	if (strcmp(value, "1"))
		return 0;
	doctor_say(d, DOCTOR_WARNING,
		   "sysctl -w net.ipv4.conf.all.rp_filter=0 (or 2), and the "
		   "same in sysctl.d.",
		   "net.ipv4.conf.all.rp_filter is 1, which counts for every "
		   "device, ours too: packets that come another way than the "
		   "answer would go are dropped without a word");
	return 1;
}

static bool has_v6(const struct node_facts *node)
{
	for (int i = 0; i < node->n_pod_cidrs; i++)
		if (!prefix_is_v4(&node->pod_cidrs[i]))
			return true;
	return false;
}

static int judge_ipv6(struct doctor *d)
{
	static const char *const devices[] = {"all", "default"};
	char value[16];
	int bad = 0;

	if (d->status.node_error || !has_v6(&d->status.node))
		return 0;
	for (int i = 0; i < 2; i++) {
		read_sysctl("ipv6", devices[i], "disable_ipv6", value);
		if (strcmp(value, "1"))
			continue;
		bad++;
		doctor_say(d, DOCTOR_WRONG,
			   "Set it to 0, or give the node no IPv6 pod range.",
			   "net.ipv6.conf.%s.disable_ipv6 is 1, but the node "
			   "has an IPv6 pod range",
			   devices[i]);
	}
	return bad;
}

void doctor_sysctls(struct doctor *d)
{
	const struct status *s = &d->status;
	int bad = judge_all(d) + judge_ipv6(d), named = 0;

	if (!doctor_needs_loaded(d))
		return;
	for (int i = 0; i < s->n_devices; i++)
		if (s->devices[i].exists &&
		    s->devices[i].role == ATTACH_OVERLAY)
			bad += judge_device(d, s->devices[i].name, of_overlay,
					    1);
	for (size_t i = 0; i < s->endpoints.n && named < NAMED_MAX; i++)
		if (*s->endpoints.list[i].device)
			named += !!judge_device(d, s->endpoints.list[i].device,
						of_pods, 3);
	if (!bad && !named)
		doctor_say(d, DOCTOR_OK, "",
			   "forwarding is on and rp_filter off where it must "
			   "be");
}
