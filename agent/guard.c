/* SPDX-License-Identifier: Apache-2.0 */
#include "guard.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "../lib/log.h"

void guard_secrets(const struct config *c)
{
	const struct rlimit none = {0, 0};

	if (!c->kubeconfig[0] || c->core_dumps)
		return;
	/* The first is for all kinds of dumps; the limit says so to people. */
	if (prctl(PR_SET_DUMPABLE, 0) || setrlimit(RLIMIT_CORE, &none))
		log_warn("core dumps would hold the token", "error=\"%s\"",
			 strerror(errno));
}
