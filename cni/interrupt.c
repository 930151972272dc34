/* SPDX-License-Identifier: Apache-2.0 */
#include "interrupt.h"

#include <signal.h>
#include <stddef.h>

static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
static volatile sig_atomic_t pending;

static void note(int number)
{
	pending = number;
}

static void set_all(void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler};
	size_t i;

	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
}

void interrupt_catch(void)
{
	signal(SIGPIPE, SIG_IGN);
	set_all(note);
}

void interrupt_default(void)
{
	set_all(SIG_DFL);
}

bool interrupt_pending(void)
{
	return pending;
}

void interrupt_ignore(void)
{
	set_all(SIG_IGN);
	pending = 0;
}
