/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

/* A DNS name in lower case: how names of nodes, pods, namespaces and policies
 * are written. */
bool is_dns_name(const char *s);
