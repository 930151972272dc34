/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "../../ctl/connection.h"
#include "../../ctl/filter.h"
#include "../../ctl/flow_table.h"
#include "../../lib/addr.h"
#include "../../lib/cleanup.h"
#include "../../lib/json.h"

static struct fl_addr addr(const char *text)
{
	struct fl_addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static struct fl_tuple tuple(const char *src, unsigned int sport,
			     const char *dst, unsigned int dport, __u8 proto)
{
	return (struct fl_tuple){.saddr = addr(src),
				 .daddr = addr(dst),
				 .sport = htons(sport),
				 .dport = htons(dport),
				 .proto = proto};
}

/* A connection a:1000 -> b:80, and what its entries look like. */
#define A	 "10.1.0.5"
#define B	 "10.1.0.9"
#define WORLD	 "198.51.100.7"
#define NODE	 "192.0.2.1"
#define N(array) (sizeof(array) / sizeof((array)[0]))

static struct flow_entry entry(struct fl_tuple key, struct fl_tuple to,
			       __u8 flags, __u64 packets)
{
	return (struct flow_entry){
		.key = key,
		.flow = {.to = to, .flags = flags, .packets = packets},
	};
}

static void plain_pair(struct flow_entry e[2])
{
	struct fl_tuple t = tuple(A, 1000, B, 80, IPPROTO_TCP);
	struct fl_tuple r = tuple(B, 80, A, 1000, IPPROTO_TCP);

	e[0] = entry(t, t, 0, 3);
	e[1] = entry(r, r, FL_FLOW_REPLY, 2);
}

/* A -> WORLD, seen there as NODE:1024; the reply comes to NODE:1024. */
static void masqueraded_pair(struct flow_entry e[2])
{
	struct fl_tuple t = tuple(A, 1000, WORLD, 80, IPPROTO_TCP);
	struct fl_tuple as = tuple(NODE, 1024, WORLD, 80, IPPROTO_TCP);
	__u8 flags = FL_FLOW_MASQ | FL_FLOW_REWRITE;

	e[0] = entry(tuple_reverse(&as), tuple_reverse(&t),
		     flags | FL_FLOW_REPLY, 2);
	e[1] = entry(t, as, flags, 3);
}

static void two_entries_are_one_connection(void **state)
{
	struct connection c[2];
	struct flow_entry e[2];

	(void)state;
	plain_pair(e);
	assert_int_equal(connections_pair(e, 2, c), 1);
	assert_int_equal(c[0].sent->packets, 3);
	assert_int_equal(c[0].replies->packets, 2);
	assert_int_equal(ntohs(c[0].tuple.sport), 1000);
	assert_false(connection_is_translated(&c[0]));
}

static void a_masqueraded_pair_is_found_through_its_rewrite(void **state)
{
	struct connection c[2];
	struct flow_entry e[2];
	char text[TRANSLATION_LEN];

	(void)state;
	masqueraded_pair(e);
	assert_int_equal(connections_pair(e, 2, c), 1);
	assert_non_null(c[0].sent);
	assert_non_null(c[0].replies);
	assert_true(connection_is_masqueraded(&c[0]));
	assert_string_equal(translation_text(&c[0].tuple, &c[0].to, text),
			    "from 192.0.2.1:1024");
}

static void half_of_a_connection_still_tells_what_it_was(void **state)
{
	struct connection c[1];
	struct flow_entry e[2];
	char text[TRANSLATION_LEN];
	struct fl_addr a = addr(A);

	(void)state;
	masqueraded_pair(e);
	assert_int_equal(connections_pair(&e[0], 1, c), 1);
	assert_null(c[0].sent);
	assert_true(addr_equal(&c[0].tuple.saddr, &a));
	assert_string_equal(translation_text(&c[0].tuple, &c[0].to, text),
			    "from 192.0.2.1:1024");
	masqueraded_pair(e);
	assert_int_equal(connections_pair(&e[1], 1, c), 1);
	assert_null(c[0].replies);
}

static void two_connections_to_one_port_do_not_share_a_reply(void **state)
{
	struct flow_entry e[3];
	struct connection c[3];

	(void)state;
	plain_pair(e);
	/* Another connection to B:80, whose reply entry was evicted. */
	e[2] = entry(tuple(A, 1001, B, 80, IPPROTO_TCP),
		     tuple(A, 1001, B, 80, IPPROTO_TCP), 0, 9);
	assert_int_equal(connections_pair(e, 3, c), 2);
	assert_int_equal(!!c[0].replies + !!c[1].replies, 1);
	assert_int_equal(connections_pair(e, 0, c), 0);
}

static enum connection_state tcp(int sent, int replied)
{
	struct fl_flow s = {.tcp_seen = sent}, r = {.tcp_seen = replied};
	struct connection c = {
		.tuple = {.proto = IPPROTO_TCP}, .sent = &s, .replies = &r};

	return connection_state(&c);
}

static void tcp_states_follow_from_both_directions(void **state)
{
	const int S = FL_TCP_SYN, D = FL_TCP_DATA, F = FL_TCP_FIN,
		  R = FL_TCP_RST;

	(void)state;
	assert_int_equal(tcp(S, 0), STATE_SYN_SENT);
	assert_int_equal(tcp(S, S), STATE_SYN_RECEIVED);
	assert_int_equal(tcp(S | D, S), STATE_ESTABLISHED);
	assert_int_equal(tcp(S | D, S | D), STATE_ESTABLISHED);
	assert_int_equal(tcp(D, D), STATE_ESTABLISHED);
	assert_int_equal(tcp(S | D | F, S | D), STATE_CLOSING);
	assert_int_equal(tcp(S | D, S | D | F), STATE_CLOSING);
	assert_int_equal(tcp(S | D | F, S | D | F), STATE_CLOSED);
	assert_int_equal(tcp(S, D | R), STATE_RESET);
	assert_int_equal(tcp(S | D | F, S | D | F | R), STATE_RESET);
	assert_int_equal(tcp(D, 0), STATE_ONE_SIDED);
	assert_int_equal(tcp(0, D), STATE_ONE_SIDED);
}

static void other_protocols_are_replied_or_not(void **state)
{
	struct fl_flow s = {.packets = 1}, r = {.packets = 0};
	struct connection c = {
		.tuple = {.proto = IPPROTO_UDP}, .sent = &s, .replies = &r};

	(void)state;
	assert_int_equal(connection_state(&c), STATE_UNREPLIED);
	r.packets = 1;
	assert_int_equal(connection_state(&c), STATE_REPLIED);
	c.replies = NULL;
	assert_int_equal(connection_state(&c), STATE_UNREPLIED);
}

static void age_and_idle_look_at_both_directions(void **state)
{
	struct fl_flow s = {.created_ns = 5, .last_seen_ns = 20};
	struct fl_flow r = {.created_ns = 4, .last_seen_ns = 30};
	struct connection c = {.sent = &s, .replies = &r};

	(void)state;
	assert_int_equal(connection_created_ns(&c), 4);
	assert_int_equal(connection_seen_ns(&c), 30);
	c.replies = NULL;
	assert_int_equal(connection_created_ns(&c), 5);
	assert_int_equal(connection_seen_ns(&c), 20);
}

/* ---- filters --------------------------------------------------------- */

static struct endpoint_record web = {
	.pod_namespace = "default",
	.pod_name = "web-0",
	.ifindex = 7,
	.n_addrs = 1,
};

static bool passes(struct filter f)
{
	struct pods pods = {.list = &web, .n = 1};
	struct connection c[1];
	struct flow_entry e[2];

	web.addrs[0] = addr(A);
	masqueraded_pair(e);
	assert_int_equal(connections_pair(e, 2, c), 1);
	return filter_connection(&f, &pods, &c[0]);
}

static struct range_wanted range(const char *text)
{
	struct range_wanted r = {0};
	struct err e;

	assert_int_equal(set_range(text, &r, &e), 0);
	return r;
}

static void nothing_asked_means_everything(void **state)
{
	(void)state;
	assert_true(passes((struct filter)FILTER_ALL));
}

#define FILTER(assignment)                                                     \
	({                                                                     \
		struct filter f_ = FILTER_ALL;                                 \
		f_ assignment;                                                 \
		f_;                                                            \
	})

static void addresses_match_before_and_after_translation(void **state)
{
	struct filter both = FILTER(.from = range(A));

	(void)state;
	assert_true(passes(FILTER(.from = range(A))));
	assert_true(passes(FILTER(.from = range("10.1.0.0/24"))));
	assert_true(passes(FILTER(.from = range(NODE))));
	assert_false(passes(FILTER(.from = range(WORLD))));
	assert_true(passes(FILTER(.to = range("198.51.100.0/24"))));
	assert_false(passes(FILTER(.to = range(A))));
	assert_true(passes(FILTER(.address = range(A))));
	assert_true(passes(FILTER(.address = range(WORLD))));
	assert_false(passes(FILTER(.address = range("10.2.0.0/16"))));
	both.to = both.from;
	assert_false(passes(both));
}

static void a_range_of_one_family_has_nothing_of_the_other(void **state)
{
	(void)state;
	assert_true(passes(FILTER(.from = range("0.0.0.0/0"))));
	assert_false(passes(FILTER(.from = range("2000::/3"))));
}

static void any_of_the_four_ports_matches(void **state)
{
	(void)state;
	assert_true(passes(FILTER(.port = 80)));
	assert_true(passes(FILTER(.port = 1000)));
	assert_true(passes(FILTER(.port = 1024)));
	assert_false(passes(FILTER(.port = 443)));
}

static void a_translated_destination_is_found_too(void **state)
{
	struct fl_tuple t = tuple(A, 1000, WORLD, 80, IPPROTO_TCP);
	struct fl_tuple to = tuple(A, 1000, B, 8080, IPPROTO_TCP);
	struct filter f = FILTER(.to = range(B));
	struct connection c = {.tuple = t, .to = to};
	struct pods pods = {0};
	struct fl_flow flow = {0};

	(void)state;
	c.sent = &flow;
	assert_true(filter_connection(&f, &pods, &c));
	f = FILTER(.port = 8080);
	assert_true(filter_connection(&f, &pods, &c));
	f = FILTER(.to = range(NODE));
	assert_false(filter_connection(&f, &pods, &c));
}

static void the_identifier_of_a_ping_is_no_port(void **state)
{
	struct fl_tuple t = tuple(A, 80, B, 0, IPPROTO_ICMP);
	struct fl_flow flow = {0};
	struct connection c = {.tuple = t, .to = t, .sent = &flow};
	struct filter f = FILTER(.port = 80);
	struct pods pods = {0};

	(void)state;
	assert_false(filter_connection(&f, &pods, &c));
}

static void the_rest_matches_exactly(void **state)
{
	(void)state;
	assert_true(passes(FILTER(.proto = IPPROTO_TCP)));
	assert_false(passes(FILTER(.proto = IPPROTO_UDP)));
	assert_true(passes(FILTER(.masqueraded = true)));
	assert_true(passes(FILTER(.pod = "default/web-0")));
	assert_true(passes(FILTER(.pod = "web-0")));
	assert_false(passes(FILTER(.pod = "kube-system/web-0")));
	assert_false(passes(FILTER(.pod = "default/web")));
	assert_false(passes(FILTER(.pod = "defaul/web-0")));
	assert_true(passes(FILTER(.state = STATE_SYN_SENT)));
	assert_false(passes(FILTER(.state = STATE_ESTABLISHED)));
}

static void a_pod_that_is_not_here_is_an_error(void **state)
{
	struct pods pods = {.list = &web, .n = 1};
	struct filter f = FILTER(.pod = "default/db-0");
	struct err e;

	(void)state;
	assert_int_equal(filter_check(&f, &pods, &e), -19);
	assert_non_null(strstr(e.msg, "default/db-0"));
	f.pod = "default/web-0";
	assert_int_equal(filter_check(&f, &pods, &e), 0);
}

static void a_wrong_range_or_state_says_what_is_right(void **state)
{
	struct range_wanted r = {0};
	struct err e;
	int s = -1;

	(void)state;
	assert_int_equal(set_range("10.1.0.0/33", &r, &e), -22);
	assert_int_equal(set_range("web", &r, &e), -22);
	assert_false(r.given);
	assert_int_equal(set_state("establised", &s, &e), -22);
	assert_non_null(strstr(e.msg, "did you mean established?"));
	assert_int_equal(set_state("reset", &s, &e), 0);
	assert_int_equal(s, STATE_RESET);
}

/* ---- JSON ------------------------------------------------------------ */

static const char *text_of(const cJSON *doc, const char *key)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(doc, key);

	assert_true(cJSON_IsString(v));
	return v->valuestring;
}

static void json_has_both_directions_and_exact_counts(void **state)
{
	struct pods pods = {.list = &web, .n = 1};
	struct rulebook rules = {0};
	struct connection c[1];
	struct flow_entry e[2];
	__cleanup(mem_free) char *text = NULL;
	__cleanup(json_free) cJSON *doc = NULL;
	struct err err;
	cJSON *made, *as;

	(void)state;
	web.addrs[0] = addr(A);
	masqueraded_pair(e);
	e[1].flow.bytes = (1ULL << 53) + 1; /* no double has it */
	assert_int_equal(connections_pair(e, 2, c), 1);
	made = connection_doc(&c[0], &pods, &rules, 10);
	text = cJSON_PrintUnformatted(made);
	cJSON_Delete(made);
	assert_non_null(strstr(text, "\"bytes\":9007199254740993"));
	assert_int_equal(json_parse("x", text, strlen(text), &doc, &err), 0);
	assert_string_equal(text_of(doc, "sourcePod"), "default/web-0");
	assert_string_equal(text_of(doc, "state"), "syn-sent");
	as = cJSON_GetObjectItem(doc, "translated");
	assert_string_equal(
		text_of(cJSON_GetObjectItem(as, "source"), "address"), NODE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_entries_are_one_connection),
		cmocka_unit_test(
			a_masqueraded_pair_is_found_through_its_rewrite),
		cmocka_unit_test(half_of_a_connection_still_tells_what_it_was),
		cmocka_unit_test(
			two_connections_to_one_port_do_not_share_a_reply),
		cmocka_unit_test(tcp_states_follow_from_both_directions),
		cmocka_unit_test(other_protocols_are_replied_or_not),
		cmocka_unit_test(age_and_idle_look_at_both_directions),
		cmocka_unit_test(nothing_asked_means_everything),
		cmocka_unit_test(addresses_match_before_and_after_translation),
		cmocka_unit_test(
			a_range_of_one_family_has_nothing_of_the_other),
		cmocka_unit_test(any_of_the_four_ports_matches),
		cmocka_unit_test(a_translated_destination_is_found_too),
		cmocka_unit_test(the_identifier_of_a_ping_is_no_port),
		cmocka_unit_test(the_rest_matches_exactly),
		cmocka_unit_test(a_pod_that_is_not_here_is_an_error),
		cmocka_unit_test(a_wrong_range_or_state_says_what_is_right),
		cmocka_unit_test(json_has_both_directions_and_exact_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
