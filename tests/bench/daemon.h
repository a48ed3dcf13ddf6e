/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_BENCH_DAEMON_H
#define NISV_BENCH_DAEMON_H

#include <stddef.h>
#include <sys/types.h>

/* A nisvd of the bench's own: of the build directory that this program is in, else of the PATH. */
struct bench_daemon;

/* Returns when it is ready. 0 or -errno, logged. The caller stops it. */
int bench_daemon_start(struct bench_daemon **ret);
void bench_daemon_stop(struct bench_daemon *daemon); /* takes NULL */

pid_t bench_daemon_pid(const struct bench_daemon *daemon);
long bench_daemon_rss_kib(
	const struct bench_daemon *daemon); /* VmRSS of proc(5), 0: cannot be read */

/*
 * Runs nisvctl with @arguments (at most 8, ended by NULL) to its end. The first @size - 1 bytes of
 * what it prints are in @answer, ended by NUL. Its exit status, or -errno.
 */
int bench_daemon_ask(const struct bench_daemon *daemon, const char *const *arguments, char *answer,
		     size_t size);

#endif
