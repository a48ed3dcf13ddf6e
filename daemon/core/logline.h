/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_LOGLINE_H
#define NISVD_LOGLINE_H

/*
 * What kernels, VMMs and guests print when a guest touches memory that is not there: a table of
 * known messages, each with what it means, what happens next, what to beware of, and the source of
 * all that. A line that is in no row is not understood; nothing is guessed.
 */

#include <stdbool.h>
#include <stddef.h>

#include "daemon/core/regline.h"
#include "include/nisv_record.h"

/* Bytes of a line that are looked at; the longest message has some 200. */
#define LOGLINE_MAX 1024

struct logline_row {
	/*
	 * Found anywhere in a line, capitals as they are. A blank stands for any number of them,
	 * {esr}, {far}, {ipa}, {pc}, {hva}, {instruction}, {code} and {hex} for a hexadecimal
	 * number, {pid}, {tid}, {errno}, {size}, {suberror}, {reason}, {cpu} and {dec} for a
	 * decimal one, {*} for any text; {hex}, {dec} and {*} are not kept.
	 */
	const char *pattern;
	const char *who; /* "kernel", "qemu", "firecracker", ..., "guest linux", "edk2", "u-boot" */
	const char *versions; /* that print it; NULL: all that are known */
	const char *meaning;
	const char *next;    /* what happens then; NULL: nothing */
	const char *caution; /* NULL: none */
	int err;	     /* what KVM_RUN failed with, negative; 0: the text does not say */
	enum nisv_outcome outcome;
	bool is_guest;	      /* the guest speaks of its own registers: EL1 */
	const char *source;   /* file and function */
	const char *revision; /* that the file was read at */
};

struct logline {
	const struct logline_row *row;
	struct named_value values[NAMED_VALUES_MAX];
	size_t n_values;
};

/* The rows of one kind of speaker: more specific ones first. */
struct logline_table {
	const struct logline_row *rows;
	size_t n;
};

extern const struct logline_table logline_kernel, logline_vmm, logline_guest;

/* All tables, in the order in which they are tried. */
extern const struct logline_table *const logline_tables[];
extern const size_t n_logline_tables;

/* The message that the line's first @len bytes hold; false for none. */
bool logline_parse(const char *line, size_t len, struct logline *ret);

/*
 * Is it only a part of what is told around it: the rest of an oops or a dump, with no value of its
 * own to tell?
 */
bool logline_is_part(const char *line, size_t len);

#endif
