/* SPDX-License-Identifier: Apache-2.0 */
#include "rulebook.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../lib/identity.h"
#include "../lib/json.h"
#include "../lib/state.h"
#include "alloc.h"

#define FILE_MAX (256U << 20)

const char *direction_name(unsigned int direction)
{
	return direction == FL_INGRESS ? "ingress" : "egress";
}

/* ---- reading --------------------------------------------------------- */

static const cJSON *get(const cJSON *o, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(o, key);
}

static const char *get_text(const cJSON *o, const char *key)
{
	const cJSON *value = get(o, key);

	return cJSON_IsString(value) ? value->valuestring : "";
}

/* What is no number of ours is none. */
static __s64 get_number(const cJSON *o, const char *key)
{
	const cJSON *value = get(o, key);

	if (!cJSON_IsNumber(value) ||
	    !(value->valuedouble >= INT_MIN && value->valuedouble <= UINT_MAX))
		return 0;
	return value->valuedouble;
}

static const char **get_texts(const cJSON *o, const char *key, size_t *n)
{
	const cJSON *list = get(o, key), *one;
	const char **texts;

	*n = 0;
	texts = must_alloc(cJSON_GetArraySize(list) + 1, sizeof(*texts));
	cJSON_ArrayForEach (one, list)
		if (cJSON_IsString(one))
			texts[(*n)++] = one->valuestring;
	return texts;
}

/* "namespace/name", put together in place of the name. */
static const char *full_name(cJSON *o)
{
	const char *namespace = get_text(o, "namespace");
	const char *name = get_text(o, "name");
	char text[600];

	if (!*namespace)
		return name;
	snprintf(text, sizeof(text), "%.253s/%.253s", namespace, name);
	cJSON_ReplaceItemInObjectCaseSensitive(o, "name",
					       cJSON_CreateString(text));
	return get_text(o, "name");
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void read_policies(const cJSON *list, struct rulebook *out)
{
	cJSON *one;

	out->policies = must_alloc(cJSON_GetArraySize(list) + 1,
				   sizeof(*out->policies));
	cJSON_ArrayForEach (one, list) {
		struct rulebook_policy *p = &out->policies[out->n_policies++];

		p->kind = get_text(one, "kind");
		p->name = full_name(one);
		p->tier = get_text(one, "tier");
		p->priority = get_number(one, "priority");
		p->valid = cJSON_IsTrue(get(one, "valid"));
		p->selects = get_texts(one, "selects", &p->n_selects);
		qsort(p->selects, p->n_selects, sizeof(*p->selects), by_text);
		p->problems = get_texts(one, "problems", &p->n_problems);
	}
}

static struct rulebook_policy *policy_of(struct rulebook *book,
					 const char *kind, const char *name)
{
	for (size_t i = 0; i < book->n_policies; i++)
		if (!strcmp(book->policies[i].name, name) &&
		    !strcmp(book->policies[i].kind, kind))
			return &book->policies[i];
	return NULL;
}

static int by_rule(const void *a, const void *b)
{
	const struct rulebook_rule *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

static void read_rules(const cJSON *list, struct rulebook *out)
{
	const cJSON *one;

	out->rules =
		must_alloc(cJSON_GetArraySize(list) + 1, sizeof(*out->rules));
	cJSON_ArrayForEach (one, list) {
		struct rulebook_rule *r = &out->rules[out->n_rules++];
		struct rulebook_policy *p = policy_of(
			out, get_text(one, "kind"), get_text(one, "policy"));

		r->number = get_number(one, "number");
		r->text = get_text(one, "text");
		if (p)
			p->n_rules++;
	}
	qsort(out->rules, out->n_rules, sizeof(*out->rules), by_rule);
}

static int by_identity(const void *a, const void *b)
{
	const struct rulebook_identity *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

static void read_identities(const cJSON *list, struct rulebook *out)
{
	const cJSON *one;

	out->identities = must_alloc(cJSON_GetArraySize(list) + 1,
				     sizeof(*out->identities));
	cJSON_ArrayForEach (one, list) {
		struct rulebook_identity *i =
			&out->identities[out->n_identities++];

		i->number = get_number(one, "number");
		i->text = get_text(one, "text");
	}
	qsort(out->identities, out->n_identities, sizeof(*out->identities),
	      by_identity);
}

static void read_groups(const cJSON *list, struct rulebook *out)
{
	const cJSON *one;

	out->groups =
		must_alloc(cJSON_GetArraySize(list) + 1, sizeof(*out->groups));
	cJSON_ArrayForEach (one, list) {
		struct rulebook_group *g = &out->groups[out->n_groups++];

		g->policy_id = get_number(one, "policyID");
		g->policies = get_texts(one, "policies", &g->n_policies);
	}
}

int rulebook_parse(const char *name, const char *text, size_t len,
		   struct rulebook *out, struct err *e)
{
	struct rulebook book = {.known = true};
	cJSON *doc;
	int rc = json_parse(name, text, len, &doc, e);

	if (rc)
		return rc;
	if (get_number(doc, "version") != 1) {
		cJSON_Delete(doc);
		return err_set(e, EINVAL,
			       "%s: not of a version that this program reads",
			       name);
	}
	book.document = doc;
	book.epoch = get_number(doc, "epoch");
	read_policies(get(doc, "policies"), &book);
	read_rules(get(doc, "rules"), &book);
	read_identities(get(doc, "identities"), &book);
	read_groups(get(doc, "groups"), &book);
	book.problems = get_texts(doc, "problems", &book.n_problems);
	*out = book;
	return 0;
}

static const char *path_of(const char *state_dir, char path[512])
{
	snprintf(path, 512, "%s/policy.json", state_dir);
	return path;
}

int rulebook_read(const char *state_dir, struct rulebook *out, struct err *e)
{
	__cleanup(mem_free) char *text = NULL;
	struct stat st;
	char path[512];
	size_t len;
	int rc;

	*out = (struct rulebook){0};
	/* Before its content: a newer one is then read again. */
	if (stat(path_of(state_dir, path), &st))
		return errno == ENOENT
			       ? err_set(e, ENOENT,
					 "there is no %s: the agent has not "
					 "written what policies mean; rules "
					 "appear as numbers",
					 path)
			       : err_sys(e, errno, "%s", path);
	rc = state_file_read(path, FILE_MAX, &text, &len, e);
	if (!rc)
		rc = rulebook_parse(path, text, len, out, e);
	out->written = st.st_mtim;
	out->inode = st.st_ino;
	return rc;
}

void rulebook_refresh(const char *state_dir, struct rulebook *book)
{
	struct rulebook next;
	struct err ignored;
	struct stat st;
	char path[512];

	if (stat(path_of(state_dir, path), &st) ||
	    (st.st_ino == book->inode &&
	     st.st_mtim.tv_sec == book->written.tv_sec &&
	     st.st_mtim.tv_nsec == book->written.tv_nsec))
		return;
	if (rulebook_read(state_dir, &next, &ignored)) {
		rulebook_free(&next);
		return;
	}
	rulebook_free(book);
	*book = next;
}

void rulebook_free(struct rulebook *book)
{
	for (size_t i = 0; i < book->n_policies; i++) {
		free(book->policies[i].selects);
		free(book->policies[i].problems);
	}
	for (size_t i = 0; i < book->n_groups; i++)
		free(book->groups[i].policies);
	free(book->policies);
	free(book->rules);
	free(book->identities);
	free(book->groups);
	free(book->problems);
	cJSON_Delete(book->document);
	*book = (struct rulebook){0};
}

/* ---- asking ---------------------------------------------------------- */

const char *rulebook_rule(const struct rulebook *book, __u32 number,
			  char buf[RULE_TEXT_LEN])
{
	struct rulebook_rule wanted = {.number = number};
	const struct rulebook_rule *r = NULL;

	if (book && book->n_rules)
		r = bsearch(&wanted, book->rules, book->n_rules, sizeof(wanted),
			    by_rule);
	if (r)
		snprintf(buf, RULE_TEXT_LEN, "%s", r->text);
	else
		snprintf(buf, RULE_TEXT_LEN, "rule %u", number);
	return buf;
}

const char *rulebook_identity(const struct rulebook *book, __u32 identity,
			      char buf[RULE_TEXT_LEN])
{
	struct rulebook_identity wanted = {.number = identity};
	const struct rulebook_identity *i = NULL;
	const char *name = identity_reserved_name(identity);

	if (!name && book && book->n_identities)
		i = bsearch(&wanted, book->identities, book->n_identities,
			    sizeof(wanted), by_identity);
	if (name || i)
		snprintf(buf, RULE_TEXT_LEN, "%s", name ? name : i->text);
	else
		snprintf(buf, RULE_TEXT_LEN, "identity %u", identity);
	return buf;
}

const struct rulebook_group *rulebook_group(const struct rulebook *book,
					    __u32 policy_id)
{
	for (size_t i = 0; i < book->n_groups; i++)
		if (book->groups[i].policy_id == policy_id)
			return &book->groups[i];
	return NULL;
}
