/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Guests of a kind of their own: nested ones, and those whose memory is not the host's to see. */

#include <inttypes.h>
#include <string.h>

#include "daemon/core/rules_kit.h"

/* ---- nested-guest-fault --------------------------------------------------------------------- */

static double nested_score(const struct scene *s, const char **reason)
{
	if (!s->rec || !s->rec->is_nested)
		return 0;
	*reason = "a nested guest ran: the address is one of its own, not of this VM";
	return 0.8;
}

static void nested_place(const struct scene *s, struct text *text)
{
	(void)s;
	text_add(text, "an address of a nested guest");
}

static void nested_where(const struct scene *s, struct text *text)
{
	(void)s;
	text_add(text, "A nested guest ran: its hypervisor inside this VM decides what is there.");
}

static const struct advice nested_advice[] = {
	{NULL,
	 "Run nisvd inside the VM, on its hypervisor's kernel: it sees the nested guest's memory "
	 "map and names.",
	 "Documentation/virt/kvm/arm/hyp-abi.rst", REV_LINUX},
	{NULL, "Ask the owner of the VM which guest ran there at that time.",
	 "the record has vCPU, PC and time", REV_NISVD},
	{0},
};

const struct rule rule_nested = {
	.id = "nested-guest-fault",
	.from = RULE_FAULT,
	.what = "The fault is of a guest that runs inside this VM: the address is one of that "
		"guest's, and only its own hypervisor knows what is there.",
	.known_by =
		"The vCPU used the stage-2 (or nested) tables of an inner guest when it faulted.",
	.example = "vCPU 3 executed `ldp x1, x2, [x0]` on 0x9000000, an address of a nested guest.",
	.score = nested_score,
	.place = nested_place,
	.where = nested_where,
	.how = rule_how,
	.advice = nested_advice,
	.documentation = "https://docs.kernel.org/virt/kvm/x86/nested-vmx.html",
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
	.general = {"device-access-nisv-instruction"},
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
