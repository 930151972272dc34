/* SPDX-License-Identifier: Apache-2.0 */
/* Which connections and events somebody wants to see. */
#pragma once

#include <stdbool.h>

#include "../lib/addr.h"
#include "connection.h"
#include "pods.h"

struct range_wanted {
	bool given;
	struct fl_prefix prefix;
};

/* Nothing given: everything matches. What is given must all match. */
struct filter {
	struct range_wanted from, to, address;
	unsigned int port; /* 0: any; either side's, before or after */
	int proto;	   /* -1: any */
	int state;	   /* -1: any */
	int reason;	   /* -1: any */
	bool masqueraded;
	const char *pod; /* NAMESPACE/NAME, or NULL */
};

/* The initial values. */
#define FILTER_ALL                                                             \
	{                                                                      \
		.proto = -1, .state = -1, .reason = -1                         \
	}

int set_range(const char *text, void *field, struct err *e);

/* -ENODEV, with a sentence, for a pod that is not on this node. */
int filter_check(const struct filter *f, const struct pods *pods,
		 struct err *e);
/* Addresses and ports match before and after translation. */
bool filter_connection(const struct filter *f, const struct pods *pods,
		       const struct connection *c);
bool filter_event(const struct filter *f, const struct pods *pods,
		  const struct fl_event *ev);
