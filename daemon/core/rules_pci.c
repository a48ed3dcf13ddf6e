/* SPDX-License-Identifier: GPL-2.0-or-later */

/* PCI: configuration space, windows and BARs that are elsewhere, or nowhere. */

#include <inttypes.h>
#include <string.h>

#include "daemon/core/rules_kit.h"

#define ECAM_DEVICE 0x8000ULL /* PCI Express Base Specification 7.2.2: bus 27:20, device 19:15 */
#define ECAM_BUS    0x100000ULL
#define SCAN_MIN    4U
#define BAR_PAGE    0x10000ULL /* the largest page of an arm64 host: Arm ARM, D8.1 granules */

/* ---- ecam-highmem-mismatch ------------------------------------------------------------------ */

/* Configuration space that machines of this kind have there, but this VM's options put elsewhere.
 */
static const struct machine_region *absent_ecam(const struct scene *s)
{
	return s->left_out && s->left_out->role == ROLE_ECAM ? s->left_out : NULL;
}

unsigned int rule_config_scan(const struct scene *s, uint64_t base)
{
	const struct faultmap *faults = s->evidence->faults;
	unsigned int devices = 0;

	for (size_t i = 0; i < faults->n_places; i++) {
		const struct place *place = &faults->places[i];

		if (place->ipa - base < ECAM_BUS && !place->is_write &&
		    !((place->ipa - base) % ECAM_DEVICE))
			devices++;
	}
	return devices;
}

/*
 * Configuration space is read from its first function on. A board's device at an odd place in it is
 * more likely what is meant than function 1 of a device on bus 2.
 */
static bool is_rather_other(const struct scene *s, const struct machine_region *ecam)
{
	return s->has_other && s->evidence->host->maps[s->other.map].is_alien &&
	       s->ipa - ecam->base >= ECAM_BUS;
}

static double ecam_score(const struct scene *s, const char **reason)
{
	const struct machine_region *ecam = absent_ecam(s);
	bool told = rule_is_told(s, GUEST_PCI_ECAM);

	if (s->is_x86 || !rule_no_slot(s) || rule_is_device(s) || (!ecam && !told))
		return 0;
	/* A scan reads each function a few times; many of them are needed to tell it by MMIO. */
	if (s->place ? s->place->is_write ||
			       rule_config_scan(s, told ? s->device->base : ecam->base) < SCAN_MIN
		     : !rule_is_nisv(s))
		return 0;
	/* Where the options tell it as well, a file has nothing to add. */
	if (told && !(s->region && s->region->role == ROLE_ECAM) &&
	    !(ecam && s->facts->guest_may_be_file)) {
		*reason = "the guest's device tree has its PCI configuration space there, the "
			  "machine has it elsewhere or not at all";
		return rule_charted(s, rule_told(s, 0.92));
	}
	/* A healthy guest scans it as well, if the map is wrong. */
	if (!ecam || (s->place && !rule_is_charted(s)))
		return 0;
	*reason = "machines of this kind can have their PCI configuration space there, but this "
		  "one's options put it elsewhere";
	if (is_rather_other(s, ecam))
		return 0.4;
	return rule_mapped(s, rule_lasting(s, s->evidence->options->known ? 0.9 : 0.7));
}

static void ecam_place(const struct scene *s, struct text *text)
{
	(void)s;
	text_add(text, "where this VM does not have its PCI configuration space (ECAM)");
}

static void ecam_where(const struct scene *s, struct text *text)
{
	const struct machine *machine = s->evidence->machine;
	bool any = false;

	for (size_t i = 0; machine && i < machine->n_regions; i++) {
		const struct machine_region *region = &machine->regions[i];

		if (region->role != ROLE_ECAM)
			continue;
		text_add(text, "%s at %s", any ? ", or" : "This VM has its configuration space",
			 words_range(region->base, region->size).s);
		any = true;
	}
	if (!any)
		text_add(text, "This VM has no PCI configuration space");
	text_add(text, ".");
}

static const struct advice ecam_advice[] = {
	{"qemu",
	 "QEMU virt has it at 0x3f000000 (low) or above 256 GiB (high), by highmem=, highmem-ecam= "
	 "and the version of the machine (high since virt-3.0): pin -machine virt-X.Y, or set "
	 "highmem-ecam=off (8.0 and later, else highmem=off) if the guest needs the low one.",
	 "hw/arm/virt.c: VIRT_PCIE_ECAM, virt_set_high_memmap()", REV_QEMU},
	{"firecracker", "Firecracker has PCI only with --enable-pci.", "docs/getting-started.md",
	 REV_FIRECRACKER},
	{NULL,
	 "Take the address from the device tree (reg of the pci-host-ecam-generic node) or from "
	 "ACPI's MCFG, not from a constant.",
	 "Documentation/devicetree/bindings/pci/host-generic-pci.yaml", REV_LINUX},
	{0},
};

const struct rule rule_ecam_mismatch = {
	.id = "ecam-highmem-mismatch",
	.arch = "arm64",
	.from = RULE_FAULT | RULE_MAP,
	.what = "The guest looks for PCI configuration space where this VM does not have it: it "
		"takes the low one of QEMU's virt machine for granted, or the high one, or has a "
		"device tree of a VM with other options.",
	.known_by =
		"The machine's reference map has the ECAM at the address with other options than "
		"this VM's, or the guest's device tree has it there; a scan by described reads "
		"shows as one read place per device.",
	.example =
		"vCPU 0 executed `ldp w1, w2, [x0]` on 0x3f000000, where this VM does not have its "
		"PCI configuration space (ECAM): it is at 0x4010000000.",
	.score = ecam_score,
	.place = ecam_place,
	.where = ecam_where,
	.how = rule_how,
	.scope = rule_scope_vm,
	.traffic_severity = SEVERITY_ERROR,
	.advice = ecam_advice,
	.documentation = DOC_TREE,
};

/* ---- pcie-window-mismatch, pci-bar-outside-window ------------------------------------------- */

static bool is_window(const struct machine_region *region)
{
	return region->is_window && region->role == ROLE_PCI_WINDOW;
}

/* The guest's own window, [base, base + size), shares bytes with one that the machine has. */
static bool is_shared(const struct scene *s, const struct guest_range *range)
{
	const struct machine *machine = s->evidence->machine;

	for (size_t i = 0; machine && i < machine->n_regions; i++) {
		const struct machine_region *region = &machine->regions[i];

		if (is_window(region) && (range->base - region->base < region->size ||
					  region->base - range->base < range->size))
			return true;
	}
	return false;
}

/* A window that machines of this kind have there with other options. */
static bool is_absent_window(const struct scene *s)
{
	return s->left_out && s->left_out->role == ROLE_PCI_WINDOW;
}

static bool may_be_bar(const struct scene *s)
{
	return rule_is_access(s, MMIO_FEW) && rule_no_slot(s) && !rule_is_device(s) && !s->region;
}

static double window_score(const struct scene *s, const char **reason)
{
	if (!may_be_bar(s))
		return 0;
	if (rule_is_told(s, GUEST_PCI_WINDOW) && !is_shared(s, s->device)) {
		*reason =
			"the guest's device tree has a PCI window there, and the machine has none";
		return rule_mapped(s, rule_told(s, 0.85));
	}
	if (!is_absent_window(s))
		return 0;
	*reason = "machines of this kind can have a PCI window there, but this one's options put "
		  "it elsewhere";
	return rule_mapped(s, rule_lasting(s, 0.8));
}

static double bar_outside_score(const struct scene *s, const char **reason)
{
	if (!may_be_bar(s) || !rule_is_told(s, GUEST_PCI_WINDOW) || !is_shared(s, s->device))
		return 0;
	*reason = "the guest's PCI window reaches past the machine's, and the address is in what "
		  "is beyond";
	return rule_mapped(s, rule_told(s, 0.86));
}

static void window_place(const struct scene *s, struct text *text)
{
	(void)s;
	text_add(text, "where this VM has no window for PCI devices");
}

static void add_windows(const struct scene *s, struct text *text)
{
	const struct machine *machine = s->evidence->machine;
	bool any = false;

	for (size_t i = 0; machine && i < machine->n_regions; i++) {
		if (!is_window(&machine->regions[i]))
			continue;
		text_add(text, "%s %s", any ? "," : "Its windows are",
			 words_range(machine->regions[i].base, machine->regions[i].size).s);
		any = true;
	}
	text_add(text, any ? "." : "It has none.");
}

static void window_where(const struct scene *s, struct text *text)
{
	if (rule_is_told(s, GUEST_PCI_WINDOW))
		text_add(text, "The guest's device tree has a PCI window at %s. ",
			 words_range(s->device->base, s->device->size).s);
	add_windows(s, text);
}

static const struct advice window_advice[] = {
	{"qemu",
	 "QEMU places the windows by highmem=, highmem-mmio=, highmem-mmio-size= (10.0 and later), "
	 "compact-highmem=, the version of the machine and the size of the RAM: drop -dtb, or dump "
	 "the tree anew with -machine dumpdtb= and these options.",
	 "hw/arm/virt.c: virt_set_high_memmap()", REV_QEMU},
	{"firecracker", "Firecracker has PCI only with --enable-pci.", "docs/getting-started.md",
	 REV_FIRECRACKER},
	{NULL,
	 "Take the windows from the ranges of the tree that the VMM makes for this VM, in place of "
	 "fixed ones.",
	 "Documentation/devicetree/bindings/pci/host-generic-pci.yaml", REV_LINUX},
	{0},
};

static const struct advice bar_outside_advice[] = {
	{"qemu",
	 "Give the machine a larger window: -machine virt,highmem-mmio-size= (10.0 and later), or "
	 "highmem=on where the guest can address it.",
	 "hw/arm/virt.c: virt_set_highmem_mmio_size()", REV_QEMU},
	{"cloud-hypervisor",
	 "The windows end with the address bits of the VM: raise --cpus max_phys_bits=, or let the "
	 "guest keep the BARs where the VMM put them (pci=realloc=off).",
	 "vmm/src/memory_manager.rs: end_of_device_area", REV_CLOUD_HYPERVISOR},
	{NULL,
	 "Have the guest assign BARs inside the ranges of the VMM's own device tree or ACPI "
	 "tables.",
	 "Documentation/devicetree/bindings/pci/host-generic-pci.yaml", REV_LINUX},
	{0},
};

const struct rule rule_pcie_window = {
	.id = "pcie-window-mismatch",
	.arch = "arm64",
	.from = RULE_FAULT | RULE_MAP,
	.what = "The guest uses a PCI memory window that this VM does not have: one of another "
		"version or with other options of the machine.",
	.known_by =
		"The guest's device tree, or the machine with other options, has a PCI window at "
		"the address; this VM's map has none.",
	.example =
		"vCPU 0 executed `str q0, [x0]` on 0x8000001000, where this VM has no window for "
		"PCI devices: it was started with highmem=off.",
	.score = window_score,
	.place = window_place,
	.where = window_where,
	.how = rule_how,
	.scope = rule_scope_vm,
	.traffic_severity = SEVERITY_WARNING,
	.advice = window_advice,
	.documentation = DOC_TREE,
};

const struct rule rule_bar_outside_window = {
	.id = "pci-bar-outside-window",
	.general = {"pcie-window-mismatch"},
	.arch = "arm64",
	.from = RULE_FAULT,
	.what = "The guest put a PCI BAR where the VMM does not take one: outside of the windows "
		"of the machine.",
	.known_by =
		"The guest's own PCI window reaches past the machine's, and the address is in the "
		"part that the machine does not have.",
	.example =
		"vCPU 0 executed `ldp x1, x2, [x0]` on 0x3f800000, where this VM has no window for "
		"PCI devices; the guest's window reaches to 0x40000000, the machine's to "
		"0x3eff0000.",
	.score = bar_outside_score,
	.place = window_place,
	.where = window_where,
	.how = rule_how,
	.scope = rule_scope_vm,
	.traffic_severity = SEVERITY_WARNING,
	.advice = bar_outside_advice,
	.documentation = DOC_TREE,
};

/* ---- pci-bar-not-mapped --------------------------------------------------------------------- */

static bool is_of_vfio(const struct scene *s, const struct nisv_slot *slot)
{
	const struct backing *backing = slot ? backings_find(s->evidence->backings, slot) : NULL;

	return backing && backing->kind == BACKING_VFIO;
}

/* A part of a BAR that is mapped: the page of its MSI-X table, or what is less than a page. */
static bool is_beside_bar(const struct scene *s)
{
	return (is_of_vfio(s, s->below) && s->ipa - (s->below->gpa + s->below->size) < BAR_PAGE) ||
	       (is_of_vfio(s, s->above) && s->above->gpa - s->ipa <= BAR_PAGE);
}

/* Those of the assigned device are not the VMM's own devices' BARs, which none maps. */
static bool may_be_other_device(const struct scene *s)
{
	const struct layout *layout = s->evidence->layout;

	if (is_beside_bar(s))
		return false;
	for (size_t i = 0; i < layout->n_slots; i++)
		if (is_of_vfio(s, &layout->slots[i]))
			return true;
	return !s->evidence->backings->n;
}

static double bar_score(const struct scene *s, const char **reason)
{
	double score;

	if (!rule_is_nisv(s) || !rule_no_slot(s) || s->vgic || s->on_bus || s->near_doorbell)
		return 0;
	if (!s->region || !is_window(s->region) || s->evidence->options->vfio != VMOPTION_ON)
		return 0;
	*reason = "the address is in a window for PCI devices without a memslot, and the VM has a "
		  "device of the host assigned";
	score = rule_mapped(s, rule_lasting(s, s->near_count ? 0.6 : 0.76));
	return may_be_other_device(s) && score > 0.6 ? 0.6 : score;
}

static void bar_place(const struct scene *s, struct text *text)
{
	rule_offset(s, s->region, text);
	text_add(text, ", a BAR that KVM does not map as memory");
}

static void bar_where(const struct scene *s, struct text *text)
{
	text_add(text,
		 "No memslot is behind the address in the %s, so every access to the assigned "
		 "device's BAR leaves the guest, and only described ones can be emulated.",
		 s->region->name);
}

static const struct advice bar_advice[] = {
	{"qemu",
	 "vfio-pci maps BARs of at least a host page; x-no-mmap=on, the page of the MSI-X table "
	 "and a device whose memory decoding is off are not mapped. Check the properties of "
	 "-device vfio-pci.",
	 "hw/vfio/region.c: vfio_region_mmap(); hw/vfio/pci.c: x-no-mmap", REV_QEMU},
	{"cloud-hypervisor",
	 "Cloud Hypervisor does not map a BAR in x_exclude_mmap_bars=, nor one with the MSI-X "
	 "table if the host's kernel does not allow that; one that shows as unassigned or "
	 "<ignored> in the guest has no place at all.",
	 "pci/src/vfio.rs: map_mmio_regions()", REV_CLOUD_HYPERVISOR},
	{NULL,
	 "A BAR smaller than the host's page (64 KiB pages) cannot be mapped by itself: use a host "
	 "kernel with 4 KiB pages, or keep the driver to single-register accesses.",
	 "drivers/vfio/pci/vfio_pci_core.c: vfio_pci_probe_mmaps()", REV_LINUX},
	{0},
};

const struct rule rule_bar_not_mapped = {
	.id = "pci-bar-not-mapped",
	.general = {"device-access-nisv-instruction"},
	.arch = "arm64",
	.from = RULE_FAULT,
	.what = "The guest drives an assigned device of the host, and its BAR is not mapped as "
		"memory: what would run at full speed leaves the guest, and copies to it abort.",
	.known_by = "The command line assigns a device (VFIO); the access is in a window for PCI "
		    "devices, and no memslot is behind it.",
	.example = "vCPU 4 executed `stp x1, x2, [x0]` on 0x10400000, PCI MMIO window (32-bit) + "
		   "0x400000, a BAR that KVM does not map as memory.",
	.score = bar_score,
	.place = bar_place,
	.where = bar_where,
	.how = rule_how,
	.advice = bar_advice,
	.documentation = "https://docs.kernel.org/driver-api/vfio.html",
};
