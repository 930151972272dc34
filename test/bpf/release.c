// SPDX-License-Identifier: Apache-2.0
#include "release.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

bool kernel_is_before(int major, int minor)
{
	struct utsname u;
	int here, here_minor;

	if (uname(&u) || sscanf(u.release, "%d.%d", &here, &here_minor) != 2)
		abort();
	return here < major || (here == major && here_minor < minor);
}
