/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What to write in the guest in place of an instruction that cannot be described or emulated. */

#include "daemon/core/rules_kit.h"

/* One general register and no writeback is all the CPU describes: Arm ARM, ISS encoding for an
 * exception from a Data Abort, ISV. */
#define SINGLE_ACCESSES "plain LDR and STR of one general register"
#define IO_COPIES	"memcpy_fromio(), memcpy_toio() or memset_io()"
#define DEVICE_IO	"Documentation/driver-api/device-io.rst"
#define IO_H		"arch/arm64/include/asm/io.h: __raw_writel(); rust-lang/rust#131894"

static const struct advice writeback = {
	NULL,
	"use LDR or STR with [base] or [base, #imm] and add to the pointer in an instruction of "
	"its own: readl() and writel(), inline assembly, or the safe-mmio crate, not a volatile "
	"pointer",
	IO_H, REV_LINUX};

static const struct advice vectors = {NULL,
				      "use " IO_COPIES ", or a loop of " SINGLE_ACCESSES
				      ", not memcpy(); build such code with -mgeneral-regs-only",
				      DEVICE_IO "; GCC manual, AArch64 and ARM options", REV_LINUX};

static const struct advice x86_vectors = {
	NULL,
	"use plain MOV: readl() and writel(), memcpy_fromio(), not memcpy(); build such code with "
	"-mgeneral-regs-only",
	DEVICE_IO "; GCC manual, x86 options", REV_LINUX};

static const struct advice pair = {
	NULL,
	"use two single-register accesses, in inline assembly or by readl(), readq() and their "
	"kin: the compiler joins plain neighbouring ones",
	"linux-nvme/nvme-cli#2397", "nvme-cli 2.10"};

static const struct advice lock = {
	NULL,
	"keep the lock or counter in RAM, and access the register under it with " SINGLE_ACCESSES
	", not C or C++ atomics",
	"B2.17: synchronization and semaphores; apache/nuttx#9297", REV_ARM_ARM};

static const struct advice zero = {NULL,
				   "use memset_io() or a loop of single stores, not memset(), and "
				   "map devices with a Device memory type",
				   "arch/arm64/lib/memset.S; " DEVICE_IO, REV_LINUX};

static const struct advice cache = {
	NULL, "leave it out: maintain caches for RAM only, device memory is not cached",
	"B2.8: Device memory is not cacheable", REV_ARM_ARM};

static const struct advice tag = {
	NULL, "map devices without MTE (memory type not Tagged) and set tags in RAM only",
	"Documentation/arch/arm64/memory-tagging-extension.rst", REV_LINUX};

static const struct advice mops = {NULL,
				   "use " IO_COPIES ", not memcpy() or memset(); build such code "
				   "with +nomops",
				   DEVICE_IO "; GCC manual, AArch64 options", REV_LINUX};

static const struct advice wide = {
	NULL, "use single 8-byte accesses, unless the VMM serves KVM_EXIT_ARM_LDST64B",
	"Documentation/virt/kvm/api.rst: KVM_EXIT_ARM_LDST64B", REV_LINUX};

static const struct advice multiple = {
	NULL,
	"use single LDR and STR without writeback: readl() and writel(), not memcpy() or a "
	"structure assignment",
	"arch/arm/include/asm/io.h: __raw_writel()", REV_LINUX};

static const struct advice branch = {
	NULL, "load into a general register and branch by that; keep code and its tables in RAM",
	"ISS encoding for an exception from a Data Abort: SRT", REV_ARM_ARM};

static const struct advice coprocessor = {NULL, "use MRC or MCR and a plain LDR or STR",
					  "ISS encoding for an exception from a Data Abort: SRT",
					  REV_ARM_ARM};

static const struct advice x87 = {NULL, "use plain MOV, and convert in RAM",
				  "arch/x86/kvm/emulate.c: escape_d9, escape_db, escape_dd",
				  REV_LINUX};

static const struct advice system = {NULL, "keep the operand in RAM",
				     "arch/x86/kvm/emulate.c: group6, group7, group15", REV_LINUX};

static const struct advice *const insteads[_INSN_CLASS_MAX] = {
	[INSN_PRE_INDEX] = &writeback,
	[INSN_POST_INDEX] = &writeback,
	[INSN_PAIR] = &pair,
	[INSN_SIMD_FP] = &vectors,
	[INSN_SVE_SME] = &vectors,
	[INSN_EXCLUSIVE] = &lock,
	[INSN_ATOMIC] = &lock,
	[INSN_DC_ZVA] = &zero,
	[INSN_CACHE_OP] = &cache,
	[INSN_TAG] = &tag,
	[INSN_MOPS] = &mops,
	[INSN_LS64] = &wide,
	[INSN_MULTIPLE] = &multiple,
	[INSN_PC] = &branch,
	[INSN_COPROCESSOR] = &coprocessor,
	[INSN_X86_MMX] = &x86_vectors,
	[INSN_X86_SSE] = &x86_vectors,
	[INSN_X86_AVX] = &x86_vectors,
	[INSN_X86_X87] = &x87,
	[INSN_X86_SYSTEM] = &system,
};

const struct advice *rule_instead(enum insn_class class)
{
	return class < _INSN_CLASS_MAX ? insteads[class] : NULL;
}

void rule_advise_instead(const struct scene *s, struct text *text)
{
	const struct advice *instead = s->has_insn ? rule_instead(s->insn.class) : NULL;

	if (instead)
		text_add(text, "In place of `%s` %s.", s->insn_text, instead->text);
}
