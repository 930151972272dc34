/* SPDX-License-Identifier: Apache-2.0 */
/* Our own address management. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../cni/pool.h"

static char dir[64];
static struct node_facts node;
static struct failure failure;

static void set_node(const char *const *cidrs, const char *const *hosts)
{
	memset(&node, 0, sizeof(node));
	for (; *cidrs; cidrs++)
		assert_int_equal(
			prefix_parse(*cidrs, true,
				     &node.pod_cidrs[node.n_pod_cidrs++]),
			0);
	for (; *hosts; hosts++)
		assert_int_equal(
			addr_parse(*hosts,
				   &node.host_addrs[node.n_host_addrs++]),
			0);
}
#define CIDRS(...) ((const char *const[]){__VA_ARGS__, NULL})

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/fairlead-pool-XXXXXX");
	memset(&failure, 0, sizeof(failure));
	if (!mkdtemp(dir))
		return -1;
	set_node(CIDRS("10.1.0.0/24", "fd00:1::/64"),
		 CIDRS("10.1.0.1", "fd00:1::1"));
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static struct pool pool_of(const char *network, const char *id)
{
	struct pool pool = {.state_dir = dir, .node = &node};

	snprintf(pool.owner.network, sizeof(pool.owner.network), "%s", network);
	snprintf(pool.owner.container_id, sizeof(pool.owner.container_id), "%s",
		 id);
	strcpy(pool.owner.ifname, "eth0");
	return pool;
}

/* Takes for a container, and says what came: "10.1.0.2 fd00:1::2". */
static const char *take(const char *id)
{
	static char text[256];
	struct pool pool = pool_of("net", id);
	struct wishes none = {0};
	struct fl_addr addrs[STATE_ADDRS_MAX];
	char one[ADDR_STRLEN];
	int n = 0, i;

	text[0] = '\0';
	if (pool_take(&pool, &none, addrs, &n, &failure))
		return failure.msg;
	for (i = 0; i < n; i++) {
		strcat(text, i ? " " : "");
		strcat(text, addr_format(&addrs[i], one));
	}
	return text;
}

static void give_back(const char *id)
{
	struct pool pool = pool_of("net", id);

	assert_int_equal(pool_give_back(&pool, NULL, 0, NULL), 0);
}

static int wish(const char *network, const char *id, const char *const *ips)
{
	struct pool pool = pool_of(network, id);
	struct fl_addr addrs[STATE_ADDRS_MAX];
	struct wishes wishes = {0};
	int n;

	for (; *ips; ips++)
		assert_int_equal(addr_parse(*ips, &wishes.ips[wishes.n_ips++]),
				 0);
	return pool_take(&pool, &wishes, addrs, &n, &failure);
}

static int count_one(const struct ip_owner *owner, void *arg)
{
	(void)owner;
	++*(int *)arg;
	return 0;
}

static int taken(void)
{
	int n = 0;

	assert_int_equal(ip_file_each(dir, NULL, count_one, &n, NULL, NULL), 0);
	return n;
}

static void one_address_of_each_family_is_given(void **state)
{
	(void)state;
	assert_string_equal(take("a"), "10.1.0.2 fd00:1::2");
	assert_string_equal(take("b"), "10.1.0.3 fd00:1::3");
	set_node(CIDRS("10.1.0.0/24"), CIDRS("10.1.0.1"));
	assert_string_equal(take("c"), "10.1.0.4");
	set_node(CIDRS("fd00:1::/64"), CIDRS("fd00:1::1"));
	assert_string_equal(take("d"), "fd00:1::4");
}

static void a_freed_address_rests_until_the_range_has_been_round(void **state)
{
	int i;

	(void)state;
	set_node(CIDRS("10.1.0.0/29"), CIDRS("10.1.0.1"));
	assert_string_equal(take("a"), "10.1.0.2");
	give_back("a");
	for (i = 3; i <= 6; i++) {
		assert_string_not_equal(take("b"), "10.1.0.2");
		give_back("b");
	}
	assert_string_equal(take("c"), "10.1.0.2");
}

static void network_broadcast_and_host_are_never_given(void **state)
{
	(void)state;
	set_node(CIDRS("10.1.0.0/29", "fd00:1::/125"),
		 CIDRS("10.1.0.3", "fd00:1::3"));
	assert_string_equal(take("a"), "10.1.0.1 fd00:1::1");
	assert_string_equal(take("b"), "10.1.0.2 fd00:1::2");
	assert_string_equal(take("c"), "10.1.0.4 fd00:1::4");
	assert_string_equal(take("d"), "10.1.0.5 fd00:1::5");
	assert_string_equal(take("e"), "10.1.0.6 fd00:1::6");
	assert_non_null(strstr(take("f"), "no IPv4 address is left"));
	assert_int_equal(failure.code, CNI_EXHAUSTED);
	assert_int_equal(taken(), 10);
}

static void an_exhausted_family_gives_the_others_back(void **state)
{
	(void)state;
	set_node(CIDRS("10.1.0.0/24", "fd00:1::/127"), CIDRS("fd00:1::"));
	assert_string_equal(take("a"), "10.1.0.1 fd00:1::1");
	assert_non_null(strstr(take("b"), "no IPv6 address is left"));
	assert_int_equal(taken(), 2);
}

static void ranges_of_one_and_two_are_used_whole(void **state)
{
	(void)state;
	set_node(CIDRS("10.1.0.4/31"), CIDRS("10.1.0.4"));
	assert_string_equal(take("a"), "10.1.0.5");
	set_node(CIDRS("10.2.0.4/32"), (const char *const[]){NULL});
	assert_string_equal(take("b"), "10.2.0.4");
	assert_non_null(strstr(take("c"), "no IPv4 address is left"));
}

static void several_ranges_of_a_family_follow_each_other(void **state)
{
	(void)state;
	set_node(CIDRS("10.1.0.0/30", "fd00:1::/126", "10.9.0.0/30"),
		 CIDRS("10.1.0.1", "fd00:1::1"));
	assert_string_equal(take("a"), "10.1.0.2 fd00:1::2");
	assert_string_equal(take("b"), "10.9.0.1 fd00:1::3");
	give_back("a");
	assert_string_equal(take("c"), "10.9.0.2 fd00:1::2");
	give_back("b");
	assert_string_equal(take("d"), "10.1.0.2 fd00:1::3");
	give_back("c");
	assert_string_equal(take("e"), "10.9.0.1 fd00:1::2");
}

static void a_lost_or_torn_hint_does_no_harm(void **state)
{
	char path[128];
	FILE *f;

	(void)state;
	set_node(CIDRS("10.1.0.0/24"), CIDRS("10.1.0.1"));
	assert_string_equal(take("a"), "10.1.0.2");
	snprintf(path, sizeof(path), "%s/last/net-ipv4", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("10.1.0", f);
	fclose(f);
	assert_string_equal(take("b"), "10.1.0.3");
	assert_int_equal(unlink(path), 0);
	assert_string_equal(take("c"), "10.1.0.4");
	f = fopen(path, "w");
	fputs("192.0.2.1\n", f);
	fclose(f);
	assert_string_equal(take("d"), "10.1.0.5");
}

static void wishes_are_granted_or_refused_with_the_reason(void **state)
{
	(void)state;
	assert_int_equal(wish("net", "a", CIDRS("10.1.0.50", "fd00:1::50")), 0);
	assert_int_equal(wish("net", "b", CIDRS("10.1.0.50")), CNI_ADDRESS);
	assert_non_null(strstr(failure.msg, "is taken"));
	assert_int_equal(wish("net", "b", CIDRS("10.2.0.50")), CNI_ADDRESS);
	assert_int_equal(wish("net", "b", CIDRS("10.1.0.0")), CNI_ADDRESS);
	assert_int_equal(wish("net", "b", CIDRS("10.1.0.255")), CNI_ADDRESS);
	assert_int_equal(wish("net", "b", CIDRS("10.1.0.1")), CNI_ADDRESS);
	assert_int_equal(wish("net", "b", CIDRS("10.1.0.5", "10.1.0.6")),
			 CNI_ADDRESS);
	assert_non_null(strstr(failure.msg, "more than one"));
	assert_int_equal(taken(), 2);
	assert_int_equal(wish("net", "b", CIDRS("10.1.0.51")), 0);
	assert_int_equal(taken(), 4);
}

static void networks_share_the_ranges(void **state)
{
	(void)state;
	assert_int_equal(wish("one", "a", CIDRS("10.1.0.2")), 0);
	assert_int_equal(wish("two", "b", CIDRS("10.1.0.2")), CNI_ADDRESS);
	assert_string_equal(take("c"), "10.1.0.3 fd00:1::3");
}

static void a_node_without_ranges_is_not_ready(void **state)
{
	struct pool pool = pool_of("net", "a");

	(void)state;
	node.n_pod_cidrs = 0;
	assert_non_null(strstr(take("a"), "no pod CIDR yet"));
	assert_int_equal(failure.code, CNI_TRY_AGAIN);
	assert_int_equal(pool_check(&pool, &failure), CNI_UNAVAILABLE);
}

static void a_check_takes_nothing(void **state)
{
	struct pool pool = pool_of("net", "");

	(void)state;
	set_node(CIDRS("10.1.0.0/30"), CIDRS("10.1.0.1"));
	assert_int_equal(pool_check(&pool, &failure), 0);
	assert_int_equal(taken(), 0);
	assert_string_equal(take("a"), "10.1.0.2");
	assert_int_equal(pool_check(&pool, &failure), CNI_EXHAUSTED);
}

static void many_at_once_get_addresses_of_their_own(void **state)
{
	enum { PROCESSES = 8, EACH = 10 };
	char id[32];
	int i, j, status;

	(void)state;
	for (i = 0; i < PROCESSES; i++) {
		if (fork())
			continue;
		for (j = 0; j < EACH; j++) {
			snprintf(id, sizeof(id), "p%d-%d", i, j);
			if (strncmp(take(id), "10.1.0.", 7))
				_exit(1);
		}
		_exit(0);
	}
	for (i = 0; i < PROCESSES; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(taken(), 2 * PROCESSES * EACH);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_address_of_each_family_is_given),
		TEST(a_freed_address_rests_until_the_range_has_been_round),
		TEST(network_broadcast_and_host_are_never_given),
		TEST(an_exhausted_family_gives_the_others_back),
		TEST(ranges_of_one_and_two_are_used_whole),
		TEST(several_ranges_of_a_family_follow_each_other),
		TEST(a_lost_or_torn_hint_does_no_harm),
		TEST(wishes_are_granted_or_refused_with_the_reason),
		TEST(networks_share_the_ranges),
		TEST(a_node_without_ranges_is_not_ready),
		TEST(a_check_takes_nothing),
		TEST(many_at_once_get_addresses_of_their_own),
	};

	return cmocka_run_group_tests_name("cni pool", tests, NULL, NULL);
}
