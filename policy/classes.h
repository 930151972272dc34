/* SPDX-License-Identifier: Apache-2.0 */
/* Pods that no selector of the catalog tells apart, in classes: what matters is
 * the namespace, those labels whose keys some selector mentions, and the named
 * ports that some rule calls. Each class is matched once. */
#pragma once

#include "catalog.h"

struct classes {
	struct catalog *catalog;
	const struct namespaces *ns;
	struct intern *sets;  /* sets of selectors, shared with others */
	struct intern keys;   /* of labels that are mentioned */
	struct intern labels; /* with such keys only */
	struct intern classes;
	uint32_t *set_of; /* by class */
	size_t set_room;
	struct intern anchors;	  /* labels that selectors ask for */
	struct numbers *anchored; /* by anchor: those selectors */
	size_t anchored_room;
	struct numbers *by_namespace; /* that ask for no label, of one */
	struct numbers loose;	      /* that ask for no label, of many */
	uint8_t *namespace_matches;   /* 0: not known, 1: no, 2: yes */
	/* What was found for pods that have not only equal but the very same
	 * labels and ports, as those of one Deployment may. */
	struct classes_seen {
		const char *labels;
		const struct policy_named_port *ports;
		uint32_t namespace;
		uint32_t set;		     /* + 1 */
	} * seen;			     /* NULL: none */
	struct numbers key, matched, called; /* in use while matching */
	char *text;
	size_t text_room;
};

void classes_begin(struct classes *c, struct catalog *catalog,
		   const struct namespaces *ns, struct intern *sets);
/* The set of those that match the pod, which is of this namespace. May add to
 * sets, and selectors of ports to the catalog. */
uint32_t classes_match(struct classes *c, const struct policy_pod *pod,
		       uint32_t namespace);
/* Let go of what was found so far. Pods that come from now on are others,
 * wherever their labels are. */
void classes_forget_pods(struct classes *c);
void classes_free(struct classes *c);
