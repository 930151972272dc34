/* SPDX-License-Identifier: Apache-2.0 */
#include "loader.h"

#include <errno.h>
#include <stdlib.h>

#include <bpf/libbpf.h>

#include "../lib/cleanup.h"
#include "bpflog.h"
#include "pins.h"

struct events {
	int lock;
	int map;
	struct ring_buffer *ring;
	int (*fn)(const struct fl_event *ev, void *arg);
	void *arg;
	bool discard;
	int seen;
	int result; /* of fn, where it was not 0 */
};

static int on_sample(void *arg, void *data, size_t size)
{
	struct events *ev = arg;

	if (ev->discard || size < sizeof(struct fl_event))
		return 0;
	ev->seen++;
	ev->result = ev->fn(data, ev->arg);
	return ev->result ? -ECANCELED : 0;
}

int events_open(const char *bpf_root, bool fresh,
		int (*fn)(const struct fl_event *ev, void *arg), void *arg,
		struct events **out, struct err *e)
{
	__cleanup(events_close) struct events *ev = calloc(1, sizeof(*ev));

	if (!ev)
		return err_set(e, ENOMEM, "out of memory");
	ev->fn = fn;
	ev->arg = arg;
	ev->map = -1;
	bpflog_begin();
	ev->lock = pin_lock(bpf_root, PIN_LOCK_EVENTS, false, PIN_TRY, e);
	if (ev->lock == -EBUSY)
		return err_set(e, EBUSY,
			       "another process is reading the events");
	if (ev->lock < 0)
		return ev->lock;
	ev->map = map_open(bpf_root, FL_MAP_EVENTS, e);
	if (ev->map < 0)
		return ev->map;
	ev->ring = ring_buffer__new(ev->map, on_sample, ev, NULL);
	if (!ev->ring)
		return err_sys(e, errno, "open the ring of events");
	if (fresh) {
		ev->discard = true;
		ring_buffer__consume(ev->ring);
		ev->discard = false;
	}
	*out = take_ptr(ev);
	return 0;
}

int events_fd(const struct events *ev)
{
	return ring_buffer__epoll_fd(ev->ring);
}

int events_poll(struct events *ev, int timeout_ms)
{
	int r;

	ev->seen = 0;
	ev->result = 0;
	r = ring_buffer__poll(ev->ring, timeout_ms);
	/* What was sent without waking anybody. */
	if (r == 0)
		r = ring_buffer__consume(ev->ring);
	if (ev->result)
		return ev->result;
	return r < 0 ? r : ev->seen;
}

void events_close(struct events **ev)
{
	if (!*ev)
		return;
	ring_buffer__free((*ev)->ring);
	fd_close(&(*ev)->map);
	fd_close(&(*ev)->lock);
	free(*ev);
	*ev = NULL;
}
