/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_USAGE_H
#define NISVD_TESTS_USAGE_H

/* Prints the help text to standard output. */
void usage_print(void);

#endif
