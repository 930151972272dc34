/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An IPAM plugin for tests: it makes few system calls, so that each can be
 * failed, and FAULTS_IPAM in its environment makes it misbehave (see modes).
 *
 * Its addresses are files of the directory that "dataDir" names, FIRST to LAST,
 * each with the network and the attachment that it is given to.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST = 200, LAST = 230 };

static char conf[65536], dir[256], network[64], owner[400];

static int fail(const char *what)
{
	printf("{\"cniVersion\": \"1.1.0\", \"code\": 50, "
	       "\"msg\": \"%s: %s\"}\n",
	       what, strerror(errno));
	return 1;
}

static const char *env(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

static int read_conf(void)
{
	const char *at;
	size_t have = 0;
	ssize_t n;

	while ((n = read(0, conf + have, sizeof(conf) - 1 - have)) > 0)
		have += n;
	at = strstr(conf, "\"dataDir\"");
	if (n < 0 || !at || sscanf(at, "\"dataDir\" : \"%255[^\"]", dir) != 1)
		return -1;
	at = strstr(conf, "\"name\"");
	if (!at || sscanf(at, "\"name\" : \"%63[^\"]", network) != 1)
		return -1;
	snprintf(owner, sizeof(owner), "%s %s %s", network,
		 env("CNI_CONTAINERID"), env("CNI_IFNAME"));
	return chdir(dir);
}

/* ---- the files -------------------------------------------------------- */

static void file_name(char name[8], int number)
{
	snprintf(name, 8, "%d", number);
}

/* Who has it; "": nobody. -1 with errno: that cannot be told. */
static int read_owner(int number, char *who, size_t size)
{
	char name[8];
	ssize_t n;
	int fd;

	file_name(name, number);
	who[0] = '\0';
	fd = open(name, O_RDONLY);
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	n = read(fd, who, size - 1);
	close(fd);
	if (n >= 0)
		who[n] = '\0';
	return n < 0 ? -1 : 0;
}

static int take(int number)
{
	size_t len = strlen(owner);
	char name[8];
	ssize_t n;
	int fd;

	file_name(name, number);
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0)
		return -1;
	n = write(fd, owner, len);
	close(fd);
	if (n == (ssize_t)len)
		return 0;
	unlink(name);
	return -1;
}

/* Of this network, and the list of the living does not name it? */
static bool is_dead(const char *who)
{
	size_t len = strlen(network);
	char word[400];

	if (strncmp(who, network, len) || who[len] != ' ')
		return false;
	who += len + 1;
	snprintf(word, sizeof(word), "\"%.*s\"", (int)strcspn(who, " "), who);
	return !strstr(conf, word);
}

static int give_back(bool all_dead)
{
	char who[400], name[8];

	for (int i = FIRST; i <= LAST; i++) {
		if (read_owner(i, who, sizeof(who)))
			return fail("read");
		if (!who[0] ||
		    (all_dead ? !is_dead(who) : !!strcmp(who, owner)))
			continue;
		file_name(name, i);
		if (unlink(name))
			return fail("unlink");
	}
	return 0;
}

/* ---- what it says ------------------------------------------------------ */

static int print_result(int number)
{
	printf("{\"cniVersion\": \"1.1.0\", \"ips\": ["
	       "{\"address\": \"10.1.0.%d/24\"}, "
	       "{\"address\": \"fd00:1::%d/64\"}]}\n",
	       number, number);
	return fflush(stdout) ? 1 : 0;
}

static int flood(int number)
{
	for (int i = 0; i < 200000; i++)
		puts("{\"cniVersion\": ");
	return print_result(number);
}

/* What it does instead of saying which address it has taken. */
static int misbehave(const char *mode, int number)
{
	if (!strcmp(mode, "fails"))
		return errno = EIO, fail("it fails");
	if (!strcmp(mode, "fails without a word"))
		return 3;
	if (!strcmp(mode, "dies"))
		return raise(SIGKILL);
	if (!strcmp(mode, "hangs") || !strcmp(mode, "hangs on")) {
		if (!strcmp(mode, "hangs on"))
			signal(SIGTERM, SIG_IGN);
		if (!symlink("x", "hangs"))
			pause();
		return 1;
	}
	if (!strcmp(mode, "prints rubbish"))
		return puts("]{ no JSON") < 0;
	if (!strcmp(mode, "says nothing"))
		return 0;
	if (!strcmp(mode, "says half of it"))
		return printf("{\"cniVersion\": \"1.1.0\", \"ips\": [{\"add") <
		       0;
	if (!strcmp(mode, "gives no address"))
		return puts("{\"cniVersion\": \"1.1.0\", \"ips\": []}") < 0;
	if (!strcmp(mode, "gives no address that is one"))
		return puts("{\"cniVersion\": \"1.1.0\", \"ips\": "
			    "[{\"address\": \"10.1.0.300/24\"}]}") < 0;
	if (!strcmp(mode, "never stops talking"))
		return flood(number);
	return print_result(number);
}

/* ------------------------------------------------------------------------ */

static int add(const char *mode)
{
	for (int i = FIRST; i <= LAST; i++) {
		if (!take(i))
			return misbehave(mode, i);
		if (errno != EEXIST)
			return fail("take");
	}
	return fail("none is left");
}

static int check(void)
{
	char who[400];

	for (int i = FIRST; i <= LAST; i++) {
		if (read_owner(i, who, sizeof(who)))
			return fail("read");
		if (!strcmp(who, owner))
			return 0;
	}
	errno = ENOENT;
	return fail("it has no address");
}

int main(void)
{
	const char *command = env("CNI_COMMAND"), *mode = env("FAULTS_IPAM");

	/* "DEL dies": of that command alone. */
	if (!strncmp(mode, "DEL ", 4))
		mode = strcmp(command, "DEL") ? "" : mode + 4;
	else if (strcmp(command, "ADD"))
		mode = "";
	if (!strcmp(command, "VERSION"))
		return puts("{\"cniVersion\": \"1.1.0\", \"supportedVersions\": "
			    "[\"1.0.0\", \"1.1.0\"]}") < 0;
	if (read_conf())
		return fail("configuration");
	if (!strcmp(command, "ADD"))
		return add(mode);
	if (mode[0])
		return misbehave(mode, 0);
	if (!strcmp(command, "CHECK"))
		return check();
	if (!strcmp(command, "DEL") || !strcmp(command, "GC"))
		return give_back(!strcmp(command, "GC"));
	return 0;
}
