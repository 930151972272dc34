/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One rtnetlink request and its answer: what the link_*() functions are made
 * of, private to them. libnl builds and parses the messages; its caches are
 * not used, because they fetch whole tables where one entry is asked for.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "err.h"

struct link_ctx;

/* A request under construction. A put that finds no room is remembered and
 * fails the request as a whole. */
struct request {
	struct nl_msg *msg;
	bool full;
};

/* Begin a message of the type with NLM_F_REQUEST | flags and its fixed header
 * (ifinfomsg, rtmsg, ...). */
struct request request_new(int type, int flags, const void *head, size_t len);
void request_free(struct request *r); /* fits __cleanup */

void request_put(struct request *r, int attr, const void *data, size_t len);
void request_put_u8(struct request *r, int attr, unsigned char value);
void request_put_u32(struct request *r, int attr, unsigned int value);
void request_put_string(struct request *r, int attr, const char *text);
/* Bytes that are no attribute: a header within a nest. */
void request_append(struct request *r, const void *data, size_t len);
struct nlattr *request_nest(struct request *r, int attr);
void request_nest_end(struct request *r, struct nlattr *nest);

/* Send it and wait for the acknowledgement. fn (may be NULL) gets each message
 * of the answer. Returns 0 or the kernel's negative errno; no sentence yet. */
typedef void (*reply_fn)(struct nlmsghdr *h, void *arg);
int request_do(struct link_ctx *c, struct request *r, reply_fn fn, void *arg);

/* The sentence for what request_do() returned: "<context>: <strerror> (<what
 * the kernel said>)". Returns ret. */
int request_failed(struct link_ctx *c, int ret, struct err *e, const char *fmt,
		   ...) __attribute__((format(printf, 4, 5)));

/* Items gathered from a dump. Nothing is handed on before the dump is whole
 * and consistent, so that nobody acts upon half a table, and so that who is
 * called for an item may make requests of his own. */
struct dump {
	void *items;
	size_t size; /* of an item, set by the caller */
	size_t n;
	size_t room;
	bool no_memory;
};
void dump_free(struct dump *d); /* fits __cleanup */
void dump_add(struct dump *d, const void *item);
/* Runs the request as often as the kernel says that the table changed
 * meanwhile (bounded: -EAGAIN). `fn` adds to *d, which it gets as its arg. */
int dump_run(struct link_ctx *c, struct request *r, reply_fn fn,
	     struct dump *d);
