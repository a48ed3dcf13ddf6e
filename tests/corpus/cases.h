/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_CASES_H
#define NISVD_TESTS_CASES_H

/* The labels of the corpus: what the maker of each VM knows about it. */

#include <stddef.h>

enum case_kind {
	CASE_FAULT,   /* a fault, or traffic that is a mistake, of this cause */
	CASE_VERIFY,  /* nothing has happened yet, but a check of the memory map tells this cause */
	CASE_HEALTHY, /* nothing is wrong */
};

struct corpus_case {
	char name[48];
	char cause[64]; /* "" if healthy */
	enum case_kind kind;
};

#define CASES_MAX 256

/* Reads the table of a @path such as arm64.cases; a number of cases, or -1 with a message on
 * stderr. */
int cases_read(const char *path, struct corpus_case ret[CASES_MAX]);

#endif
