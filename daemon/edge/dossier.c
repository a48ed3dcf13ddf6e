/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/dossier.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/edge/event_json.h"
#include "daemon/edge/json_make.h"
#include "daemon/edge/model_json.h"
#include "daemon/edge/wallclock.h"

/*
 * What root puts into a folder that is another one's shall be that one's, too: the service, which
 * runs as nisvd, has to read what a nisvd that root ran by hand wrote there, and to drop it when it
 * is old.
 */
static int give_to_owner(int fd, const char *folder)
{
	struct stat st;

	if (geteuid() != 0)
		return 0;
	if (stat(folder, &st) < 0)
		return -errno;
	return st.st_uid && fchown(fd, st.st_uid, st.st_gid) < 0 ? -errno : 0;
}

static int make_folder(const char *dir)
{
	char parent[4096];
	int fd, r;

	if (mkdir(dir, 0750) < 0)
		return errno == EEXIST ? 0 : -errno;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	snprintf(parent, sizeof(parent), "%s/..", dir);
	r = give_to_owner(fd, parent);
	close(fd);
	return r;
}

int dossier_prepare(const char *state_dir, const char *dir)
{
	int r;

	if (mkdir(state_dir, 0755) < 0 && errno != EEXIST)
		return -errno;
	r = make_folder(dir);
	if (r < 0)
		return r;
	return access(dir, W_OK | X_OK) < 0 ? -errno : 0;
}

struct json_object *dossier_header(const struct host *host, bool redacted)
{
	struct json_object *header = json_make_object();

	json_add(header, "nisv_dossier", json_make_int(DOSSIER_SCHEMA));
	json_add(header, "version", json_make_string(NISV_VERSION));
	json_add(header, "kernel", json_make_string(host->kernel));
	json_add(header, "kernel_build", json_make_string(host->kernel_build));
	json_add(header, "page_bytes", model_number(host->page_bytes));
	json_add(header, "arch", json_make_string(host->arch));
	json_add(header, "injection_seen", json_make_bool(host->injection_seen));
	json_add(header, "clock", json_make_string(wallclock_is_trace() ? "trace" : "utc"));
	json_add(header, "written",
		 model_time(host->saved_ns ? host->saved_ns : wallclock_now_ns()));
	json_add(header, "redacted", json_make_bool(redacted));
	return header;
}

const char *dossier_path(const char *dir, const struct vm *vm, char *buf, size_t size)
{
	snprintf(buf, size, "%s/%s.jsonl", dir, vm->key);
	return buf;
}

struct sink {
	FILE *file;
	size_t bytes;
};

static int put_line(struct json_object *object, void *userdata)
{
	struct sink *sink = userdata;
	size_t len = 0;
	const char *text = json_text(object, JSON_C_TO_STRING_PLAIN, &len);
	int r = 0;

	if (!text)
		r = -ENOMEM;
	else if (sink->bytes + len + 1 > DOSSIER_BYTES_MAX)
		r = -EFBIG;
	else if (fwrite(text, 1, len, sink->file) != len || fputc('\n', sink->file) == EOF)
		r = errno ? -errno : -EIO;
	sink->bytes += len + 1;
	json_object_put(object);
	return r;
}

static int write_lines(FILE *file, const struct vm *vm, const struct host *host)
{
	struct sink sink = {.file = file};
	int r;

	errno = 0;
	r = put_line(dossier_header(host, false), &sink);
	if (r >= 0)
		r = event_everything(vm, host->arch, put_line, &sink);
	if (r == -EFBIG && fputs("{\"event\":\"cut\"}\n", file) != EOF)
		r = 0;
	if (r >= 0 && (fflush(file) == EOF || fsync(fileno(file)) < 0))
		r = -errno;
	return r;
}

int dossier_write(const char *dir, const struct vm *vm, const struct host *host)
{
	char path[4096], temporary[4096 + 16];
	FILE *file;
	int fd, r;

	r = make_folder(dir);
	if (r < 0)
		return r;
	dossier_path(dir, vm, path, sizeof(path));
	snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* Guest registers and memory are in it: for the group that may ask nisvd, not for
	 * everybody. */
	r = fchmod(fd, 0640) < 0 ? -errno : give_to_owner(fd, dir);
	file = fdopen(fd, "w");
	if (!file) {
		r = -errno;
		close(fd);
	} else {
		if (r >= 0)
			r = write_lines(file, vm, host);
		if (fclose(file) == EOF && r >= 0)
			r = -errno;
	}
	if (r >= 0 && rename(temporary, path) < 0)
		r = -errno;
	if (r < 0)
		unlink(temporary);
	return r;
}
