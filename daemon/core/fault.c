/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/core/fault.h"

#include <string.h>

#define CR0_PE	(1ULL << 0)
#define CR0_PG	(1ULL << 31)
#define CR4_PAE (1ULL << 5)

#define PSTATE_NRW    (1U << 4)
#define PSTATE_T      (1U << 5)
#define PSTATE_M_MASK 0xfU
#define PSTATE_SP     (1U << 0) /* M[0] in AArch64: the level's own SP, not SP_EL0 */

#define AARCH32_GPRS 15
#define X86_GPRS     16

_Static_assert(NISV_GPRS == sizeof(((struct insn_registers *)0)->gpr) / sizeof(uint64_t),
	       "a record has all of them");

/* Addresses of at most 52 bits are translated; 56 leave bit 55 to tell the halves apart. */
#define VA_BITS_MAX 55

static bool is_arm64(const char *arch)
{
	return !strcmp(arch, "arm64");
}

/* ---- the instruction ---- */

int fault_x86_bits(const struct nisv_rec_fault *fault)
{
	const struct nisv_sysregs *sys = &fault->sys;

	switch (fault->code_mode) {
	case NISV_CODE_REAL:
	case NISV_CODE_VM86:
	case NISV_CODE_16:
		return 16;
	case NISV_CODE_32:
		return 32;
	case NISV_CODE_64:
		return 64;
	default:
		break;
	}
	if (fault->sysregs_state == NISV_SYSREGS_NONE)
		return 0;
	if (!(sys->sctlr & CR0_PE))
		return 16;
	return sys->sctlr & CR0_PG && sys->tcr & CR4_PAE ? 64 : 32;
}

enum insn_isa fault_isa(const struct nisv_rec_fault *fault, const char *arch)
{
	if (is_arm64(arch)) {
		if (!(fault->pstate & PSTATE_NRW))
			return ISA_A64;
		return fault->pstate & PSTATE_T ? ISA_T32 : ISA_A32;
	}
	switch (fault_x86_bits(fault)) {
	case 16:
		return ISA_X86_16;
	case 32:
		return ISA_X86_32;
	case 64:
		return ISA_X86_64;
	default:
		return ISA_UNKNOWN;
	}
}

bool fault_is_failed_fetch(const struct nisv_rec_fault *fault)
{
	return fault->kind == NISV_KIND_EMULATION && !fault->insn_len &&
	       fault->insn_state == NISV_INSN_NONE;
}

static bool has_bytes(const struct nisv_rec_fault *fault)
{
	return fault->insn_state == NISV_INSN_OK && fault->insn_len &&
	       fault->insn_len <= sizeof(fault->insn);
}

struct insn fault_insn_class(const struct nisv_rec_fault *fault, const char *arch)
{
	return insn_classify(fault_isa(fault, arch), fault->insn,
			     has_bytes(fault) ? fault->insn_len : 0);
}

struct insn fault_insn(const struct nisv_rec_fault *fault, const char *arch)
{
	struct insn insn = fault_insn_class(fault, arch);

	insn_describe(&insn, fault->pc);
	return insn;
}

/*
 * By PSTATE.M[3:0]: which X register holds R8 (R9 to R12 follow it), R13 and R14; Linux calls them
 * compat_* in arch/arm64/include/asm/ptrace.h. Hyp mode, here 0xa, has no LR of its own.
 */
static const struct {
	uint8_t r8, r13, r14;
} banks[PSTATE_M_MASK + 1] = {
	[0x0] = {8, 13, 14},  /* usr */
	[0x1] = {24, 29, 30}, /* fiq */
	[0x2] = {8, 17, 16},  /* irq */
	[0x3] = {8, 19, 18},  /* svc */
	[0x7] = {8, 21, 20},  /* abt */
	[0xa] = {8, 15, 14},  /* hyp */
	[0xb] = {8, 23, 22},  /* und */
	[0xf] = {8, 13, 14},  /* sys */
};

static bool registers_aarch32(const struct nisv_rec_fault *fault, struct insn_registers *ret)
{
	unsigned int mode = fault->pstate & PSTATE_M_MASK;

	if (!banks[mode].r8)
		return false;
	memset(ret, 0, sizeof(*ret));
	for (unsigned int i = 0; i < AARCH32_GPRS; i++) {
		unsigned int x = i < 8	   ? i
				 : i < 13  ? banks[mode].r8 + i - 8
				 : i == 13 ? banks[mode].r13
					   : banks[mode].r14;

		/* The upper halves may hold anything (Arm ARM, D1.20.1). */
		ret->gpr[i] = fault->gpr[x] & UINT32_MAX;
	}
	ret->pc = fault->pc;
	return true;
}

bool fault_registers(const struct nisv_rec_fault *fault, const char *arch,
		     struct insn_registers *ret)
{
	bool has_own_sp = fault->pstate & PSTATE_SP;
	int el = fault_el(fault);

	if (is_arm64(arch) && fault->pstate & PSTATE_NRW)
		return registers_aarch32(fault, ret);
	memset(ret, 0, sizeof(*ret));
	ret->pc = fault->pc;
	if (!is_arm64(arch)) {
		for (size_t i = 0; i < X86_GPRS; i++)
			ret->gpr[i] = fault->gpr[i];
		return true;
	}
	for (size_t i = 0; i < NISV_GPRS; i++)
		ret->gpr[i] = fault->gpr[i];
	/* A record has no SP_EL2. */
	if (fault->sysregs_state == NISV_SYSREGS_CURRENT && (el < 2 || !has_own_sp)) {
		ret->has_sp = true;
		ret->sp = el == 1 && has_own_sp ? fault->sys.sp_el1 : fault->sys.sp_el0;
	}
	return true;
}

/* ---- whose code ---- */

int fault_el(const struct nisv_rec_fault *fault)
{
	if (fault->pstate & PSTATE_NRW)
		return (fault->pstate & PSTATE_M_MASK) != 0;
	return (int)(fault->pstate >> 2 & 3);
}

enum fault_side fault_side(const struct nisv_rec_fault *fault, const char *arch)
{
	if (is_arm64(arch))
		return fault_el(fault) ? FAULT_SIDE_KERNEL : FAULT_SIDE_USER;
	if (fault->code_mode == NISV_CODE_VM86)
		return FAULT_SIDE_USER;
	if (fault->code_mode == NISV_CODE_64 && fault->pc >> 63)
		return FAULT_SIDE_KERNEL;
	return FAULT_SIDE_UNKNOWN;
}

/* ---- the callers ---- */

static uint64_t strip_pac(uint64_t address, const struct nisv_rec_fault *fault)
{
	bool high = address >> 55 & 1;
	uint32_t bits = 64 - (uint32_t)((high ? fault->sys.tcr >> 16 : fault->sys.tcr) & 0x3f);
	uint64_t extension;

	if (fault->sysregs_state == NISV_SYSREGS_NONE || bits > VA_BITS_MAX)
		return address;
	extension = ~0ULL << bits;
	return high ? address | extension : address & ~extension;
}

size_t fault_frames(const struct nisv_rec_fault *fault, const char *arch,
		    uint64_t ret[NISV_FRAMES_MAX])
{
	const struct nisv_backtrace *trace = &fault->backtrace;
	size_t n = 0;

	for (size_t i = 0; i < trace->n && i < NISV_FRAMES_MAX; i++) {
		uint64_t address = trace->frame[i];

		if (is_arm64(arch))
			address = strip_pac(address, fault);
		if (is_arm64(arch) && i == 1 && address == ret[0])
			continue;
		ret[n++] = address;
	}
	return n;
}

/* ---- names ---- */

#define NAME(names, i) ((size_t)(i) < sizeof(names) / sizeof((names)[0]) ? (names)[i] : "unknown")

const char *walk_state_name(enum nisv_walk_state state)
{
	static const char *const names[_NISV_WALK_MAX] = {
		[NISV_WALK_NONE] = "none",
		[NISV_WALK_DONE] = "done",
		[NISV_WALK_INVALID] = "invalid-descriptor",
		[NISV_WALK_NO_SLOT] = "no-slot",
		[NISV_WALK_UNREADABLE] = "unreadable",
		[NISV_WALK_IO_MEMORY] = "io-memory",
		[NISV_WALK_PROTECTED] = "protected",
		[NISV_WALK_NO_SYSREGS] = "registers-unknown",
		[NISV_WALK_UNSAFE] = "unsafe",
		[NISV_WALK_REFUSED] = "refused",
		[NISV_WALK_MMU_OFF] = "mmu-off",
		[NISV_WALK_FOREIGN] = "aarch32-tables",
	};

	return NAME(names, state);
}

const char *backtrace_end_name(enum nisv_backtrace_end end)
{
	static const char *const names[_NISV_BACKTRACE_MAX] = {
		[NISV_BACKTRACE_NONE] = "none",
		[NISV_BACKTRACE_COMPLETE] = "complete",
		[NISV_BACKTRACE_MISALIGNED] = "misaligned",
		[NISV_BACKTRACE_ORDER] = "order",
		[NISV_BACKTRACE_UNREADABLE] = "unreadable",
		[NISV_BACKTRACE_FULL] = "full",
	};

	return NAME(names, end);
}

const char *vma_state_name(enum nisv_vma_state state)
{
	static const char *const names[_NISV_VMA_MAX] = {
		[NISV_VMA_NOT_ASKED] = "not-asked",
		[NISV_VMA_FOUND] = "found",
		[NISV_VMA_ABSENT] = "absent",
		[NISV_VMA_BUSY] = "busy",
	};

	return NAME(names, state);
}

const char *code_mode_name(enum nisv_code_mode mode)
{
	static const char *const names[_NISV_CODE_MAX] = {
		[NISV_CODE_UNKNOWN] = "unknown", [NISV_CODE_REAL] = "real",
		[NISV_CODE_VM86] = "vm86",	 [NISV_CODE_16] = "16-bit",
		[NISV_CODE_32] = "32-bit",	 [NISV_CODE_64] = "64-bit",
	};

	return NAME(names, mode);
}
