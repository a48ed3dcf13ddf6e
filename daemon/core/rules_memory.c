/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the guest was told of its memory, and is not there. */

#include <inttypes.h>
#include <string.h>

#include "daemon/core/rules_kit.h"

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
	return rule_told(s, 0.96);
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
	uint64_t overhang = guest_overhang(s->evidence->guest, s->evidence->layout);

	text_add(text, "The guest's %s has memory at %s", guest_source(s),
		 words_range(s->memory->base, s->memory->size).s);
	if (overhang)
		text_add(text, "; of the memory that it was told of, %s are in no memslot",
			 words_size(overhang).s);
	text_add(text, ". ");
	rule_where_nothing(s, text);
}

static void tree_memory_prove(const struct scene *s, struct text *text)
{
	rule_guest_table(s->evidence->guest, text);
	text_add(text, ", has memory \"%s\" at %s", s->memory->name,
		 words_range(s->memory->base, s->memory->size).s);
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
	{"qemu/arm64",
	 "QEMU makes the memory nodes of the tree that it hands over match -m, with -dtb too: a "
	 "guest that goes by others brings its own tree, in its image or by its boot loader.",
	 "hw/arm/boot.c: arm_load_dtb(), fdt_add_memory_node()", REV_QEMU},
	{"arm64",
	 "Or correct what the guest is told: the memory node of the device tree that the image or "
	 "its boot loader brings.",
	 "chapter 3.4: /memory node", REV_DEVICETREE},
	{"x86_64",
	 "Or correct what the guest is told: the E820 table, which the VMM, the firmware or the "
	 "boot loader makes.",
	 "Documentation/arch/x86/boot.rst: e820_table", REV_LINUX},
	{"arm64", "Until then keep Linux off it: mem=SIZE on its command line.",
	 "Documentation/admin-guide/kernel-parameters.txt: mem=", REV_LINUX},
	{"x86_64",
	 "Until then keep Linux off it: mem=SIZE or memmap=SIZE$ADDRESS on its command line.",
	 "Documentation/admin-guide/kernel-parameters.txt: mem=, memmap=", REV_LINUX},
	{0},
};

const struct rule rule_tree_memory = {
	.id = "dtb-memory-node-larger-than-ram",
	.general = {"access-past-ram-end", "hole-between-slots", "jumped-to-unmapped",
		    "uninitialised-page-table"},
	.from = RULE_FAULT | RULE_MAP,
	.what = "The guest was told of more memory than the VM has: by a device tree that its "
		"image or boot loader brings, or by an E820 table. It uses as RAM what no memslot "
		"backs: loads and stores that the CPU describes vanish as MMIO; others kill the "
		"VM, or abort where the VMM asked KVM for that choice "
		"(KVM_CAP_ARM_NISV_TO_USER: QEMU); page tables and code that it puts there abort.",
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
