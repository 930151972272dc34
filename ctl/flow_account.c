/* SPDX-License-Identifier: Apache-2.0 */
#include "flow_account.h"

#include <stdio.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../loader/loader.h"

static void insert(struct flow_accounts *all, const struct flow_account *new)
{
	int at = all->n;

	while (at > 0 && all->list[at - 1].connections < new->connections)
		at--;
	if (at == FLOW_ACCOUNTS_MAX)
		return;
	if (all->n < FLOW_ACCOUNTS_MAX)
		all->n++;
	memmove(&all->list[at + 1], &all->list[at],
		(all->n - at - 1) * sizeof(*new));
	all->list[at] = *new;
}

void flow_accounts_add(struct flow_accounts *all,
		       const struct fl_account_key *key,
		       const struct fl_account *a)
{
	struct flow_account new = {.key = *key, .connections = a->connections};

	if (key->kind != FL_ACCOUNT_TOTAL) {
		insert(all, &new);
		return;
	}
	all->connections = a->connections;
	all->size = a->size;
}

void flow_accounts_judge(struct flow_accounts *all)
{
	__u64 room =
		all->size > all->connections ? all->size - all->connections : 0;

	for (int i = 0; i < all->n; i++)
		all->list[i].crowded =
			all->size && all->list[i].connections &&
			all->list[i].connections * 2 >= FL_SHARE_FACTOR * room;
}

static int add(const void *key, const void *value, void *arg)
{
	struct fl_account_key k;
	struct fl_account a;

	memcpy(&k, key, sizeof(k));
	memcpy(&a, value, sizeof(a));
	flow_accounts_add(arg, &k, &a);
	return 0;
}

void flow_accounts_read(const struct ctl *c, struct flow_accounts *out)
{
	__cleanup(fd_close) int fd = -1;
	struct err e = {0};

	*out = (struct flow_accounts){0};
	fd = map_open(c->bpf_root, FL_MAP_ACCOUNTS, &e);
	if (fd < 0)
		return;
	map_each(fd, add, out, &e);
	flow_accounts_judge(out);
}

static const struct endpoint_view *find(const struct endpoints *eps,
					unsigned int ifindex)
{
	for (size_t i = 0; i < eps->n; i++)
		if (eps->list[i].ifindex == ifindex && eps->list[i].record)
			return &eps->list[i];
	return NULL;
}

const char *flow_account_name(const struct flow_account *a,
			      const struct endpoints *eps,
			      char buf[FLOW_ACCOUNT_LEN])
{
	const struct endpoint_view *v = find(eps, a->key.ifindex);
	bool in = a->key.kind == FL_ACCOUNT_IN;
	const char *prefix = in ? "others' connections to " : "";

	if (a->key.kind == FL_ACCOUNT_HOST || (in && !a->key.ifindex))
		snprintf(buf, FLOW_ACCOUNT_LEN, "%sthe host", prefix);
	else if (v && *v->record->pod_name)
		snprintf(buf, FLOW_ACCOUNT_LEN, "%spod %s/%s", prefix,
			 v->record->pod_namespace, v->record->pod_name);
	else
		snprintf(buf, FLOW_ACCOUNT_LEN, "%sdevice %u", prefix,
			 a->key.ifindex);
	return buf;
}
