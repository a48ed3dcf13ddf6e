/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scratch.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/edge/log.h"

int scratch_make(char path[static SCRATCH_PATH_MAX])
{
	snprintf(path, SCRATCH_PATH_MAX, "/tmp/nisvd-bench.XXXXXX");
	if (mkdtemp(path))
		return 0;
	path[0] = 0;
	return log_error_errno(errno, "Cannot make a directory in /tmp");
}

static int file_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void scratch_remove(const char *path)
{
	if (*path)
		nftw(path, file_remove, 8, FTW_DEPTH | FTW_PHYS);
}
