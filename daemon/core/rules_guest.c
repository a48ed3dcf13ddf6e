/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Guests of a kind of their own: nested ones, and those whose memory is not the host's to see. */

#include <inttypes.h>
#include <string.h>

#include "daemon/core/rules_kit.h"

/* ---- nested-guest-fault --------------------------------------------------------------------- */

/* What the nested guest made of an address of this VM other causes tell; it is left for the rest.
 */
static double nested_score(const struct scene *s, const char **reason)
{
	if (!scene_is_nested(s))
		return 0;
	if (!s->is_foreign) {
		*reason = "a nested guest ran, and KVM told which address of this VM it used; no "
			  "more than that is known";
		return 0.42;
	}
	*reason = "a nested guest ran: the address is one of its own, not of this VM";
	return 0.8;
}

/* KVM found memory of this VM there, but not the host's page for it. */
static bool is_of_host(const struct scene *s)
{
	return s->site->kind == NISV_KIND_BACKING || s->site->kind == NISV_KIND_MEMORY_FAULT;
}

static void nested_place(const struct scene *s, struct text *text)
{
	text_add(text, s->is_foreign ? "an address of a nested guest"
				     : "which a hypervisor inside this VM gave to a nested guest");
}

static void nested_where(const struct scene *s, struct text *text)
{
	if (!s->is_foreign) {
		text_add(text, "A nested guest ran, and its hypervisor maps that address of this "
			       "VM for it. ");
		rule_where_nothing(s, text);
	} else if (is_of_host(s)) {
		text_add(text, "A nested guest ran: KVM could not get the host's page behind its "
			       "address. Which address of this VM that is its hypervisor decides.");
	} else {
		text_add(text, "A nested guest ran: its hypervisor inside this VM decides what is "
			       "there.");
	}
}

static void nested_advise(const struct scene *s, struct text *text)
{
	if (is_of_host(s))
		text_add(text, "The memory that KVM could not get is the VMM's own: look at its "
			       "log, and at its mappings in /proc/PID/maps and smaps.");
}

static const struct advice nested_advice[] = {
	{NULL,
	 "Run nisvd inside the VM, on its hypervisor's kernel: it sees the nested guest's memory "
	 "map and names.",
	 "a hypervisor inside the VM has a KVM of its own", REV_NISVD},
	{"arm64",
	 "Look at what that hypervisor maps for its guest: KVM asks it first, and answers outside "
	 "memory only what it mapped to where this VM has none, such as a device.",
	 "arch/arm64/kvm/mmu.c: kvm_handle_guest_abort(), kvm_walk_nested_s2()", REV_LINUX},
	{NULL, "Ask the owner of the VM which guest ran there at that time.",
	 "the record has vCPU, PC and time", REV_NISVD},
	{0},
};

const struct rule rule_nested = {
	.id = "nested-guest-fault",
	.from = RULE_FAULT,
	.what = "The fault is of a guest that runs inside this VM: the address is one of that "
		"guest's, and only its own hypervisor knows what is there. Where KVM tells the "
		"address of this VM that is behind it, as it does on arm64 for accesses without a "
		"description, the causes of ordinary guests come first.",
	.known_by = "The vCPU ran a guest of the VM's own hypervisor when it faulted: on arm64 "
		    "outside EL2 with that hypervisor's stage 2 on, on x86 with its EPT or NPT.",
	.example = "vCPU 3 fetched an instruction from 0x9000000, an address of a nested guest.",
	.score = nested_score,
	.place = nested_place,
	.where = nested_where,
	.how = rule_how,
	.advise = nested_advise,
	.advice = nested_advice,
	.documentation = DOC_KVM_API,
};

/* ---- pvm-injected-sea ----------------------------------------------------------------------- */

static double protected_score(const struct scene *s, const char **reason)
{
	if (!s->evidence->layout->known || !s->evidence->layout->is_protected || s->place ||
	    !rule_is_nisv(s))
		return 0;
	if (s->site->outcome != NISV_OUTCOME_ABORT_INJECTED && s->site->outcome)
		return 0;
	*reason = "the VM is protected: KVM answers an access without a description with an abort "
		  "in the guest";
	return s->site->outcome ? 0.97 : 0.8;
}

static void protected_place(const struct scene *s, struct text *text)
{
	if (s->region)
		rule_offset(s, s->region, text);
	else
		text_add(text, "no memory");
	text_add(text, ", from a protected VM: nobody but the guest can be changed");
}

static void protected_where(const struct scene *s, struct text *text)
{
	if (s->region)
		rule_device_where(s, text);
	else
		rule_where_nothing(s, text);
}

static const struct advice protected_advice[] = {
	{NULL,
	 "Only the guest's code can be changed: single-register accesses without writeback on "
	 "devices. The VMM is not told of the access (KVM_CAP_ARM_NISV_TO_USER does not apply).",
	 "arch/arm64/kvm/mmio.c: io_mem_abort(); 3b467b16582c", REV_LINUX},
	{NULL,
	 "Its instruction and registers are not the host's to read: look into the guest's own log "
	 "for an external abort (ESR 0x96000010) and its PC.",
	 "Documentation/virt/kvm/arm/pkvm.rst", REV_LINUX},
	{0},
};

const struct rule rule_protected = {
	.id = "pvm-injected-sea",
	.general = {"atomic-or-exclusive-on-device", "device-access-nisv-instruction"},
	.arch = "arm64",
	.from = RULE_FAULT,
	.what = "A protected VM (pKVM) accessed what is no memory with an instruction that the CPU "
		"does not describe. KVM injects an abort and tells the VMM nothing.",
	.known_by = "The VM is protected, KVM saw an access without a description, and KVM_RUN did "
		    "not end for it.",
	.example = "vCPU 0 accessed 0xa000050, from a protected VM: nobody but the guest can be "
		   "changed.",
	.score = protected_score,
	.place = protected_place,
	.where = protected_where,
	.how = rule_how,
	.advice = protected_advice,
	.documentation = DOC_KVM_API,
};
