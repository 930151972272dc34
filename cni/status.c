/* SPDX-License-Identifier: Apache-2.0 */
#include "verbs.h"

#include <errno.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../loader/loader.h"
#include "attachment.h"
#include "delegate.h"
#include "notify.h"
#include "pool.h"

static int one_is_enough(const struct endpoint_record *r, void *arg)
{
	(void)r;
	(void)arg;
	return 1;
}

/* Without the datapath, what is attached is cut off as well. */
static int check_datapath(const struct call *c, const char *bpf_root,
			  struct failure *f)
{
	__cleanup(fd_close) int map = -1;
	char running[128];
	struct err e;
	int code;

	map = map_open(bpf_root, FL_MAP_ENDPOINTS, &e);
	if (map >= 0 && !datapath_running(bpf_root, running, &e))
		return 0;
	code = endpoint_record_each(c->conf.state_dir, one_is_enough, NULL,
				    NULL, NULL) == 1
		       ? CNI_LIMITED
		       : CNI_UNAVAILABLE;
	return failure_set(f, code, "the datapath is not loaded: %s", e.msg);
}

static int check_addresses(const struct call *c, const struct node_facts *node,
			   struct failure *f)
{
	struct pool pool = {.state_dir = c->conf.state_dir, .node = node};

	strcpy(pool.owner.network, c->conf.name);
	if (pool_check(&pool, f))
		f->code = CNI_UNAVAILABLE;
	return f->code;
}

static int check_delegate(const struct call *c, struct failure *f)
{
	int ret = delegate_exec_optional(c, "STATUS", f);

	if (ret && ret != CNI_UNAVAILABLE && ret != CNI_LIMITED)
		f->code = CNI_UNAVAILABLE;
	return f->code;
}

/* Nobody has written node.json: an agent that runs knows why. */
static int no_node(const struct call *c, const struct err *e, struct failure *f)
{
	char reason[256] = "";

	if (notify_reason(c->conf.state_dir, NOTIFY_TIMEOUT_MS, reason,
			  sizeof(reason)) ||
	    !*reason)
		return failure_set(f, CNI_UNAVAILABLE, "%s", e->msg);
	return failure_set(f, CNI_UNAVAILABLE,
			   "this node cannot serve pods yet: %s", reason);
}

int verb_status(const struct call *c, struct failure *f)
{
	struct node_facts node;
	struct err e;
	int ret;

	if (node_facts_read(c->conf.state_dir, &node, &e))
		return no_node(c, &e, f);
	ret = check_datapath(c, bpf_root_of(&c->conf, &node), f);
	if (ret)
		return ret;
	if (state_dir_check_writable(c->conf.state_dir, &e))
		return failure_set(f, CNI_UNAVAILABLE, "%s", e.msg);
	if (c->conf.ipam_type[0])
		return check_delegate(c, f);
	return check_addresses(c, &node, f);
}
