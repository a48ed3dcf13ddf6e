/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/core/vmname.h"

#define CGROUP_MAX 1024

static ssize_t read_proc(uint32_t pid, const char *name, char *buf, size_t size)
{
	char path[64];
	size_t len = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	while (len < size) {
		ssize_t n = read(fd, buf + len, size - len);

		if (n < 0) {
			int error = errno;

			close(fd);
			return -error;
		}
		if (!n)
			break;
		len += (size_t)n;
	}
	close(fd);
	return (ssize_t)len;
}

ssize_t procfs_cmdline(uint32_t pid, char *buf, size_t size)
{
	return read_proc(pid, "cmdline", buf, size);
}

int procfs_comm(uint32_t pid, char *buf, size_t size)
{
	ssize_t len = read_proc(pid, "comm", buf, size - 1);

	if (len < 0)
		return (int)len;
	if (len && buf[len - 1] == '\n')
		len--;
	buf[len] = '\0';
	return 0;
}

int procfs_cgroup(uint32_t pid, char **ret)
{
	char text[8192], clean[CGROUP_MAX], *save = NULL, *best = NULL;
	ssize_t len = read_proc(pid, "cgroup", text, sizeof(text) - 1);

	if (len < 0)
		return (int)len;
	text[len] = '\0';
	/* "0::/path" is cgroup v2 (cgroups(7)); with v1 hierarchies the longest path tells the
	 * most. */
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *path = strchr(line, '/');

		if (!path)
			continue;
		if (!strncmp(line, "0::", 3) && path[1]) {
			best = path;
			break;
		}
		if (!best || strlen(path) > strlen(best))
			best = path;
	}
	if (!best)
		return -ENODATA;
	vmname_sanitize(clean, sizeof(clean), best, strlen(best));
	*ret = strdup(clean);
	return *ret ? 0 : -ENOMEM;
}

int procfs_start_ns(uint32_t pid, uint64_t *ret)
{
	long ticks = sysconf(_SC_CLK_TCK);
	uint64_t start;
	char text[1024], *after;
	ssize_t len = read_proc(pid, "stat", text, sizeof(text) - 1);

	if (len < 0)
		return (int)len;
	text[len] = '\0';
	/* comm is in parentheses and may hold anything, parentheses too: fields count from the last
	 * one. */
	after = strrchr(text, ')');
	if (!after || sscanf(after + 1,
			     " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
			     "%*d %*d %" SCNu64,
			     &start) != 1)
		return -EINVAL;
	*ret = start * (1000000000ULL / (uint64_t)(ticks > 0 ? ticks : 100));
	return 0;
}

int procfs_pidfd(uint32_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);

	return fd < 0 ? -errno : fd;
}
