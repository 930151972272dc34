/* SPDX-License-Identifier: Apache-2.0 */
#include "journal.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

static struct {
	int fd;
	bool syslog;
	enum log_level level;
	char context[400];
} sink = {.fd = -1, .level = LOG_LEVEL_INFO};

static void rotate(const char *file)
{
	char old[512];
	struct stat st;

	if (stat(file, &st) || st.st_size < JOURNAL_MAX)
		return;
	snprintf(old, sizeof(old), "%s.1", file);
	rename(file, old);
}

void journal_open(const char *file, enum log_level level)
{
	sink.level = level;
	sink.syslog = !strcmp(file, "syslog");
	if (sink.syslog) {
		openlog("fairlead-cni", LOG_PID, LOG_DAEMON);
		return;
	}
	if (!*file)
		return;
	rotate(file);
	sink.fd = open(file,
		       O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY |
			       O_NONBLOCK | O_NOFOLLOW,
		       0600);
}

void journal_context(const char *verb, const char *container_id,
		     const char *ifname, const char *network)
{
	if (*container_id)
		log_pairs(sink.context, sizeof(sink.context),
			  "verb=%s container=%s ifname=%s network=%s", verb,
			  container_id, ifname, network);
	else
		log_pairs(sink.context, sizeof(sink.context),
			  "verb=%s network=%s", verb, network);
}

static void write_to(int fd, enum log_level level, const char *msg,
		     const char *pairs)
{
	log_set_fd(fd);
	log_write_pairs(level, msg, pairs);
}

void journal(enum log_level level, const char *msg, const char *kv, ...)
{
	static const int priority[] = {
		[LOG_LEVEL_ERROR] = LOG_ERR,
		[LOG_LEVEL_WARN] = LOG_WARNING,
		[LOG_LEVEL_INFO] = LOG_INFO,
		[LOG_LEVEL_DEBUG] = LOG_DEBUG,
	};
	char pairs[4096];
	va_list ap;
	size_t n;

	if (level > sink.level)
		return;
	log_set_level(sink.level);
	n = strlen(strcpy(pairs, sink.context));
	if (kv) {
		va_start(ap, kv);
		log_vpairs(pairs + n, sizeof(pairs) - n, kv, ap);
		va_end(ap);
	}
	if (sink.fd >= 0)
		write_to(sink.fd, level, msg, pairs);
	if (sink.syslog)
		syslog(priority[level], "%s%s", msg, pairs);
	if (level <= LOG_LEVEL_WARN)
		write_to(STDERR_FILENO, level, msg, pairs);
}
