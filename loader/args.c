/* SPDX-License-Identifier: Apache-2.0 */
#include "args.h"

#include <errno.h>
#include <string.h>

static const char *const commands[] = {
	[LOADER_LOAD] = "load",		  [LOADER_UNLOAD] = "unload",
	[LOADER_ATTACH] = "attach",	  [LOADER_DETACH] = "detach",
	[LOADER_STATUS] = "status",	  [LOADER_INSTALL] = "install",
	[LOADER_UNINSTALL] = "uninstall",
};

static const char *const roles[] = {
	[ATTACH_POD] = "pod",
	[ATTACH_OVERLAY] = "overlay",
	[ATTACH_UPLINK] = "uplink",
};

#define N(array) (int)(sizeof(array) / sizeof(*(array)))

static int set_role(struct loader_args *a, const char *word, struct err *e)
{
	for (int i = 0; i < N(roles); i++) {
		if (!word || strcmp(word, roles[i]))
			continue;
		a->role = i;
		a->has_role = true;
		return 0;
	}
	return err_set(e, EINVAL,
		       "--role is pod, overlay or uplink, not \"%s\"",
		       word ? word : "");
}

/* 1: the word is one of our own switches. */
static int take_switch(struct loader_args *a, const char *word)
{
	const struct {
		const char *name;
		bool *flag;
	} switches[] = {
		{"--json", &a->json},	    {"--rebuild", &a->rebuild},
		{"--devices", &a->devices}, {"--stay", &a->stay},
		{"--help", &a->help},	    {"-h", &a->help},
		{"--version", &a->version},
	};

	for (int i = 0; i < N(switches); i++) {
		if (strcmp(word, switches[i].name))
			continue;
		*switches[i].flag = true;
		return 1;
	}
	return 0;
}

static const char *object_of(enum loader_command command)
{
	switch (command) {
	case LOADER_ATTACH:
	case LOADER_DETACH:
		return "device";
	case LOADER_INSTALL:
	case LOADER_UNINSTALL:
		return "directory";
	default:
		return NULL;
	}
}

static int take_word(struct loader_args *a, const char *word, struct err *e)
{
	if (a->command == LOADER_NONE) {
		for (int i = LOADER_LOAD; i < N(commands); i++)
			if (!strcmp(word, commands[i]))
				a->command = i;
		if (a->command != LOADER_NONE)
			return 0;
		return err_set(e, EINVAL, "unknown command \"%s\"", word);
	}
	if (a->device || !object_of(a->command))
		return err_set(e, EINVAL, "one word too many: \"%s\"", word);
	a->device = word;
	return 0;
}

/* What does not go with the command is a mistake, not to be passed over. */
static int check(const struct loader_args *a, struct err *e)
{
	if (a->help || a->version)
		return 0;
	if (a->command == LOADER_NONE)
		return err_set(e, EINVAL, "a command is missing");
	if (object_of(a->command) && !a->device)
		return err_set(e, EINVAL, "%s: which %s?", commands[a->command],
			       object_of(a->command));
	if (a->json && a->command != LOADER_STATUS)
		return err_set(e, EINVAL, "--json goes with status only");
	if (a->rebuild && a->command != LOADER_LOAD)
		return err_set(e, EINVAL, "--rebuild goes with load only");
	if (a->devices && a->command != LOADER_UNLOAD)
		return err_set(e, EINVAL, "--devices goes with unload only");
	if (a->stay && a->command != LOADER_UNINSTALL)
		return err_set(e, EINVAL, "--stay goes with uninstall only");
	if (a->has_role && a->command != LOADER_ATTACH)
		return err_set(e, EINVAL, "--role goes with attach only");
	return 0;
}

int loader_args_parse(int argc, char **argv, struct loader_args *out,
		      struct err *e)
{
	struct loader_args a = {.options = argv};
	int r = 0, kept = argc ? 1 : 0;

	for (int i = 1; !r && i < argc; i++) {
		char *word = argv[i];

		if (take_switch(&a, word))
			continue;
		if (!strcmp(word, "--role")) {
			r = set_role(&a, i + 1 < argc ? argv[++i] : NULL, e);
		} else if (!strncmp(word, "--role=", 7)) {
			r = set_role(&a, word + 7, e);
		} else if (word[0] == '-') {
			argv[kept++] = word;
			/* --KEY VALUE: every key of the configuration has one
			 */
			if (!strchr(word, '=') && i + 1 < argc)
				argv[kept++] = argv[++i];
		} else {
			r = take_word(&a, word, e);
		}
	}
	a.n_options = kept;
	r = r ? r : check(&a, e);
	if (!r)
		*out = a;
	return r;
}

enum attach_role loader_role_guess(const char *device,
				   const char *overlay_device)
{
	if (!strcmp(device, overlay_device))
		return ATTACH_OVERLAY;
	return strncmp(device, "fl_", 3) ? ATTACH_UPLINK : ATTACH_POD;
}
