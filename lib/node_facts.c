/* SPDX-License-Identifier: Apache-2.0 */
#include "state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "json.h"

#define NODE_JSON_MAX (64 * 1024)

static const char *const node_keys[] = {
	"version", "name",   "podCIDRs", "hostAddresses",  "mtu",
	"mode",	   "attach", "bpfRoot",	 "defaultVerdict", NULL,
};

/* One of two words: *out is true for the second. */
static int get_choice(const cJSON *obj, const char *key, const char *no,
		      const char *yes, bool *out, struct err *e)
{
	char word[32];
	int ret = json_get_string(obj, key, word, sizeof(word), e);

	if (ret)
		return ret;
	if (strcmp(word, no) && strcmp(word, yes))
		return err_set(e, EINVAL,
			       "\"%s\" must be \"%s\" or \"%s\", not \"%s\"",
			       key, no, yes, word);
	*out = !strcmp(word, yes);
	return 0;
}

static int parse_numbers(const cJSON *obj, struct node_facts *facts,
			 struct err *e)
{
	unsigned long long number;
	int ret;

	ret = json_get_uint(obj, "version", 1, 1, &number, e);
	if (ret)
		return ret;
	ret = json_get_uint(obj, "mtu", 68, 65535, &number, e);
	if (ret)
		return ret;
	facts->mtu = (unsigned int)number;
	return 0;
}

static int parse_choices(const cJSON *obj, struct node_facts *facts,
			 struct err *e)
{
	bool deny = false;
	int ret;

	ret = get_choice(obj, "mode", "native", "overlay", &facts->overlay, e);
	if (!ret)
		ret = get_choice(obj, "attach", "clsact", "tcx", &facts->tcx,
				 e);
	if (!ret)
		ret = get_choice(obj, "defaultVerdict", "allow", "deny", &deny,
				 e);
	facts->default_verdict = deny ? DEFAULT_DENY : DEFAULT_ALLOW;
	return ret;
}

static int parse_strings(const cJSON *obj, struct node_facts *facts,
			 struct err *e)
{
	int ret;

	ret = json_get_string(obj, "name", facts->name, sizeof(facts->name), e);
	if (!ret)
		ret = json_get_string(obj, "bpfRoot", facts->bpf_root,
				      sizeof(facts->bpf_root), e);
	if (ret)
		return ret;
	if (!facts->name[0])
		return err_set(e, EINVAL, "\"name\" is empty");
	if (facts->bpf_root[0] != '/')
		return err_set(e, EINVAL, "\"bpfRoot\" must be a whole path");
	return 0;
}

static int parse_addresses(const cJSON *obj, struct node_facts *facts,
			   struct err *e)
{
	char a[PREFIX_STRLEN], b[PREFIX_STRLEN];
	int ret, i, j;

	ret = json_get_prefixes(obj, "podCIDRs", facts->pod_cidrs,
				STATE_CIDRS_MAX, &facts->n_pod_cidrs, e);
	if (!ret)
		ret = json_get_addrs(obj, "hostAddresses", facts->host_addrs,
				     STATE_ADDRS_MAX, &facts->n_host_addrs, e);
	if (ret)
		return ret;
	for (i = 0; i < facts->n_pod_cidrs; i++)
		for (j = 0; j < i; j++)
			if (prefix_overlaps(&facts->pod_cidrs[i],
					    &facts->pod_cidrs[j]))
				return err_set(
					e, EINVAL,
					"\"podCIDRs\": %s and %s overlap",
					prefix_format(&facts->pod_cidrs[j], a),
					prefix_format(&facts->pod_cidrs[i], b));
	return 0;
}

static int parse_node(const char *path, const char *text, size_t len,
		      struct node_facts *out, struct err *e)
{
	__cleanup(json_free) cJSON *obj = NULL;
	struct node_facts facts = {0};
	int ret;

	ret = json_parse(path, text, len, &obj, e);
	if (ret)
		return ret;
	ret = json_check_keys(obj, node_keys, e);
	if (!ret)
		ret = parse_numbers(obj, &facts, e);
	if (!ret)
		ret = parse_choices(obj, &facts, e);
	if (!ret)
		ret = parse_strings(obj, &facts, e);
	if (!ret)
		ret = parse_addresses(obj, &facts, e);
	if (ret) {
		err_wrap(e, "%s", path);
		return ret;
	}
	*out = facts;
	return 0;
}

int node_facts_read(const char *state_dir, struct node_facts *out,
		    struct err *e)
{
	__cleanup(mem_free) char *text = NULL;
	char path[512];
	size_t len;
	int ret;

	if ((size_t)snprintf(path, sizeof(path), "%s/node.json", state_dir) >=
	    sizeof(path))
		return err_sys(e, ENAMETOOLONG, "state directory %.200s",
			       state_dir);
	ret = state_dir_check(state_dir, e);
	if (ret)
		return ret;
	ret = state_file_read(path, NODE_JSON_MAX, &text, &len, e);
	if (ret == -ENOENT)
		return err_set(e, ENOENT,
			       "%s does not exist: the agent has not run yet "
			       "on this node",
			       path);
	if (ret)
		return ret;
	return parse_node(path, text, len, out, e);
}

static cJSON *node_to_json(const struct node_facts *in)
{
	cJSON *obj = cJSON_CreateObject(), *list;
	char text[PREFIX_STRLEN];
	int i;

	cJSON_AddNumberToObject(obj, "version", 1);
	cJSON_AddStringToObject(obj, "name", in->name);
	list = cJSON_AddArrayToObject(obj, "podCIDRs");
	for (i = 0; i < in->n_pod_cidrs; i++) {
		prefix_format(&in->pod_cidrs[i], text);
		cJSON_AddItemToArray(list, cJSON_CreateString(text));
	}
	list = cJSON_AddArrayToObject(obj, "hostAddresses");
	for (i = 0; i < in->n_host_addrs; i++) {
		addr_format(&in->host_addrs[i], text);
		cJSON_AddItemToArray(list, cJSON_CreateString(text));
	}
	cJSON_AddNumberToObject(obj, "mtu", in->mtu);
	cJSON_AddStringToObject(obj, "mode",
				in->overlay ? "overlay" : "native");
	cJSON_AddStringToObject(obj, "attach", in->tcx ? "tcx" : "clsact");
	cJSON_AddStringToObject(obj, "bpfRoot", in->bpf_root);
	cJSON_AddStringToObject(obj, "defaultVerdict",
				in->default_verdict == DEFAULT_DENY ? "deny"
								    : "allow");
	return obj;
}

int node_facts_write(const char *state_dir, const struct node_facts *in,
		     struct err *e)
{
	__cleanup(json_free) cJSON *obj = node_to_json(in);
	__cleanup(mem_free) char *text = cJSON_Print(obj);
	char path[512];
	int ret;

	if (!text)
		return err_sys(e, ENOMEM, "write node.json");
	if ((size_t)snprintf(path, sizeof(path), "%s/node.json", state_dir) >=
	    sizeof(path))
		return err_sys(e, ENAMETOOLONG, "state directory %.200s",
			       state_dir);
	ret = state_dir_make(state_dir, e);
	if (!ret)
		ret = state_dir_check(state_dir, e);
	if (ret)
		return ret;
	return file_write_atomic(path, text, strlen(text), 0600, e);
}
