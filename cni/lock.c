/* SPDX-License-Identifier: Apache-2.0 */
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "../lib/cleanup.h"

#define LOCK_WAIT_MS 5000

static int lock_open(const char *state_dir)
{
	char path[600];

	snprintf(path, sizeof(path), "%s/cni.lock", state_dir);
	return open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

int state_lock_shared(const char *state_dir, int *fd, struct failure *f)
{
	__cleanup(fd_close) int lock = lock_open(state_dir);

	if (lock < 0)
		return failure_set(f, CNI_IO, "open %s/cni.lock: %s", state_dir,
				   strerror(errno));
	if (flock(lock, LOCK_SH))
		return failure_set(f, errno == EINTR ? CNI_INTERRUPTED : CNI_IO,
				   "lock %s/cni.lock: %s", state_dir,
				   strerror(errno));
	*fd = take_fd(&lock);
	return 0;
}

int state_lock_alone(const char *state_dir, int *fd, struct failure *f)
{
	struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
	__cleanup(fd_close) int lock = lock_open(state_dir);
	int waited;

	if (lock < 0)
		return failure_set(f, CNI_IO, "open %s/cni.lock: %s", state_dir,
				   strerror(errno));
	for (waited = 0; flock(lock, LOCK_EX | LOCK_NB); waited += 20) {
		if (errno != EWOULDBLOCK || waited >= LOCK_WAIT_MS)
			return failure_set(f, CNI_TRY_AGAIN,
					   "an ADD or DEL is still running (%s/"
					   "cni.lock: %s)",
					   state_dir, strerror(errno));
		nanosleep(&pause, NULL);
	}
	*fd = take_fd(&lock);
	return 0;
}
