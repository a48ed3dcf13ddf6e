/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_LAYOUT_H
#define NISVD_LAYOUT_H

/*
 * What the kernel maps for one VM: its memslots, in-kernel devices and limits, as one record of
 * capture or discovery showed them. Addresses and sizes are bytes of guest-physical space (IPA).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "include/nisv_record.h"

struct layout {
	bool known; /* false: no layout record has come yet; everything else is zero */
	uint64_t generation;
	enum nisv_layout_state state;
	uint32_t total_slots; /* > n_slots: the record was cut */
	uint32_t total_bus;
	uint32_t vcpus;
	uint32_t ipa_bits; /* 0: unknown */
	uint32_t vgic_model;
	uint64_t vgic_dist; /* NISV_ADDR_UNSET: not placed */
	uint64_t vgic_cpu;
	bool nisv_to_user;
	bool is_protected;
	bool is_32bit; /* arm64: the guest runs AArch32 */
	size_t n_slots, n_bus, n_redist;
	struct nisv_redist redist[NISV_REDIST_MAX];
	struct nisv_slot *slots;    /* owned; ascending by address space, then gpa */
	struct nisv_bus_range *bus; /* owned; ascending by addr */
};

/* A half-open range [start, end). */
struct range {
	uint64_t start, end;
};

/*
 * Replaces @layout (zeroes, or a layout from before) by a record as capture delivered it (sizes
 * checked, content not trusted): counts are clamped, slots are sorted and slots of size zero or
 * that wrap around the address space are dropped. 0, or -ENOMEM with @layout as it was.
 */
int layout_from_record(struct layout *layout, const struct nisv_rec_layout *rec);

/*
 * Applies a change of one slot, so that @layout is current without a new record. A change that
 * @layout has in it already (by the generation) does nothing, nor does one to a layout that is not
 * known. 0, or -ENOMEM with @layout as it was. Past NISV_SLOTS_MAX slots are counted only.
 */
int layout_apply(struct layout *layout, const struct nisv_rec_slot *rec);

/*
 * Two generations of one VM's memslots by age: below 0 if @a is older than @b, 0 if they are the
 * same. While KVM changes the map the generation has bit 63 set
 * (KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS, include/linux/kvm_host.h).
 */
int layout_compare_generations(uint64_t a, uint64_t b);

/* Do they say the same? States and whether the record was cut included. */
bool layout_equal(const struct layout *a, const struct layout *b);
void layout_clear(struct layout *layout); /* back to zeroes */

/* The slot that holds @ipa in address space 0, or NULL. INVALID slots are memory to nobody:
 * skipped. */
const struct nisv_slot *layout_slot_at(const struct layout *layout, uint64_t ipa);

/* Nearest usable slot that ends at or below / begins above @ipa, or NULL. */
const struct nisv_slot *layout_slot_below(const struct layout *layout, uint64_t ipa);
const struct nisv_slot *layout_slot_above(const struct layout *layout, uint64_t ipa);

/*
 * Is the slot memory to the guest's normal accesses: in address space 0, and not INVALID (being
 * changed)?
 */
bool layout_slot_is_usable(const struct nisv_slot *slot);

/*
 * Is the slot one that KVM made for itself, for the VMM never did: on x86 the ids from 32764 on
 * (TSS, APIC access page, identity map; KVM_USER_MEM_SLOTS, include/linux/kvm_host.h, and
 * *_PRIVATE_MEMSLOT, arch/x86/include/asm/kvm_host.h). They are memory, but not the guest's RAM.
 */
bool layout_slot_is_internal(const struct layout *layout, const struct nisv_slot *slot);

/*
 * Sum of the writable slots' sizes: what the guest has as RAM. ROM and flash are read-only slots;
 * KVM's own are left out.
 */
uint64_t layout_ram_bytes(const struct layout *layout);

/*
 * The largest stretch of adjoining slots of those that @wanted takes; @userdata is passed on to it.
 * False where it takes none.
 */
bool layout_largest_run(const struct layout *layout,
			bool (*wanted)(const struct nisv_slot *slot, const void *userdata),
			const void *userdata, struct range *ret);

/* The stretch of adjoining writable slots that @slot, which is one of them, is in. */
struct range layout_run_of(const struct layout *layout, const struct nisv_slot *slot);

/*
 * The main RAM run: the largest stretch of adjoining writable slots. False where there is none.
 * "End of RAM" in diagnoses is its end (domain.md 2.1).
 */
bool layout_main_ram(const struct layout *layout, struct range *ret);

/* Bytes: KVM_VGIC_V2_DIST_SIZE, KVM_VGIC_V2_CPU_SIZE, KVM_VGIC_V3_DIST_SIZE and
 * KVM_VGIC_V3_REDIST_SIZE (two frames of 64 KiB), arch/arm64/include/uapi/asm/kvm.h. */
#define VGIC_V2_DIST_SIZE   0x1000ULL
#define VGIC_V2_CPU_SIZE    0x2000ULL
#define VGIC_V3_DIST_SIZE   0x10000ULL
#define VGIC_V3_REDIST_SIZE 0x20000ULL

/* How many redistributors a region of the layout has: KVM sizes one made by the old attribute by
 * the vCPUs (vgic_v3_set_redist_base(), arch/arm64/kvm/vgic/vgic-mmio-v3.c). */
uint64_t layout_redists(const struct layout *layout, const struct nisv_redist *redist);

/* A part of the in-kernel vGIC. */
struct vgic_frame {
	const char *name; /* "distributor", "redistributor", "CPU interface"; static */
	uint64_t base, size;
};

#define VGIC_FRAMES_MAX (1 + NISV_REDIST_MAX)

/* The frames of a vGICv2 or vGICv3 that are placed; returns their number, 0 for other models. */
size_t layout_vgic_frames(const struct layout *layout, struct vgic_frame ret[VGIC_FRAMES_MAX]);

/* The name of the frame that holds @ipa, or NULL. */
const char *layout_vgic_frame(const struct layout *layout, uint64_t ipa);

#endif
