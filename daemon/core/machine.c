/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/machine.h"

#include <stdio.h>
#include <string.h>

static const char *const class_names[_REGION_CLASS_MAX] = {
	[REGION_DEVICE] = "device", [REGION_RAM] = "ram",
	[REGION_ROM] = "rom",	    [REGION_KERNEL_DEVICE] = "kernel-device",
	[REGION_HOLE] = "hole",
};

const char *region_class_name(enum region_class class)
{
	return class < _REGION_CLASS_MAX ? class_names[class] : "unknown";
}

const struct machine_region *machine_region_at(const struct machine *machine, uint32_t vgic_model,
					       uint64_t ipa)
{
	if (!machine)
		return NULL;
	for (size_t i = 0; i < machine->n_regions && i < MACHINE_REGIONS_MAX; i++) {
		const struct machine_region *region = &machine->regions[i];

		if (ipa < region->base || ipa - region->base >= region->size)
			continue;
		if (!region->vgic || region->vgic == vgic_model)
			return region;
	}
	return NULL;
}

/*
 * What tells a machine by its layout alone: where its vGIC distributor and its RAM begin. RAM is
 * no part of the reference maps, so the pairs are kept here.
 */
struct fingerprint {
	const char *id;
	uint64_t vgic_dist, ram_base;
};

static const struct fingerprint fingerprints[] = {
	/* QEMU hw/arm/virt.c, base_memmap: VIRT_GIC_DIST and VIRT_MEM. */
	{"qemu-virt-arm64", 0x08000000, 0x40000000},
};

static bool fingerprint_matches(const struct machine *machine, const struct layout *layout)
{
	const struct nisv_slot *ram;

	for (size_t i = 0; i < sizeof(fingerprints) / sizeof(fingerprints[0]); i++) {
		const struct fingerprint *print = &fingerprints[i];

		if (strcmp(print->id, machine->id) || layout->vgic_model == NISV_VGIC_NONE ||
		    layout->vgic_dist != print->vgic_dist)
			continue;
		ram = layout_slot_at(layout, print->ram_base);
		return ram && ram->gpa == print->ram_base && !(ram->flags & NISV_SLOT_READONLY);
	}
	return false;
}

/* "virt" matches "virt" and "virt-8.2", not "virtual". */
static bool option_matches(const char *option, const char *match)
{
	size_t n = strlen(match);

	return n == 0 || (!strncmp(option, match, n) && (option[n] == '\0' || option[n] == '-'));
}

void machine_add(struct machine *machine, const struct machine_region *region)
{
	size_t at = machine->n_regions;

	if (at >= MACHINE_REGIONS_MAX || !region->size)
		return;
	for (size_t i = 0; i < machine->n_regions; i++) {
		const struct machine_region *other = &machine->regions[i];
		bool apart = other->vgic && region->vgic && other->vgic != region->vgic;

		if (!apart && other->base - region->base < region->size)
			return;
		if (!apart && region->base - other->base < other->size)
			return;
	}
	for (; at > 0 && machine->regions[at - 1].base > region->base; at--)
		machine->regions[at] = machine->regions[at - 1];
	machine->regions[at] = *region;
	machine->n_regions++;
}

bool machine_choose(const struct machine *maps, size_t n, const struct machine_facts *facts,
		    struct machine *ret, struct machine_choice *ret_choice)
{
	const char *option = facts->options->machine;
	bool vmm_known = strcmp(facts->vmm, "unknown") != 0;

	*ret_choice = (struct machine_choice){};
	for (size_t i = 0; i < n && vmm_known; i++) {
		if (strcmp(maps[i].arch, facts->arch) || strcmp(maps[i].vmm, facts->vmm))
			continue;
		/* Without its machine option a VMM with more than one machine is not told. */
		if (maps[i].match[0] && !option[0])
			continue;
		if (!option_matches(option, maps[i].match))
			continue;
		ret_choice->confidence = 0.9;
		snprintf(ret_choice->reason, sizeof(ret_choice->reason),
			 "by the command line of the VMM");
		*ret = maps[i];
		return true;
	}
	if (!facts->layout->known)
		return false;
	for (size_t i = 0; i < n; i++) {
		/* A command line that names another VMM or machine is not overruled by a likeness.
		 */
		if (strcmp(maps[i].arch, facts->arch) ||
		    (vmm_known && (strcmp(maps[i].vmm, facts->vmm) || option[0])))
			continue;
		if (!fingerprint_matches(&maps[i], facts->layout))
			continue;
		ret_choice->confidence = 0.6;
		snprintf(ret_choice->reason, sizeof(ret_choice->reason),
			 "by the likeness of its layout: addresses of the vGIC and of RAM");
		*ret = maps[i];
		return true;
	}
	return false;
}
