/* SPDX-License-Identifier: Apache-2.0 */
/* The machine: versions, kernel, sysctls, the agent's process. */
#include "report.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "../loader/loader.h"

static int print_version(struct report *r, void *arg)
{
	struct utsname u;
	char running[128];
	struct err e;

	(void)arg;
	uname(&u);
	printf("fairlead %s\n", FAIRLEAD_VERSION);
	printf("running programs: %s\n",
	       datapath_running(r->ctl->bpf_root, running, &e) ? e.msg
							       : running);
	printf("layout: " FL_ABI_DIR "\nbpf root: %s\nstate dir: %s\n",
	       r->ctl->bpf_root, r->ctl->state_dir);
	printf("kernel: %s %s %s %s\n", u.sysname, u.release, u.version,
	       u.machine);
	printf("processors: %ld\nuser: %u\n", sysconf(_SC_NPROCESSORS_ONLN),
	       geteuid());
	return 0;
}

/* What tells about us; the rest of a kernel's log is its owner's. */
static bool is_about_us(const char *line)
{
	static const char *const words[] = {
		"bpf",	"BPF",	 "fl_",	    "fairlead", "Out of memory",
		"oom",	"BUG",	 "WARNING", "Oops",	"martian",
		"veth", "vxlan", "eth",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(line, words[i]))
			return !strstr(line, "ommand line");
	return false;
}

static int print_kernel_log(struct report *r, void *arg)
{
	enum { READ_ALL = 3, ROOM = 1 << 20 };
	char *buf = malloc(ROOM + 1), *line, *save = NULL;
	int n = buf ? klogctl(READ_ALL, buf, ROOM) : -1;

	(void)r;
	(void)arg;
	if (n < 0) {
		puts("the kernel's log cannot be read");
		return 1;
	}
	buf[n] = '\0';
	for (line = strtok_r(buf, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		if (is_about_us(line))
			puts(line);
	puts("(lines about networks and BPF only)");
	free(buf);
	return 0;
}

/* ---- sysctls --------------------------------------------------------- */

/* By name: there are secrets among the others (stable_secret). */
static const char *const of_devices[] = {
	"forwarding",	    "rp_filter",      "accept_local", "route_localnet",
	"arp_ignore",	    "arp_announce",   "proxy_arp",    "send_redirects",
	"accept_redirects", "log_martians",   "disable_ipv6", "accept_ra",
	"proxy_ndp",	    "addr_gen_mode",  "mtu",	      "src_valid_mark",
	"disable_xfrm",	    "disable_policy",
};

static const char *const alone[] = {
	"net/ipv4/ip_forward",
	"net/ipv4/ip_local_port_range",
	"net/ipv4/ip_no_pmtu_disc",
	"net/ipv4/tcp_mtu_probing",
	"net/ipv4/neigh/default/gc_thresh3",
	"net/ipv6/neigh/default/gc_thresh3",
	"net/ipv6/bindv6only",
	"net/core/bpf_jit_enable",
	"net/core/bpf_jit_harden",
	"net/core/netdev_max_backlog",
	"net/netfilter/nf_conntrack_max",
	"net/netfilter/nf_conntrack_count",
	"net/bridge/bridge-nf-call-iptables",
	"kernel/unprivileged_bpf_disabled",
	"kernel/bpf_stats_enabled",
	"kernel/osrelease",
	"kernel/random/boot_id",
	"vm/overcommit_memory",
};

static void print_sysctl(const char *name)
{
	char path[512], value[256] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	f = fopen(path, "re");
	if (!f)
		return;
	if (fgets(value, sizeof(value), f))
		printf("%s = %s", name, value);
	fclose(f);
}

static void print_family(const char *family)
{
	enum { DEVICES_MAX = 400 };
	char path[64], name[512];
	struct dirent *entry;
	int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf", family);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)) && n < DEVICES_MAX) {
		if (entry->d_name[0] == '.')
			continue;
		n++;
		for (size_t i = 0;
		     i < sizeof(of_devices) / sizeof(of_devices[0]); i++) {
			snprintf(name, sizeof(name), "net/%s/conf/%s/%s",
				 family, entry->d_name, of_devices[i]);
			print_sysctl(name);
		}
	}
	if (dir)
		closedir(dir);
}

static int print_sysctls(struct report *r, void *arg)
{
	(void)r;
	(void)arg;
	for (size_t i = 0; i < sizeof(alone) / sizeof(alone[0]); i++)
		print_sysctl(alone[i]);
	print_family("ipv4");
	print_family("ipv6");
	return 0;
}

/* ---- the agent's process --------------------------------------------- */

/* Who listens on its socket; 0: nobody, or nobody of our PID namespace. */
static pid_t agent_pid(const struct report *r)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	__cleanup(fd_close) int fd =
		socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct ucred peer = {0};
	socklen_t len = sizeof(peer);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%.90s/agent.sock",
		 r->ctl->state_dir);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sun, sizeof(sun)) ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len))
		return 0;
	return peer.pid;
}

/* Never its environment or its command line. */
static void report_agent_process(struct report *r)
{
	static const char *const files[] = {"status", "limits", "sched",
					    "wchan"};
	pid_t pid = agent_pid(r);

	if (!pid) {
		report_missing(r, "agent/process", "it does not run");
		return;
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char path[64], name[64];

		snprintf(path, sizeof(path), "/proc/%d/%s", pid, files[i]);
		snprintf(name, sizeof(name), "agent/%s", files[i]);
		report_file(r, name, path, REPORT_HEAD);
	}
}

void report_system(struct report *r)
{
	report_forked(r, "version.txt", print_version, NULL);
	report_file(r, "system/os-release", "/usr/lib/os-release", REPORT_HEAD);
	report_file(r, "system/uptime", "/proc/uptime", REPORT_HEAD);
	report_file(r, "system/meminfo", "/proc/meminfo", REPORT_HEAD);
	report_file(r, "system/loadavg", "/proc/loadavg", REPORT_HEAD);
	report_file(r, "system/modules", "/proc/modules", REPORT_HEAD);
	report_file(r, "system/mounts", "/proc/self/mounts", REPORT_HEAD);
	report_forked(r, "system/sysctls.txt", print_sysctls, NULL);
	report_forked(r, "system/kernel-log.txt", print_kernel_log, NULL);
	report_agent_process(r);
}
