/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Echo requests of given sizes that may not be fragmented, many at a time. Of
 * the calling thread's network namespace; needs root (raw sockets).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "../lib/addr.h"
#include "../lib/err.h"

struct probe {
	struct fl_addr to;
	unsigned int size; /* of the IP packet, bytes */
	bool answered;	   /* out: by an echo of the same size */
	int error;	   /* out: errno where it could not be sent, else 0 */
};

enum { PROBE_SIZE_MIN = 96, PROBE_SIZE_MAX = 9216, PROBES_MAX = 4096 };

/* Sends each up to three times and waits until all are answered, at most
 * `timeout_ms`. An answer that is missing is no error. n <= PROBES_MAX. */
int probes_run(struct probe *list, size_t n, int timeout_ms, struct err *e);
