/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "../lib/config.h"
#include "../lib/state.h"
#include "../loader/loader.h"
#include "alloc.h"

const struct option global_options[] = {
	{"bpf-root", 0, "DIR", set_text, offsetof(struct ctl, bpf_root),
	 "where the maps are pinned (default: node.json's)"},
	{"state-dir", 0, "DIR", set_text, offsetof(struct ctl, state_dir),
	 "where the agent and the plugin keep their files"},
	{"json", 'j', NULL, set_flag, offsetof(struct ctl, json),
	 "JSON instead of a table"},
	{"human", 'H', NULL, set_flag, offsetof(struct ctl, human),
	 "12.3k for 12345, 1.5MiB for 1572864"},
	{"wide", 'w', NULL, set_flag, offsetof(struct ctl, wide),
	 "all columns, however narrow the terminal"},
	{"no-headers", 0, NULL, set_flag, offsetof(struct ctl, no_headers),
	 "rows only"},
	{"color", 0, "WHEN", set_color, offsetof(struct ctl, color),
	 "auto (a terminal and no NO_COLOR), always, never"},
	{"help", 'h', NULL, set_flag, offsetof(struct ctl, help),
	 "what this does, with examples"},
	{"version", 'V', NULL, set_flag, offsetof(struct ctl, version),
	 "print the version"},
	{0},
};

static bool wants_color(const struct ctl *c)
{
	const char *no = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (c->color != COLOR_AUTO)
		return c->color == COLOR_ALWAYS;
	return c->terminal && !(no && *no) && term && strcmp(term, "dumb");
}

static unsigned int terminal_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col)
		return size.ws_col;
	return columns && atoi(columns) > 0 ? atoi(columns) : 80;
}

/* The directories: what was given, else what the configuration file says,
 * else the defaults; and the BPF root that node.json names before the latter
 * two, so that --state-dir alone finds a node. */
static void settle_directories(struct ctl *c)
{
	static struct node_facts node;
	static struct config cfg;
	struct err e;

	if (c->state_dir && c->bpf_root)
		return;
	config_defaults(&cfg);
	if (!access(CONFIG_FILE_DEFAULT, R_OK) &&
	    config_read(CONFIG_FILE_DEFAULT, &cfg, &e)) {
		ctl_note("%s; the default directories are used", e.msg);
		config_defaults(&cfg);
	}
	if (!c->state_dir)
		c->state_dir = cfg.state_dir;
	if (c->bpf_root)
		return;
	c->bpf_root = cfg.bpf_root;
	if (!node_facts_read(c->state_dir, &node, &e))
		c->bpf_root = node.bpf_root;
}

void ctl_settle(struct ctl *c)
{
	settle_directories(c);
	c->terminal = isatty(STDOUT_FILENO);
	c->look.color = wants_color(c);
	c->look.width = c->terminal && !c->wide ? terminal_width() : 0;
	c->look.headers = !c->no_headers;
	c->look.human = c->human;
}

int ctl_map_open(const struct ctl *c, const char *name, struct err *e)
{
	int fd = map_open(c->bpf_root, name, e);

	if (fd == -ENOENT)
		return err_set(e, ENOENT,
			       "nothing is loaded: there is no %s/" FL_ABI_DIR
			       "/maps/%s\n"
			       "  Start fairlead-agent or run `fairlead-loader "
			       "load`; for another node, give its --state-dir "
			       "or --bpf-root.",
			       c->bpf_root, name);
	if ((fd == -EPERM || fd == -EACCES) && geteuid() != 0)
		return err_set(e, EPERM,
			       "reading BPF maps needs root: run it with sudo");
	return fd;
}

int ctl_config_read(const struct ctl *c, struct fl_config *out, struct err *e)
{
	__cleanup(fd_close) int fd = ctl_map_open(c, FL_MAP_CONFIG, e);
	__u32 zero = 0;
	int rc;

	if (fd < 0)
		return fd;
	rc = map_lookup(fd, &zero, out);
	return rc ? err_sys(e, -rc, "read " FL_MAP_CONFIG) : 0;
}

unsigned int ctl_config_flags(const struct fl_config *config)
{
	return config->flags[config->epoch & FL_EPOCH_VIEW];
}

unsigned int ctl_view(const struct ctl *c)
{
	struct fl_config config;

	return ctl_config_read(c, &config, NULL) ? 0
						 : config.epoch & FL_EPOCH_VIEW;
}

void ctl_note(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("fairlead: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

int ctl_flush(struct err *e)
{
	errno = EIO;
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	clearerr(stdout);
	return err_sys(e, errno, "standard output");
}
