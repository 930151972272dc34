/* SPDX-License-Identifier: Apache-2.0 */
#include "start_delay.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* Who comes up later than this (seconds) was not held up by the power. */
enum { BOOT_MAX = 600 };

double start_delay_for(const struct config *c, double uptime, bool began,
		       double chance)
{
	if (began || uptime >= BOOT_MAX)
		return 0;
	return chance * c->start_spread;
}

/* The state directory is of this boot: it is on a tmpfs. */
static bool has_begun(const struct config *c)
{
	char path[sizeof(c->state_dir) + 16];

	snprintf(path, sizeof(path), "%s/node.json", c->state_dir);
	return !access(path, F_OK);
}

double start_delay(const struct config *c)
{
	struct timespec up;

	clock_gettime(CLOCK_BOOTTIME, &up);
	return start_delay_for(c, up.tv_sec, has_begun(c),
			       arc4random() / 4294967296.0);
}
