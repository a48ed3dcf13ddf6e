/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Instruction classes in words: their name, why they have no syndrome, what to write instead. */

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

/* One general register and no writeback is all the CPU describes: Arm ARM, as above. */
#define SINGLE_ACCESSES "plain LDR and STR of one general register"

static const char *const insteads[_INSN_CLASS_MAX] = {
	/* Linux arch/arm64/include/asm/io.h, __raw_writel(): inline assembly, since the compiler
	 * may choose writeback for a volatile access (rust-lang/rust#131894); crate safe-mmio. */
	[INSN_PRE_INDEX] =
		"add to the pointer in an instruction of its own and use LDR or STR with "
		"[base] or [base, #imm]: readl() and writel(), inline assembly, or the "
		"safe-mmio crate, not a volatile pointer",
	[INSN_POST_INDEX] =
		"use LDR or STR with [base] or [base, #imm] and add to the pointer in an "
		"instruction of its own: readl() and writel(), inline assembly, or the "
		"safe-mmio crate, not a volatile pointer",
	/* linux-nvme/nvme-cli#2397: two 32-bit reads of a mapped BAR became LDP. */
	[INSN_PAIR] = "use two single-register accesses, in inline assembly or by readl(), readq() "
		      "and their kin: the compiler joins plain neighbouring ones",
	/* Linux Documentation/driver-api/device-io.rst; GCC, AArch64 and ARM options. */
	[INSN_SIMD_FP] =
		"use memcpy_fromio(), memcpy_toio() or memset_io(), or a loop of " SINGLE_ACCESSES
		", not memcpy(); build such code with -mgeneral-regs-only",
	[INSN_SVE_SME] =
		"use memcpy_fromio(), memcpy_toio() or memset_io(), or a loop of " SINGLE_ACCESSES
		", not memcpy(); build such code with -mgeneral-regs-only",
	/* Arm ARM, B2.17 "Synchronization and semaphores": exclusives on Device memory are not
	 * guaranteed to work; apache/nuttx#9297. */
	[INSN_EXCLUSIVE] =
		"keep the lock in RAM, and access the register under it with " SINGLE_ACCESSES,
	[INSN_ATOMIC] = "keep the lock or counter in RAM, and access the register under it "
			"with " SINGLE_ACCESSES ", not C or C++ atomics",
	/* Linux arch/arm64/lib/memset.S zeroes with DC ZVA; Documentation/driver-api/device-io.rst.
	 */
	[INSN_DC_ZVA] = "use memset_io() or a loop of single stores, not memset(), and map devices "
			"with a Device memory type",
	/* kvmarm, 4 Oct 2024, barebox on QEMU's flash: domain.md, case 2. */
	[INSN_CACHE_OP] = "leave it out: maintain caches for RAM only, device memory is not cached",
	/* Linux Documentation/arch/arm64/memory-tagging-extension.rst: tags belong to RAM that is
	 * mapped with PROT_MTE. */
	[INSN_TAG] = "map devices without MTE (memory type not Tagged) and set tags in RAM only",
	/* Linux Documentation/driver-api/device-io.rst; GCC, AArch64 options, -march=...+mops. */
	[INSN_MOPS] =
		"use memcpy_fromio(), memcpy_toio() or memset_io(), not memcpy() or memset(); "
		"build such code with +nomops",
	/* KVM_EXIT_ARM_LDST64B: Linux Documentation/virt/kvm/api.rst. Known of no VMM: domain.md 5.
	 */
	[INSN_LS64] = "use single 8-byte accesses, unless the VMM serves KVM_EXIT_ARM_LDST64B",
	/* Linux arch/arm/include/asm/io.h, __raw_writel(). */
	[INSN_MULTIPLE] = "use single LDR and STR without writeback: readl() and writel(), not "
			  "memcpy() or a structure assignment",
	[INSN_PC] = "load into a general register and branch by that; keep code and its tables in "
		    "RAM",
	[INSN_COPROCESSOR] = "use MRC or MCR and a plain LDR or STR",
	/* Linux Documentation/driver-api/device-io.rst; GCC, x86 options. */
	[INSN_X86_MMX] = "use plain MOV: readl() and writel(), memcpy_fromio(); build such code "
			 "with -mgeneral-regs-only",
	[INSN_X86_SSE] =
		"use plain MOV: readl() and writel(), memcpy_fromio(), not memcpy(); build "
		"such code with -mgeneral-regs-only",
	[INSN_X86_AVX] =
		"use plain MOV: readl() and writel(), memcpy_fromio(), not memcpy(); build "
		"such code with -mgeneral-regs-only",
	[INSN_X86_X87] = "use plain MOV, and convert in RAM",
	/* Linux arch/x86/kvm/emulate.c: group6, group7, group15 have few of them. */
	[INSN_X86_SYSTEM] = "keep the operand in RAM",
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

const char *insn_class_instead(enum insn_class class)
{
	return word(insteads, class);
}
