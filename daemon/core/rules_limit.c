/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Addresses that the VM, its host or its CPUs cannot have. */

#include <inttypes.h>
#include <string.h>

#include "daemon/core/rules_kit.h"

static bool is_above(const struct scene *s, uint32_t bits)
{
	return bits && bits < 64 && s->ipa >> bits;
}

static bool is_in_reach(const struct scene *s)
{
	return s->is_x86 || s->is_foreign;
}

/* ---- beyond-parange ------------------------------------------------------------------------- */

/*
 * kvm_inject_size_fault() is for what is beyond the host's own limit only: get_kvm_ipa_limit(), the
 * smallest PARange of its CPUs, or 48 bits where those have more and the kernel's pages of 4 or 16
 * KiB cannot (kvm_set_ipa_limit()).
 */
static double parange_score(const struct scene *s, const char **reason)
{
	if (is_in_reach(s) || s->site->kind != NISV_KIND_BEYOND_IPA || !s->rec ||
	    !s->rec->is_beyond_host)
		return 0;
	*reason = "KVM injected an address size fault, which it does beyond the largest IPA size "
		  "of the host only";
	return 0.98;
}

static void parange_place(const struct scene *s, struct text *text)
{
	(void)s;
	text_add(text, "beyond the addresses that a VM can have on this host");
}

static void parange_where(const struct scene *s, struct text *text)
{
	text_add(text,
		 "0x%" PRIx64 " is beyond the largest IPA size that KVM has on this host, whatever "
		 "size the VM has: that of its CPUs' physical addresses, or 48 bits where its "
		 "kernel cannot use more.",
		 s->ipa);
}

static const struct advice parange_advice[] = {
	{NULL,
	 "A virtual address in a page table, or a pointer that was overwritten: look up the PC. No "
	 "device or memory can be there on this host.",
	 "arch/arm64/kvm/mmu.c: kvm_handle_guest_abort(); reset.c: kvm_set_ipa_limit()", REV_LINUX},
	{"cloud-hypervisor",
	 "If the guest placed a BAR there, it was told of more address bits than there are: lower "
	 "--cpus max_phys_bits=.",
	 "docs/cpu.md: max_phys_bits", REV_CLOUD_HYPERVISOR},
	{0},
};

const struct rule rule_beyond_parange = {
	.id = "beyond-parange",
	.general = {"beyond-ipa-limit"},
	.arch = "arm64",
	.from = RULE_FAULT,
	.what = "The guest used an address beyond what KVM can give any VM on this host: its CPUs "
		"cannot address it, or its kernel cannot.",
	.known_by = "KVM injected an address size fault (kvm_inject_size_fault), which it does for "
		    "nothing else.",
	.example =
		"vCPU 0 executed `ldr x1, [x0]` on 0xff8000000000, beyond the addresses that a VM "
		"can have on this host.",
	.score = parange_score,
	.place = parange_place,
	.where = parange_where,
	.how = rule_how,
	.advice = parange_advice,
	.documentation = DOC_KVM_API,
};

/* ---- beyond-ipa-limit ----------------------------------------------------------------------- */

static double beyond_score(const struct scene *s, const char **reason)
{
	uint32_t bits = s->evidence->layout->ipa_bits;

	/* Linux 5.10 serves described accesses there as MMIO: it did not refuse them. */
	if (is_in_reach(s) || s->place)
		return 0;
	if (is_above(s, bits)) {
		*reason = "the address is above the VM's IPA size";
		return 0.97;
	}
	if (s->site->kind != NISV_KIND_BEYOND_IPA)
		return 0;
	*reason = "KVM refused the address as beyond the IPA limit; the VM's IPA size is not known "
		  "to be below it";
	return bits ? 0.6 : 0.9;
}

static void beyond_place(const struct scene *s, struct text *text)
{
	text_add(text, "beyond the addresses that the VM can have");
	if (s->evidence->layout->ipa_bits)
		text_add(text, " (%" PRIu32 " bits)", s->evidence->layout->ipa_bits);
}

static void beyond_where(const struct scene *s, struct text *text)
{
	uint32_t bits = s->evidence->layout->ipa_bits;

	if (bits && bits < 64)
		text_add(text,
			 "The VM has %" PRIu32 " bits of guest-physical addresses, up to 0x%" PRIx64
			 "; nothing can be mapped at 0x%" PRIx64 ".",
			 bits, (UINT64_C(1) << bits) - 1, s->ipa);
	else
		text_add(text, "0x%" PRIx64 " is above the IPA limit of the VM or of the host.",
			 s->ipa);
}

static const struct advice beyond_advice[] = {
	{"qemu",
	 "Keep devices and memory below the limit: -machine virt,highmem=off, or less RAM and "
	 "smaller BARs; or a host whose CPUs address more.",
	 "hw/arm/virt.c: virt_set_memmap(), virt_kvm_type()", REV_QEMU},
	{NULL,
	 "The VMM can make the VM with more address bits where the host has them "
	 "(KVM_CAP_ARM_VM_IPA_SIZE, KVM_VM_TYPE_ARM_IPA_SIZE), or place RAM and PCI windows lower.",
	 "Documentation/virt/kvm/api.rst: KVM_CREATE_VM", REV_LINUX},
	{NULL,
	 "If no device or memory was ever meant to be there, the guest made the address up: a "
	 "pointer overwritten, or a virtual address in a page table.",
	 "the address is in no window of the machine", REV_NISVD},
	{0},
};

const struct rule rule_beyond_ipa_limit = {
	.id = "beyond-ipa-limit",
	.arch = "arm64",
	.from = RULE_FAULT | RULE_MAP,
	.what = "The guest used an address, or was told of memory or devices, beyond the "
		"guest-physical addresses that the VM has (its IPA size).",
	.known_by = "KVM tells the VM's IPA size; it answers what is beyond it with an abort.",
	.example = "vCPU 0 executed `ldr w1, [x0]` on 0x10000000000, beyond the addresses that the "
		   "VM can have (40 bits).",
	.score = beyond_score,
	.place = beyond_place,
	.where = beyond_where,
	.how = rule_how,
	.scope = rule_scope_vm,
	.advice = beyond_advice,
	.documentation = DOC_KVM_API,
};

/* ---- x86-gpa-beyond-maxphyaddr -------------------------------------------------------------- */

static double maxphyaddr_score(const struct scene *s, const char **reason)
{
	if (!s->is_x86 || !s->ipa_known || !rule_no_slot(s) ||
	    !is_above(s, s->evidence->options->phys_bits))
		return 0;
	*reason = "the address is beyond the address bits that the command line gives the guest's "
		  "CPUs";
	return 0.86;
}

static void maxphyaddr_place(const struct scene *s, struct text *text)
{
	text_add(text, "beyond the %" PRIu32 " address bits of the guest's CPUs",
		 s->evidence->options->phys_bits);
}

static void maxphyaddr_where(const struct scene *s, struct text *text)
{
	text_add(text,
		 "The command line gives the guest's CPUs %" PRIu32
		 " bits of physical addresses, up to 0x%" PRIx64 ".",
		 s->evidence->options->phys_bits,
		 (UINT64_C(1) << s->evidence->options->phys_bits) - 1);
}

static const struct advice maxphyaddr_advice[] = {
	{"qemu",
	 "Give the guest's CPUs more address bits (-cpu ...,phys-bits=N or host-phys-bits=on), or "
	 "the VM less memory.",
	 "target/i386/cpu.c: phys-bits, host-phys-bits", REV_QEMU},
	{"cloud-hypervisor", "Give the guest's CPUs more address bits: --cpus max_phys_bits=.",
	 "docs/cpu.md: max_phys_bits", REV_CLOUD_HYPERVISOR},
	{NULL,
	 "If nothing is meant to be there, the guest made the address up: a page table entry or a "
	 "BAR with bits set that the CPU does not have.",
	 "4.4: reserved bits of page table entries", REV_INTEL},
	{0},
};

const struct rule rule_x86_beyond_maxphyaddr = {
	.id = "x86-gpa-beyond-maxphyaddr",
	.general = {"x86-emulation-failure-mmio", "stray-mmio-read", "stray-mmio-write"},
	.arch = "x86_64",
	.from = RULE_FAULT | RULE_MAP,
	.what = "The guest used, or has memory at, an address beyond the physical address bits of "
		"its CPUs.",
	.known_by = "The command line gives the number of bits, and the address needs more.",
	.example = "The guest read 0x4000000000 40 times, beyond the 36 address bits of "
		   "the guest's CPUs.",
	.score = maxphyaddr_score,
	.place = maxphyaddr_place,
	.where = maxphyaddr_where,
	.how = rule_how,
	.scope = rule_scope_vm,
	.traffic_severity = SEVERITY_WARNING,
	.advice = maxphyaddr_advice,
	.documentation = DOC_KVM_API,
};
