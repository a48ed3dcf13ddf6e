/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A device is there, and the instruction tells more than that it is the wrong one. */

#include <inttypes.h>
#include <string.h>

#include "daemon/core/rules_kit.h"

#define A64_BYTES 4

/* A little surer than the general cause, where that is as sure as it can be. */
#define SURER 0.03

/* What the general cause scores, if the instruction is of one of two classes. */
static double by_class(const struct scene *s, enum insn_class one, enum insn_class other,
		       const char **reason)
{
	double score;

	if (!s->has_insn || (s->insn.class != one && s->insn.class != other))
		return 0;
	score = rule_device(s, reason);
	return score ? score + SURER : 0;
}

/* ---- atomic-or-exclusive-on-device ---------------------------------------------------------- */

#define FSC_EXCLUSIVE 0x35U /* unsupported exclusive or atomic: Arm ARM, ESR_ELx.DFSC */

static double atomic_score(const struct scene *s, const char **reason)
{
	double score = by_class(s, INSN_ATOMIC, INSN_EXCLUSIVE, reason);

	if (score || s->esr.fsc != FSC_EXCLUSIVE)
		return score;
	score = rule_device(s, reason);
	*reason = "a device is there, and the syndrome says unsupported exclusive or atomic access";
	return score ? score + SURER : 0;
}

static const struct advice atomic_advice[] = {
	{NULL,
	 "Use plain single-register loads and stores on device registers; keep locks and reference "
	 "counts in RAM.",
	 "B2.2.1: atomicity of accesses to Device memory", REV_ARM_ARM},
	{NULL,
	 "In libmetal or OpenAMP use the port's plain io accessors: its atomics compile to "
	 "LDXR/STXR or LSE instructions.",
	 "apache/nuttx#9297", "NuttX 12.2"},
	{0},
};

const struct rule rule_atomic = {
	.id = "atomic-or-exclusive-on-device",
	.general = {"device-access-nisv-instruction"},
	.arch = "arm64",
	.from = RULE_FAULT,
	.what = "The guest used an atomic or exclusive instruction on a device register: a lock, a "
		"counter or a library's atomics placed on MMIO.",
	.known_by = "A device is at the address, and the instruction at the PC is a load or store "
		    "exclusive, a compare-and-swap or an LSE atomic; or the syndrome says so (DFSC "
		    "0x35).",
	.example =
		"vCPU 0 executed `ldadd w1, w2, [x0]` on 0xa000050, virtio-mmio + 0x50, a device.",
	.score = atomic_score,
	.place = rule_device_place,
	.where = rule_device_where,
	.how = rule_how,
	.advise = rule_advise_instead,
	.advice = atomic_advice,
	.documentation = DOC_ARM_ARM,
};

/* ---- copies: simd-memcpy-on-device, framebuffer-nisv-memcpy -----------------------------------
 */

/* Where the machine has another device the guest's tree is of another machine. */
static bool is_told_framebuffer(const struct scene *s)
{
	if (s->region && !rule_is_window(s->region))
		return false;
	return s->device && (strstr(s->device->compatible, "framebuffer") ||
			     strstr(s->device->name, "framebuffer"));
}

static bool is_framebuffer(const struct scene *s)
{
	return (s->region && s->region->role == ROLE_FRAMEBUFFER) || is_told_framebuffer(s);
}

static bool is_wide(const struct scene *s)
{
	return s->has_insn && (s->insn.class == INSN_SIMD_FP || s->insn.class == INSN_PAIR ||
			       s->insn.class == INSN_SVE_SME || s->insn.class == INSN_DC_ZVA ||
			       s->insn.class == INSN_MOPS);
}

static bool is_copying(enum insn_class class)
{
	return class == INSN_PAIR || class == INSN_SIMD_FP;
}

/*
 * More of the same around it: a copy moves several pairs one after the other. One pair alone may
 * also be two neighbouring registers that a compiler read at once.
 */
#define SEQUENCE_MIN 3

static bool is_sequence(const struct scene *s)
{
	const struct nisv_rec_fault *rec = s->rec;
	unsigned int n = 0;

	if (!rec || rec->code_len != NISV_CODE_BYTES || s->is_a32)
		return false;
	for (size_t at = 0; at < NISV_CODE_BYTES; at += A64_BYTES) {
		struct insn insn = insn_classify(ISA_A64, rec->code + at, A64_BYTES);

		/* Those of the stack save and restore registers. */
		n += is_copying(insn.class) && insn.base_reg != INSN_REG_SP;
	}
	return n >= SEQUENCE_MIN;
}

/* The guest's word tells what a window has, or a machine that is not known. */
static double told_score(const struct scene *s)
{
	if (!is_told_framebuffer(s) || !rule_is_nisv(s) || !rule_no_slot(s) || s->vgic)
		return 0;
	if (s->region)
		return rule_lasting(s, 0.8) + SURER;
	return rule_is_charted(s) ? 0 : rule_lasting(s, 0.6) + SURER;
}

static double framebuffer_score(const struct scene *s, const char **reason)
{
	double score, told;

	if (!is_wide(s) || !is_framebuffer(s))
		return 0;
	score = rule_device(s, reason);
	score = score ? score + 2 * SURER : 0;
	told = told_score(s);
	if (told <= score)
		return score;
	*reason = "the guest was told of a framebuffer there, and the instruction was read";
	return told;
}

static double copy_score(const struct scene *s, const char **reason)
{
	double score = by_class(s, INSN_SIMD_FP, INSN_PAIR, reason);

	if (score && s->insn.class == INSN_PAIR && !is_sequence(s))
		return 0;
	return score;
}

static void copy_prove(const struct scene *s, struct text *text)
{
	if (is_sequence(s))
		text_add(text, "The code around the PC has several such accesses in a row: a copy");
}

static const struct advice copy_advice[] = {
	{NULL,
	 "Copy to and from devices with memcpy_fromio()/memcpy_toio(), or a loop of "
	 "single-register "
	 "accesses: memcpy() and compilers use pairs and SIMD registers.",
	 "arch/arm64/include/asm/io.h", REV_LINUX},
	{NULL,
	 "In user space on an mmap()ed BAR: access words through volatile asm (ldr w, [x]), not "
	 "structure copies; the compiler merges neighbouring reads into LDP.",
	 "linux-nvme/nvme-cli#2397", "nvme-cli 2.10"},
	{0},
};

static const struct advice framebuffer_advice[] = {
	{"qemu",
	 "Give an arm64 guest a display that keeps its pixels in RAM: -device ramfb or "
	 "virtio-gpu-pci, not VGA.",
	 "docs/system/arm/virt.rst; hw/display/ramfb.c", REV_QEMU},
	{NULL, "Or copy to the framebuffer with memcpy_toio(), a loop of single-register stores.",
	 "arch/arm64/include/asm/io.h", REV_LINUX},
	{0},
};

const struct rule rule_simd_copy = {
	.id = "simd-memcpy-on-device",
	.general = {"device-access-nisv-instruction"},
	.arch = "arm64",
	.from = RULE_FAULT,
	.what = "The guest copied to or from a device with SIMD registers or register pairs, as "
		"memcpy(), structure copies and merged reads do.",
	.known_by =
		"A device is at the address and the instruction at the PC uses SIMD registers, or "
		"a register pair in code that faults at neighbouring addresses, too.",
	.example = "vCPU 1 executed `ldr q0, [x1], #16` on 0x10000040, PCIe MMIO window + 0x40, a "
		   "window for devices.",
	.score = copy_score,
	.place = rule_device_place,
	.where = rule_device_where,
	.how = rule_how,
	.prove = copy_prove,
	.advise = rule_advise_instead,
	.advice = copy_advice,
	.documentation = DOC_ARM_ARM,
};

const struct rule rule_framebuffer_copy = {
	.id = "framebuffer-nisv-memcpy",
	.general = {"simd-memcpy-on-device", "dc-zva-on-device", "sve-on-device", "mops-on-device",
		    "device-access-nisv-instruction"},
	.arch = "arm64",
	.from = RULE_FAULT,
	.what = "The guest drew to a framebuffer in a device's memory with memcpy() or memset(): a "
		"BAR that KVM does not map as memory.",
	.known_by =
		"The machine's map or the guest's device tree has a framebuffer at the address, "
		"and the instruction moves several registers at once.",
	.example = "vCPU 0 executed `stp q0, q1, [x0]` on 0x10000000, framebuffer@10000000, a "
		   "device: only accesses that the CPU describes can be emulated.",
	.score = framebuffer_score,
	.place = rule_device_place,
	.where = rule_device_where,
	.how = rule_how,
	.advise = rule_advise_instead,
	.advice = framebuffer_advice,
	.documentation = DOC_ARM_ARM,
};

/* ---- ecam-nisv-read ------------------------------------------------------------------------- */

static double ecam_read_score(const struct scene *s, const char **reason)
{
	/* A copy from there is this more than it is a copy from any device. */
	double known = copy_score(s, reason) ? 0.9 + 2 * SURER : 0.92;

	if (!s->region || s->region->role != ROLE_ECAM || !rule_is_nisv(s) || !rule_no_slot(s) ||
	    s->esr.wnr)
		return 0;
	*reason = s->has_insn ? "the machine has its PCI configuration space there, and the "
				"instruction was read"
			      : "the machine has its PCI configuration space there";
	return rule_mapped(s, rule_by_insn(s, known, 0.75));
}

static void ecam_read_place(const struct scene *s, struct text *text)
{
	uint64_t offset = s->ipa - s->region->base;

	text_add(text,
		 "%s, function %02" PRIx64 ":%02" PRIx64 ".%" PRIx64
		 ": only accesses that the CPU describes can be emulated",
		 s->region->name, offset >> 20, offset >> 15 & 0x1f, offset >> 12 & 7);
}

static const struct advice ecam_read_advice[] = {
	{NULL,
	 "Read PCI configuration space one register at a time (8, 16 or 32 bits, plain ldr): not "
	 "with memcpy(), a structure copy or a post-indexed loop.",
	 "drivers/pci/access.c: pci_generic_config_read()", REV_LINUX},
	{0},
};

const struct rule rule_ecam_read = {
	.id = "ecam-nisv-read",
	.general = {"simd-memcpy-on-device", "device-access-nisv-instruction"},
	.arch = "arm64",
	.from = RULE_FAULT,
	.what = "The guest read PCI configuration space with an instruction that the CPU does not "
		"describe, as a copy of a configuration header does.",
	.known_by = "The machine's reference map has its ECAM at the address, and the access is a "
		    "read without a syndrome.",
	.example = "vCPU 0 executed `ldp x2, x3, [x1]` on 0x4010008000, PCIe ECAM (high), function "
		   "00:01.0.",
	.score = ecam_read_score,
	.place = ecam_read_place,
	.where = rule_device_where,
	.how = rule_how,
	.advise = rule_advise_instead,
	.advice = ecam_read_advice,
	.documentation = DOC_ARM_ARM,
};

/* ---- dc-zva, MOPS, MTE, SVE ----------------------------------------------------------------- */

static double dc_zva_score(const struct scene *s, const char **reason)
{
	return by_class(s, INSN_DC_ZVA, INSN_DC_ZVA, reason);
}

static double mops_score(const struct scene *s, const char **reason)
{
	return by_class(s, INSN_MOPS, INSN_MOPS, reason);
}

static double mte_score(const struct scene *s, const char **reason)
{
	return by_class(s, INSN_TAG, INSN_TAG, reason);
}

static double sve_score(const struct scene *s, const char **reason)
{
	return by_class(s, INSN_SVE_SME, INSN_SVE_SME, reason);
}

static const struct advice dc_zva_advice[] = {
	{NULL,
	 "memset() to zero uses DC ZVA: clear devices with memset_io(). If the target is meant to "
	 "be RAM, the guest's idea of its memory is wrong.",
	 "arch/arm64/lib/memset.S; arch/arm64/include/asm/io.h: memset_io()", REV_LINUX},
	{0},
};

static const struct advice mops_advice[] = {
	{NULL,
	 "The code was built to copy with FEAT_MOPS (-march=...+mops): use memcpy_fromio()/_toio() "
	 "on devices, or build that code without it.",
	 "arch/arm64/include/asm/io.h", REV_LINUX},
	{0},
};

static const struct advice mte_advice[] = {
	{NULL,
	 "Tags belong to RAM only: do not map devices as Normal Tagged memory, and do not let a "
	 "tagging allocator or stack tagging run on them.",
	 "Documentation/arch/arm64/memory-tagging-extension.rst", REV_LINUX},
	{0},
};

static const struct advice sve_advice[] = {
	{NULL,
	 "Vector loads and stores cannot be emulated: use memcpy_fromio()/_toio() on devices, and "
	 "build device code without auto-vectorisation (-fno-tree-vectorize).",
	 "arch/arm64/include/asm/io.h", REV_LINUX},
	{0},
};

#define INSN_RULE(name, cause, does, words, line)                                                  \
	const struct rule rule_##name = {                                                          \
		.id = (cause),                                                                     \
		.general = {"device-access-nisv-instruction"},                                     \
		.arch = "arm64",                                                                   \
		.from = RULE_FAULT,                                                                \
		.what = (does),                                                                    \
		.known_by =                                                                        \
			"A device is at the address, and the instruction at the PC is " words ".", \
		.example = (line),                                                                 \
		.score = name##_score,                                                             \
		.place = rule_device_place,                                                        \
		.where = rule_device_where,                                                        \
		.how = rule_how,                                                                   \
		.advise = rule_advise_instead,                                                     \
		.advice = name##_advice,                                                           \
		.documentation = DOC_ARM_ARM,                                                      \
	}

INSN_RULE(
	dc_zva, "dc-zva-on-device",
	"The guest zeroed a device with DC ZVA, as memset() does: a whole block is written, which "
	"the CPU does not describe.",
	"DC ZVA, GVA or GZVA",
	"vCPU 0 executed `dc zva, x0` on 0x9000000, UART0 PL011 + 0x0, a device.");
INSN_RULE(mops, "mops-on-device",
	  "The guest copied or set a device's memory with the CPU's own copy instructions "
	  "(FEAT_MOPS).",
	  "one of CPY* or SET*",
	  "vCPU 0 executed `setp [x0]!, x1!, x2` on 0xa000000, virtio-mmio + 0x0, a device.");
INSN_RULE(mte, "mte-tag-op-on-device",
	  "The guest wrote or read memory tags (MTE) where a device is: only RAM has tags.",
	  "a tag operation (STG, LDG and their kin)",
	  "vCPU 0 executed `stg x0, [x0]` on 0x9010000, RTC PL031 + 0x0, a device.");
INSN_RULE(sve, "sve-on-device", "The guest used SVE or SME loads or stores on a device.",
	  "an SVE or SME load or store",
	  "vCPU 0 executed `ld1b {z0.b}, p0/z, [x0]` on 0x10000000, PCIe MMIO window + 0x0.");
