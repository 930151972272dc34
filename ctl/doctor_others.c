/* SPDX-License-Identifier: Apache-2.0 */
/* What other pod networks have left on this node: devices and pins. */
#include "doctor.h"

#include <fnmatch.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

enum { NAMED_MAX = 5 };

static const struct {
	const char *pattern, *who;
} devices[] = {
	{"cilium_*", "Cilium"},
	{"lxc[0-9a-f]*", "Cilium"},
	{"lxc_health", "Cilium"},
	{"cali[0-9a-f]*", "Calico"},
	{"vxlan.calico", "Calico"},
	{"vxlan-v6.calico", "Calico"},
	{"bpfin.cali", "Calico"},
	{"bpfout.cali", "Calico"},
	{"flannel.*", "Flannel"},
	{"flannel-v6.*", "Flannel"},
	{"flannel-wg*", "Flannel"},
	{"cni0", "Flannel, or another bridge"},
	{"weave", "Weave"},
	{"vethwe*", "Weave"},
	{"kube-bridge", "kube-router"},
	{"antrea-*", "Antrea"},
	{"ovn-k8s-*", "OVN-Kubernetes"},
	{"eni[0-9a-f]*", "the AWS CNI"},
	{"kube-ipvs0", "kube-proxy in IPVS mode"},
};

static const char *const pins[] = {
	"/sys/fs/bpf/cilium",
	"/sys/fs/bpf/tc/globals/cilium_*",
	"/sys/fs/bpf/tc/globals/cali_*",
	"/sys/fs/bpf/calico",
};

struct seen {
	struct doctor *d;
	int n;
};

static int see_device(const struct link_info *l, void *arg)
{
	struct seen *s = arg;

	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		char advice[128];

		if (fnmatch(devices[i].pattern, l->name, 0))
			continue;
		if (s->n++ >= NAMED_MAX)
			break;
		snprintf(advice, sizeof(advice),
			 "If nothing uses it any more: ip link del %s. A "
			 "reboot takes all of it away.",
			 l->name);
		doctor_say(s->d, DOCTOR_WARNING, advice,
			   "the device %s is of %s", l->name, devices[i].who);
		break;
	}
	return 0;
}

static void see_pins(struct seen *s)
{
	for (size_t i = 0; i < sizeof(pins) / sizeof(pins[0]); i++) {
		glob_t found = {0};

		if (!glob(pins[i], 0, NULL, &found) && found.gl_pathc &&
		    s->n++ < NAMED_MAX)
			doctor_say(s->d, DOCTOR_WARNING,
				   "Programs of theirs may still be attached. "
				   "If that network is gone, remove the pins, "
				   "or reboot.",
				   "another network has pins: %.150s",
				   found.gl_pathv[0]);
		globfree(&found);
	}
}

void doctor_others(struct doctor *d)
{
	struct seen s = {.d = d};
	struct err e = {0};

	if (!d->links || link_each(d->links, see_device, &s, &e)) {
		doctor_say(d, DOCTOR_UNKNOWN, "", "devices: %.300s", e.msg);
		return;
	}
	see_pins(&s);
	if (s.n > NAMED_MAX)
		doctor_say(d, DOCTOR_WARNING, "`ip link` lists the devices.",
			   "%d more things of other networks", s.n - NAMED_MAX);
	if (!s.n)
		doctor_say(d, DOCTOR_OK, "",
			   "no other network has left devices or pins");
}
