/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "../lib/cleanup.h"
#include "doc.h"
#include "trace.h"

static struct trace_request request;

#define AT(field) offsetof(struct trace_request, field)

static const struct option options[] = {
	{"from", 0, "POD", set_text, AT(from),
	 "NS/NAME or address of a pod of this node, or host"},
	{"to", 0, "POD", set_text, AT(to),
	 "a pod of any node, any address, or host"},
	{"port", 'p', "N/PROTO", set_target, AT(target),
	 "80/tcp (or 80), 53/udp, 9/sctp; or icmp"},
	{"ipv6", '6', NULL, set_flag, AT(ipv6),
	 "by IPv6, where a pod has both"},
	{0},
};

static int trace_command(const struct ctl *c, int argc, char **argv,
			 struct err *e)
{
	__cleanup(trace_free) struct trace t = {0};
	int rc;

	(void)argc;
	(void)argv;
	if (!request.from || !request.to || !request.target.given) {
		err_set(e, EINVAL, "needs --from, --to and --port");
		return EXIT_USAGE;
	}
	rc = trace_run(c, &request, &t, e);
	if (rc)
		return rc;
	if (c->json) {
		__cleanup(doc_free) cJSON *doc = trace_doc(&t);

		doc_print(doc, stdout);
	} else {
		trace_print(&t, c);
	}
	return trace_passes(&t) ? EXIT_FINE : EXIT_DROPPED;
}

const struct command cmd_trace = {
	.name = "trace",
	.args = "--from POD --to POD|ADDRESS --port N/PROTO",
	.summary = "what would become of a packet, and which rules decide",
	.about =
		"Shows the first packet of a connection to the programs in the "
		"kernel, which say what they would do and do nothing: nothing "
		"is sent, entered or counted. It tells whether the packet "
		"passes, the rule of the sender's egress and of a local "
		"receiver's ingress, how it would be rewritten and where it "
		"would leave; or why it is dropped, and whose policy and which "
		"rule did that, or that no rule allowed it.\n"
		"\n"
		"The sender is a pod of this node, or `host`, this node "
		"itself. Whether a pod of another node may receive it is "
		"decided there: ask both nodes, or the sender's for the way "
		"and `fairlead policy POD` on the receiver's. Exit code: 0 it "
		"passes, 5 it would be dropped.\n",
	.examples =
		"  fairlead trace --from default/web-0 --to default/db-0 -p "
		"5432/tcp\n"
		"  fairlead trace --from default/web-0 --to 8.8.8.8 -p 53/udp\n"
		"  fairlead trace --from host --to default/web-0 -p icmp\n",
	.options = options,
	.values = &request,
	.run = trace_command,
};
