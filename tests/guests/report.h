/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one JSON object at the end: what the VMM saw, for tests to compare with what nisvd says. */
#ifndef NISVD_TESTS_REPORT_H
#define NISVD_TESTS_REPORT_H

#include "vm.h"

struct report;

struct report *report_new(void);

/* Takes NULL. */
void report_free(struct report *report);

/* Adds what a VM saw; none of its vCPUs may be running. */
void report_add(struct report *report, struct vm *vm);

/*
 * Writes the object as one line to where: the name of a file, the number of a descriptor, or NULL
 * for standard output. Call it once.
 */
void report_write(struct report *report, const char *where);

/* Writes "ready" and a newline to where, as above, but nothing at all for NULL. */
void report_ready(const char *where);

#endif
