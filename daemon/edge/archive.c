/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/archive.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/edge/dossier.h"
#include "daemon/edge/log.h"
#include "daemon/edge/manager.h"
#include "daemon/edge/replay.h"
#include "daemon/edge/wallclock.h"

/* KEY.jsonl, and while it is written KEY.jsonl.XXXXXX */
#define SUFFIX	      ".jsonl"
#define NAME_LEN      (VM_KEY_LEN + sizeof(SUFFIX) - 1)
#define TEMPORARY_LEN (NAME_LEN + 7)

struct saved {
	char key[VM_KEY_LEN + 1];
	uint64_t written_ns; /* since 1970 */
	uint64_t bytes;
};

struct folder {
	const char *path;
	DIR *dir;
	struct saved *list; /* owned, the newest first */
	size_t n;
};

static bool begins_as_dossier(const char *name)
{
	return strspn(name, "0123456789abcdef") == VM_KEY_LEN &&
	       !strncmp(name + VM_KEY_LEN, SUFFIX, sizeof(SUFFIX) - 1);
}

static void folder_close(struct folder *folder)
{
	free(folder->list);
	if (folder->dir)
		closedir(folder->dir);
}

static int newest_first(const void *a, const void *b)
{
	const struct saved *x = a, *y = b;

	if (x->written_ns != y->written_ns)
		return x->written_ns > y->written_ns ? -1 : 1;
	return strcmp(x->key, y->key);
}

/* What is no regular file is none of ours. */
static int add(struct folder *folder, size_t *room, const char *name)
{
	struct saved *list;
	struct stat st;

	if (fstatat(dirfd(folder->dir), name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return 0;
	if (folder->n == *room) {
		*room = *room ? 2 * *room : 64;
		list = reallocarray(folder->list, *room, sizeof(*list));
		if (!list)
			return -ENOMEM;
		folder->list = list;
	}
	folder->list[folder->n] = (struct saved){
		.written_ns =
			(uint64_t)st.st_mtim.tv_sec * 1000000000 + (uint64_t)st.st_mtim.tv_nsec,
		.bytes = (uint64_t)st.st_size,
	};
	memcpy(folder->list[folder->n++].key, name, VM_KEY_LEN);
	return 0;
}

static int folder_open(const char *path, struct folder *ret)
{
	struct folder folder = {.path = path, .dir = opendir(path)};
	const struct dirent *entry;
	size_t room = 0;
	int r = 0;

	if (!folder.dir)
		return -errno;
	while (r >= 0 && (entry = readdir(folder.dir)))
		if (strlen(entry->d_name) == NAME_LEN && begins_as_dossier(entry->d_name))
			r = add(&folder, &room, entry->d_name);
	if (r < 0) {
		folder_close(&folder);
		return r;
	}
	if (folder.n)
		qsort(folder.list, folder.n, sizeof(*folder.list), newest_first);
	*ret = folder;
	return 0;
}

/* One daemon writes here, and it has only begun. */
static void remove_temporary(const struct folder *folder)
{
	const struct dirent *entry;
	size_t n = 0;

	rewinddir(folder->dir);
	while ((entry = readdir(folder->dir)))
		if (strlen(entry->d_name) == TEMPORARY_LEN && begins_as_dossier(entry->d_name) &&
		    entry->d_name[NAME_LEN] == '.' &&
		    !unlinkat(dirfd(folder->dir), entry->d_name, 0))
			n++;
	if (n)
		log_notice("Removed %zu half-written dossiers of a nisvd that was killed from %s",
			   n, folder->path);
}

/* It was a regular file a moment ago; a pipe now would not let us go on. */
static int open_regular(const struct folder *folder, const char *name)
{
	return openat(dirfd(folder->dir), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

/* False: nothing came of it, which is logged. */
static bool load(struct manager *manager, const struct folder *folder, const struct saved *saved)
{
	char path[4096 + NAME_LEN], name[NAME_LEN + 1];
	FILE *file = NULL;
	int fd;

	snprintf(name, sizeof(name), "%s" SUFFIX, saved->key);
	snprintf(path, sizeof(path), "%.4000s/%s", folder->path, name);
	if (saved->bytes > DOSSIER_BYTES_MAX + 64) {
		log_error("%s is left out: nisvd writes none that is larger than %u bytes", path,
			  DOSSIER_BYTES_MAX);
		return false;
	}
	fd = open_regular(folder, name);
	if (fd >= 0)
		file = fdopen(fd, "r");
	if (!file) {
		log_error_errno(errno, "Cannot open %s", path);
		if (fd >= 0)
			close(fd);
		return false;
	}
	return replay_load(manager, file, path, saved->key) >= 0;
}

/* ---- the limit ---- */

/* The one at @i of the list, from the list, too; @keep may be NULL. */
static bool remove_one(struct manager *manager, struct folder *folder, size_t i,
		       const struct vm *keep)
{
	struct saved *saved = &folder->list[i];
	struct vm *vm = vms_by_key(&manager->vms, saved->key);
	char name[NAME_LEN + 1];

	if (vm && (vm == keep || !vm->end))
		return false;
	snprintf(name, sizeof(name), "%s" SUFFIX, saved->key);
	if (unlinkat(dirfd(folder->dir), name, 0) < 0) {
		log_error_errno(errno, "Cannot remove %s/%s", folder->path, name);
		return false;
	}
	if (vm)
		vm->dossier_saved = false;
	folder->n--;
	memmove(saved, saved + 1, (folder->n - i) * sizeof(*saved));
	return true;
}

/* @keep may be NULL. */
static void trim(struct manager *manager, struct folder *folder, const struct vm *keep)
{
	uint64_t max = manager->config.dossier_bytes, bytes = 0;
	struct archive *archive = &manager->archive;
	size_t n = 0;

	for (size_t i = 0; i < folder->n; i++)
		bytes += folder->list[i].bytes;
	for (size_t i = bytes > max ? folder->n : 0; i > 0 && bytes > max - max / 8; i--) {
		uint64_t gain = folder->list[i - 1].bytes;

		if (!remove_one(manager, folder, i - 1, keep))
			continue;
		bytes -= gain;
		n++;
	}
	archive->removed += n;
	archive->bytes = bytes;
	if (n)
		log_notice("Removed the oldest %zu dossiers in %s: all were larger than MaxBytes=, "
			   "see nisvd.conf(5)",
			   n, folder->path);
	if (bytes > max && !archive->is_full)
		log_warning("The dossiers in %s are larger than MaxBytes=, but none may be "
			    "removed: their VMs run",
			    folder->path);
	archive->is_full = bytes > max;
}

/*
 * The present by the clock that files have their times from; or, where that is earlier, as it would
 * be had nobody set that clock since the start: by a mistake no dossier is to be lost.
 */
static uint64_t earliest_now_ns(void)
{
	uint64_t unset_ns = wallclock_now_ns(), now_ns = 0;
	struct timespec now;

	if (!clock_gettime(CLOCK_REALTIME, &now))
		now_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	return now_ns < unset_ns ? now_ns : unset_ns;
}

/* The oldest ones are the last of the list. */
static void trim_age(struct manager *manager, struct folder *folder)
{
	uint64_t age_ns = manager->config.dossier_age_s * 1000000000;
	uint64_t now_ns = age_ns ? earliest_now_ns() : 0;
	size_t n = 0;

	for (size_t i = folder->n; i > 0 && folder->list[i - 1].written_ns + age_ns < now_ns; i--)
		n += remove_one(manager, folder, i - 1, NULL);
	if (n)
		log_info("Removed %zu dossiers in %s that were older than MaxAge=", n,
			 folder->path);
}

void archive_age(struct manager *manager, const char *dir)
{
	struct folder folder = {};

	if (!manager->config.dossier_age_s || folder_open(dir, &folder) < 0)
		return;
	trim_age(manager, &folder);
	folder_close(&folder);
}

void archive_written(struct manager *manager, const char *dir, const struct vm *vm)
{
	char path[4096 + NAME_LEN];
	struct folder folder = {};
	struct stat st;

	/* The one that it takes the place of is still in the sum: looking sets it right. */
	if (stat(dossier_path(dir, vm, path, sizeof(path)), &st) < 0)
		return;
	manager->archive.bytes += (uint64_t)st.st_size;
	if (manager->archive.bytes <= manager->config.dossier_bytes ||
	    folder_open(dir, &folder) < 0)
		return;
	trim(manager, &folder, vm);
	folder_close(&folder);
}

/* ---- loading ---- */

/* Those that end from now on find room without one of these having to go at once. */
#define ENDED_ENOUGH (VMS_ENDED_BYTES_MAX - VMS_ENDED_BYTES_MAX / 8)

static size_t load_newest(struct manager *manager, const struct folder *folder)
{
	uint64_t begun_ns = wallclock_now_ns(), bytes = 0;
	size_t n = 0, i;

	for (i = 0; i < folder->n && n < VMS_ENDED_MAX; i++) {
		const struct saved *saved = &folder->list[i];

		bytes += saved->bytes;
		if (bytes > ARCHIVE_LOAD_BYTES_MAX ||
		    vms_ended_bytes(&manager->vms) > ENDED_ENOUGH ||
		    wallclock_now_ns() - begun_ns > ARCHIVE_LOAD_NS_MAX)
			break;
		/* One that was written since the start. */
		if (vms_by_key(&manager->vms, saved->key))
			continue;
		if (load(manager, folder, saved))
			n++;
		else
			manager->archive.left_out++;
	}
	manager->archive.left_out += folder->n - i;
	return n;
}

void archive_load(struct manager *manager, const char *dir)
{
	struct folder folder = {};
	size_t n;
	int r = folder_open(dir, &folder);

	if (r == -ENOENT)
		return;
	if (r < 0 || !folder.dir) {
		log_error_errno(r, "Cannot look for the dossiers of earlier VMs in %s", dir);
		return;
	}
	remove_temporary(&folder);
	trim_age(manager, &folder);
	trim(manager, &folder, NULL);
	n = load_newest(manager, &folder);
	vms_sort(&manager->vms);
	if (folder.n)
		log_info("Loaded the newest %zu of %zu dossiers in %s; %" PRIu64 " are left out", n,
			 folder.n, dir, manager->archive.left_out);
	folder_close(&folder);
}
