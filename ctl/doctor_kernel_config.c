/* SPDX-License-Identifier: Apache-2.0 */
/* Was the kernel built with what we need? A module that is not loaded is not
 * missing, so this looks at the configuration that it was built from. */
#include "doctor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include <zlib.h>

/* Each has one name or two, of which one will do. */
static const struct {
	const char *name, *instead, *what;
	enum doctor_level level;
} wanted[] = {
	{"BPF_SYSCALL", NULL, "no BPF at all", DOCTOR_WRONG},
	{"NET_CLS_BPF", NULL, "no programs on pods' devices", DOCTOR_WRONG},
	{"NET_SCH_INGRESS", NULL, "no programs on pods' devices", DOCTOR_WRONG},
	{"NET_CLS_ACT", NULL, "no programs on devices", DOCTOR_WRONG},
	{"VETH", NULL, "no devices for pods", DOCTOR_WRONG},
	{"VXLAN", NULL, "no overlay (mode: native works)", DOCTOR_WRONG},
	{"DUMMY", "IFB", "no device for the node's own address", DOCTOR_WRONG},
	{"IPV6", NULL, "no IPv6, and what is done for both fails",
	 DOCTOR_WRONG},
	{"BPF_JIT", NULL, "programs are interpreted, which is slow",
	 DOCTOR_WARNING},
	{"CGROUP_BPF", NULL, "no services at the socket", DOCTOR_WARNING},
	{"DEBUG_INFO_BTF", NULL, "bpftool shows maps as bytes", DOCTOR_WARNING},
};
#define N_WANTED (sizeof(wanted) / sizeof(wanted[0]))

static gzFile open_config(const struct doctor *d, char *path, size_t size)
{
	struct utsname u;
	gzFile file;

	if (d->options->kernel_config) {
		snprintf(path, size, "%s", d->options->kernel_config);
		return gzopen(path, "r");
	}
	snprintf(path, size, "/proc/config.gz");
	file = gzopen(path, "r");
	if (file)
		return file;
	uname(&u);
	snprintf(path, size, "/boot/config-%s", u.release);
	return gzopen(path, "r");
}

static bool is_set(const char *line, const char *name)
{
	size_t len = name ? strlen(name) : 0;

	return name && !strncmp(line, name, len) &&
	       (!strcmp(line + len, "=y") || !strcmp(line + len, "=m"));
}

/* How many lines were of a kernel's configuration. */
static int read_config(gzFile file, bool found[N_WANTED])
{
	char line[256];
	int n = 0;

	while (gzgets(file, line, sizeof(line))) {
		line[strcspn(line, "\r\n")] = '\0';
		if (strncmp(line, "CONFIG_", 7))
			continue;
		n++;
		for (size_t i = 0; i < N_WANTED; i++)
			found[i] |= is_set(line + 7, wanted[i].name) ||
				    is_set(line + 7, wanted[i].instead);
	}
	return n;
}

void doctor_kernel_config(struct doctor *d)
{
	bool found[N_WANTED] = {false};
	char path[256];
	gzFile file = open_config(d, path, sizeof(path));
	int lines = file ? read_config(file, found) : 0;
	size_t missing = 0;

	if (file)
		gzclose(file);
	if (!lines) {
		doctor_say(d, DOCTOR_UNKNOWN, "",
			   "%.200s is no configuration of a kernel, or not "
			   "there; what the kernel can do is under \"kernel\"",
			   path);
		return;
	}
	for (size_t i = 0; i < N_WANTED; i++) {
		if (found[i])
			continue;
		missing++;
		doctor_say(d, wanted[i].level,
			   "Use a kernel that is built with it, as those of "
			   "the distributions are.",
			   "CONFIG_%s%s%s is not set in %.150s: %s",
			   wanted[i].name,
			   wanted[i].instead ? " or CONFIG_" : "",
			   wanted[i].instead ? wanted[i].instead : "", path,
			   wanted[i].what);
	}
	if (!missing)
		doctor_say(d, DOCTOR_OK, "", "%.200s has all %zu options", path,
			   N_WANTED);
}
