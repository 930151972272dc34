/* SPDX-License-Identifier: Apache-2.0 */
#include "store_world.h"

#include "../../agent/object_read.h"
#include "../../agent/shared.h"
#include "../../lib/cleanup.h"
#include "../../lib/json.h"

struct store store;

int store_forget(void **state)
{
	(void)state;
	store_free(&store);
	return 0;
}

/* And nothing is kept of what objects had in common. */
int store_end(void **state)
{
	store_forget(state);
	assert_int_equal(shared_count(), 0);
	assert_int_equal(shared_bytes(), 0);
	return 0;
}

struct object *read_text(enum resource r, const char *text)
{
	__cleanup(json_free) cJSON *json = cJSON_Parse(text);
	struct object *o = NULL;
	struct err e = {0};

	assert_non_null(json);
	if (object_read(r, json, &o, &e))
		fail_msg("%s", e.msg);
	return o;
}

bool put(enum resource r, const char *text)
{
	return store_put(&store, r, read_text(r, text));
}

const struct pod *pod(const char *ns, const char *name)
{
	return (const struct pod *)model_find(&store.model, OBJECT_POD, ns,
					      name);
}

void assert_pod_addr(const char *ns, const char *name, const char *want)
{
	char text[ADDR_STRLEN];

	assert_non_null(pod(ns, name));
	assert_int_equal(pod(ns, name)->n_addrs, 1);
	assert_string_equal(addr_format(&pod(ns, name)->addrs[0], text), want);
}
