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
#define PLACE_SIZE	    (1ULL << NISV_PLACE_SHIFT)
#define PLACE_MASK	    (~(PLACE_SIZE - 1))
#define SEGMENT_BASE_MAX    0xffff0ULL

/* ---- memory --------------------------------------------------------------------------------- */

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
		if (layout->known && !s->slot &&
		    layout_compare_generations(layout->generation, s->rec->generation) > 0)
			s->appeared = layout_slot_at(layout, s->ipa);
	} else if (layout->known) {
		s->sight = is_layout_of_fault(s) ? SIGHT_AT_FAULT : SIGHT_LATER;
		s->slot = layout_slot_at(layout, s->ipa);
		s->below = layout_slot_below(layout, s->ipa);
		s->above = layout_slot_above(layout, s->ipa);
	}
}

/* "End of RAM" is the end of the run below the address, in whole where the layout shows it. */
static void set_ram(struct scene *s)
{
	s->has_ram = s->facts->has_ram;
	s->ram = s->facts->ram;
	if (!facts_slot_is_ram(s->facts, s->below))
		return;
	if (!s->has_ram || s->below->gpa + s->below->size != s->ram.end)
		s->ram = (struct range){s->below->gpa, s->below->gpa + s->below->size};
	s->has_ram = true;
}

bool scene_ram_is_plausible(const struct scene *s, const struct nisv_slot *slot)
{
	const struct facts *facts = s->facts;
	uint64_t asked = facts->has_all_slots ? s->evidence->options->ram_bytes : 0;
	bool is_main;

	if (!slot || !facts->has_ram)
		return false;
	is_main = slot->gpa >= facts->ram.start && slot->gpa < facts->ram.end;
	if (asked)
		return facts->ram_bytes == asked ||
		       (is_main && facts->ram.end - facts->ram.start == asked);
	return is_main || slot->size >= (facts->ram.end - facts->ram.start) / 2;
}

/* ---- what changed --------------------------------------------------------------------------- */

static bool removes(const struct slot_change *change, uint64_t ipa)
{
	struct nisv_slot before = change->slot;

	if (change->slot.as_id)
		return false;
	if (change->what == NISV_SLOT_DELETED)
		return slot_holds(&change->slot, ipa);
	before.gpa = change->gpa_before;
	return change->what == NISV_SLOT_MOVED && slot_holds(&before, ipa) &&
	       !slot_holds(&change->slot, ipa);
}

static bool brings(const struct slot_change *change, uint64_t ipa)
{
	return !change->slot.as_id &&
	       (change->what == NISV_SLOT_CREATED || change->what == NISV_SLOT_MOVED) &&
	       slot_holds(&change->slot, ipa);
}

/* Changes are in the order of time; what a reading showed happened at the latest when it was. */
static void set_changes(struct scene *s)
{
	const struct slot_history *history = s->evidence->slots;
	uint64_t fault_ns = s->rec ? s->rec->hdr.time_ns : s->site->first_ns;

	if (s->place)
		return;
	for (size_t i = 0; i < history->n; i++) {
		const struct slot_change *change = &history->list[i];

		if (removes(change, s->ipa) && change->from_ns <= fault_ns) {
			s->removed = change;
			s->restored = NULL;
		} else if (s->removed && !s->restored && brings(change, s->ipa)) {
			s->restored = change;
		}
	}
	/* Back before the fault: what was there then has nothing to do with that removal. */
	if (s->restored && s->restored->until_ns < fault_ns && !s->changing && !s->appeared)
		s->removed = s->restored = NULL;
	if (!s->removed)
		return;
	s->is_removal_exact = s->removed->from_ns == s->removed->until_ns;
	s->removed_ns = fault_ns > s->removed->until_ns ? fault_ns - s->removed->until_ns : 0;
}

/* ---- devices -------------------------------------------------------------------------------- */

static bool is_taken_for_memory(const struct scene *s)
{
	return s->memory && !s->facts->guest_may_be_file;
}

/*
 * KVM completed most of the accesses by itself: it has a device there, be it one that came after
 * its bus was read. Those that are under way while counts are read are with neither side.
 */
static bool is_served_by_kernel(const struct scene *s)
{
	return s->place && s->place->user < s->place->count / 2;
}

bool scene_has_device(const struct scene *s)
{
	return is_served_by_kernel(s) || s->on_bus || s->near_doorbell ||
	       (s->near_count && s->region && !is_taken_for_memory(s));
}

bool scene_is_empty(const struct scene *s)
{
	return !s->slot && !s->changing && !s->vgic && !s->region &&
	       !(s->on_bus || s->near_doorbell) && !is_served_by_kernel(s);
}

/* Only an access that the CPU described is counted as MMIO. */
static uint64_t count_traffic(const struct faultmap *faults, uint64_t ipa)
{
	const struct place *reads = faultmap_place(faults, ipa, false);
	const struct place *writes = faultmap_place(faults, ipa, true);

	return (reads ? reads->count : 0) + (writes ? writes->count : 0);
}

/* Firecracker and libkrun give each transport a page (MMIO_LEN in both), others less. */
static uint64_t device_mask(const struct scene *s)
{
	const char *vmm = s->evidence->vmm;

	return !strcmp(vmm, "firecracker") || !strcmp(vmm, "libkrun") ? ~0xfffULL : PLACE_MASK;
}

static void set_bus(struct scene *s)
{
	const struct layout *layout = s->evidence->layout;
	uint64_t mask = device_mask(s);

	s->vgic = layout->known ? layout_vgic_frame(layout, s->ipa) : NULL;
	for (size_t i = 0; i < layout->n_bus; i++) {
		const struct nisv_bus_range *range = &layout->bus[i];

		if (range->is_ioeventfd)
			s->near_doorbell |= (range->addr & mask) == (s->ipa & mask);
		else
			s->on_bus |= s->ipa - range->addr < range->len ||
				     range->addr - s->ipa < s->extent;
	}
	s->near_count = s->place ? 0 : count_traffic(s->evidence->faults, s->ipa);
}

/* The region that has a byte of it, of those for this vGIC or (@other_vgic) for another. */
static const struct machine_region *region_over(const struct scene *s,
						const struct machine *machine, bool other_vgic)
{
	uint32_t model = s->evidence->layout->vgic_model;

	for (size_t i = 0; machine && i < machine->n_regions; i++) {
		const struct machine_region *region = &machine->regions[i];

		if (s->ipa - region->base >= region->size && region->base - s->ipa >= s->extent)
			continue;
		if (other_vgic ? region->vgic && region->vgic != model
			       : !region->vgic || region->vgic == model)
			return region;
	}
	return NULL;
}

static void set_left_out(struct scene *s)
{
	const struct machine *sibling = s->facts->has_sibling ? &s->facts->sibling : NULL;

	/* Without a vGIC that is known its frames are not left out, but not known. */
	if (s->evidence->layout->vgic_model != NISV_VGIC_NONE)
		s->left_out = region_over(s, s->evidence->machine, true);
	if (!s->left_out)
		s->left_out = region_over(s, sibling, false);
	if (s->left_out &&
	    (s->left_out->class == REGION_RAM || s->left_out->class == REGION_HOLE) &&
	    s->left_out->role != ROLE_STOLEN_TIME)
		s->left_out = NULL;
}

/* What the kernel shows wins: a reference map's in-kernel device counts only where KVM has one. */
static void set_devices(struct scene *s)
{
	const struct machine_region *region;

	set_bus(s);
	if (s->slot || s->changing)
		return;
	region = region_over(s, s->evidence->machine, false);
	if (!region) {
		set_left_out(s);
		return;
	}
	if (region->class == REGION_RAM && region->role != ROLE_STOLEN_TIME)
		return;
	if (region->class == REGION_RAM || region->class == REGION_ROM ||
	    (region->class == REGION_KERNEL_DEVICE && !s->vgic && !s->on_bus) ||
	    (region->optional && !s->vgic && !s->on_bus && !s->near_doorbell && !s->near_count))
		s->reserved = region;
	else if (region->class != REGION_HOLE)
		s->region = region;
}

/* ---- what others know of it ----------------------------------------------------------------- */

#define DEVICE_KINDS                                                                          \
	(GUEST_BIT(GUEST_DEVICE) | GUEST_BIT(GUEST_PCI_ECAM) | GUEST_BIT(GUEST_PCI_WINDOW) |  \
	 GUEST_BIT(GUEST_GIC_DIST) | GUEST_BIT(GUEST_GIC_REDIST) | GUEST_BIT(GUEST_GIC_CPU) | \
	 GUEST_BIT(GUEST_GIC_ITS) | GUEST_BIT(GUEST_GIC_V2M))

static void set_beliefs(struct scene *s)
{
	s->memory = facts_guest_at(s->facts, GUEST_BIT(GUEST_MEMORY), s->ipa, s->extent);
	s->device = facts_guest_at(s->facts, DEVICE_KINDS, s->ipa, s->extent);
	if (scene_is_empty(s) || (s->region && s->region->is_window))
		s->has_other = otherwhere_best(&s->facts->otherwhere, s->ipa, s->extent, &s->other,
					       &s->other_hits);
}

/* ---- the CPU -------------------------------------------------------------------------------- */

/* FAR is the address of the access, not of a walk or a fetch, and exact. */
static bool is_far_of_access(const struct scene *s)
{
	return s->esr.is_abort && !s->esr.is_iabt && !s->esr.s1ptw && !s->esr.fnp && !s->esr.fnv;
}

/* The bytes are read after the fault: they must give the address that faulted. */
static bool is_stale(const struct scene *s)
{
	struct insn_registers registers;

	return s->rec && s->has_insn && is_far_of_access(s) &&
	       fault_registers(s->rec, s->evidence->host->arch, &registers) &&
	       insn_agrees(&s->insn, &registers, s->site->far) == INSN_DISAGREES;
}

static void set_cpu_arm64(struct scene *s, const struct nisv_rec_fault *rec)
{
	if (s->evidence->is_traced)
		return;
	s->is_a32 = rec->pstate & PSTATE_NRW;
	s->el = fault_el(rec);
	if (rec->sysregs_state == NISV_SYSREGS_CURRENT)
		s->mmu = rec->sys.sctlr & SCTLR_M ? MMU_ON : MMU_OFF;
	s->insn = fault_insn_class(rec, s->evidence->host->arch);
	s->has_insn = s->insn.length && s->insn.n_bytes == s->insn.length;
	s->insn_is_stale = is_stale(s);
	s->has_insn &= !s->insn_is_stale;
}

/*
 * A segment register loaded in real mode has 16 times the selector as its base: at most 0xffff0
 * (Intel SDM, 8086 Emulation: Address Translation in Real-Address Mode). With no slot in all that
 * reach the operand is outside memory, whichever it was.
 */
static bool is_outside_with_any_segment(const struct scene *s, uint64_t offset)
{
	const struct layout *layout = s->evidence->layout;

	if (!s->facts->has_all_slots)
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
	s->insn = fault_insn_class(rec, s->evidence->host->arch);
	s->has_insn = rec->insn_state == NISV_INSN_OK && rec->insn_len;
	if (s->ipa_known || s->mmu == MMU_UNKNOWN || !s->rec)
		return;
	s->linear = rec->pc;
	s->has_linear =
		!s->has_insn || (fault_registers(rec, s->evidence->host->arch, &registers) &&
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

bool scene_is_nested(const struct scene *s)
{
	return s->rec && s->rec->nested;
}

/* ---- all of it ------------------------------------------------------------------------------ */

void scene_set(struct scene *s, const struct facts *facts, const struct site *site,
	       const struct place *place, const struct nisv_rec_fault *rec_of_pc)
{
	const struct nisv_rec_fault *rec = site->detail ? site->detail : rec_of_pc;

	memset(s, 0, sizeof(*s));
	s->facts = facts;
	s->evidence = facts->evidence;
	s->site = site;
	s->place = place;
	s->rec = site->detail;
	s->is_x86 = facts->is_x86;
	s->ipa = site->ipa;
	s->extent = place ? PLACE_SIZE : 1;
	/* KVM's emulator tells no address, and without a record none can be derived. */
	s->ipa_known = !s->is_x86 || site->kind != NISV_KIND_EMULATION || site->ipa;
	s->is_foreign = scene_is_nested(s) && s->rec->nested != NISV_NESTED_TRANSLATED;
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
	set_changes(s);
	set_devices(s);
	set_beliefs(s);
}

void scene_describe(struct scene *s)
{
	if (!s->has_insn)
		return;
	insn_describe(&s->insn, s->site->pc);
	snprintf(s->insn_text, sizeof(s->insn_text), "%s", s->insn.text);
}
