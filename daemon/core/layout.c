/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/layout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Frame sizes: arch/arm64/include/uapi/asm/kvm.h, KVM_VGIC_V2_DIST_SIZE and its neighbours. */
#define VGIC_V2_DIST_SIZE   0x1000ULL
#define VGIC_V2_CPU_SIZE    0x2000ULL
#define VGIC_V3_DIST_SIZE   0x10000ULL
#define VGIC_V3_REDIST_SIZE 0x20000ULL

/* More redistributors than any vCPU count of KVM (KVM_MAX_VCPUS is 512 on arm64). */
#define REDISTS_MAX 65536U

static int slot_compare(const void *a, const void *b)
{
	const struct nisv_slot *x = a, *y = b;

	if (x->as_id != y->as_id)
		return x->as_id < y->as_id ? -1 : 1;
	if (x->gpa != y->gpa)
		return x->gpa < y->gpa ? -1 : 1;
	return 0;
}

static int bus_compare(const void *a, const void *b)
{
	const struct nisv_bus_range *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	return 0;
}

/* The end of a slot must be a number: a slot that reaches past 2^64 cannot exist in KVM. */
static bool slot_is_sane(const struct nisv_slot *slot)
{
	return slot->id >= 0 && slot->size > 0 && slot->gpa + slot->size > slot->gpa;
}

static uint32_t clamp(uint32_t n, uint32_t max)
{
	return n < max ? n : max;
}

void layout_clear(struct layout *layout)
{
	free(layout->slots);
	free(layout->bus);
	*layout = (struct layout){};
}

int layout_from_record(struct layout *layout, const struct nisv_rec_layout *rec)
{
	uint32_t n_slots = clamp(rec->n_slots, NISV_SLOTS_MAX);
	uint32_t n_bus = clamp(rec->n_bus, NISV_BUS_MAX);
	struct layout fresh = {
		.known = true,
		.generation = rec->generation,
		.state = rec->state <= NISV_LAYOUT_AFTER ? (enum nisv_layout_state)rec->state
							 : NISV_LAYOUT_UNSTABLE,
		.total_slots = rec->total_slots,
		.total_bus = rec->total_bus,
		.vcpus = rec->vcpus,
		.ipa_bits = rec->ipa_bits <= 64 ? rec->ipa_bits : 0,
		.vgic_model = rec->vgic_model,
		.vgic_dist = rec->vgic_dist,
		.vgic_cpu = rec->vgic_cpu,
		.nisv_to_user = rec->nisv_to_user != 0,
		.is_protected = rec->is_protected != 0,
		.is_32bit = rec->is_32bit != 0,
		.n_bus = n_bus,
		.n_redist = clamp(rec->n_redist, NISV_REDIST_MAX),
	};

	fresh.slots = malloc((n_slots + 1) * sizeof(*fresh.slots));
	fresh.bus = malloc((n_bus + 1) * sizeof(*fresh.bus));
	if (!fresh.slots || !fresh.bus) {
		layout_clear(&fresh);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < n_slots; i++)
		if (slot_is_sane(&rec->slots[i]))
			fresh.slots[fresh.n_slots++] = rec->slots[i];
	qsort(fresh.slots, fresh.n_slots, sizeof(fresh.slots[0]), slot_compare);
	memcpy(fresh.bus, rec->bus, n_bus * sizeof(rec->bus[0]));
	qsort(fresh.bus, fresh.n_bus, sizeof(fresh.bus[0]), bus_compare);
	memcpy(fresh.redist, rec->redist, fresh.n_redist * sizeof(rec->redist[0]));
	layout_clear(layout);
	*layout = fresh;
	return 0;
}

/* Memory to the guest's normal accesses: address space 0, and not a slot that is being changed. */
static bool slot_is_usable(const struct nisv_slot *slot)
{
	return slot->as_id == 0 && !(slot->flags & NISV_SLOT_INVALID);
}

static bool slot_is_ram(const struct nisv_slot *slot)
{
	return slot_is_usable(slot) && !(slot->flags & NISV_SLOT_READONLY);
}

const struct nisv_slot *layout_slot_at(const struct layout *layout, uint64_t ipa)
{
	for (size_t i = 0; i < layout->n_slots; i++) {
		const struct nisv_slot *slot = &layout->slots[i];

		if (slot_is_usable(slot) && ipa >= slot->gpa && ipa - slot->gpa < slot->size)
			return slot;
	}
	return NULL;
}

const struct nisv_slot *layout_slot_below(const struct layout *layout, uint64_t ipa)
{
	const struct nisv_slot *best = NULL;

	for (size_t i = 0; i < layout->n_slots; i++) {
		const struct nisv_slot *slot = &layout->slots[i];

		if (slot_is_usable(slot) && slot->gpa + slot->size <= ipa)
			best = slot;
	}
	return best;
}

const struct nisv_slot *layout_slot_above(const struct layout *layout, uint64_t ipa)
{
	for (size_t i = 0; i < layout->n_slots; i++)
		if (slot_is_usable(&layout->slots[i]) && layout->slots[i].gpa > ipa)
			return &layout->slots[i];
	return NULL;
}

uint64_t layout_ram_bytes(const struct layout *layout)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < layout->n_slots; i++)
		if (slot_is_ram(&layout->slots[i]))
			sum += layout->slots[i].size;
	return sum;
}

bool layout_main_ram(const struct layout *layout, struct range *ret)
{
	struct range best = {0}, run = {0};

	for (size_t i = 0; i < layout->n_slots; i++) {
		const struct nisv_slot *slot = &layout->slots[i];

		if (!slot_is_ram(slot))
			continue;
		if (run.end != slot->gpa || run.start == run.end)
			run.start = slot->gpa;
		run.end = slot->gpa + slot->size;
		if (run.end - run.start > best.end - best.start)
			best = run;
	}
	if (best.start == best.end)
		return false;
	*ret = best;
	return true;
}

static bool in_frame(uint64_t ipa, uint64_t base, uint64_t size)
{
	return base != NISV_ADDR_UNSET && ipa >= base && ipa - base < size;
}

const char *layout_vgic_frame(const struct layout *layout, uint64_t ipa)
{
	if (layout->vgic_model == NISV_VGIC_V2) {
		if (in_frame(ipa, layout->vgic_dist, VGIC_V2_DIST_SIZE))
			return "distributor";
		if (in_frame(ipa, layout->vgic_cpu, VGIC_V2_CPU_SIZE))
			return "CPU interface";
	}
	if (layout->vgic_model == NISV_VGIC_V3) {
		if (in_frame(ipa, layout->vgic_dist, VGIC_V3_DIST_SIZE))
			return "distributor";
		for (size_t i = 0; i < layout->n_redist; i++) {
			/* A region made by the old attribute has no count of its own. */
			uint64_t n =
				layout->redist[i].count ? layout->redist[i].count : layout->vcpus;

			if (n > REDISTS_MAX)
				n = REDISTS_MAX;
			if (in_frame(ipa, layout->redist[i].base, n * VGIC_V3_REDIST_SIZE))
				return "redistributor";
		}
	}
	return NULL;
}
