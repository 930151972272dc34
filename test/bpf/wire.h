/* SPDX-License-Identifier: Apache-2.0 */
/* The far ends of the test node's devices: frames put on them and taken off
 * them as they are, and the stubs attached to the near ends. */
#pragma once

#include <stdbool.h>

#include "packet.h"

/* Attach the stubs of the hooks to both sides of each device of the node. */
void wire_attach(void);

/* A socket on a device of a namespace (an fd of node.h). */
int wire_open(int ns, const char *device);
void wire_send(int fd, const struct packet *p);
/* The next frame within three seconds; false: none. */
bool wire_receive(int fd, struct packet *p);
void wire_drain(int fd); /* forget what came so far */

/* Is the frame among those that come? Shows those that came
 * in its stead. */
bool wire_expect(int fd, const struct packet *want);
