/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_INSN_X86_H
#define NISVD_INSN_X86_H

/* What capstone's details of an x86 instruction mean for us. */

#include "daemon/core/insn_x86_code.h"

struct cs_insn;
struct insn;

/*
 * Sets class, direction, size and addresses of @insn, whose isa and length are set. @bits: 16, 32
 * or 64. Capstone 4 has the directions of many stores wrong: those are decided by the opcode.
 */
void insn_x86_set(struct insn *insn, const struct cs_insn *decoded, const struct x86_code *code,
		  int bits);

#endif
