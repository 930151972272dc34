/* SPDX-License-Identifier: Apache-2.0 */
#include "policies.h"

#include <string.h>

/* Are policies enforced here, so that strangers must wait? In audit mode
 * nobody is held up. */
static bool has_deny(const struct inputs *in,
		     const struct policies_found *found,
		     const struct policies *p)
{
	if (inputs_audit(in))
		return false;
	return p->n || (p->kept[0] && found->enforced);
}

/* ---- endpoints ------------------------------------------------------ */

static void set_pod(struct fl_endpoint *e, const struct policies_pod *pod)
{
	for (int i = 0; i < FL_VIEWS; i++)
		e->view[i] = (struct fl_endpoint_view){
			.identity = pod->identity,
			.policy_id = pod->policy_id,
			.flags = pod->flags,
		};
}

/* As it was; a pod that came since waits. */
static void keep_endpoint(const struct policies *p,
			  const struct policies_found *found,
			  const struct fl_addr *addr, struct fl_endpoint *e)
{
	const void *value = entries_find(found->endpoints, addr);
	struct fl_endpoint have;

	if (value) {
		memcpy(&have, value, sizeof(have));
		if (have.ifindex == e->ifindex) {
			for (int i = 0; i < FL_VIEWS; i++)
				e->view[i] = have.view[found->view];
			return;
		}
	}
	for (int i = 0; (p->n || found->enforced) && i < FL_VIEWS; i++)
		e->view[i].flags |= FL_ENDPOINT_PENDING;
}

void policies_set_endpoint(const struct policies *p,
			   const struct policies_found *found,
			   const struct fl_addr *addr, struct fl_endpoint *e)
{
	const void *value;
	struct policies_pod pod;

	if (p->kept[0]) {
		keep_endpoint(p, found, addr, e);
		return;
	}
	value = entries_find(&p->pods, addr);
	if (!value)
		return;
	memcpy(&pod, value, sizeof(pod));
	set_pod(e, &pod);
}

static void join_endpoints(const struct policies *p,
			   const struct policies_found *found,
			   struct desired *d)
{
	for (size_t i = 0; i < d->endpoints.n; i++) {
		struct fl_endpoint e;

		memcpy(&e, entries_value(&d->endpoints, i), sizeof(e));
		policies_set_endpoint(p, found, entries_key(&d->endpoints, i),
				      &e);
		entries_set(&d->endpoints, i, &e);
	}
}

/* ---- who lives where ------------------------------------------------ */

static void identify(struct fl_route *r, __u32 identity)
{
	for (int i = 0; i < FL_VIEWS; i++)
		r->identity[i] = identity;
}

static bool is_own_range(const struct fl_route *r)
{
	const __u32 both = FL_ROUTE_POD_CIDR | FL_ROUTE_LOCAL;

	return (r->flags & both) == both;
}

/* A prefix of its own: what is true of the range around it is true of it, but
 * for who lives there. Own pods are known by fl_endpoints. */
static bool make_route(const struct entries *base,
		       const struct route_lengths *lengths,
		       const struct fl_prefix *p, __u32 identity,
		       struct fl_route *out)
{
	const struct fl_route *around = route_around(base, lengths, p);

	memset(out, 0, sizeof(*out));
	if (around) {
		memcpy(out, around, sizeof(*out));
		if (is_own_range(out))
			return false;
	}
	identify(out, identity);
	return true;
}

bool policies_route(const struct policy_compiled *c,
		    const struct entries *routes,
		    const struct route_lengths *lengths,
		    const struct fl_prefix *p, struct fl_route *out)
{
	const struct policy_identity *i = policy_identity_exact(c, p);

	return i && make_route(routes, lengths, p, i->identity, out);
}

static void set_identity(struct entries *routes, size_t i, __u32 identity)
{
	struct fl_route r;

	memcpy(&r, entries_value(routes, i), sizeof(r));
	identify(&r, identity);
	entries_set(routes, i, &r);
}

static __u32 route_identity(const struct entries *routes, size_t i)
{
	struct fl_route r;

	memcpy(&r, entries_value(routes, i), sizeof(r));
	return r.identity[0];
}

static void append(struct entries *to, const struct entries *from)
{
	for (size_t i = 0; i < from->n; i++)
		entries_add(to, entries_key(from, i), entries_value(from, i));
	entries_sort(to);
}

/* Those of one length, which are in order. */
static void add_routes(const struct policy_compiled *c, __u32 len,
		       const struct entries *base,
		       const struct route_lengths *lengths, struct entries *out)
{
	struct route_lengths look = *lengths;

	for (size_t i = 0; i < c->n_identities; i++) {
		const struct fl_prefix *p = &c->identities[i].prefix;

		struct fl_route r;

		if (p->prefix_len == len && !entries_find(base, p) &&
		    make_route(base, &look, p, c->identities[i].identity, &r))
			entries_add(out, p, &r);
	}
}

static __u32 identity_at(const struct policy_compiled *c,
			 const struct fl_prefix *p, __u32 otherwise)
{
	const struct policy_identity *exact = policy_identity_exact(c, p);

	return exact ? exact->identity : policy_identity_of(c, p, otherwise);
}

/* With the routes of nodes in place, two lists that are in order become one:
 * in a large cluster another copy would be several megabytes. */
static void join_routes(const struct policy_compiled *c, struct desired *d)
{
	struct entries *routes = &d->routes;
	bool in_use[129] = {false};
	struct route_lengths lengths;
	struct entries base;

	if (!c->n_identities)
		return;
	for (size_t i = 0; i < routes->n; i++)
		set_identity(routes, i,
			     identity_at(c, entries_key(routes, i),
					 route_identity(routes, i)));
	route_lengths_find(routes, &lengths);
	entries_reserve(routes, routes->n + c->n_identities);
	base = *routes;
	for (size_t i = 0; i < c->n_identities; i++)
		in_use[c->identities[i].prefix.prefix_len] = true;
	for (__u32 len = 0; len <= 128; len++)
		if (in_use[len])
			add_routes(c, len, &base, &lengths, routes);
	entries_sort(routes);
}

/* ---- what stays as it is -------------------------------------------- */

/* A prefix that is no node's range or address. It goes with the node. */
static void keep_route(const struct entries *base,
		       const struct route_lengths *lengths,
		       const struct fl_prefix *p, const struct fl_route *have,
		       __u32 identity, struct entries *out)
{
	const struct fl_route *around = route_around(base, lengths, p);
	struct fl_route r = {0};

	if (around)
		memcpy(&r, around, sizeof(r));
	if (r.node_id != have->node_id || is_own_range(&r))
		return;
	identify(&r, identity);
	entries_add(out, p, &r);
}

/* Pods that nobody has told us of do not pass for known ones. */
static __u32 new_identity(const struct fl_route *r)
{
	return r->flags & FL_ROUTE_POD_CIDR && !(r->flags & FL_ROUTE_LOCAL)
		       ? FL_IDENTITY_UNKNOWN
		       : r->identity[0];
}

static void keep_routes(const struct policies_found *found, struct desired *d)
{
	struct route_lengths lengths;
	struct entries added;

	route_lengths_find(&d->routes, &lengths);
	entries_init(&added, d->routes.key_size, d->routes.value_size);
	for (size_t i = 0; i < d->routes.n; i++) {
		const struct fl_route *have =
			entries_find(found->routes, entries_key(&d->routes, i));
		struct fl_route r;

		memcpy(&r, entries_value(&d->routes, i), sizeof(r));
		if (have)
			set_identity(&d->routes, i,
				     have->identity[found->view]);
		else if (found->enforced)
			set_identity(&d->routes, i, new_identity(&r));
	}
	for (size_t i = 0; i < found->routes->n; i++) {
		const struct fl_prefix *p = entries_key(found->routes, i);
		const struct fl_route *have = entries_value(found->routes, i);

		if (!entries_find(&d->routes, p))
			keep_route(&d->routes, &lengths, p, have,
				   have->identity[found->view], &added);
	}
	append(&d->routes, &added);
	entries_free(&added);
}

/* ---- fl_policy ------------------------------------------------------ */

void policies_entries(const struct policies *p, struct entries *out)
{
	const struct policy_compiled *c = &p->next;

	entries_reserve(out, out->n + c->n_entries);
	for (size_t i = 0; i < c->n_entries; i++) {
		const struct policy_answer *a = &c->entries[i].value;
		const struct fl_policy_entry both = {
			.rule = {a->rule, a->rule},
			.verdict = {a->verdict, a->verdict},
		};

		entries_add(out, &c->entries[i].key, &both);
	}
	entries_sort(out);
}

static void tell(const struct policies *p, struct desired *d)
{
	if (p->kept[0] && (p->refused || p->n))
		problems_add(&d->problems,
			     "policies are not put in force: %s; "
			     "what was in force stays",
			     p->kept);
	for (size_t i = 0; i < p->next.n_problems; i++)
		problems_add(&d->problems, "policies: %s", p->next.problems[i]);
}

void policies_join(const struct inputs *in, const struct policies_found *found,
		   const struct policies *p, struct desired *d)
{
	__u16 flags = inputs_audit(in) ? FL_CONFIG_AUDIT : 0;

	if (has_deny(in, found, p)) {
		flags |= FL_CONFIG_PENDING_DENY;
		d->node.default_verdict = DEFAULT_DENY;
	}
	for (int i = 0; i < FL_VIEWS; i++)
		d->config.flags[i] = flags;
	d->keep_policy = p->kept[0];
	join_endpoints(p, found, d);
	if (d->keep_policy) {
		keep_routes(found, d);
	} else {
		policies_entries(p, &d->policy);
		join_routes(&p->next, d);
	}
	tell(p, d);
}
