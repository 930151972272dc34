/* SPDX-License-Identifier: Apache-2.0 */
/* Questions that `fairlead status` asks as well: its findings, and a line that
 * says what is fine. */
#include "doctor.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format.h"

void doctor_endpoints(struct doctor *d)
{
	struct findings f = {0};

	if (!doctor_needs_loaded(d))
		return;
	judge_endpoints(&d->status, &f);
	if (!doctor_findings(d, &f))
		doctor_say(d, DOCTOR_OK, "",
			   "%zu pods: files, map and devices agree",
			   d->status.endpoints.n);
}

void doctor_policies(struct doctor *d)
{
	struct findings f = {0};

	if (!doctor_needs_loaded(d))
		return;
	judge_policies(&d->status, &f);
	if (doctor_findings(d, &f))
		return;
	if (d->status.rules.known)
		doctor_say(d, DOCTOR_OK, "",
			   "%zu policies, none invalid; %zu pods of this node "
			   "are governed",
			   d->status.rules.n_policies,
			   status_governed(&d->status));
	else
		doctor_say(d, DOCTOR_OK, "", "no policy is in force");
}

/* ---- map fill -------------------------------------------------------- */

void doctor_maps(struct doctor *d)
{
	const struct status *s = &d->status;
	struct findings f = {0};
	size_t before = d->n;
	char bytes[FORMAT_LEN];

	if (!d->readable || !s->loaded) {
		doctor_needs_loaded(d);
		return;
	}
	for (size_t i = 0; i < s->n_maps; i++) {
		const struct map_usage *m = &s->maps[i];

		if (map_is_nearly_full(m))
			doctor_say(
				d,
				m->entries >= m->max_entries ? DOCTOR_WRONG
							     : DOCTOR_WARNING,
				"What does not fit is refused, and the agent "
				"says what. Larger clusters need a build "
				"with larger maps: docs/maps.md.",
				"%s (%s) is %s: %u of %u", m->name,
				map_holds(m->name),
				m->entries >= m->max_entries ? "full"
							     : "nearly full",
				m->entries, m->max_entries);
		else if (map_fill_style(m) == WARN)
			doctor_say(d, DOCTOR_WARNING,
				   "The longest unused give way, so idle "
				   "connections may be forgotten: raise "
				   "`flows-max`, and look at who fills it: "
				   "`fairlead flows`.",
				   "%s (%s) is nearly full: %u of %u", m->name,
				   map_holds(m->name), m->entries,
				   m->max_entries);
	}
	judge_accounts(s, &f);
	doctor_findings(d, &f);
	if (d->n == before)
		doctor_say(d, DOCTOR_OK, "",
			   "%zu maps, none nearly full, %s of kernel memory",
			   s->n_maps,
			   format_bytes(status_map_bytes(s), true, bytes));
}

/* ---- files ----------------------------------------------------------- */

void doctor_state(struct doctor *d)
{
	struct findings f = {0};
	size_t before = d->n;
	struct stat st;

	if (*d->config_why)
		doctor_say(d, DOCTOR_WRONG,
			   "The agent does not start with it. Questions after "
			   "this one assume the defaults.",
			   "%.350s", d->config_why);
	if (!stat(d->ctl->state_dir, &st) && st.st_mode & S_IWOTH)
		doctor_say(d, DOCTOR_WRONG,
			   "chmod 755 it, and look at what is in it: a file "
			   "there names devices and addresses.",
			   "anybody can write to %.200s", d->ctl->state_dir);
	judge_node(&d->status, &f);
	doctor_findings(d, &f);
	if (d->n == before)
		doctor_say(d, DOCTOR_OK, "", "%.200s: node.json is of %.100s",
			   d->ctl->state_dir, d->status.node.name);
}

/* ---- the agent ------------------------------------------------------- */

void doctor_agent(struct doctor *d)
{
	const cJSON *version;
	struct findings f = {0};
	char line[512];

	if (geteuid() && d->status.agent != AGENT_ANSWERS) {
		doctor_say(d, DOCTOR_UNKNOWN, "",
			   "its socket answers root only");
		return;
	}
	judge_agent(&d->status, &f);
	version = cJSON_GetObjectItemCaseSensitive(d->status.answer, "version");
	if (cJSON_IsString(version) &&
	    strcmp(version->valuestring, FAIRLEAD_VERSION))
		doctor_say(
			d, DOCTOR_WARNING,
			"An upgrade that was not finished? Restart it.",
			"the agent is version %.40s, this is " FAIRLEAD_VERSION,
			version->valuestring);
	if (doctor_findings(d, &f))
		return;
	agent_line(d->status.answer, line, sizeof(line));
	doctor_say(d, DOCTOR_OK, "", "%.350s", line);
}
