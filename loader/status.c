/* SPDX-License-Identifier: Apache-2.0 */
#include "status.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "../lib/cleanup.h"
#include "../lib/json.h"
#include "loader.h"

#define ATTACHMENTS_MAX 4096
#define MAPS_MAX	16

static const char *const role_names[] = {"pod", "overlay", "uplink"};
static const char *const mode_names[] = {"auto", "tcx", "clsact"};

struct attachment {
	unsigned int ifindex;
	char device[IF_NAMESIZE];
	enum attach_role role;
	enum attach_mode mode;
	bool whole; /* both directions run our stubs */
};

struct status {
	const struct config *c;
	bool loaded, current;
	char running[128], ours[128];
	struct map_usage maps[MAPS_MAX];
	int n_maps;
	unsigned long long map_bytes;
	struct attachment *attachments;
	int n_attachments;
	bool healthy;
};

static void status_release(struct status *s)
{
	free(s->attachments);
}

/* ---- gather ----------------------------------------------------------- */

static int see_attachment(unsigned int ifindex, enum attach_role role,
			  enum attach_mode mode, void *arg)
{
	struct status *s = arg;
	struct attachment *a;

	if (s->n_attachments == ATTACHMENTS_MAX)
		return 0;
	a = &s->attachments[s->n_attachments++];
	*a = (struct attachment){ifindex, "?", role, mode, false};
	if_indextoname(ifindex, a->device);
	a->whole = !attach_verify(s->c->bpf_root, ifindex, role, NULL);
	s->healthy &= a->whole;
	return 0;
}

static int gather_maps(struct status *s, struct err *e)
{
	int r;

	for (const char *const *n = map_names(); *n && s->n_maps < MAPS_MAX;
	     n++) {
		struct map_usage *u = &s->maps[s->n_maps];

		r = map_usage(s->c->bpf_root, *n, u, e);
		if (r)
			return r;
		s->map_bytes += u->bytes;
		s->n_maps++;
	}
	return 0;
}

static int gather(struct status *s, struct err *e)
{
	int r;

	datapath_build(s->c, s->ours);
	r = datapath_running(s->c->bpf_root, s->running, e);
	if (r == -ENOENT)
		return 0;
	if (r)
		return r;
	s->loaded = s->healthy = true;
	s->current = !strcmp(s->running, s->ours);
	s->attachments = calloc(ATTACHMENTS_MAX, sizeof(*s->attachments));
	if (!s->attachments)
		return err_set(e, ENOMEM, "out of memory");
	r = gather_maps(s, e);
	return r ? r : attach_each(s->c->bpf_root, see_attachment, s, e);
}

/* ---- as text ---------------------------------------------------------- */

static void print_text(const struct status *s)
{
	if (!s->loaded) {
		printf("not loaded below %s\n", s->c->bpf_root);
		return;
	}
	printf("loaded    %s\n", s->running);
	if (!s->current)
		printf("a load would run\n          %s\n", s->ours);
	printf("pins      %s/" FL_ABI_DIR "\n", s->c->bpf_root);
	printf("maps      %.1f MB\n\n", s->map_bytes / 1e6);
	printf("%-15s %-16s %9s %9s %9s\n", "MAP", "TYPE", "ENTRIES", "MAX",
	       "KB");
	for (int i = 0; i < s->n_maps; i++) {
		const struct map_usage *u = &s->maps[i];

		printf("%-15s %-16s %9u %9u %9llu\n", u->name, u->type,
		       u->entries, u->max_entries, u->bytes / 1000);
	}
	printf("\n%-15s %7s %-8s %-7s %s\n", "DEVICE", "IFINDEX", "ROLE", "BY",
	       "STATE");
	for (int i = 0; i < s->n_attachments; i++) {
		const struct attachment *a = &s->attachments[i];

		printf("%-15s %7u %-8s %-7s %s\n", a->device, a->ifindex,
		       role_names[a->role], mode_names[a->mode],
		       a->whole ? "ok" : "damaged");
	}
}

/* ---- as JSON ---------------------------------------------------------- */

static void add_maps(cJSON *root, const struct status *s)
{
	cJSON *list = cJSON_AddArrayToObject(root, "maps");

	for (int i = 0; i < s->n_maps; i++) {
		const struct map_usage *u = &s->maps[i];
		cJSON *o = cJSON_CreateObject();

		cJSON_AddStringToObject(o, "name", u->name);
		cJSON_AddStringToObject(o, "type", u->type);
		cJSON_AddNumberToObject(o, "entries", u->entries);
		cJSON_AddNumberToObject(o, "maxEntries", u->max_entries);
		cJSON_AddNumberToObject(o, "keySize", u->key_size);
		cJSON_AddNumberToObject(o, "valueSize", u->value_size);
		cJSON_AddNumberToObject(o, "bytes", u->bytes);
		cJSON_AddItemToArray(list, o);
	}
}

static void add_attachments(cJSON *root, const struct status *s)
{
	cJSON *list = cJSON_AddArrayToObject(root, "attachments");

	for (int i = 0; i < s->n_attachments; i++) {
		const struct attachment *a = &s->attachments[i];
		cJSON *o = cJSON_CreateObject();

		cJSON_AddStringToObject(o, "device", a->device);
		cJSON_AddNumberToObject(o, "ifindex", a->ifindex);
		cJSON_AddStringToObject(o, "role", role_names[a->role]);
		cJSON_AddStringToObject(o, "mode", mode_names[a->mode]);
		cJSON_AddBoolToObject(o, "ok", a->whole);
		cJSON_AddItemToArray(list, o);
	}
}

static int print_json(const struct status *s, struct err *e)
{
	__cleanup(json_free) cJSON *root = cJSON_CreateObject();
	__cleanup(mem_free) char *text = NULL;

	cJSON_AddBoolToObject(root, "loaded", s->loaded);
	cJSON_AddStringToObject(root, "bpfRoot", s->c->bpf_root);
	cJSON_AddStringToObject(root, "build", s->ours);
	if (s->loaded) {
		cJSON_AddStringToObject(root, "running", s->running);
		cJSON_AddBoolToObject(root, "current", s->current);
		cJSON_AddBoolToObject(root, "ok", s->healthy);
		cJSON_AddNumberToObject(root, "mapBytes", s->map_bytes);
		add_maps(root, s);
		add_attachments(root, s);
	}
	text = json_print(root, true);
	if (!text)
		return err_set(e, ENOMEM, "out of memory");
	puts(text);
	return 0;
}

int status_print(const struct config *c, bool json, bool *healthy,
		 struct err *e)
{
	__cleanup(status_release) struct status s = {.c = c};
	int r;

	r = gather(&s, e);
	if (r)
		return r;
	if (json)
		r = print_json(&s, e);
	else
		print_text(&s);
	*healthy = s.healthy;
	return r;
}
