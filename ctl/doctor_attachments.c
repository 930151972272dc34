/* SPDX-License-Identifier: Apache-2.0 */
/* Are devices there and our programs on them, and whose else? */
#include "doctor.h"

#include <stdio.h>
#include <string.h>

/* How those that we know call their programs. */
static const struct {
	const char *prefix, *who;
} known[] = {
	{"cil_", "Cilium"},
	{"tail_", "Cilium"},
	{"from-netdev", "Cilium"},
	{"to-netdev", "Cilium"},
	{"bpf_lxc", "Cilium"},
	{"bpf_host", "Cilium"},
	{"bpf_overlay", "Cilium"},
	{"cali_tc", "Calico"},
	{"calico_", "Calico"},
	{"cali-", "Calico"},
	{"aws_", "the AWS CNI"},
	{"handle_ingress", "the AWS CNI"},
	{"kube_router", "kube-router"},
};

static const char *whose(const char *name)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strncmp(name, known[i].prefix, strlen(known[i].prefix)))
			return known[i].who;
	return NULL;
}

struct seen {
	struct doctor *d;
	const char *device;
	int foreign; /* of nobody that we know */
};

static int see(const struct attach_other *o, void *arg)
{
	struct seen *s = arg;
	const char *who = whose(o->name);
	char advice[256];

	if (!who) {
		s->foreign++;
		return 0;
	}
	if (!strcmp(o->how, "xdp"))
		snprintf(advice, sizeof(advice),
			 "Take it off: ip link set dev %s xdp off.", s->device);
	else if (!strcmp(o->how, "tc"))
		snprintf(advice, sizeof(advice),
			 "It decides before or after us. Find it: tc filter "
			 "show dev %s %s; take it off: tc filter del dev %s "
			 "%s pref N.",
			 s->device, o->is_egress ? "egress" : "ingress",
			 s->device, o->is_egress ? "egress" : "ingress");
	else
		snprintf(advice, sizeof(advice),
			 "bpftool net show dev %s has it; it goes with its "
			 "pin below /sys/fs/bpf, or with a reboot.",
			 s->device);
	doctor_say(s->d, DOCTOR_WRONG, advice,
		   "%s's program %.40s is still on %s (%s %s)", who, o->name,
		   s->device, o->how, o->is_egress ? "egress" : "ingress");
	return 0;
}

static void look_at(struct doctor *d, unsigned int ifindex, const char *device,
		    int *foreign)
{
	struct seen s = {.d = d, .device = device};
	struct err e = {0};

	if (attach_others(ifindex, see, &s, &e))
		doctor_say(d, DOCTOR_UNKNOWN, "", "%.300s", e.msg);
	*foreign += s.foreign;
}

void doctor_attachments(struct doctor *d)
{
	const struct status *s = &d->status;
	struct findings f = {0};
	size_t before = d->n;
	int foreign = 0;
	char more[80] = "";

	if (!doctor_needs_loaded(d))
		return;
	judge_devices(s, &f);
	doctor_findings(d, &f);
	for (int i = 0; i < s->n_devices; i++)
		if (s->devices[i].exists)
			look_at(d, s->devices[i].ifindex, s->devices[i].name,
				&foreign);
	for (size_t i = 0; i < s->endpoints.n; i++)
		look_at(d, s->endpoints.list[i].ifindex,
			s->endpoints.list[i].device, &foreign);
	if (foreign)
		snprintf(more, sizeof(more),
			 "; %d program%s or filters of others beside them",
			 foreign, foreign == 1 ? "" : "s");
	if (d->n == before)
		doctor_say(
			d, DOCTOR_OK, "",
			"our programs are on %d devices, %d of them by TCX%s",
			s->n_tcx + s->n_clsact, s->n_tcx, more);
}
