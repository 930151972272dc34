/* SPDX-License-Identifier: Apache-2.0 */
/* A client of the servers of test/kube/http_server.py, and what it fetches. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <cmocka.h>

#include "../../kube/http.h"

extern struct http_world {
	char dir[32]; /* with certificates, the token and logs */
	struct event_base *base;
	struct kube_config config;
	struct kube_http *http;
	struct err err;
} w;

int start_server(void **state); /* for the group of tests */
int stop_server(void **state);
int setup(void **state);
int teardown(void **state);

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

char *format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void copy_file(const char *from, const char *to); /* within dir */
void put_token(const char *token);
int port_of(const char *name);
void open_host(const char *scheme, const char *host, const char *name);
void open_to(const char *name);

struct fetch {
	struct kube_result r;
	struct kube_call *call; /* NULL once it has ended */
	size_t len;
	char body[4096]; /* the first of it */
	int n_done, n_data;
	/* What data() or done() are to do. */
	struct fetch *cancels;
	bool stops, closes_in_data, closes_in_done;
	struct fetch *starts;
};

void start(struct fetch *f, const struct kube_request *r);
void cancel(struct fetch *f);
struct fetch get(const char *path); /* to its end */
/* Lets the loop run until *n is at least wanted; it is broken after 30 s. */
void run_until(const int *n, int wanted);
void run_for_ms(int ms);

void assert_says(const char *text, const char *what);
void assert_says_not(const char *text, const char *what);
void assert_fine(const struct fetch *f);
void assert_fails(const char *path, int error, const char *sentence);
int connection_of(const struct fetch *f); /* its number at the server */
