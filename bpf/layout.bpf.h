/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_LAYOUT_BPF_H
#define NISV_LAYOUT_BPF_H

/* What a VM looks like: memory slots, in-kernel devices, interrupt controller. */

#include "fields.bpf.h"
#include "memslots.bpf.h"

/*
 * A walk is cut into steps, each a global function with a loop of its own: the verifier checks the
 * steps by themselves, and the frames on its stack do not add up.
 */
#define DESCRIBE_STEP  32
#define DESCRIBE_STEPS (NISV_SLOTS_MAX / DESCRIBE_STEP)
/* How far slots are counted that are not described. */
#define COUNT_STEP	  256
#define COUNT_STEPS	  128 /* all that KVM allows: KVM_MEM_SLOTS_NUM, 32767 */
#define COUNT_STEPS_EVENT 8   /* a vCPU waits, with preemption off */

/* Describe some slots from this one on, as far as there is room; the next one, 0 at the end. */
__noinline u64 slots_describe(u64 memslots, u64 slot, u32 which)
{
	struct scratch *scratch = scratch_get(which);
	u32 i, n;

	if (!scratch)
		return 0;
	for (i = 0; i < DESCRIBE_STEP && slot; i++) {
		n = scratch->rec_layout.n_slots;
		if (n >= NISV_SLOTS_MAX)
			break;
		slot_describe(slot, &scratch->rec_layout.slots[n]);
		scratch->rec_layout.n_slots = n + 1;
		scratch->rec_layout.total_slots++;
		slot = slot_next(memslots, slot);
	}
	return slot;
}

/* Count some slots from this one on; the next one, 0 at the end. */
__noinline u64 slots_count(u64 memslots, u64 slot, u32 which)
{
	struct scratch *scratch = scratch_get(which);
	u32 i;

	if (!scratch)
		return 0;
	for (i = 0; i < COUNT_STEP && slot; i++)
		slot = slot_next(memslots, slot);
	scratch->rec_layout.total_slots += i;
	return slot;
}

/* Add the slots of one address space to the layout in a scratch area. */
static __always_inline void slots_walk(u64 memslots, u32 which)
{
	u32 steps = which == SCRATCH_ITERATOR ? COUNT_STEPS : COUNT_STEPS_EVENT, i;
	u64 slot = slot_at_or_below(memslots, 0);

	if (!slot)
		slot = slot_above(memslots, 0);
	for (i = 0; i < DESCRIBE_STEPS && slot; i++)
		slot = slots_describe(memslots, slot, which);
	for (i = 0; i < COUNT_STEPS && i < steps && slot; i++)
		slot = slots_count(memslots, slot, which);
	if (slot)
		loss_add(NISV_LOSS_WALK, 1);
}

/* One try: true if nothing changed meanwhile. */
static __always_inline bool slots_try(u64 kvm, struct nisv_rec_layout *rec, u32 which)
{
	u64 memslots = vm_memslots(kvm), other = 0, generation = 0;

	rec->n_slots = rec->total_slots = 0;
	rec->generation = memslots_generation(memslots);
	if (ADDRESS_SPACES > 1) {
		other = vm_memslots_of(kvm, 1);
		generation = memslots_generation(other);
	}
	slots_walk(memslots, which);
	if (ADDRESS_SPACES > 1) {
		slots_walk(other, which);
		if (vm_memslots_of(kvm, 1) != other || memslots_generation(other) != generation)
			return false;
	}
	return vm_memslots(kvm) == memslots && memslots_generation(memslots) == rec->generation;
}

/* The slots of the layout in a scratch area: in one consistent state, or marked unstable. */
__noinline int slots_fill(u64 kvm, u32 which)
{
	struct scratch *scratch = scratch_get(which);

	if (!scratch)
		return -1;
	scratch->rec_layout.state = NISV_LAYOUT_STABLE;
	if (!slots_try(kvm, &scratch->rec_layout, which) &&
	    !slots_try(kvm, &scratch->rec_layout, which))
		scratch->rec_layout.state = NISV_LAYOUT_UNSTABLE;
	return 0;
}

/*
 * Is the device behind a bus range an ioeventfd? It is if the _ioeventfd that would contain it
 * says the same address and length (ioeventfd_bus_from_flags(), virt/kvm/eventfd.c).
 */
static __always_inline bool is_ioeventfd(u64 device, const struct nisv_bus_range *range)
{
	u64 p = device - bpf_core_field_offset(struct _ioeventfd, dev);

	return READ(_ioeventfd, p, addr) == range->addr &&
	       (u32)READ(_ioeventfd, p, length) == range->len;
}

#define BUS_STEP  32
#define BUS_STEPS (NISV_BUS_MAX / BUS_STEP)
_Static_assert(!(NISV_BUS_MAX & (NISV_BUS_MAX - 1)), "a mask bounds the index");

/* Describe some ranges of a bus, up to @end: that there is room for them all the mask tells anew.
 */
__noinline int bus_describe(u64 bus, u32 end, u32 which)
{
	u64 ranges = bus + bpf_core_field_offset(struct kvm_io_bus, range);
	u32 doorbells = READ(kvm_io_bus, bus, ioeventfd_count);
	struct scratch *scratch = scratch_get(which);
	u32 i, n;

	if (!scratch)
		return -1;
	for (i = 0; i < BUS_STEP; i++) {
		struct nisv_bus_range *out;
		u64 range;

		n = scratch->rec_layout.n_bus;
		if (n >= end)
			break;
		range = ranges + (u64)n * bpf_core_type_size(struct kvm_io_range);
		out = &scratch->rec_layout.bus[n & (NISV_BUS_MAX - 1)];
		out->addr = READ(kvm_io_range, range, addr);
		out->len = READ(kvm_io_range, range, len);
		out->is_ioeventfd =
			doorbells && is_ioeventfd((u64)READ(kvm_io_range, range, dev), out);
		scratch->rec_layout.n_bus = n + 1;
	}
	return 0;
}

static __always_inline void layout_bus(u64 kvm, struct nisv_rec_layout *rec, u32 which)
{
	u64 bus = (u64)READ(kvm, kvm, buses[MMIO_BUS]);
	u32 total, i;

	if (!bus)
		return;
	total = READ(kvm_io_bus, bus, dev_count);
	rec->total_bus = total;
	if (total > NISV_BUS_MAX)
		total = NISV_BUS_MAX;
	for (i = 0; i < BUS_STEPS && i * BUS_STEP < total; i++)
		bus_describe(bus, total, which);
}

#if defined(__TARGET_ARCH_arm64)
/* KVM_ARM_VCPU_EL1_32BIT, arch/arm64/include/uapi/asm/kvm.h */
#define FEATURE_EL1_32BIT (1ULL << 1)

static __always_inline u64 vm_vtcr(u64 kvm)
{
	if (bpf_core_field_exists(struct kvm_arch, mmu.vtcr))
		return READ(kvm, kvm, arch.mmu.vtcr);
	return READ(kvm_arch___v61, kvm + bpf_core_field_offset(struct kvm, arch), vtcr);
}

/* Stage-2 input address bits: 64 - VTCR_EL2.T0SZ (Arm ARM, VTCR_EL2). */
static __always_inline u32 vm_ipa_bits(u64 kvm)
{
	u64 vtcr = vm_vtcr(kvm);

	return vtcr ? 64 - (vtcr & 0x3f) : 0;
}

static __always_inline bool vm_protected(u64 kvm)
{
	u64 pkvm;

	if (!bpf_core_field_exists(struct kvm_arch, pkvm))
		return false;
	pkvm = kvm + bpf_core_field_offset(struct kvm, arch.pkvm);
	if (bpf_core_field_exists(struct kvm_protected_vm___v615, is_protected))
		return READ(kvm_protected_vm___v615, pkvm, is_protected);
	if (bpf_core_field_exists(struct kvm_protected_vm, enabled))
		return READ(kvm_protected_vm, pkvm, enabled);
	return false;
}

/* KVM_ARCH_FLAG_RETURN_NISV_IO_ABORT_TO_USER is bit 0 (arch/arm64/include/asm/kvm_host.h). */
static __always_inline bool vm_nisv_to_user(u64 kvm)
{
	u64 arch = kvm + bpf_core_field_offset(struct kvm, arch);

	if (bpf_core_field_exists(struct kvm_arch___v510, return_nisv_io_abort_to_user))
		return READ(kvm_arch___v510, arch, return_nisv_io_abort_to_user);
	return READ(kvm_arch, arch, flags) & 1;
}

static __always_inline u32 vgic_model(u32 model)
{
	if (model == bpf_core_enum_value(enum kvm_device_type, KVM_DEV_TYPE_ARM_VGIC_V2))
		return NISV_VGIC_V2;
	if (model == bpf_core_enum_value(enum kvm_device_type, KVM_DEV_TYPE_ARM_VGIC_V3))
		return NISV_VGIC_V3;
	if (bpf_core_enum_value_exists(enum kvm_device_type, KVM_DEV_TYPE_ARM_VGIC_V5) &&
	    model == bpf_core_enum_value(enum kvm_device_type, KVM_DEV_TYPE_ARM_VGIC_V5))
		return NISV_VGIC_V5;
	return NISV_VGIC_NONE;
}

static __always_inline void layout_redists(u64 kvm, struct nisv_rec_layout *rec)
{
	u64 head = kvm + bpf_core_field_offset(struct kvm, arch.vgic.rd_regions);
	u64 link = (u64)READ(list_head, head, next);
	u32 i;

	for (i = 0; i < NISV_REDIST_MAX && link && link != head; i++) {
		u64 region = link - bpf_core_field_offset(struct vgic_redist_region, list);

		rec->redist[i].base = READ(vgic_redist_region, region, base);
		rec->redist[i].count = READ(vgic_redist_region, region, count);
		rec->redist[i].reserved = 0;
		link = (u64)READ(list_head, link, next);
	}
	rec->n_redist = i;
}

/* lib/xarray.c: a node says so in its lowest bits, a lone entry stands for itself. */
#define XA_NODE_MARK 2ULL
#define XA_NODE_MIN  4096
#define XA_LEVELS    3 /* of 64 each */

/* The first vCPU that was made, 0 if there is none yet. */
static __always_inline u64 vm_first_vcpu(u64 kvm)
{
	u64 entry;
	int i;

	if (!bpf_core_field_exists(struct kvm___v517, vcpu_array))
		return (u64)READ(kvm___v510, kvm, vcpus[0]);
	entry = (u64)READ(kvm___v517, kvm, vcpu_array.xa_head);
	for (i = 0; i < XA_LEVELS && (entry & 3) == XA_NODE_MARK && entry > XA_NODE_MIN; i++)
		entry = (u64)READ(xa_node, entry - XA_NODE_MARK, slots[0]);
	return entry & 3 ? 0 : entry;
}

/*
 * Does the guest run AArch32 at EL1? A feature that the VMM asks for (KVM_ARM_VCPU_INIT), kept for
 * each vCPU, and since Linux 6.6 for the VM.
 */
static __always_inline bool vm_32bit(u64 kvm)
{
	u64 arch = kvm + bpf_core_field_offset(struct kvm, arch), vcpu;

	if (bpf_core_field_exists(struct kvm_arch___v606, vcpu_features))
		return READ(kvm_arch___v606, arch, vcpu_features[0]) & FEATURE_EL1_32BIT;
	vcpu = vm_first_vcpu(kvm);
	if (!vcpu)
		return false;
	arch = vcpu + bpf_core_field_offset(struct kvm_vcpu, arch);
	return READ(kvm_vcpu_arch___v510, arch, features[0]) & FEATURE_EL1_32BIT;
}

static __always_inline void layout_arch(u64 kvm, struct nisv_rec_layout *rec)
{
	rec->ipa_bits = vm_ipa_bits(kvm);
	rec->is_32bit = vm_32bit(kvm);
	rec->is_protected = vm_protected(kvm);
	rec->nisv_to_user = vm_nisv_to_user(kvm);
	if (!READ(kvm, kvm, arch.vgic.in_kernel))
		return;
	rec->vgic_model = vgic_model(READ(kvm, kvm, arch.vgic.vgic_model));
	rec->vgic_dist = READ(kvm, kvm, arch.vgic.vgic_dist_base);
	if (rec->vgic_model == NISV_VGIC_V2)
		rec->vgic_cpu = READ(kvm, kvm, arch.vgic.vgic_cpu_base);
	else if (rec->vgic_model == NISV_VGIC_V3)
		layout_redists(kvm, rec);
}
#else
static __always_inline u32 vm_ipa_bits(u64 kvm)
{
	return 0;
}

static __always_inline bool vm_protected(u64 kvm)
{
	if (bpf_core_field_exists(struct kvm_arch, has_protected_state))
		return READ(kvm, kvm, arch.has_protected_state);
	return false;
}

static __always_inline void layout_arch(u64 kvm, struct nisv_rec_layout *rec)
{
	rec->is_protected = vm_protected(kvm);
}
#endif

/* hdr.size of a layout that is put together. */
static __always_inline u32 layout_size(const struct nisv_rec_layout *rec)
{
	u32 n = rec->n_slots;

	return NISV_LAYOUT_SIZE(n < NISV_SLOTS_MAX ? n : NISV_SLOTS_MAX);
}

/* The layout of a scratch area, with nothing in it but slots; NULL: there is no such area. */
static __always_inline struct nisv_rec_layout *layout_begin(u32 which)
{
	struct scratch *scratch = scratch_get(which);
	struct nisv_rec_layout *rec;

	if (!scratch)
		return NULL;
	rec = &scratch->rec_layout;
	rec->ipa_bits = 0;
	rec->nisv_to_user = 0;
	rec->is_protected = 0;
	rec->is_32bit = 0;
	rec->vgic_model = NISV_VGIC_NONE;
	rec->vgic_dist = rec->vgic_cpu = NISV_ADDR_UNSET;
	rec->n_redist = rec->n_bus = rec->total_bus = rec->vcpus = 0;
	return rec;
}

/* All but the slots. */
__noinline int devices_fill(u64 kvm, u32 which)
{
	struct nisv_rec_layout *rec = layout_begin(which);

	if (!rec)
		return -1;
	rec->vcpus = READ(kvm, kvm, online_vcpus.counter);
	layout_bus(kvm, rec, which);
	layout_arch(kvm, rec);
	return 0;
}

/* A map that is not known whole is not known: a device that is not told would be a hole. */
static __always_inline int layout_unknown(u32 which)
{
	struct nisv_rec_layout *rec = layout_begin(which);

	if (!rec)
		return -1;
	rec->state = NISV_LAYOUT_NONE;
	rec->generation = 0;
	rec->n_slots = rec->total_slots = 0;
	return 0;
}

/* Put the layout of a VM together in a scratch area; the caller fills the header. */
static __always_inline int layout_fill(u64 kvm, u32 which)
{
	if (!HAS(MAP))
		return layout_unknown(which);
	return slots_fill(kvm, which) ? -1 : devices_fill(kvm, which);
}

#endif
