/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Causes in a memslot itself: read-only, being changed, without usable memory, out of reach. */

#include <inttypes.h>
#include <string.h>

#include "daemon/core/rules.h"

/* ---- backing-gone --------------------------------------------------------------------------- */

static double backing_score(const struct scene *s, const char **reason)
{
	if (s->site->kind != NISV_KIND_BACKING || !s->slot || (s->rec && s->rec->is_nested))
		return 0;
	*reason =
		"KVM_RUN failed with EFAULT inside a memslot; whether the host mapping is gone or "
		"only not usable is not visible here";
	/* KVM answers EFAULT only inside a slot: when the slot was looked up matters little. */
	return s->rec ? 0.85 : rule_sighted(s, 0.85);
}

static uint64_t host_address(const struct scene *s)
{
	return s->slot->hva + (s->ipa - s->slot->gpa);
}

static void backing_place(const struct scene *s, struct text *text)
{
	text_add(text, "inside memslot %d, behind which the VMM has no usable memory at 0x%" PRIx64,
		 s->slot->id, host_address(s));
}

static void backing_where(const struct scene *s, struct text *text)
{
	text_add(text, "The address is in ");
	rule_slot(s->slot, text);
	text_add(text,
		 "; its host address 0x%" PRIx64 " is not mapped, or not with the rights needed.",
		 host_address(s));
}

static void backing_how(const struct scene *s, struct text *text)
{
	(void)s;
	text_add(text,
		 "Not a matter of the instruction: KVM could not get the host page and failed "
		 "KVM_RUN with EFAULT.");
}

static void backing_advise(const struct scene *s, struct text *text)
{
	text_add(text,
		 "Look at the host mapping: grep for 0x%" PRIx64 " in /proc/PID/maps of the VMM "
		 "(memory unmapped, a file truncated, mprotect, or device memory).",
		 host_address(s));
}

static const struct advice backing_advice[] = {
	{"qemu",
	 "Memory from a file (memory-backend-file) must not be truncated while the VM runs; with "
	 "huge "
	 "pages, reserve enough of them (prealloc=on fails early instead).",
	 "QEMU qemu-options.hx: memory-backend-file, prealloc"},
	{NULL,
	 "The VMM must keep every memslot's memory mapped until it deletes the slot: this is its "
	 "bug, "
	 "not the guest's.",
	 "Linux Documentation/virt/kvm/api.rst: KVM_SET_USER_MEMORY_REGION"},
	{0},
};

const struct rule rule_backing_gone = {
	.id = "backing-gone",
	.score = backing_score,
	.place = backing_place,
	.where = backing_where,
	.how = backing_how,
	.advise = backing_advise,
	.advice = backing_advice,
	.documentation = DOC_KVM_API,
};

/* ---- beyond-ipa-limit ----------------------------------------------------------------------- */

static double beyond_score(const struct scene *s, const char **reason)
{
	uint32_t bits = s->evidence->layout->ipa_bits;
	bool above = bits && bits < 64 && s->ipa >> bits;

	if (s->is_x86 || (s->rec && s->rec->is_nested))
		return 0;
	if (above) {
		*reason = "the address is above the VM's IPA size";
		return 0.97;
	}
	if (s->site->kind != NISV_KIND_BEYOND_IPA)
		return 0;
	*reason = "KVM refused the address as beyond the IPA limit; the VM's IPA size is not known "
		  "to be below it";
	return bits ? 0.6 : 0.9;
}

static void beyond_place(const struct scene *s, struct text *text)
{
	text_add(text, "beyond the addresses that the VM can have");
	if (s->evidence->layout->ipa_bits)
		text_add(text, " (%" PRIu32 " bits)", s->evidence->layout->ipa_bits);
}

static void beyond_where(const struct scene *s, struct text *text)
{
	uint32_t bits = s->evidence->layout->ipa_bits;

	if (bits && bits < 64)
		text_add(text,
			 "The VM has %" PRIu32 " bits of guest-physical addresses, up to 0x%" PRIx64
			 "; nothing can be mapped at 0x%" PRIx64 ".",
			 bits, (UINT64_C(1) << bits) - 1, s->ipa);
	else
		text_add(text,
			 "0x%" PRIx64 " is above the IPA limit of the VM or of the host's CPU.",
			 s->ipa);
}

static void beyond_how(const struct scene *s, struct text *text)
{
	(void)s;
	text_add(text,
		 "Not a matter of the instruction: KVM answers any access beyond the limit with "
		 "an abort in the guest.");
}

static const struct advice beyond_advice[] = {
	{"qemu",
	 "Keep devices and memory below the limit: -machine virt,highmem=off, or less RAM and "
	 "smaller "
	 "BARs.",
	 "QEMU hw/arm/virt.c: virt_set_memmap()"},
	{NULL,
	 "The VMM can make the VM with more address bits where the host has them "
	 "(KVM_CAP_ARM_VM_IPA_SIZE, "
	 "KVM_VM_TYPE_ARM_IPA_SIZE).",
	 "Linux Documentation/virt/kvm/api.rst: KVM_CREATE_VM"},
	{NULL,
	 "If no device or memory was ever meant to be there, the guest made the address up: a "
	 "pointer "
	 "overwritten, or a virtual address in a page table.",
	 "the address is in no window of the machine"},
	{0},
};

const struct rule rule_beyond_ipa_limit = {
	.id = "beyond-ipa-limit",
	.score = beyond_score,
	.place = beyond_place,
	.where = beyond_where,
	.how = beyond_how,
	.advice = beyond_advice,
	.documentation = DOC_KVM_API,
};

/* ---- readonly-slot-write-nisv --------------------------------------------------------------- */

static const struct machine_region *rom_at(const struct scene *s)
{
	const struct machine_region *region =
		machine_region_at(s->evidence->machine, s->evidence->layout->vgic_model, s->ipa);

	return region && region->class == REGION_ROM ? region : NULL;
}

static double readonly_score(const struct scene *s, const char **reason)
{
	if (!rule_is_nisv(s) || !s->slot || !(s->slot->flags & NISV_SLOT_READONLY) || !s->esr.wnr)
		return 0;
	*reason = "the memslot is read-only and the syndrome says write";
	return rule_sighted(s, 0.95);
}

static void readonly_place(const struct scene *s, struct text *text)
{
	const struct machine_region *rom = rom_at(s);

	text_add(text, "a write to the read-only memslot %d (%s%s0x%" PRIx64 "-0x%" PRIx64 ")",
		 s->slot->id, rom ? rom->name : "", rom ? ", " : "", (uint64_t)s->slot->gpa,
		 (uint64_t)(s->slot->gpa + s->slot->size));
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

static const struct advice readonly_advice[] = {
	{"qemu",
	 "If this is the firmware's variable store: give it a writable flash of its own (second "
	 "-drive if=pflash without readonly=on), code image first, variables second.",
	 "QEMU hw/arm/virt.c: virt_flash_map(); docs of edk2 ArmVirtPkg"},
	{NULL,
	 "If the guest programs the flash: use plain single-register stores without writeback for "
	 "CFI "
	 "commands, the VMM can emulate those.",
	 "Arm ARM DDI 0487, ISS encoding for a Data Abort: ISV"},
	{NULL,
	 "If it is not meant to write there: code or data linked into ROM is being modified, or a "
	 "pointer is wrong. Look up the PC.",
	 "the memslot has KVM_MEM_READONLY"},
	{0},
};

const struct rule rule_readonly_slot_write = {
	.id = "readonly-slot-write-nisv",
	.score = readonly_score,
	.place = readonly_place,
	.where = readonly_where,
	.how = rule_how_nisv,
	.advice = readonly_advice,
	.documentation = DOC_KVM_API,
};

/* ---- memslot-update-race -------------------------------------------------------------------- */

static bool is_changed_under(const struct scene *s)
{
	return rule_is_nisv(s) && s->rec && s->slot && !(s->slot->flags & NISV_SLOT_READONLY) &&
	       (s->rec->outcome == NISV_OUTCOME_VM_KILLED ||
		s->rec->outcome == NISV_OUTCOME_VMM_DECIDES);
}

static double race_score(const struct scene *s, const char **reason)
{
	if (s->rec && s->rec->is_nested)
		return 0;
	if (s->changing && s->site->kind != NISV_KIND_BACKING) {
		*reason = "the memslot was flagged KVM_MEMSLOT_INVALID when the fault looked it up";
		return 0.95;
	}
	if (s->appeared && rule_no_slot(s)) {
		*reason = s->updating ? "no memslot at the fault, while one was being changed; one "
					"holds the address again"
				      : "no memslot at the fault, but one holds the address now: "
					"it came, "
					"or came back";
		return s->updating ? 0.8 : 0.65;
	}
	/* KVM answers so only where it finds no memory: the walk and KVM saw different maps. */
	if (is_changed_under(s)) {
		*reason =
			"KVM found no memory where a writable memslot was seen a moment before or "
			"after: the map changed in between";
		return s->sight == SIGHT_AT_FAULT ? 0.6 : 0.5;
	}
	return 0;
}

static const struct nisv_slot *race_slot(const struct scene *s)
{
	if (s->appeared)
		return s->appeared;
	return s->changing ? s->changing : s->slot;
}

static void race_place(const struct scene *s, struct text *text)
{
	if (s->appeared)
		text_add(text, "where memslot %d is now, but was not then", s->appeared->id);
	else
		text_add(text, "in memslot %d while the VMM was changing it", race_slot(s)->id);
}

static void race_where(const struct scene *s, struct text *text)
{
	text_add(text, "The address belongs to ");
	rule_slot(race_slot(s), text);
	text_add(text,
		 ". While the VMM deletes or replaces a slot, its memory is gone for the vCPUs "
		 "that run.");
}

static void race_how(const struct scene *s, struct text *text)
{
	if (s->site->kind == NISV_KIND_NISV)
		rule_how_nisv(s, text);
	else
		text_add(text,
			 "With no memory there for a moment, KVM answered the access as if it was "
			 "outside memory.");
}

static const struct advice race_advice[] = {
	{"qemu",
	 "Use QEMU 8.0 or later: it pauses the vCPUs while it replaces a memslot "
	 "(accel_ioctl_inhibit).",
	 "QEMU f39b7d2b96e3, accel/kvm: atomic memslot updates"},
	{NULL,
	 "The VMM must stop its vCPUs (kick them out of KVM_RUN) around deleting and re-adding a "
	 "memslot they may use: KVM has no atomic replacement.",
	 "Linux Documentation/virt/kvm/api.rst: KVM_SET_USER_MEMORY_REGION"},
	{NULL,
	 "If the slot was removed for good (memory or device unplugged), the guest still used it: "
	 "it "
	 "must release it first.",
	 "the memslot is gone from the map afterwards"},
	{NULL,
	 "If the slot was added later (memory or device plugged, a BAR enabled), the guest used it "
	 "too "
	 "early.",
	 "the memslot is in the map afterwards only"},
	{0},
};

const struct rule rule_memslot_update_race = {
	.id = "memslot-update-race",
	.score = race_score,
	.place = race_place,
	.where = race_where,
	.how = race_how,
	.advice = race_advice,
	.documentation = DOC_KVM_API,
};
