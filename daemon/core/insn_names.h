/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_INSN_NAMES_H
#define NISVD_INSN_NAMES_H

/* The registers that the text of an instruction names, with their values: what to look at first. */

#include "daemon/core/insn_address.h"

#define INSN_NAMED_MAX 16

struct insn_named {
	char name[4]; /* the whole register: "x0" where the text says w0, "rax" where it says al */
	uint64_t value;
};

/*
 * Fills @ret with the general registers, and the stack pointer, that insn->text names, in the order
 * of their numbers, and returns how many there are; 0 for an instruction without text. A register
 * that an instruction uses without naming it (x86 string instructions) is not there.
 */
size_t insn_named_registers(const struct insn *insn, const struct insn_registers *registers,
			    struct insn_named ret[INSN_NAMED_MAX]);

#endif
