/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict reading of JSON: what is missing, misspelt, doubled or of the wrong
 * type is an error that names the key. The tree is cJSON's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <cjson/cJSON.h>

#include "addr.h"
#include "err.h"

/* One JSON value that fills the whole text, in valid UTF-8; caller deletes.
 * text[len] must be a NUL.
 * `name` (a file, "standard input") begins the sentence of an error. */
int json_parse(const char *name, const char *text, size_t len, cJSON **out,
	       struct err *e);

/* Fits __cleanup; NULL is fine. */
void json_free(cJSON **value);

bool utf8_is_valid(const char *text, size_t len);
/* Bytes that are no UTF-8, as where a sentence was cut, become '?'. */
void utf8_mend(char *text);

/* A tree as text that any reader of JSON takes, on one line or, `pretty`, on
 * many: cJSON itself prints whatever bytes it was given. To be freed by
 * cJSON_free(); NULL: no memory. */
char *json_print(const cJSON *value, bool pretty);

/* -EINVAL if obj has a key that is not in the NULL-terminated list (the
 * nearest known one is named), or one twice. */
int json_check_keys(const cJSON *obj, const char *const *known, struct err *e);

/* The word of a NULL-terminated list that is nearest to the given one, NULL if
 * none is near. */
const char *word_nearest(const char *word, const char *const *known);

/* Values by key; a missing key or a wrong type is -EINVAL. */
int json_get_string(const cJSON *obj, const char *key, char *out, size_t size,
		    struct err *e);
int json_get_uint(const cJSON *obj, const char *key, unsigned long long min,
		  unsigned long long max, unsigned long long *out,
		  struct err *e);
int json_get_mac(const cJSON *obj, const char *key, unsigned char mac[6],
		 struct err *e);
int json_get_addrs(const cJSON *obj, const char *key, struct fl_addr *out,
		   int max, int *n, struct err *e);
int json_get_prefixes(const cJSON *obj, const char *key, struct fl_prefix *out,
		      int max, int *n, struct err *e);

/* "0a:58:00:00:00:01" and back; *mac untouched on failure (-EINVAL). */
#define MAC_STRLEN 18
int mac_parse(const char *text, unsigned char mac[6]);
const char *mac_format(const unsigned char mac[6], char buf[MAC_STRLEN]);
