/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "../lib/cleanup.h"
#include "../lib/json.h"
#include "ctl.h"
#include "doc.h"
#include "endpoint.h"
#include "format.h"

static const struct column columns[] = {
	{"ENDPOINT", NUMBER, 0, 0, false},
	{"POD", TEXT, 0, 14, true},
	{"ADDRESSES", TEXT, 0, 0, false},
	{"STATE", TEXT, 0, 0, false},
	{"DEVICE", TEXT, 1, 0, false},
	{"MAC", TEXT, DROP_EARLY + 1, 0, false},
	{"MTU", NUMBER, DROP_EARLY + 2, 0, false},
	{"IDENTITY", TEXT, DROP_EARLY + 3, 0, false},
	{"CONTAINER", TEXT, DROP_EARLY + 4, 12, false},
};

static void add_row(struct table *t, const struct endpoint_view *v)
{
	char addrs[ENDPOINT_ADDRS_LEN], label[POD_LABEL_LEN], mac[MAC_STRLEN];
	char faults[ENDPOINT_FAULTS_LEN], identity[FORMAT_LEN];

	if (v->ifindex)
		table_cell(t, PLAIN, "%u", v->ifindex);
	else
		table_cell(t, PLAIN, "-");
	table_cell(t, PLAIN, "%s", pod_label(v->record, label));
	table_cell(t, PLAIN, "%s", endpoint_addrs(v, addrs));
	table_cell(t,
		   !v->faults			      ? GOOD
		   : v->faults == ENDPOINT_IS_PENDING ? WARN
						      : BAD,
		   "%s", endpoint_faults(v->faults, faults));
	table_cell(t, PLAIN, "%s", v->device);
	table_cell(t, PLAIN, "%s", mac_format(v->mac, mac));
	table_cell(t, PLAIN, "%u", v->mtu);
	table_cell(t, PLAIN, "%s", format_identity(v->identity, identity));
	table_cell(t, PLAIN, "%s", v->record ? v->record->container_id : "");
}

static void add_doc(cJSON *list, const struct endpoint_view *v)
{
	cJSON *doc = doc_object(), *addrs = doc_array(), *faults = doc_array();
	char mac[MAC_STRLEN], identity[FORMAT_LEN];

	doc_u64(doc, "endpoint", v->ifindex);
	if (v->record) {
		doc_text(doc, "podNamespace", v->record->pod_namespace);
		doc_text(doc, "podName", v->record->pod_name);
		doc_text(doc, "containerID", v->record->container_id);
		doc_text(doc, "ifname", v->record->ifname);
		doc_text(doc, "netns", v->record->netns);
	}
	for (int i = 0; i < v->n_addrs; i++)
		doc_addr(addrs, NULL, &v->addrs[i]);
	doc_add(doc, "addresses", addrs);
	doc_text(doc, "device", v->device);
	doc_text(doc, "mac", mac_format(v->mac, mac));
	doc_u64(doc, "mtu", v->mtu);
	doc_text(doc, "identity", format_identity(v->identity, identity));
	doc_u64(doc, "policyID", v->policy_id);
	doc_bool(doc, "ok", !v->faults);
	for (unsigned int bit = 0; bit < ENDPOINT_FAULTS_MAX; bit++)
		if (v->faults & 1U << bit)
			doc_text(faults, NULL, endpoint_fault_name(bit));
	doc_add(doc, "faults", faults);
	doc_add(list, NULL, doc);
}

static void print_json(const struct endpoints *eps)
{
	__cleanup(doc_free) cJSON *doc = doc_object();
	cJSON *list = doc_array();

	for (size_t i = 0; i < eps->n; i++)
		add_doc(list, &eps->list[i]);
	doc_add(doc, "endpoints", list);
	doc_u64(doc, "unreadableFiles", eps->pods.n_bad);
	doc_print(doc, stdout);
}

static void print_table(const struct ctl *c, const struct endpoints *eps)
{
	__cleanup(table_free) struct table *t =
		table_new(columns, sizeof(columns) / sizeof(columns[0]));

	for (size_t i = 0; i < eps->n; i++)
		add_row(t, &eps->list[i]);
	if (eps->n || !c->terminal)
		table_print(t, &c->look, stdout);
	else
		puts("no pods on this node");
	if (eps->pods.n_bad)
		ctl_note("%d files in %s/endpoints cannot be read",
			 eps->pods.n_bad, c->state_dir);
}

static int endpoints_run(const struct ctl *c, int argc, char **argv,
			 struct err *e)
{
	__cleanup(endpoint_list_free) struct endpoints eps = {0};
	int rc = endpoint_list_read(c, &eps, e);

	(void)argc;
	(void)argv;
	if (rc)
		return rc;
	if (c->json)
		print_json(&eps);
	else
		print_table(c, &eps);
	return EXIT_FINE;
}

const struct command cmd_endpoints = {
	.name = "endpoints",
	.args = "",
	.summary = "the pods of this node, and whether each is connected",
	.about = "A pod is in the plugin's files (its name), in the map (its "
		 "packets are forwarded) and behind a device with our "
		 "programs. STATE is `ok` where the three agree, else:\n"
		 "  pending     the agent has not seen it yet; is it alive?\n"
		 "  detached    our programs are not on its device: nothing "
		 "passes;\n"
		 "              the agent attaches them again\n"
		 "  no-device   its device is gone: the container died "
		 "without a DEL\n"
		 "  not-in-map  an address of it is missing from "
		 "fl_endpoints: unreachable;\n"
		 "              the agent puts it back\n"
		 "  no-record   in the map, but no file of the plugin: left "
		 "over\n"
		 "The number of an endpoint is the ifindex of its device, as "
		 "in `ip link`.\n",
	.examples = "  fairlead endpoints\n"
		    "  fairlead endpoints --json | jq '.endpoints[] | "
		    "select(.ok | not)'\n",
	.run = endpoints_run,
};
