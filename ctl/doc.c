/* SPDX-License-Identifier: Apache-2.0 */
#include "doc.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/addr.h"
#include "../lib/cleanup.h"
#include "../lib/json.h"
#include "alloc.h"
#include "format.h"
#include "reason.h"

static void *or_end(void *p)
{
	if (p)
		return p;
	fputs("fairlead: out of memory\n", stderr);
	exit(1);
}

cJSON *doc_object(void)
{
	return or_end(cJSON_CreateObject());
}

cJSON *doc_array(void)
{
	return or_end(cJSON_CreateArray());
}

void doc_free(cJSON **doc)
{
	cJSON_Delete(*doc);
	*doc = NULL;
}

void doc_add(cJSON *to, const char *key, cJSON *value)
{
	or_end(value);
	if (key)
		cJSON_AddItemToObject(to, key, value);
	else
		cJSON_AddItemToArray(to, value);
}

void doc_text(cJSON *to, const char *key, const char *text)
{
	size_t size = strlen(text) + 1;
	__cleanup(mem_free) char *clean = must_alloc(1, size);

	format_clean(text, clean, size);
	doc_add(to, key, cJSON_CreateString(clean));
}

/* cJSON's numbers are doubles, which lose what is behind 2^53. */
void doc_u64(cJSON *to, const char *key, __u64 n)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
	doc_add(to, key, cJSON_CreateRaw(text));
}

void doc_number(cJSON *to, const char *key, double n)
{
	char text[48];

	snprintf(text, sizeof(text), "%.3f", n);
	doc_add(to, key, cJSON_CreateRaw(text));
}

void doc_bool(cJSON *to, const char *key, bool b)
{
	doc_add(to, key, cJSON_CreateBool(b));
}

void doc_addr(cJSON *to, const char *key, const struct fl_addr *a)
{
	char text[ADDR_STRLEN];

	doc_add(to, key, cJSON_CreateString(addr_format(a, text)));
}

void doc_peer(cJSON *to, const char *key, const struct fl_addr *a, __be16 port,
	      __u8 proto)
{
	cJSON *peer = doc_object();

	doc_addr(peer, "address", a);
	if (proto_has_ports(proto))
		doc_u64(peer, "port", ntohs(port));
	doc_add(to, key, peer);
}

static void add_device(cJSON *to, const char *key, unsigned int ifindex)
{
	char name[IF_NAMESIZE];

	if (!ifindex)
		return;
	doc_u64(to, key, ifindex);
	if (if_indextoname(ifindex, name))
		doc_text(to, "device", name);
}

cJSON *doc_flow(const struct fl_flow *f, __u64 now_ns)
{
	cJSON *doc = doc_object();
	char buf[FORMAT_LEN];

	doc_u64(doc, "packets", f->packets);
	doc_u64(doc, "bytes", f->bytes);
	doc_number(doc, "age", (now_ns - f->created_ns) / 1e9);
	doc_number(doc, "idle",
		   now_ns > f->last_seen_ns ? (now_ns - f->last_seen_ns) / 1e9
					    : 0);
	doc_text(doc, "action", action_name(f->action));
	add_device(doc, "outIfindex", f->out_ifindex);
	if (!addr_is_zero(&f->next))
		doc_addr(doc, "next", &f->next);
	doc_text(doc, "hook", hook_name(f->hook));
	doc_text(doc, "sourceIdentity", format_identity(f->src_identity, buf));
	doc_text(doc, "destinationIdentity",
		 format_identity(f->dst_identity, buf));
	doc_u64(doc, "rule", f->rule);
	doc_u64(doc, "ingressRule", f->ingress_rule);
	doc_u64(doc, "mtu", f->mtu);
	doc_u64(doc, "epoch", f->epoch);
	return doc;
}

static void print(char *text, FILE *out)
{
	or_end(text);
	fputs(text, out);
	fputc('\n', out);
	free(text);
}

void doc_print(const cJSON *doc, FILE *out)
{
	print(json_print(doc, true), out);
}

void doc_print_line(const cJSON *doc, FILE *out)
{
	print(json_print(doc, false), out);
}
