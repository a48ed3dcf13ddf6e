/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "explain.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon.h"
#include "daemon/edge/log.h"

#define ANSWER_MAX (1 << 20)
#define REST_S	   5 /* as many polls */

/* ---- the VM ---- */

#if defined(__x86_64__)
#define MEMORY "0,1M"
#else
#define MEMORY "0x40000000,16M"
#endif

/* The test VMM of the build directory: this program is tests/bench/bench of it. */
static void testvmm_find(char path[PATH_MAX])
{
	char self[PATH_MAX - 32] = "";

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		self[0] = 0;
	snprintf(path, PATH_MAX, "%s/testvmm", dirname(dirname(self)));
}

/* Returns when all its faults are made; it lives on. */
static int vmm_start(pid_t *ret)
{
	char path[PATH_MAX], sites[16], line[1 << 16];
	char *argv[] = {path,
			(char *)"--guest",
			(char *)"many-sites",
			(char *)"--slot",
			(char *)MEMORY,
			(char *)"--arg",
			sites,
			(char *)"--on-error",
			(char *)"skip",
			(char *)"--linger",
			NULL};
	posix_spawn_file_actions_t actions;
	FILE *f = NULL;
	int out[2], r;

	testvmm_find(path);
	snprintf(sites, sizeof(sites), "1=%u", EXPLAIN_SITES);
	if (pipe2(out, O_CLOEXEC))
		return log_error_errno(errno, "No pipe");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
	r = posix_spawn(ret, path, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(out[1]);
	if (!r)
		f = fdopen(out[0], "r");
	if (!r && (!f || !fgets(line, sizeof(line), f)))
		r = ENODATA;
	if (f)
		fclose(f);
	else
		close(out[0]);
	return r ? log_error_errno(r, "The VM of %s does not end its faults", path) : 0;
}

static void vmm_stop(pid_t vmm)
{
	if (!vmm)
		return;
	kill(vmm, SIGTERM);
	waitpid(vmm, NULL, 0);
}

/* ---- what nisvd takes ---- */

/* Time on a CPU, the first number of /proc/PID/schedstat (Documentation/scheduler/sched-stats.rst).
 */
static double cpu_ms(pid_t pid)
{
	uint64_t ns = 0;
	char path[32];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
	f = fopen(path, "re");
	if (f && fscanf(f, "%" SCNu64, &ns) != 1)
		ns = 0;
	if (f)
		fclose(f);
	return (double)ns / 1e6;
}

/* Of one file descriptor: of a BPF map, its "memlock"; else 0. */
static double map_bytes(pid_t pid, const char *fd)
{
	char path[64], line[128];
	bool is_map = false;
	uint64_t bytes = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%.16s", pid, fd);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		is_map |= !strncmp(line, "map_type:", strlen("map_type:"));
		sscanf(line, "memlock: %" SCNu64, &bytes);
	}
	if (f)
		fclose(f);
	return is_map ? (double)bytes : 0;
}

static double maps_mib(pid_t pid)
{
	double bytes = 0;
	struct dirent *entry;
	char path[32];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo", pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		bytes += entry->d_name[0] == '.' ? 0 : map_bytes(pid, entry->d_name);
	if (dir)
		closedir(dir);
	return bytes / (1 << 20);
}

/* ---- measuring ---- */

/* Over all findings. */
static uint64_t sites_told(const char *answer)
{
	static const char name[] = "\"total_sites\":";
	uint64_t sum = 0;

	for (const char *at = answer; (at = strstr(at, name)); at += strlen(name))
		sum += strtoull(at + strlen(name), NULL, 10);
	return sum;
}

/* JSON tells that it is about all sites. */
static int ask(const struct bench_daemon *daemon, const char *const *arguments, bool is_json,
	       unsigned int tries, struct sample *sample)
{
	static char answer[ANSWER_MAX];

	for (unsigned int i = 0; i < tries; i++) {
		double began = sample_now_ms();
		int r = bench_daemon_ask(daemon, arguments, answer, sizeof(answer));

		if (r)
			return log_error_errno(EIO, "nisvctl explain fails");
		sample_add(sample, sample_now_ms() - began);
		if (is_json && sites_told(answer) != EXPLAIN_SITES)
			return log_error_errno(ENODATA, "nisvctl explain is not about %u sites",
					       EXPLAIN_SITES);
	}
	return 0;
}

static double rest(pid_t pid)
{
	double began = cpu_ms(pid);

	sleep(REST_S);
	return (cpu_ms(pid) - began) / REST_S;
}

int explain_measure(unsigned int tries, struct explain *ret)
{
	char vm[16];
	const char *const text[] = {"explain", "--no-pager", vm, NULL};
	const char *const json[] = {"explain", "--json=short", vm, NULL};
	struct bench_daemon *daemon = NULL;
	pid_t vmm = 0;
	int r = bench_daemon_start(&daemon);

	if (r >= 0)
		r = vmm_start(&vmm);
	snprintf(vm, sizeof(vm), "%d", vmm);
	if (r >= 0)
		r = ask(daemon, json, true, tries, &ret->json_ms);
	if (r >= 0)
		r = ask(daemon, text, false, tries, &ret->text_ms);
	if (r >= 0) {
		ret->rest_ms = rest(bench_daemon_pid(daemon));
		ret->maps_mib = maps_mib(bench_daemon_pid(daemon));
		ret->rss_mib = (double)bench_daemon_rss_kib(daemon) / 1024;
	}
	vmm_stop(vmm);
	bench_daemon_stop(daemon);
	return r;
}
