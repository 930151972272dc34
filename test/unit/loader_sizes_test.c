/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../loader/loader.h"
#include "../../loader/sizes.h"

#define GB (1ULL << 30)

static void a_small_node_gets_64_ki_flows_a_larger_one_twice_that(void **state)
{
	(void)state;
	assert_int_equal(flows_size(0, 1 * GB, 2), 65536);
	assert_int_equal(flows_size(0, 4 * GB - 1, 2), 65536);
	assert_int_equal(flows_size(0, 4 * GB, 2), 131072);
	assert_int_equal(flows_size(0, 1024 * GB, 2), 131072);
}

static void a_configured_size_is_taken(void **state)
{
	(void)state;
	assert_int_equal(flows_size(500000, 1 * GB, 2), 500000);
	assert_int_equal(flows_size(10000, 64 * GB, 2), 10000);
}

static void no_lru_map_is_too_small_for_the_cpus(void **state)
{
	(void)state;
	assert_int_equal(lru_size_min(4), 4096);
	assert_int_equal(flows_size(1000, 4 * GB, 4), 4096);
	assert_int_equal(flows_size(0, 4 * GB, 256), 262144);
}

/* The agent reloads exactly when the text differs. */
static void the_build_text_tells_options_apart_and_fits(void **state)
{
	struct config c, d;
	char a[128], b[128];

	(void)state;
	config_defaults(&c);
	datapath_build(&c, a);
	datapath_build(&c, b);
	assert_string_equal(a, b);
	assert_true(strlen(a) < 127);

	d = c;
	d.masquerade_v6 = !d.masquerade_v6;
	datapath_build(&d, b);
	assert_string_not_equal(a, b);
	d = c;
	d.overlay = !d.overlay;
	datapath_build(&d, b);
	assert_string_not_equal(a, b);
	d = c;
	d.overlay_port++;
	datapath_build(&d, b);
	assert_string_not_equal(a, b);
	d = c;
	d.flow_events = !d.flow_events;
	datapath_build(&d, b);
	assert_string_not_equal(a, b);
	d = c;
	d.events_per_second = 4294967295;
	d.masq_port_min = d.masq_port_max = 65535;
	d.node_port_min = d.node_port_max = 65535;
	datapath_build(&d, b);
	assert_string_not_equal(a, b);
	assert_non_null(strstr(b, "+flows")); /* nothing was cut off */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_small_node_gets_64_ki_flows_a_larger_one_twice_that),
		cmocka_unit_test(a_configured_size_is_taken),
		cmocka_unit_test(no_lru_map_is_too_small_for_the_cpus),
		cmocka_unit_test(the_build_text_tells_options_apart_and_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
