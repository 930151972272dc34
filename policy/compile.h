/* SPDX-License-Identifier: Apache-2.0 */
/* All policies of the cluster -> what the maps of this node should hold. */
#pragma once

#include "world.h"

/* What an entry says. */
struct policy_answer {
	__u32 rule;   /* 0: none */
	__u8 verdict; /* FL_DENY, FL_ALLOW */
	__u8 pad[3];  /* compared as bytes */
};

/* fl_policy. Sorted by policy_id, direction, identity, protocol, port and
 * prefix_len, as numbers. */
struct policy_entry {
	struct fl_policy_key key;
	struct policy_answer value;
};

/* Who lives there, for fl_routes. Sorted by address, then by length. What no
 * prefix covers is FL_IDENTITY_WORLD. Empty where no policy has a peer. Else
 * there are, with all their nesting: pods, pod ranges (those of other nodes as
 * FL_IDENTITY_UNKNOWN), addresses of nodes and of endpoints, and the CIDRs of
 * policies with their exceptions.
 *
 * The own node is FL_IDENTITY_HOST only as long as no CIDR and no selector of
 * nodes matches its address: that a packet comes from the host must be told by
 * the flags of the route, never by this number. */
struct policy_identity {
	struct fl_prefix prefix;
	__u32 identity;
};

/* An endpoint of the world, in its order. */
struct policy_governed {
	__u32 policy_id; /* 0: no policy selects it */
	__u32 flags;	 /* FL_ENDPOINT_INGRESS, FL_ENDPOINT_EGRESS */
};

/* What the endpoints with one policy id have in common. */
struct policy_group {
	__u32 policy_id;
	__u32 flags;
	__u32 *policies; /* places in the world's policies, as they are asked */
	size_t n_policies;
	size_t n_endpoints;
};

/* A rule by its number, sorted by it. */
struct policy_rule_info {
	__u32 number; /* 1.. */
	__u32 policy; /* place in the world's policies */
	enum fl_direction direction;
	char *text; /* "default/allow-web, ingress rule 2" */
	size_t n_entries;
};

struct policy_stats {
	size_t selectors;  /* distinct peers of policies in force here */
	size_t identities; /* with numbers of their own */
	size_t policy_ids;
	size_t entries, prefixes;
	size_t bytes; /* of map memory for both, about */
};

struct policy_cache;

struct policy_compiled {
	struct policy_entry *entries;
	size_t n_entries;
	struct policy_identity *identities;
	size_t n_identities;
	struct policy_governed *endpoints;
	size_t n_endpoints;
	struct policy_group *groups; /* sorted by policy_id */
	size_t n_groups;
	struct policy_rule_info *rules;
	size_t n_rules;
	char **problems; /* sentences: what is odd about the set as a whole */
	size_t n_problems;
	size_t n_invalid; /* of them: the policy is invalid, its reader knows */
	struct policy_stats stats;
	struct policy_cache *cache; /* for the next time */
};

/* Only policies that select an endpoint of the world count: others make neither
 * selectors nor rules here. previous (NULL: none) makes numbers stay what they
 * were, so that little changes in the maps; it is not changed, and is not
 * needed afterwards. *out is overwritten. */
void policy_compile(const struct policy_world *world,
		    const struct policy_compiled *previous,
		    struct policy_compiled *out);

/* An address of a pod of another node: who has it by now. */
struct policy_move {
	struct fl_addr addr;
	const struct policy_pod *pod; /* NULL: nobody */
};

/* Where nothing but such pods has changed since c was compiled: make its
 * identities what policy_compile() would make them. Each address once; pods
 * that no address leads to have none. False: more follows from it, or it can't
 * be told; nothing has changed, and it must be compiled anew. Problems of the
 * set as a whole stay what they were. What was compiled (but for pods) must
 * still be there. */
bool policy_move(struct policy_compiled *c, const struct policy_move *moves,
		 size_t n);
void policy_compiled_free(struct policy_compiled *c); /* and empty */

/* ---- asking --------------------------------------------------------- */

struct policy_verdict {
	enum fl_verdict verdict;
	__u32 rule;			  /* 0: no rule said so */
	const struct policy_entry *entry; /* NULL: nothing found, so denied */
};

/* What the datapath finds in fl_policy. port in host order. */
struct policy_verdict policy_explain(const struct policy_compiled *c,
				     __u32 policy_id,
				     enum fl_direction direction,
				     __u32 identity, __u8 proto, __u16 port);

/* Of the very prefix, NULL: it is not in the list. */
const struct policy_identity *
policy_identity_exact(const struct policy_compiled *c,
		      const struct fl_prefix *p);
/* The longest prefix that holds it, NULL: none does (the world). */
const struct policy_identity *
policy_identity_find(const struct policy_compiled *c, const struct fl_addr *a);
/* Of the longest prefix around p, but not p itself. */
const struct policy_identity *
policy_identity_around(const struct policy_compiled *c,
		       const struct fl_prefix *p);
/* Of a prefix that is not in the list, as fl_routes would find it: that of
 * the longest one around it, or `otherwise` if there is none, or if it is a
 * reserved one. For addresses that the world does not tell of. */
__u32 policy_identity_of(const struct policy_compiled *c,
			 const struct fl_prefix *p, __u32 otherwise);

/* NULL: there is no such rule. */
const struct policy_rule_info *policy_rule_find(const struct policy_compiled *c,
						__u32 number);
const struct policy_group *policy_group_find(const struct policy_compiled *c,
					     __u32 policy_id);

/* "pods app=web in namespace default; 10.0.0.0/8 except 10.1.0.0/16"; the
 * reserved ones by name. Cut where it does not fit; returns buf. */
const char *policy_identity_describe(const struct policy_compiled *c,
				     __u32 identity, char *buf, size_t size);
