/* SPDX-License-Identifier: Apache-2.0 */
#include "conf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../lib/json.h"
#include "journal.h"
#include "wishes.h"

static const char *const known_keys[] = {
	/* ours */
	"stateDir",
	"bpfRoot",
	"mtu",
	"logLevel",
	"logFile",
	/* the specification's */
	"cniVersion",
	"cniVersions",
	"name",
	"type",
	"args",
	"capabilities",
	"disableCheck",
	"disableGC",
	"dns",
	"ipam",
	"ipMasq",
	"prevResult",
	"runtimeConfig",
	"loadOnlyInlinedPlugins",
	NULL,
};
#define KEY_PREFIX_CNI "cni.dev/"

void conf_defaults(struct conf *c)
{
	*c = (struct conf){
		.version = CNI_NEWEST,
		.state_dir = STATE_DIR_DEFAULT,
		.log_level = LOG_LEVEL_INFO,
	};
}

/* The text of a key, "" if it is not there. */
static int get_text(const cJSON *obj, const char *key, char *out, size_t size,
		    struct failure *f)
{
	struct err e;

	if (!cJSON_GetObjectItemCaseSensitive(obj, key))
		return 0;
	if (json_get_string(obj, key, out, size, &e))
		return failure_set(f, CNI_CONFIG, "network configuration: %s",
				   e.msg);
	return 0;
}

int conf_version(const cJSON *json, struct conf *c, struct failure *f)
{
	const cJSON *value;
	int version;

	if (!cJSON_IsObject(json))
		return failure_set(f, CNI_DECODE,
				   "network configuration: not a JSON object");
	value = cJSON_GetObjectItemCaseSensitive(json, "cniVersion");
	if (!value)
		return failure_set(
			f, CNI_VERSION,
			"network configuration: key \"cniVersion\" is "
			"missing (supported: %s)",
			cni_version_list());
	if (!cJSON_IsString(value))
		return failure_set(
			f, CNI_DECODE,
			"network configuration: \"cniVersion\" must be a "
			"string");
	version = cni_version_parse(value->valuestring);
	if (version < 0)
		return failure_set(f, CNI_VERSION,
				   "CNI version \"%.32s\" is not supported "
				   "(supported: %s)",
				   value->valuestring, cni_version_list());
	c->version = (enum cni_version)version;
	return 0;
}

/* ---- the configuration itself -------------------------------------------- */

static int check_keys(const cJSON *json, bool lenient, struct failure *f)
{
	const char *nearest;
	const cJSON *member, *later;
	size_t i;

	cJSON_ArrayForEach (member, json) {
		for (later = member->next; later; later = later->next)
			if (!strcmp(later->string, member->string))
				return failure_set(f, CNI_CONFIG,
						   "network configuration: key "
						   "\"%.64s\" appears twice",
						   member->string);
		for (i = 0; known_keys[i]; i++)
			if (!strcmp(member->string, known_keys[i]))
				break;
		if (known_keys[i] || !strncmp(member->string, KEY_PREFIX_CNI,
					      strlen(KEY_PREFIX_CNI)))
			continue;
		if (lenient) {
			journal(LOG_LEVEL_WARN, "unknown key ignored",
				"key=\"%.64s\"", member->string);
			continue;
		}
		nearest = word_nearest(member->string, known_keys);
		return failure_set(
			f, CNI_CONFIG,
			"network configuration: unknown key \"%.64s\"%s%s%s",
			member->string, nearest ? " (is \"" : "",
			nearest ? nearest : "", nearest ? "\" meant?)" : "");
	}
	return 0;
}

static int parse_name(const cJSON *json, struct conf *c, struct failure *f)
{
	char type[256] = "";
	int ret = get_text(json, "name", c->name, sizeof(c->name), f);

	if (ret)
		return ret;
	if (!c->name[0])
		return failure_set(
			f, CNI_CONFIG,
			"network configuration: key \"name\" is missing or "
			"empty");
	if (!name_is_safe(c->name, NETWORK_NAME_MAX))
		return failure_set(
			f, CNI_CONFIG,
			"network configuration: \"name\" must begin with a "
			"letter or digit and hold only those, '_', '.' and "
			"'-': %.64s",
			c->name);
	return get_text(json, "type", type, sizeof(type), f);
}

static int parse_paths(const cJSON *json, struct conf *c, struct failure *f)
{
	int ret = get_text(json, "stateDir", c->state_dir, sizeof(c->state_dir),
			   f);

	if (!ret)
		ret = get_text(json, "bpfRoot", c->bpf_root,
			       sizeof(c->bpf_root), f);
	if (ret)
		return ret;
	if (c->state_dir[0] != '/' || (c->bpf_root[0] && c->bpf_root[0] != '/'))
		return failure_set(
			f, CNI_CONFIG,
			"network configuration: \"%s\" must be a whole "
			"path",
			c->state_dir[0] != '/' ? "stateDir" : "bpfRoot");
	snprintf(c->log_file, sizeof(c->log_file), "%.247s/cni.log",
		 c->state_dir);
	ret = get_text(json, "logFile", c->log_file, sizeof(c->log_file), f);
	if (ret)
		return ret;
	if (c->log_file[0] && c->log_file[0] != '/' &&
	    strcmp(c->log_file, "syslog"))
		return failure_set(
			f, CNI_CONFIG,
			"network configuration: \"logFile\" must be a "
			"whole path, \"syslog\" or \"\"");
	return 0;
}

static int parse_numbers(const cJSON *json, struct conf *c, struct failure *f)
{
	char level[16] = "info";
	unsigned long long mtu;
	struct err e;
	int ret;

	ret = get_text(json, "logLevel", level, sizeof(level), f);
	if (ret)
		return ret;
	if (log_level_parse(level, &c->log_level))
		return failure_set(
			f, CNI_CONFIG,
			"network configuration: \"logLevel\" must be "
			"\"error\", \"warn\", \"info\" or \"debug\", not "
			"\"%s\"",
			level);
	if (!cJSON_GetObjectItemCaseSensitive(json, "mtu"))
		return 0;
	if (json_get_uint(json, "mtu", 0, 65535, &mtu, &e))
		return failure_set(f, CNI_CONFIG, "network configuration: %s",
				   e.msg);
	if (mtu && mtu < 68)
		return failure_set(
			f, CNI_CONFIG,
			"network configuration: \"mtu\" must be at least "
			"68 (1280 with IPv6), or 0 for the node's");
	c->mtu = (unsigned int)mtu;
	return 0;
}

/* The plugin under its own name would ask itself for addresses, and that one
 * itself again. Such an ADD was never answered: what is to be removed has no
 * addresses of another's. */
static int check_not_self(const cJSON *json, bool lenient, struct conf *c,
			  struct failure *f)
{
	const cJSON *type = cJSON_GetObjectItemCaseSensitive(json, "type");

	if (!cJSON_IsString(type) || strcmp(type->valuestring, c->ipam_type))
		return 0;
	if (!lenient)
		return failure_set(
			f, CNI_CONFIG,
			"network configuration: \"ipam.type\" is this "
			"plugin itself, \"%s\" (leave \"ipam\" out for "
			"Fairlead's own)",
			c->ipam_type);
	c->ipam_type[0] = '\0';
	return 0;
}

static int parse_ipam(const cJSON *json, bool lenient, struct conf *c,
		      struct failure *f)
{
	const cJSON *ipam = cJSON_GetObjectItemCaseSensitive(json, "ipam");
	int ret;

	if (!ipam || json_is_empty(ipam))
		return 0;
	if (!cJSON_IsObject(ipam))
		return failure_set(f, CNI_CONFIG,
				   "network configuration: \"ipam\" must be an "
				   "object");
	ret = get_text(ipam, "type", c->ipam_type, sizeof(c->ipam_type), f);
	if (ret)
		return ret;
	if (!name_is_safe(c->ipam_type, sizeof(c->ipam_type) - 1))
		return failure_set(
			f, CNI_CONFIG,
			"network configuration: \"ipam.type\" is no name "
			"of a plugin: \"%s\" (leave \"ipam\" out for "
			"Fairlead's own)",
			c->ipam_type);
	return check_not_self(json, lenient, c, f);
}

static int string_list_check(const cJSON *dns, const char *key,
			     struct failure *f)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(dns, key);
	const cJSON *item;

	if (!list || cJSON_IsNull(list))
		return 0;
	if (cJSON_IsArray(list)) {
		cJSON_ArrayForEach (item, list)
			if (!cJSON_IsString(item))
				break;
		if (!item)
			return 0;
	}
	return failure_set(
		f, CNI_CONFIG,
		"network configuration: \"dns.%s\" must be a list of "
		"strings",
		key);
}

static int parse_dns(const cJSON *json, struct conf *c, struct failure *f)
{
	static const char *const lists[] = {"nameservers", "search", "options"};
	const cJSON *dns = cJSON_GetObjectItemCaseSensitive(json, "dns");
	char domain[256] = "";
	size_t i;
	int ret;

	if (!dns || json_is_empty(dns))
		return 0;
	if (!cJSON_IsObject(dns))
		return failure_set(
			f, CNI_CONFIG,
			"network configuration: \"dns\" must be an object");
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		ret = string_list_check(dns, lists[i], f);
		if (ret)
			return ret;
	}
	ret = get_text(dns, "domain", domain, sizeof(domain), f);
	if (ret)
		return ret;
	c->dns = dns;
	return 0;
}

static int check_masquerade(const cJSON *json, struct failure *f)
{
	const cJSON *masq = cJSON_GetObjectItemCaseSensitive(json, "ipMasq");

	if (!masq || json_is_empty(masq))
		return 0;
	return failure_set(
		f, CNI_UNSUPPORTED,
		"\"ipMasq\" is not supported by fairlead-cni (value: %s); "
		"the agent's masquerade-ipv4 and masquerade-ipv6 decide",
		cJSON_IsTrue(masq) ? "true" : "not a boolean");
}

int conf_parse(const cJSON *json, bool lenient, struct conf *c,
	       struct failure *f)
{
	int ret = parse_name(json, c, f);

	if (!ret)
		ret = parse_paths(json, c, f);
	if (!ret)
		ret = parse_numbers(json, c, f);
	if (!ret)
		journal_open(c->log_file, c->log_level);
	if (!ret)
		ret = parse_ipam(json, lenient, c, f);
	if (!ret)
		ret = check_keys(json, lenient, f);
	if (ret)
		return ret;
	c->prev_result = cJSON_GetObjectItemCaseSensitive(json, "prevResult");
	if (c->prev_result && cJSON_IsNull(c->prev_result))
		c->prev_result = NULL;
	c->valid_attachments = cJSON_GetObjectItemCaseSensitive(
		json, KEY_PREFIX_CNI "valid-attachments");
	if (lenient)
		return 0;
	ret = parse_dns(json, c, f);
	if (!ret)
		ret = check_masquerade(json, f);
	if (!ret)
		ret = wishes_of_args(json, &c->wishes, f);
	if (!ret)
		ret = wishes_of_runtime(json, c->ipam_type[0], &c->wishes, f);
	return ret;
}
