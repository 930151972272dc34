/* SPDX-License-Identifier: Apache-2.0 */
#include "pods.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

static int keep(const struct endpoint_record *r, void *arg)
{
	struct pods *p = arg;

	p->list = must_grow(p->list, p->n, &p->room, sizeof(*p->list));
	p->list[p->n++] = *r;
	return 0;
}

/* As they were made: the order of a directory means nothing. */
static int by_age(const void *a, const void *b)
{
	const struct endpoint_record *x = a, *y = b;

	if (x->ifindex != y->ifindex)
		return x->ifindex < y->ifindex ? -1 : 1;
	return strcmp(x->container_id, y->container_id);
}

int pods_read(const char *state_dir, struct pods *out, struct err *e)
{
	int rc = endpoint_record_each(state_dir, keep, out, &out->n_bad, e);

	if (!rc && out->n)
		qsort(out->list, out->n, sizeof(*out->list), by_age);
	return rc;
}

void pods_free(struct pods *p)
{
	free(p->list);
	*p = (struct pods){0};
}

const struct endpoint_record *pods_by_addr(const struct pods *p,
					   const struct fl_addr *addr)
{
	for (size_t i = 0; i < p->n; i++)
		for (int a = 0; a < p->list[i].n_addrs; a++)
			if (addr_equal(&p->list[i].addrs[a], addr))
				return &p->list[i];
	return NULL;
}

const struct endpoint_record *pods_by_ifindex(const struct pods *p,
					      unsigned int ifindex)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->list[i].ifindex == ifindex)
			return &p->list[i];
	return NULL;
}

const char *pod_label(const struct endpoint_record *r, char buf[POD_LABEL_LEN])
{
	if (!r)
		buf[0] = '\0';
	else if (r->pod_name[0])
		snprintf(buf, POD_LABEL_LEN, "%s/%s", r->pod_namespace,
			 r->pod_name);
	else
		snprintf(buf, POD_LABEL_LEN, "container %.12s",
			 r->container_id);
	return buf;
}

bool pod_matches(const struct endpoint_record *r, const char *wanted)
{
	const char *slash = strchr(wanted, '/');
	size_t len = slash ? (size_t)(slash - wanted) : 0;

	if (strcmp(r->pod_name, slash ? slash + 1 : wanted))
		return false;
	return !slash || (strlen(r->pod_namespace) == len &&
			  !strncmp(r->pod_namespace, wanted, len));
}
