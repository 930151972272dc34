/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a daemon takes until it is ready, for test/bench/run.
 *
 *	startbench PORT PATH PROGRAM [ARGUMENT...]
 *
 * Starts the program, asks http://127.0.0.1:PORT/PATH until the answer is 200,
 * prints the milliseconds that this took, ends the program and waits for it.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 20000
#define PAUSE_US    300

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static bool is_ready(int port, const char *path)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char text[256];
	bool ready = false;
	ssize_t n;

	if (fd < 0)
		err(1, "socket");
	n = snprintf(text, sizeof(text),
		     "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n", path);
	if (!connect(fd, (struct sockaddr *)&a, sizeof(a)) &&
	    write(fd, text, n) == n) {
		n = read(fd, text, sizeof(text) - 1);
		text[n > 0 ? n : 0] = '\0';
		ready = strstr(text, " 200 ") != NULL;
	}
	close(fd);
	return ready;
}

static pid_t start(char **argv)
{
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execv(argv[0], argv);
		err(127, "%s", argv[0]);
	}
	return pid;
}

int main(int argc, char **argv)
{
	double begin, end;
	bool ready = false;
	int status;
	pid_t pid;

	if (argc < 4)
		errx(2, "usage: startbench PORT PATH PROGRAM [ARGUMENT...]");
	begin = end = now_ms();
	pid = start(argv + 3);
	while (!ready && end < begin + PATIENCE_MS) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			errx(1, "%s ended before it was ready", argv[3]);
		ready = is_ready(atoi(argv[1]), argv[2]);
		end = now_ms();
		if (!ready)
			usleep(PAUSE_US);
	}
	kill(pid, SIGTERM);
	waitpid(pid, &status, 0);
	if (!ready)
		errx(1, "%s was not ready after %d s", argv[3],
		     PATIENCE_MS / 1000);
	printf("%.2f\n", end - begin);
	return 0;
}
