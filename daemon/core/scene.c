/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/scene.h"

#include <stdio.h>
#include <string.h>

#include "daemon/core/fault.h"

#define PSTATE_NRW (1ULL << 4) /* AArch32 (Arm ARM, SPSR_EL2.M[4]) */
/* KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS (include/linux/kvm_host.h) */
#define GENERATION_UPDATING (1ULL << 63)
#define SCTLR_M		    1ULL
#define CR0_PG		    (1ULL << 31)
#define PLACE_MASK	    (~((1ULL << NISV_PLACE_SHIFT) - 1))
#define RAM_SLOT_MIN	    (64ULL << 20)
#define RAM_SLOT_PART	    8
#define SEGMENT_BASE_MAX    0xffff0ULL

/* A slot of a record: capture checked its size, not its content. */
static const struct nisv_slot *slot_of_record(const struct nisv_slot *slot)
{
	return slot->id >= 0 && slot->size && slot->gpa + slot->size > slot->gpa ? slot : NULL;
}

static bool slot_holds(const struct nisv_slot *slot, uint64_t ipa)
{
	return ipa >= slot->gpa && ipa - slot->gpa < slot->size;
}

static void set_slots_of_record(struct scene *s)
{
	const struct nisv_slot *slot = slot_of_record(&s->rec->slot);
	const struct nisv_slot *below = slot_of_record(&s->rec->below);
	const struct nisv_slot *above = slot_of_record(&s->rec->above);

	s->sight = s->rec->layout_state == NISV_LAYOUT_STABLE ? SIGHT_AT_FAULT : SIGHT_LATER;
	if (slot && slot_holds(slot, s->ipa)) {
		if (slot->flags & NISV_SLOT_INVALID)
			s->changing = slot;
		else
			s->slot = slot;
	}
	if (below && below->gpa + below->size <= s->ipa && !(below->flags & NISV_SLOT_INVALID))
		s->below = below;
	if (above && above->gpa > s->ipa && !(above->flags & NISV_SLOT_INVALID))
		s->above = above;
}

/* The memslots have not changed between the fault and the layout. */
static bool is_layout_of_fault(const struct scene *s)
{
	return s->rec && s->rec->layout_state == NISV_LAYOUT_STABLE &&
	       s->rec->generation == s->evidence->layout->generation;
}

static void set_slots(struct scene *s)
{
	const struct layout *layout = s->evidence->layout;

	/* A derived address is not the one that capture looked up. */
	if (s->rec && s->rec->layout_state != NISV_LAYOUT_NONE && !s->is_derived) {
		set_slots_of_record(s);
		s->updating = s->rec->generation & GENERATION_UPDATING;
		if (layout->known && !s->slot && layout->generation != s->rec->generation)
			s->appeared = layout_slot_at(layout, s->ipa);
	} else if (layout->known) {
		s->sight = is_layout_of_fault(s) ? SIGHT_AT_FAULT : SIGHT_LATER;
		s->slot = layout_slot_at(layout, s->ipa);
		s->below = layout_slot_below(layout, s->ipa);
		s->above = layout_slot_above(layout, s->ipa);
	}
}

/* A BAR, or memory that a device shares: where the machine has a window, it is no RAM. */
static bool is_in_window(const struct scene *s, const struct nisv_slot *slot)
{
	const struct machine_region *region =
		machine_region_at(s->evidence->machine, s->evidence->layout->vgic_model, slot->gpa);

	return region && region->class == REGION_DEVICE &&
	       slot->size <= region->size - (slot->gpa - region->base);
}

static bool is_ram_outside_windows(const struct nisv_slot *slot, const void *userdata)
{
	return !slot->as_id && !(slot->flags & (NISV_SLOT_READONLY | NISV_SLOT_INVALID)) &&
	       !is_in_window(userdata, slot);
}

/* Not layout_main_ram(): device memory may be larger than the RAM. */
static bool main_ram(const struct scene *s, struct range *ret)
{
	return layout_largest_run(s->evidence->layout, is_ram_outside_windows, s, ret);
}

bool scene_slot_is_ram(const struct scene *s, const struct nisv_slot *slot)
{
	if (!slot || (slot->flags & (NISV_SLOT_READONLY | NISV_SLOT_INVALID)) ||
	    is_in_window(s, slot))
		return false;
	return slot->size >= RAM_SLOT_MIN || !s->has_ram ||
	       slot->size >= (s->ram.end - s->ram.start) / RAM_SLOT_PART;
}

uint64_t scene_ram_bytes(const struct scene *s)
{
	const struct layout *layout = s->evidence->layout;
	uint64_t sum = 0;

	for (size_t i = 0; i < layout->n_slots; i++)
		if (layout->slots[i].as_id == 0 && scene_slot_is_ram(s, &layout->slots[i]))
			sum += layout->slots[i].size;
	return sum;
}

bool scene_ram_is_plausible(const struct scene *s, const struct nisv_slot *slot)
{
	const struct layout *layout = s->evidence->layout;
	uint64_t asked = layout->total_slots > layout->n_slots ? 0 : s->evidence->ram_option_bytes;
	struct range ram;
	bool is_main;

	if (!slot || !layout->known || !main_ram(s, &ram))
		return false;
	is_main = slot->gpa >= ram.start && slot->gpa < ram.end;
	if (asked)
		return scene_ram_bytes(s) == asked || (is_main && ram.end - ram.start == asked);
	return is_main || slot->size >= (ram.end - ram.start) / 2;
}

bool scene_is_uncharted(const struct scene *s)
{
	return !s->evidence->machine && !strcmp(s->evidence->vmm, "unknown");
}

bool scene_has_device(const struct scene *s)
{
	return s->on_bus || s->near_doorbell || s->near_traffic;
}

/* "End of RAM" is the end of the run below the address, in whole where the layout shows it. */
static void set_ram(struct scene *s)
{
	struct range ram;

	s->has_ram = s->evidence->layout->known && main_ram(s, &ram);
	if (s->has_ram)
		s->ram = ram;
	if (!scene_slot_is_ram(s, s->below))
		return;
	if (!s->has_ram || s->below->gpa + s->below->size != s->ram.end)
		s->ram = (struct range){s->below->gpa, s->below->gpa + s->below->size};
	s->has_ram = true;
}

/* Only an access that the CPU described is counted as MMIO, and it went to a device. */
static bool has_traffic(const struct faultmap *faults, uint64_t ipa)
{
	uint64_t place = ipa & PLACE_MASK;
	size_t low = 0, high = faults->n_places;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (faults->places[mid].ipa < place)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < faults->n_places && faults->places[low].ipa == place; low++)
		if (faults->places[low].count)
			return true;
	return false;
}

/* What the kernel shows wins: a reference map's in-kernel device counts only where KVM has one. */
static void set_devices(struct scene *s)
{
	const struct layout *layout = s->evidence->layout;
	const struct machine_region *region;

	s->vgic = layout->known ? layout_vgic_frame(layout, s->ipa) : NULL;
	for (size_t i = 0; i < layout->n_bus; i++) {
		const struct nisv_bus_range *range = &layout->bus[i];

		if (range->is_ioeventfd)
			s->near_doorbell |= (range->addr & PLACE_MASK) == (s->ipa & PLACE_MASK);
		else
			s->on_bus |= s->ipa >= range->addr && s->ipa - range->addr < range->len;
	}
	s->near_traffic = has_traffic(s->evidence->faults, s->ipa);
	if (s->slot || s->changing)
		return;
	region = machine_region_at(s->evidence->machine, layout->vgic_model, s->ipa);
	if (!region || region->class == REGION_RAM || region->class == REGION_HOLE)
		return;
	if (region->class == REGION_ROM ||
	    (region->class == REGION_KERNEL_DEVICE && !s->vgic && !s->on_bus) ||
	    (region->optional && !s->vgic && !scene_has_device(s)))
		s->reserved = region;
	else
		s->region = region;
}

static void set_cpu_arm64(struct scene *s, const struct nisv_rec_fault *rec)
{
	s->is_a32 = rec->pstate & PSTATE_NRW;
	s->el = fault_el(rec);
	if (rec->sysregs_state == NISV_SYSREGS_CURRENT)
		s->mmu = rec->sys.sctlr & SCTLR_M ? MMU_ON : MMU_OFF;
	s->insn = fault_insn_class(rec, s->evidence->arch);
	s->has_insn = s->insn.length && s->insn.n_bytes == s->insn.length;
}

/*
 * A segment register loaded in real mode has 16 times the selector as its base: at most 0xffff0
 * (Intel SDM, 8086 Emulation: Address Translation in Real-Address Mode). With no slot in all that
 * reach the operand is outside memory, whichever it was.
 */
static bool is_outside_with_any_segment(const struct scene *s, uint64_t offset)
{
	const struct layout *layout = s->evidence->layout;

	if (!layout->known || layout->total_slots > layout->n_slots)
		return false;
	for (size_t i = 0; i < layout->n_slots; i++) {
		const struct nisv_slot *slot = &layout->slots[i];

		if (slot->gpa <= offset + SEGMENT_BASE_MAX && slot->gpa + slot->size > offset)
			return false;
	}
	return true;
}

/*
 * KVM's emulator gives no address for an instruction that it cannot decode or fetch. The operand's
 * linear address follows from the registers, but for the segment's base; without paging it is the
 * guest-physical one.
 */
static void set_cpu_x86(struct scene *s, const struct nisv_rec_fault *rec)
{
	struct insn_registers registers;

	if (rec->sysregs_state != NISV_SYSREGS_NONE)
		s->mmu = rec->sys.sctlr & CR0_PG ? MMU_ON : MMU_OFF;
	s->ipa_known = s->ipa != 0;
	s->insn = fault_insn_class(rec, s->evidence->arch);
	s->has_insn = rec->insn_state == NISV_INSN_OK && rec->insn_len;
	if (s->ipa_known || s->mmu == MMU_UNKNOWN || !s->rec)
		return;
	s->linear = rec->pc;
	s->has_linear = !s->has_insn || (fault_registers(rec, s->evidence->arch, &registers) &&
					 insn_address(&s->insn, 0, &registers, &s->linear));
	if (s->has_linear && s->has_insn && fault_x86_bits(rec) == 16 &&
	    !is_outside_with_any_segment(s, s->linear)) {
		s->no_segment = true;
		s->has_linear = false;
	}
	if (s->mmu == MMU_OFF && s->has_linear) {
		s->ipa = s->linear;
		s->ipa_known = s->is_derived = true;
		s->has_linear = false;
	}
}

void scene_set(struct scene *s, const struct evidence *evidence, const struct site *site,
	       const struct nisv_rec_fault *rec_of_pc)
{
	const struct nisv_rec_fault *rec = site->detail ? site->detail : rec_of_pc;

	memset(s, 0, sizeof(*s));
	s->evidence = evidence;
	s->site = site;
	s->rec = site->detail;
	s->is_x86 = !strcmp(evidence->arch, "x86_64");
	s->ipa = site->ipa;
	s->ipa_known = true;
	s->el = -1;
	s->esr = syndrome_decode(site->esr);
	s->insn.base_reg = -1;
	if (rec && s->is_x86)
		set_cpu_x86(s, rec);
	else if (rec)
		set_cpu_arm64(s, rec);
	if (!s->ipa_known)
		return;
	set_slots(s);
	set_ram(s);
	set_devices(s);
}

void scene_describe(struct scene *s)
{
	if (!s->has_insn)
		return;
	insn_describe(&s->insn, s->site->pc);
	snprintf(s->insn_text, sizeof(s->insn_text), "%s", s->insn.text);
}
