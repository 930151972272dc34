/* SPDX-License-Identifier: Apache-2.0 */
/* The loader's library on a loaded datapath: walking maps, counting, the
 * configuration map between processes, the ring of events, the reaper. */
#include <endian.h>
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cmocka.h>

#include "../../lib/cleanup.h"
#include "../../lib/link.h"
#include "../../loader/loader.h"

static struct config config;
static const char *root = config.bpf_root;

static int load(void **state)
{
	struct err e = {0};

	(void)state;
	config_defaults(&config);
	snprintf(config.bpf_root, sizeof(config.bpf_root),
		 "/sys/fs/bpf/flt%d-loader", getpid());
	log_set_level(LOG_LEVEL_ERROR);
	if (!datapath_load(&config, false, NULL, &e))
		return 0;
	print_error("%s\n", e.msg);
	return -1;
}

static int unload(void **state)
{
	(void)state;
	return datapath_unload(&config, false, NULL);
}

static int open_map(const char *name)
{
	struct err e = {0};
	int fd = map_open(root, name, &e);

	if (fd < 0)
		fail_msg("%s", e.msg);
	return fd;
}

static struct fl_addr address(unsigned int n)
{
	return (struct fl_addr){
		.w = {0, 0, htobe32(0xffff), htobe32(0x0a000000 + n)}};
}

static struct fl_tuple tuple(unsigned int n)
{
	return (struct fl_tuple){.saddr = address(n),
				 .daddr = address(1 << 20),
				 .sport = htobe16(1000),
				 .dport = htobe16(80),
				 .proto = 6};
}

/* ---- walking ---------------------------------------------------------- */

#define MANY 5000

struct visits {
	int fd;
	unsigned int n, n_deleted;
	bool delete_even;
	unsigned char seen[MANY];
};

static int visit_flow(const void *key, const void *value, void *arg)
{
	const struct fl_tuple *t = key;
	unsigned int i = be32toh(t->saddr.w[3]) - 0x0a000000;
	struct visits *v = arg;

	assert_int_equal(((const struct fl_flow *)value)->packets, i);
	assert_true(i < MANY);
	v->seen[i]++;
	v->n++;
	if (v->delete_even && i % 2 == 0 && !map_delete(v->fd, key))
		v->n_deleted++;
	return 0;
}

static void fill_flows(int fd)
{
	for (unsigned int i = 0; i < MANY; i++) {
		struct fl_tuple t = tuple(i);
		struct fl_flow f = {.packets = i};

		assert_int_equal(map_update(fd, &t, &f, MAP_ANY), 0);
	}
}

static void empty_flows(int fd)
{
	for (unsigned int i = 0; i < MANY; i++) {
		struct fl_tuple t = tuple(i);

		map_delete(fd, &t);
	}
}

static void a_hash_is_walked_whole_each_entry_once(void **state)
{
	__cleanup(fd_close) int fd = open_map(FL_MAP_FLOWS);
	static struct visits v;

	(void)state;
	fill_flows(fd);
	assert_int_equal(map_each(fd, visit_flow, &v, NULL), 0);
	assert_int_equal(v.n, MANY);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(v.seen[i], 1);
	empty_flows(fd);
}

static void entries_may_be_deleted_while_a_hash_is_walked(void **state)
{
	__cleanup(fd_close) int fd = open_map(FL_MAP_FLOWS);
	static struct visits v;
	struct map_usage u;

	(void)state;
	fill_flows(fd);
	v.fd = fd;
	v.delete_even = true;
	assert_int_equal(map_each(fd, visit_flow, &v, NULL), 0);
	assert_int_equal(v.n, MANY);
	assert_int_equal(v.n_deleted, MANY / 2);
	assert_int_equal(map_usage(root, FL_MAP_FLOWS, &u, NULL), 0);
	assert_int_equal(u.entries, MANY / 2);
	assert_true(u.bytes > 1000000);
	assert_string_equal(u.type, "lru_hash");
	empty_flows(fd);
}

#define N_ROUTES 300

static struct fl_prefix route_key(unsigned int n)
{
	return (struct fl_prefix){.prefix_len = 128, .addr = address(n)};
}

static int visit_route(const void *key, const void *value, void *arg)
{
	struct visits *v = arg;

	(void)value;
	v->seen[be32toh(((const struct fl_prefix *)key)->addr.w[3]) -
		0x0a000000]++;
	v->n++;
	return map_delete(v->fd, key);
}

static void a_trie_is_walked_whole_while_all_of_it_is_deleted(void **state)
{
	__cleanup(fd_close) int fd = open_map(FL_MAP_ROUTES);
	struct fl_route route = {.node_id = 1};
	static struct visits v;
	struct fl_prefix next;

	(void)state;
	for (unsigned int i = 0; i < N_ROUTES; i++) {
		struct fl_prefix key = route_key(i);

		assert_int_equal(map_update(fd, &key, &route, MAP_NOEXIST), 0);
	}
	v.fd = fd;
	assert_int_equal(map_each(fd, visit_route, &v, NULL), 0);
	assert_int_equal(v.n, N_ROUTES);
	for (int i = 0; i < N_ROUTES; i++)
		assert_int_equal(v.seen[i], 1);
	assert_int_equal(map_next_key(fd, NULL, &next), -ENOENT);
}

static int stop_at_once(const void *key, const void *value, void *arg)
{
	(void)key;
	(void)value;
	++*(int *)arg;
	return 42;
}

static void what_the_callback_returns_ends_the_walk(void **state)
{
	__cleanup(fd_close) int fd = open_map(FL_MAP_FLOWS);
	__cleanup(fd_close) int array = open_map(FL_MAP_CONFIG);
	int calls = 0;

	(void)state;
	fill_flows(fd);
	assert_int_equal(map_each(fd, stop_at_once, &calls, NULL), 42);
	assert_int_equal(calls, 1);
	assert_int_equal(map_each(array, stop_at_once, &calls, NULL), 42);
	empty_flows(fd);
}

static void an_update_keeps_to_its_flag(void **state)
{
	__cleanup(fd_close) int fd = open_map(FL_MAP_UPLINKS);
	struct fl_uplink u = {.mtu = 1500};
	__u32 key = 7;

	(void)state;
	assert_int_equal(map_update(fd, &key, &u, MAP_EXIST), -ENOENT);
	assert_int_equal(map_update(fd, &key, &u, MAP_NOEXIST), 0);
	assert_int_equal(map_update(fd, &key, &u, MAP_NOEXIST), -EEXIST);
	assert_int_equal(map_delete(fd, &key), 0);
	assert_int_equal(map_delete(fd, &key), -ENOENT);
	assert_int_equal(map_lookup(fd, &key, &u), -ENOENT);
}

static void a_counter_is_the_sum_over_all_cpus(void **state)
{
	__cleanup(fd_close) int fd = open_map(FL_MAP_METRICS);
	int n_cpus = libbpf_num_possible_cpus();
	struct fl_metric values[256] = {0};
	__u64 sum[2];
	__u32 index = 5 * FL_REASON_SLOTS + FL_DROP_TTL;

	(void)state;
	for (int i = 0; i < n_cpus; i++)
		values[i] = (struct fl_metric){i + 1, 10 * (i + 1)};
	assert_int_equal(map_update(fd, &index, values, MAP_ANY), 0);
	assert_int_equal(map_sum_percpu(fd, index, 2, sum), 0);
	assert_int_equal(sum[0], n_cpus * (n_cpus + 1) / 2);
	assert_int_equal(sum[1], 10 * sum[0]);
}

/* ---- the configuration ------------------------------------------------ */

static struct fl_config read_config(void)
{
	__cleanup(fd_close) int fd = open_map(FL_MAP_CONFIG);
	struct fl_config cfg;
	__u32 zero = 0;

	assert_int_equal(map_lookup(fd, &zero, &cfg), 0);
	return cfg;
}

static void many_processes_raise_the_epoch_and_none_is_lost(void **state)
{
	enum { PROCESSES = 4, TIMES = 200 };
	__u32 before = read_config().epoch;
	pid_t pids[PROCESSES];
	int status;

	(void)state;
	assert_true(before > 0);
	for (int i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		if (pids[i])
			continue;
		for (int k = 0; k < TIMES; k++)
			if (epoch_raise(root, NULL))
				_exit(1);
		_exit(0);
	}
	for (int i = 0; i < PROCESSES; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(read_config().epoch,
			 before + FL_EPOCH_STEP * PROCESSES * TIMES);
}

static void almost_round(struct fl_config *cfg, void *arg)
{
	(void)arg;
	cfg->epoch = 0xfffffffe;
}

static void the_epoch_is_never_0(void **state)
{
	(void)state;
	assert_int_equal(config_map_change(root, almost_round, NULL, NULL), 0);
	assert_int_equal(epoch_raise(root, NULL), 0);
	assert_int_equal(read_config().epoch, FL_EPOCH_STEP);
}

static void
a_load_keeps_what_the_agent_wrote_and_writes_its_options(void **state)
{
	struct config c = config;
	__u32 epoch;

	(void)state;
	assert_int_equal(epoch_raise(root, NULL), 0);
	epoch = read_config().epoch;
	assert_int_equal(datapath_load(&config, false, NULL, NULL), 0);
	assert_int_equal(read_config().epoch, epoch); /* nothing has changed */
	c.masq_port_min = 20000;
	c.events_per_second = 7;
	assert_int_equal(datapath_load(&c, false, NULL, NULL), 0);
	assert_int_equal(read_config().masq_port_min, 20000);
	assert_int_equal(read_config().events_per_second, 7);
	assert_int_equal(read_config().epoch, epoch + FL_EPOCH_STEP);
	assert_int_equal(datapath_load(&config, false, NULL, NULL), 0);
}

static void what_runs_is_named_and_a_report_tells(void **state)
{
	struct datapath_report report;
	char running[128], ours[128];
	struct err e;

	(void)state;
	assert_int_equal(datapath_load(&config, false, &report, NULL), 0);
	assert_true(report.reused_maps);
	assert_true(report.replaced_programs);
	assert_in_range(report.flows_max, 65536, 1 << 20);
	/* Before 5.11 the kernel says what they may come to. */
	assert_in_range(report.map_bytes, 1 << 20, 64 << 20);
	datapath_build(&config, ours);
	assert_int_equal(datapath_running(root, running, NULL), 0);
	assert_string_equal(running, ours);
	assert_int_equal(datapath_running("/sys/fs/bpf/none", running, &e),
			 -ENOENT);
}

/* ---- events ----------------------------------------------------------- */

static int count_event(const struct fl_event *ev, void *arg)
{
	(void)ev;
	++*(int *)arg;
	return 0;
}

static int stop_event(const struct fl_event *ev, void *arg)
{
	(void)ev;
	(void)arg;
	return 42;
}

/* A packet that any hook drops: too short for an address. */
static void cause_a_drop(void)
{
	unsigned char frame[64] = {[12] = 0x08, [13] = 0x00, [14] = 0x65};
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame,
			    .data_size_in = sizeof(frame));
	char path[300];
	__cleanup(fd_close) int fd = -1;

	snprintf(path, sizeof(path), "%s/v2/programs/from_pod", root);
	fd = bpf_obj_get(path);
	assert_true(fd >= 0);
	assert_int_equal(bpf_prog_test_run_opts(fd, &run), 0);
}

static void events_arrive_and_there_is_one_reader(void **state)
{
	__cleanup(events_close) struct events *ev = NULL;
	__cleanup(events_close) struct events *second = NULL;
	struct err e = {0};
	int n = 0;

	(void)state;
	cause_a_drop();
	assert_int_equal(events_open(root, true, count_event, &n, &ev, &e), 0);
	assert_int_equal(events_poll(ev, 0), 0); /* what was before is gone */
	assert_int_equal(events_open(root, true, count_event, &n, &second, &e),
			 -EBUSY);
	assert_null(second);
	assert_true(events_fd(ev) >= 0);
	cause_a_drop();
	assert_int_equal(events_poll(ev, 1000), 1);
	assert_int_equal(n, 1);
	assert_int_equal(events_poll(ev, 10), 0);
}

static void an_old_event_is_shown_to_who_wants_it_and_fn_can_stop(void **state)
{
	__cleanup(events_close) struct events *ev = NULL;

	(void)state;
	cause_a_drop();
	assert_int_equal(events_open(root, false, stop_event, NULL, &ev, NULL),
			 0);
	assert_int_equal(events_poll(ev, 1000), 42);
}

/* ---- the reaper ------------------------------------------------------- */

static void the_reaper_removes_what_is_idle_and_keeps_what_is_not(void **state)
{
	__cleanup(fd_close) int fd = open_map(FL_MAP_FLOWS);
	struct fl_tuple keys[2] = {tuple(1), tuple(2)};
	struct fl_flow idle = {.to = keys[0]}, busy = {.to = keys[1]};
	struct timespec now;
	struct fl_flow got;
	unsigned int removed = 99;

	(void)state;
	clock_gettime(CLOCK_MONOTONIC, &now);
	busy.last_seen_ns = now.tv_sec * 1000000000ULL + now.tv_nsec;
	idle.last_seen_ns = 1;
	/* The machine may have been up for less than a timeout: closed flows
	 * have the shortest one. */
	idle.tcp_seen = busy.tcp_seen = FL_TCP_SYN | FL_TCP_RST;
	assert_int_equal(map_update(fd, &keys[0], &idle, MAP_ANY), 0);
	assert_int_equal(map_update(fd, &keys[1], &busy, MAP_ANY), 0);
	assert_int_equal(flows_reap(root, keys, 2, false, &removed, NULL), 0);
	assert_int_equal(removed, 1);
	assert_int_equal(map_lookup(fd, &keys[0], &got), -ENOENT);
	assert_int_equal(map_lookup(fd, &keys[1], &got), 0);
	map_delete(fd, &keys[1]);
}

static void too_many_keys_are_refused(void **state)
{
	static struct fl_tuple keys[FL_REAP_MAX + 1];
	unsigned int removed;

	(void)state;
	assert_int_equal(
		flows_reap(root, keys, FL_REAP_MAX + 1, false, &removed, NULL),
		-E2BIG);
}

/* ---- attachments ------------------------------------------------------ */

static unsigned int device_add(struct link_ctx *ctx, const char *name)
{
	struct link_info l;

	assert_int_equal(link_add_dummy(ctx, name, 1500, NULL), 0);
	assert_int_equal(link_get(ctx, name, &l, NULL), 0);
	return l.ifindex;
}

struct attached {
	unsigned int ifindex;
	enum attach_role role;
	enum attach_mode mode;
	int n;
};

static int see_attached(unsigned int ifindex, enum attach_role role,
			enum attach_mode mode, void *arg)
{
	struct attached *a = arg;

	a->ifindex = ifindex;
	a->role = role;
	a->mode = mode;
	a->n++;
	return 0;
}

/* Each way, if the kernel has it: seen while it is there, swept when it is
 * not, and only then. */
static void attachments_of_devices_that_are_gone_are_swept(void **state)
{
	static const enum attach_mode modes[] = {ATTACH_CLSACT, ATTACH_TCX};
	__cleanup(link_close) struct link_ctx *ctx = NULL;

	(void)state;
	assert_int_equal(link_open(&ctx, NULL), 0);
	for (int i = 0; i < (attach_has_tcx() ? 2 : 1); i++) {
		unsigned int ifindex = device_add(ctx, "swept");
		struct attached a = {0};
		int n = -1;

		assert_int_equal(attach_device(root, modes[i], ifindex,
					       ATTACH_POD, NULL),
				 0);
		assert_int_equal(attach_verify(root, ifindex, ATTACH_POD, NULL),
				 0);
		assert_int_equal(
			attach_verify(root, ifindex, ATTACH_UPLINK, NULL),
			-ENOENT);
		assert_int_equal(attach_sweep(root, &n, NULL), 0);
		assert_int_equal(n, 0);
		assert_int_equal(attach_each(root, see_attached, &a, NULL), 0);
		assert_int_equal(a.n, 1);
		assert_int_equal(a.ifindex, ifindex);
		assert_int_equal(a.role, ATTACH_POD);
		assert_int_equal(a.mode, modes[i]);

		assert_int_equal(link_del(ctx, "swept", NULL), 0);
		assert_int_equal(attach_sweep(root, &n, NULL), 0);
		assert_int_equal(n, 1);
		assert_int_equal(attach_sweep(root, &n, NULL), 0);
		assert_int_equal(n, 0);
		assert_int_equal(attach_each(root, see_attached, &a, NULL), 0);
		assert_int_equal(a.n, 1);
	}
}

static void
a_pods_device_is_attached_by_a_filter_unless_told_otherwise(void **state)
{
	__cleanup(link_close) struct link_ctx *ctx = NULL;
	struct attached a = {0};
	unsigned int ifindex;

	(void)state;
	assert_int_equal(link_open(&ctx, NULL), 0);
	ifindex = device_add(ctx, "auto");
	assert_int_equal(
		attach_device(root, ATTACH_AUTO, ifindex, ATTACH_POD, NULL), 0);
	assert_int_equal(attach_each(root, see_attached, &a, NULL), 0);
	assert_int_equal(a.mode, ATTACH_CLSACT);
	assert_int_equal(
		attach_device(root, ATTACH_AUTO, ifindex, ATTACH_UPLINK, NULL),
		0);
	assert_int_equal(attach_each(root, see_attached, &a, NULL), 0);
	assert_int_equal(a.role, ATTACH_UPLINK);
	assert_int_equal(a.mode, attach_has_tcx() ? ATTACH_TCX : ATTACH_CLSACT);
	assert_int_equal(detach_device(root, ifindex, NULL), 0);
	assert_int_equal(attach_verify(root, ifindex, ATTACH_UPLINK, NULL),
			 -ENOENT);
	assert_int_equal(link_del(ctx, "auto", NULL), 0);
}

static void nothing_works_where_nothing_is_loaded(void **state)
{
	const char *none = "/sys/fs/bpf/flt-not-there";
	struct fl_tuple key = tuple(1);
	unsigned int removed;
	struct err e = {0};
	struct events *ev;

	(void)state;
	assert_int_equal(map_open(none, FL_MAP_FLOWS, &e), -ENOENT);
	assert_non_null(strstr(e.msg, "fairlead-loader load"));
	assert_int_equal(epoch_raise(none, NULL), -ENOENT);
	assert_int_equal(flows_reap(none, &key, 1, false, &removed, NULL),
			 -ENOENT);
	assert_int_equal(events_open(none, true, count_event, NULL, &ev, NULL),
			 -ENOENT);
	assert_int_equal(detach_device(none, 1, NULL), 0);
	assert_int_equal(attach_sweep(none, NULL, NULL), 0);
	assert_int_equal(attach_verify(none, 1, ATTACH_POD, NULL), -ENOENT);
	assert_int_not_equal(access(none, F_OK), 0); /* nor is it made */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hash_is_walked_whole_each_entry_once),
		cmocka_unit_test(entries_may_be_deleted_while_a_hash_is_walked),
		cmocka_unit_test(
			a_trie_is_walked_whole_while_all_of_it_is_deleted),
		cmocka_unit_test(what_the_callback_returns_ends_the_walk),
		cmocka_unit_test(an_update_keeps_to_its_flag),
		cmocka_unit_test(a_counter_is_the_sum_over_all_cpus),
		cmocka_unit_test(
			many_processes_raise_the_epoch_and_none_is_lost),
		cmocka_unit_test(the_epoch_is_never_0),
		cmocka_unit_test(
			a_load_keeps_what_the_agent_wrote_and_writes_its_options),
		cmocka_unit_test(what_runs_is_named_and_a_report_tells),
		cmocka_unit_test(events_arrive_and_there_is_one_reader),
		cmocka_unit_test(
			an_old_event_is_shown_to_who_wants_it_and_fn_can_stop),
		cmocka_unit_test(
			the_reaper_removes_what_is_idle_and_keeps_what_is_not),
		cmocka_unit_test(too_many_keys_are_refused),
		cmocka_unit_test(
			attachments_of_devices_that_are_gone_are_swept),
		cmocka_unit_test(
			a_pods_device_is_attached_by_a_filter_unless_told_otherwise),
		cmocka_unit_test(nothing_works_where_nothing_is_loaded),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
