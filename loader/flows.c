/* SPDX-License-Identifier: Apache-2.0 */
#include "loader.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "../lib/cleanup.h"
#include "pins.h"

int flows_reap(const char *bpf_root, const struct fl_tuple *keys,
	       unsigned int n, bool hurry, unsigned int *removed, struct err *e)
{
	struct {
		struct fl_reap_head head;
		struct fl_tuple keys[FL_REAP_MAX];
	} data = {.head = {.hurry = hurry, .count = n}};
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = &data);
	char path[PIN_PATH_MAX];
	__cleanup(fd_close) int fd = -1;
	int r;

	if (n > FL_REAP_MAX)
		return err_set(e, E2BIG,
			       "at most %d flows can be reaped at once",
			       FL_REAP_MAX);
	fd = pin_open(pin_path(path, bpf_root, "programs/fl_reap"), e);
	if (fd < 0)
		return fd;
	memcpy(data.keys, keys, n * sizeof(*keys));
	run.data_size_in = sizeof(data.head) + n * sizeof(*keys);
	r = bpf_prog_test_run_opts(fd, &run);
	if (r)
		return err_sys(e, -r, "run %s", path);
	*removed = run.retval;
	return 0;
}
