/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Causes in the layout of memory: its end, its holes, address zero, and what the guest was told. */

#include <inttypes.h>
#include <string.h>

#include "daemon/core/rules_kit.h"

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

/*
 * What keeps a cause that rests on "nothing else is there" from being claimed: an unproven window
 * for devices, an optional device, a device that the guest was told of, or nothing that would tell
 * of devices.
 */
static double unless_device(const struct scene *s, double score, const char **reason)
{
	double limit = score;

	if (s->region) {
		limit = 0.35;
		*reason = "no memslot, but the machine has a window for devices there";
	} else if (s->device) {
		limit = 0.35;
		*reason = "no memslot, but the guest was told of a device there";
	} else if (s->reserved && s->reserved->optional) {
		limit = 0.5;
		*reason = "no memslot, but the machine can have a device there with an option";
	} else if (rule_is_uncharted(s)) {
		limit = 0.65;
		if (score > limit)
			*reason = "no memslot there, but no reference map tells whether a device "
				  "is";
	}
	return score < limit ? score : limit;
}

static bool is_above_ram(const struct scene *s)
{
	return s->has_ram && s->below && s->below->gpa + s->below->size == s->ram.end;
}

static bool base_register(const struct scene *s, uint64_t *ret)
{
	if (!s->has_insn || s->is_x86 || !s->rec || s->insn.base_reg < 0 ||
	    s->insn.base_reg >= NISV_GPRS)
		return false;
	*ret = s->rec->gpr[s->insn.base_reg];
	return true;
}

/* ---- dtb-memory-node-larger-than-ram -------------------------------------------------------- */

static double tree_memory_score(const struct scene *s, const char **reason)
{
	bool is_file = s->facts->guest_may_be_file;

	if ((!s->place && !rule_is_use(s, 0)) || !rule_no_slot(s) || rule_is_device(s) ||
	    !s->memory)
		return 0;
	/* Described accesses are a device's, unless nothing but memory can be meant. */
	if (s->place && (is_file || !scene_is_empty(s)))
		return 0;
	/* Memory that was there, and that the guest was told to give back: another cause. */
	if (s->removed)
		return 0;
	*reason = is_file ? "the guest's device tree has memory there, but it may be a mere file "
			    "in the guest's memory"
			  : "the guest itself was told of memory there, and no memslot is";
	return rule_lasting(s, is_file ? 0.6 : 0.96);
}

static void tree_memory_place(const struct scene *s, struct text *text)
{
	text_add(text, "which the guest was told is RAM (\"%s\"), where no memory is",
		 s->memory->name);
}

static const char *guest_source(const struct scene *s)
{
	return s->evidence->guest->source == GUEST_E820 ? "E820 table" : "device tree";
}

static void tree_memory_where(const struct scene *s, struct text *text)
{
	text_add(text,
		 "The guest's %s has memory at %s; of the memory that it was told of, %s "
		 "are in no memslot. ",
		 guest_source(s), words_range(s->memory->base, s->memory->size).s,
		 words_size(guest_overhang(s->evidence->guest, s->evidence->layout)).s);
	rule_where_nothing(s, text);
}

static void tree_memory_prove(const struct scene *s, struct text *text)
{
	text_add(text,
		 "The guest's %s, %" PRIu32 " bytes at 0x%" PRIx64 ", has memory \"%s\" at %s",
		 guest_source(s), s->evidence->guest->bytes, s->evidence->guest->address,
		 s->memory->name, words_range(s->memory->base, s->memory->size).s);
}

static void tree_memory_advise(const struct scene *s, struct text *text)
{
	uint64_t ram = s->facts->ram_bytes;

	if (s->evidence->options->ram_bytes)
		ram = s->evidence->options->ram_bytes;
	if (!ram)
		return;
	text_add(text, "If the guest is right, give the VM the memory that it was told of: ");
	rule_ram_option(s->evidence->vmm,
			ram + guest_overhang(s->evidence->guest, s->evidence->layout), text);
	text_add(text, ".");
}

static const struct advice tree_memory_advice[] = {
	{"qemu",
	 "Let QEMU make the device tree: without -dtb its memory node is what -m says. A tree of "
	 "-machine dumpdtb= holds only for the options that it was dumped with.",
	 "hw/arm/boot.c: arm_load_dtb(), fdt_add_memory_node()", REV_QEMU},
	{NULL,
	 "Or correct what the guest is told: the memory node of the tree that the image or its "
	 "boot "
	 "loader brings, or on x86 the E820 table that its firmware makes.",
	 "chapter 3.4: /memory node", REV_DEVICETREE},
	{NULL,
	 "Until then keep Linux off it: mem=SIZE on its command line, on x86 memmap=SIZE$ADDRESS.",
	 "Documentation/admin-guide/kernel-parameters.txt: mem=, memmap=", REV_LINUX},
	{0},
};

const struct rule rule_tree_memory = {
	.id = "dtb-memory-node-larger-than-ram",
	.general = {"access-past-ram-end", "hole-between-slots"},
	.from = RULE_FAULT | RULE_MAP,
	.what = "The guest was told of more memory than the VM has: by a device tree (a stale -dtb "
		"file, a tree that the image brings) or an E820 table. It uses as RAM what no "
		"memslot backs: loads and stores that the CPU describes vanish as MMIO, others "
		"abort or kill the VM, and so do page tables and code that it puts there.",
	.known_by = "The guest's own device tree or E820 table, found in its memory, has memory at "
		    "the address, and no memslot does. nisvctl verify tells it before it faults.",
	.example =
		"vCPU 0 executed `stp xzr, xzr, [x0]` on 0x48000000, which the guest was told is "
		"RAM (\"memory@40000000\"), where no memory is; the VM was started with -m 128M "
		"and the tree of a VM with 256 MiB.",
	.score = tree_memory_score,
	.place = tree_memory_place,
	.where = tree_memory_where,
	.how = rule_how,
	.prove = tree_memory_prove,
	.advise = tree_memory_advise,
	.scope = rule_scope_vm,
	.traffic_severity = SEVERITY_ERROR,
	.advice = tree_memory_advice,
	.documentation = DOC_TREE,
};

/* ---- access-past-ram-end -------------------------------------------------------------------- */

static uint64_t past_end_limit(const struct scene *s)
{
	uint64_t part = ram_size(s) / PAST_END_PART;

	return part > PAST_END_MIN ? part : PAST_END_MIN;
}

static bool is_far(const struct scene *s)
{
	return s->ipa - s->ram.end >= past_end_limit(s);
}

/* The command line asked for more than the slots hold: so the guest may well expect it. */
static bool is_ram_short(const struct scene *s)
{
	return s->facts->has_all_slots &&
	       s->evidence->options->ram_bytes > layout_ram_bytes(s->evidence->layout);
}

/*
 * A bare-metal image with the size of the RAM built in: before any set-up it uses an address that
 * somebody wrote down, a round number of MiB, or just below one as a stack grows.
 */
static bool is_written_down(const struct scene *s)
{
	uint64_t base = s->ipa, round;

	if (!rule_is_early(s) || s->facts->has_guest || s->ipa - s->ram.end < PAGE)
		return false;
	base_register(s, &base);
	round = (base + MIB / 2) & ~(MIB - 1);
	return round > s->ram.end && (base == round || round - s->ipa <= 0x100);
}

static double past_end_score(const struct scene *s, const char **reason)
{
	double score = 0.75;

	if (!rule_is_access(s, MMIO_FEW) || !rule_no_slot(s) || !is_above_ram(s) ||
	    rule_is_device(s) || s->removed)
		return 0;
	*reason = "no memslot, close above the end of RAM, and no known device there";
	if (is_far(s)) {
		*reason = "no memslot and above the end of RAM, but far from it";
		return facts_slot_is_ram(s->facts, s->above) ? 0 : rule_lasting(s, 0.3);
	}
	/* crosvm puts its platform devices directly after RAM: aarch64/src/lib.rs. */
	if (rule_is_vmm(s, "crosvm")) {
		*reason = "close above the end of RAM, but crosvm has its platform devices there";
		return rule_lasting(s, 0.5);
	}
	if (facts_slot_is_ram(s->facts, s->above)) {
		*reason = "there is RAM above, too: rather a hole than the end of RAM";
		return rule_lasting(s, 0.35);
	}
	if (s->place) {
		/* Described accesses close to RAM may be a window that nobody knows of. */
		score = 0.6;
	} else if (is_ram_short(s)) {
		score = 0.9;
		*reason = "no memslot above the end of RAM, and the command line asks for more RAM";
	} else if (is_power_of_two(ram_size(s)) && s->ipa - s->ram.end < PAGE) {
		score = 0.9;
		*reason = "the first page after RAM, and no known device there";
	} else if (is_written_down(s)) {
		score = 0.55;
		*reason = "above the end of RAM; a round address, used before the MMU is on, "
			  "speaks for a size that is built into the image";
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
			 words_size(s->evidence->options->ram_bytes).s,
			 words_size(layout_ram_bytes(s->evidence->layout)).s);
	text_add(text, ".");
}

static void past_end_advise(const struct scene *s, struct text *text)
{
	uint64_t ram = s->facts->ram_bytes;

	text_add(text, "If the guest is right to expect memory there, give the VM more: ");
	rule_ram_option(s->evidence->vmm, (ram ? ram : ram_size(s)) + (s->ipa - s->ram.end) + 1,
			text);
	text_add(text, ", or more, reaches this address.");
}

static const struct advice past_end_advice[] = {
	{"qemu",
	 "If the VM is started with -dtb, its memory node may be older than -m: drop -dtb so that "
	 "QEMU makes one that fits.",
	 "hw/arm/boot.c: arm_load_dtb()", REV_QEMU},
	{NULL,
	 "If the image has a fixed memory size (linker script, board file, static MMU map), lower "
	 "it to what the VM has or read it from the device tree's memory node.",
	 "chapter 3.4: /memory node", REV_DEVICETREE},
	{NULL,
	 "Check for an off-by-one or an unchecked length in the code at the PC: a buffer that ends "
	 "with RAM is overrun exactly here.",
	 "the address follows the last byte of RAM", REV_NISVD},
	{0},
};

const struct rule rule_past_ram_end = {
	.id = "access-past-ram-end",
	.from = RULE_FAULT,
	.what = "The guest uses memory that follows the end of its RAM: it takes itself to have "
		"more than the VM was given, or a buffer at the end is overrun.",
	.known_by = "No memslot holds the address, it follows the end of the RAM closely, and "
		    "neither the kernel nor the VMM's reference map has a device there. Surest in "
		    "the first page, or where the command line asks for more RAM than the memslots "
		    "hold.",
	.example = "vCPU 0 executed `ldp x1, x2, [x0]` on 0x48000040, 64 bytes past the end of RAM "
		   "(0x40000000-0x48000000, 128 MiB).",
	.score = past_end_score,
	.place = past_end_place,
	.where = past_end_where,
	.how = rule_how,
	.advise = past_end_advise,
	.traffic_severity = SEVERITY_WARNING,
	.advice = past_end_advice,
	.documentation = DOC_KVM_API,
};

/* ---- ram-size-smaller-than-image-assumes ---------------------------------------------------- */

static double image_size_score(const struct scene *s, const char **reason)
{
	if (!rule_is_nisv(s) || !rule_no_slot(s) || !is_above_ram(s) || rule_is_device(s) ||
	    s->removed || s->memory || facts_slot_is_ram(s->facts, s->above) || is_ram_short(s) ||
	    !is_written_down(s) || is_far(s))
		return 0;
	*reason = "a round address above the end of RAM, used before the MMU is on, and no device "
		  "tree: a size that is built into the image";
	return unless_device(s, rule_lasting(s, 0.6), reason);
}

static void image_size_where(const struct scene *s, struct text *text)
{
	past_end_where(s, text);
	text_add(text,
		 " The address is a round number that no device tree tells: the image has it built "
		 "in, as the top of its stack, its heap or where it moves itself to.");
}

static const struct advice image_size_advice[] = {
	{NULL,
	 "Compare the memory size that the image is built for with the VM's: the linker script, "
	 "U-Boot's CONFIG_SYS_SDRAM_SIZE and relocation address, NuttX's CONFIG_RAM_SIZE.",
	 "common/board_f.c: setup_dest_addr()", "U-Boot 2025.01"},
	{NULL, "Better, have the image read the memory node of the device tree that its VMM makes.",
	 "chapter 3.4: /memory node", REV_DEVICETREE},
	{0},
};

const struct rule rule_image_ram_size = {
	.id = "ram-size-smaller-than-image-assumes",
	.general = {"access-past-ram-end"},
	.arch = "arm64",
	.from = RULE_FAULT,
	.what = "A bare-metal image, a boot loader or an RTOS has the size of its RAM built in, "
		"and "
		"the VM has less.",
	.known_by = "The access is close above the end of RAM, with the MMU off, at a round number "
		    "of MiB or just below one, and the guest has no device tree to read it from.",
	.example = "vCPU 0 executed `stp x29, x30, [sp, #-16]!` on 0x4bfffff0, 64 MiB past the end "
		   "of RAM: the image sets its stack to the end of 192 MiB, the VM has 128.",
	.score = image_size_score,
	.place = past_end_place,
	.where = image_size_where,
	.how = rule_how,
	.advise = past_end_advise,
	.traffic_severity = SEVERITY_WARNING,
	.advice = image_size_advice,
	.documentation = DOC_TREE,
};

/* ---- hole-between-slots --------------------------------------------------------------------- */

/* crosvm has devices after RAM, kvmtool below it: there memory on both sides makes no hole. */
static bool has_devices_between(const struct scene *s)
{
	return rule_is_vmm(s, "crosvm") || rule_is_vmm(s, "kvmtool");
}

static double hole_score(const struct scene *s, const char **reason)
{
	double score = 0.85;

	if (!rule_is_access(s, MMIO_FEW) || !rule_no_slot(s) || rule_is_device(s) || s->removed)
		return 0;
	if (!facts_slot_is_ram(s->facts, s->below) || !facts_slot_is_ram(s->facts, s->above))
		return 0;
	*reason = "no memslot, RAM below and above, and no known device there";
	if (s->place) /* the PCI hole of x86 is one, and devices are probed in it */
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
	 "(or every e820 or UEFI entry), not the first base with the total size.",
	 "chapter 3.4: /memory node, reg lists every range", REV_DEVICETREE},
	{"firecracker",
	 "Firecracker splits RAM around its MMIO64 window at 256 to 512 GiB: a guest that needs "
	 "one piece must stay below.",
	 "src/vmm/src/arch/aarch64/layout.rs: MMIO64_MEM_START", REV_FIRECRACKER},
	{"cloud-hypervisor",
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
