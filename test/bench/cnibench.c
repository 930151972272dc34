/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a CNI plugin takes, for test/bench/run.
 *
 *	cnibench [-p] PLUGIN CONFIG COMMAND ID NETNS FIRST COUNT
 *
 * Runs the plugin for the containers ID-n with the namespaces NETNS<n>, n from
 * FIRST on, one after the other, or all at once with -p, and prints for each
 * the microseconds from starting the process to its end. Runs in the network
 * namespace that it is started in. A plugin that fails is shown, and the exit
 * status is 1.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RUNS_MAX 1000

struct run {
	pid_t pid;
	int out; /* what it printed */
	double start;
	double took;
	int status;
};

static struct run runs[RUNS_MAX];
static const char *plugin, *config, *command, *id, *netns;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

/* CNI_PATH is the plugin's own directory: there are those it delegates to. */
static char **environment(int n)
{
	static char text[6][640];
	static char *env[7];
	const char *slash = strrchr(plugin, '/');

	snprintf(text[0], sizeof(text[0]), "CNI_COMMAND=%s", command);
	snprintf(text[1], sizeof(text[1]), "CNI_CONTAINERID=%s-%d", id, n);
	snprintf(text[2], sizeof(text[2]), "CNI_NETNS=%s%d", netns, n);
	snprintf(text[3], sizeof(text[3]), "CNI_IFNAME=eth0");
	snprintf(text[4], sizeof(text[4]), "CNI_PATH=%.*s",
		 slash ? (int)(slash - plugin) : 1, slash ? plugin : ".");
	snprintf(text[5], sizeof(text[5]),
		 "CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=bench;"
		 "K8S_POD_NAME=%s-%d",
		 id, n);
	for (int i = 0; i < 6; i++)
		env[i] = text[i];
	return env;
}

static void start(struct run *r, int n)
{
	char *argv[] = {(char *)plugin, NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	char **env = environment(n);
	sigset_t interrupt;
	int ret;

	r->out = memfd_create("stdout", MFD_CLOEXEC);
	if (r->out < 0)
		err(1, "memfd_create");
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, config, O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, r->out, 1);
	sigemptyset(&interrupt);
	sigaddset(&interrupt, SIGINT);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigdefault(&attr, &interrupt);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	r->start = now();
	ret = posix_spawn(&r->pid, plugin, &files, &attr, argv, env);
	if (ret)
		errx(1, "%s: %s", plugin, strerror(ret));
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
}

/* Ends one of the runs that are going on. */
static void finish(int count)
{
	int status;
	pid_t pid = wait(&status);
	double end = now();

	if (pid < 0)
		err(1, "wait");
	for (int i = 0; i < count; i++) {
		if (runs[i].pid != pid)
			continue;
		runs[i].took = end - runs[i].start;
		runs[i].status = status;
		runs[i].pid = 0; /* the number may come again */
		return;
	}
}

static bool report(struct run *r, int n)
{
	char text[1024];
	ssize_t len;

	if (!r->status) {
		printf("%.1f\n", r->took);
		return true;
	}
	len = pread(r->out, text, sizeof(text) - 1, 0);
	text[len > 0 ? len : 0] = '\0';
	warnx("%s %s of %s-%d: status %d: %s", plugin, command, id, n,
	      WIFEXITED(r->status) ? WEXITSTATUS(r->status) : -1, text);
	return false;
}

int main(int argc, char **argv)
{
	bool at_once = argc > 1 && !strcmp(argv[1], "-p"), good = true;
	int first, count;

	argv += at_once;
	argc -= at_once;
	if (argc != 8)
		errx(2, "usage: cnibench [-p] PLUGIN CONFIG COMMAND ID NETNS "
			"FIRST COUNT");
	plugin = argv[1];
	config = argv[2];
	command = argv[3];
	id = argv[4];
	netns = argv[5];
	first = atoi(argv[6]);
	count = atoi(argv[7]);
	if (count < 1 || count > RUNS_MAX)
		errx(2, "COUNT must be 1..%d", RUNS_MAX);

	/* On Ctrl-C the plugins end, and we with the last of them. */
	signal(SIGINT, SIG_IGN);
	for (int i = 0; i < count; i++) {
		start(&runs[i], first + i);
		if (!at_once)
			finish(count);
	}
	for (int i = 0; at_once && i < count; i++)
		finish(count);
	for (int i = 0; i < count; i++)
		good &= report(&runs[i], first + i);
	return good ? 0 : 1;
}
