/* SPDX-License-Identifier: Apache-2.0 */
/* SIGTERM, SIGINT, SIGHUP: noted, and acted upon between two steps. */
#pragma once

#include <stdbool.h>

void interrupt_catch(void);
/* As a child that is about to execute another program wants them. */
void interrupt_default(void);
bool interrupt_pending(void);
/* From here on (undoing, deleting) they are not looked at any more. */
void interrupt_ignore(void);
