/* SPDX-License-Identifier: Apache-2.0 */
#include "testpod.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/addr.h"
#include "../lib/cleanup.h"
#include "../lib/json.h"

#define ID_PREFIX "fairlead-test-"

enum { CALL_SECONDS = 20, OUTPUT_MAX = 16384 };

/* ---- the plugin ------------------------------------------------------ */

struct call {
	const struct testpod *pod;
	const char *verb;
	char netns[64]; /* "": none, as for what a run has left */
};

static void exec_plugin(const struct call *c, int in, int out)
{
	char verb[32], id[96], netns[96], path[512];
	char dir[400];
	char *env[] = {verb, id, netns, path, "CNI_IFNAME=eth0", NULL, NULL};
	char *argv[] = {(char *)c->pod->plugin, NULL};

	snprintf(dir, sizeof(dir), "%s", c->pod->plugin);
	if (strrchr(dir, '/'))
		*strrchr(dir, '/') = '\0';
	snprintf(verb, sizeof(verb), "CNI_COMMAND=%s", c->verb);
	snprintf(id, sizeof(id), "CNI_CONTAINERID=%s", c->pod->id);
	snprintf(netns, sizeof(netns), "CNI_NETNS=%s", c->netns);
	snprintf(path, sizeof(path), "CNI_PATH=%s", dir);
	env[5] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	signal(SIGINT, SIG_IGN); /* what it has begun it ends */
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
	alarm(CALL_SECONDS);
	execve(c->pod->plugin, argv, env);
	_exit(127);
}

/* {"code": 7, "msg": "...", "details": "..."} */
static int plugin_error(const struct call *c, const char *output, int status,
			struct err *e)
{
	__cleanup(json_free) cJSON *doc = NULL;
	const cJSON *msg, *details;

	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return err_set(e, EIO,
			       "%s cannot be run: say where the plugin is, "
			       "with --cni-bin",
			       c->pod->plugin);
	if (json_parse("the plugin's answer", output, strlen(output), &doc, e))
		return err_wrap(e, "%s failed", c->verb);
	msg = cJSON_GetObjectItemCaseSensitive(doc, "msg");
	details = cJSON_GetObjectItemCaseSensitive(doc, "details");
	return err_set(e, EIO, "the plugin's %s failed: %.200s%s%.200s",
		       c->verb, cJSON_IsString(msg) ? msg->valuestring : "?",
		       cJSON_IsString(details) ? ": " : "",
		       cJSON_IsString(details) ? details->valuestring : "");
}

static void read_all(int fd, char *buf, size_t size)
{
	size_t have = 0;
	ssize_t n;

	while (have < size - 1 &&
	       (n = read(fd, buf + have, size - 1 - have)) != 0) {
		if (n < 0 && errno != EINTR)
			break;
		have += n > 0 ? n : 0;
	}
	buf[have] = '\0';
}

static int call_plugin(const struct call *c, struct err *e)
{
	char conf[700], output[OUTPUT_MAX];
	int in[2], out[2], status = 0;
	pid_t pid;

	snprintf(conf, sizeof(conf),
		 "{\"cniVersion\":\"1.1.0\",\"name\":\"" TESTPOD_NETWORK
		 "\",\"type\":\"fairlead-cni\",\"stateDir\":\"%.400s\"}",
		 c->pod->state_dir);
	if (pipe2(in, O_CLOEXEC))
		return err_sys(e, errno, "pipe");
	if (pipe2(out, O_CLOEXEC)) {
		status = errno;
		close(in[0]);
		close(in[1]);
		return err_sys(e, status, "pipe");
	}
	pid = fork();
	if (!pid)
		exec_plugin(c, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	if (pid < 0 ||
	    write(in[1], conf, strlen(conf)) != (ssize_t)strlen(conf))
		status = 1;
	close(in[1]);
	read_all(out[0], output, sizeof(output));
	close(out[0]);
	if (pid > 0)
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	return status ? plugin_error(c, output, status, e) : 0;
}

/* ---- its namespace --------------------------------------------------- */

static void loopback_up(void)
{
	struct ifreq r = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ioctl(fd, SIOCSIFFLAGS, &r);
	close(fd);
}

static void be_pod(unsigned int port, int ready)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	if (unshare(CLONE_NEWNET))
		_exit(errno);
	loopback_up();
	_exit(-echo_serve(port, ready));
}

static int start_process(struct testpod *p, unsigned int port, struct err *e)
{
	char path[64], byte;
	int ready[2], status = 0;

	if (pipe2(ready, O_CLOEXEC))
		return err_sys(e, errno, "pipe");
	p->pid = fork();
	if (!p->pid)
		be_pod(port, ready[1]);
	close(ready[1]);
	if (p->pid < 0) {
		close(ready[0]);
		p->pid = 0;
		return err_sys(e, errno, "fork");
	}
	if (read(ready[0], &byte, 1) != 1) {
		/* It has ended, or we were interrupted. */
		kill(p->pid, SIGTERM);
		while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
			;
		close(ready[0]);
		p->pid = 0;
		return err_sys(e,
			       WEXITSTATUS(status) ? WEXITSTATUS(status) : EIO,
			       "make a network namespace");
	}
	close(ready[0]);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", p->pid);
	p->netns = open(path, O_RDONLY | O_CLOEXEC);
	return p->netns < 0 ? err_sys(e, errno, "open %s", path) : 0;
}

/* ---------------------------------------------------------------------- */

int testpod_start(struct testpod *p, const char *state_dir, const char *plugin,
		  char letter, unsigned int port, struct err *e)
{
	struct call c = {.pod = p, .verb = "ADD"};
	struct err ignored;
	int rc;

	*p = (struct testpod){
		.state_dir = state_dir, .plugin = plugin, .netns = -1};
	snprintf(p->id, sizeof(p->id), ID_PREFIX "%d-%c", getpid(), letter);
	rc = start_process(p, port, e);
	snprintf(c.netns, sizeof(c.netns), "/proc/%d/ns/net", p->pid);
	if (!rc)
		rc = call_plugin(&c, e);
	if (!rc)
		rc = endpoint_record_read(state_dir, p->id, "eth0", &p->record,
					  e);
	if (rc)
		testpod_stop(p, &ignored);
	return rc;
}

const struct fl_addr *testpod_addr(const struct testpod *p, int family)
{
	for (int i = 0; i < p->record.n_addrs; i++)
		if (addr_is_v4(&p->record.addrs[i]) == (family == AF_INET))
			return &p->record.addrs[i];
	return NULL;
}

/* Without the namespace, as if it were gone: then no process of another that
 * has its number by now is in the way. */
int testpod_stop(struct testpod *p, struct err *e)
{
	struct call c = {.pod = p, .verb = "DEL"};
	int rc = *p->id ? call_plugin(&c, e) : 0;

	if (p->netns >= 0 && *p->id)
		close(p->netns);
	if (p->pid > 0) {
		kill(p->pid, SIGKILL);
		while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	p->pid = 0;
	*p->id = '\0';
	return rc;
}

/* ---- what is left ---------------------------------------------------- */

/* Under the lock of who takes addresses: it may have just made it. */
void testpods_end(const char *state_dir)
{
	__cleanup(fd_close) int ips = -1;
	char path[512];

	snprintf(path, sizeof(path), "%s/ips", state_dir);
	ips = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ips >= 0 && !flock(ips, LOCK_EX))
		unlinkat(ips, TESTPOD_NETWORK, AT_REMOVEDIR);
}

enum { SWEEP_MAX = 64 };

struct sweep {
	char ids[SWEEP_MAX][64];
	int n;
};

static int find_left(const struct endpoint_record *r, void *arg)
{
	struct sweep *s = arg;
	pid_t pid;

	if (strncmp(r->container_id, ID_PREFIX, strlen(ID_PREFIX)) ||
	    strcmp(r->network, TESTPOD_NETWORK) || s->n == SWEEP_MAX)
		return 0;
	pid = atoi(r->container_id + strlen(ID_PREFIX));
	if (pid > 0 && (!kill(pid, 0) || errno != ESRCH) &&
	    !access(r->netns, F_OK))
		return 0; /* another test that runs now */
	snprintf(s->ids[s->n++], sizeof(s->ids[0]), "%.60s", r->container_id);
	return 0;
}

int testpods_sweep(const char *state_dir, const char *plugin, int *n,
		   struct err *e)
{
	static struct sweep s;
	int rc;

	s.n = 0;
	rc = endpoint_record_each(state_dir, find_left, &s, NULL, e);
	for (int i = 0; i < s.n && !rc; i++) {
		struct testpod p = {
			.state_dir = state_dir, .plugin = plugin, .netns = -1};

		memcpy(p.id, s.ids[i], sizeof(p.id));
		rc = testpod_stop(&p, e);
	}
	*n = s.n;
	return rc;
}
