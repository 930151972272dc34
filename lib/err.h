/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An error that a person can read: an errno and a sentence. The caller owns
 * the struct, nothing is allocated, and it is printed once, at the top.
 */
#pragma once

struct err {
	int code; /* positive errno, 0: no error */
	char msg[512];
};

/* Set the error; returns -code. Nothing is stored where e is NULL. When code
 * is not 0 and the format does not say so itself, ": <strerror>" is appended
 * by err_sys only. */
int err_set(struct err *e, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same with ": <strerror(code)>" behind the sentence. */
int err_sys(struct err *e, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Put context in front of the sentence ("attach eth0: ..."); returns
 * -e->code, so that `return err_wrap(e, ...)` passes an error on. */
int err_wrap(struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
