/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_SCRATCH_H
#define NISVD_TESTS_SCRATCH_H

/* What the tests of the edges share: a folder that goes away, files in it, and what was logged. */

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/unit.h"

struct scratch {
	char dir[64];
	char log[65536];
	int saved_stderr;
};

static int scratch_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static inline void scratch_open(struct scratch *scratch)
{
	*scratch = (struct scratch){.dir = "/tmp/nisvd-test-XXXXXX"};
	assert_non_null(mkdtemp(scratch->dir));
}

static inline void scratch_close(struct scratch *scratch)
{
	assert_int_equal(nftw(scratch->dir, scratch_remove, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* The path of @name in the folder, in one of 64 static buffers. */
static inline const char *scratch_path(const struct scratch *scratch, const char *name)
{
	static char paths[64][512];
	static size_t turn;
	char *path = paths[turn++ % ARRAY_SIZE(paths)];

	snprintf(path, sizeof(paths[0]), "%s/%s", scratch->dir, name);
	return path;
}

/* Makes a file (in a subfolder, if @name has one); its path is returned. */
static inline const char *scratch_write(const struct scratch *scratch, const char *name,
					const void *data, size_t len)
{
	const char *path = scratch_path(scratch, name), *slash = strrchr(name, '/');
	char folder[256];
	FILE *file;

	if (slash) {
		snprintf(folder, sizeof(folder), "%.*s", (int)(slash - name), name);
		mkdir(scratch_path(scratch, folder), 0755);
	}
	file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
	return path;
}

static inline const char *scratch_text(const struct scratch *scratch, const char *name,
				       const char *text)
{
	return scratch_write(scratch, name, text, strlen(text));
}

/* From here on standard error goes to a file, until scratch_logged() returns what came. */
static inline void scratch_listen(struct scratch *scratch)
{
	int fd = open(scratch_path(scratch, "log"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	scratch->saved_stderr = dup(STDERR_FILENO);
	assert_true(scratch->saved_stderr >= 0);
	assert_true(dup2(fd, STDERR_FILENO) >= 0);
	close(fd);
}

static inline const char *scratch_logged(struct scratch *scratch)
{
	ssize_t n = pread(STDERR_FILENO, scratch->log, sizeof(scratch->log) - 1, 0);

	assert_true(dup2(scratch->saved_stderr, STDERR_FILENO) >= 0);
	close(scratch->saved_stderr);
	assert_true(n >= 0);
	scratch->log[n] = '\0';
	return scratch->log;
}

#endif
