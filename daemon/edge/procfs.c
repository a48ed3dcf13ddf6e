/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/core/cgroupname.h"
#include "daemon/core/vmname.h"
#include "daemon/edge/aside.h"

#define CGROUP_MAX 1024
#define MAPS_MAX   (1U << 20)

#define START_SLOP_NS 20000000ULL

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

struct request {
	uint32_t pid;
	size_t size;
	const char *name;
};

static void send_cmdline(int fd, void *userdata)
{
	const struct request *request = userdata;
	char *buf = malloc(request->size);
	ssize_t len = buf ? read_proc(request->pid, "cmdline", buf, request->size) : -ENOMEM;

	if (len > 0)
		aside_send(fd, buf, (size_t)len);
	free(buf);
}

ssize_t procfs_cmdline(uint32_t pid, char *buf, size_t size)
{
	struct request request = {.pid = pid, .size = size};
	void *data = NULL;
	size_t len = 0;
	int r = aside_run(send_cmdline, &request, size, &data, &len);

	if (r < 0)
		return r;
	if (len > size)
		len = size;
	if (len)
		memcpy(buf, data, len);
	free(data);
	return (ssize_t)len;
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
	char text[16384], clean[CGROUP_MAX];
	ssize_t len = read_proc(pid, "cgroup", text, sizeof(text));
	const char *path = "/";
	size_t path_len = 1;

	if (len <= 0)
		return len < 0 ? (int)len : -ENODATA;
	cgroupname_choose(text, (size_t)len, &path, &path_len);
	vmname_sanitize(clean, sizeof(clean), path, path_len);
	*ret = strdup(clean);
	return *ret ? 0 : -ENOMEM;
}

int procfs_exe(uint32_t pid, char **ret)
{
	char path[64], target[PATH_MAX];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/exe", pid);
	len = readlink(path, target, sizeof(target));
	if (len < 0)
		return -errno;
	if ((size_t)len == sizeof(target))
		return -ENAMETOOLONG;
	*ret = strndup(target, (size_t)len);
	return *ret ? 0 : -ENOMEM;
}

int procfs_own_pid(uint32_t pid, uint32_t *ret)
{
	static const char field[] = "\nNSpid:";
	char text[4096], *line, *end;
	ssize_t len = read_proc(pid, "status", text, sizeof(text) - 1);
	unsigned long number = 0;

	if (len < 0)
		return (int)len;
	text[len] = '\0';
	line = strstr(text, field);
	if (!line)
		return -ENODATA;
	line += sizeof(field) - 1;
	line[strcspn(line, "\n")] = '\0';
	/* From our namespace inwards. */
	for (unsigned long n = strtoul(line, &end, 10); end != line; n = strtoul(line, &end, 10)) {
		number = n;
		line = end;
	}
	if (!number || number > UINT32_MAX)
		return -EINVAL;
	*ret = (uint32_t)number;
	return 0;
}

static int find_in_maps(uint32_t pid, const char *name)
{
	const size_t chunk = 65536;
	size_t kept = 0, rest = MAPS_MAX, overlap = strlen(name) - 1;
	char path[64], *buf = malloc(chunk);
	int fd, r = 0;

	if (!buf)
		return -ENOMEM;
	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/maps", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		free(buf);
		return -errno;
	}
	while (rest && !r) {
		ssize_t n = read(fd, buf + kept, chunk - kept);

		if (n <= 0) {
			r = n < 0 ? -errno : 0;
			break;
		}
		r = memmem(buf, kept + (size_t)n, name, overlap + 1) != NULL;
		rest -= (size_t)n < rest ? (size_t)n : rest;
		/* The name may begin at the end of this piece. */
		kept += (size_t)n;
		if (kept > overlap) {
			memmove(buf, buf + kept - overlap, overlap);
			kept = overlap;
		}
	}
	close(fd);
	free(buf);
	return r;
}

static void send_found(int fd, void *userdata)
{
	const struct request *request = userdata;
	int r = find_in_maps(request->pid, request->name);

	aside_send(fd, &r, sizeof(r));
}

int procfs_maps_file(uint32_t pid, const char *name)
{
	struct request request = {.pid = pid, .name = name};
	void *data = NULL;
	size_t len = 0;
	int found, r = aside_run(send_found, &request, sizeof(found), &data, &len);

	if (r >= 0 && len != sizeof(found))
		r = -ENODATA;
	if (r >= 0)
		memcpy(&found, data, sizeof(found));
	free(data);
	return r < 0 ? r : found;
}

bool procfs_is_initial(void)
{
	/* Linux include/linux/proc_ns.h, PROC_PID_INIT_INO: the inode is fixed. */
	const ino_t initial = 0xeffffffc;
	struct stat st;

	return stat("/proc/self/ns/pid", &st) >= 0 && st.st_ino == initial;
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

bool procfs_is_process(uint32_t pid, uint64_t start_ns)
{
	uint64_t start;

	if (procfs_start_ns(pid, &start) < 0)
		return false;
	return !start_ns ||
	       (start <= start_ns + START_SLOP_NS && start + START_SLOP_NS >= start_ns);
}

int procfs_pidfd(uint32_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);

	return fd < 0 ? -errno : fd;
}
