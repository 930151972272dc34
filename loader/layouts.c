/* SPDX-License-Identifier: Apache-2.0 */
/* What a loader of another layout (abi.h) has left: <bpf-root>/v1 and so on.
 * Nothing in it is read. */
#include "loader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pins.h"

struct layouts {
	const char *bpf_root;
	int n;
	struct err *e;
};

static bool is_older(const char *name)
{
	char *end;
	unsigned long version;

	if (*name != 'v')
		return false;
	version = strtoul(name + 1, &end, 10);
	return end != name + 1 && !*end && version < FL_ABI_VERSION;
}

static int retire(const char *name, void *arg)
{
	struct layouts *l = arg;
	char path[PIN_PATH_MAX];

	if (!is_older(name))
		return 0;
	if (snprintf(path, sizeof(path), "%s/%s", l->bpf_root, name) >=
	    (int)sizeof(path))
		return err_set(l->e, ENAMETOOLONG, "%s/%s is too long a path",
			       l->bpf_root, name);
	l->n++;
	return pin_remove(path, l->e);
}

int layouts_retire(const char *bpf_root, int *n, struct err *e)
{
	struct layouts l = {.bpf_root = bpf_root, .e = e};
	int r = pin_each(bpf_root, retire, &l, e);

	*n = l.n;
	return r;
}
