/* SPDX-License-Identifier: Apache-2.0 */
#include "result.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../lib/json.h"
#include "conf.h"

static cJSON *item_of(const cJSON *obj, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(obj, key);
}

/* The list of a key, made if it is not there. */
static cJSON *list_of(cJSON *obj, const char *key)
{
	cJSON *list = item_of(obj, key);

	if (cJSON_IsArray(list))
		return list;
	cJSON_DeleteItemFromObjectCaseSensitive(obj, key);
	return cJSON_AddArrayToObject(obj, key);
}

/* ---- building ------------------------------------------------------------ */

static void add_interface(cJSON *list, const char *name,
			  const unsigned char *mac, unsigned int mtu,
			  const char *sandbox)
{
	cJSON *item = cJSON_CreateObject();
	char text[MAC_STRLEN];

	cJSON_AddStringToObject(item, "name", name);
	cJSON_AddStringToObject(item, "mac", mac_format(mac, text));
	cJSON_AddNumberToObject(item, "mtu", mtu);
	if (sandbox)
		cJSON_AddStringToObject(item, "sandbox", sandbox);
	cJSON_AddItemToArray(list, item);
}

static const char *gateway_of(bool v4)
{
	return v4 ? FL_GATEWAY_IPV4 : FL_GATEWAY_IPV6;
}

static void add_ip(cJSON *list, const struct fl_addr *addr, int interface)
{
	cJSON *item = cJSON_CreateObject();
	bool v4 = addr_is_v4(addr);
	char text[ADDR_STRLEN + 4];

	addr_format(addr, text);
	strcat(text, v4 ? "/32" : "/128");
	cJSON_AddNumberToObject(item, "interface", interface);
	cJSON_AddStringToObject(item, "address", text);
	cJSON_AddStringToObject(item, "gateway", gateway_of(v4));
	cJSON_AddItemToArray(list, item);
}

/* The specification wants a delegated plugin's entries as they came, but for
 * the interface. */
static void add_ips(cJSON *list, const struct made *made, int interface)
{
	const cJSON *theirs;
	cJSON *item;
	int i;

	for (i = 0; !made->ips && i < made->n_addrs; i++)
		add_ip(list, &made->addrs[i], interface);
	cJSON_ArrayForEach (theirs, made->ips) {
		item = cJSON_Duplicate(theirs, true);
		cJSON_DeleteItemFromObjectCaseSensitive(item, "interface");
		cJSON_AddNumberToObject(item, "interface", interface);
		cJSON_AddItemToArray(list, item);
	}
}

static void add_route(cJSON *list, const struct fl_prefix *dst)
{
	cJSON *item = cJSON_CreateObject();
	char text[PREFIX_STRLEN];

	cJSON_AddStringToObject(item, "dst", prefix_format(dst, text));
	cJSON_AddStringToObject(item, "gw", gateway_of(prefix_is_v4(dst)));
	cJSON_AddItemToArray(list, item);
}

cJSON *result_build(enum cni_version version, const cJSON *prev,
		    const struct made *made)
{
	static const unsigned char gateway_mac[6] = FL_GATEWAY_MAC;
	cJSON *result =
		prev ? cJSON_Duplicate(prev, true) : cJSON_CreateObject();
	cJSON *interfaces;
	int i, ours;

	result_shape(result, version);
	interfaces = list_of(result, "interfaces");
	add_interface(interfaces, made->host_device, gateway_mac, made->mtu,
		      NULL);
	ours = cJSON_GetArraySize(interfaces);
	add_interface(interfaces, made->ifname, made->mac, made->mtu,
		      made->sandbox);
	add_ips(list_of(result, "ips"), made, ours);
	for (i = 0; i < made->n_routes; i++)
		add_route(list_of(result, "routes"), &made->routes[i]);
	if (made->dns) {
		cJSON_DeleteItemFromObjectCaseSensitive(result, "dns");
		cJSON_AddItemToObject(result, "dns",
				      cJSON_Duplicate(made->dns, true));
	}
	result_shape(result, version);
	return result;
}

/* ---- forms --------------------------------------------------------------- */

/* Before 1.0.0 each address says its family. */
static void shape_ip(cJSON *ip, enum cni_version version)
{
	const cJSON *addr = item_of(ip, "address");

	cJSON_DeleteItemFromObjectCaseSensitive(ip, "version");
	if (version < CNI_1_0_0 && cJSON_IsString(addr))
		cJSON_AddStringToObject(ip, "version",
					strchr(addr->valuestring, ':') ? "6"
								       : "4");
}

static void drop_keys(cJSON *obj, const char *const *keys)
{
	for (; *keys; keys++)
		cJSON_DeleteItemFromObjectCaseSensitive(obj, *keys);
}

void result_shape(cJSON *result, enum cni_version version)
{
	static const char *const interface_1_1[] = {"mtu", "socketPath",
						    "pciID", NULL};
	static const char *const route_1_1[] = {"mtu",	 "advmss", "priority",
						"table", "scope",  NULL};
	cJSON *item;

	item = cJSON_CreateString(cni_version_name(version));
	if (item_of(result, "cniVersion"))
		cJSON_ReplaceItemInObjectCaseSensitive(result, "cniVersion",
						       item);
	else
		cJSON_AddItemToObject(result, "cniVersion", item);
	cJSON_ArrayForEach (item, item_of(result, "ips"))
		shape_ip(item, version);
	if (version >= CNI_1_1_0)
		return;
	cJSON_ArrayForEach (item, item_of(result, "interfaces"))
		drop_keys(item, interface_1_1);
	cJSON_ArrayForEach (item, item_of(result, "routes"))
		drop_keys(item, route_1_1);
}

/* ---- reading ------------------------------------------------------------- */

static const char *text_of(const cJSON *obj, const char *key)
{
	const cJSON *value = item_of(obj, key);

	return cJSON_IsString(value) ? value->valuestring : "";
}

int result_find(const cJSON *result, const char *ifname, const char *sandbox)
{
	const cJSON *item;
	const char *where;
	int i = 0;

	cJSON_ArrayForEach (item, item_of(result, "interfaces")) {
		where = text_of(item, "sandbox");
		if (!strcmp(text_of(item, "name"), ifname) && *where &&
		    (!sandbox || !strcmp(where, sandbox)))
			return i;
		i++;
	}
	return -1;
}

static int list_check(const cJSON *result, const char *key, const char *where,
		      struct failure *f)
{
	const cJSON *list = item_of(result, key), *item;

	if (!list || cJSON_IsNull(list))
		return 0;
	if (!cJSON_IsArray(list))
		return failure_set(f, CNI_DECODE, "%s: \"%s\" must be a list",
				   where, key);
	cJSON_ArrayForEach (item, list)
		if (!cJSON_IsObject(item))
			return failure_set(f, CNI_DECODE,
					   "%s: \"%s\" must be a list of "
					   "objects",
					   where, key);
	return 0;
}

int result_check(const cJSON *result, const char *where, struct failure *f)
{
	static const char *const lists[] = {"interfaces", "ips", "routes"};
	struct fl_addr addr;
	const cJSON *item;
	size_t i;
	int ret;

	if (!cJSON_IsObject(result))
		return failure_set(f, CNI_DECODE, "%s: not a JSON object",
				   where);
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		ret = list_check(result, lists[i], where, f);
		if (ret)
			return ret;
	}
	cJSON_ArrayForEach (item, item_of(result, "ips"))
		if (address_parse(text_of(item, "address"), &addr))
			return failure_set(f, CNI_DECODE,
					   "%s: \"ips\": not an address: %.64s",
					   where, text_of(item, "address"));
	return 0;
}

int result_addrs(const cJSON *result, int interface, struct fl_addr *out,
		 int max, int *n, struct failure *f)
{
	const cJSON *item, *index;
	int count = 0;

	cJSON_ArrayForEach (item, item_of(result, "ips")) {
		index = item_of(item, "interface");
		if (interface >= 0 &&
		    (!cJSON_IsNumber(index) || index->valueint != interface))
			continue;
		if (count == max)
			return failure_set(
				f, CNI_CONFIG,
				"a result has more than %d addresses", max);
		if (address_parse(text_of(item, "address"), &out[count]))
			return failure_set(f, CNI_DECODE,
					   "a result's address is none: %.64s",
					   text_of(item, "address"));
		count++;
	}
	*n = count;
	return 0;
}
