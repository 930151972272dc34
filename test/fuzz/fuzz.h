/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the targets share. A target is a file NAME_fuzz.c with one function that
 * takes any bytes: libFuzzer calls it with what it makes up, and replay.c with
 * the files of corpus/NAME and findings/NAME.
 *
 * An input is one text, or several below lines of their own:
 *
 *	@@ endpoints/c1-eth0.json
 *	{...}
 *	@@ node.json
 *	{...}
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cjson/cJSON.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold, whatever the input is. */
#define fuzz_check(condition)                                                  \
	do {                                                                   \
		if (!(condition))                                              \
			fuzz_fail(#condition, __FILE__, __LINE__);             \
	} while (0)
void fuzz_fail(const char *what, const char *file, int line)
	__attribute__((noreturn));

/* A copy that ends with a NUL, and where a sanitizer sees who reads behind it;
 * the caller frees it. */
char *fuzz_text(const void *data, size_t size);

/* One part of an input. */
struct fuzz_part {
	char *title; /* what is behind "@@ ", "" for what stands before any */
	char *text;
	size_t len;
};

enum { FUZZ_PARTS_MAX = 32 };

struct fuzz_input {
	struct fuzz_part parts[FUZZ_PARTS_MAX];
	size_t n;
};

/* What goes beyond so many parts belongs to the last one. */
void fuzz_split(const void *data, size_t size, struct fuzz_input *out);
void fuzz_input_free(struct fuzz_input *in);

/* A directory of this process, below TMPDIR; it goes away with the process. */
const char *fuzz_dir(void);
/* A file in it, and the directories that it needs; false: it cannot be there.
 * The path must not lead out of it. */
bool fuzz_write(const char *path, const void *data, size_t size);
/* Remove all that fuzz_write() made. */
void fuzz_forget(void);
bool fuzz_path_is_inside(const char *path);

/* Numbers that follow from the input alone. */
void fuzz_seed(const void *data, size_t size);
uint32_t fuzz_random(void);

/* Says nothing from here on: what is logged is not what is tested. */
void fuzz_quiet(void);

/* A tree as text, and that text read again, are the same. */
void fuzz_check_json(const cJSON *tree);
