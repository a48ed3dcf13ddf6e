/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Whether the devices of the guest's device tree are there: in the kernel, or in the VMM. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/core/verify_kit.h"

#define DEVICES_TOLD 5

/* How a device of the tree is, or is not, there. */
enum presence {
	PRESENT = 0,
	ABSENT,	      /* neither KVM nor the machine's map has anything there */
	SWITCHED_OFF, /* the machine has it, but not with these options, or not this version */
	UNDER_RAM,    /* memory is there in its place */
};

struct absence {
	const struct guest_range *range;
	enum presence how;
	const struct machine_region *would_be; /* SWITCHED_OFF */
	const struct nisv_slot *slot;	       /* UNDER_RAM */
};

#define ABSENCES_MAX 64

struct device_check {
	struct verification *v;
	const struct machine *registry; /* may be NULL */
	struct absence absent[ABSENCES_MAX];
	size_t n_absent, n_devices; /* of these many; absent ones beyond the list are not counted */
	const struct machine *other; /* the map that has most of those that are absent, or NULL */
	unsigned int other_hits;
};

/* ---- is it there? --------------------------------------------------------------------------- */

static bool begins(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

/*
 * Registers, whatever else: a driver of these never means memory. Others (frame buffers, firmware
 * tables, persistent memory, SRAM) may lie in a memslot.
 */
static bool is_made_of_registers(const struct guest_range *range)
{
	static const char *const compatibles[] = {
		"arm,pl011",
		"arm,pl031",
		"arm,pl061",
		"arm,primecell",
		"arm,gic",
		"arm,smmu",
		"arm,sp805",
		"arm,cortex-a15-gic",
		"ns16550",
		"virtio,mmio",
		"snps,dw-apb",
		"qemu,fw-cfg",
		"brcm,bcm2835-aux-uart",
	};

	for (size_t i = 0; i < sizeof(compatibles) / sizeof(compatibles[0]); i++)
		if (begins(range->compatible, compatibles[i]))
			return true;
	return range->kind == GUEST_GIC_DIST;
}

/* Of an assigned platform device the registers are a memslot. */
static bool is_plain_memory(const struct verification *v, const struct nisv_slot *slot)
{
	const struct backing *backing = backings_find(v->e->backings, slot);

	return backing &&
	       (backing->kind == BACKING_ANONYMOUS || backing->kind == BACKING_MEMFD ||
		backing->kind == BACKING_HUGETLB) &&
	       verify_is_ram(v, slot);
}

static bool is_vgic(const struct layout *layout, const struct guest_range *range)
{
	return layout_vgic_frame(layout, range->base) || range->base == layout->vgic_dist;
}

static enum presence presence_of(const struct device_check *check, const struct guest_range *range,
				 struct absence *ret)
{
	const struct evidence *e = check->v->e;
	const struct nisv_slot *slot = verify_slot_over(e->layout, range->base, range->size);

	*ret = (struct absence){.range = range, .slot = slot};
	if (slot)
		return is_made_of_registers(range) && is_plain_memory(check->v, slot) ? UNDER_RAM
										      : PRESENT;
	if (is_vgic(e->layout, range) || verify_is_on_bus(e->layout, range->base, range->size))
		return PRESENT;
	if (verify_region_over(e->machine, e->layout->vgic_model, range->base, range->size))
		return PRESENT;
	ret->would_be = verify_region_over(check->registry, e->layout->vgic_model, range->base,
					   range->size);
	return ret->would_be ? SWITCHED_OFF : ABSENT;
}

/* What a driver would bind to. Where the GIC is of another version its frames are elsewhere, too:
 * that is told by another check. */
static bool is_device(const struct evidence *e, const struct guest_range *range)
{
	if (range->disabled)
		return false;
	if (range->kind == GUEST_GIC_DIST)
		return e->layout->vgic_model == e->guest->gic_version;
	return range->kind == GUEST_DEVICE && range->compatible[0];
}

static void find_absent(struct device_check *check)
{
	const struct guest_view *guest = check->v->e->guest;

	for (size_t i = 0; i < guest->n_ranges; i++) {
		struct absence absence;

		if (!is_device(check->v->e, &guest->ranges[i]))
			continue;
		check->n_devices++;
		absence.how = presence_of(check, &guest->ranges[i], &absence);
		if (absence.how != PRESENT && check->n_absent < ABSENCES_MAX)
			check->absent[check->n_absent++] = absence;
	}
}

/* ---- whose device is it? -------------------------------------------------------------------- */

/* The device of @map that begins where @range does. */
static const struct machine_region *region_of(const struct machine *map,
					      const struct guest_range *range)
{
	for (size_t i = 0; i < map->n_regions; i++) {
		const struct machine_region *region = &map->regions[i];

		if (region->base == range->base && !region->is_window &&
		    region->class != REGION_RAM && region->class != REGION_HOLE)
			return region;
	}
	return NULL;
}

static unsigned int hits_of(const struct device_check *check, const struct machine *map)
{
	unsigned int hits = 0;

	for (size_t i = 0; i < check->n_absent; i++)
		hits += region_of(map, check->absent[i].range) != NULL;
	return hits;
}

static void find_other(struct device_check *check)
{
	const struct evidence *e = check->v->e;

	for (size_t i = 0; i < e->host->n_maps; i++) {
		const struct machine *map = &e->host->maps[i];
		unsigned int hits;

		if (strcmp(map->arch, e->host->arch) != 0 || map == check->registry)
			continue;
		hits = hits_of(check, map);
		if (hits > check->other_hits) {
			check->other = map;
			check->other_hits = hits;
		}
	}
}

/* ---- telling it ----------------------------------------------------------------------------- */

static void tell_absences(struct device_check *check, struct finding *finding)
{
	struct verification *v = check->v;

	for (size_t i = 0; i < check->n_absent && i < DEVICES_TOLD; i++) {
		const struct absence *absence = &check->absent[i];
		const struct machine_region *region =
			check->other ? region_of(check->other, absence->range) : NULL;
		char extra[200] = "";

		if (region)
			snprintf(extra, sizeof(extra), "; %s has its %s there", check->other->id,
				 region->name);
		else if (absence->how == SWITCHED_OFF)
			snprintf(extra, sizeof(extra),
				 "; %s has its %s there, but not with these options",
				 v->e->machine->id, absence->would_be->name);
		else if (absence->how == UNDER_RAM)
			snprintf(extra, sizeof(extra), "; memslot %d is there, which is RAM",
				 absence->slot->id);
		verify_evidence_line(v, finding, "%s, %s%s%s%s", verify_name(absence->range),
				     words_range(absence->range->base, absence->range->size).s,
				     absence->range->compatible[0] ? ", compatible " : "",
				     absence->range->compatible, extra);
	}
	if (check->n_absent > DEVICES_TOLD)
		verify_evidence_line(v, finding, "and %zu more", check->n_absent - DEVICES_TOLD);
	verify_tree_line(v, finding);
	if (v->e->machine)
		verify_machine_line(v, finding);
}

static void report_machine(struct device_check *check, double confidence, const char *reason)
{
	struct verification *v = check->v;
	const struct guest_range *first = check->absent[0].range;
	struct finding *finding = verify_report(v, &rule_wrong_machine, SEVERITY_ERROR, confidence,
						reason, first->base);

	v->wrong_machine = true;
	if (check->other_hits > 1 || (check->other && check->n_absent == 1))
		verify_summary(finding,
			       "The guest's device tree is for another machine, %s: %zu of its "
			       "%zu devices are not in this VM, %u of them are that machine's.",
			       check->other->id, check->n_absent, check->n_devices,
			       check->other_hits);
	else
		verify_summary(finding,
			       "The guest's device tree is for another machine: %zu of its %zu "
			       "devices are not in this VM.",
			       check->n_absent, check->n_devices);
	verify_where(finding,
		     "No memslot, no device of KVM and none of the VMM is at 0x%" PRIx64 ".",
		     first->base);
	verify_region(finding, "\"%s\", %s", verify_name(first),
		      words_range(first->base, first->size).s);
	tell_absences(check, finding);
	verify_advise(v, finding);
	verify_sign(finding, check->other ? check->other->id : "unknown machine", first->base);
}

/* What speaks against a gap in the reference map: the map knows the device, or the tree is not the
 * VMM's own. */
static double device_confidence(const struct device_check *check, const char **reason)
{
	const struct vmoptions *options = check->v->e->options;

	for (size_t i = 0; i < check->n_absent; i++) {
		if (check->absent[i].how == SWITCHED_OFF) {
			*reason = "the reference map has the device, but not with the options of "
				  "the command line";
			return 0.85;
		}
		if (check->absent[i].how == UNDER_RAM) {
			*reason = "the guest means registers, and KVM maps memory there";
			return 0.85;
		}
	}
	if (options->dtb[0]) {
		*reason = "the tree is not of the VMM's own making, and the reference map has "
			  "nothing there";
		return 0.8;
	}
	*reason = "the reference map has nothing there; a newer version of the VMM could";
	return strcmp(check->v->e->vmm, "qemu") || options->machine_major ? 0.7 : 0.6;
}

static void report_devices(struct device_check *check)
{
	struct verification *v = check->v;
	const struct absence *first = &check->absent[0];
	const struct guest_range *range = first->range;
	const char *reason;
	double confidence = device_confidence(check, &reason);
	struct finding *finding = verify_report(v, &rule_device_absent, SEVERITY_WARNING,
						confidence, reason, range->base);
	char others[64] = "";

	if (check->n_absent > 1)
		snprintf(others, sizeof(others), " and %zu more of the tree's %zu devices",
			 check->n_absent - 1, check->n_devices);
	verify_summary(finding,
		       "The guest's device tree has %s at 0x%" PRIx64 "%s, which %s not there.",
		       verify_name(range), range->base, others, check->n_absent > 1 ? "are" : "is");
	if (first->how == UNDER_RAM)
		verify_where(finding,
			     "Memslot %d is there, which is RAM: what a driver writes to the "
			     "device's registers changes memory.",
			     first->slot->id);
	else
		verify_where(finding,
			     "No memslot, no device of KVM and none of %s is at 0x%" PRIx64 ".",
			     v->e->machine->id, range->base);
	verify_region(finding, "\"%s\", %s", verify_name(range),
		      words_range(range->base, range->size).s);
	tell_absences(check, finding);
	verify_advise(v, finding);
	if (check->other_hits)
		verify_alternative(finding, &rule_wrong_machine, 0.55);
	verify_sign(finding, range->compatible, range->base);
}

bool verify_devices(struct verification *v, char *reason)
{
	struct device_check check = {.v = v, .registry = verify_registry_map(v)};

	if (!verify_has_tree(v, reason) || !verify_has_slots(v, reason) ||
	    !verify_has_bus(v, reason) || !verify_has_machine(v, reason))
		return false;
	find_absent(&check);
	if (check.n_absent)
		find_other(&check);
	if (check.other_hits >= 3)
		report_machine(&check, 0.9, "three and more devices are exactly that machine's");
	else if (check.other_hits == 2)
		report_machine(&check, 0.75, "two devices are exactly that machine's");
	else if (check.n_absent > 1 && 2 * check.n_absent > check.n_devices)
		report_machine(&check, check.other_hits ? 0.65 : 0.6,
			       "most devices of the tree are not there");
	else if (check.n_absent)
		report_devices(&check);
	return true;
}
