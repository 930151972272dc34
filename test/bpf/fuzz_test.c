// SPDX-License-Identifier: Apache-2.0
/*
 * Random packets at random hooks, while the tables and the policies change, in
 * sequences that each begin with a node as it starts. What run_wrong() and
 * judge.h say of every packet must hold. A sequence in which something does not
 * is made as short as it gets and printed.
 *
 * FUZZ_SEED=n is another run, FUZZ_PACKETS=n or FUZZ_SECONDS=n makes it longer.
 */
#include "governed.h"
#include "judge.h"
#include "loose.h"
#include "random.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	STEPS = 400,	/* of a sequence */
	SHRINKS = 2000, /* tries to make it shorter */
	EXTENSIONS = 6, /* headers; with more a pod's packet is dropped */
};

enum change {
	CHANGE_EPOCH,
	CHANGE_SMALLER, /* MTU of pod_b */
	CHANGE_ADDRESS, /* of the node, on its uplink */
	CHANGE_BACK,
	CHANGE_FORGET, /* all flows */
	CHANGE_POLICY,
	CHANGE_MAX,
};

static const char *const change_names[] = {
	"the epoch is raised",		"pod_b's MTU is 1300",
	"the node has another address", "the node has its address back",
	"all flows are forgotten",	"other policies are in force",
};

struct step {
	struct packet *packet; /* NULL: a change */
	struct at at;
	enum change change;
	__u64 seed; /* of policies */
};

static struct step steps[STEPS];
static __u64 seed;
static unsigned long n_packets, n_passed;

/* ---- one step -------------------------------------------------------- */

static void change_do(const struct step *s)
{
	switch (s->change) {
	case CHANGE_SMALLER:
		governed_endpoints(1300);
		return epoch_raise_now();
	case CHANGE_ADDRESS:
		uplink_write(node.uplink, &ipv4.node2, &ipv6.node2, UPLINK_MTU);
		return epoch_raise_now();
	case CHANGE_BACK:
		uplink_write(node.uplink, &ipv4.node, &ipv6.node, UPLINK_MTU);
		return epoch_raise_now();
	case CHANGE_FORGET:
		judge_forget_flows();
		return flows_forget();
	case CHANGE_POLICY:
		return governed_install(s->seed);
	default:
		return epoch_raise_now();
	}
}

/* NULL, or what does not hold. */
static const char *step_do(const struct step *s)
{
	struct at at = s->at;
	const char *wrong;
	struct view v;

	if (!s->packet) {
		change_do(s);
		return NULL;
	}
	at.lenient = packet_view(s->packet, &v) != NULL || at.vlan;
	wrong = run_wrong(at, s->packet);
	return wrong ? wrong : judge_packet(at, s->packet);
}

static void start_over(void)
{
	governed_free();
	tables_reset();
	/* Few ports, so that connections meet. */
	node.config.masq_port_max = MASQ_MIN + 30;
	config_write();
	judge_reset();
}

/* ---- a sequence ------------------------------------------------------ */

/* What the stack may have got of a pod: what from_pod does not drop, and does
 * not deliver by itself. */
static bool is_forwarded(struct at at, const struct packet *p)
{
	struct loose l;
	struct view v;

	if (at.vlan || !loose_read(p, &l) || packet_view(p, &v))
		return false;
	if (!is_own(at.from_ifindex, &l.tuple.saddr) || l.icmp_error ||
	    l.extensions >= EXTENSIONS ||
	    (l.tuple.proto == IPPROTO_ICMPV6 && v.icmp_type > 129))
		return false;
	if (l.tuple.proto == IPPROTO_TCP && !l.later &&
	    (p->data[l.l4_off + 12] >> 4) * 4u > p->len - l.l4_off)
		return false;
	return at.hook == FL_HOOK_TO_POD || !is_pod(&l.tuple.daddr);
}

static bool may_come(struct at at, const struct packet *p)
{
	struct loose l;

	if (at.hook == FL_HOOK_FROM_POD || at.hook == FL_HOOK_FROM_OVERLAY ||
	    at.hook == FL_HOOK_FROM_UPLINK)
		return true;
	if (at.from_ifindex)
		return is_forwarded(at, p);
	/* The host has no pod's address. */
	return !loose_read(p, &l) || !is_pod(&l.tuple.saddr);
}

static void step_make(struct step *s)
{
	free(s->packet);
	*s = (struct step){0};
	if (random_once_in(60)) {
		s->change = random_below(CHANGE_MAX);
		s->seed = random_u64();
		return;
	}
	s->packet = malloc(sizeof(*s->packet));
	assert_non_null(s->packet);
	do {
		s->at = random_at();
		random_packet(s->at, s->packet);
	} while (!may_come(s->at, s->packet));
}

/* Makes and does one step after the other; returns how many, *wrong of the
 * last. */
static size_t sequence_make(const char **wrong)
{
	start_over();
	random_forget();
	*wrong = NULL;
	for (size_t i = 0; i < STEPS; i++) {
		step_make(&steps[i]);
		/* Half of the sequences know policies from the beginning. */
		if (i == 0 && random_once_in(2)) {
			free(steps[0].packet);
			steps[0] = (struct step){.change = CHANGE_POLICY,
						 .seed = random_u64()};
		}
		*wrong = step_do(&steps[i]);
		if (!*wrong && i % 50 == 49)
			*wrong = judge_flows();
		if (*wrong)
			return i + 1;
		if (!steps[i].packet)
			continue;
		n_packets++;
		if (last.verdict != VERDICT_DROP) {
			n_passed++;
			random_remember(&last.out);
		}
	}
	return STEPS;
}

/* Does the same go wrong without the steps that are left out? */
static bool fails(const bool *left_out, size_t n, const char *wrong)
{
	const char *now = NULL;

	start_over();
	for (size_t i = 0; i < n && !now; i++)
		if (!left_out[i])
			now = step_do(&steps[i]);
	if (!now)
		now = judge_flows();
	return now && !strcmp(now, wrong);
}

static void shrink(bool *left_out, size_t n, const char *wrong)
{
	int tries = SHRINKS;

	for (size_t chunk = n / 2; chunk && tries > 0; chunk /= 2)
		for (size_t i = 0; i < n && tries > 0; i += chunk) {
			bool before[STEPS];

			memcpy(before, left_out, sizeof(before));
			for (size_t j = i; j < i + chunk && j < n; j++)
				left_out[j] = true;
			tries--;
			if (!fails(left_out, n, wrong))
				memcpy(left_out, before, sizeof(before));
		}
}

/* ---- telling --------------------------------------------------------- */

static void bytes_print(const struct packet *p)
{
	for (size_t i = 0; i < p->len && i < 160; i++)
		fprintf(stderr, "%s%02x", i % 32 ? "" : "\n#   ", p->data[i]);
}

static void step_print(const struct step *s)
{
	static const char *const hooks[] = FL_HOOK_NAMES;

	if (!s->packet) {
		fprintf(stderr, "# %s (%llu)\n", change_names[s->change],
			(unsigned long long)s->seed);
		return;
	}
	fprintf(stderr, "# %s of device %u, from %u%s: %zu bytes",
		hooks[s->at.hook], s->at.ifindex, s->at.from_ifindex,
		s->at.vlan ? ", tagged" : "", s->packet->len);
	bytes_print(s->packet);
	fprintf(stderr, "\n");
}

static void outcome_print(void)
{
	fprintf(stderr, "# -> %s",
		last.reason < 0 ? "no reason" : reason_name(last.reason));
	if (last.verdict != VERDICT_DROP)
		bytes_print(&last.out);
	fprintf(stderr, "\n");
}

static void tell(size_t n, const char *wrong)
{
	bool left_out[STEPS] = {false};
	size_t kept = 0;

	fprintf(stderr, "# FUZZ_SEED=%llu: %s\n", (unsigned long long)seed,
		wrong);
	shrink(left_out, n, wrong);
	fprintf(stderr,
		"# devices: pod_a %u pod_b %u small %u stuck %u "
		"uplink %u uplink2 %u overlay %u\n",
		node.pod_a, node.pod_b, node.small, node.stuck, node.uplink,
		node.uplink2, node.overlay);
	start_over();
	for (size_t i = 0; i < n; i++) {
		if (left_out[i])
			continue;
		step_print(&steps[i]);
		step_do(&steps[i]);
		if (steps[i].packet)
			outcome_print();
		kept++;
	}
	governed_print();
	fail_msg("FUZZ_SEED=%llu: %s (%zu steps of %zu)",
		 (unsigned long long)seed, wrong, kept, n);
}

/* ---- the test -------------------------------------------------------- */

static __u64 setting(const char *name, __u64 otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

static void random_packets_break_nothing(void **state)
{
	__u64 packets = setting("FUZZ_PACKETS", 20000);
	__u64 seconds = setting("FUZZ_SECONDS", 0);
	time_t end = time(NULL) + seconds;
	const char *wrong;
	size_t n;

	(void)state;
	while (seconds ? time(NULL) < end : n_packets < packets) {
		random_seed(seed);
		n = sequence_make(&wrong);
		if (wrong)
			tell(n, wrong);
		seed++;
	}
	governed_free();
	for (size_t i = 0; i < STEPS; i++)
		free(steps[i].packet);
	printf("# %lu packets, %lu went on\n", n_packets, n_passed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ONCE(random_packets_break_nothing),
	};

	seed = setting("FUZZ_SEED", 1);
	printf("# FUZZ_SEED=%llu\n", (unsigned long long)seed);
	fflush(stdout);
	return bpf_tests(tests, &options_default);
}
