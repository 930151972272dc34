/* SPDX-License-Identifier: Apache-2.0 */
#include "tar.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include "alloc.h"

enum { BLOCK = 512 };

struct tar {
	char *path;
	gzFile gz;
	bool finished;
};

/* POSIX.1-1988: numbers are octal text. */
struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12];
	char checksum[8], type, linkname[100], magic[6], version[2];
	char uname[32], gname[32], devmajor[8], devminor[8], prefix[155];
	char pad[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a header is a block");

int tar_create(const char *path, struct tar **out, struct err *e)
{
	int fd =
		open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		     0600);
	struct tar *t;

	if (fd < 0)
		return err_sys(e, errno, "create %s", path);
	fchmod(fd, 0600);
	t = must_alloc(1, sizeof(*t));
	t->path = must_strdup(path);
	t->gz = gzdopen(fd, "w6");
	if (!t->gz) {
		close(fd);
		tar_free(&t);
		return err_set(e, ENOMEM, "out of memory");
	}
	*out = t;
	return 0;
}

static int put(struct tar *t, const void *data, size_t len, struct err *e)
{
	if (!len || gzwrite(t->gz, data, len) == (int)len)
		return 0;
	return err_sys(e, errno ? errno : EIO, "write %s", t->path);
}

/* A name of more than 100 bytes is split at a slash. False: no slash will do,
 * and nothing is set. */
static bool set_name(struct header *h, const char *name)
{
	size_t len = strlen(name);
	const char *cut = name;

	if (len <= sizeof(h->name)) {
		memcpy(h->name, name, len);
		return true;
	}
	while ((cut = strchr(cut, '/')) && strlen(cut + 1) > sizeof(h->name))
		cut++;
	if (!cut || (size_t)(cut - name) > sizeof(h->prefix))
		return false;
	memcpy(h->prefix, name, cut - name);
	memcpy(h->name, cut + 1, strlen(cut + 1));
	return true;
}

static void set_checksum(struct header *h)
{
	const unsigned char *p = (const void *)h;
	unsigned int sum = 0;

	memset(h->checksum, ' ', sizeof(h->checksum));
	for (size_t i = 0; i < sizeof(*h); i++)
		sum += p[i];
	snprintf(h->checksum, sizeof(h->checksum), "%06o", sum & 0777777);
}

static int put_file(struct tar *t, struct header *h, const void *data,
		    size_t len, struct err *e)
{
	static const char zeros[BLOCK];
	int rc;

	snprintf(h->size, sizeof(h->size), "%011zo", len);
	set_checksum(h);
	rc = put(t, h, sizeof(*h), e);
	if (!rc)
		rc = put(t, data, len, e);
	return rc ? rc : put(t, zeros, (BLOCK - len % BLOCK) % BLOCK, e);
}

/* As GNU tar has it: a file before the file, which holds its name. */
static int put_long_name(struct tar *t, const struct header *of,
			 const char *name, struct err *e)
{
	struct header h = *of;

	snprintf(h.name, sizeof(h.name), "././@LongLink");
	h.type = 'L';
	return put_file(t, &h, name, strlen(name) + 1, e);
}

int tar_add(struct tar *t, const char *name, const void *data, size_t len,
	    time_t mtime, struct err *e)
{
	struct header h = {0};
	int rc = 0;

	snprintf(h.mode, sizeof(h.mode), "%07o", 0600);
	snprintf(h.uid, sizeof(h.uid), "%07o", 0);
	snprintf(h.gid, sizeof(h.gid), "%07o", 0);
	snprintf(h.mtime, sizeof(h.mtime), "%011llo",
		 (unsigned long long)mtime);
	h.type = '0';
	memcpy(h.magic, "ustar", 6);
	memcpy(h.version, "00", 2);
	if (!set_name(&h, name)) {
		rc = put_long_name(t, &h, name, e);
		memcpy(h.name, name, sizeof(h.name));
	}
	return rc ? rc : put_file(t, &h, data, len, e);
}

int tar_finish(struct tar *t, struct err *e)
{
	static const char end[2 * BLOCK];
	int rc = put(t, end, sizeof(end), e);

	if (rc)
		return rc;
	rc = gzclose(t->gz);
	t->gz = NULL;
	if (rc != Z_OK)
		return err_sys(e, rc == Z_ERRNO && errno ? errno : EIO,
			       "write %s", t->path);
	t->finished = true;
	return 0;
}

void tar_free(struct tar **tp)
{
	struct tar *t = *tp;

	if (!t)
		return;
	if (t->gz)
		gzclose(t->gz);
	if (!t->finished)
		unlink(t->path);
	free(t->path);
	free(t);
	*tp = NULL;
}
