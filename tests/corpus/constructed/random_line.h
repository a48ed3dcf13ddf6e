/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_RANDOM_LINE_H
#define NISVD_TESTS_RANDOM_LINE_H

#include <stddef.h>

struct maker;

/* The command line of the VM that @m wants, its arguments each ended by a zero byte. */
size_t line_write(struct maker *m, char *line, size_t size);

#endif
