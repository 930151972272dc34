/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fairlead-agent: keeps a node what the cluster says it should be.
 *
 *	configuration -> source opened -> datapath loaded -> maps open
 *	-> first pass (reconcile.c) -> socket, reaper and HTTP -> loop
 *
 * Nothing that forwards packets lives in this process: it may be killed and
 * started again at any time.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "../lib/log.h"
#include "agent.h"
#include "confine.h"
#include "datapath.h"
#include "guard.h"
#include "http.h"
#include "options.h"
#include "pod_answer.h"
#include "reconcile.h"
#include "socket.h"
#include "status.h"

/* ---- one agent a node ----------------------------------------------- */

/* The lock is held until the process ends, however it does. */
static int lock_state_dir(const char *state_dir, struct err *e)
{
	__cleanup(fd_close) int fd = -1;
	char path[512];
	int rc = state_dir_make(state_dir, e);

	if (!rc)
		rc = state_dir_check(state_dir, e);
	if (rc)
		return rc;
	snprintf(path, sizeof(path), "%s/agent.lock", state_dir);
	fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_sys(e, errno, "open %s", path);
	rc = flock(fd, LOCK_EX | LOCK_NB) ? errno : 0;
	if (rc == EWOULDBLOCK)
		return err_set(e, EBUSY, "another agent runs with state-dir %s",
			       state_dir);
	if (rc)
		return err_sys(e, rc, "lock %s", path);
	take_fd(&fd);
	return 0;
}

/* ---- events --------------------------------------------------------- */

static void on_cluster(void *arg)
{
	reconcile_news_soon(arg);
}

/* Our own changes come back as notifications: a picture that has not changed
 * is no reason for a pass. */
static void on_network(void *arg)
{
	struct facts now = {0};
	struct agent *a = arg;
	struct err e;

	if (facts_read(a->net, &now, &e) || !facts_equal(&now, &a->facts)) {
		a->facts_are_old = true;
		reconcile_soon(a);
	}
	facts_free(&now);
}

static int on_endpoint_added(const char *container_id, const char *ifname,
			     void *arg, struct err *e)
{
	return reconcile_endpoint(arg, container_id, ifname, e);
}

static int on_endpoint_removed(const char *container_id, const char *ifname,
			       void *arg, struct err *e)
{
	const struct endpoint_record *known;
	struct endpoint_record now;
	struct agent *a = arg;

	known = endpoints_find(&a->endpoints, container_id, ifname);
	if (!known || endpoint_record_read(a->config.state_dir, container_id,
					   ifname, &now, e) != -ENOENT)
		return 0;
	reconcile_endpoint_gone(a, known);
	endpoints_drop(&a->endpoints, container_id, ifname);
	return 0;
}

static void on_status(cJSON *answer, void *arg)
{
	status_fill(arg, answer);
}

static int on_pod(const char *wanted, cJSON *answer, void *arg, struct err *e)
{
	return pod_answer(agent_model(arg), wanted, answer, e);
}

static void on_stop(evutil_socket_t signal, short what, void *arg)
{
	struct agent *a = arg;

	(void)what;
	log_info("stopped, all that is pinned stays", "signal=%d", (int)signal);
	event_base_loopbreak(a->base);
}

static void on_hangup(evutil_socket_t signal, short what, void *arg)
{
	struct agent *a = arg;

	(void)signal;
	(void)what;
	options_reload(&a->config);
	a->look_at_all = true;
	reconcile_soon(a);
}

static int watch_signals(struct agent *a, struct err *e)
{
	static const struct {
		int signal;
		event_callback_fn fn;
	} handlers[] = {
		{SIGTERM, on_stop},
		{SIGINT, on_stop},
		{SIGHUP, on_hangup},
	};

	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < 3; i++) {
		struct event *ev = evsignal_new(a->base, handlers[i].signal,
						handlers[i].fn, a);

		if (!ev || event_add(ev, NULL))
			return err_set(e, ENOMEM, "out of memory");
	}
	return 0;
}

/* ---- the story ------------------------------------------------------ */

static int start(struct agent *a, struct err *e)
{
	const struct request_ops ops = {
		.node = a->config.node_name,
		.endpoint_added = on_endpoint_added,
		.endpoint_removed = on_endpoint_removed,
		.status = on_status,
		.pod = on_pod,
		.arg = a,
	};
	int rc;

	rc = datapath_is_possible(&a->config, e);
	if (!rc)
		rc = lock_state_dir(a->config.state_dir, e);
	/* Before anything is changed: what it cannot have, it says first. */
	if (!rc)
		rc = http_open(a, &a->http, e);
	guard_secrets(&a->config);
	confine_capabilities(&a->config);
	confine_calls(&a->config);
	if (!rc)
		rc = source_open(a->base, &a->config, on_cluster, a, &a->source,
				 e);
	if (!rc)
		rc = datapath_start(a, e);
	if (!rc)
		rc = link_open(&a->net, e);
	if (!rc)
		rc = watch_signals(a, e);
	if (!rc)
		rc = netwatch_open(a->base, on_network, a, &a->netwatch, e);
	if (!rc)
		rc = reconcile_start(a, e);
	if (!rc)
		rc = datapath_watch(a, e);
	if (!rc)
		rc = socket_open(a->base, a->config.state_dir, &ops, &a->socket,
				 e);
	if (!rc)
		rc = reaper_start(a, &a->reaper, e);
	return rc;
}

/* The large blocks of a pass go back to the kernel at once, so that they leave
 * no holes between objects; to get them anew takes a tenth of the pass. Small
 * ones stay; reconcile.c gives them back now and then. Other threads look up
 * names for libcurl, and need no heap of their own. */
static void set_up_memory(void)
{
	enum { LARGE = 1 << 20, KEEP = 16 << 20 };

	mallopt(M_MMAP_THRESHOLD, LARGE);
	mallopt(M_TRIM_THRESHOLD, KEEP);
	mallopt(M_ARENA_MAX, 1);
}

/* libevent tells of what it cannot watch, but not him who asked for it. */
static char loop_said[200];

static void on_loop_trouble(int severity, const char *msg)
{
	if (severity < EVENT_LOG_WARN)
		return;
	snprintf(loop_said, sizeof(loop_said), "%s", msg);
	log_warn("event loop", "error=\"%s\"", msg);
}

int main(int argc, char **argv)
{
	static struct agent a;
	struct err e = {0};
	double began = clock_seconds();
	int rc = options_parse(argc, argv, &a.config);

	if (rc >= 0)
		return rc;
	set_up_memory();
	event_set_log_callback(on_loop_trouble);
	a.base = event_base_new();
	rc = a.base ? start(&a, &e) : err_set(&e, ENOMEM, "out of memory");
	/* Somebody would wait for ever. */
	if (!rc && loop_said[0])
		rc = err_set(&e, EIO, "event loop: %s", loop_said);
	if (rc) {
		log_error(e.msg, NULL);
		return 1;
	}
	log_info("started", "version=" FAIRLEAD_VERSION " node=%s seconds=%.3f",
		 a.config.node_name, clock_seconds() - began);
	rc = event_base_dispatch(a.base);
	if (rc < 0)
		log_error("event loop failed", "error=\"%s\"", loop_said);
	http_close(a.http);
	socket_close(a.socket);
	source_close(a.source);
	return rc < 0 ? 1 : 0;
}
