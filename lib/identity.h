/* SPDX-License-Identifier: Apache-2.0 */
/* Identities of policy that have the same meaning everywhere. */
#pragma once

#include <linux/types.h>

/* "the world", "this node"; NULL: it is none of them, its meaning is in
 * policy.json. */
const char *identity_reserved_name(__u32 identity);
