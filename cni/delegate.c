/* SPDX-License-Identifier: Apache-2.0 */
#include "delegate.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "../lib/json.h"
#include "interrupt.h"
#include "journal.h"
#include "result.h"

#define ANSWER_MAX (1024 * 1024)
enum { LOOK_MS = 200, PAUSE_MS = 10, GRACE_MS = 2000 };
/* In the environment of whatever we run. */
#define DELEGATED "FAIRLEAD_DELEGATED"

bool delegate_is_nested(void)
{
	return getenv(DELEGATED) != NULL;
}

/* Anybody's to write is nobody's to run. */
static bool is_program(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) &&
	       !(st.st_mode & S_IWOTH) && !access(path, X_OK);
}

static bool is_self(const char *path)
{
	struct stat self, st;

	return !stat("/proc/self/exe", &self) && !stat(path, &st) &&
	       self.st_dev == st.st_dev && self.st_ino == st.st_ino;
}

/* A link to ourselves, or a copy that another name hides, would delegate to
 * itself without end. */
static int check_not_self(const char *type, const char *path, struct failure *f)
{
	if (is_self(path))
		return failure_set(f, CNI_CONFIG,
				   "IPAM plugin \"%s\" is this plugin itself "
				   "(%.256s)",
				   type, path);
	if (getenv(DELEGATED))
		return failure_set(f, CNI_CONFIG,
				   "IPAM plugin \"%s\": fairlead-cni is itself "
				   "run as an IPAM plugin by fairlead-cni",
				   type);
	return 0;
}

static int find_plugin(const char *type, char path[1024], struct failure *f)
{
	const char *at = getenv("CNI_PATH");
	size_t len;

	if (!at || !*at)
		return failure_set(
			f, CNI_ENVIRONMENT,
			"environment variable CNI_PATH is missing: the "
			"IPAM plugin \"%s\" is looked for there",
			type);
	for (; *at; at += len + (at[len] == ':')) {
		len = strcspn(at, ":");
		/* What is relative depends on where we were started. */
		if (*at == '/' &&
		    snprintf(path, 1024, "%.*s/%s", (int)len, at, type) <
			    1024 &&
		    is_program(path))
			return 0;
	}
	return failure_set(f, CNI_CONFIG,
			   "IPAM plugin \"%s\" is not in CNI_PATH (%.256s)",
			   type, getenv("CNI_PATH"));
}

/* The configuration as a file that the child reads from its beginning: no pipe
 * that could fill. */
static int text_to_fd(const char *text, size_t len, struct failure *f)
{
	__cleanup(fd_close) int fd = memfd_create("cni-config", MFD_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		failure_set(f, CNI_IO, "memfd_create: %s", strerror(errno));
	while (fd >= 0 && len) {
		n = write(fd, text, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			failure_set(f, CNI_IO,
				    "write configuration for the IPAM "
				    "plugin: %s",
				    strerror(errno));
			return -1;
		}
		text += n;
		len -= (size_t)n;
	}
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return take_fd(&fd);
}

static void set_env(const char *name, const char *value)
{
	if (value)
		setenv(name, value, 1);
}

static void __attribute__((noreturn))
child(const char *path, const struct delegate_run *run, int in, int out,
      pid_t parent)
{
	/* Whoever kills us asks for DEL next: no address may be taken after
	 * that, and one that hangs must not stay. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(126);
	set_env(DELEGATED, "1");
	set_env("CNI_COMMAND", run->command);
	set_env("CNI_CONTAINERID", run->container_id);
	set_env("CNI_IFNAME", run->ifname);
	set_env("CNI_NETNS", run->netns);
	signal(SIGPIPE, SIG_DFL);
	interrupt_default();
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
		_exit(126);
	execl(path, path, (char *)NULL);
	_exit(127);
}

/* 1: there is something to read, or nothing will come. */
static int wait_answer(int fd, struct failure *f)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int n = poll(&p, 1, LOOK_MS);

	/* By a look now and then a signal is seen that came before poll(). */
	if (interrupt_pending()) {
		failure_set(f, CNI_INTERRUPTED,
			    "interrupted while the IPAM plugin ran");
		return -1;
	}
	if (n < 0 && errno != EINTR) {
		failure_set(f, CNI_IO, "wait for the IPAM plugin: %s",
			    strerror(errno));
		return -1;
	}
	return n > 0;
}

/* All that it says, until it closes its output. */
static int read_answer(int fd, char **out, size_t *len, struct failure *f)
{
	__cleanup(mem_free) char *text = malloc(ANSWER_MAX + 1);
	size_t have = 0;
	ssize_t n;
	int ready;

	if (!text)
		return failure_set(f, CNI_IO, "out of memory");
	while (have < ANSWER_MAX) {
		ready = wait_answer(fd, f);
		if (ready < 0)
			return f->code;
		if (!ready)
			continue;
		n = read(fd, text + have, ANSWER_MAX - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return failure_set(f, CNI_IO,
					   "read the IPAM plugin's answer: %s",
					   strerror(errno));
		if (n == 0)
			break;
		have += (size_t)n;
	}
	text[have] = '\0';
	*out = take_ptr(text);
	*len = have;
	return 0;
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

/* Not all end when they are asked to. */
static int end(pid_t pid)
{
	const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000};
	int status, waited;

	kill(pid, SIGTERM);
	for (waited = 0; waited < GRACE_MS; waited += PAUSE_MS) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		nanosleep(&pause, NULL);
	}
	kill(pid, SIGKILL);
	return wait_for(pid);
}

static int run_plugin(const char *path, const struct delegate_run *run, int in,
		      char **answer, size_t *len, int *status,
		      struct failure *f)
{
	__cleanup(fd_close) int reader = -1;
	__cleanup(fd_close) int writer = -1;
	pid_t pid, parent = getpid();
	int ends[2], ret;

	if (pipe2(ends, O_CLOEXEC))
		return failure_set(f, CNI_IO, "pipe: %s", strerror(errno));
	reader = ends[0];
	writer = ends[1];
	pid = fork();
	if (pid < 0)
		return failure_set(f, CNI_IO, "fork: %s", strerror(errno));
	if (!pid)
		child(path, run, in, writer, parent);
	close(take_fd(&writer));
	ret = read_answer(reader, answer, len, f);
	/* Who has more to say than we read must not wait for us. */
	close(take_fd(&reader));
	*status = ret ? end(pid) : wait_for(pid);
	return ret;
}

/* Its error, with our word in front. */
static int pass_error(const char *type, const cJSON *json, int status,
		      struct failure *f)
{
	const cJSON *code = cJSON_GetObjectItemCaseSensitive(json, "code");
	const cJSON *msg = cJSON_GetObjectItemCaseSensitive(json, "msg");
	const cJSON *details =
		cJSON_GetObjectItemCaseSensitive(json, "details");

	if (!cJSON_IsNumber(code) || code->valueint <= 0)
		return failure_set(
			f, CNI_IPAM,
			"IPAM plugin \"%s\" failed without saying why (%s "
			"%d)",
			type, WIFSIGNALED(status) ? "signal" : "status",
			WIFSIGNALED(status) ? WTERMSIG(status)
					    : WEXITSTATUS(status));
	failure_set(f, code->valueint, "IPAM plugin \"%s\": %.600s", type,
		    cJSON_IsString(msg) ? msg->valuestring : "");
	if (cJSON_IsString(details))
		snprintf(f->details, sizeof(f->details), "%s",
			 details->valuestring);
	return f->code;
}

bool delegate_is_self(const struct call *c)
{
	struct failure ignored;
	char path[1024];

	return getenv(DELEGATED) ||
	       (!find_plugin(c->conf.ipam_type, path, &ignored) &&
		is_self(path));
}

static int exec_text(const struct call *c, const struct delegate_run *run,
		     const char *text, size_t text_len, cJSON **result,
		     struct failure *f)
{
	const char *type = c->conf.ipam_type;
	__cleanup(fd_close) int in = -1;
	__cleanup(mem_free) char *answer = NULL;
	__cleanup(json_free) cJSON *json = NULL;
	char path[1024];
	struct err e;
	size_t len = 0;
	int ret, status = 0;

	ret = find_plugin(type, path, f);
	if (!ret)
		ret = check_not_self(type, path, f);
	if (ret)
		return ret;
	in = text_to_fd(text, text_len, f);
	if (in < 0)
		return f->code;
	ret = run_plugin(path, run, in, &answer, &len, &status, f);
	if (ret)
		return ret;
	if (len && json_parse("answer", answer, len, &json, &e) && !status)
		return failure_set(f, CNI_IPAM, "IPAM plugin \"%s\": %s", type,
				   e.msg);
	if (status)
		return pass_error(type, json, status, f);
	if (result && !json)
		return failure_set(f, CNI_IPAM,
				   "IPAM plugin \"%s\" gave no result", type);
	if (result)
		*result = take_ptr(json);
	return 0;
}

/* The configuration in an older version: what was asked for is the same. */
static char *text_in_version(const struct call *c, enum cni_version version)
{
	__cleanup(json_free) cJSON *copy = cJSON_Duplicate(c->json, true);
	cJSON *prev = cJSON_GetObjectItemCaseSensitive(copy, "prevResult");

	cJSON_ReplaceItemInObjectCaseSensitive(
		copy, "cniVersion",
		cJSON_CreateString(cni_version_name(version)));
	if (cJSON_IsObject(prev))
		result_shape(prev, version);
	return cJSON_PrintUnformatted(copy);
}

int delegate_exec(const struct call *c, const struct delegate_run *run,
		  cJSON **result, struct failure *f)
{
	static const enum cni_version older[] = {CNI_1_0_0, CNI_0_4_0};
	int ret = exec_text(c, run, c->text, c->len, result, f);
	size_t i;

	for (i = 0; ret == CNI_VERSION && i < 2; i++) {
		__cleanup(mem_free) char *text = NULL;

		if (c->conf.version <= older[i])
			continue;
		text = text_in_version(c, older[i]);
		if (!text)
			return failure_set(f, CNI_IO, "out of memory");
		ret = exec_text(c, run, text, strlen(text), result, f);
	}
	return ret;
}

/* Does it say that it speaks our version? */
static bool speaks(const struct call *c, struct failure *f)
{
	struct delegate_run run = {.command = "VERSION"};
	__cleanup(json_free) cJSON *answer = NULL;
	const char *version = cni_version_name(c->conf.version);
	const cJSON *item;

	if (exec_text(c, &run, c->text, c->len, &answer, f))
		return false;
	cJSON_ArrayForEach (item, cJSON_GetObjectItemCaseSensitive(
					  answer, "supportedVersions")) {
		if (cJSON_IsString(item) && !strcmp(item->valuestring, version))
			return true;
	}
	return false;
}

int delegate_exec_optional(const struct call *c, const char *command,
			   struct failure *f)
{
	struct delegate_run run = {.command = command};

	f->code = 0;
	if (speaks(c, f))
		return exec_text(c, &run, c->text, c->len, NULL, f);
	if (!f->code)
		journal(LOG_LEVEL_DEBUG, "IPAM plugin is too old for this",
			"plugin=%s command=%s", c->conf.ipam_type, command);
	return f->code;
}
