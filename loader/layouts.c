/* SPDX-License-Identifier: Apache-2.0 */
/* What a loader of another layout (abi.h) has left: <bpf-root>/v1 and so on, of
 * an older build after an upgrade, of a newer one after going back. Nothing in
 * it is read. */
#include "loader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "../lib/cleanup.h"
#include "pins.h"

struct layouts {
	const char *bpf_root;
	int n;
	struct err *e;
};

static bool is_other(const char *name)
{
	char *end;
	unsigned long version;

	if (*name != 'v')
		return false;
	version = strtoul(name + 1, &end, 10);
	return end != name + 1 && !*end && version != FL_ABI_VERSION;
}

static int detach(const char *name, void *arg)
{
	char path[PIN_PATH_MAX + 64];
	__cleanup(fd_close) int fd = -1;

	snprintf(path, sizeof(path), "%s/%.60s", (const char *)arg, name);
	fd = bpf_obj_get(path);
	if (fd >= 0)
		bpf_link_detach(fd);
	return 0;
}

/* Off the devices before anything else goes: a program array is empty as soon
 * as its last pin is gone, and what jumps through it would drop packets. The
 * end of a link's pin detaches it too, but some time later. */
static int detach_links(const char *layout, struct err *e)
{
	char dir[PIN_PATH_MAX];

	if (snprintf(dir, sizeof(dir), "%s/links", layout) >= (int)sizeof(dir))
		return err_set(e, ENAMETOOLONG, "%s is too long a path",
			       layout);
	return pin_each(dir, detach, dir, e);
}

static int retire(const char *name, void *arg)
{
	struct layouts *l = arg;
	char path[PIN_PATH_MAX];
	int r;

	if (!is_other(name))
		return 0;
	if (snprintf(path, sizeof(path), "%s/%s", l->bpf_root, name) >=
	    (int)sizeof(path))
		return err_set(l->e, ENAMETOOLONG, "%s/%s is too long a path",
			       l->bpf_root, name);
	l->n++;
	r = detach_links(path, l->e);
	return r ? r : pin_remove(path, l->e);
}

int layouts_retire(const char *bpf_root, int *n, struct err *e)
{
	struct layouts l = {.bpf_root = bpf_root, .e = e};
	int r = pin_each(bpf_root, retire, &l, e);

	*n = l.n;
	return r;
}
