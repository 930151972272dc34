/* SPDX-License-Identifier: Apache-2.0 */
/* What the numbers of policies in the maps mean, as the agent wrote it to
 * <state-dir>/policy.json. All of it is there while the agent is dead; texts
 * belong to the rulebook. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include <fairlead/abi.h>

#include "../lib/err.h"

struct rulebook_policy {
	const char *kind, *name; /* name: with its namespace, if it has one */
	const char *tier;
	int priority;
	bool valid;
	const char **selects; /* pods of this node, by name */
	size_t n_selects;
	const char **problems;
	size_t n_problems;
	size_t n_rules; /* that are in force here */
};

struct rulebook_rule {
	__u32 number;
	const char *text; /* "default/allow-web, ingress rule 2" */
};

struct rulebook_identity {
	__u32 number;
	const char *text; /* "pods app=web in namespace default" */
};

/* Pods that the same policies select. */
struct rulebook_group {
	__u32 policy_id;
	const char **policies;
	size_t n_policies;
};

struct rulebook {
	bool known;  /* there was a file that could be read */
	__u32 epoch; /* of the maps that it was written with */
	struct rulebook_policy *policies;
	size_t n_policies;
	struct rulebook_rule *rules; /* by number */
	size_t n_rules;
	struct rulebook_identity *identities; /* by number */
	size_t n_identities;
	struct rulebook_group *groups;
	size_t n_groups;
	const char **problems;
	size_t n_problems;
	struct timespec written; /* the file's time */
	ino_t inode;
	void *document; /* that the texts are in */
};

/* -ENOENT with a sentence where there is no file; *out is then empty, and
 * numbers are all that can be told. */
int rulebook_read(const char *state_dir, struct rulebook *out, struct err *e);
/* The same from text; `name` begins the sentence of an error. */
int rulebook_parse(const char *name, const char *text, size_t len,
		   struct rulebook *out, struct err *e);
/* Read again if the file is another one by now. */
void rulebook_refresh(const char *state_dir, struct rulebook *book);
void rulebook_free(struct rulebook *book); /* fits __cleanup */

#define RULE_TEXT_LEN 768

/* "default/allow-web, ingress rule 2"; "rule 7" where it is not in the book. */
const char *rulebook_rule(const struct rulebook *book, __u32 number,
			  char buf[RULE_TEXT_LEN]);
/* "pods app=web in namespace default", "the world", "anybody". */
const char *rulebook_identity(const struct rulebook *book, __u32 identity,
			      char buf[RULE_TEXT_LEN]);
/* NULL: none, or not in the book. */
const struct rulebook_group *rulebook_group(const struct rulebook *book,
					    __u32 policy_id);

/* "ingress", "egress" */
const char *direction_name(unsigned int direction);
