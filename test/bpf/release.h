/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel that we run on can do, by its number. */
#pragma once

#include <stdbool.h>

/* Is it older than major.minor? */
bool kernel_is_before(int major, int minor);
