/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plugin on a host: put there by an init container, and taken away with
 * all else when Fairlead leaves the node.
 */
#pragma once

#include "../lib/config.h"
#include "../lib/err.h"

#define PLUGIN_NAME "fairlead-cni"

/* Copies the plugin that stands beside this program into dir (made if it is
 * missing): there is the old one or the whole new one at every moment, also
 * after a power failure. */
int install_plugin(const char *dir, struct err *e);

/* The same for any file; dir/name is replaced, mode 0755. */
int install_file(const char *from, const char *dir, const char *name,
		 struct err *e);

/* Removes Fairlead from this node: the CNI configuration that the agent wrote,
 * programs, pins, devices and routes, then the plugin in dir and the files in
 * the state directory. -EBUSY while an agent runs, and nothing is touched;
 * -EBUSY while attachments are recorded, and then plugin and state stay, so
 * that the runtime can still delete them. 0 where there is nothing left. */
int uninstall_node(const struct config *c, const char *dir, struct err *e);
