/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "../lib/state.h"
#include "memory.h"

enum { FILE_MAX = 64 << 20, PATH_ROOM = 1024 };

static void dir_close(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static bool is_manifest(const char *name)
{
	const char *dot = strrchr(name, '.');

	return name[0] != '.' && dot &&
	       (!strcmp(dot, ".yaml") || !strcmp(dot, ".yml") ||
		!strcmp(dot, ".json"));
}

static bool is_same_version(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       a->st_size == b->st_size &&
	       !memcmp(&a->st_mtim, &b->st_mtim, sizeof(a->st_mtim)) &&
	       !memcmp(&a->st_ctim, &b->st_ctim, sizeof(a->st_ctim));
}

/* ---- files ---------------------------------------------------------- */

static void file_free(struct cluster_file *f)
{
	free(f->name);
	free(f->error);
	manifest_free(&f->manifest);
}

static struct cluster_file *file_find(struct cluster_dir *d, const char *name)
{
	for (size_t i = 0; i < d->n; i++)
		if (!strcmp(d->files[i].name, name))
			return &d->files[i];
	return NULL;
}

static struct cluster_file *file_add(struct cluster_dir *d, const char *name)
{
	struct cluster_file *f;

	d->files = list_room(d->files, d->room, d->n);
	f = &d->files[d->n++];
	memset(f, 0, sizeof(*f));
	f->name = memory_copy(name);
	return f;
}

static void file_fail(struct cluster_file *f, const char *fmt, ...)
{
	va_list ap;

	free(f->error);
	va_start(ap, fmt);
	f->error = memory_format(fmt, ap);
	va_end(ap);
	memset(&f->seen, 0, sizeof(f->seen));
}

static int read_manifest(const char *path, const char *name,
			 struct manifest *out, struct err *e)
{
	__cleanup(mem_free) char *text = NULL;
	size_t len = 0;
	int rc = file_read(path, FILE_MAX, &text, &len, e);

	if (rc)
		return rc;
	/* Half of an editor's or a full disk's work, not a wish. */
	if (!len)
		return err_set(e, EINVAL,
			       "%s: empty (remove the file to remove what it "
			       "said)",
			       name);
	return manifest_parse(name, text, len, out, e);
}

static void file_update(struct cluster_dir *d, struct cluster_file *f,
			const struct stat *now, bool *changed)
{
	struct manifest manifest = {0};
	char path[PATH_ROOM];
	struct err e = {0};
	int rc;

	f->seen = *now;
	free(f->error);
	f->error = NULL;
	snprintf(path, sizeof(path), "%s/%s", d->path, f->name);
	rc = read_manifest(path, f->name, &manifest, &e);
	if (file_is_out_of_reach(rc)) {
		file_fail(f, "%s", e.msg);
		d->again = true;
		return;
	}
	if (rc) {
		f->error = memory_copy(e.msg);
		return;
	}
	manifest_free(&f->manifest);
	f->manifest = manifest;
	f->good = true;
	*changed = true;
}

/* ---- the model ------------------------------------------------------ */

static const char *file_of(const struct cluster_dir *d, const struct object *o)
{
	for (size_t i = 0; i < d->n; i++)
		for (size_t j = 0; j < d->files[i].manifest.objects.n; j++)
			if (d->files[i].manifest.objects.items[j] == o)
				return d->files[i].name;
	return "?";
}

static void add_reports(struct cluster_dir *d, const struct object *o)
{
	const struct problems *reports = object_problems(o);
	bool denies = o->kind == OBJECT_POLICY;

	for (size_t i = 0; reports && i < reports->n; i++)
		problems_add(&d->problems, "%s%s", reports->items[i],
			     denies ? " (what it selects is denied until then)"
				    : "");
}

static void add_object(struct cluster_dir *d, const struct cluster_file *f,
		       struct object *o)
{
	struct object *other;

	if (model_add(&d->model, o, &other) != -EEXIST) {
		add_reports(d, o);
		return;
	}
	problems_add(&d->problems,
		     "%s:%d: %s %s%s%s is ignored: it is also in %s:%d",
		     f->name, o->line, object_kind_name(o->kind), o->namespace,
		     *o->namespace ? "/" : "", o->name, file_of(d, other),
		     other->line);
}

static void add_skipped(struct cluster_dir *d, const struct cluster_file *f)
{
	for (int i = 0; i < f->manifest.n_skipped; i++) {
		const struct manifest_skipped *s = &f->manifest.skipped[i];

		problems_add(&d->problems, "%s:%d: %s %s (%u of them)", f->name,
			     s->line, s->what,
			     s->later ? "is NOT ENFORCED YET"
				      : "is not a kind that Fairlead knows",
			     s->n);
	}
}

/* Returns whether the problems are others than before. */
static bool rebuild(struct cluster_dir *d)
{
	struct problems before = d->problems;
	bool changed;

	memset(&d->problems, 0, sizeof(d->problems));
	model_clear(&d->model);
	for (size_t i = 0; i < d->n; i++) {
		const struct cluster_file *f = &d->files[i];

		for (size_t j = 0; j < f->manifest.objects.n; j++)
			add_object(d, f, f->manifest.objects.items[j]);
		add_skipped(d, f);
		if (f->error)
			problems_add(&d->problems, "%s%s", f->error,
				     f->good ? " (what it said before stays)"
					     : "");
	}
	changed = !problems_equal(&before, &d->problems);
	problems_free(&before);
	return changed;
}

/* ---- scanning ------------------------------------------------------- */

static int compare_names(const void *a, const void *b)
{
	const struct cluster_file *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void scan_file(struct cluster_dir *d, int dirfd, const char *name,
		      bool *changed)
{
	struct cluster_file *f;
	struct stat now;
	int rc;

	if (!is_manifest(name))
		return;
	rc = fstatat(dirfd, name, &now, 0) ? -errno : 0;
	f = file_find(d, name);
	if (!f)
		f = file_add(d, name);
	f->present = true;
	d->again |= file_is_out_of_reach(rc);
	if (rc)
		file_fail(f, "%s: %s", name, strerror(-rc));
	else if (!S_ISREG(now.st_mode))
		file_fail(f, "%s: not a regular file", name);
	else if (!is_same_version(&f->seen, &now))
		file_update(d, f, &now, changed);
}

/* A listing may pass over a name that is renamed onto while it is read: what is
 * missing from it is asked for by name before it is believed to be gone. */
static bool is_gone(const struct cluster_dir *d, int dirfd, size_t i)
{
	return !d->files[i].present &&
	       faccessat(dirfd, d->files[i].name, F_OK, AT_SYMLINK_NOFOLLOW) &&
	       errno == ENOENT;
}

static void drop_missing(struct cluster_dir *d, int dirfd, bool *changed)
{
	size_t kept = 0;

	for (size_t i = 0; i < d->n; i++) {
		if (!is_gone(d, dirfd, i)) {
			d->files[kept++] = d->files[i];
			continue;
		}
		file_free(&d->files[i]);
		*changed = true;
	}
	d->n = kept;
}

int cluster_dir_scan(struct cluster_dir *d, bool *changed, struct err *e)
{
	__cleanup(dir_close) DIR *dir = opendir(d->path);
	struct dirent *entry;

	*changed = false;
	d->readable = false;
	d->again = false;
	if (!dir)
		return err_sys(e, errno, "cluster-dir %s", d->path);
	for (size_t i = 0; i < d->n; i++)
		d->files[i].present = false;
	while (errno = 0, (entry = readdir(dir)))
		scan_file(d, dirfd(dir), entry->d_name, changed);
	d->readable = !errno;
	if (!d->readable)
		err_sys(e, errno, "cluster-dir %s", d->path);
	else
		drop_missing(d, dirfd(dir), changed);
	if (d->n)
		qsort(d->files, d->n, sizeof(d->files[0]), compare_names);
	*changed |= rebuild(d);
	return d->readable ? 0 : -EIO;
}

bool cluster_dir_is_complete(const struct cluster_dir *d)
{
	if (!d->readable)
		return false;
	for (size_t i = 0; i < d->n; i++)
		if (!d->files[i].good)
			return false;
	return true;
}

unsigned int cluster_dir_later(const struct cluster_dir *d)
{
	unsigned int n = 0;

	for (size_t i = 0; i < d->n; i++) {
		const struct manifest *m = &d->files[i].manifest;

		for (int j = 0; j < m->n_skipped; j++)
			if (m->skipped[j].later)
				n += m->skipped[j].n;
	}
	return n;
}

void cluster_dir_free(struct cluster_dir *d)
{
	model_clear(&d->model);
	problems_free(&d->problems);
	for (size_t i = 0; i < d->n; i++)
		file_free(&d->files[i]);
	free(d->files);
	memset(d, 0, sizeof(*d));
}
