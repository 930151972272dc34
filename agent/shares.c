/* SPDX-License-Identifier: Apache-2.0 */
#include "shares.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <fairlead/account.h>

#include "../lib/log.h"
#include "../loader/loader.h"
#include "memory.h"

/* Free entries of an LRU map that a CPU keeps for itself. */
enum { PER_CPU = 128, ROOM_MIN = 64 };

struct share {
	struct fl_account_key key; /* kind 0: the total, or an empty slot */
	__u64 before;		   /* that the datapath had, at the beginning */
	long long seen;		   /* entries of who began */
};

/* Open addressing; never more than half full. */
struct shares {
	const int *fd; /* of fl_accounts, which may become another one */
	struct share *list;
	size_t room, n;
	struct share total; /* seen: of all entries */
	__u64 settled;	    /* the total as the last round has left it */
	unsigned int size;  /* as of the last round, 0: none yet */
	struct shares_stats stats;
	bool has_failed;
};

unsigned int shares_size(unsigned int max_entries, unsigned int n_cpus)
{
	unsigned int aside = PER_CPU * n_cpus;

	return max_entries > aside ? (max_entries - aside) / 2 : 0;
}

unsigned int shares_interval(const struct shares_stats *s, double seconds,
			     unsigned int longest)
{
	double room = s->size > s->connections ? s->size - s->connections : 0;
	double interval = s->begun ? seconds * room / 4 / s->begun : longest;

	if (!s->size || interval >= longest)
		return longest;
	return interval < 1 ? 1 : interval;
}

/* ---- the table -------------------------------------------------------- */

static struct share *find(const struct shares *s,
			  const struct fl_account_key *key)
{
	size_t at = (key->ifindex * 2654435761U + key->kind) & (s->room - 1);

	while (s->list[at].key.kind &&
	       memcmp(&s->list[at].key, key, sizeof(*key)))
		at = (at + 1) & (s->room - 1);
	return &s->list[at];
}

static void grow(struct shares *s)
{
	struct shares old = *s;

	s->room = old.room * 2;
	s->list = memory_alloc(s->room * sizeof(*s->list));
	for (size_t i = 0; i < old.room; i++)
		if (old.list[i].key.kind)
			*find(s, &old.list[i].key) = old.list[i];
	free(old.list);
}

static struct share *get(struct shares *s, const struct fl_account_key *key)
{
	struct share *a;

	if (key->kind == FL_ACCOUNT_TOTAL)
		return &s->total;
	a = find(s, key);
	if (a->key.kind)
		return a;
	if (s->n >= s->room / 2) {
		grow(s);
		a = find(s, key);
	}
	s->n++;
	a->key = *key;
	return a;
}

/* ---- a round ---------------------------------------------------------- */

static int read_one(const void *key, const void *value, void *arg)
{
	const struct fl_account *a = value;
	struct fl_account_key k;

	memcpy(&k, key, sizeof(k));
	if (k.kind < FL_ACCOUNT_KINDS)
		get(arg, &k)->before = a->connections;
	return 0;
}

void shares_begin(struct shares *s)
{
	struct err e = {0};

	memset(s->list, 0, s->room * sizeof(*s->list));
	s->n = 0;
	s->total = (struct share){0};
	map_each(*s->fd, read_one, s, &e);
	s->stats.begun = s->size && s->total.before > s->settled
				 ? s->total.before - s->settled
				 : 0;
}

/* The account by an entry of either direction: that of an answer says who
 * began by where it goes. */
static struct fl_account_key account_of(const struct fl_flow *f)
{
	struct fl_flow began = *f;

	if (!(f->flags & FL_FLOW_REPLY))
		return fl_account_of(f);
	if (f->action == FL_ACTION_LOCAL)
		began.in_ifindex = f->out_ifindex;
	else if (f->action == FL_ACTION_HOST)
		began.in_ifindex = FL_ORIGIN_HOST;
	/* What came from other nodes is answered by a pod's device. */
	if (f->hook == FL_HOOK_FROM_OVERLAY || f->hook == FL_HOOK_FROM_UPLINK) {
		began.action = f->in_ifindex == FL_ORIGIN_HOST
				       ? FL_ACTION_HOST
				       : FL_ACTION_LOCAL;
		began.out_ifindex = f->in_ifindex;
		began.in_ifindex = 0;
	}
	return fl_account_of(&began);
}

static bool is_crowded(const struct shares *s, __u64 mine, __u64 used)
{
	__u64 room = s->size > used ? s->size - used : 0;

	return s->size && mine && mine * 2 >= FL_SHARE_FACTOR * room;
}

bool shares_are_crowded(const struct shares *s, const struct fl_flow *f)
{
	struct fl_account_key key = account_of(f);
	const struct share *a = find(s, &key);

	return a->key.kind && is_crowded(s, a->before, s->total.before);
}

void shares_count(struct shares *s, const struct fl_flow *f, int n)
{
	struct fl_account_key key;

	s->total.seen += n;
	if (f->flags & FL_FLOW_REPLY)
		return;
	key = fl_account_of(f);
	get(s, &key)->seen += n;
}

/* What began since the round did is on top of what was seen; some of it is
 * counted twice until the next round. */
static void settle(struct shares *s, const struct share *a, __u64 live,
		   struct fl_account *value)
{
	struct fl_account now = {.connections = a->before};
	bool is_there = !map_lookup(*s->fd, &a->key, &now);
	__u64 since =
		now.connections > a->before ? now.connections - a->before : 0;

	value->connections = live + since;
	if (a->key.kind != FL_ACCOUNT_TOTAL && !value->connections) {
		if (is_there)
			map_delete(*s->fd, &a->key);
		return;
	}
	if (is_there && a->key.kind != FL_ACCOUNT_TOTAL &&
	    now.connections == value->connections)
		return;
	if (map_update(*s->fd, &a->key, value, MAP_ANY) && !s->has_failed) {
		s->has_failed = true;
		log_warn("counts of connections cannot be written",
			 "map=" FL_MAP_ACCOUNTS " error=\"%s\"",
			 strerror(errno));
	}
}

void shares_end(struct shares *s, unsigned int max_entries, unsigned int n_cpus,
		__u64 until_ns)
{
	__u64 all = (s->total.seen + 1) / 2;
	struct fl_account total;

	s->size = shares_size(max_entries, n_cpus);
	s->stats = (struct shares_stats){
		.connections = all, .begun = s->stats.begun, .size = s->size};
	for (size_t i = 0; i < s->room; i++) {
		struct share *a = &s->list[i];

		if (!a->key.kind)
			continue;
		settle(s, a, a->seen, &(struct fl_account){0});
		s->stats.accounts += a->seen > 0;
		s->stats.crowded += is_crowded(s, a->seen, all);
	}
	total = (struct fl_account){.until_ns = until_ns, .size = s->size};
	settle(s, &s->total, all, &total);
	s->settled = total.connections;
}

const struct shares_stats *shares_stats(const struct shares *s)
{
	return &s->stats;
}

struct shares *shares_new(const int *accounts_fd)
{
	struct shares *s = memory_alloc(sizeof(*s));

	s->fd = accounts_fd;
	s->room = ROOM_MIN;
	s->list = memory_alloc(s->room * sizeof(*s->list));
	return s;
}

void shares_free(struct shares *s)
{
	if (!s)
		return;
	free(s->list);
	free(s);
}
