/* SPDX-License-Identifier: GPL-2.0-or-later */

/* x86: MMIO where the machine has nothing. It never kills a VM, so it takes many accesses to tell.
 */

#include <inttypes.h>
#include <string.h>

#include "daemon/core/rules_kit.h"

#define FOUR_GIB (1ULL << 32)
#define ECAM_MIN 8U /* devices of bus 0 that a scan has looked at */
#define POLLS	 64

static bool is_traffic(const struct scene *s, uint64_t least)
{
	return s->is_x86 && s->place && rule_is_access(s, least) && rule_no_slot(s);
}

/* ---- x86-ecam-mismatch ---------------------------------------------------------------------- */

/*
 * Where PCs have their PCI configuration space, so that others are built for it: q35's PCIEXBAR,
 * the usual place of many boards and of microvm, Cloud Hypervisor's, Firecracker's, crosvm's.
 */
static const struct {
	uint64_t base;
	const char *of, *source;
} ecams[] = {
	{0xb0000000, "QEMU's q35",
	 "QEMU include/hw/pci-host/q35.h: MCH_HOST_BRIDGE_PCIEXBAR_DEFAULT"},
	{0xe0000000, "QEMU's microvm and many boards",
	 "QEMU include/hw/i386/microvm.h: PCIE_ECAM_BASE"},
	{0xe8000000, "Cloud Hypervisor",
	 "Cloud Hypervisor arch/src/x86_64/layout.rs: PCI_MMCONFIG_START"},
	{0xeec00000, "Firecracker",
	 "Firecracker src/vmm/src/arch/x86_64/layout.rs: PCI_MMCONFIG_START"},
	{0xf4000000, "crosvm", "crosvm x86_64/src/lib.rs: DEFAULT_PCIE_CFG_MMIO_START"},
};

#define ECAM_BUS 0x100000ULL

static bool has_ecam(const struct scene *s, uint64_t base)
{
	const struct machine *machine = s->evidence->machine;

	for (size_t i = 0; machine && i < machine->n_regions; i++)
		if (machine->regions[i].role == ROLE_ECAM &&
		    base - machine->regions[i].base < machine->regions[i].size)
			return true;
	return false;
}

/* The index of the configuration space that the guest scans here, though it is not this machine's;
 * -1: none. */
static int scanned_ecam(const struct scene *s)
{
	for (size_t i = 0; i < sizeof(ecams) / sizeof(ecams[0]); i++)
		if (s->ipa - ecams[i].base < ECAM_BUS && !has_ecam(s, ecams[i].base) &&
		    rule_config_scan(s, ecams[i].base) >= ECAM_MIN)
			return (int)i;
	return -1;
}

/* Not asked for an empty place: in a window for devices the scan itself is what tells. */
static double ecam_score(const struct scene *s, const char **reason)
{
	const struct evidence *e = s->evidence;

	if (!s->is_x86 || !s->place || s->place->is_write || !rule_no_slot(s) ||
	    rule_is_device(s) || !e->machine || e->machine_confidence < 0.8 || scanned_ecam(s) < 0)
		return 0;
	*reason = "one place for each device of a bus was read, as a scan of PCI configuration "
		  "space does, where this machine does not have it";
	return s->region ? 0.76 : 0.86;
}

static void ecam_place(const struct scene *s, struct text *text)
{
	text_add(text, "where %s %s PCI configuration space; this VM has none there",
		 ecams[scanned_ecam(s)].of,
		 strstr(ecams[scanned_ecam(s)].of, " and ") ? "have their" : "has its");
}

static void ecam_where(const struct scene *s, struct text *text)
{
	const struct machine *machine = s->evidence->machine;

	for (size_t i = 0; i < machine->n_regions; i++)
		if (machine->regions[i].role == ROLE_ECAM) {
			text_add(text, "%s has its configuration space at %s.", machine->id,
				 words_range(machine->regions[i].base, machine->regions[i].size).s);
			return;
		}
	text_add(text, "%s has no configuration space in memory.", machine->id);
}

static void ecam_prove(const struct scene *s, struct text *text)
{
	const int i = scanned_ecam(s);

	text_add(text, "%u devices of bus 0 were looked for from 0x%" PRIx64 " on (%s)",
		 rule_config_scan(s, ecams[i].base), ecams[i].base, ecams[i].source);
}

static const struct advice ecam_advice[] = {
	{NULL,
	 "Take the address from ACPI's MCFG table. A Linux guest does without it: pci=nommconf.",
	 "Documentation/admin-guide/kernel-parameters.txt: pci=nommconf", REV_LINUX},
	{"qemu",
	 "q35 has it at 0xb0000000 once firmware switched it on, pc has none, microvm has it at "
	 "0xe0000000 with pcie=on.",
	 "include/hw/pci-host/q35.h; hw/i386/microvm.c", REV_QEMU},
	{"firecracker", "Firecracker has PCI only with --enable-pci.", "docs/getting-started.md",
	 REV_FIRECRACKER},
	{"crosvm", "crosvm has it where --pci ecam=[start=...] says, 0xf4000000 without it.",
	 "src/crosvm/cmdline.rs: pci", REV_CROSVM},
	{0},
};

const struct rule rule_x86_ecam = {
	.id = "x86-ecam-mismatch",
	.general = {"stray-mmio-read"},
	.arch = "x86_64",
	.from = RULE_FAULT,
	.what = "The guest looks for PCI configuration space where this machine does not have it: "
		"it takes another machine's address for granted.",
	.known_by =
		"One place for each device of a bus was read, in steps of 32 KiB, from an address "
		"where other machines have their configuration space and this one does not.",
	.example = "The guest read 0xe0000000 64 times, where QEMU's microvm and many "
		   "boards have their PCI configuration space; this VM has none there.",
	.score = ecam_score,
	.place = ecam_place,
	.where = ecam_where,
	.how = rule_how,
	.prove = ecam_prove,
	.scope = rule_scope_vm,
	.traffic_severity = SEVERITY_WARNING,
	.advice = ecam_advice,
	.documentation = DOC_KVM_API,
};

/* ---- x86-hpet-or-tpm-absent ----------------------------------------------------------------- */

static const struct machine_region *absent_chip(const struct scene *s)
{
	const struct machine_region *region = s->left_out;

	return region && (region->role == ROLE_HPET || region->role == ROLE_TPM) ? region : NULL;
}

static double hpet_score(const struct scene *s, const char **reason)
{
	if (!absent_chip(s))
		return 0;
	*reason = "machines of this kind can have it there, this VM was started without";
	if (rule_is_emulated(s))
		return rule_mapped(s, rule_sighted(s, EMULATED_MAX));
	if (!is_traffic(s, POLLS))
		return 0;
	return rule_mapped(s, 0.82);
}

static void hpet_place(const struct scene *s, struct text *text)
{
	text_add(text, "where the %s would be; this VM has none", absent_chip(s)->name);
}

static void hpet_where(const struct scene *s, struct text *text)
{
	text_add(text, "%s has the %s at %s with other options than this VM's.", rule_machine(s),
		 absent_chip(s)->name, words_range(absent_chip(s)->base, absent_chip(s)->size).s);
}

static const struct advice hpet_advice[] = {
	{"qemu", "HPET: -machine hpet=on (the default of pc and q35).", "hw/i386/pc.c: hpet",
	 REV_QEMU},
	{"qemu",
	 "TPM: -tpmdev emulator,id=t,chardev=c -device tpm-crb,tpmdev=t with a socket chardev c to "
	 "swtpm.",
	 "docs/specs/tpm.rst", REV_QEMU},
	{"cloud-hypervisor", "TPM: --tpm socket=PATH. There is no HPET.",
	 "vmm/src/config.rs: TpmConfig::SYNTAX", REV_CLOUD_HYPERVISOR},
	{NULL,
	 "Or have the guest believe ACPI: without an HPET or TPM2 table there is none to look for; "
	 "clocksource=tsc or kvm-clock does without an HPET.",
	 "Documentation/admin-guide/kernel-parameters.txt: clocksource=", REV_LINUX},
	{0},
};

const struct rule rule_x86_hpet_tpm = {
	.id = "x86-hpet-or-tpm-absent",
	.general = {"stray-mmio-read", "stray-mmio-write"},
	.arch = "x86_64",
	.from = RULE_FAULT,
	.what = "The guest drives an HPET or a TPM that the VM was started without.",
	.known_by = "The machine's reference map has it at the address with other options, and the "
		    "guest goes on accessing it.",
	.example = "The guest read 0xfed00000 9000 times, where the HPET would be; this "
		   "VM has none: it was started with hpet=off.",
	.score = hpet_score,
	.place = hpet_place,
	.where = hpet_where,
	.how = rule_how,
	.traffic_severity = SEVERITY_WARNING,
	.advice = hpet_advice,
	.documentation = DOC_KVM_API,
};

/* ---- x86-pci-hole-stray --------------------------------------------------------------------- */

static double hole_score(const struct scene *s, const char **reason)
{
	const struct nisv_slot *below = s->below;

	if (!is_traffic(s, MMIO_MANY) || s->ipa >= FOUR_GIB || s->device)
		return 0;
	/* From the end of low RAM to 4 GiB, BARs in it or not. */
	while (below && !facts_slot_is_ram(s->facts, below))
		below = layout_slot_below(s->evidence->layout, below->gpa);
	if (!below ||
	    (s->above && facts_slot_is_ram(s->facts, s->above) && s->above->gpa < FOUR_GIB))
		return 0;
	*reason = "many accesses in the hole below 4 GiB, where the machine's reference map has "
		  "nothing";
	return 0.6;
}

static void hole_place(const struct scene *s, struct text *text)
{
	(void)s;
	text_add(text, "in the hole below 4 GiB, where nothing is");
}

static void hole_where(const struct scene *s, struct text *text)
{
	text_add(text, "%s has nothing there. ", rule_machine(s));
	rule_where_nothing(s, text);
}

static const struct advice hole_advice[] = {
	{NULL,
	 "Compare the address with the BARs that the guest has assigned (lspci -vv): one that was "
	 "moved, switched off or never had.",
	 "lspci(8)", "pciutils 3.9"},
	{"qemu",
	 "In the monitor, info pci and info mtree -f show the BARs and the address map as QEMU has "
	 "them, without a restart.",
	 "hmp-commands-info.hx: pci, mtree", REV_QEMU},
	{0},
};

const struct rule rule_x86_pci_hole = {
	.id = "x86-pci-hole-stray",
	.general = {"stray-mmio-read", "stray-mmio-write"},
	.arch = "x86_64",
	.from = RULE_FAULT,
	.what = "The guest goes on accessing an address in the hole below 4 GiB where no device "
		"is: a BAR that was moved or switched off, or an address made up.",
	.known_by =
		"Many described accesses between the end of low RAM and 4 GiB, where neither KVM "
		"nor the machine's reference map has anything.",
	.example = "The guest wrote 0xfef01000 50000 times, in the hole below 4 GiB, where "
		   "nothing is.",
	.score = hole_score,
	.place = hole_place,
	.where = hole_where,
	.how = rule_how,
	.traffic_severity = SEVERITY_INFO,
	.advice = hole_advice,
	.documentation = DOC_KVM_API,
};

/* ---- x86-apic-window-conflict --------------------------------------------------------------- */

static const struct advice apic_advice[] = {
	{NULL,
	 "Move the memory: 0xfee00000 (local APIC) and 0xfec00000 (IOAPIC) are KVM's own where it "
	 "emulates them.",
	 "arch/x86/kvm/lapic.c, ioapic.c", REV_LINUX},
	{"qemu",
	 "-machine kernel-irqchip=split moves the IOAPIC into QEMU, off the local APIC too; they "
	 "stay at these addresses.",
	 "qemu-options.hx: kernel-irqchip", REV_QEMU},
	{0},
};

const struct rule rule_x86_apic = {
	.id = "x86-apic-window-conflict",
	.arch = "x86_64",
	.from = RULE_MAP,
	.what = "A memslot lies over the local APIC or the IOAPIC: the guest's accesses to its "
		"interrupt controller go to memory, or KVM refuses to make its own page there.",
	.known_by = "KVM tells both: the memslots, and that it emulates the interrupt controllers.",
	.example = "Memslot 3 (0xfec00000-0xff000000, 4 MiB) hides KVM's IOAPIC at 0xfec00000.",
	.advice = apic_advice,
	.documentation = DOC_KVM_API,
};
