/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies in force on the node under test: random objects, compiled as the
 * agent compiles them and written into the maps, and the same objects taken
 * literally, to say of a connection whether it is allowed.
 */
#pragma once

#include <stdbool.h>

#include <fairlead/abi.h>

/* Policies that follow from the seed alone; none where it is 0. The epoch is
 * raised. tables_reset() takes them out of force. */
void governed_install(__u64 seed);
void governed_free(void);
/* The pods of the node, in both families; mtu of pod_b. */
void governed_endpoints(unsigned int mtu);

/* May the connection be begun? `by_host`: by a socket of the node itself. */
bool governed_allows(const struct fl_tuple *t, bool by_host);
/* The policies in force, for people. */
void governed_print(void);
