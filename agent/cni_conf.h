/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file that tells a container runtime to use Fairlead. It appears once the
 * node can serve pods, and never goes: what is attached must be detached, with
 * or without an agent.
 */
#pragma once

#include "../lib/config.h"

/* Put what cni-conf-source says in the place of cni-conf-file, if it says
 * anything else; nothing where they are not set. A source that makes no sense
 * is an error and changes nothing. */
int cni_conf_install(const struct config *c, struct err *e);
