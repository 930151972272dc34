/* SPDX-License-Identifier: Apache-2.0 */
#include "loader.h"

#include <string.h>

#include <bpf/bpf.h>

#include "../lib/cleanup.h"
#include "pins.h"

int config_map_change(const char *bpf_root,
		      void (*fn)(struct fl_config *cfg, void *arg), void *arg,
		      struct err *e)
{
	__cleanup(fd_close) int lock = -1;
	__cleanup(fd_close) int fd = -1;
	struct fl_config cfg, before;
	__u32 zero = 0;
	int r;

	lock = pin_lock(bpf_root, PIN_LOCK_CONFIG, false, PIN_WAIT, e);
	if (lock < 0)
		return lock;
	fd = map_open(bpf_root, FL_MAP_CONFIG, e);
	if (fd < 0)
		return fd;
	r = bpf_map_lookup_elem(fd, &zero, &cfg);
	if (r)
		return err_sys(e, -r, "read " FL_MAP_CONFIG);
	before = cfg;
	fn(&cfg, arg);
	if (!memcmp(&cfg, &before, sizeof(cfg)))
		return 0;
	r = bpf_map_update_elem(fd, &zero, &cfg, BPF_EXIST);
	return r ? err_sys(e, -r, "write " FL_MAP_CONFIG) : 0;
}

static void raise(struct fl_config *cfg, void *arg)
{
	(void)arg;
	/* 0 is the epoch of a config that nobody has set up. */
	if (++cfg->epoch == 0)
		cfg->epoch = 1;
}

int epoch_raise(const char *bpf_root, struct err *e)
{
	return config_map_change(bpf_root, raise, NULL, e);
}
