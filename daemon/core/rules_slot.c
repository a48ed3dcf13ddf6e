/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Causes in a memslot itself: it is read-only. */

#include <inttypes.h>
#include <string.h>

#include "daemon/core/rules_kit.h"

static bool is_readonly(const struct scene *s)
{
	return s->slot && s->slot->flags & NISV_SLOT_READONLY;
}

static const struct machine_region *rom_at(const struct scene *s)
{
	const struct machine_region *region =
		machine_region_at(s->evidence->machine, s->evidence->layout->vgic_model, s->ipa);

	return region && region->class == REGION_ROM ? region : NULL;
}

static void readonly_where(const struct scene *s, struct text *text)
{
	const struct machine_region *rom = rom_at(s);

	text_add(text, "The address is inside memory, in ");
	rule_slot(s->slot, text);
	if (rom)
		text_add(text, ": %s of the machine", rom->name);
	text_add(text, ". KVM treats a write to it as an access to a device.");
}

static void add_slot_place(const struct scene *s, struct text *text)
{
	const struct machine_region *rom = rom_at(s);

	text_add(text, "the read-only memslot %d (%s%s0x%" PRIx64 "-0x%" PRIx64 ")", s->slot->id,
		 rom ? rom->name : "", rom ? ", " : "", (uint64_t)s->slot->gpa,
		 (uint64_t)(s->slot->gpa + s->slot->size));
}

/* ---- cache-op-on-readonly-slot -------------------------------------------------------------- */

static double cache_op_score(const struct scene *s, const char **reason)
{
	if (s->site->kind != NISV_KIND_NISV || !s->esr.cm || !is_readonly(s) || s->is_foreign)
		return 0;
	*reason = "the memslot is read-only and the syndrome says cache maintenance";
	return rule_sighted(s, 0.97);
}

static void cache_op_place(const struct scene *s, struct text *text)
{
	text_add(text, "a cache maintenance operation on ");
	add_slot_place(s, text);
}

static const struct advice cache_op_advice[] = {
	{NULL,
	 "The guest must not invalidate or clean caches over ROM or flash: leave those ranges out "
	 "of its loops, for U-Boot and barebox the remapping of the flash device.",
	 "arch/arm64/kvm/mmu.c: kvm_handle_guest_abort()", REV_LINUX},
	{NULL,
	 "If the host's log says \"Data abort outside memslots\": that text is wrong here, the "
	 "address is in a memslot.",
	 "arch/arm64/kvm/mmio.c: io_mem_abort() of 5.5 to 6.6", "Linux 6.6"},
	{0},
};

const struct rule rule_cache_op_readonly = {
	.id = "cache-op-on-readonly-slot",
	.arch = "arm64",
	.from = RULE_FAULT,
	.what = "The guest did cache maintenance by address on memory that is read-only for it, "
		"such as flash. KVM takes that for a write to a device.",
	.known_by = "ESR_EL2.CM is set, and the address is in a memslot with KVM_MEM_READONLY.",
	.example = "vCPU 0 executed `dc ivac, x0` on 0x1000, a cache maintenance operation on the "
		   "read-only memslot 1 (FLASH, 0x0-0x4000000).",
	.score = cache_op_score,
	.place = cache_op_place,
	.where = readonly_where,
	.how = rule_how,
	.advice = cache_op_advice,
	.documentation = DOC_KVM_API,
};

/* ---- readonly-slot-write-nisv --------------------------------------------------------------- */

static double readonly_score(const struct scene *s, const char **reason)
{
	if (!rule_is_nisv(s) || !is_readonly(s) || !s->esr.wnr)
		return 0;
	*reason = "the memslot is read-only and the syndrome says write";
	return rule_sighted(s, 0.95);
}

static void readonly_place(const struct scene *s, struct text *text)
{
	text_add(text, "a write to ");
	add_slot_place(s, text);
}

static const struct advice readonly_advice[] = {
	{"qemu",
	 "If this is the firmware's variable store: give it a writable flash of its own (second "
	 "-drive if=pflash without readonly=on), code image first, variables second.",
	 "hw/arm/virt.c: virt_flash_map(); docs/system/arm/virt.rst", REV_QEMU},
	{NULL,
	 "If the guest programs the flash: use plain single-register stores without writeback for "
	 "CFI commands, the VMM can emulate those.",
	 "ISS encoding for an exception from a Data Abort: ISV", REV_ARM_ARM},
	{NULL,
	 "If it is not meant to write there: code or data linked into ROM is being modified, or a "
	 "pointer is wrong. Look up the PC.",
	 "the memslot has KVM_MEM_READONLY", REV_NISVD},
	{0},
};

const struct rule rule_readonly_slot_write = {
	.id = "readonly-slot-write-nisv",
	.arch = "arm64",
	.from = RULE_FAULT,
	.what = "The guest wrote to read-only memory, flash or ROM, with an instruction that the "
		"CPU does not describe: the VMM cannot take it for a flash command.",
	.known_by =
		"The address is in a memslot with KVM_MEM_READONLY, and the syndrome says write.",
	.example =
		"vCPU 0 executed `stp x1, x2, [x0]` on 0x1040, a write to the read-only memslot 1 "
		"(FLASH, 0x0-0x4000000).",
	.score = readonly_score,
	.place = readonly_place,
	.where = readonly_where,
	.how = rule_how,
	.advice = readonly_advice,
	.documentation = DOC_KVM_API,
};
