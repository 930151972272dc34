/* SPDX-License-Identifier: Apache-2.0 */
/* What --json prints, on top of cJSON: exact 64-bit numbers, addresses,
 * flows. All functions end the program where memory ends. */
#pragma once

#include <stdio.h>
#include <cjson/cJSON.h>

#include <fairlead/abi.h>

#include "connection.h"

cJSON *doc_object(void);
cJSON *doc_array(void);
void doc_free(cJSON **doc); /* fits __cleanup */

/* Add to an object, or to an array with key NULL. */
void doc_add(cJSON *to, const char *key, cJSON *value);
void doc_text(cJSON *to, const char *key, const char *text); /* cleaned */
void doc_u64(cJSON *to, const char *key, __u64 n);
void doc_number(cJSON *to, const char *key, double n);
void doc_bool(cJSON *to, const char *key, bool b);
void doc_addr(cJSON *to, const char *key, const struct fl_addr *a);
/* {"address", "port"}; no port where the protocol has none. */
void doc_peer(cJSON *to, const char *key, const struct fl_addr *a, __be16 port,
	      __u8 proto);
cJSON *doc_flow(const struct fl_flow *f, __u64 now_ns);

/* A document, readable; a line, for streams. */
void doc_print(const cJSON *doc, FILE *out);
void doc_print_line(const cJSON *doc, FILE *out);
