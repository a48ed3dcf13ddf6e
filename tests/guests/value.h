/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The values of command line options. All end the process with EXIT_USAGE and a message that names
 * option and value when the value is wrong.
 */
#ifndef NISVD_TESTS_VALUE_H
#define NISVD_TESTS_VALUE_H

#include <stdbool.h>
#include <stdint.h>

/* The option that the following calls are about; the string is kept, not copied. */
void value_option_set(const char *name);

/* Ends the process: the value is not what was expected ("a number"). */
void value_bad(const char *value, const char *expected) __attribute__((noreturn));

/* A number in C notation with an optional K, M or G; *rest gets what follows it. */
uint64_t value_number_prefix(const char *text, const char **rest);

/* Such a number, alone and in the range. */
uint64_t value_number(const char *text, uint64_t min, uint64_t max);

/* "FIRST" or "FIRST,SECOND": returns whether the second is there, and leaves *second if not. */
bool value_pair(const char *text, uint64_t *first, uint64_t *second);

#endif
