/* SPDX-License-Identifier: Apache-2.0 */
#include "http.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "agent.h"
#include "memory.h"
#include "metrics.h"
#include "socket.h"

enum { HEADERS_MAX = 8192, IDLE_SECONDS = 10 };

struct http {
	struct evhttp *server;
	struct agent *agent;
};

/* ---- /metrics ------------------------------------------------------- */

static double resident_bytes(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long long pages = 0;

	if (!f)
		return 0;
	if (fscanf(f, "%*u %llu", &pages) != 1)
		pages = 0;
	fclose(f);
	return pages * (double)sysconf(_SC_PAGESIZE);
}

static void add_build(const struct agent *a, struct evbuffer *out)
{
	char labels[512], node[256];

	snprintf(labels, sizeof(labels),
		 "version=\"" FAIRLEAD_VERSION "\",node=\"%s\",mode=\"%s\"",
		 metrics_escape(a->config.node_name, node, sizeof(node)),
		 a->config.overlay ? "overlay" : "native");
	metrics_head(out, "build_info", "gauge", "Always 1");
	metrics_value(out, "build_info", labels, 1);
}

static void add_cluster(const struct agent *a, struct evbuffer *out)
{
	const struct model *m = agent_model(a);
	char labels[64];

	metrics_head(out, "objects", "gauge", "Objects of the cluster");
	for (int kind = 0; kind < OBJECT_KIND_MAX; kind++) {
		snprintf(labels, sizeof(labels), "kind=\"%s\"",
			 object_kind_name(kind));
		metrics_value(out, "objects", labels, m->n[kind]);
	}
	metrics_one(out, "objects_not_enforced", "gauge",
		    "Policies, services and the like that nobody enforces yet",
		    agent_later(a));
	metrics_one(out, "source_synced", "gauge",
		    "1: every source has delivered all that it has",
		    agent_is_synced(a));
	if (a->source && a->source->ops->metrics)
		a->source->ops->metrics(a->source, out);
	metrics_one(out, "endpoints", "gauge", "Pods of this node",
		    a->endpoints.n);
	metrics_one(out, "uplinks", "gauge", "Devices that lead out",
		    a->desired.uplink_list.n);
	metrics_one(out, "pod_mtu", "gauge", "MTU of pods",
		    a->desired.node.mtu);
}

static void add_policy(const struct agent *a, struct evbuffer *out)
{
	const struct policies *p = &a->policies;
	const struct policy_stats *s = &p->good.stats;

	metrics_one(out, "policies", "gauge", "Policies of the cluster", p->n);
	metrics_one(out, "policies_invalid", "gauge",
		    "Policies that are wrong: what they select is denied",
		    p->n_invalid);
	metrics_one(out, "policy_problems", "gauge",
		    "What is wrong with policies", p->n_problems);
	metrics_one(out, "policy_refused", "gauge",
		    "1: the policies have no room, older ones stay in force",
		    p->refused);
	metrics_one(out, "policy_entries", "gauge", "Verdicts in fl_policy",
		    a->found_policy.n);
	metrics_one(out, "selectors", "gauge",
		    "Distinct peers that policies name", s->selectors);
	metrics_one(out, "identities", "gauge",
		    "Sets of peers that policies tell apart", s->identities);
	metrics_one(out, "policy_ids", "gauge",
		    "Sets of policies that pods of this node have",
		    s->policy_ids);
	metrics_one(out, "policy_compile_seconds", "gauge",
		    "The last compilation of all policies", p->seconds);
	metrics_one(out, "policy_compile_max_seconds", "gauge",
		    "The longest one", p->max_seconds);
}

static void add_reconcile(const struct agent *a, struct evbuffer *out)
{
	const struct agent_stats *s = &a->stats;

	metrics_one(out, "ready", "gauge", "What /readyz says",
		    !agent_not_ready(a));
	metrics_one(out, "problems", "gauge", "What `fairlead status` lists",
		    a->problems.n);
	metrics_head(out, "reconcile_seconds", "summary",
		     "Passes and how long they took");
	metrics_value(out, "reconcile_seconds_sum", NULL, s->seconds);
	metrics_value(out, "reconcile_seconds_count", NULL, s->passes);
	metrics_one(out, "reconcile_max_seconds", "gauge", "The longest pass",
		    s->max_seconds);
	metrics_one(out, "reconcile_moves_total", "counter",
		    "Passes for changed pods of other nodes alone",
		    s->of_moves);
	metrics_one(out, "reconcile_errors_total", "counter",
		    "What could not be set up, and was tried again", s->errors);
	metrics_head(out, "map_changes_total", "counter",
		     "Map entries that a pass wrote or removed");
	metrics_value(out, "map_changes_total", "change=\"added\"", s->added);
	metrics_value(out, "map_changes_total", "change=\"changed\"",
		      s->changed);
	metrics_value(out, "map_changes_total", "change=\"removed\"",
		      s->removed);
	metrics_one(out, "epoch_raised_total", "counter",
		    "Times that cached decisions were declared old", s->raised);
}

static void add_reaper(const struct agent *a, struct evbuffer *out)
{
	const struct reaper_stats *s = reaper_stats(a->reaper);

	metrics_one(out, "reaper_rounds_total", "counter",
		    "Times that the flow table was looked through", s->rounds);
	metrics_one(out, "reaper_candidates_total", "counter",
		    "Flow entries that looked idle", s->candidates);
	metrics_one(out, "reaper_flows_total", "counter",
		    "Connections that were idle and removed", s->flows);
	metrics_one(out, "flow_accounts_crowded", "gauge",
		    "Pods (or the host) with half of what they may have of the "
		    "flow table, or more",
		    s->crowded);
	metrics_one(out, "reaper_attachments_total", "counter",
		    "Attachments removed without a DEL", s->attachments);
	metrics_one(out, "reaper_addresses_total", "counter",
		    "Addresses released without a DEL", s->addresses);
	metrics_one(out, "reaper_pins_total", "counter",
		    "Pins removed whose device was gone", s->pins);
}

static void add_process(const struct agent *a, struct evbuffer *out)
{
	const struct socket_stats *s = socket_stats(a->socket);
	struct fl_config cfg;
	__u32 zero = 0;

	metrics_one(out, "requests_total", "counter", "Requests at the socket",
		    s->requests);
	metrics_one(out, "requests_failed_total", "counter",
		    "Requests that were refused", s->failed);
	if (!map_lookup(a->maps.config, &zero, &cfg))
		metrics_one(out, "epoch", "gauge", "The epoch that is valid",
			    cfg.epoch);
	metrics_one(out, "resident_bytes", "gauge",
		    "Resident memory of the agent", resident_bytes());
}

static void get_metrics(const struct agent *a, struct evhttp_request *req)
{
	struct evbuffer *out = evhttp_request_get_output_buffer(req);
	static struct metrics_maps maps;
	struct err e = {0};

	add_build(a, out);
	add_cluster(a, out);
	add_policy(a, out);
	add_reconcile(a, out);
	add_reaper(a, out);
	add_process(a, out);
	if (metrics_read(a->config.bpf_root, reaper_flows(a->reaper), &maps,
			 &e))
		evbuffer_add_printf(out, "# maps: %s\n", e.msg);
	else
		metrics_format_maps(&maps, out);
	evhttp_add_header(evhttp_request_get_output_headers(req),
			  "Content-Type", "text/plain; version=0.0.4");
	evhttp_send_reply(req, HTTP_OK, NULL, NULL);
}

/* ---- the rest ------------------------------------------------------- */

static void reply_text(struct evhttp_request *req, int code, const char *text)
{
	evbuffer_add_printf(evhttp_request_get_output_buffer(req), "%s\n",
			    text);
	evhttp_add_header(evhttp_request_get_output_headers(req),
			  "Content-Type", "text/plain");
	evhttp_send_reply(req, code, NULL, NULL);
}

static void get_ready(const struct agent *a, struct evhttp_request *req)
{
	const char *why = agent_not_ready(a);

	reply_text(req, why ? HTTP_SERVUNAVAIL : HTTP_OK, why ? why : "ready");
}

static void on_request(struct evhttp_request *req, void *arg)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
	const char *path = uri ? evhttp_uri_get_path(uri) : "";
	struct http *h = arg;

	if (evhttp_request_get_command(req) != EVHTTP_REQ_GET) {
		evhttp_add_header(evhttp_request_get_output_headers(req),
				  "Allow", "GET");
		reply_text(req, HTTP_BADMETHOD, "only GET is served");
	} else if (!strcmp(path, "/metrics")) {
		get_metrics(h->agent, req);
	} else if (!strcmp(path, "/healthz")) {
		reply_text(req, HTTP_OK, "alive");
	} else if (!strcmp(path, "/readyz")) {
		get_ready(h->agent, req);
	} else {
		reply_text(req, HTTP_NOTFOUND,
			   "there is /metrics, /healthz and /readyz");
	}
}

void http_close(struct http *h)
{
	if (!h)
		return;
	if (h->server)
		evhttp_free(h->server);
	free(h);
}

/* By hand: evhttp_bind_socket() resolves even an address, and finds none where
 * the node has no other of its family. */
static int listen_on(const struct fl_addr *addr, unsigned int port,
		     struct err *e)
{
	__cleanup(fd_close) int fd = -1;
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
				  .sin6_port = htons(port)};
	struct sockaddr_in v4 = {.sin_family = AF_INET,
				 .sin_port = htons(port)};
	bool is_v4 = addr_is_v4(addr);
	const int on = 1;
	int family;
	size_t len;

	if (is_v4)
		memcpy(&v4.sin_addr, addr_bytes(addr, &family, &len), 4);
	else
		memcpy(&v6.sin6_addr, addr_bytes(addr, &family, &len), 16);
	fd = socket(is_v4 ? AF_INET : AF_INET6,
		    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(fd, is_v4 ? (void *)&v4 : (void *)&v6,
		 is_v4 ? sizeof(v4) : sizeof(v6)) ||
	    listen(fd, 64))
		return err_sys(e, errno, "listen");
	return take_fd(&fd);
}

int http_open(struct agent *a, struct http **out, struct err *e)
{
	struct http *h;
	struct fl_addr addr;
	unsigned int port;
	int fd;

	if (!a->config.http_address[0])
		return 0;
	h = memory_alloc(sizeof(*h));
	*out = h;
	h->agent = a;
	h->server = evhttp_new(a->base);
	if (!h->server || config_http(&a->config, &addr, &port))
		return err_set(e, EINVAL, "http-address: cannot be used");
	evhttp_set_allowed_methods(h->server, 0xffff);
	evhttp_set_max_headers_size(h->server, HEADERS_MAX);
	evhttp_set_max_body_size(h->server, HEADERS_MAX);
	evhttp_set_timeout(h->server, IDLE_SECONDS);
	evhttp_set_gencb(h->server, on_request, h);
	fd = listen_on(&addr, port, e);
	if (fd < 0)
		return err_wrap(e, "http-address %s", a->config.http_address);
	if (evhttp_accept_socket(h->server, fd)) {
		close(fd);
		return err_set(e, ENOMEM, "http-address %s: out of memory",
			       a->config.http_address);
	}
	return 0;
}
