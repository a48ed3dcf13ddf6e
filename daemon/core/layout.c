/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/layout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* More redistributors than any vCPU count of KVM (KVM_MAX_VCPUS is 512 on arm64). */
#define REDISTS_MAX 65536U

/* KVM_USER_MEM_SLOTS on x86: SHRT_MAX less its three internal ones (include/linux/kvm_host.h). */
#define X86_USER_SLOTS 32764

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
		.known = rec->state != NISV_LAYOUT_NONE,
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
	/* Not less than there are, whoever wrote the record. */
	if (fresh.total_slots < fresh.n_slots)
		fresh.total_slots = (uint32_t)fresh.n_slots;
	qsort(fresh.slots, fresh.n_slots, sizeof(fresh.slots[0]), slot_compare);
	memcpy(fresh.bus, rec->bus, n_bus * sizeof(rec->bus[0]));
	qsort(fresh.bus, fresh.n_bus, sizeof(fresh.bus[0]), bus_compare);
	memcpy(fresh.redist, rec->redist, fresh.n_redist * sizeof(rec->redist[0]));
	layout_clear(layout);
	*layout = fresh;
	return 0;
}

static bool same_bytes(const void *a, const void *b, size_t n, size_t size)
{
	return !n || !memcmp(a, b, n * size);
}

static bool same_devices(const struct layout *a, const struct layout *b)
{
	return a->vgic_model == b->vgic_model && a->vgic_dist == b->vgic_dist &&
	       a->vgic_cpu == b->vgic_cpu && a->n_redist == b->n_redist &&
	       a->total_bus == b->total_bus && a->n_bus == b->n_bus &&
	       same_bytes(a->redist, b->redist, a->n_redist, sizeof(*a->redist)) &&
	       same_bytes(a->bus, b->bus, a->n_bus, sizeof(*a->bus));
}

bool layout_equal(const struct layout *a, const struct layout *b)
{
	return a->known == b->known && a->generation == b->generation && a->state == b->state &&
	       a->vcpus == b->vcpus && a->ipa_bits == b->ipa_bits &&
	       a->nisv_to_user == b->nisv_to_user && a->is_protected == b->is_protected &&
	       a->is_32bit == b->is_32bit && same_devices(a, b) &&
	       a->total_slots == b->total_slots && a->n_slots == b->n_slots &&
	       same_bytes(a->slots, b->slots, a->n_slots, sizeof(*a->slots));
}

/* ---- changes ---- */

#define GENERATION_IN_PROGRESS (1ULL << 63)

/* G, G in progress, G + 1: an update makes the new map visible with the old number first. */
static uint64_t generation_order(uint64_t generation)
{
	return (generation & ~GENERATION_IN_PROGRESS) * 2 + !!(generation & GENERATION_IN_PROGRESS);
}

int layout_compare_generations(uint64_t a, uint64_t b)
{
	uint64_t x = generation_order(a), y = generation_order(b);

	return x < y ? -1 : x > y;
}

static size_t slot_find(const struct layout *layout, const struct nisv_slot *slot)
{
	size_t i;

	for (i = 0; i < layout->n_slots; i++)
		if (layout->slots[i].id == slot->id && layout->slots[i].as_id == slot->as_id)
			break;
	return i;
}

/* False: it is not described. */
static bool slot_remove(struct layout *layout, const struct nisv_slot *slot)
{
	size_t i = slot_find(layout, slot);

	if (i == layout->n_slots)
		return false;
	layout->n_slots--;
	layout->total_slots--;
	memmove(&layout->slots[i], &layout->slots[i + 1],
		(layout->n_slots - i) * sizeof(*layout->slots));
	return true;
}

/* The caller has made room for one more. */
static void slot_insert(struct layout *layout, const struct nisv_slot *slot)
{
	size_t i = layout->n_slots;

	layout->total_slots++;
	if (i >= NISV_SLOTS_MAX)
		return;
	while (i > 0 && slot_compare(&layout->slots[i - 1], slot) > 0)
		i--;
	memmove(&layout->slots[i + 1], &layout->slots[i],
		(layout->n_slots - i) * sizeof(*layout->slots));
	layout->slots[i] = *slot;
	layout->n_slots++;
}

int layout_apply(struct layout *layout, const struct nisv_rec_slot *rec)
{
	struct nisv_slot *slots;

	if (!layout->known)
		return 0;
	/* Generations are those of address space 0; a change of another one may be applied twice.
	 */
	if (rec->before.as_id == 0 && rec->after.as_id == 0 &&
	    layout_compare_generations(rec->generation, layout->generation) <= 0)
		return 0;
	slots = realloc(layout->slots, (layout->n_slots + 1) * sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	layout->slots = slots;
	/* A slot beyond those that are described is counted. */
	if (rec->before.id >= 0 && !slot_remove(layout, &rec->before) &&
	    layout->total_slots > layout->n_slots)
		layout->total_slots--;
	if (slot_is_sane(&rec->after)) {
		slot_remove(layout, &rec->after);
		slot_insert(layout, &rec->after);
	}
	layout->generation = rec->generation;
	return 0;
}

/* ---- looking ---- */

bool layout_slot_is_usable(const struct nisv_slot *slot)
{
	return slot->as_id == 0 && !(slot->flags & NISV_SLOT_INVALID);
}

bool layout_slot_is_internal(const struct layout *layout, const struct nisv_slot *slot)
{
	/* Only arm64 tells the number of IPA bits; it has no slots of its own. */
	return !layout->ipa_bits && slot->id >= X86_USER_SLOTS;
}

static bool slot_is_ram(const struct layout *layout, const struct nisv_slot *slot)
{
	return layout_slot_is_usable(slot) && !(slot->flags & NISV_SLOT_READONLY) &&
	       !layout_slot_is_internal(layout, slot);
}

/* The number of slots of address space 0 that begin at or below @ipa: they come first. */
static size_t slots_until(const struct layout *layout, uint64_t ipa)
{
	size_t low = 0, high = layout->n_slots;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct nisv_slot *slot = &layout->slots[middle];

		if (slot->as_id == 0 && slot->gpa <= ipa)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct nisv_slot *layout_slot_at(const struct layout *layout, uint64_t ipa)
{
	/* Usable slots do not overlap (KVM_SET_USER_MEMORY_REGION): the first one below decides. */
	for (size_t i = slots_until(layout, ipa); i > 0; i--) {
		const struct nisv_slot *slot = &layout->slots[i - 1];

		if (layout_slot_is_usable(slot))
			return ipa - slot->gpa < slot->size ? slot : NULL;
	}
	return NULL;
}

const struct nisv_slot *layout_slot_below(const struct layout *layout, uint64_t ipa)
{
	for (size_t i = slots_until(layout, ipa); i > 0; i--) {
		const struct nisv_slot *slot = &layout->slots[i - 1];

		if (layout_slot_is_usable(slot) && slot->gpa + slot->size <= ipa)
			return slot;
	}
	return NULL;
}

const struct nisv_slot *layout_slot_above(const struct layout *layout, uint64_t ipa)
{
	for (size_t i = slots_until(layout, ipa); i < layout->n_slots; i++)
		if (layout_slot_is_usable(&layout->slots[i]))
			return &layout->slots[i];
	return NULL;
}

uint64_t layout_ram_bytes(const struct layout *layout)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < layout->n_slots; i++)
		if (slot_is_ram(layout, &layout->slots[i]))
			sum += layout->slots[i].size;
	return sum;
}

bool layout_largest_run(const struct layout *layout,
			bool (*wanted)(const struct nisv_slot *slot, const void *userdata),
			const void *userdata, struct range *ret)
{
	struct range best = {0}, run = {0};

	for (size_t i = 0; i < layout->n_slots; i++) {
		const struct nisv_slot *slot = &layout->slots[i];

		if (!wanted(slot, userdata))
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

struct range layout_run_of(const struct layout *layout, const struct nisv_slot *slot)
{
	struct range run = {slot->gpa, slot->gpa + slot->size};
	const struct nisv_slot *next;

	while ((next = layout_slot_below(layout, run.start)) && slot_is_ram(layout, next) &&
	       next->gpa + next->size == run.start)
		run.start = next->gpa;
	/* A record's slot may be of another time than the layout, and meet half of one. */
	while ((next = layout_slot_at(layout, run.end)) && slot_is_ram(layout, next) &&
	       next->gpa == run.end)
		run.end = next->gpa + next->size;
	return run;
}

static bool is_ram_of(const struct nisv_slot *slot, const void *userdata)
{
	return slot_is_ram(userdata, slot);
}

bool layout_main_ram(const struct layout *layout, struct range *ret)
{
	return layout_largest_run(layout, is_ram_of, layout, ret);
}

uint64_t layout_redists(const struct layout *layout, const struct nisv_redist *redist)
{
	uint64_t n = redist->count ? redist->count : layout->vcpus;

	return n < REDISTS_MAX ? n : REDISTS_MAX;
}

size_t layout_vgic_frames(const struct layout *layout, struct vgic_frame ret[VGIC_FRAMES_MAX])
{
	bool v2 = layout->vgic_model == NISV_VGIC_V2;
	size_t n = 0;

	if (!v2 && layout->vgic_model != NISV_VGIC_V3)
		return 0;
	if (layout->vgic_dist != NISV_ADDR_UNSET)
		ret[n++] = (struct vgic_frame){"distributor", layout->vgic_dist,
					       v2 ? VGIC_V2_DIST_SIZE : VGIC_V3_DIST_SIZE};
	if (v2 && layout->vgic_cpu != NISV_ADDR_UNSET)
		ret[n++] = (struct vgic_frame){"CPU interface", layout->vgic_cpu, VGIC_V2_CPU_SIZE};
	for (size_t i = 0; !v2 && i < layout->n_redist; i++)
		if (layout->redist[i].base != NISV_ADDR_UNSET)
			ret[n++] = (struct vgic_frame){"redistributor", layout->redist[i].base,
						       layout_redists(layout, &layout->redist[i]) *
							       VGIC_V3_REDIST_SIZE};
	return n;
}

const char *layout_vgic_frame(const struct layout *layout, uint64_t ipa)
{
	struct vgic_frame frames[VGIC_FRAMES_MAX];
	size_t n = layout_vgic_frames(layout, frames);

	for (size_t i = 0; i < n; i++)
		if (ipa >= frames[i].base && ipa - frames[i].base < frames[i].size)
			return frames[i].name;
	return NULL;
}
