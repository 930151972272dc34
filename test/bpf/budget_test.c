// SPDX-License-Identifier: Apache-2.0
/*
 * Two budgets that a change overruns unnoticed: what the verifier walks (a
 * kernel update must not push a program over its limit of a million), and the
 * kernel memory of all maps together, as the kernel itself accounts for it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <fairlead/abi.h>

#include "datapath.skel.h"
#include "release.h"

#define VERIFIED_MAX  (1000000 / 10)
#define FLOWS_DEFAULT 65536
#define MAP_BYTES_MAX (32 << 20)

enum { PROGRAMS_MAX = 32, LOG_STATS = 4 };

/* The datapath without an overlay and with one, and what the verifier has said
 * of each of its programs at its end. */
static struct load {
	struct datapath_bpf *skel;
	char log[PROGRAMS_MAX][1024];
} loads[2];

/* "processed 53012 insns (limit 1000000) ..." */
static unsigned long long walked(const char *log)
{
	const char *at = strstr(log, "processed ");
	unsigned long long n = 0;

	if (at)
		sscanf(at, "processed %llu insns", &n);
	return n;
}

static void ask_for_statistics(struct load *l)
{
	struct bpf_program *p;
	size_t i = 0;

	bpf_object__for_each_program(p, l->skel->obj)
	{
		assert_in_range(i, 0, PROGRAMS_MAX - 1);
		bpf_program__set_log_level(p, LOG_STATS);
		bpf_program__set_log_buf(p, l->log[i], sizeof(l->log[i]));
		i++;
	}
}

static int load(bool overlay)
{
	struct datapath_bpf *skel = datapath_bpf__open();

	if (!skel)
		return -1;
	loads[overlay].skel = skel;
	ask_for_statistics(&loads[overlay]);
	/* All that can be on is on: the most that there is to walk. */
	skel->rodata->options.overlay = overlay;
	skel->rodata->options.masquerade_v4 = 1;
	skel->rodata->options.masquerade_v6 = 1;
	skel->rodata->options.flow_events = 1;
	skel->rodata->options.overlay_port = 8472;
	bpf_map__set_max_entries(skel->maps.fl_flows, FLOWS_DEFAULT);
	return datapath_bpf__load(skel);
}

static int load_both(void **state)
{
	(void)state;
	return load(false) || load(true) ? -1 : 0;
}

static int unload_both(void **state)
{
	(void)state;
	datapath_bpf__destroy(loads[0].skel);
	datapath_bpf__destroy(loads[1].skel);
	return 0;
}

static unsigned long long fdinfo(int fd, const char *key)
{
	char path[64], line[128];
	unsigned long long value = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, key, strlen(key)) &&
		    line[strlen(key)] == ':')
			sscanf(line + strlen(key) + 1, "%llu", &value);
	}
	fclose(f);
	return value;
}

static void no_program_takes_a_tenth_of_the_verifiers_limit(void **state)
{
	(void)state;
	for (int overlay = 0; overlay < 2; overlay++) {
		struct load *l = &loads[overlay];
		struct bpf_program *p;
		size_t i = 0;

		bpf_object__for_each_program(p, l->skel->obj)
		{
			unsigned long long n = walked(l->log[i++]);

			print_message("# %s: %llu instructions walked\n",
				      bpf_program__name(p), n);
			assert_in_range(n, 1, VERIFIED_MAX);
		}
	}
}

static bool grows(const struct bpf_map *m)
{
	return bpf_map__map_flags(m) & BPF_F_NO_PREALLOC;
}

static void all_maps_at_their_default_sizes_fit_in_32_megabytes(void **state)
{
	/* What it may come to at most was charged, not what it takes. */
	bool tells_the_most = kernel_is_before(5, 11);
	struct datapath_bpf *skel = loads[true].skel;
	unsigned long long total = 0;
	struct bpf_map *m;

	(void)state;
	bpf_object__for_each_map(m, skel->obj) if (!tells_the_most || !grows(m))
		total += fdinfo(bpf_map__fd(m), "memlock");
	print_message("# %llu bytes\n", total);
	assert_in_range(total, 1 << 20, MAP_BYTES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			no_program_takes_a_tenth_of_the_verifiers_limit),
		cmocka_unit_test(
			all_maps_at_their_default_sizes_fit_in_32_megabytes),
	};

	if (geteuid() != 0) {
		puts("ok 1 - budgets # SKIP needs root");
		return 0;
	}
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	return cmocka_run_group_tests(tests, load_both, unload_both);
}
