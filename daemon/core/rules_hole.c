/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Where no memory is: between pieces of RAM, and at address zero. */

#include <inttypes.h>
#include <string.h>

#include "daemon/core/rules_kit.h"

#define LOW_PAGE 0x1000ULL
#define LOW_64K	 0x10000ULL

/* ---- hole-between-slots --------------------------------------------------------------------- */

/* crosvm has devices after RAM, kvmtool below it: there memory on both sides makes no hole. */
static bool has_devices_between(const struct scene *s)
{
	return rule_is_vmm(s, "crosvm") || rule_is_vmm(s, "kvmtool");
}

static double hole_score(const struct scene *s, const char **reason)
{
	/* The PCI hole of x86 is one, and devices are probed in it. */
	uint64_t least = s->is_x86 ? MMIO_MANY : MMIO_FEW;
	double score = 0.85;

	if (!rule_is_access(s, least) || !rule_no_slot(s) || rule_is_device(s) || s->removed)
		return 0;
	if (!facts_slot_is_ram(s->facts, s->below) || !facts_slot_is_ram(s->facts, s->above))
		return 0;
	*reason = "no memslot, RAM below and above, and no known device there";
	if (s->place)
		score = 0.55;
	score = rule_lasting(s, score);
	if (has_devices_between(s)) {
		score = score < 0.35 ? score : 0.35;
		*reason = "memory below and above, but this VMM has its devices around RAM";
	} else if (score > 0.6 &&
		   (!scene_ram_is_plausible(s, s->below) || !scene_ram_is_plausible(s, s->above))) {
		score = 0.6;
		*reason = "no memslot, memory below and above, which may be RAM or a device's";
	}
	return rule_unless_device(s, score, reason);
}

static void hole_place(const struct scene *s, struct text *text)
{
	text_add(text, "in the hole between the RAM that ends at 0x%" PRIx64,
		 (uint64_t)(s->below->gpa + s->below->size));
	text_add(text, " and the RAM that begins at 0x%" PRIx64, (uint64_t)s->above->gpa);
}

static void hole_where(const struct scene *s, struct text *text)
{
	text_add(text, "The VM's RAM is split, and the address is in the gap: ");
	rule_neighbours(s, text);
	text_add(text, ".");
}

static const struct advice hole_advice[] = {
	{NULL,
	 "The guest takes its RAM for one piece: it must use every memory node of the device tree "
	 "(or every e820 or UEFI entry), not the first base with the total size.",
	 "chapter 3.4: /memory node, reg lists every range", REV_DEVICETREE},
	{"firecracker",
	 "Firecracker splits RAM around its MMIO64 window at 256 to 512 GiB: a guest that needs "
	 "one piece must stay below.",
	 "src/vmm/src/arch/aarch64/layout.rs: MMIO64_MEM_START", REV_FIRECRACKER},
	{"cloud-hypervisor/arm64",
	 "Cloud Hypervisor leaves 0xfc000000 to 4 GiB free and continues RAM at 4 GiB.",
	 "arch/src/aarch64/layout.rs: MEM_32BIT_RESERVED_START", REV_CLOUD_HYPERVISOR},
	{0},
};

const struct rule rule_hole = {
	.id = "hole-between-slots",
	.from = RULE_FAULT,
	.what = "The VM's RAM is in several pieces, and the guest uses the gap between two of them "
		"as memory: it took the first base and the total size for one range.",
	.known_by = "No memslot holds the address, RAM lies below and above it, and no device is "
		    "known in the gap.",
	.example = "vCPU 0 executed `stp x1, x2, [x0]` on 0xfd000040, in the hole between the RAM "
		   "that ends at 0xfc000000 and the RAM that begins at 0x100000000.",
	.score = hole_score,
	.place = hole_place,
	.where = hole_where,
	.how = rule_how,
	.traffic_severity = SEVERITY_WARNING,
	.advice = hole_advice,
	.documentation = DOC_KVM_API,
};

/* ---- null-pointer-low-ipa ------------------------------------------------------------------- */

/* crosvm has its UARTs from 0x2e8, kvmtool its I/O ports from 0: domain of those VMMs, not NULL. */
static bool has_low_devices(const struct scene *s)
{
	return rule_is_vmm(s, "crosvm") || rule_is_vmm(s, "kvmtool");
}

static double null_score(const struct scene *s, const char **reason)
{
	double score;
	uint64_t base;

	if (!rule_is_nisv(s) || !rule_no_slot(s) || s->ipa >= LOW_64K || rule_is_device(s) ||
	    s->removed)
		return 0;
	if (has_low_devices(s)) {
		*reason = "close to address zero, but this VMM has devices there";
		return rule_lasting(s, 0.35);
	}
	if (s->site->far != s->ipa || scene_is_nested(s)) {
		*reason = "close to physical address zero, but the virtual address was another";
		return rule_lasting(s, 0.35);
	}
	score = s->ipa < LOW_PAGE ? 0.8 : 0.5;
	*reason = "no memory at this low address, and the virtual address is the same";
	if (rule_base_register(s, &base) && base < LOW_PAGE) {
		score = 0.9;
		*reason = "no memory there, and the base register itself holds a value below 4 KiB";
	}
	/* The reference map's ROM, or flash that is in command mode: so not simply nothing. */
	if (s->reserved)
		score = score > 0.6 ? 0.6 : rule_lower(score);
	return rule_unless_device(s, rule_lasting(s, score), reason);
}

static void null_place(const struct scene *s, struct text *text)
{
	(void)s;
	text_add(text, "next to address zero, where the VM has no memory");
}

static void null_where(const struct scene *s, struct text *text)
{
	uint64_t base;

	text_add(text, "Nothing is mapped at 0x%" PRIx64, s->ipa);
	if (rule_base_register(s, &base))
		text_add(text, "; the base register holds 0x%" PRIx64, base);
	text_add(text, ": a pointer that was never set, or an offset from one.");
	if (s->reserved)
		text_add(text, " The machine's map has %s there, this VM has no slot for it.",
			 s->reserved->name);
}

static const struct advice null_advice[] = {
	{NULL,
	 "Find the pointer: look up the PC in the guest's symbols and see what loads the base "
	 "register.",
	 "the base register is in the evidence", REV_NISVD},
	{"qemu",
	 "If the access uses x0 from the entry of a bare-metal ELF: QEMU passes no device tree in "
	 "x0 to an ELF image. Use the arm64 Image header, or take the tree from the start of RAM.",
	 "hw/arm/boot.c: arm_load_kernel(), is_linux", REV_QEMU},
	{NULL,
	 "With the MMU on, leave the first page unmapped in the guest: it then takes the fault "
	 "itself and can name the code.",
	 "D8: stage-1 translation faults are the guest's own", REV_ARM_ARM},
	{0},
};

const struct rule rule_null_pointer = {
	.id = "null-pointer-low-ipa",
	.arch = "arm64",
	.from = RULE_FAULT,
	.what = "The guest used a pointer that was never set, or a field behind one, with the MMU "
		"off or memory mapped one to one. With its MMU on Linux takes such a fault itself.",
	.known_by = "The address is below 4 KiB (less sure: 64 KiB), the same as the virtual one, "
		    "no memslot and no device is there; the base register holds a small value.",
	.example = "vCPU 0 executed `ldp x1, x2, [x0]` on 0x0, next to address zero, where the VM "
		   "has no memory; x0 = 0.",
	.score = null_score,
	.place = null_place,
	.where = null_where,
	.how = rule_how,
	.advice = null_advice,
	.documentation = DOC_KVM_API,
};
