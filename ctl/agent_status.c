/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's answer to "status", in words. Whatever of it is missing or odd
 * is left out: it may be another version's. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "format.h"
#include "status.h"

/* So many problems are shown one by one. */
#define SHOWN_MAX 3
/* A century: what is longer is no duration. */
#define SECONDS_MAX 3e9

static const cJSON *get(const cJSON *obj, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(obj, key);
}

static const char *get_text(const cJSON *obj, const char *key)
{
	const cJSON *v = get(obj, key);

	return cJSON_IsString(v) ? v->valuestring : "";
}

static unsigned int get_count(const cJSON *obj, const char *key)
{
	const cJSON *v = get(obj, key);

	if (!cJSON_IsNumber(v) || !(v->valuedouble > 0))
		return 0;
	return v->valuedouble < UINT_MAX ? v->valuedouble : UINT_MAX;
}

/* In words; false: the agent does not say, or nothing that makes sense. */
static bool get_duration(const cJSON *obj, const char *key,
			 char out[FORMAT_LEN])
{
	const cJSON *v = get(obj, key);

	if (!cJSON_IsNumber(v) ||
	    !(v->valuedouble >= 0 && v->valuedouble < SECONDS_MAX))
		return false;
	format_duration(v->valuedouble * 1e9, out);
	return true;
}

bool agent_is_ready(const cJSON *answer)
{
	return cJSON_IsTrue(get(answer, "ready"));
}

/* ---- the line -------------------------------------------------------- */

static void append(char *buf, size_t size, const char *text)
{
	size_t len = strlen(buf);

	snprintf(buf + len, size - len, "%s%s", len ? ", " : "", text);
}

static void append_sources(const cJSON *answer, char *buf, size_t size)
{
	const cJSON *source;
	char text[80];

	cJSON_ArrayForEach (source, get(answer, "sources")) {
		snprintf(text, sizeof(text), "%.40s %s",
			 get_text(source, "name"),
			 cJSON_IsTrue(get(source, "synced")) ? "synced"
							     : "not synced");
		append(buf, size, text);
	}
}

static void append_count(const cJSON *answer, const char *knows,
			 const char *key, char *buf, size_t size)
{
	const cJSON *objects = get(answer, "objects");
	char text[80];

	if (!cJSON_IsNumber(get(objects, key)))
		return;
	snprintf(text, sizeof(text), "%s%u %s", knows, get_count(objects, key),
		 key);
	append(buf, size, text);
}

void agent_line(const cJSON *answer, char *buf, size_t size)
{
	char text[FORMAT_LEN + 32], took[FORMAT_LEN];

	buf[0] = '\0';
	append(buf, size, agent_is_ready(answer) ? "ready" : "not ready");
	append_sources(answer, buf, size);
	append_count(answer, "knows ", "nodes", buf, size);
	append_count(answer, "", "pods", buf, size);
	if (!get_duration(get(answer, "reconcile"), "secondsAgo", took))
		return;
	snprintf(text, sizeof(text), "last pass %s ago", took);
	append(buf, size, text);
}

/* ---- an API server --------------------------------------------------- */

/* The first source that is one, NULL: there is none. */
static const cJSON *find_server(const cJSON *answer)
{
	const cJSON *source;

	cJSON_ArrayForEach (source, get(answer, "sources"))
		if (cJSON_IsString(get(source, "server")))
			return source;
	return NULL;
}

static void append_duration(const cJSON *obj, const char *key,
			    const char *before, const char *after, char *buf,
			    size_t size)
{
	char text[FORMAT_LEN + 32], took[FORMAT_LEN];

	if (!get_duration(obj, key, took))
		return;
	snprintf(text, sizeof(text), "%s %s%s", before, took, after);
	append(buf, size, text);
}

bool agent_server_line(const cJSON *answer, char *buf, size_t size)
{
	const cJSON *source = find_server(answer);
	const char *http = get_text(source, "httpVersion");
	char text[FORMAT_LEN + 32];

	if (!source)
		return false;
	buf[0] = '\0';
	append(buf, size, get_text(source, "server"));
	if (cJSON_IsFalse(get(source, "connected")))
		append(buf, size, "not connected");
	append_duration(source, "connectedSeconds", "connected for", "", buf,
			size);
	if (*http) {
		snprintf(text, sizeof(text), "HTTP/%.8s", http);
		append(buf, size, text);
	}
	append_duration(source, "lastEventSecondsAgo", "last event", " ago",
			buf, size);
	return true;
}

/* "pods 804", "services followed", "nodes waiting". */
static void append_resource(const cJSON *resource, char *buf, size_t size)
{
	const char *phase = get_text(resource, "phase");
	bool is_fine = !strcmp(phase, "watching");
	char text[128], objects[16] = "";

	if (cJSON_IsNumber(get(resource, "objects")) && strcmp(phase, "absent"))
		snprintf(objects, sizeof(objects), " %u",
			 get_count(resource, "objects"));
	else if (is_fine)
		snprintf(objects, sizeof(objects), " followed");
	snprintf(text, sizeof(text), "%.40s%s%s%.20s",
		 get_text(resource, "name"), objects, is_fine ? "" : " ",
		 is_fine ? "" : phase);
	append(buf, size, text);
}

void agent_objects_line(const cJSON *answer, char *buf, size_t size)
{
	const cJSON *resource, *list = get(find_server(answer), "resources");
	unsigned int resyncs = 0, errors = 0;
	char text[64];

	buf[0] = '\0';
	cJSON_ArrayForEach (resource, list) {
		append_resource(resource, buf, size);
		resyncs += get_count(resource, "resyncs");
		errors += get_count(resource, "errors");
	}
	snprintf(text, sizeof(text), "%u resyncs, %u errors", resyncs, errors);
	append(buf, size, text);
}

/* ---- judging --------------------------------------------------------- */

static void judge_ready(const cJSON *answer, struct findings *out)
{
	const char *why = get_text(answer, "reason");

	if (!agent_is_ready(answer))
		finding_add(out, BAD,
			    "What is in the maps stays in force; changes are "
			    "not followed. See its log.",
			    "the agent is not ready%s%.200s", *why ? ": " : "",
			    why);
}

static bool is_of_policy(const struct rulebook *rules, const char *text)
{
	for (size_t i = 0; i < rules->n_problems; i++)
		if (strstr(text, rules->problems[i]))
			return true;
	for (size_t i = 0; i < rules->n_policies; i++)
		for (size_t j = 0; j < rules->policies[i].n_problems; j++)
			if (strstr(text, rules->policies[i].problems[j]))
				return true;
	return false;
}

static void judge_problems(const cJSON *answer, const struct rulebook *rules,
			   struct findings *out)
{
	unsigned int all = get_count(answer, "problemsInAll"), shown = 0;
	const cJSON *one;

	cJSON_ArrayForEach (one, get(answer, "problems")) {
		if (!cJSON_IsString(one) || shown == SHOWN_MAX)
			break;
		if (is_of_policy(rules, one->valuestring)) {
			all -= all > 0;
			continue;
		}
		finding_add(out, BAD,
			    "The last good state of it stays in force.",
			    "the agent says: %.200s", one->valuestring);
		shown++;
	}
	if (shown && all > shown)
		finding_add(out, BAD,
			    "`fairlead status --json` has them, and its log.",
			    "the agent has %u more problems", all - shown);
}

void agent_judge(const cJSON *answer, const struct rulebook *rules,
		 struct findings *out)
{
	const cJSON *objects = get(answer, "objects");
	unsigned int later = get_count(objects, "notEnforcedYet");

	judge_ready(answer, out);
	judge_problems(answer, rules, out);
	if (later)
		finding_add(out, WARN,
			    "This version does not know services yet.",
			    "%u objects (services) are not enforced", later);
}
