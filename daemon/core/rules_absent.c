/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Devices and pages that the guest was told of, or that its kind of machine can have, and that are
 * not there. */

#include <inttypes.h>
#include <string.h>

#include "daemon/core/rules_kit.h"

static bool is_told_device(const struct scene *s)
{
	return s->device && s->device->kind == GUEST_DEVICE;
}

/* ---- virtio-mmio-slot-absent ---------------------------------------------------------------- */

/*
 * VMMs that register a doorbell for each device they make, before the guest starts: Firecracker
 * (src/vmm/src/device_manager/mmio.rs: register_mmio_virtio()) and libkrun (the same). Others wait
 * for the guest's driver, so that a missing doorbell says nothing.
 */
bool rule_rings_from_the_start(const char *vmm)
{
	return !strcmp(vmm, "firecracker") || !strcmp(vmm, "libkrun");
}

/* Of the doorbells in the region of the transports, the one furthest up; 0: there is none. */
static uint64_t last_doorbell(const struct scene *s)
{
	const struct layout *layout = s->evidence->layout;
	uint64_t last = 0;

	for (size_t i = 0; i < layout->n_bus; i++)
		if (layout->bus[i].is_ioeventfd &&
		    layout->bus[i].addr - s->region->base < s->region->size &&
		    layout->bus[i].addr > last)
			last = layout->bus[i].addr;
	return last;
}

static double transport_score(const struct scene *s, const char **reason)
{
	bool told = is_told_device(s) && !strcmp(s->device->compatible, "virtio,mmio");

	if (!rule_no_slot(s) || s->vgic || s->on_bus || s->near_doorbell || !s->region ||
	    s->region->role != ROLE_VIRTIO_MMIO || !s->region->is_window || !rule_has_bus(s) ||
	    !rule_rings_from_the_start(s->evidence->vmm))
		return 0;
	if (s->place ? s->place->count < MMIO_FEW || s->place->user < s->place->count
		     : !rule_is_nisv(s))
		return 0;
	if (!last_doorbell(s))
		return 0;
	if (told) {
		*reason = "the guest's device tree has a transport there, and this VMM registers a "
			  "doorbell for each device, but not there";
		return rule_mapped(s, rule_lasting(s, 0.88));
	}
	/* What else is in that window (serial, RTC) comes before the transports or between them. */
	if (s->ipa <= last_doorbell(s) || s->place || s->near_traffic)
		return 0;
	*reason = "above the last transport that has a doorbell, which this VMM registers for each "
		  "device";
	return rule_mapped(s, rule_lasting(s, 0.8));
}

static void transport_place(const struct scene *s, struct text *text)
{
	(void)s;
	text_add(text, "where a virtio-mmio transport would be, but this VM has no device");
}

static void transport_where(const struct scene *s, struct text *text)
{
	text_add(text, "KVM has no doorbell there; the last one is at 0x%" PRIx64 " (%s).",
		 last_doorbell(s), s->region->name);
}

static const struct advice transport_advice[] = {
	{NULL,
	 "Give the VM that device, or take the node out of the tree that the image brings: the "
	 "VMM's own tree has a node for each device that there is.",
	 "src/vmm/src/arch/aarch64/fdt.rs: create_virtio_node()", REV_FIRECRACKER},
	{0},
};

const struct rule rule_virtio_mmio_absent = {
	.id = "virtio-mmio-slot-absent",
	.general = {"device-access-nisv-instruction", "dt-device-absent"},
	.arch = "arm64",
	.from = RULE_FAULT | RULE_MAP,
	.what = "The guest looks for a virtio-mmio transport that the VM does not have: its device "
		"tree lists more of them than there are devices.",
	.known_by = "This VMM registers a doorbell (ioeventfd) for each device that it makes; the "
		    "address is in the range of its transports, and none is there. QEMU's 32 "
		    "transports are always there, with or without a device.",
	.example =
		"vCPU 0 executed `ldr w1, [x0], #4` on 0x40008000, where a virtio-mmio transport "
		"would be, but this VM has no device.",
	.score = transport_score,
	.place = transport_place,
	.where = transport_where,
	.how = rule_how,
	.scope = rule_scope_vm,
	.traffic_severity = SEVERITY_WARNING,
	.advice = transport_advice,
	.documentation = DOC_TREE,
};

/* ---- pvtime-region -------------------------------------------------------------------------- */

static double stolen_score(const struct scene *s, const char **reason)
{
	const struct machine_region *region = s->reserved ? s->reserved : s->left_out;

	if (!region || region->role != ROLE_STOLEN_TIME || !rule_no_slot(s) || rule_is_device(s))
		return 0;
	if (s->place ? s->place->count < MMIO_FEW || !rule_is_charted(s) : !rule_is_nisv(s))
		return 0;
	*reason = "the machine's page for stolen time would be there, and no memslot is";
	return rule_mapped(s, rule_lasting(s, 0.82));
}

static void stolen_place(const struct scene *s, struct text *text)
{
	(void)s;
	text_add(text, "where the page for stolen time would be, but this VM has none");
}

static const struct advice stolen_advice[] = {
	{"qemu",
	 "QEMU has the page where KVM offers PV time and the machine is virt-5.2 or later, unless "
	 "-cpu ...,kvm-steal-time=off: take it out of the tables that the guest brings, or switch "
	 "it on.",
	 "hw/arm/virt.c: virt_post_cpus_gic_realized()", REV_QEMU},
	{NULL,
	 "A guest must take the address from the hypercall (HV_PV_TIME_ST), not from a constant or "
	 "from the tables of another VM.",
	 "Documentation/virt/kvm/arm/pvtime.rst", REV_LINUX},
	{0},
};

const struct rule rule_stolen_time = {
	.id = "pvtime-region",
	.arch = "arm64",
	.from = RULE_FAULT,
	.what = "The guest reads its stolen time where this VM does not have the page for it: "
		"steal time was not set up by the VMM, and the guest's tables are of a VM that had "
		"it.",
	.known_by = "The machine's reference map has the page there, and no memslot is behind it.",
	.example =
		"vCPU 0 executed `ldp x1, x2, [x0]` on 0x90a0000, where the page for stolen time "
		"would be, but this VM has none.",
	.score = stolen_score,
	.place = stolen_place,
	.where = rule_where_nothing,
	.how = rule_how,
	.traffic_severity = SEVERITY_WARNING,
	.advice = stolen_advice,
	.documentation = "https://docs.kernel.org/virt/kvm/arm/pvtime.html",
};

/* ---- subpage-memslot ------------------------------------------------------------------------ */

/*
 * Memory of the guest that ends, or begins, in the middle of the host page that the address is in,
 * while the pages that it fills are there: memory that is missing altogether is another cause.
 */
static const struct guest_range *cut_memory(const struct scene *s)
{
	const struct guest_range *memory = s->memory;
	uint64_t page = s->evidence->host->page_bytes, start, end;
	bool begins, ends;

	if (!memory || !page)
		return NULL;
	start = s->ipa & ~(page - 1);
	end = memory->base + memory->size;
	begins = memory->base > start && memory->base - start < page;
	ends = end > start && end - start < page;
	if (begins && ends)
		return memory;
	if (begins)
		return s->above && s->above->gpa == start + page ? memory : NULL;
	return ends && s->below && s->below->gpa + s->below->size == start ? memory : NULL;
}

/* A region of memory that is smaller than a host page, or does not fill its pages. */
static const struct machine_region *cut_region(const struct scene *s)
{
	uint64_t page = s->evidence->host->page_bytes;

	if (!page || !s->reserved || s->reserved->optional || s->reserved->class != REGION_ROM)
		return NULL;
	return (s->reserved->base | s->reserved->size) & (page - 1) ? s->reserved : NULL;
}

static double subpage_score(const struct scene *s, const char **reason)
{
	if (!rule_no_slot(s) || rule_is_device(s))
		return 0;
	if (s->place ? !scene_is_empty(s) : !rule_is_use(s, 0))
		return 0;
	if (cut_memory(s)) {
		*reason = "the guest's memory ends in the middle of this host page, which no "
			  "memslot can have";
		return rule_told(s, 0.97);
	}
	if (!cut_region(s))
		return 0;
	*reason = "the machine has memory there that does not fill whole host pages";
	return rule_mapped(s, rule_lasting(s, 0.9));
}

static void subpage_place(const struct scene *s, struct text *text)
{
	text_add(text, "in a part of a host page (%s), which KVM cannot map",
		 words_size(s->evidence->host->page_bytes).s);
}

static void subpage_where(const struct scene *s, struct text *text)
{
	const struct guest_range *memory = cut_memory(s);
	uint64_t base = memory ? memory->base : cut_region(s)->base;
	uint64_t size = memory ? memory->size : cut_region(s)->size;

	text_add(text,
		 "\"%s\" (%s) is not made of whole host pages of %s: the rest of its page is no "
		 "memory.",
		 memory ? memory->name : cut_region(s)->name, words_range(base, size).s,
		 words_size(s->evidence->host->page_bytes).s);
}

static const struct advice subpage_advice[] = {
	{NULL,
	 "Make it a multiple of the host's page size, and aligned to it, or run the VM on a host "
	 "with smaller pages: KVM maps whole pages only.",
	 "Documentation/virt/kvm/api.rst: KVM_SET_USER_MEMORY_REGION", REV_LINUX},
	{"qemu",
	 "Give -m a size of whole host pages; ROM BARs of devices have a romsize= property.",
	 "hw/pci/pci.c: romsize", REV_QEMU},
	{0},
};

const struct rule rule_subpage = {
	.id = "subpage-memslot",
	.general = {"hole-between-slots", "dtb-memory-node-larger-than-ram", "access-past-ram-end"},
	.from = RULE_FAULT | RULE_MAP,
	.what = "Memory, a ROM or a BAR is smaller than a page of the host, or ends in the middle "
		"of one. KVM maps whole pages only, so that part is no memory.",
	.known_by = "The host's page size is known, and the guest's memory, or the machine's, does "
		    "not fill the page that the address is in.",
	.example = "vCPU 0 executed `ldp x1, x2, [x0]` on 0x48000400, in a part of a host page (4 "
		   "KiB), which KVM cannot map.",
	.score = subpage_score,
	.place = subpage_place,
	.where = subpage_where,
	.how = rule_how,
	.traffic_severity = SEVERITY_WARNING,
	.advice = subpage_advice,
	.documentation = DOC_KVM_API,
};

/* ---- dt-device-absent ----------------------------------------------------------------------- */

static double device_absent_score(const struct scene *s, const char **reason)
{
	if (!is_told_device(s) || !s->device->compatible[0] || !rule_no_slot(s) ||
	    rule_is_device(s) || s->region || s->facts->guest_may_be_file)
		return 0;
	/* Flash has no memslot while it takes commands. */
	if (s->reserved && !s->reserved->optional)
		return 0;
	if (s->place ? !rule_is_access(s, MMIO_FEW) : !rule_is_nisv(s))
		return 0;
	*reason = s->left_out
			  ? "the guest's device tree has a device there, which machines of this "
			    "kind have only with other options"
			  : "the guest's device tree has a device there, and this VM has nothing";
	if (rule_is_uncharted(s))
		return rule_lasting(s, 0.45);
	return rule_mapped(s, rule_lasting(s, s->left_out ? 0.82 : 0.72));
}

static void device_absent_place(const struct scene *s, struct text *text)
{
	text_add(text, "the guest's \"%s\", which is not there", s->device->name);
}

static void device_absent_where(const struct scene *s, struct text *text)
{
	text_add(text, "The guest's device tree has \"%s\" (%s) at %s; %s has %s.", s->device->name,
		 s->device->compatible, words_range(s->device->base, s->device->size).s,
		 rule_machine(s),
		 s->left_out ? "one there, but not with these options" : "nothing there");
}

static const struct advice device_absent_advice[] = {
	{"qemu",
	 "Let QEMU make the device tree (drop -dtb), or dump it anew with -machine dumpdtb=FILE "
	 "and the options that the VM runs with: devices come and go with them.",
	 "hw/arm/virt.c: create_fdt()", REV_QEMU},
	{NULL,
	 "Or take the node out of the tree that the image or its boot loader brings, or set its "
	 "status to \"disabled\".",
	 "chapter 2.3.4: status", REV_DEVICETREE},
	{0},
};

const struct rule rule_device_absent = {
	.id = "dt-device-absent",
	.arch = "arm64",
	.from = RULE_FAULT | RULE_MAP,
	.what = "The guest's device tree has a device that the VM does not: the tree was made for "
		"other options, or for another version of the VMM.",
	.known_by =
		"The guest's own device tree has the device at the address, and neither KVM nor "
		"the VMM's reference map has anything there.",
	.example =
		"vCPU 0 executed `ldr w1, [x0], #4` on 0x9050000, the guest's \"iommu@9050000\", "
		"which is not there.",
	.score = device_absent_score,
	.place = device_absent_place,
	.where = device_absent_where,
	.how = rule_how,
	.traffic_severity = SEVERITY_WARNING,
	.advice = device_absent_advice,
	.documentation = DOC_TREE,
};
