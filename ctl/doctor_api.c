/* SPDX-License-Identifier: Apache-2.0 */
/* Does the agent hear of changes: from an API server, or from files? What it
 * says of its sources is all that is asked. */
#include "doctor.h"

#include <stdio.h>
#include <string.h>

static const cJSON *get(const cJSON *obj, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(obj, key);
}

static const char *get_text(const cJSON *obj, const char *key)
{
	const cJSON *v = get(obj, key);

	return cJSON_IsString(v) ? v->valuestring : "";
}

/* What an error most often means. */
static const char *advise(const char *error)
{
	static const struct {
		const char *word, *advice;
	} words[] = {
		{"401", "The token is not taken: is it of this cluster, and "
			"the clock right?"},
		{"403", "Its service account may not: apply the ClusterRole of "
			"deploy/kubernetes/ (list and watch)."},
		{"certificate", "Is the certificate authority of the "
				"kubeconfig this server's, and the clock "
				"right?"},
		{"resolve", "Its name is not found: look at /etc/resolv.conf, "
			    "or name the server by its address."},
		{"onnect to server",
		 "Nothing answers there: is the API server "
		 "up, its address right, and no firewall in "
		 "between?"},
		{"refused", "Nothing listens there: is the API server up, and "
			    "its address right?"},
		{"imed out", "Nothing answers: is the server up, and a "
			     "firewall in between?"},
		{"No route", "There is no way to it: look at this node's "
			     "routes and uplink."},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(error, words[i].word))
			return words[i].advice;
	return "What is known stays in force until it is reached again. See "
	       "the agent's log.";
}

/* "watch nodes: no route to host": the trouble without its resource, which
 * most often all of them have. */
static const char *trouble_of(const cJSON *resource)
{
	const char *error = get_text(resource, "error");
	const char *colon = strstr(error, ": ");

	return colon && colon - error < 40 ? colon + 2 : error;
}

static bool is_followed(const cJSON *resource)
{
	const char *phase = get_text(resource, "phase");

	return !strcmp(phase, "watching") || !strcmp(phase, "absent");
}

static int count_alike(const cJSON *source, const char *trouble,
		       const cJSON *before)
{
	const cJSON *r;
	int n = 0;

	cJSON_ArrayForEach (r, get(source, "resources")) {
		if (r == before)
			break;
		n += !is_followed(r) && !strcmp(trouble_of(r), trouble);
	}
	return n;
}

/* Each trouble once, with how many resources have it. */
static int judge_resources(struct doctor *d, const cJSON *source)
{
	const cJSON *r;
	int bad = 0;

	cJSON_ArrayForEach (r, get(source, "resources")) {
		const char *trouble = trouble_of(r);
		char more[32] = "";
		int alike;

		if (is_followed(r))
			continue;
		bad++;
		if (count_alike(source, trouble, r))
			continue;
		alike = count_alike(source, trouble, NULL);
		if (alike > 1)
			snprintf(more, sizeof(more), " and %d more", alike - 1);
		doctor_say(d, DOCTOR_WRONG, advise(trouble),
			   "%.40s%s of %.100s are not followed (%.20s)%s%.180s",
			   get_text(r, "name"), more,
			   get_text(source, "server"), get_text(r, "phase"),
			   *trouble ? ": " : "", trouble);
	}
	return bad;
}

static void judge_source(struct doctor *d, const cJSON *source)
{
	const char *server = get_text(source, "server");
	char line[384];
	int bad = judge_resources(d, source);

	if (!cJSON_IsTrue(get(source, "synced"))) {
		bad++;
		doctor_say(d, DOCTOR_WRONG,
			   "Until then nothing is removed and nothing new "
			   "follows from it; what is in the maps stays in "
			   "force.",
			   "%.100s has not delivered all yet",
			   *server ? server : get_text(source, "name"));
	}
	if (bad)
		return;
	if (agent_server_line(d->status.answer, line, sizeof(line)))
		doctor_say(d, DOCTOR_OK, "", "%.350s", line);
	else
		doctor_say(d, DOCTOR_OK, "",
			   "none is needed: manifests are read by %.60s",
			   get_text(source, "name"));
}

void doctor_api(struct doctor *d)
{
	const cJSON *source, *list = get(d->status.answer, "sources");

	if (d->status.agent != AGENT_ANSWERS) {
		doctor_say(d, DOCTOR_UNKNOWN, "",
			   "the agent would have to say, and does not answer");
		return;
	}
	if (!cJSON_GetArraySize(list))
		doctor_say(d, DOCTOR_WRONG,
			   "Set `kubeconfig` or `cluster-dir`.",
			   "the agent has no source that tells it of the "
			   "cluster");
	cJSON_ArrayForEach (source, list)
		judge_source(d, source);
}
