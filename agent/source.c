/* SPDX-License-Identifier: Apache-2.0 */
#include "source.h"

#include <stddef.h>

#include "source_dir.h"
#include "source_kube.h"

int source_open(struct event_base *base, const struct config *c,
		void (*changed)(void *arg), void *arg, struct source **out,
		struct err *e)
{
	*out = NULL;
	if (c->kubeconfig[0])
		return source_kube_open(base, c, changed, arg, out, e);
	if (c->cluster_dir[0])
		*out = source_dir_open(base, c->cluster_dir, changed, arg);
	return 0;
}

void source_close(struct source *s)
{
	if (s)
		s->ops->close(s);
}
