/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an established flow costs a packet, for test/bench/run.
 *
 *	fast_path BPF_ROOT 4|6
 *
 * Prints "NAME NANOSECONDS" for a table of 1, 1,000 and 100,000 flows, always
 * the same flow (NAME) or each time another one (NAME_spread).
 */
#include "testrun.h"

int main(int argc, char **argv)
{
	static const int sizes[] = {1, 1000, 100000};
	struct fl_addr from, to;
	struct link_ctx *here;
	char name[64];

	if (argc != 3 || (strcmp(argv[2], "4") && strcmp(argv[2], "6")))
		errx(2, "usage: fast_path BPF_ROOT 4|6");
	v6 = argv[2][0] == '6';
	addr_parse(v6 ? "fd00:1::2" : "10.1.0.2", &from);
	addr_parse(v6 ? "fd00:1::3" : "10.1.0.3", &to);
	testrun_make(&here, argv[1], &from, &to);

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		fill(sizes[i]);
		snprintf(name, sizeof(name), "fast_path_v%s_%d", argv[2],
			 sizes[i]);
		if (sizes[i] == 1)
			*strrchr(name, '_') = '\0';
		measure_fast(name, 0);
		if (sizes[i] == 1)
			continue;
		strcat(name, "_spread");
		measure_fast(name, sizes[i]);
	}
	link_close(&here);
	check(datapath_unload(&config, false, &e));
	return 0;
}
