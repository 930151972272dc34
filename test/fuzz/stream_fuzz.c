/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a list or of a watch, whole and cut at random places: both cut
 * out the same objects, which go into the store. Its first two bytes say which
 * resource it is and which of the two. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "../../agent/object_read.h"
#include "../../agent/shared.h"
#include "../../kube/stream.h"
#include "../../lib/cleanup.h"
#include "../../lib/json.h"

struct run {
	enum resource resource;
	struct store store; /* of the first run alone */
	bool stores;
	uint64_t hash; /* of all that was cut out, in its order */
	size_t n;
};

static void note(struct run *r, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		r->hash = (r->hash ^ (uint8_t)text[i]) * 0x100000001b3;
	r->hash = (r->hash ^ 0x100) * 0x100000001b3;
	r->n++;
}

static void store_object(struct run *r, const cJSON *json)
{
	const char *namespace, *name;
	struct object *o = NULL;
	struct err e = {0};

	if (object_read(r->resource, json, &o, &e)) {
		fuzz_check(e.code && *e.msg && !o);
		if (!object_read_name(json, &namespace, &name))
			store_keep(&r->store, r->resource, namespace, name);
		return;
	}
	fuzz_check(!object_read_name(json, &namespace, &name));
	if (fuzz_random() % 4)
		store_put(&r->store, r->resource, o);
	else
		object_free(o);
	if (fuzz_random() % 4 == 0)
		store_remove(&r->store, r->resource, namespace, name);
}

static int on_object(const char *text, size_t len, void *arg)
{
	__cleanup(json_free) cJSON *json = NULL;
	const cJSON *inner;
	struct run *r = arg;
	struct err e;

	fuzz_check(strlen(text) <= len && !text[len]);
	note(r, text, len);
	if (!r->stores || json_parse("an item", text, len, &json, &e))
		return 0;
	inner = cJSON_GetObjectItemCaseSensitive(json, "object");
	store_object(r, inner ? inner : json);
	return 0;
}

static int on_member(const char *name, const char *text, size_t len, void *arg)
{
	fuzz_check(!text[len] && strcmp(name, "items"));
	note(arg, name, strlen(name));
	note(arg, text, len);
	return 0;
}

/* In one piece, or in many; returns what the stream says, *whole: it may end
 * here. */
static int feed(struct run *r, enum kube_stream_kind kind, const char *data,
		size_t size, bool cut, bool *whole)
{
	const struct kube_stream_ops ops = {
		.object = on_object,
		.member = on_member,
		.arg = r,
	};
	struct kube_stream *s = kube_stream_new(kind, &ops);
	size_t at = 0, len;
	struct err e = {0};
	int ret = 0;

	fuzz_check(s);
	while (at < size && !ret) {
		/* A copy, so that nobody reads beyond the piece. */
		__cleanup(mem_free) char *piece = NULL;

		len = cut ? 1 + fuzz_random() % 64 : size;
		len = len < size - at ? len : size - at;
		piece = malloc(len);
		memcpy(piece, data + at, len);
		ret = kube_stream_feed(s, piece, len, &e);
		at += len;
	}
	fuzz_check(!ret || (e.code && *e.msg));
	*whole = !ret && kube_stream_is_whole(s);
	kube_stream_free(s);
	return ret;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run once = {.stores = true}, pieces = {0};
	enum kube_stream_kind kind;
	bool whole, whole_again;
	int ret;

	if (size < 2)
		return 0;
	fuzz_quiet();
	fuzz_seed(data, size);
	once.resource = pieces.resource = data[0] % RESOURCE_MAX;
	kind = data[1] % 2 ? KUBE_STREAM_WATCH : KUBE_STREAM_LIST;
	store_list(&once.store, once.resource);
	ret = feed(&once, kind, (const char *)data + 2, size - 2, false,
		   &whole);
	fuzz_check(feed(&pieces, kind, (const char *)data + 2, size - 2, true,
			&whole_again) == ret);
	fuzz_check(once.n == pieces.n && once.hash == pieces.hash &&
		   whole == whole_again);
	if (whole)
		store_sweep(&once.store, once.resource);
	store_free(&once.store);
	fuzz_check(shared_count() == 0);
	return 0;
}
