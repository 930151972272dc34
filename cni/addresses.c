/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses and routes of a pod: our own choice, or a delegated plugin's.
 */
#include "attachment.h"

#include <stdlib.h>
#include <string.h>

#include "../lib/json.h"
#include "delegate.h"
#include "interrupt.h"
#include "journal.h"
#include "pool.h"
#include "result.h"

/* ---- our own ------------------------------------------------------------- */

static struct pool pool_of(const struct attachment *a)
{
	struct pool pool = {
		.state_dir = a->call->conf.state_dir,
		.node = &a->node,
	};

	strcpy(pool.owner.network, a->call->conf.name);
	strcpy(pool.owner.container_id, a->record.container_id);
	strcpy(pool.owner.ifname, a->record.ifname);
	return pool;
}

static int take_own(struct attachment *a, struct failure *f)
{
	const struct wishes *wishes = &a->call->conf.wishes;
	struct pool pool = pool_of(a);

	if (!wishes->n_ips)
		wishes = &a->call->args.wishes;
	return pool_take(&pool, wishes, a->record.addrs, &a->record.n_addrs, f);
}

/* ---- delegated ----------------------------------------------------------- */

/* Metrics of a route that we cannot set must not be lost in silence. */
static int check_route_keys(const cJSON *route, struct failure *f)
{
	static const char *const keys[] = {"mtu", "advmss", "priority", "table",
					   "scope"};
	const cJSON *value;
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		value = cJSON_GetObjectItemCaseSensitive(route, keys[i]);
		if (cJSON_IsNumber(value) && value->valuedouble != 0)
			return failure_set(
				f, CNI_UNSUPPORTED,
				"IPAM route \"%s\" is not supported (value: "
				"%g)",
				keys[i], value->valuedouble);
	}
	return 0;
}

static int read_routes(struct attachment *a, struct failure *f)
{
	const cJSON *item, *dst;
	int ret;

	cJSON_ArrayForEach (item, cJSON_GetObjectItemCaseSensitive(
					  a->ipam_result, "routes")) {
		dst = cJSON_GetObjectItemCaseSensitive(item, "dst");
		if (a->n_routes == ROUTES_MAX)
			return failure_set(
				f, CNI_CONFIG,
				"IPAM plugin gave more than %d routes",
				ROUTES_MAX);
		if (!cJSON_IsString(dst) ||
		    prefix_parse(dst->valuestring, false,
				 &a->routes[a->n_routes]))
			return failure_set(
				f, CNI_DECODE,
				"IPAM route has no destination, or none "
				"that can be read");
		ret = check_route_keys(item, f);
		if (ret)
			return ret;
		a->n_routes++;
	}
	return 0;
}

static int read_delegated(struct attachment *a, struct failure *f)
{
	const cJSON *dns;
	int ret = result_check(a->ipam_result, "IPAM plugin's result", f);

	if (!ret)
		ret = result_addrs(a->ipam_result, -1, a->record.addrs,
				   STATE_ADDRS_MAX, &a->record.n_addrs, f);
	if (ret)
		return ret;
	if (!a->record.n_addrs)
		return failure_set(f, CNI_IPAM,
				   "IPAM plugin \"%s\" gave no address",
				   a->call->conf.ipam_type);
	dns = cJSON_GetObjectItemCaseSensitive(a->ipam_result, "dns");
	if (!a->dns && cJSON_IsObject(dns) && dns->child)
		a->dns = dns;
	return read_routes(a, f);
}

static void give_back_delegated(struct attachment *a)
{
	struct delegate_run run = {.command = "DEL"};
	struct failure f;

	interrupt_ignore(); /* half of it helps nobody */
	if (delegate_exec(a->call, &run, NULL, &f))
		journal(LOG_LEVEL_WARN, "addresses could not be given back",
			"error=\"%s\"", f.msg);
}

static int take_delegated(struct attachment *a, struct failure *f)
{
	struct delegate_run run = {.command = "ADD"};
	int ret = delegate_exec(a->call, &run, &a->ipam_result, f);

	if (!ret)
		ret = read_delegated(a, f);
	/* What has failed may have taken some all the same: it died, or said
	 * what nobody can read. */
	if (ret)
		give_back_delegated(a);
	return ret;
}

/* ---- either -------------------------------------------------------------- */

/* Where nobody names routes, everything goes by the gateway. */
static void default_routes(struct attachment *a)
{
	if (attachment_has_family(a, true))
		prefix_parse("0.0.0.0/0", true, &a->routes[a->n_routes++]);
	if (attachment_has_family(a, false))
		prefix_parse("::/0", true, &a->routes[a->n_routes++]);
}

/* IPv6 needs packets of 1280 bytes. */
static int check_mtu(const struct attachment *a, struct failure *f)
{
	if (a->record.mtu >= 1280 || !attachment_has_family(a, false))
		return 0;
	return failure_set(
		f, CNI_CONFIG,
		"an MTU of %u is too small for an IPv6 address (at least "
		"1280)",
		a->record.mtu);
}

int addresses_take(struct attachment *a, struct failure *f)
{
	int ret;

	a->dns = a->call->conf.dns;
	if (a->call->conf.ipam_type[0])
		ret = take_delegated(a, f);
	else
		ret = take_own(a, f);
	if (ret)
		return ret;
	ret = check_mtu(a, f);
	if (ret) {
		addresses_give_back(a);
		return ret;
	}
	if (!a->n_routes)
		default_routes(a);
	return 0;
}

void addresses_give_back(struct attachment *a)
{
	struct pool pool = pool_of(a);
	struct err e;

	if (a->call->conf.ipam_type[0]) {
		give_back_delegated(a);
		return;
	}
	if (pool_give_back(&pool, a->record.addrs, a->record.n_addrs, &e))
		journal(LOG_LEVEL_WARN, "addresses could not be given back",
			"error=\"%s\"", e.msg);
}
