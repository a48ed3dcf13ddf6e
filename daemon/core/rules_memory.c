/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Causes in the layout of memory: its end, its holes, address zero, slots that change or fail. */

#include <inttypes.h>
#include <string.h>

#include "daemon/core/fault.h"
#include "daemon/core/rules.h"

#define MIB	      (1ULL << 20)
#define PAST_END_MIN  (64 * MIB)
#define PAST_END_PART 4 /* of the RAM */
#define LOW_PAGE      0x1000ULL
#define LOW_64K	      0x10000ULL
#define PAGE	      0x1000ULL

static uint64_t ram_size(const struct scene *s)
{
	return s->ram.end - s->ram.start;
}

static bool is_power_of_two(uint64_t n)
{
	return n && !(n & (n - 1));
}

/* What the reference map has there, or what KVM saw there, is a device. A window alone is no proof:
 * what the address may be instead stays an alternative. */
static bool is_device(const struct scene *s)
{
	return s->vgic || scene_has_device(s) || (s->region && !rule_is_window(s->region));
}

/*
 * What keeps a cause that rests on "nothing else is there" from being claimed: an unproven window
 * for devices, an optional device, or nothing that would tell of devices.
 */
static double unless_device(const struct scene *s, double score, const char **reason)
{
	double limit = score;

	if (s->region) {
		limit = 0.35;
		*reason = "no memslot, but the machine has a window for devices there";
	} else if (s->reserved && s->reserved->optional) {
		limit = 0.5;
		*reason = "no memslot, but the machine can have a device there with an option";
	} else if (scene_is_uncharted(s)) {
		limit = 0.65;
		if (score > limit)
			*reason =
				"no memslot there, but no reference map tells whether a device is";
	}
	return score < limit ? score : limit;
}

/* ---- access-past-ram-end -------------------------------------------------------------------- */

static uint64_t past_end_limit(const struct scene *s)
{
	uint64_t part = ram_size(s) / PAST_END_PART;

	return part > PAST_END_MIN ? part : PAST_END_MIN;
}

static bool is_above_ram(const struct scene *s)
{
	return s->has_ram && s->below && s->below->gpa + s->below->size == s->ram.end;
}

static bool is_far(const struct scene *s)
{
	return s->ipa - s->ram.end >= past_end_limit(s);
}

/* The command line asked for more than the slots hold: so the guest may well expect it. */
static bool is_ram_short(const struct scene *s)
{
	const struct layout *layout = s->evidence->layout;

	return layout->known && layout->total_slots <= layout->n_slots &&
	       s->evidence->ram_option_bytes > layout_ram_bytes(layout);
}

static double past_end_score(const struct scene *s, const char **reason)
{
	double score = 0.75;

	if (!rule_is_nisv(s) || !rule_no_slot(s) || !is_above_ram(s) || is_device(s))
		return 0;
	*reason = "no memslot, close above the end of RAM, and no known device there";
	if (is_far(s)) {
		*reason = "no memslot and above the end of RAM, but far from it";
		return scene_slot_is_ram(s, s->above) ? 0 : rule_lasting(s, 0.3);
	}
	/* crosvm puts its platform devices directly after RAM: aarch64/src/lib.rs. */
	if (!strcmp(s->evidence->vmm, "crosvm")) {
		*reason = "close above the end of RAM, but crosvm has its platform devices there";
		return rule_lasting(s, 0.5);
	}
	if (scene_slot_is_ram(s, s->above)) {
		*reason = "there is RAM above, too: rather a hole than the end of RAM";
		return rule_lasting(s, 0.35);
	}
	if (is_ram_short(s)) {
		score = 0.9;
		*reason = "no memslot above the end of RAM, and the command line asks for more RAM";
	} else if (is_power_of_two(ram_size(s)) && s->ipa - s->ram.end < PAGE) {
		score = 0.9;
		*reason = "the first page after RAM, and no known device there";
	}
	score = rule_lasting(s, score);
	if (!is_ram_short(s) && !scene_ram_is_plausible(s, s->below) && score > 0.6) {
		score = 0.6;
		*reason = "no memslot, close above one that may be RAM or a device's memory";
	}
	return unless_device(s, score, reason);
}

static void past_end_place(const struct scene *s, struct text *text)
{
	text_add(text, "%s past the end of RAM (0x%" PRIx64 "-0x%" PRIx64 ", %s)",
		 words_size(s->ipa - s->ram.end).s, s->ram.start, s->ram.end,
		 words_size(ram_size(s)).s);
}

static void past_end_where(const struct scene *s, struct text *text)
{
	text_add(text, "The VM's RAM ends at 0x%" PRIx64 ", %s below the address", s->ram.end,
		 words_size(s->ipa - s->ram.end).s);
	if (is_ram_short(s))
		text_add(text, "; the command line asks for %s, the memslots hold %s",
			 words_size(s->evidence->ram_option_bytes).s,
			 words_size(layout_ram_bytes(s->evidence->layout)).s);
	text_add(text, ".");
}

/* The options that set a VM's RAM: what stands before and after the number of MiB. */
struct ram_option {
	const char *vmm, *before, *after, *source;
};

static const struct ram_option ram_options[] = {
	{"qemu", "-m ", "M", "QEMU qemu-options.hx: -m"},
	{"firecracker", "mem_size_mib = ", " in machine-config",
	 "Firecracker src/firecracker/swagger/firecracker.yaml: MachineConfiguration"},
	{"cloud-hypervisor", "--memory size=", "M", "Cloud Hypervisor docs/memory.md"},
	{"crosvm", "--mem ", "", "crosvm src/crosvm/cmdline.rs: RunCommand"},
	{"kvmtool", "--mem ", "", "kvmtool builtin-run.c: BUILD_OPTIONS"},
	{"libkrun", "krun_set_vm_config() with ram_mib = ", "", "libkrun include/libkrun.h"},
};

void rule_ram_option(const char *vmm, uint64_t bytes, struct text *text)
{
	const char *before = "", *after = " MiB of RAM";

	for (size_t i = 0; i < sizeof(ram_options) / sizeof(ram_options[0]); i++)
		if (!strcmp(ram_options[i].vmm, vmm)) {
			before = ram_options[i].before;
			after = ram_options[i].after;
		}
	text_add(text, "%s%" PRIu64 "%s", before, (uint64_t)((bytes + MIB - 1) / MIB), after);
}

static void past_end_advise(const struct scene *s, struct text *text)
{
	uint64_t ram = scene_ram_bytes(s);

	text_add(text, "If the guest is right to expect memory there, give the VM more: ");
	rule_ram_option(s->evidence->vmm, (ram ? ram : ram_size(s)) + (s->ipa - s->ram.end) + 1,
			text);
	text_add(text, ", or more, reaches this address.");
}

static const struct advice past_end_advice[] = {
	{"qemu",
	 "If the VM is started with -dtb, its memory node may be older than -m: drop -dtb so that "
	 "QEMU "
	 "makes one that fits.",
	 "QEMU hw/arm/boot.c: arm_load_dtb()"},
	{NULL,
	 "If the image has a fixed memory size (linker script, board file, static MMU map), lower "
	 "it to "
	 "what the VM has or read it from the device tree's memory node.",
	 "Devicetree Specification, /memory node"},
	{NULL,
	 "Check for an off-by-one or an unchecked length in the code at the PC: a buffer that ends "
	 "with "
	 "RAM is overrun exactly here.",
	 "the address follows the last byte of RAM"},
	{0},
};

const struct rule rule_past_ram_end = {
	.id = "access-past-ram-end",
	.score = past_end_score,
	.place = past_end_place,
	.where = past_end_where,
	.how = rule_how_nisv,
	.advise = past_end_advise,
	.advice = past_end_advice,
	.documentation = DOC_KVM_API,
};

/* ---- hole-between-slots --------------------------------------------------------------------- */

/* crosvm has devices after RAM, kvmtool below it: there memory on both sides makes no hole. */
static bool has_devices_between(const struct scene *s)
{
	return !strcmp(s->evidence->vmm, "crosvm") || !strcmp(s->evidence->vmm, "kvmtool");
}

static double hole_score(const struct scene *s, const char **reason)
{
	double score = 0.85;

	if (!rule_is_nisv(s) || !rule_no_slot(s) || is_device(s))
		return 0;
	if (!scene_slot_is_ram(s, s->below) || !scene_slot_is_ram(s, s->above))
		return 0;
	*reason = "no memslot, RAM below and above, and no known device there";
	score = rule_lasting(s, score);
	if (has_devices_between(s)) {
		score = score < 0.35 ? score : 0.35;
		*reason = "memory below and above, but this VMM has its devices around RAM";
	} else if (score > 0.6 &&
		   (!scene_ram_is_plausible(s, s->below) || !scene_ram_is_plausible(s, s->above))) {
		score = 0.6;
		*reason = "no memslot, memory below and above, which may be RAM or a device's";
	}
	return unless_device(s, score, reason);
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
	 "(or "
	 "every e820 or UEFI entry), not the first base with the total size.",
	 "Devicetree Specification, /memory node: reg lists every range"},
	{"firecracker",
	 "Firecracker splits RAM around its MMIO64 window at 256 to 512 GiB: a guest that needs "
	 "one "
	 "piece must stay below.",
	 "Firecracker src/vmm/src/arch/aarch64/layout.rs"},
	{"cloud-hypervisor",
	 "Cloud Hypervisor leaves 0xfc000000 to 4 GiB free and continues RAM at 4 GiB.",
	 "Cloud Hypervisor arch/src/aarch64/layout.rs"},
	{0},
};

const struct rule rule_hole = {
	.id = "hole-between-slots",
	.score = hole_score,
	.place = hole_place,
	.where = hole_where,
	.how = rule_how_nisv,
	.advice = hole_advice,
	.documentation = DOC_KVM_API,
};

/* ---- null-pointer-low-ipa ------------------------------------------------------------------- */

static bool base_register(const struct scene *s, uint64_t *ret)
{
	struct insn_registers registers;

	if (!s->has_insn || !s->rec || s->insn.base_reg < 0 || s->insn.base_reg >= NISV_GPRS ||
	    !fault_registers(s->rec, s->evidence->arch, &registers))
		return false;
	*ret = registers.gpr[s->insn.base_reg];
	return true;
}

/* crosvm has its UARTs from 0x2e8, kvmtool its I/O ports from 0: domain of those VMMs, not NULL. */
static bool has_low_devices(const struct scene *s)
{
	return !strcmp(s->evidence->vmm, "crosvm") || !strcmp(s->evidence->vmm, "kvmtool");
}

static double null_score(const struct scene *s, const char **reason)
{
	double score;
	uint64_t base;

	if (!rule_is_nisv(s) || !rule_no_slot(s) || s->ipa >= LOW_64K || is_device(s))
		return 0;
	if (has_low_devices(s)) {
		*reason = "close to address zero, but this VMM has devices there";
		return rule_lasting(s, 0.35);
	}
	if (s->site->far != s->ipa) {
		*reason = "close to physical address zero, but the virtual address was another";
		return rule_lasting(s, 0.35);
	}
	score = s->ipa < LOW_PAGE ? 0.8 : 0.5;
	*reason = "no memory at this low address, and the virtual address is the same";
	if (base_register(s, &base) && base < LOW_PAGE) {
		score = 0.9;
		*reason = "no memory there, and the base register itself holds a value below 4 KiB";
	}
	/* The reference map's ROM: present in other VMs of this machine, so not simply nothing. */
	if (s->reserved)
		score = rule_lower(score);
	return unless_device(s, rule_lasting(s, score), reason);
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
	if (base_register(s, &base))
		text_add(text, "; the base register holds 0x%" PRIx64, base);
	text_add(text, ": a pointer that was never set, or an offset from one.");
	if (s->reserved)
		text_add(text, " (The machine's map has %s there, this VM has no slot for it.)",
			 s->reserved->name);
}

static const struct advice null_advice[] = {
	{NULL,
	 "Find the pointer: look up the PC in the guest's symbols and see what loads the base "
	 "register.",
	 "the base register is in the evidence"},
	{"qemu",
	 "If the access uses x0 from the entry of a bare-metal ELF: QEMU passes no device tree in "
	 "x0 to "
	 "an ELF image. Use the arm64 Image header, or take the tree from the start of RAM.",
	 "QEMU hw/arm/boot.c: arm_load_kernel(), is_linux"},
	{NULL,
	 "With the MMU on, leave the first page unmapped in the guest: it then takes the fault "
	 "itself "
	 "and can name the code.",
	 "Arm ARM DDI 0487, D8: stage-1 translation faults are the guest's own"},
	{0},
};

const struct rule rule_null_pointer = {
	.id = "null-pointer-low-ipa",
	.score = null_score,
	.place = null_place,
	.where = null_where,
	.how = rule_how_nisv,
	.advice = null_advice,
	.documentation = DOC_KVM_API,
};
