/* SPDX-License-Identifier: Apache-2.0 */
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "../lib/cleanup.h"
#include "journal.h"

enum { PAUSE_MS = 5, SHARED_WAIT_MS = 1000, ALONE_WAIT_MS = 5000 };

static int lock_open(const char *state_dir)
{
	char path[600];

	snprintf(path, sizeof(path), "%s/cni.lock", state_dir);
	return open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

/* Polled, for flock() itself has no time limit. -EWOULDBLOCK: time is over. */
static int lock_within(int fd, int how, int limit_ms)
{
	struct timespec pause = {.tv_nsec = PAUSE_MS * 1000 * 1000};
	int waited;

	for (waited = 0; flock(fd, how | LOCK_NB); waited += PAUSE_MS) {
		if (errno != EWOULDBLOCK || waited >= limit_ms)
			return -errno;
		nanosleep(&pause, NULL);
	}
	return 0;
}

int state_lock_shared(const char *state_dir, int *fd, struct failure *f)
{
	__cleanup(fd_close) int lock = lock_open(state_dir);

	if (lock < 0)
		return failure_set(f, CNI_IO, "open %s/cni.lock: %s", state_dir,
				   strerror(errno));
	if (lock_within(lock, LOCK_SH, SHARED_WAIT_MS))
		journal(LOG_LEVEL_WARN, "going on without cni.lock", NULL);
	*fd = take_fd(&lock);
	return 0;
}

int state_lock_alone(const char *state_dir, int *fd, struct failure *f)
{
	__cleanup(fd_close) int lock = lock_open(state_dir);
	int ret;

	if (lock < 0)
		return failure_set(f, CNI_IO, "open %s/cni.lock: %s", state_dir,
				   strerror(errno));
	ret = lock_within(lock, LOCK_EX, ALONE_WAIT_MS);
	if (ret)
		return failure_set(f, CNI_TRY_AGAIN,
				   "an ADD or DEL is still running "
				   "(%s/cni.lock: %s)",
				   state_dir, strerror(-ret));
	*fd = take_fd(&lock);
	return 0;
}
