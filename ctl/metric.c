/* SPDX-License-Identifier: Apache-2.0 */
#include "metric.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "../lib/cleanup.h"
#include "../loader/loader.h"
#include "reason.h"

__u64 metrics_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static int read_metrics(const struct ctl *c, struct metrics *out, struct err *e)
{
	__cleanup(fd_close) int fd = ctl_map_open(c, FL_MAP_METRICS, e);

	if (fd < 0)
		return fd;
	for (__u32 h = 0; h < FL_HOOK_MAX; h++)
		for (__u32 r = 0; r < FL_REASON_SLOTS; r++) {
			__u64 sum[2];
			int rc = map_sum_percpu(fd, h * FL_REASON_SLOTS + r, 2,
						sum);

			if (rc)
				return err_sys(e, EIO, "read " FL_MAP_METRICS);
			out->of[h][r] = (struct fl_metric){sum[0], sum[1]};
		}
	return 0;
}

static int read_counters(const struct ctl *c, struct metrics *out,
			 struct err *e)
{
	__cleanup(fd_close) int fd = ctl_map_open(c, FL_MAP_COUNTERS, e);

	if (fd < 0)
		return fd;
	for (__u32 n = 0; n < FL_COUNT_MAX; n++)
		if (map_sum_percpu(fd, n, 1, &out->counters[n]))
			return err_sys(e, EIO, "read " FL_MAP_COUNTERS);
	return 0;
}

int metrics_snapshot(const struct ctl *c, struct metrics *out, struct err *e)
{
	int rc;

	out->time_ns = metrics_clock();
	rc = read_metrics(c, out, e);
	return rc ? rc : read_counters(c, out, e);
}

/* ---- drops ----------------------------------------------------------- */

static int by_rate(const void *a, const void *b)
{
	const struct drop_view *x = a, *y = b;

	if (x->per_second != y->per_second)
		return x->per_second > y->per_second ? -1 : 1;
	if (x->packets != y->packets)
		return x->packets > y->packets ? -1 : 1;
	return (int)(x->hook * FL_REASON_SLOTS + x->reason) -
	       (int)(y->hook * FL_REASON_SLOTS + y->reason);
}

size_t drops_compare(const struct metrics *before, const struct metrics *now,
		     struct drop_view out[DROPS_MAX])
{
	double seconds = (now->time_ns - before->time_ns) / 1e9;
	size_t n = 0;

	for (unsigned int h = 0; h < FL_HOOK_MAX; h++)
		for (unsigned int r = FL_DROP_FIRST; r < FL_REASON_SLOTS; r++) {
			const struct fl_metric *m = &now->of[h][r];
			__u64 old = before->of[h][r].packets;

			if (!m->packets)
				continue;
			out[n++] = (struct drop_view){
				.hook = h,
				.reason = r,
				.packets = m->packets,
				.bytes = m->bytes,
				/* The map may be another one by now. */
				.per_second =
					seconds > 0 && m->packets > old
						? (m->packets - old) / seconds
						: 0,
			};
		}
	qsort(out, n, sizeof(*out), by_rate);
	return n;
}
