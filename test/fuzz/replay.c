/* SPDX-License-Identifier: Apache-2.0 */
/* main() of a target without libFuzzer: each file of its corpus and each of its
 * findings once, as tests. FUZZ_TARGET is its name. With arguments: these
 * files. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/cleanup.h"
#include "../../lib/state.h"
#include "fuzz.h"

enum { INPUT_MAX = 16 << 20 };

static char current[512];

/* Which input it was, before the program dies of it. */
static void on_death(int signal_number)
{
	static const char before[] = "\nnot ok 1 - ";

	(void)!write(STDOUT_FILENO, before, sizeof(before) - 1);
	(void)!write(STDOUT_FILENO, current, strlen(current));
	(void)!write(STDOUT_FILENO, "\n", 1);
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

static void run_file(const char *path)
{
	__cleanup(mem_free) char *text = NULL;
	struct err e;
	size_t len;

	snprintf(current, sizeof(current), "%s", path);
	if (file_read(path, INPUT_MAX, &text, &len, &e)) {
		printf("not ok 1 - %s\n", e.msg);
		exit(1);
	}
	/* The same input a second time meets what the first one left behind. */
	for (int i = 0; i < 2; i++) {
		char *copy = malloc(len ? len : 1);

		memcpy(copy, text, len);
		LLVMFuzzerTestOneInput((uint8_t *)copy, len);
		free(copy);
	}
}

static int is_input(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

/* Returns how many there are. `each`: a test for every file. */
static int run_dir(const char *kind, bool each, int n)
{
	char dir[256], path[512];
	struct dirent **names;
	int found;

	snprintf(dir, sizeof(dir), "test/fuzz/%s/%s", kind, FUZZ_TARGET);
	found = scandir(dir, &names, is_input, alphasort);
	for (int i = 0; i < found; i++) {
		snprintf(path, sizeof(path), "%s/%.200s", dir,
			 names[i]->d_name);
		run_file(path);
		if (each)
			printf("ok %d - %s: %s\n", n + i + 1, FUZZ_TARGET,
			       names[i]->d_name);
		free(names[i]);
	}
	if (found >= 0)
		free(names);
	return found > 0 ? found : 0;
}

int main(int argc, char **argv)
{
	const int deadly[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
	int found;

	for (size_t i = 0; i < sizeof(deadly) / sizeof(*deadly); i++)
		signal(deadly[i], on_death);
	if (argc > 1) {
		for (int i = 1; i < argc; i++)
			run_file(argv[i]);
		return 0;
	}
	found = run_dir("corpus", false, 0);
	if (!found) {
		printf("not ok 1 - %s has no corpus\n", FUZZ_TARGET);
		return 1;
	}
	printf("ok 1 - %s: %d inputs of its corpus\n", FUZZ_TARGET, found);
	printf("1..%d\n", 1 + run_dir("findings", true, 1));
	return 0;
}
