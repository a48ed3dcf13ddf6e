/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_QEMU_LINE_H
#define NISVD_TESTS_QEMU_LINE_H

/* A command line of qemu-system-aarch64 from one text, for execvp() and as /proc/PID/cmdline has
 * it. */

#include <stddef.h>

#define QEMU_ARGS_MAX 40

/*
 * The words of @base and @options, with QEMU's name before them and @firmware, a file, in place of
 * the word FIRMWARE: each with a NUL into @line, of @size bytes; @args point to them, and end with
 * NULL. Returns the bytes used; fails the test if there is no room.
 */
size_t qemu_line(const char *base, const char *options, const char *firmware, char *line,
		 size_t size, char *args[QEMU_ARGS_MAX]);

#endif
