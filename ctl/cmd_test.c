/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "../lib/link.h"
#include "doc.h"
#include "format.h"
#include "matrix.h"
#include "stop.h"
#include "testpod.h"

#define PORT_DEFAULT 7077

enum { PODS = 2 };

static struct test_options {
	const char *peer, *world, *cni_bin;
	unsigned int port;
	bool serve;
	double seconds;
} options = {.cni_bin = "/opt/cni/bin", .port = PORT_DEFAULT};

struct test {
	const struct ctl *ctl;
	struct node_facts node;
	struct testpod pods[PODS];
	int n_pods;
	pid_t echo;
	struct matrix matrix;
	char plugin[400];
};

/* ---- making and removing ---------------------------------------------- */

static int begin(struct test *t, int n, struct err *e)
{
	int left = 0, rc;

	snprintf(t->plugin, sizeof(t->plugin), "%s/fairlead-cni",
		 options.cni_bin);
	if (geteuid())
		return err_set(e, EPERM,
			       "making pods needs root: run it with "
			       "sudo");
	rc = node_facts_read(t->ctl->state_dir, &t->node, e);
	if (rc)
		return rc;
	rc = testpods_sweep(t->ctl->state_dir, t->plugin, &left, e);
	if (rc)
		return err_wrap(e, "removing what an earlier run has left");
	if (left)
		ctl_note("%d pod%s of a run that was killed %s removed", left,
			 left == 1 ? "" : "s", left == 1 ? "was" : "were");
	for (; t->n_pods < n && !stopped; t->n_pods++) {
		rc = testpod_start(&t->pods[t->n_pods], t->ctl->state_dir,
				   t->plugin, 'a' + t->n_pods, options.port, e);
		if (rc)
			return rc;
	}
	return stopped ? err_set(e, EINTR, "interrupted") : 0;
}

static int end(struct test *t, struct err *e)
{
	int rc = 0;

	if (t->echo > 0) {
		kill(t->echo, SIGKILL);
		while (waitpid(t->echo, NULL, 0) < 0 && errno == EINTR)
			;
	}
	for (int i = 0; i < t->n_pods; i++) {
		int r = testpod_stop(&t->pods[i], e);

		rc = rc ? rc : r;
	}
	testpods_end(t->ctl->state_dir);
	return rc;
}

/* ---- policy ------------------------------------------------------------ */

enum closed { OPEN, CLOSED, GOVERNED };

/* Our pods are no Pods of the cluster: no policy selects them, so that they
 * are open, or pending where there are policies. */
static enum closed closed_by(const struct test *t, int pod)
{
	struct endpoints eps = {0};
	const struct endpoint_view *v = NULL;
	struct fl_config config;
	enum closed how = OPEN;
	struct err e = {0};

	if (ctl_config_read(t->ctl, &config, &e) ||
	    endpoint_list_read(t->ctl, &eps, &e))
		return OPEN;
	v = endpoint_by_ifindex(&eps, t->pods[pod].record.ifindex);
	if (v && v->flags & FL_ENDPOINT_PENDING &&
	    ctl_config_flags(&config) & FL_CONFIG_PENDING_DENY &&
	    !(ctl_config_flags(&config) & FL_CONFIG_AUDIT))
		how = CLOSED;
	else if (v && v->flags & (FL_ENDPOINT_INGRESS | FL_ENDPOINT_EGRESS))
		how = GOVERNED;
	endpoint_list_free(&eps);
	return how;
}

/* What closed pods cannot do: anything but talk to their node. */
static void mark_closed(struct test *t)
{
	for (int i = 0; i < t->matrix.n_rows; i++)
		t->matrix.rows[i].closed =
			strcmp(t->matrix.rows[i].from, "this node") &&
			strcmp(t->matrix.rows[i].to, "this node");
}

static const char closed_text[] =
	"This cluster has policies, and the test's pods are no Pods that the "
	"agent knows: they are pending and hear their own node only. What is "
	"\"closed\" says nothing about the network. Try with a pod of your "
	"own, or `fairlead trace`.";
static const char governed_text[] =
	"Policies govern the test's pods: what failed may have been denied. "
	"`fairlead drops` and `fairlead monitor` tell.";

/* ---- the matrix ------------------------------------------------------- */

/* Where a pod reaches this node: its address among pods, and the others. */
static const struct fl_addr *node_addr(const struct test *t, int family)
{
	for (int i = 0; i < t->node.n_host_addrs; i++)
		if (addr_is_v4(&t->node.host_addrs[i]) == (family == AF_INET))
			return &t->node.host_addrs[i];
	return NULL;
}

static void add_near(struct test *t)
{
	static const int families[] = {AF_INET, AF_INET6};
	struct matrix *m = &t->matrix;
	int a = t->pods[0].netns;

	for (int f = 0; f < 2; f++)
		matrix_add(m, "pod a", a, "pod b",
			   testpod_addr(&t->pods[1], families[f]), true);
	for (int f = 0; f < 2; f++)
		matrix_add(m, "pod a", a, "this node",
			   node_addr(t, families[f]), true);
	for (int f = 0; f < 2; f++)
		matrix_add(m, "this node", -1, "pod a",
			   testpod_addr(&t->pods[0], families[f]), true);
}

static int add_far(struct test *t, struct err *e)
{
	__cleanup(link_close) struct link_ctx *links = NULL;
	struct matrix *m = &t->matrix;
	struct routes routes = {0};
	int a = t->pods[0].netns, rc = 0;

	if (options.peer)
		rc = matrix_add_list(m, "pod a", a, "peer", options.peer, true,
				     e);
	if (!rc && options.peer)
		rc = matrix_add_list(m, "this node", -1, "peer", options.peer,
				     true, e);
	if (!rc && options.world)
		rc = matrix_add_list(m, "pod a", a, "world", options.world,
				     false, e);
	if (rc)
		return rc;
	rc = routes_read(t->ctl, &routes, e);
	if (!rc)
		matrix_add_nodes(m, "pod a", a, &routes);
	routes_free(&routes);
	if (!rc && !options.world && !link_open(&links, e))
		matrix_add_gateways(m, "pod a", a, links);
	return rc;
}

static void show(struct test *t, enum closed closed)
{
	__cleanup(doc_free) cJSON *doc = NULL;

	if (!t->ctl->json) {
		matrix_print(&t->matrix, t->ctl);
		matrix_explain(&t->matrix, t->ctl);
		if (closed != OPEN)
			text_wrap(closed == CLOSED ? closed_text
						   : governed_text,
				  0, 78, stdout);
		return;
	}
	doc = doc_object();
	doc_text(doc, "node", t->node.name);
	doc_text(doc, "policy",
		 closed == CLOSED     ? "closed"
		 : closed == GOVERNED ? "governed"
				      : "open");
	doc_u64(doc, "tries", t->matrix.n_tries);
	doc_u64(doc, "failed", matrix_failures(&t->matrix));
	doc_add(doc, "matrix", matrix_doc(&t->matrix));
	doc_print(doc, stdout);
}

static int run_matrix(struct test *t, struct err *e)
{
	enum closed closed;
	int rc = begin(t, PODS, e);

	if (rc)
		return rc;
	t->matrix.port = options.port;
	t->matrix.mtu = t->pods[0].record.mtu;
	t->echo = echo_start(options.port, e);
	if (t->echo < 0)
		return t->echo;
	add_near(t);
	rc = add_far(t, e);
	if (rc)
		return rc;
	reach_all(t->matrix.tries, t->matrix.n_tries, &stopped);
	if (stopped)
		return err_set(e, EINTR, "interrupted");
	closed = closed_by(t, 0);
	if (closed == CLOSED)
		mark_closed(t);
	show(t, closed);
	return matrix_failures(&t->matrix) ? EXIT_TROUBLE : EXIT_FINE;
}

/* ---- the other end ----------------------------------------------------- */

static int serve(struct test *t, struct err *e)
{
	const struct timespec moment = {.tv_nsec = 100000000};
	double left = options.seconds > 0 ? options.seconds : 600;
	char text[ADDR_STRLEN], list[STATE_ADDRS_MAX * (ADDR_STRLEN + 1)] = "";
	int rc = begin(t, 1, e);

	if (rc)
		return rc;
	for (int i = 0; i < t->pods[0].record.n_addrs; i++) {
		if (i)
			strcat(list, ",");
		strcat(list, addr_format(&t->pods[0].record.addrs[i], text));
	}
	printf("a pod waits for %.0f seconds; on the other node:\n"
	       "  fairlead test --peer %s\n",
	       left, list);
	if (closed_by(t, 0) == CLOSED)
		text_wrap(closed_text, 0, 78, stdout);
	fflush(stdout);
	for (; left > 0 && !stopped; left -= 0.1)
		nanosleep(&moment, NULL);
	return EXIT_FINE;
}

static int test_run(const struct ctl *c, int argc, char **argv, struct err *e)
{
	static struct test t;
	struct err ending = {0};
	int rc, ended;

	(void)argc;
	(void)argv;
	t = (struct test){.ctl = c};
	stop_on_signals();
	signal(SIGPIPE, SIG_IGN);
	rc = options.serve ? serve(&t, e) : run_matrix(&t, e);
	ended = end(&t, &ending);
	if (rc < 0 || !ended)
		/* "nothing is loaded" is said of maps, not of node.json. */
		return rc == -ENOENT && !t.n_pods ? rc : rc < 0 ? -EIO : rc;
	*e = ending;
	return ended;
}

static const struct option option_table[] = {
	{"peer", 0, "LIST", set_text, offsetof(struct test_options, peer),
	 "addresses that `test --serve` says elsewhere"},
	{"serve", 0, NULL, set_flag, offsetof(struct test_options, serve),
	 "be the other end: start a pod and wait"},
	{"for", 0, "SECONDS", set_seconds,
	 offsetof(struct test_options, seconds), "so long (--serve: 600)"},
	{"world", 0, "LIST", set_text, offsetof(struct test_options, world),
	 "addresses to ping outside (default: gateways)"},
	{"port", 'p', "N", set_port, offsetof(struct test_options, port),
	 "of the test's servers (7077), at both ends"},
	{"cni-bin", 0, "DIR", set_text, offsetof(struct test_options, cni_bin),
	 "where the plugin is (/opt/cni/bin)"},
	{0},
};

const struct command cmd_test = {
	.name = "test",
	.args = "",
	.summary = "try who reaches whom, with pods of its own",
	.about = "Starts two pods through the plugin (network namespaces; no "
		 "image, no runtime), tries pod to pod, pod to node, node to "
		 "pod, pod to other nodes and to the world, by both families, "
		 "TCP, UDP, ICMP and packets of full size that may not be "
		 "fragmented, prints a table, and removes what it made: also "
		 "when it is interrupted; what a killed run has left goes with "
		 "the next.\n"
		 "\n"
		 "For pods of two nodes: `fairlead test --serve` on one, and "
		 "what it says on the other. Where the cluster has policies, "
		 "pods that it does not know are closed, and the test says so. "
		 "Exit code: 0 all went well, 4 something failed.\n",
	.examples =
		"  fairlead test\n"
		"  fairlead test --serve     # on one node, then on another:\n"
		"  fairlead test --peer 10.2.0.7,fd00:2::7\n"
		"  fairlead test --world 192.0.2.1,2001:db8::1\n",
	.options = option_table,
	.values = &options,
	.run = test_run,
};
