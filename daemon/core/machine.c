/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/machine.h"

#include <string.h>

#include "daemon/core/machine_kit.h"
#include "daemon/core/vmname.h"
#include "daemon/core/words.h"

static const char *const class_names[_REGION_CLASS_MAX] = {
	[REGION_DEVICE] = "device", [REGION_RAM] = "ram",
	[REGION_ROM] = "rom",	    [REGION_KERNEL_DEVICE] = "kernel-device",
	[REGION_HOLE] = "hole",
};

const char *region_class_name(enum region_class class)
{
	return class < _REGION_CLASS_MAX ? class_names[class] : "unknown";
}

static const char *const role_names[_REGION_ROLE_MAX] = {
	[ROLE_NONE] = "",
	[ROLE_ECAM] = "ecam",
	[ROLE_PCI_WINDOW] = "pci-window",
	[ROLE_PCI_IO] = "pci-io",
	[ROLE_VIRTIO_MMIO] = "virtio-mmio",
	[ROLE_FRAMEBUFFER] = "framebuffer",
	[ROLE_FLASH] = "flash",
	[ROLE_GIC_DIST] = "gic-dist",
	[ROLE_GIC_CPU] = "gic-cpu",
	[ROLE_REDIST] = "redist",
	[ROLE_ITS] = "its",
	[ROLE_V2M] = "v2m",
	[ROLE_STOLEN_TIME] = "stolen-time",
	[ROLE_HPET] = "hpet",
	[ROLE_TPM] = "tpm",
	[ROLE_APIC] = "apic",
};

const char *region_role_name(enum region_role role)
{
	return role < _REGION_ROLE_MAX ? role_names[role] : "";
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

static const struct machine_kind *kind_of(const struct machine *map)
{
	static const struct machine_kind *const kinds[] = {
		machine_qemu_arm64, machine_qemu_x86, machine_firecracker, machine_cloud_hypervisor,
		machine_crosvm,	    machine_kvmtool,  machine_libkrun,
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		for (const struct machine_kind *kind = kinds[i]; kind->id; kind++)
			if (!strcmp(kind->id, map->id))
				return kind;
	return NULL;
}

static double likeness(const struct machine *map, const struct machine_facts *facts)
{
	const struct machine_kind *kind = kind_of(map);

	if (!facts->layout->known || !kind || !kind->fingerprint)
		return MACHINE_IS_NOT;
	return kind->fingerprint(facts);
}

static void make(const struct machine *map, const struct machine_facts *facts, struct machine *ret)
{
	const struct machine_kind *kind = kind_of(map);

	*ret = *map;
	ret->doubt = NULL;
	if (kind && kind->compute)
		kind->compute(facts, ret);
}

static bool is_candidate(const struct machine *map, const struct machine_facts *facts)
{
	return !map->is_alien && !strcmp(map->arch, facts->arch);
}

/* QEMU's x86 default is "pc" (hw/i386/pc_piix.c: mc->is_default); its arm64 has none. */
static const char *machine_type(const struct machine_facts *facts)
{
	if (facts->options->machine[0] || !facts->options->known || strcmp(facts->vmm, "qemu") ||
	    strcmp(facts->arch, "x86_64"))
		return facts->options->machine;
	return "pc";
}

/* A map for this machine type in particular goes before one for every type of the VMM. */
static const struct machine *by_command_line(const struct machine *maps, size_t n,
					     const struct machine_facts *facts)
{
	const char *type = machine_type(facts);
	const struct machine *any = NULL;

	for (size_t i = 0; i < n; i++) {
		if (!is_candidate(&maps[i], facts) || strcmp(maps[i].vmm, facts->vmm))
			continue;
		if (!maps[i].match[0])
			any = any ? any : &maps[i];
		else if (!strcmp(maps[i].match, type))
			return &maps[i];
	}
	return any;
}

/* The map has vGIC distributors of this VM's model, but none where this VM's is. */
static bool vgic_is_elsewhere(const struct machine *machine, const struct layout *layout)
{
	bool has_vgic = false;

	if (!layout->known || !layout->vgic_model || layout->vgic_dist == NISV_ADDR_UNSET)
		return false;
	for (size_t i = 0; i < machine->n_regions; i++) {
		const struct machine_region *region = &machine->regions[i];

		if (region->vgic == layout->vgic_model && region->base == layout->vgic_dist)
			return false;
		has_vgic |= region->vgic == layout->vgic_model;
	}
	return has_vgic;
}

/*
 * What the map has for certain where the VM has memory instead: a slot that goes beyond what it
 * meets. One that lies within a region is a device's own memory, such as a BAR in a window.
 */
static const struct machine_region *buried(const struct machine *machine,
					   const struct layout *layout)
{
	for (size_t i = 0; i < machine->n_regions; i++) {
		const struct machine_region *region = &machine->regions[i];

		if (region->class != REGION_DEVICE || region->optional ||
		    (region->vgic && region->vgic != layout->vgic_model))
			continue;
		for (size_t j = 0; layout->known && j < layout->n_slots; j++) {
			const struct nisv_slot *slot = &layout->slots[j];

			if (layout_slot_is_usable(slot) && !(slot->flags & NISV_SLOT_READONLY) &&
			    slot->gpa <= region->base && region->base - slot->gpa < slot->size &&
			    (slot->gpa < region->base || slot->size > region->size))
				return region;
		}
	}
	return NULL;
}

/* Another map that the layout is beyond doubt the one of, although it cannot be @chosen's. */
static const struct machine *looks_like_another(const struct machine *maps, size_t n,
						const struct machine *chosen,
						const struct machine_facts *facts)
{
	if (!kind_of(chosen) || !kind_of(chosen)->fingerprint ||
	    likeness(chosen, facts) > MACHINE_IS_NOT)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (is_candidate(&maps[i], facts) && likeness(&maps[i], facts) >= MACHINE_IS)
			return &maps[i];
	return NULL;
}

static void rate(const struct machine *maps, size_t n, const struct machine *chosen,
		 const struct machine *made, const struct machine_facts *facts,
		 struct machine_choice *ret)
{
	const struct machine *other = looks_like_another(maps, n, chosen, facts);
	struct text text = text_begin(ret->reason, sizeof(ret->reason));

	ret->confidence = made->doubt ? 0.8 : 0.9;
	if (facts->options->known) {
		text_add(&text, "by the command line of the VMM");
	} else {
		text_add(&text, "by the name of the VMM; its command line was not read to the end");
		ret->confidence = 0.7;
	}
	if (made->doubt)
		text_add(&text, "; %s", made->doubt);
	if (vgic_is_elsewhere(made, facts->layout))
		text_add(&text, ", but its vGIC is at 0x%llx",
			 (unsigned long long)facts->layout->vgic_dist);
	else if (other)
		text_add(&text, ", but its layout is that of %s", other->id);
	else
		return;
	ret->confidence = 0.5;
}

/* What a likeness may decide: everything, the maps of a VMM known by name, or nothing. */
static bool is_in_question(const struct machine *map, const struct machine_facts *facts)
{
	if (!is_candidate(map, facts))
		return false;
	return !strcmp(facts->vmm, "unknown") || !strcmp(map->vmm, facts->vmm);
}

static void name_the_alike(const struct machine *maps, size_t n, const struct machine_facts *facts,
			   double best, struct text *text)
{
	const char *between = "";

	for (size_t i = 0; i < n; i++)
		if (is_in_question(&maps[i], facts) && likeness(&maps[i], facts) >= best) {
			text_add(text, "%s%s", between, maps[i].id);
			between = ", ";
		}
}

static const struct machine *by_likeness(const struct machine *maps, size_t n,
					 const struct machine_facts *facts,
					 struct machine_choice *ret)
{
	const struct machine *found = NULL;
	struct text text = text_begin(ret->reason, sizeof(ret->reason));
	double enough = strcmp(facts->vmm, "unknown") ? MACHINE_FITS : MACHINE_IS;
	double best = 0;
	size_t n_best = 0;

	for (size_t i = 0; i < n; i++) {
		double score = is_in_question(&maps[i], facts) ? likeness(&maps[i], facts) : 0;

		if (score > best) {
			best = score;
			found = &maps[i];
			n_best = 0;
		}
		n_best += score > 0 && score >= best;
	}
	if (n_best == 1 && best >= enough) {
		text_add(&text, "by the likeness of its layout");
		ret->confidence = best >= MACHINE_IS ? 0.6 : 0.5;
		return found;
	}
	if (!facts->layout->known) {
		text_add(&text, "neither the command line nor the memory layout is known");
	} else if (!n_best) {
		text_add(&text, "its layout fits no reference map");
	} else if (n_best == 1) {
		text_add(&text, "its layout fits %s, but nothing in it is proof", found->id);
	} else {
		text_add(&text, "its layout fits these alike: ");
		name_the_alike(maps, n, facts, best, &text);
	}
	return NULL;
}

bool machine_choose(const struct machine *maps, size_t n, const struct machine_facts *facts,
		    struct machine *ret, struct machine_choice *ret_choice)
{
	bool vmm_known = strcmp(facts->vmm, "unknown") != 0;
	const struct machine *map = vmm_known ? by_command_line(maps, n, facts) : NULL;
	struct text text = text_begin(ret_choice->reason, sizeof(ret_choice->reason));

	ret_choice->confidence = 0;
	if (map) {
		const struct machine_region *region;

		make(map, facts, ret);
		region = buried(ret, facts->layout);
		if (region) {
			text_add(&text,
				 "its command line is that of %s, but it has memory where %s would "
				 "be",
				 map->id, region->name);
			return false;
		}
		rate(maps, n, map, ret, facts, ret_choice);
		return true;
	}
	/* A command line that names another machine is not overruled by a likeness. */
	if (vmm_known && machine_type(facts)[0]) {
		char type[4 * sizeof(facts->options->machine)]; /* hostile bytes become \\xNN */

		vmname_sanitize(type, sizeof(type), machine_type(facts),
				strlen(machine_type(facts)));
		text_add(&text, "no reference map of %s is for its machine type %s", facts->vmm,
			 type);
		return false;
	}
	map = by_likeness(maps, n, facts, ret_choice);
	if (!map)
		return false;
	make(map, facts, ret);
	return true;
}

const struct machine *machine_find(const struct machine *maps, size_t n, const char *id)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(maps[i].id, id))
			return &maps[i];
	return NULL;
}

void machine_with_other_options(const struct machine *map, const struct machine_facts *facts,
				struct machine *ret)
{
	static const struct vmoptions unknown;
	struct machine_facts others = *facts;

	others.options = &unknown;
	make(map, &others, ret);
}
