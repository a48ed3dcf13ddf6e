/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/machine.h"

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

const struct machine *machine_choose(const struct machine *maps, size_t n, const char *arch,
				     const char *vmm, const char *machine_option,
				     const struct layout *layout, double *ret_confidence,
				     const char **ret_reason)
{
	bool vmm_known = strcmp(vmm, "unknown") != 0;

	for (size_t i = 0; i < n && vmm_known; i++) {
		if (strcmp(maps[i].arch, arch) || strcmp(maps[i].vmm, vmm))
			continue;
		/* Without its machine option a VMM with more than one machine is not told. */
		if (maps[i].match[0] && !machine_option[0])
			continue;
		if (!option_matches(machine_option, maps[i].match))
			continue;
		*ret_confidence = 0.9;
		*ret_reason = "by the command line of the VMM";
		return &maps[i];
	}
	if (!layout->known)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		/* A command line that names another VMM or machine is not overruled by a likeness.
		 */
		if (strcmp(maps[i].arch, arch) ||
		    (vmm_known && (strcmp(maps[i].vmm, vmm) || machine_option[0])))
			continue;
		if (!fingerprint_matches(&maps[i], layout))
			continue;
		*ret_confidence = 0.6;
		*ret_reason = "by the likeness of its layout: addresses of the vGIC and of RAM";
		return &maps[i];
	}
	return NULL;
}
