/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_INSN_CLASS_H
#define NISVD_INSN_CLASS_H

/*
 * The class of an A64 load, store or maintenance instruction from its encoding alone: Arm ARM DDI
 * 0487, C4.1 "A64 instruction set encoding". No disassembler is asked: capstone of the oldest
 * supported host does not know MTE, MOPS, LSE128 or SME.
 */

#include "daemon/core/insn.h"

/* Everything of struct insn but its text. */
struct insn insn_classify_a64(uint32_t raw);

#endif
