/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failures as the CNI specification has them: a code, a sentence, details.
 * Functions of the plugin return 0 or such a code, with the sentence in the
 * struct that the caller owns; main() prints it once, as JSON.
 */
#pragma once

#include <stddef.h>

#include "../lib/err.h"

enum cni_code {
	/* of the specification */
	CNI_VERSION = 1,      /* incompatible CNI version */
	CNI_UNSUPPORTED = 2,  /* unsupported field, named with its value */
	CNI_NO_CONTAINER = 3, /* no such container: nothing to clean up */
	CNI_ENVIRONMENT = 4,  /* environment variable missing or wrong */
	CNI_IO = 5,	      /* files, standard input and output */
	CNI_DECODE = 6,	      /* not JSON, or not what it should hold */
	CNI_CONFIG = 7,	      /* network configuration is not valid */
	CNI_TRY_AGAIN = 11,   /* will work later, without a change */
	CNI_UNAVAILABLE = 50, /* STATUS: ADD would fail */
	CNI_LIMITED = 51,     /* STATUS: and running pods suffer too */
	/* ours */
	CNI_KERNEL = 100,      /* the kernel refused something */
	CNI_EXHAUSTED = 101,   /* no address left */
	CNI_ADDRESS = 102,     /* the address asked for cannot be given */
	CNI_CHECK = 103,       /* CHECK found a difference */
	CNI_EXISTS = 104,      /* the interface is there already */
	CNI_IPAM = 105,	       /* the delegated plugin failed without a code */
	CNI_INTERRUPTED = 106, /* by a signal; all was undone */
	CNI_PRIVILEGES = 107,  /* not root */
	CNI_GC = 108,	       /* GC could not remove everything */
};

struct failure {
	int code; /* enum cni_code or a delegated plugin's, 0: none */
	char msg[768];
	char details[768];
};

/* Set it and return the code. */
int failure_set(struct failure *f, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* From an error of the libraries: `code`, but CNI_IO, CNI_PRIVILEGES or
 * CNI_TRY_AGAIN where the errno is about files, privileges or a conflict that
 * passes. The context may be NULL. */
int failure_from(struct failure *f, int code, const struct err *e,
		 const char *context);

/* The error as JSON text of the specification; caller frees. Bytes that are
 * not UTF-8 become '?'. NULL: out of memory. */
char *failure_json(const struct failure *f, const char *cni_version);
