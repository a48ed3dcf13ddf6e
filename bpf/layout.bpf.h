/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_LAYOUT_BPF_H
#define NISV_LAYOUT_BPF_H

/* What a VM looks like: memory slots, in-kernel devices, interrupt controller. */

#include "memslots.bpf.h"

static __always_inline void layout_slots(u64 kvm, struct nisv_rec_layout *rec)
{
	u64 memslots = vm_memslots(kvm);
	u64 slot = slot_at_or_below(memslots, 0);
	u32 i;

	rec->generation = READ(kvm_memslots, memslots, generation);
	if (!slot)
		slot = slot_above(memslots, 0);
	for (i = 0; i < NISV_SLOTS_MAX && slot; i++) {
		slot_describe(slot, &rec->slots[i]);
		slot = slot_above(memslots, rec->slots[i].gpa >> GFN_SHIFT);
	}
	rec->n_slots = i;
	rec->total_slots = i + !!slot;
	rec->state = vm_memslots(kvm) == memslots &&
				     READ(kvm_memslots, memslots, generation) == rec->generation
			     ? NISV_LAYOUT_STABLE
			     : NISV_LAYOUT_UNSTABLE;
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

static __always_inline void layout_bus(u64 kvm, struct nisv_rec_layout *rec)
{
	u64 bus = (u64)READ(kvm, kvm, buses[MMIO_BUS]);
	u64 ranges = bus + bpf_core_field_offset(struct kvm_io_bus, range);
	u32 total, doorbells, i;

	rec->n_bus = rec->total_bus = 0;
	if (!bus)
		return;
	total = READ(kvm_io_bus, bus, dev_count);
	doorbells = READ(kvm_io_bus, bus, ioeventfd_count);
	for (i = 0; i < NISV_BUS_MAX && i < total; i++) {
		u64 range = ranges + i * bpf_core_type_size(struct kvm_io_range);
		struct nisv_bus_range *out = &rec->bus[i];

		out->addr = READ(kvm_io_range, range, addr);
		out->len = READ(kvm_io_range, range, len);
		out->is_ioeventfd =
			doorbells && is_ioeventfd((u64)READ(kvm_io_range, range, dev), out);
	}
	rec->n_bus = i;
	rec->total_bus = total;
}

#if defined(__TARGET_ARCH_arm64)
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

static __always_inline void layout_arch(u64 kvm, struct nisv_rec_layout *rec)
{
	rec->ipa_bits = vm_ipa_bits(kvm);
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

/*
 * Put the layout of a VM together in a scratch area; the caller fills the header. A global
 * function: verified once for all programs that send a layout.
 */
__noinline int layout_fill(u64 kvm, u32 which)
{
	struct scratch *scratch = scratch_get(which);
	struct nisv_rec_layout *rec;

	if (!scratch)
		return -1;
	rec = &scratch->rec_layout;
	rec->ipa_bits = 0;
	rec->nisv_to_user = 0;
	rec->is_protected = 0;
	rec->reserved = 0;
	rec->vgic_model = NISV_VGIC_NONE;
	rec->vgic_dist = rec->vgic_cpu = NISV_ADDR_UNSET;
	rec->n_redist = 0;
	rec->vcpus = READ(kvm, kvm, online_vcpus.counter);
	layout_slots(kvm, rec);
	layout_bus(kvm, rec);
	layout_arch(kvm, rec);
	return 0;
}

#endif
