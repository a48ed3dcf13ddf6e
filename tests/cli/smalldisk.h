/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_SMALLDISK_H
#define NISVD_TESTS_SMALLDISK_H

/* A disk that is full: a file system of 16 KiB, in a mount namespace of its own. */

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unit.h"

/*
 * Runs @test in a child that has the small file system at @folder, which is there. It returns 0, or
 * what failed; without the privilege to mount the test is skipped.
 */
static inline void on_small_disk(const char *folder, int (*test)(void))
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (!child) {
		if (unshare(CLONE_NEWNS) < 0 ||
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		    mount("tmpfs", folder, "tmpfs", 0, "size=16k") < 0)
			_exit(77);
		_exit(test());
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77) {
		print_message("SKIP: no privilege to mount a small file system\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

#endif
