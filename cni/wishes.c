/* SPDX-License-Identifier: Apache-2.0 */
#include "wishes.h"

#include <errno.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../lib/json.h"

int address_parse(const char *text, struct fl_addr *out)
{
	struct fl_prefix prefix;
	char addr[ADDR_STRLEN];
	size_t len = strcspn(text, "/");

	if (len >= sizeof(addr) ||
	    (text[len] && prefix_parse(text, false, &prefix)))
		return -EINVAL;
	memcpy(addr, text, len);
	addr[len] = '\0';
	return addr_parse(addr, out);
}

bool json_is_empty(const cJSON *value)
{
	return cJSON_IsNull(value) || cJSON_IsFalse(value) ||
	       ((cJSON_IsArray(value) || cJSON_IsObject(value)) &&
		!value->child) ||
	       (cJSON_IsString(value) && !value->valuestring[0]);
}

static int wish_ips(const cJSON *list, const char *where, struct wishes *w,
		    struct failure *f)
{
	const cJSON *item;

	if (!cJSON_IsArray(list))
		return failure_set(f, CNI_CONFIG,
				   "%s must be a list of addresses", where);
	w->n_ips = 0;
	cJSON_ArrayForEach (item, list) {
		if (w->n_ips == STATE_ADDRS_MAX)
			return failure_set(f, CNI_CONFIG,
					   "%s has more than %d addresses",
					   where, STATE_ADDRS_MAX);
		if (!cJSON_IsString(item) ||
		    address_parse(item->valuestring, &w->ips[w->n_ips]))
			return failure_set(f, CNI_CONFIG,
					   "%s: not an address: %.64s", where,
					   cJSON_IsString(item)
						   ? item->valuestring
						   : "(not a string)");
		w->n_ips++;
	}
	return 0;
}

static int wish_mac(const cJSON *value, const char *where, struct wishes *w,
		    struct failure *f)
{
	if (!cJSON_IsString(value) || mac_parse(value->valuestring, w->mac))
		return failure_set(f, CNI_CONFIG,
				   "%s: not a MAC address: %.64s", where,
				   cJSON_IsString(value) ? value->valuestring
							 : "(not a string)");
	w->has_mac = true;
	return 0;
}

/* A capability that we have not: the specification wants key and value. */
static int unsupported(const cJSON *value, struct failure *f)
{
	__cleanup(mem_free) char *text = cJSON_PrintUnformatted(value);
	const char *who = NULL;

	if (!strcmp(value->string, "portMappings"))
		who = "portmap";
	else if (!strcmp(value->string, "bandwidth"))
		who = "bandwidth";
	return failure_set(
		f, CNI_UNSUPPORTED,
		"runtimeConfig.%.64s is not supported by fairlead-cni "
		"(value: %.200s); %s%s%s",
		value->string, text ? text : "",
		who ? "chain the \"" : "remove it from \"capabilities\"",
		who ? who : "",
		who ? "\" plugin behind it and give that the capability" : "");
}

int wishes_of_runtime(const cJSON *json, bool delegated, struct wishes *w,
		      struct failure *f)
{
	const cJSON *rc, *value;
	int ret = 0;

	rc = cJSON_GetObjectItemCaseSensitive(json, "runtimeConfig");
	if (!rc || cJSON_IsNull(rc))
		return 0;
	if (!cJSON_IsObject(rc))
		return failure_set(
			f, CNI_CONFIG,
			"network configuration: \"runtimeConfig\" must be "
			"an object");
	cJSON_ArrayForEach (value, rc) {
		if (json_is_empty(value))
			continue;
		if (!strcmp(value->string, "ips"))
			ret = wish_ips(value, "runtimeConfig.ips", w, f);
		else if (!strcmp(value->string, "mac"))
			ret = wish_mac(value, "runtimeConfig.mac", w, f);
		else if (strcmp(value->string, "ipRanges") || !delegated)
			/* ipRanges is for the delegated plugin, if any */
			ret = unsupported(value, f);
		if (ret)
			return ret;
	}
	return 0;
}

int wishes_of_args(const cJSON *json, struct wishes *w, struct failure *f)
{
	const cJSON *cni, *ips;

	cni = cJSON_GetObjectItemCaseSensitive(
		cJSON_GetObjectItemCaseSensitive(json, "args"), "cni");
	ips = cJSON_GetObjectItemCaseSensitive(cni, "ips");
	if (!ips || json_is_empty(ips))
		return 0;
	return wish_ips(ips, "args.cni.ips", w, f);
}
