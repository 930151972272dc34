/* SPDX-License-Identifier: Apache-2.0 */
#include "verbs.h"

#include <errno.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "attachment.h"
#include "interrupt.h"
#include "journal.h"
#include "lock.h"
#include "notify.h"
#include "removal.h"

/* What is gone is gone, and whatever is missing besides (namespace, node.json,
 * datapath, agent) is not needed. Only what is there and cannot be removed is
 * a failure. */
int verb_del(const struct call *c, struct failure *f)
{
	const char *state_dir = c->conf.state_dir;
	__cleanup(link_close) struct link_ctx *host = NULL;
	__cleanup(fd_close) int lock = -1;
	struct endpoint_record record;
	char bpf_root[256];
	struct failure ignored;
	struct err e;
	int ret;

	/* Half a removal helps nobody. */
	interrupt_ignore();
	if (link_open(&host, &e))
		return failure_from(f, CNI_KERNEL, &e, NULL);
	state_lock_shared(state_dir, &lock, &ignored);
	ret = removal_root(c, bpf_root, f);
	if (ret)
		return ret;
	ret = endpoint_record_read(state_dir, c->container_id, c->ifname,
				   &record, &e);
	if (ret && ret != -ENOENT)
		journal(LOG_LEVEL_WARN, "endpoint file cannot be read",
			"error=\"%s\"", e.msg);
	if (!ret && strcmp(record.network, c->conf.name)) {
		journal(LOG_LEVEL_INFO, "attachment is another network's",
			"other=%s", record.network);
		return 0;
	}
	if (ret == -ENOENT)
		ret = removal_run_unrecorded(c, bpf_root, host, f);
	else if (ret)
		ret = removal_run_unreadable(c, bpf_root, host, f);
	else
		ret = removal_run(c, &record, bpf_root, host, f);
	if (ret)
		return ret;
	notify_agent(state_dir, "endpoint-removed", c->container_id, c->ifname,
		     0);
	journal(LOG_LEVEL_INFO, "endpoint removed", NULL);
	return 0;
}
