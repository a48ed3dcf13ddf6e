/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/core/fault.h"

#include <string.h>

#define CR0_PE	(1ULL << 0)
#define CR0_PG	(1ULL << 31)
#define CR4_PAE (1ULL << 5)

#define PSTATE_NRW    (1U << 4)
#define PSTATE_M_MASK 0xfU

int fault_x86_bits(const struct nisv_rec_fault *fault)
{
	const struct nisv_sysregs *sys = &fault->sys;

	if (fault->sysregs_state == NISV_SYSREGS_NONE)
		return 0;
	if (!(sys->sctlr & CR0_PE))
		return 16;
	return sys->sctlr & CR0_PG && sys->tcr & CR4_PAE ? 64 : 32;
}

struct insn fault_insn(const struct nisv_rec_fault *fault, const char *arch)
{
	struct insn unknown = {.class = INSN_UNKNOWN, .base_reg = -1};
	uint32_t raw;

	if (fault->insn_state != NISV_INSN_OK || !fault->insn_len ||
	    fault->insn_len > sizeof(fault->insn))
		return unknown;
	if (strcmp(arch, "arm64"))
		return insn_decode_x86(fault->insn, fault->insn_len, fault->pc,
				       fault_x86_bits(fault));
	if (fault->insn_len < sizeof(raw) || fault->pstate & PSTATE_NRW)
		return unknown;
	memcpy(&raw, fault->insn, sizeof(raw));
	return insn_decode_a64(raw, fault->pc);
}

int fault_el(const struct nisv_rec_fault *fault)
{
	if (fault->pstate & PSTATE_NRW)
		return (fault->pstate & PSTATE_M_MASK) != 0;
	return (int)(fault->pstate >> 2 & 3);
}
