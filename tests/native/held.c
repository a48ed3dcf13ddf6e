/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/native/held.h"

#include <setjmp.h>
#include <stdarg.h>

#include <bpf/bpf.h>
#include <cmocka.h>
#include <dirent.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Which kind of descriptor it is: Documentation/filesystems/proc.rst, and the BPF files' own. */
static void count_fd(struct held *held, const char *name)
{
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%.20s", name);
	file = fopen(path, "re");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		held->programs += !strncmp(line, "prog_tag:", 9);
		held->maps += !strncmp(line, "map_type:", 9);
		held->links += !strncmp(line, "link_type:", 10);
		held->iterators += !strncmp(line, "link_type:\titer", 15);
	}
	fclose(file);
}

static void count_fds(struct held *held)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (*entry->d_name == '.')
			continue;
		held->fds++;
		count_fd(held, entry->d_name);
	}
	closedir(dir);
	held->fds--; /* the folder's own */
}

static size_t anonymous(void)
{
	unsigned long kib = 0;
	char line[256];
	FILE *file = fopen("/proc/self/status", "re");

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "RssAnon: %lu kB", &kib) == 1)
			break;
	fclose(file);
	assert_true(kib > 0);
	return kib << 10;
}

void held_read(struct held *ret)
{
	*ret = (struct held){};
	count_fds(ret);
	ret->heap = mallinfo2().uordblks;
	ret->anonymous = anonymous();
}

unsigned held_programs_named(const char *name)
{
	unsigned n = 0;
	uint32_t id = 0;

	while (!bpf_prog_get_next_id(id, &id)) {
		struct bpf_prog_info info = {};
		uint32_t size = sizeof(info);
		int fd = bpf_prog_get_fd_by_id(id);

		if (fd < 0)
			continue;
		n += !bpf_obj_get_info_by_fd(fd, &info, &size) &&
		     !strncmp(info.name, name, sizeof(info.name) - 1);
		close(fd);
	}
	return n;
}
