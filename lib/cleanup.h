/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Release that is declared where the thing is acquired:
 *
 *	__cleanup(fd_close) int fd = open(...);
 *	__cleanup(mem_free) char *path = NULL;
 *
 * take_fd() and take_ptr() hand the thing on and disarm the release.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define __cleanup(fn) __attribute__((cleanup(fn)))

static inline void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void mem_free(void *p)
{
	free(*(void **)p);
}

static inline void file_close(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#define take_ptr(p)                                                            \
	({                                                                     \
		__typeof__(p) taken_ = (p);                                    \
		(p) = NULL;                                                    \
		taken_;                                                        \
	})
