/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Instruction classes in words: their name, why they have no syndrome. */

#include "daemon/core/insn.h"

static const char *const names[_INSN_CLASS_MAX] = {
	[INSN_UNKNOWN] = "unknown",
	[INSN_SINGLE] = "single register",
	[INSN_LITERAL] = "literal",
	[INSN_UNPRIVILEGED] = "unprivileged",
	[INSN_ACQUIRE_RELEASE] = "acquire or release",
	[INSN_PRE_INDEX] = "pre-indexed",
	[INSN_POST_INDEX] = "post-indexed",
	[INSN_PAIR] = "register pair",
	[INSN_SIMD_FP] = "SIMD or floating-point",
	[INSN_SVE_SME] = "SVE or SME",
	[INSN_EXCLUSIVE] = "exclusive",
	[INSN_ATOMIC] = "atomic",
	[INSN_DC_ZVA] = "block zero",
	[INSN_CACHE_OP] = "cache maintenance",
	[INSN_TAG] = "memory tag",
	[INSN_MOPS] = "memory copy or set",
	[INSN_LS64] = "64-byte",
	[INSN_MULTIPLE] = "multiple registers",
	[INSN_PC] = "program counter",
	[INSN_COPROCESSOR] = "coprocessor",
	[INSN_PREFETCH] = "prefetch",
	[INSN_OTHER] = "no memory access",
	[INSN_X86_PLAIN] = "plain",
	[INSN_X86_STRING] = "string",
	[INSN_X86_RMW] = "read-modify-write",
	[INSN_X86_MMX] = "MMX",
	[INSN_X86_SSE] = "SSE",
	[INSN_X86_AVX] = "AVX",
	[INSN_X86_X87] = "x87",
	[INSN_X86_SYSTEM] = "system",
};

/*
 * Arm: Arm ARM DDI 0487, ISS encoding for a Data Abort, ISV: what is not in its list has none.
 * x86: Linux arch/x86/kvm/emulate.c, opcode_table, twobyte_table, opcode_map_0f_38, x86_decode_avx.
 */
static const char *const whys[_INSN_CLASS_MAX] = {
	[INSN_PRE_INDEX] = "it writes the base register back (pre-index)",
	[INSN_POST_INDEX] = "it writes the base register back (post-index)",
	[INSN_PAIR] = "it transfers a pair of registers, the syndrome has room for one",
	[INSN_SIMD_FP] = "it transfers SIMD or floating-point registers, the syndrome names only "
			 "general ones",
	[INSN_SVE_SME] = "it transfers SVE or SME registers, the syndrome names only general ones",
	[INSN_EXCLUSIVE] = "it is a load or store exclusive, which the syndrome does not describe",
	[INSN_ATOMIC] = "it is an atomic read-modify-write, which the syndrome does not describe",
	[INSN_DC_ZVA] = "it writes a whole block (DC ZVA and its kin), no register is transferred",
	[INSN_CACHE_OP] = "it is a cache maintenance instruction, no register is transferred",
	[INSN_TAG] = "it accesses memory tags (MTE), which the syndrome does not describe",
	[INSN_MOPS] = "it copies or sets memory (MOPS), which the syndrome does not describe",
	[INSN_MULTIPLE] = "it transfers several registers, the syndrome has room for one",
	[INSN_PC] = "it transfers the program counter or a branch offset, which the syndrome does "
		    "not describe",
	[INSN_COPROCESSOR] = "it transfers a coprocessor register, the syndrome names only general "
			     "ones",
	[INSN_X86_MMX] = "KVM's emulator knows no MMX instruction but MOVQ",
	[INSN_X86_SSE] = "KVM's emulator knows of SSE only moves of whole registers (MOVUPS, "
			 "MOVAPS, MOVDQU, MOVDQA, MOVNTPS, MOVNTDQ)",
	[INSN_X86_AVX] = "KVM's emulator knows no AVX instruction, or, as of Linux 7.1, only moves "
			 "of whole registers",
	[INSN_X86_X87] = "KVM's emulator knows no x87 instruction but FNSTCW, FNSTSW and FNINIT",
	[INSN_X86_SYSTEM] = "KVM's emulator knows only some of the system instructions",
};

static const char *word(const char *const *words, enum insn_class class)
{
	return class < _INSN_CLASS_MAX ? words[class] : NULL;
}

const char *insn_class_name(enum insn_class class)
{
	const char *name = word(names, class);

	return name ? name : "unknown";
}

const char *insn_class_why(enum insn_class class)
{
	return word(whys, class);
}
