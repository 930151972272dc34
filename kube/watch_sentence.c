/* SPDX-License-Identifier: Apache-2.0 */
/* How what went wrong is said. */
#include <stdio.h>
#include <string.h>

#include "watch_private.h"

static const char *verb(const struct kube_watch *w)
{
	return w->task == TASK_WATCH ? "watch" : "list";
}

void sentence_status(const struct kube_watch *w, const struct kube_result *r,
		     char *out, size_t size)
{
	bool says = !strncmp(r->message, "HTTP ", 5);

	if (r->status == 403)
		snprintf(out, size,
			 "forbidden: the ClusterRole needs: apiGroups: "
			 "[\"%s\"], resources: [\"%s\"], verbs: [\"%s\"]",
			 w->resource->group, w->resource->name, verb(w));
	else if (r->status == 401)
		snprintf(out, size,
			 "%s %s: unauthorized: the server does not accept the "
			 "token or certificate",
			 verb(w), w->resource->name);
	else if (says)
		snprintf(out, size, "%s %s: %s", verb(w), w->resource->name,
			 r->message);
	else
		snprintf(out, size, "%s %s: HTTP %d%s%s", verb(w),
			 w->resource->name, r->status, *r->message ? ": " : "",
			 r->message);
}

void sentence_broken(const struct kube_watch *w, const struct kube_result *r,
		     char *out, size_t size)
{
	const char *why = "the answer ended in the middle";

	if (!r->status)
		why = "no answer";
	if (r->error)
		why = strerror(-r->error);
	if (*r->message)
		why = r->message;
	snprintf(out, size, "%s %s: %s", verb(w), w->resource->name, why);
}
