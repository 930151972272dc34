/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fairlead, the command line for people: what its commands share. A command
 * is a row of the table in command.c and a file of its own; it reads the
 * pinned maps through loader.h and the state directory through state.h, so it
 * needs no agent.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include <fairlead/abi.h>

#include "../lib/err.h"
#include "option.h"
#include "table.h"

/* What scripts may rely on. */
enum ctl_exit {
	EXIT_FINE = 0,
	EXIT_FAILED = 1,     /* something could not be read or written */
	EXIT_USAGE = 2,	     /* unknown command or option, impossible value */
	EXIT_NOT_LOADED = 3, /* nothing is pinned below the BPF root */
	EXIT_TROUBLE = 4,    /* `status`, `doctor`: something is wrong */
	EXIT_DROPPED = 5,    /* `trace`: the packet would be dropped */
};

enum color_mode { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct ctl {
	const char *state_dir; /* as given; never NULL once settled */
	const char *bpf_root;
	bool json;
	bool no_headers;
	bool human;
	bool wide;
	bool help;
	bool version;
	unsigned int color; /* enum color_mode */
	bool terminal;	    /* stdout is one */
	struct look look;
};

struct command {
	const char *name;
	const char *args;    /* "[ADDRESS]", "" */
	const char *summary; /* one line */
	const char *about;   /* paragraphs, a line each */
	const char *examples;
	const struct option *options; /* ends with a NULL name; may be NULL */
	void *values;		      /* where they go */
	int max_args;
	/* Returns 0 or another enum ctl_exit, or negative errno with a
	 * sentence; -ENOENT means that nothing is pinned. */
	int (*run)(const struct ctl *c, int argc, char **argv, struct err *e);
};

/* In the order of --help; NULL behind the last. */
const struct command *command_at(unsigned int n);
const struct command *command_find(const char *name);
/* The nearest name of a command, NULL if none is near. */
const char *command_nearest(const char *name);

/* The options of all commands; their values are a struct ctl. */
extern const struct option global_options[];

void help_program(FILE *out);
void help_command(const struct command *cmd, FILE *out);
/* A command, "reasons", "exit-codes", or the name of a reason. */
int help_topic(const char *topic, FILE *out, struct err *e);

/* Fill in what was not given: directories, colour, width. */
void ctl_settle(struct ctl *c);

/* fd of a pinned map. -ENOENT with a sentence that says what to do. */
int ctl_map_open(const struct ctl *c, const char *name, struct err *e);

/* The one entry of fl_config. */
int ctl_config_read(const struct ctl *c, struct fl_config *out, struct err *e);
/* The view that holds (abi.h), 0 where there is no datapath. */
unsigned int ctl_view(const struct ctl *c);
unsigned int ctl_config_flags(const struct fl_config *config);

/* A remark for a person, on stderr. */
void ctl_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* 0, or -errno and a sentence if stdout does not take what was written. */
int ctl_flush(struct err *e);

extern const struct command cmd_status, cmd_endpoints, cmd_routes, cmd_flows,
	cmd_metrics, cmd_drops, cmd_monitor, cmd_map, cmd_policy, cmd_trace,
	cmd_help, cmd_doctor, cmd_bugreport, cmd_test;
