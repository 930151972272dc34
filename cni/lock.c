/* SPDX-License-Identifier: Apache-2.0 */
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "../lib/cleanup.h"
#include "delegate.h"
#include "interrupt.h"
#include "journal.h"

enum { PAUSE_MS = 5, SHARED_WAIT_MS = 1000, ALONE_WAIT_MS = 5000 };

static int lock_open(const char *state_dir)
{
	char path[600];

	snprintf(path, sizeof(path), "%s/cni.lock", state_dir);
	return open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
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

/* ---- one attachment ------------------------------------------------------ */

/* FNV-1a of the record's name. 62 bits: an offset must not be negative, nor
 * the last one that there is. */
static off_t offset_of(const struct call *c)
{
	unsigned long long hash = 14695981039346656037ULL;
	char name[CONTAINER_ID_MAX + 20];
	const char *p;

	snprintf(name, sizeof(name), "%s-%s", c->container_id, c->ifname);
	for (p = name; *p; p++)
		hash = (hash ^ (unsigned char)*p) * 1099511628211ULL;
	return (off_t)(hash >> 2);
}

static int attachment_lock_open(const struct call *c, int *fd,
				struct failure *f)
{
	const char *state_dir = c->conf.state_dir;
	char path[600];

	snprintf(path, sizeof(path), "%s/attachments.lock", state_dir);
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd >= 0)
		return 0;
	if (c->verb == VERB_ADD && errno == ENOENT)
		return failure_set(f, CNI_TRY_AGAIN,
				   "%s does not exist: fairlead-agent has not "
				   "run here",
				   state_dir);
	if (c->verb == VERB_ADD)
		return failure_set(f, CNI_IO, "open %s: %s", path,
				   strerror(errno));
	if (errno != ENOENT)
		journal(LOG_LEVEL_WARN, "going on without attachments.lock",
			"error=\"%s\"", strerror(errno));
	return 0;
}

int attachment_lock(const struct call *c, int *fd, struct failure *f)
{
	struct timespec pause = {.tv_nsec = PAUSE_MS * 1000 * 1000};
	struct flock byte = {
		.l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = offset_of(c),
		.l_len = 1,
	};
	__cleanup(fd_close) int lock = -1;
	int waited, ret;

	/* Who runs us has it, and waits for us. */
	if (delegate_is_nested())
		return 0;
	ret = attachment_lock_open(c, &lock, f);
	if (ret || lock < 0)
		return ret;
	for (waited = 0; fcntl(lock, F_OFD_SETLK, &byte); waited += PAUSE_MS) {
		if (interrupt_pending())
			return failure_set(f, CNI_INTERRUPTED,
					   "interrupted by a signal; nothing "
					   "was done");
		if ((errno != EAGAIN && errno != EACCES) ||
		    waited >= ALONE_WAIT_MS)
			return failure_set(
				f, CNI_TRY_AGAIN,
				"another call for interface %s of container "
				"%s is still running (attachments.lock: %s)",
				c->ifname, c->container_id, strerror(errno));
		nanosleep(&pause, NULL);
	}
	*fd = take_fd(&lock);
	return 0;
}
