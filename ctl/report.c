/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "metric.h"
#include "redact.h"

#define NS_PER_S 1000000000ULL

void report_missing(struct report *r, const char *name, const char *why)
{
	fprintf(r->contents_out, "%-32s not there: %s\n", name, why);
}

static bool has_ended(struct report *r, const char *name)
{
	if (*r->stop && !r->failed.code)
		err_set(&r->failed, EINTR, "interrupted");
	if (r->failed.code)
		return true;
	if (metrics_clock() < r->deadline_ns)
		return false;
	report_missing(r, name, "there was no time left");
	return true;
}

void report_text(struct report *r, const char *name, const char *text,
		 size_t len)
{
	__cleanup(mem_free) char *clean = NULL;
	char path[256];
	size_t n;

	if (r->failed.code)
		return;
	clean = redact(text, len, &n);
	if (n > REPORT_FILE_MAX) {
		fprintf(r->contents_out, "%-32s cut after %d of %zu bytes\n",
			name, REPORT_FILE_MAX, n);
		n = REPORT_FILE_MAX;
	}
	if (r->bytes + n > REPORT_MAX) {
		report_missing(r, name, "the report is large enough");
		return;
	}
	snprintf(path, sizeof(path), "%s/%s", r->root, name);
	if (tar_add(r->tar, path, clean, n, time(NULL), &r->failed))
		return;
	r->bytes += n;
	fprintf(r->contents_out, "%-32s %zu bytes\n", name, n);
}

/* ---- files ----------------------------------------------------------- */

/* Without the rest of a line: what names a secret may have been cut off. */
static ssize_t drop_line(char *buf, ssize_t len)
{
	const char *end = memchr(buf, '\n', len);
	ssize_t left = end ? buf + len - (end + 1) : 0;

	memmove(buf, buf + len - left, left);
	return left;
}

/* Files of /proc have no size, others may grow. */
static ssize_t read_part(int fd, enum report_part part, char *buf)
{
	struct stat st;
	ssize_t n, have = 0;
	bool cut = part == REPORT_TAIL && !fstat(fd, &st) &&
		   st.st_size > REPORT_FILE_MAX;

	if (cut)
		lseek(fd, st.st_size - REPORT_FILE_MAX, SEEK_SET);
	while (have < REPORT_FILE_MAX) {
		n = read(fd, buf + have, REPORT_FILE_MAX - have);
		if (n < 0)
			return have ? have : -errno;
		if (!n)
			break;
		have += n;
	}
	return cut ? drop_line(buf, have) : have;
}

/* Regular files only, and never by a link that another has laid. */
void report_file(struct report *r, const char *name, const char *path,
		 enum report_part part)
{
	__cleanup(fd_close) int fd = -1;
	__cleanup(mem_free) char *buf = NULL;
	struct stat st;
	ssize_t n;

	if (has_ended(r, name))
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st)) {
		report_missing(r, name, strerror(errno));
		return;
	}
	if (!S_ISREG(st.st_mode)) {
		report_missing(r, name, "no regular file");
		return;
	}
	buf = malloc(REPORT_FILE_MAX);
	n = buf ? read_part(fd, part, buf) : -ENOMEM;
	if (n < 0)
		report_missing(r, name, strerror(-n));
	else
		report_text(r, name, buf, n);
}

/* ---- processes of our own -------------------------------------------- */

/* Reads until the end, at most twice what is kept (JSON shrinks little), or
 * until the time is over. */
static void collect(int fd, __u64 deadline_ns, FILE *out)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	size_t have = 0;
	char buf[16384];

	while (have < 2 * REPORT_FILE_MAX) {
		__u64 now = metrics_clock();
		ssize_t n;

		if (now >= deadline_ns ||
		    poll(&p, 1, (deadline_ns - now) / 1000000 + 1) <= 0)
			break;
		n = read(fd, buf, sizeof(buf));
		if (n <= 0)
			break;
		fwrite(buf, 1, n, out);
		have += n;
	}
}

static __u64 earlier(__u64 a, __u64 b)
{
	return a < b ? a : b;
}

/* Waits a moment for what has closed its output, and then no longer. */
static int end_child(pid_t pid)
{
	const struct timespec moment = {.tv_nsec = 10000000};
	int status = 0;

	for (int i = 0; i < 20; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		nanosleep(&moment, NULL);
	}
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static void be_child(int out)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setpgid(0, 0);
	signal(SIGPIPE, SIG_DFL);
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
}

void report_forked(struct report *r, const char *name,
		   int (*fn)(struct report *r, void *arg), void *arg)
{
	__cleanup(mem_free) char *text = NULL;
	int fds[2], status;
	size_t len = 0;
	FILE *out;
	pid_t pid;

	if (has_ended(r, name))
		return;
	if (pipe2(fds, O_CLOEXEC)) {
		report_missing(r, name, strerror(errno));
		return;
	}
	out = open_memstream(&text, &len);
	if (!out) {
		report_missing(r, name, strerror(errno));
		close(fds[0]);
		close(fds[1]);
		return;
	}
	fflush(NULL);
	pid = fork();
	if (!pid) {
		be_child(fds[1]);
		status = fn(r, arg);
		fflush(stdout);
		_exit(status);
	}
	close(fds[1]);
	collect(fds[0],
		earlier(r->deadline_ns,
			metrics_clock() + REPORT_COMMAND_SECONDS * NS_PER_S),
		out);
	fclose(out);
	close(fds[0]);
	status = pid < 0 ? 0 : end_child(pid);
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGPIPE)
		report_missing(r, name,
			       WTERMSIG(status) == SIGKILL
				       ? "not in time; what follows is a part"
				       : strsignal(WTERMSIG(status)));
	if (len)
		report_text(r, name, text, len);
	else
		report_missing(r, name, "nothing was printed");
}

static int run_command(struct report *r, void *arg)
{
	const struct command *cmd = arg;
	struct ctl c = *r->ctl;
	struct err e = {0};
	int rc;

	c.json = true;
	rc = cmd->run(&c, 0, NULL, &e);
	if (e.msg[0])
		printf("%s: %s\n", cmd->name, e.msg);
	return rc < 0;
}

void report_command(struct report *r, const char *name,
		    const struct command *cmd)
{
	report_forked(r, name, run_command, (void *)cmd);
}

/* Nothing of our environment goes along. */
static int run_program(struct report *r, void *arg)
{
	static char *const environment[] = {
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL};
	char *const *argv = arg;

	(void)r;
	execve(argv[0], argv, environment);
	return 127;
}

void report_program(struct report *r, const char *name, char *const argv[])
{
	if (access(argv[0], X_OK))
		report_missing(r, name, "no such program here");
	else
		report_forked(r, name, run_program, (void *)argv);
}
