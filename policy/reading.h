/* SPDX-License-Identifier: Apache-2.0 */
/* What read*.c share: where in the object we are, and strict fields. Readers
 * tell of all that is wrong and go on; what they return is then of no use, for
 * the policy is invalid. */
#pragma once

#include "object.h"

struct reading {
	struct policy *policy;
	policy_problem_fn fn;
	void *arg;
	unsigned int problems;
	bool spec_unclear; /* a field of spec itself is not known */
	char path[512];
	size_t path_len;
};

/* Go down in the path (".from", "[2]"); what it returns goes back up. */
size_t reading_enter(struct reading *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void reading_leave(struct reading *r, size_t where);

void reading_problem(struct reading *r, const cJSON *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A field that is there and not null, else NULL. */
const cJSON *reading_get(const cJSON *object, const char *name);

/* Is it an object with none but these fields (NULL-terminated)? False only
 * where it is no object. */
bool reading_object(struct reading *r, const cJSON *value,
		    const char *const *known);
/* Exactly one of them; its place, -1 if not. */
int reading_one_of(struct reading *r, const cJSON *object,
		   const char *const *names);

/* A field that is a list of min..max items; NULL if it is not there or wrong.
 * max 0: no limit. The path is that of the object. */
const cJSON *reading_list(struct reading *r, const cJSON *object,
			  const char *name, int min, int max);

/* The value's own path is the current one. */
bool reading_string(struct reading *r, const cJSON *value, const char **out);
bool reading_int(struct reading *r, const cJSON *value, int min, int max,
		 int *out);
/* One of the words; its place, -1 if it is none. */
int reading_word(struct reading *r, const cJSON *value,
		 const char *const *words);
bool reading_cidr(struct reading *r, const cJSON *value, struct fl_prefix *out);
bool reading_port_name(struct reading *r, const cJSON *value, char **out);

/* A missing one (NULL) selects everything. */
void reading_selector(struct reading *r, const cJSON *value,
		      struct selector *out);

/* One more rule, peer or port. */
struct policy_rule *reading_add_rule(struct reading *r,
				     enum fl_direction direction);
struct policy_peer *reading_add_peer(struct policy_rule *rule,
				     enum policy_peer_kind kind);
void reading_add_port(struct policy_rule *rule, const struct policy_port *p);
/* Once all of it is there: its text. */
void reading_finish_peer(const struct policy *p, struct policy_peer *peer);

void network_policy_read(struct reading *r, const cJSON *spec);
void cluster_policy_read(struct reading *r, const cJSON *spec);
void cluster_peer_read(struct reading *r, struct policy_rule *rule,
		       const cJSON *value);
void cluster_protocol_read(struct reading *r, struct policy_rule *rule,
			   const cJSON *value);
