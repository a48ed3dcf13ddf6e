/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_RANDOM_H
#define NISVD_TESTS_RANDOM_H

/*
 * Labelled cases drawn at random: a VM of a real VMM on its shipped reference map, and faults that
 * the cause named makes by construction (domain.md 2.2), so that the label owes nothing to the
 * rules. What a case leaves out of its evidence never makes its label undecidable.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/evidence.h"

#define RANDOM_NOTE 320

/* Not to be moved or copied: the evidence borrows what the case owns. */
struct random_case {
	const char *cause; /* the truth: a static id of the taxonomy; NULL: nothing is wrong */
	char note[RANDOM_NOTE];
	struct evidence evidence;

	/* What the evidence points to; may be altered, to see what becomes of the diagnosis. */
	struct host host;
	struct vmoptions options;
	struct layout layout;
	struct machine machine;
	struct machine_choice choice;
	struct guest_view guest;
	struct backings backings;
	struct slot_history slots;
	struct faultmap *faults;
};

/* Loads the reference maps of @folder, which all cases share. 0 or -ENOMEM; -ENOENT: none. */
int random_begin(const char *folder);
void random_end(void);

/* Kinds of cases: each fault cause on each architecture that has it, and healthy VMs. */
size_t random_causes(void);
const char *random_cause_name(size_t cause_index); /* "arm64 hole-between-slots" */

/* The same seed and index give the same case. 0 or -ENOMEM; @ret is to be cleared either way. */
int random_case_make(uint64_t seed, size_t cause_index, struct random_case *ret);
void random_case_clear(struct random_case *c);

#endif
