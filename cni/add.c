/* SPDX-License-Identifier: Apache-2.0 */
#include "verbs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../lib/json.h"
#include "attachment.h"
#include "interrupt.h"
#include "journal.h"
#include "notify.h"
#include "result.h"

/* We make the interface ourselves: an earlier plugin of the chain may have
 * made others, but not this one. */
static int check_chain(const struct call *c, struct failure *f)
{
	const cJSON *prev = c->conf.prev_result;
	int ret;

	if (!prev)
		return 0;
	ret = result_check(prev, "prevResult", f);
	if (ret)
		return ret;
	if (result_find(prev, c->ifname, c->netns) >= 0)
		return failure_set(
			f, CNI_CONFIG,
			"prevResult: an earlier plugin of the chain made "
			"interface %s; fairlead-cni makes it itself and "
			"must come first",
			c->ifname);
	return 0;
}

static int output_result(const struct attachment *a, struct failure *f)
{
	const struct made made = {
		.host_device = a->record.host_device,
		.ifname = a->record.ifname,
		.sandbox = a->record.netns,
		.mac = a->record.mac,
		.mtu = a->record.mtu,
		.addrs = a->record.addrs,
		.n_addrs = a->record.n_addrs,
		.ips = cJSON_GetObjectItemCaseSensitive(a->ipam_result, "ips"),
		.routes = a->routes,
		.n_routes = a->n_routes,
		.dns = a->dns,
	};
	__cleanup(json_free) cJSON *result = result_build(
		a->call->conf.version, a->call->conf.prev_result, &made);
	__cleanup(mem_free) char *text = cJSON_Print(result);

	if (!text)
		return failure_set(f, CNI_IO,
				   "print the result: out of memory");
	return output_text(text, f);
}

static void log_added(const struct attachment *a, int agent)
{
	char addrs[STATE_ADDRS_MAX * ADDR_STRLEN] = "", text[ADDR_STRLEN];
	int i;

	for (i = 0; i < a->record.n_addrs; i++) {
		if (i)
			strcat(addrs, ",");
		strcat(addrs, addr_format(&a->record.addrs[i], text));
	}
	journal(LOG_LEVEL_INFO, "endpoint added",
		"pod=%s/%s addresses=%s device=%s endpoint=%u agent=\"%s\"",
		a->record.pod_namespace, a->record.pod_name, addrs,
		a->record.host_device, a->record.ifindex,
		agent ? strerror(-agent) : "ok");
}

int verb_add(const struct call *c, struct failure *f)
{
	__cleanup(attachment_close) struct attachment a;
	int ret, agent;

	ret = attachment_open(c, &a, f);
	if (!ret)
		ret = check_chain(c, f);
	if (!ret)
		ret = attachment_make(&a, f);
	if (ret)
		return ret;
	agent = notify_agent(c->conf.state_dir, "endpoint-added",
			     c->container_id, c->ifname, NOTIFY_TIMEOUT_MS);
	if (interrupt_pending())
		ret = failure_set(f, CNI_INTERRUPTED,
				  "interrupted by a signal; all was undone");
	if (!ret)
		ret = output_result(&a, f);
	if (ret) {
		attachment_unmake(&a);
		return ret;
	}
	log_added(&a, agent);
	return 0;
}
