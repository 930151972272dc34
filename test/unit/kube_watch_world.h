/* SPDX-License-Identifier: Apache-2.0 */
/* One watch in a world (kube_fake.h), what is said to it, and what follows. */
#pragma once

#include "kube_fake.h"

extern const struct kube_resource pods;
extern const struct kube_resource policies; /* optional */

#define LIST_PATH  "GET /api/v1/pods?limit=500"
#define CHECK_PATH "GET /api/v1/pods?limit=1"
#define WATCH_PATH(v)                                                          \
	"GET /api/v1/pods?watch=true&allowWatchBookmarks=true"                 \
	"&resourceVersion=" v "&timeoutSeconds=450"
#define META(v) "\"metadata\":{\"resourceVersion\":\"" v "\"}"
#define NEXT(v, t)                                                             \
	"\"metadata\":{\"resourceVersion\":\"" v "\",\"continue\":\"" t "\"}"
#define POD(name, v)                                                           \
	"{\"metadata\":{\"namespace\":\"blue\",\"name\":\"" name               \
	"\",\"resourceVersion\":\"" v "\"}}"
#define LIST(meta, items)                                                      \
	"{\"kind\":\"PodList\"," meta ",\"items\":[" items "]}"
#define EVENT(type, object) "{\"type\":\"" type "\",\"object\":" object "}\n"
#define BOOKMARK(v)	    EVENT("BOOKMARK", "{\"kind\":\"Pod\"," META(v) "}")
#define ERROR_EVENT(code, reason)                                              \
	EVENT("ERROR", "{\"kind\":\"Status\",\"message\":\"because\\nso\","    \
		       "\"reason\":\"" reason "\",\"code\":" code "}")

extern struct world d;

void open_world(const struct kube_resource *r);
int close_world(void **state); /* a teardown */
const struct kube_watch_state *st(void);
/* The diary since it was last asked, and nothing else. */
void happened(const char *wanted);
/* The error. */
void says(const char *wanted);
/* Up to a watch that was just asked for, from version 5, of pod a (4). */
void start_watching(const struct kube_resource *r);
/* The watch ends as it usually does. */
void end_long_watch(void);

/* What a server may answer with. */
void close_watch(void);
void tell_one_and_close(void);
void refuse(void);
void too_many(void);
void too_many_at_once(void);
void break_down(void);
void unknown_us(void);
void gone_by_event(void);
void gone_by_status(void);
void error_event(void);
void nonsense(void);
void go_back(void);
void bad_request(void);
void nothing_like_it(void);
void good_list(void);
void page_one(void);
