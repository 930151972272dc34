/* SPDX-License-Identifier: Apache-2.0 */
/* Is the datapath loaded, whole, and ours? */
#include "doctor.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

/* "v1" where this build's layout is another. */
static bool is_other_layout(const char *name)
{
	char *end;

	if (*name != 'v' || !strcmp(name, FL_ABI_DIR))
		return false;
	return strtoul(name + 1, &end, 10) && !*end;
}

static void judge_layouts(struct doctor *d)
{
	DIR *dir = opendir(d->ctl->bpf_root);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (is_other_layout(entry->d_name))
			doctor_say(
				d, DOCTOR_WARNING,
				"A running agent takes away older ones when it "
				"is ready. Newer ones are of a newer Fairlead: "
				"start that, or unload with its own "
				"`fairlead-loader unload`.",
				"%.150s/%.16s is of another version's layout "
				"(this one has " FL_ABI_DIR
				"), and what it has attached may still run",
				d->ctl->bpf_root, entry->d_name);
	if (dir)
		closedir(dir);
}

/* "0.1.0 319114679d78889d": what the programs are, without their options. */
static bool is_same_build(const char *a, const char *b)
{
	size_t word = strcspn(a, " ");
	size_t len = a[word] ? word + 1 + strcspn(a + word + 1, " ") : word;

	return !strncmp(a, b, len) && (b[len] == ' ' || !b[len]);
}

static void judge_build(struct doctor *d)
{
	const char *running = d->status.running;
	char build[128];

	if (!*running || datapath_build(&d->config, build))
		return;
	if (!is_same_build(build, running))
		doctor_say(d, DOCTOR_WARNING,
			   "An upgrade that was not finished? Restart the "
			   "agent, or run `fairlead-loader load`.",
			   "the running programs (%.60s) are not those of this "
			   "`fairlead`",
			   running);
	else if (d->options->config_file && strcmp(build, running))
		doctor_say(d, DOCTOR_WARNING,
			   "The configuration has been changed since: restart "
			   "the agent.",
			   "the running programs were loaded with other "
			   "options (%.100s)",
			   running);
}

void doctor_pins(struct doctor *d)
{
	struct findings f = {0};
	size_t before = d->n;

	if (!d->readable) {
		doctor_say(d, DOCTOR_UNKNOWN, "", "%.300s", d->why);
		return;
	}
	judge_loaded(&d->status, &f);
	if (d->status.loaded)
		judge_hooks(&d->status, &f);
	doctor_findings(d, &f);
	judge_layouts(d);
	judge_build(d);
	if (d->n == before)
		doctor_say(d, DOCTOR_OK, "",
			   "all %d programs are pinned below %.150s, build "
			   "%.60s",
			   FL_HOOK_MAX, d->ctl->bpf_root, d->status.running);
}
