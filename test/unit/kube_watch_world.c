/* SPDX-License-Identifier: Apache-2.0 */
#include "kube_watch_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

const struct kube_resource pods = {
	.name = "pods",
	.group = "",
	.path = "/api/v1/pods",
	.select = "",
};
const struct kube_resource policies = {
	.name = "clusternetworkpolicies",
	.group = "policy.networking.k8s.io",
	.path = "/apis/policy.networking.k8s.io/v1alpha2/clusternetworkpolicies",
	.select = "",
	.optional = true,
};

struct world d;

void open_world(const struct kube_resource *r)
{
	memset(&d, 0, sizeof(d));
	world_open(&d, r);
}

int close_world(void **state)
{
	(void)state;
	world_close(&d);
	memset(&d, 0, sizeof(d));
	return 0;
}

const struct kube_watch_state *st(void)
{
	return kube_watch_state(d.w);
}

void happened(const char *wanted)
{
	assert_string_equal(world_diary(&d), wanted);
}

void says(const char *wanted)
{
	if (!strstr(st()->error, wanted))
		fail_msg("not \"%s\": %s", wanted, st()->error);
}

void start_watching(const struct kube_resource *r)
{
	open_world(r);
	world_wait(&d);
	world_answer(&d, LIST(META("5"), POD("a", "4")));
	world_wait(&d);
	world_diary(&d);
}

void end_long_watch(void)
{
	d.now += 400;
	world_end_well(&d);
}

/* ---- what a server may answer with ------------------------------------- */

void close_watch(void)
{
	world_end_well(&d);
}

void tell_one_and_close(void)
{
	char event[256];

	snprintf(event, sizeof(event), EVENT("ADDED", POD("b", "%u")),
		 d.requests + 100);
	world_answer(&d, event);
}

void refuse(void)
{
	world_end(&d, 0, -ECONNREFUSED, "", -1);
}

void too_many(void)
{
	world_end(&d, 429, 0, "", 1);
}

void too_many_at_once(void)
{
	world_end(&d, 429, 0, "", 0);
}

void break_down(void)
{
	world_end(&d, 503, 0, "", -1);
}

void unknown_us(void)
{
	world_end(&d, 401, 0, "", -1);
}

void gone_by_event(void)
{
	world_answer(&d, ERROR_EVENT("410", "Expired"));
}

void gone_by_status(void)
{
	world_end(&d, 410, 0, "", -1);
}

void error_event(void)
{
	world_answer(&d, ERROR_EVENT("500", "InternalError"));
}

void nonsense(void)
{
	world_answer(&d, "<html>");
}

void go_back(void)
{
	world_answer(&d, EVENT("ADDED", POD("b", "1")));
}

void bad_request(void)
{
	world_end(&d, 400, 0, "", -1);
}

void nothing_like_it(void)
{
	world_end(&d, 404, 0, "", -1);
}

void good_list(void)
{
	world_answer(&d, LIST(META("5"), POD("a", "4")));
}

void page_one(void)
{
	world_answer(&d, LIST(NEXT("5", "x"), POD("a", "4")));
}
