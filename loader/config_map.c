/* SPDX-License-Identifier: Apache-2.0 */
#include "loader.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "pins.h"

/* The epoch is the first word; programs compare it while we add to it. */
static void write_config(struct fl_config *map, const struct fl_config *before,
			 const struct fl_config *cfg)
{
	const size_t rest = sizeof(cfg->epoch);
	__u32 raise = cfg->epoch - before->epoch;

	_Static_assert(offsetof(struct fl_config, epoch) == 0, "comes first");
	memcpy((char *)map + rest, (const char *)cfg + rest,
	       sizeof(*cfg) - rest);
	/* 0 is the epoch of a config that nobody has set up. */
	while (raise &&
	       !__atomic_add_fetch(&map->epoch, raise, __ATOMIC_SEQ_CST))
		raise = FL_EPOCH_STEP;
}

int config_map_change(const char *bpf_root,
		      void (*fn)(struct fl_config *cfg, void *arg), void *arg,
		      struct err *e)
{
	__cleanup(fd_close) int lock = -1;
	__cleanup(fd_close) int fd = -1;
	struct fl_config cfg, before, *map;

	lock = pin_lock(bpf_root, PIN_LOCK_CONFIG, false, PIN_WAIT, e);
	if (lock < 0)
		return lock;
	fd = map_open(bpf_root, FL_MAP_CONFIG, e);
	if (fd < 0)
		return fd;
	map = mmap(NULL, sizeof(*map), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		   0);
	if (map == MAP_FAILED)
		return err_sys(e, errno, "map " FL_MAP_CONFIG);
	cfg = before = *map;
	fn(&cfg, arg);
	if (memcmp(&cfg, &before, sizeof(cfg)))
		write_config(map, &before, &cfg);
	munmap(map, sizeof(*map));
	return 0;
}

static void raise(struct fl_config *cfg, void *arg)
{
	(void)arg;
	cfg->epoch += FL_EPOCH_STEP;
}

int epoch_raise(const char *bpf_root, struct err *e)
{
	return config_map_change(bpf_root, raise, NULL, e);
}

/* Programs run inside of an RCU read-side critical section. */
void programs_wait(void)
{
	const struct timespec second = {.tv_sec = 1};

	if (!syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		return;
	/* Not there on kernels with nohz_full: no program runs for so long. */
	nanosleep(&second, NULL);
}
