/* SPDX-License-Identifier: Apache-2.0 */
#include "pod_news.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

/* More are looked at together faster. */
enum { NAMES_MAX = 10000 };

__u64 pod_name_hash(const char *namespace, const char *name)
{
	__u64 h = 0xcbf29ce484222325ull;

	for (; *namespace; namespace ++)
		h = (h ^ (unsigned char)*namespace) * 0x100000001b3ull;
	h = (h ^ '/') * 0x100000001b3ull;
	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 0x100000001b3ull;
	return h;
}

/* Nothing hangs on those of a node, which pods of the host's network have. */
static void add_addrs(struct pod_news *n, const struct pod *pod)
{
	if (!pod || !pod_has_addrs(pod))
		return;
	for (int i = 0; i < pod->n_addrs; i++) {
		n->addrs = list_room(n->addrs, n->addrs_room, n->n_addrs);
		n->addrs[n->n_addrs++] = pod->addrs[i];
	}
}

void pod_news_more(struct pod_news *n)
{
	pod_news_free(n);
	n->more = true;
}

void pod_news_add(struct pod_news *n, const struct pod *before,
		  const struct pod *after)
{
	const struct object *o = before ? &before->o : &after->o;

	if (n->more)
		return;
	if (n->n_names == NAMES_MAX) {
		pod_news_more(n);
		return;
	}
	n->names = list_room(n->names, n->names_room, n->n_names);
	n->names[n->n_names++] = pod_name_hash(o->namespace, o->name);
	add_addrs(n, before);
	add_addrs(n, after);
}

bool pod_news_has_name(const struct pod_news *n, const char *namespace,
		       const char *name)
{
	__u64 hash = pod_name_hash(namespace, name);

	for (size_t i = 0; i < n->n_names; i++)
		if (n->names[i] == hash)
			return true;
	return false;
}

void pod_news_free(struct pod_news *n)
{
	free(n->addrs);
	free(n->names);
	memset(n, 0, sizeof(*n));
}
