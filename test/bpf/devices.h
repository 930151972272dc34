/* SPDX-License-Identifier: Apache-2.0 */
/* The namespaces of a test and the devices in them: see struct node. */
#pragma once

/* Makes them all; ends the program with a sentence on failure. The calling
 * process is in the node's namespace afterwards. */
void devices_make(void);

/* Ends the program with what could not be done, and errno's text. */
__attribute__((format(printf, 1, 2), noreturn)) void give_up(const char *fmt,
							     ...);
