/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "agent.h"
#include "alloc.h"
#include "doc.h"
#include "format.h"

enum { AGENT_WAIT_MS = 3000 };

static const struct {
	const char *name;
	void (*ask)(struct doctor *d);
} questions[] = {
	{"privileges", doctor_privileges},
	{"kernel", doctor_kernel},
	{"kernel config", doctor_kernel_config},
	{"pins", doctor_pins},
	{"attachments", doctor_attachments},
	{"endpoints", doctor_endpoints},
	{"routes", doctor_routes},
	{"sysctls", doctor_sysctls},
	{"mtu", doctor_mtu},
	{"path", doctor_path},
	{"clock", doctor_clock},
	{"maps", doctor_maps},
	{"policies", doctor_policies},
	{"state", doctor_state},
	{"agent", doctor_agent},
	{"api server", doctor_api},
	{"cni", doctor_cni},
	{"other cnis", doctor_others},
	{"netfilter", doctor_netfilter},
};
#define N_QUESTIONS (sizeof(questions) / sizeof(questions[0]))

/* ---- what the questions share ---------------------------------------- */

void doctor_say(struct doctor *d, enum doctor_level level, const char *advice,
		const char *fmt, ...)
{
	struct doctor_line *line;
	va_list ap;

	d->list = must_grow(d->list, d->n, &d->room, sizeof(*d->list));
	line = &d->list[d->n++];
	d->count[level]++;
	line->level = level;
	line->check = d->check;
	va_start(ap, fmt);
	vsnprintf(line->text, sizeof(line->text), fmt, ap);
	va_end(ap);
	snprintf(line->advice, sizeof(line->advice), "%s", advice);
}

int doctor_findings(struct doctor *d, const struct findings *f)
{
	for (int i = 0; i < f->n; i++)
		doctor_say(d,
			   f->list[i].level == BAD ? DOCTOR_WRONG
						   : DOCTOR_WARNING,
			   f->list[i].advice, "%s", f->list[i].text);
	return f->n;
}

bool doctor_needs_loaded(struct doctor *d)
{
	if (!d->readable)
		doctor_say(d, DOCTOR_UNKNOWN, "", "%.300s", d->why);
	else if (!d->status.loaded)
		doctor_say(d, DOCTOR_UNKNOWN, "", "nothing is loaded");
	else if (status_is_elsewhere(&d->status))
		doctor_say(d, DOCTOR_UNKNOWN, "",
			   "this is another network namespace than the node's");
	else
		return true;
	return false;
}

const char *doctor_file(const char *path, char *buf, size_t size)
{
	__cleanup(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, buf, size - 1);

	buf[n > 0 ? n : 0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return buf;
}

/* ---- asking ---------------------------------------------------------- */

static void read_config(struct doctor *d)
{
	const char *file = d->options->config_file;
	struct err e = {0};

	config_defaults(&d->config);
	if (!file && access(CONFIG_FILE_DEFAULT, F_OK))
		return;
	if (config_read(file ? file : CONFIG_FILE_DEFAULT, &d->config, &e)) {
		memcpy(d->config_why, e.msg, sizeof(e.msg));
		config_defaults(&d->config);
	}
}

/* There is more time than `status` has. */
static void ask_agent_again(struct doctor *d)
{
	struct err e = {0};

	if (d->status.agent == AGENT_SILENT &&
	    !agent_ask(d->ctl->state_dir, "{\"op\":\"status\"}", AGENT_WAIT_MS,
		       &d->status.answer, &e))
		d->status.agent = AGENT_ANSWERS;
}

static void doctor_open(struct doctor *d)
{
	struct err e = {0};

	read_config(d);
	d->readable = !status_read(d->ctl, &d->status, &e);
	memcpy(d->why, e.msg, sizeof(e.msg));
	ask_agent_again(d);
	if (link_open(&d->links, &e))
		d->links = NULL;
}

static void doctor_close(struct doctor *d)
{
	status_free(&d->status);
	link_close(&d->links);
	free(d->list);
}

/* ---- showing --------------------------------------------------------- */

static const struct {
	const char *name;
	enum style style;
} levels[DOCTOR_LEVELS] = {
	[DOCTOR_OK] = {"ok", GOOD},
	[DOCTOR_WARNING] = {"warning", WARN},
	[DOCTOR_WRONG] = {"wrong", BAD},
	[DOCTOR_UNKNOWN] = {"unknown", FAINT},
};

enum { LEVEL_WIDTH = 9, CHECK_WIDTH = 15 };

static void print_line(const struct ctl *c, const struct doctor_line *line)
{
	const unsigned int indent = LEVEL_WIDTH + CHECK_WIDTH;
	char clean[sizeof(line->text)];
	enum style style = levels[line->level].style;

	format_clean(line->text, clean, sizeof(clean));
	printf("%s%-*s%s%-*s", style_on(&c->look, style), LEVEL_WIDTH,
	       levels[line->level].name, style_off(&c->look, style),
	       CHECK_WIDTH, line->check);
	text_wrap_from(clean, indent, c->look.width, stdout);
	if (*line->advice)
		text_wrap(line->advice, indent, c->look.width, stdout);
}

/* As soon as it is known: probes take a second or two. */
static void print_new(const struct doctor *d, size_t from)
{
	for (size_t i = from; i < d->n; i++)
		print_line(d->ctl, &d->list[i]);
	fflush(stdout);
}

static void print_sum(const struct doctor *d)
{
	const struct ctl *c = d->ctl;
	enum style style = d->count[DOCTOR_WRONG]     ? BAD
			   : d->count[DOCTOR_WARNING] ? WARN
						      : GOOD;

	printf("\n%s%zu ok, %zu warning%s, %zu wrong",
	       style_on(&c->look, style), d->count[DOCTOR_OK],
	       d->count[DOCTOR_WARNING],
	       d->count[DOCTOR_WARNING] == 1 ? "" : "s",
	       d->count[DOCTOR_WRONG]);
	if (d->count[DOCTOR_UNKNOWN])
		printf(", %zu could not be looked at",
		       d->count[DOCTOR_UNKNOWN]);
	printf("%s\n", style_off(&c->look, style));
}

static void print_json(const struct doctor *d)
{
	__cleanup(doc_free) cJSON *doc = doc_object();
	cJSON *list = doc_array(), *one;

	if (!d->status.node_error)
		doc_text(doc, "node", d->status.node.name);
	doc_bool(doc, "fine", !d->count[DOCTOR_WRONG]);
	for (int l = 0; l < DOCTOR_LEVELS; l++)
		doc_u64(doc, levels[l].name, d->count[l]);
	for (size_t i = 0; i < d->n; i++) {
		one = doc_object();
		doc_text(one, "check", d->list[i].check);
		doc_text(one, "level", levels[d->list[i].level].name);
		doc_text(one, "text", d->list[i].text);
		doc_text(one, "advice", d->list[i].advice);
		doc_add(list, NULL, one);
	}
	doc_add(doc, "checks", list);
	doc_print(doc, stdout);
}

/* ---- the command ----------------------------------------------------- */

static struct doctor_options options = {.cni_bin = "/opt/cni/bin"};

static int doctor_run(const struct ctl *c, int argc, char **argv, struct err *e)
{
	static struct doctor d;
	int rc;

	(void)argc;
	(void)argv;
	(void)e;
	d = (struct doctor){.ctl = c, .options = &options};
	doctor_open(&d);
	for (size_t i = 0; i < N_QUESTIONS; i++) {
		size_t before = d.n;

		d.check = questions[i].name;
		questions[i].ask(&d);
		if (!c->json)
			print_new(&d, before);
	}
	if (c->json)
		print_json(&d);
	else
		print_sum(&d);
	rc = d.count[DOCTOR_WRONG] ? EXIT_TROUBLE : EXIT_FINE;
	doctor_close(&d);
	return rc;
}

static const struct option option_table[] = {
	{"config", 0, "FILE", set_text,
	 offsetof(struct doctor_options, config_file),
	 "of the agent (" CONFIG_FILE_DEFAULT ")"},
	{"kernel-config", 0, "FILE", set_text,
	 offsetof(struct doctor_options, kernel_config),
	 "judge this, not the running kernel's"},
	{"cni-dir", 0, "DIR", set_text,
	 offsetof(struct doctor_options, cni_dir),
	 "CNI configurations (/etc/cni/net.d)"},
	{"cni-bin", 0, "DIR", set_text,
	 offsetof(struct doctor_options, cni_bin),
	 "where the runtime finds plugins (/opt/cni/bin)"},
	{"no-probes", 0, NULL, set_flag,
	 offsetof(struct doctor_options, no_probes),
	 "send nothing to other nodes"},
	{0},
};

const struct command cmd_doctor = {
	.name = "doctor",
	.args = "",
	.summary = "check all of a node, and say what to do",
	.about = "Asks one question after the other, from the kernel's "
		 "configuration to what other networks have left behind, and "
		 "answers each with ok, warning or wrong in words, and what to "
		 "do. Other nodes (32 at most) are sent packets of full size "
		 "that may not be fragmented, to see whether the path takes "
		 "them. It reads and changes nothing, and works with the agent "
		 "dead, with nothing loaded and, as far as that goes, without "
		 "root.\n"
		 "\n"
		 "`status` says whether the node is fine in a moment; `doctor` "
		 "looks further and takes a few seconds. Exit code: 0 nothing "
		 "is wrong (there may be warnings), 4 something is.\n",
	.examples = "  fairlead doctor\n"
		    "  fairlead doctor --json | jq '.checks[] | "
		    "select(.level == \"wrong\")'\n"
		    "  fairlead doctor --kernel-config /boot/config-6.12  "
		    "# before booting it\n",
	.options = option_table,
	.values = &options,
	.run = doctor_run,
};
