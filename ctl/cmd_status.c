/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "doc.h"
#include "format.h"
#include "reason.h"
#include "status.h"

#define LABEL_WIDTH 10

static void line(const struct ctl *c, const char *label, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void line(const struct ctl *c, const char *label, const char *fmt, ...)
{
	char raw[1024], clean[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	format_clean(raw, clean, sizeof(clean));
	printf("%s%-*s%s  ", style_on(&c->look, FAINT), LABEL_WIDTH, label,
	       style_off(&c->look, FAINT));
	text_wrap_from(clean, LABEL_WIDTH + 2, c->look.width, stdout);
}

/* ---- the verdict ----------------------------------------------------- */

static void print_headline(const struct ctl *c, const struct status *s,
			   const struct findings *f)
{
	const char *name = s->node_error ? "this node" : s->node.name;
	int warnings = f->n > f->problems ? f->n - f->problems : 0;
	enum style style = f->problems ? BAD : warnings ? WARN : GOOD;

	printf("%s%s: ", style_on(&c->look, style), name);
	if (!f->problems)
		fputs("fine", stdout);
	else
		printf("NOT FINE, %d problem%s", f->problems,
		       f->problems == 1 ? "" : "s");
	if (warnings)
		printf(", %d warning%s", warnings, warnings == 1 ? "" : "s");
	printf("%s\n", style_off(&c->look, style));
}

static void print_findings(const struct ctl *c, const struct findings *f)
{
	char clean[sizeof(f->list[0].text)];

	for (int i = 0; i < f->n; i++) {
		const struct finding *one = &f->list[i];

		format_clean(one->text, clean, sizeof(clean));
		printf("  %s%-7s%s  ", style_on(&c->look, one->level),
		       one->level == BAD ? "problem" : "warning",
		       style_off(&c->look, one->level));
		text_wrap_from(clean, 11, c->look.width, stdout);
		text_wrap(one->advice, 11, c->look.width, stdout);
	}
}

/* ---- the lines ------------------------------------------------------- */

static void print_datapath(const struct ctl *c, const struct status *s)
{
	int running = 0, devices = s->n_tcx + s->n_clsact;
	char how[40] = "";

	for (int h = 0; h < FL_HOOK_MAX; h++)
		running += s->hooks[h];
	if (s->n_tcx && s->n_clsact)
		snprintf(how, sizeof(how), " (%d TCX, %d clsact)", s->n_tcx,
			 s->n_clsact);
	else if (devices)
		snprintf(how, sizeof(how), " (%s)",
			 s->n_tcx ? "TCX" : "clsact");
	line(c, "datapath", "loaded, %s, %d of %d programs, on %d devices%s",
	     s->config.overlay_ifindex ? "overlay" : "native", running,
	     FL_HOOK_MAX, devices, how);
	if (*s->running)
		line(c, "build", "%s", s->running);
}

static void print_node(const struct ctl *c, const struct status *s)
{
	char text[STATE_CIDRS_MAX * PREFIX_STRLEN] = "";
	char *at = text;

	if (s->node_error)
		return;
	for (int i = 0; i < s->node.n_pod_cidrs; i++) {
		*at++ = ' ';
		prefix_format(&s->node.pod_cidrs[i], at);
		at += strlen(at);
	}
	line(c, "node", "pod ranges%s, MTU %u", text, s->node.mtu);
}

static const char *condition(const struct device_state *d)
{
	return !d->exists			      ? "missing"
	       : !d->up				      ? "down"
	       : d->expected_attached && !d->attached ? "detached"
						      : "ok";
}

static void print_devices(const struct ctl *c, const struct status *s)
{
	static const char *const labels[] = {
		[ATTACH_POD] = "host",
		[ATTACH_OVERLAY] = "overlay",
		[ATTACH_UPLINK] = "uplink",
	};

	for (int i = 0; i < s->n_devices; i++) {
		const struct device_state *d = &s->devices[i];
		char v4[ADDR_STRLEN] = "", v6[ADDR_STRLEN] = "";
		bool has_v4 = !addr_is_zero(&d->uplink.v4);
		bool has_v6 = !addr_is_zero(&d->uplink.v6);

		if (has_v4)
			addr_format(&d->uplink.v4, v4);
		if (has_v6)
			addr_format(&d->uplink.v6, v6);
		line(c, labels[d->role], "%s %s%s%s%s%s", d->name, condition(d),
		     has_v4 || has_v6 ? ", masquerades as " : "", v4,
		     has_v4 && has_v6 ? " " : "", v6);
	}
}

static void print_endpoints(const struct ctl *c, const struct status *s)
{
	size_t broken = status_endpoints(s, ~ENDPOINT_IS_PENDING);
	size_t pending = status_endpoints(s, ENDPOINT_IS_PENDING);
	size_t nodes = routes_other_nodes(&s->routes);
	if (!s->endpoints.n)
		line(c, "endpoints", "none");
	else if (!broken && !pending)
		line(c, "endpoints", "%zu, all connected", s->endpoints.n);
	else
		line(c, "endpoints", "%zu: %zu in trouble, %zu pending",
		     s->endpoints.n, broken, pending);
	line(c, "routes", "%zu prefixes, %zu other node%s", s->routes.n, nodes,
	     nodes == 1 ? "" : "s");
}

static void print_policies(const struct ctl *c, const struct status *s)
{
	size_t invalid = status_invalid(s), n = s->rules.n_policies;
	char bad[40] = "";

	if (invalid)
		snprintf(bad, sizeof(bad), " (%zu invalid)", invalid);
	if (!s->rules.known)
		line(c, "policies",
		     "unknown, there is no policy.json; %zu pods "
		     "are governed",
		     status_governed(s));
	else
		line(c, "policies", "%zu%s, %zu pod%s of this node governed", n,
		     bad, status_governed(s),
		     status_governed(s) == 1 ? "" : "s");
	line(c, "new pods", "%s until the agent has seen them",
	     ctl_config_flags(&s->config) & FL_CONFIG_PENDING_DENY
		     ? "closed to all but this node"
		     : "open");
}

static void print_flows(const struct ctl *c, const struct status *s)
{
	const struct map_usage *flows = status_map(s, FL_MAP_FLOWS);
	char fill[FORMAT_LEN], bytes[FORMAT_LEN];

	if (flows)
		line(c, "flows", "%u entries of %u (%s)", flows->entries,
		     flows->max_entries,
		     format_percent(flows->entries, flows->max_entries, fill));
	line(c, "memory", "%s in the kernel for all maps",
	     format_bytes(status_map_bytes(s), true, bytes));
}

static void print_drops(const struct ctl *c, const struct status *s)
{
	static struct drop_view drops[DROPS_MAX];
	size_t n = drops_compare(&s->before, &s->now, drops);
	__u64 packets = 0;
	double rate = 0;
	char buf[FORMAT_LEN];

	for (size_t i = 0; i < n; i++) {
		packets += drops[i].packets;
		rate += drops[i].per_second;
	}
	if (!n)
		line(c, "drops", "none");
	else if (rate > 0)
		line(c, "drops", "%s a second now, mostly %s; %llu in all",
		     format_rate(rate, false, buf),
		     reason_name(drops[0].reason), (unsigned long long)packets);
	else
		line(c, "drops", "none now; %llu in all, mostly %s",
		     (unsigned long long)packets, reason_name(drops[0].reason));
}

static void print_agent(const struct ctl *c, const struct status *s)
{
	char text[512];

	switch (s->agent) {
	case AGENT_ANSWERS:
		agent_line(s->answer, text, sizeof(text));
		line(c, "agent", "%s", text);
		if (!agent_server_line(s->answer, text, sizeof(text)))
			break;
		line(c, "source", "%s", text);
		agent_objects_line(s->answer, text, sizeof(text));
		line(c, "", "%s", text);
		break;
	case AGENT_ABSENT:
		line(c, "agent", "not running");
		break;
	default:
		line(c, "agent", "%s", s->agent_why);
	}
}

static void print_screen(const struct ctl *c, const struct status *s,
			 const struct findings *f)
{
	print_headline(c, s, f);
	print_findings(c, f);
	putchar('\n');
	print_node(c, s);
	print_agent(c, s);
	if (!s->loaded)
		return;
	print_datapath(c, s);
	print_devices(c, s);
	print_endpoints(c, s);
	print_policies(c, s);
	print_flows(c, s);
	print_drops(c, s);
}

/* ---- JSON ------------------------------------------------------------ */

static void add_findings(cJSON *doc, const struct findings *f)
{
	cJSON *list = doc_array(), *one;

	for (int i = 0; i < f->n; i++) {
		one = doc_object();
		doc_text(one, "severity",
			 f->list[i].level == BAD ? "problem" : "warning");
		doc_text(one, "text", f->list[i].text);
		doc_text(one, "advice", f->list[i].advice);
		doc_add(list, NULL, one);
	}
	doc_add(doc, "findings", list);
}

static void add_devices(cJSON *doc, const struct status *s)
{
	static const char *const roles[] = {
		[ATTACH_POD] = "host",
		[ATTACH_OVERLAY] = "overlay",
		[ATTACH_UPLINK] = "uplink",
	};
	cJSON *list = doc_array(), *one;

	for (int i = 0; i < s->n_devices; i++) {
		const struct device_state *d = &s->devices[i];

		one = doc_object();
		doc_text(one, "device", d->name);
		doc_u64(one, "ifindex", d->ifindex);
		doc_text(one, "role", roles[d->role]);
		doc_text(one, "state", condition(d));
		doc_add(list, NULL, one);
	}
	doc_add(doc, "devices", list);
}

static void add_accounts(cJSON *doc, const struct status *s)
{
	char name[FLOW_ACCOUNT_LEN];
	cJSON *list = doc_array();

	for (int i = 0; i < s->accounts.n; i++) {
		const struct flow_account *a = &s->accounts.list[i];
		cJSON *one = doc_object();

		doc_text(one, "who", flow_account_name(a, &s->endpoints, name));
		doc_u64(one, "connections", a->connections);
		doc_bool(one, "crowded", a->crowded);
		doc_add(list, NULL, one);
	}
	doc_add(doc, "flowAccounts", list);
	doc_u64(doc, "flowConnectionsMax", s->accounts.size);
}

static void add_loaded(cJSON *doc, const struct status *s)
{
	const struct map_usage *flows = status_map(s, FL_MAP_FLOWS);
	static struct drop_view drops[DROPS_MAX];
	size_t n = drops_compare(&s->before, &s->now, drops);
	__u64 packets = 0;
	double rate = 0;

	for (size_t i = 0; i < n; i++) {
		packets += drops[i].packets;
		rate += drops[i].per_second;
	}
	doc_text(doc, "build", s->running);
	doc_text(doc, "mode", s->config.overlay_ifindex ? "overlay" : "native");
	doc_u64(doc, "epoch", s->config.epoch);
	add_devices(doc, s);
	doc_u64(doc, "endpoints", s->endpoints.n);
	doc_u64(doc, "endpointsInTrouble",
		status_endpoints(s, ~ENDPOINT_IS_PENDING));
	doc_u64(doc, "endpointsPending",
		status_endpoints(s, ENDPOINT_IS_PENDING));
	doc_u64(doc, "prefixes", s->routes.n);
	doc_u64(doc, "otherNodes", routes_other_nodes(&s->routes));
	if (s->rules.known) {
		doc_u64(doc, "policies", s->rules.n_policies);
		doc_u64(doc, "policiesInvalid", status_invalid(s));
	}
	doc_u64(doc, "podsGoverned", status_governed(s));
	doc_text(doc, "pendingPods",
		 ctl_config_flags(&s->config) & FL_CONFIG_PENDING_DENY
			 ? "deny"
			 : "allow");
	doc_bool(doc, "audit", ctl_config_flags(&s->config) & FL_CONFIG_AUDIT);
	doc_u64(doc, "flowEntries", flows ? flows->entries : 0);
	doc_u64(doc, "flowEntriesMax", flows ? flows->max_entries : 0);
	add_accounts(doc, s);
	doc_u64(doc, "mapBytes", status_map_bytes(s));
	doc_u64(doc, "drops", packets);
	doc_number(doc, "dropsPerSecond", rate);
}

static void print_json(const struct status *s, const struct findings *f)
{
	static const char *const agents[] = {"absent", "silent", "error",
					     "answers"};
	__cleanup(doc_free) cJSON *doc = doc_object();

	if (!s->node_error)
		doc_text(doc, "node", s->node.name);
	doc_bool(doc, "fine", !f->problems);
	doc_bool(doc, "loaded", s->loaded);
	add_findings(doc, f);
	doc_text(doc, "bpfRoot", s->bpf_root);
	doc_text(doc, "stateDir", s->state_dir);
	doc_text(doc, "agent", agents[s->agent]);
	if (s->answer)
		doc_add(doc, "agentStatus", cJSON_Duplicate(s->answer, 1));
	if (s->loaded)
		add_loaded(doc, s);
	doc_print(doc, stdout);
}

static int status_run(const struct ctl *c, int argc, char **argv, struct err *e)
{
	static struct status s;
	struct findings f;
	int rc = status_read(c, &s, e);

	(void)argc;
	(void)argv;
	if (!rc) {
		status_judge(&s, &f);
		if (c->json)
			print_json(&s, &f);
		else
			print_screen(c, &s, &f);
		rc = !s.loaded	  ? EXIT_NOT_LOADED
		     : f.problems ? EXIT_TROUBLE
				  : EXIT_FINE;
	}
	status_free(&s);
	return rc;
}

const struct command cmd_status = {
	.name = "status",
	.args = "",
	.summary = "is this node fine, and if not, why",
	.about = "One screen: first the verdict and each problem with what to "
		 "do about it, then what was found. A problem is what traffic "
		 "or its changes suffer from, a warning what may become one. "
		 "Files, maps, devices and the agent (for 300 ms at most) are "
		 "asked. Exit code: 0 fine, 3 not loaded, 4 loaded with "
		 "problems.\n",
	.examples =
		"  fairlead status\n"
		"  fairlead status --json | jq -r '.findings[].text'\n"
		"  fairlead --state-dir /run/node-b status   # another node here\n",
	.run = status_run,
};
