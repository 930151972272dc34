/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "reason.h"
#include "status.h"

/* So many endpoints in trouble are named one by one. */
#define NAMED_MAX 3

void finding_add(struct findings *out, enum style level, const char *advice,
		 const char *fmt, ...)
{
	struct finding *f = &out->list[out->n];
	va_list ap;

	out->problems += level == BAD;
	if (out->n == STATUS_FINDINGS_MAX)
		return;
	out->n++;
	f->level = level;
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	snprintf(f->advice, sizeof(f->advice), "%s", advice);
}

/* ---- sums ------------------------------------------------------------ */

size_t status_endpoints(const struct status *s, unsigned int faults)
{
	size_t n = 0;

	for (size_t i = 0; i < s->endpoints.n; i++)
		n += !!(s->endpoints.list[i].faults & faults);
	return n;
}

size_t status_governed(const struct status *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->endpoints.n; i++)
		n += !!(s->endpoints.list[i].flags &
			(FL_ENDPOINT_INGRESS | FL_ENDPOINT_EGRESS));
	return n;
}

size_t status_invalid(const struct status *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->rules.n_policies; i++)
		n += !s->rules.policies[i].valid;
	return n;
}

__u64 status_map_bytes(const struct status *s)
{
	__u64 bytes = 0;

	for (size_t i = 0; i < s->n_maps; i++)
		bytes += s->maps[i].bytes;
	return bytes;
}

const struct map_usage *status_map(const struct status *s, const char *name)
{
	for (size_t i = 0; i < s->n_maps; i++)
		if (!strcmp(s->maps[i].name, name))
			return &s->maps[i];
	return NULL;
}

/* ---- judgements, in order of weight ---------------------------------- */

void judge_loaded(const struct status *s, struct findings *out)
{
	if (!s->loaded)
		finding_add(
			out, BAD,
			"Start fairlead-agent or run `fairlead-loader load`. "
			"For another node: --state-dir, --bpf-root.",
			"the datapath is not loaded: nothing is pinned below "
			"%.150s",
			s->bpf_root);
}

void judge_hooks(const struct status *s, struct findings *out)
{
	for (unsigned int h = 0; h < FL_HOOK_MAX; h++)
		if (!s->hooks[h])
			finding_add(out, BAD,
				    "Load it again: `fairlead-loader load`.",
				    "no program runs at %s: %s", hook_name(h),
				    h >= FL_HOOK_FROM_UPLINK
					    ? "masquerading does not work"
					    : "all its packets are dropped");
}

static void judge_device(const struct device_state *d, struct findings *out)
{
	static const char *const roles[] = {
		[ATTACH_POD] = "host device",
		[ATTACH_OVERLAY] = "overlay device",
		[ATTACH_UPLINK] = "uplink",
	};
	const char *role = roles[d->role];

	if (!d->exists)
		finding_add(
			out, BAD,
			d->role == ATTACH_UPLINK
				? "It went, or has another number now; the "
				  "agent takes it up when it is back."
				: "The agent or `fairlead-loader load` makes "
				  "it again.",
			"there is no %s: no device has number %u", role,
			d->ifindex);
	else if (!d->up)
		finding_add(out, BAD,
			    "Who took it down? The agent heals its own.",
			    "%s %s is down", role, d->name);
	else if (d->expected_attached && !d->attached)
		finding_add(
			out, BAD,
			"The agent attaches them again, or `fairlead-loader "
			"attach DEV`. Who took them away?",
			"our programs are not on %s %s", role, d->name);
}

/* Neither of the devices that we make: most likely we are elsewhere. */
bool status_is_elsewhere(const struct status *s)
{
	int made = 0, missing = 0;

	for (int i = 0; i < s->n_devices; i++)
		if (s->devices[i].role != ATTACH_UPLINK) {
			made++;
			missing += !s->devices[i].exists;
		}
	return made && missing == made;
}

static void judge_uplinks(const struct status *s, struct findings *out)
{
	int n = 0;

	for (int i = 0; i < s->n_devices; i++)
		n += s->devices[i].role == ATTACH_UPLINK;
	if (!n)
		finding_add(out, WARN,
			    "It needs a default route or a Node with an "
			    "InternalIP, or `uplinks` in the configuration.",
			    "no uplink: pods do not reach the world");
}

void judge_devices(const struct status *s, struct findings *out)
{
	if (status_is_elsewhere(s)) {
		finding_add(out, BAD,
			    "Is this its network namespace? Enter it with "
			    "`nsenter --net=...`. If it is: the agent or "
			    "`fairlead-loader load` makes them again.",
			    "the devices of this node are not here");
		return;
	}
	for (int i = 0; i < s->n_devices; i++)
		judge_device(&s->devices[i], out);
	judge_uplinks(s, out);
}

static void judge_endpoint(const struct endpoint_view *v, struct findings *out)
{
	char label[POD_LABEL_LEN], faults[ENDPOINT_FAULTS_LEN];

	pod_label(v->record, label);
	finding_add(out, BAD, "`fairlead help endpoints` says what that means.",
		    "endpoint %u%s%.150s is %s", v->ifindex, *label ? " " : "",
		    label,
		    endpoint_faults(v->faults & ~ENDPOINT_IS_PENDING, faults));
}

void judge_endpoints(const struct status *s, struct findings *out)
{
	const unsigned int broken = ~ENDPOINT_IS_PENDING;
	size_t n = status_endpoints(s, broken), named = 0;

	for (size_t i = 0; i < s->endpoints.n && named < NAMED_MAX; i++)
		if (s->endpoints.list[i].faults & broken) {
			judge_endpoint(&s->endpoints.list[i], out);
			named++;
		}
	if (n > named)
		finding_add(out, BAD, "`fairlead endpoints` lists them.",
			    "%zu more endpoints are in trouble", n - named);
	n = status_endpoints(s, ENDPOINT_IS_PENDING);
	if (n)
		finding_add(
			out, WARN,
			ctl_config_flags(&s->config) & FL_CONFIG_PENDING_DENY
				? "It sees them as soon as it runs; until "
				  "then they talk to this node only, because "
				  "policies exist."
				: "It sees them as soon as it runs; until "
				  "then no policy is applied to them.",
			"the agent has not seen %zu endpoint%s yet", n,
			n == 1 ? "" : "s");
	if (s->endpoints.pods.n_bad)
		finding_add(out, WARN, "Their pods appear without a name.",
			    "%d file%s in %.150s/endpoints cannot be read",
			    s->endpoints.pods.n_bad,
			    s->endpoints.pods.n_bad == 1 ? "" : "s",
			    s->state_dir);
}

void judge_policies(const struct status *s, struct findings *out)
{
	size_t n = status_invalid(s), named = 0;

	for (size_t i = 0; i < s->rules.n_policies && named < NAMED_MAX; i++) {
		const struct rulebook_policy *p = &s->rules.policies[i];

		if (p->valid)
			continue;
		finding_add(out, BAD,
			    "What it selects is closed in the directions that "
			    "it governs.",
			    "%s %.100s is invalid: %.120s", p->kind, p->name,
			    p->n_problems ? p->problems[0] : "unreadable");
		named++;
	}
	if (n > named)
		finding_add(out, BAD, "`fairlead policy` lists them.",
			    "%zu more policies are invalid", n - named);
	for (size_t i = 0, shown = 0;
	     i < s->rules.n_problems && shown < NAMED_MAX; i++) {
		/* The policy itself has said so. */
		if (strstr(s->rules.problems[i], " is invalid: "))
			continue;
		finding_add(out, WARN, "See `fairlead policy`.",
			    "policies: %.200s", s->rules.problems[i]);
		shown++;
	}
	if (s->loaded && ctl_config_flags(&s->config) & FL_CONFIG_AUDIT)
		finding_add(out, WARN,
			    "`policy-audit` is on; what would be dropped is "
			    "told by `fairlead monitor --type verdict`.",
			    "audit mode: no policy is enforced");
}

void judge_routes(const struct status *s, struct findings *out)
{
	for (size_t i = 0; i < s->routes.n; i++)
		if (s->routes.list[i].is_route)
			return;
	finding_add(
		out, BAD,
		"The agent writes them: is it alive, and has it a manifest of "
		"this node?",
		"no routes: pods reach neither each other nor other nodes");
}

void judge_maps(const struct status *s, struct findings *out)
{
	for (size_t i = 0; i < s->n_maps; i++)
		if (map_is_nearly_full(&s->maps[i]))
			finding_add(out, WARN, "See `fairlead map`.",
				    "%s is nearly full: %u of %u",
				    s->maps[i].name, s->maps[i].entries,
				    s->maps[i].max_entries);
}

/* No fault of the node's, but somebody will ask why. */
void judge_accounts(const struct status *s, struct findings *out)
{
	char name[FLOW_ACCOUNT_LEN];

	for (int i = 0; i < s->accounts.n; i++)
		if (s->accounts.list[i].crowded)
			finding_add(
				out, WARN,
				"What is beyond its share has no entry, and is "
				"dropped if it must be masqueraded "
				"(flow_share). See `fairlead flows`; flows-max "
				"makes the table larger.",
				"%.150s: %llu of the flow table's %u "
				"connections",
				flow_account_name(&s->accounts.list[i],
						  &s->endpoints, name),
				s->accounts.list[i].connections,
				s->accounts.size);
}

void judge_node(const struct status *s, struct findings *out)
{
	if (s->node_error == -ENOENT)
		finding_add(
			out, WARN,
			"Pods cannot be added before it is written. Or is it "
			"another --state-dir?",
			"there is no %.150s/node.json: the agent has not run "
			"yet",
			s->state_dir);
	else if (s->node_error)
		finding_add(out, BAD,
			    "Pods cannot be added. The agent writes it.",
			    "%.200s", s->node_why);
	else if (strcmp(s->node.bpf_root, s->bpf_root))
		finding_add(
			out, WARN,
			"One of --state-dir and --bpf-root is of another node.",
			"node.json is of the BPF root %.100s, not %.100s",
			s->node.bpf_root, s->bpf_root);
}

void judge_agent(const struct status *s, struct findings *out)
{
	const char *follow =
		s->loaded
			? "Traffic flows on and pods start, but changes "
			  "elsewhere in the cluster are not followed. See "
			  "its log."
			: "It loads the datapath when it starts. See its log.";

	if (s->agent == AGENT_ABSENT)
		finding_add(out, BAD, follow, "the agent is not running");
	else if (s->agent == AGENT_SILENT)
		finding_add(out, BAD, follow,
			    "the agent does not answer within 300 ms");
	else if (s->agent == AGENT_ODD)
		finding_add(out, BAD, follow, "%.200s", s->agent_why);
	else
		agent_judge(s->answer, &s->rules, out);
}

/* Problems before warnings, else as they were found. */
static void sort(struct findings *f)
{
	struct findings from = *f;
	int n = 0;

	for (int i = 0; i < from.n; i++)
		if (from.list[i].level == BAD)
			f->list[n++] = from.list[i];
	for (int i = 0; i < from.n; i++)
		if (from.list[i].level != BAD)
			f->list[n++] = from.list[i];
}

void status_judge(const struct status *s, struct findings *out)
{
	*out = (struct findings){0};
	judge_loaded(s, out);
	if (s->loaded) {
		judge_hooks(s, out);
		judge_routes(s, out);
		judge_maps(s, out);
		judge_accounts(s, out);
	}
	if (s->loaded)
		judge_devices(s, out);
	if (s->loaded && !status_is_elsewhere(s))
		judge_endpoints(s, out);
	judge_policies(s, out);
	judge_node(s, out);
	judge_agent(s, out);
	sort(out);
}
