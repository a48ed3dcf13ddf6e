/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of a test VMM that cannot do what it was asked to. */
#ifndef NISVD_TESTS_FAIL_H
#define NISVD_TESTS_FAIL_H

/* Prints "testvmm: " and the message, one line, on standard error and ends the process with status.
 */
void fail(int status, const char *format, ...) __attribute__((noreturn, format(printf, 2, 3)));

#endif
