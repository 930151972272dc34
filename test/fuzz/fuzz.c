/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../lib/cleanup.h"
#include "../../lib/json.h"
#include "../../lib/log.h"
#include "../../lib/state.h"

void fuzz_fail(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

char *fuzz_text(const void *data, size_t size)
{
	char *text = malloc(size + 1);

	fuzz_check(text);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

/* ---- parts ----------------------------------------------------------- */

static const char mark[] = "@@ ";

/* Where the next line that begins with the mark is, `end` if there is none. */
static const char *next_mark(const char *at, const char *end)
{
	const char *line = at;

	while (line && line + sizeof(mark) - 1 <= end) {
		if (!memcmp(line, mark, sizeof(mark) - 1))
			return line;
		line = memchr(line, '\n', end - line);
		if (line)
			line++;
	}
	return end;
}

static void part_add(struct fuzz_input *out, const char *title,
		     size_t title_len, const char *text, size_t len)
{
	out->parts[out->n++] = (struct fuzz_part){
		.title = fuzz_text(title, title_len),
		.text = fuzz_text(text, len),
		.len = len,
	};
}

void fuzz_split(const void *data, size_t size, struct fuzz_input *out)
{
	const char *at = data, *end = at + size, *text, *next;

	out->n = 0;
	next = size ? next_mark(at, end) : end;
	if (next != at)
		part_add(out, "", 0, at, next - at);
	while (next < end) {
		at = next + sizeof(mark) - 1;
		text = memchr(at, '\n', end - at);
		text = text ? text : end;
		next = out->n + 1 < FUZZ_PARTS_MAX ? next_mark(text, end) : end;
		if (text == end)
			part_add(out, at, text - at, "", 0);
		else
			part_add(out, at, text - at, text + 1, next - text - 1);
	}
}

void fuzz_input_free(struct fuzz_input *in)
{
	for (size_t i = 0; i < in->n; i++) {
		free(in->parts[i].title);
		free(in->parts[i].text);
	}
	in->n = 0;
}

/* ---- files ----------------------------------------------------------- */

static char dir[256];
static pid_t owner;

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *where)
{
	(void)st;
	(void)type;
	if (where->level > 0)
		remove(path);
	return 0;
}

void fuzz_forget(void)
{
	if (*dir)
		nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void remove_all(void)
{
	if (owner != getpid())
		return;
	fuzz_forget();
	rmdir(dir);
}

const char *fuzz_dir(void)
{
	const char *tmp = getenv("TMPDIR");

	if (*dir)
		return dir;
	snprintf(dir, sizeof(dir), "%.200s/fairlead-fuzz-XXXXXX",
		 tmp && *tmp ? tmp : "/tmp");
	fuzz_check(mkdtemp(dir));
	owner = getpid();
	atexit(remove_all);
	return dir;
}

bool fuzz_path_is_inside(const char *path)
{
	const char *part = path;
	size_t len = strlen(path);

	if (!len || len > 400 || *path == '/')
		return false;
	for (;;) {
		len = strcspn(part, "/");
		if (!len || !strncmp(part, ".", len) ||
		    !strncmp(part, "..", len))
			return false;
		if (!part[len])
			return true;
		part += len + 1;
	}
}

bool fuzz_write(const char *path, const void *data, size_t size)
{
	__cleanup(fd_close) int fd = -1;
	char full[1024], *slash;

	if (!fuzz_path_is_inside(path))
		return false;
	snprintf(full, sizeof(full), "%s/%s", fuzz_dir(), path);
	slash = strrchr(full, '/');
	*slash = '\0';
	if (dir_make(full, NULL))
		return false;
	*slash = '/';
	fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	return fd >= 0 && write(fd, data, size) == (ssize_t)size;
}

/* ---- the rest -------------------------------------------------------- */

static uint64_t state;

void fuzz_seed(const void *data, size_t size)
{
	const uint8_t *byte = data;

	state = 0xcbf29ce484222325;
	for (size_t i = 0; i < size; i++)
		state = (state ^ byte[i]) * 0x100000001b3;
}

uint32_t fuzz_random(void)
{
	state = state * 6364136223846793005 + 1442695040888963407;
	return state >> 33;
}

void fuzz_quiet(void)
{
	static int fd = -1;

	if (fd >= 0)
		return;
	fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	log_set_fd(fd);
}

void fuzz_check_json(const cJSON *tree)
{
	__cleanup(mem_free) char *text = cJSON_PrintUnformatted(tree);
	__cleanup(mem_free) char *text_again = NULL;
	__cleanup(json_free) cJSON *again = NULL;
	struct err e;

	fuzz_check(text);
	fuzz_check(!json_parse("again", text, strlen(text), &again, &e));
	/* Not by cJSON_Compare(): a tree with a key twice is not its own like.
	 */
	text_again = cJSON_PrintUnformatted(again);
	fuzz_check(text_again && !strcmp(text, text_again));
}
