/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/rules.h"

#include <inttypes.h>
#include <string.h>

#define WINDOW_MIN (16ULL << 20)

double rule_lower(double score)
{
	if (score >= 0.9)
		return 0.8;
	if (score >= 0.7)
		return 0.6;
	return score >= 0.5 ? 0.4 : score / 2;
}

double rule_sighted(const struct scene *s, double score)
{
	switch (s->sight) {
	case SIGHT_AT_FAULT:
		return score;
	case SIGHT_LATER:
		return rule_lower(score);
	default:
		return 0;
	}
}

static bool is_nested(const struct scene *s)
{
	return s->rec && s->rec->is_nested;
}

bool rule_is_nisv(const struct scene *s)
{
	return s->site->kind == NISV_KIND_NISV && !is_nested(s) && !s->esr.s1ptw && !s->esr.cm;
}

bool rule_is_window(const struct machine_region *region)
{
	return region->is_window || region->size >= WINDOW_MIN;
}

bool rule_no_slot(const struct scene *s)
{
	return !s->slot && !s->changing && !is_nested(s);
}

double rule_lasting(const struct scene *s, double score)
{
	return s->appeared && score > 0.35 ? 0.35 : rule_sighted(s, score);
}

static const char *insn_missing(const struct scene *s)
{
	if (!s->rec)
		return "no detailed record of this fault was kept";
	switch (s->rec->insn_state) {
	case NISV_INSN_STAGE1:
		return "the guest's page tables do not map the PC";
	case NISV_INSN_NO_SLOT:
		return "the PC or one of its page tables is in no memslot";
	case NISV_INSN_UNREADABLE:
		return "its page was not present on the host";
	case NISV_INSN_IO_MEMORY:
		return "the PC is in device memory of the host, which is never read";
	case NISV_INSN_PROTECTED:
		return "the VM is protected, its memory is not the host's to read";
	case NISV_INSN_NO_SYSREGS:
		return "the state of the guest's MMU was not known";
	case NISV_INSN_UNSAFE:
		return "this kernel cannot tell device memory, so it was not read";
	default:
		return "its bytes were not read";
	}
}

void rule_how_nisv(const struct scene *s, struct text *text)
{
	const char *why = s->has_insn ? insn_class_why(s->insn.class) : NULL;

	if (why)
		text_add(text,
			 "The CPU does not describe `%s` to the hypervisor (ESR_EL2.ISV = 0): %s.",
			 s->insn_text, why);
	else if (s->has_insn && s->insn.isv_possible)
		text_add(text,
			 "The CPU did not describe the access (ESR_EL2.ISV = 0), although `%s`, "
			 "now at the "
			 "PC, is of a form that it describes: the code may have changed since.",
			 s->insn_text);
	else if (s->has_insn)
		text_add(text,
			 "The CPU did not describe the access (ESR_EL2.ISV = 0); `%s` at the PC is "
			 "of no "
			 "known class.",
			 s->insn_text);
	else
		text_add(text,
			 "The CPU did not describe the access (ESR_EL2.ISV = 0). The instruction "
			 "is not "
			 "known: %s.",
			 insn_missing(s));
}

void rule_slot(const struct nisv_slot *slot, struct text *text)
{
	text_add(text, "memslot %d, %s, %s", slot->id, words_range(slot->gpa, slot->size).s,
		 slot->flags & NISV_SLOT_READONLY ? "read-only" : "writable");
	if (slot->flags & NISV_SLOT_INVALID)
		text_add(text, ", being changed");
}

void rule_neighbours(const struct scene *s, struct text *text)
{
	if (s->sight == SIGHT_NONE) {
		text_add(text, "the VM's memory map is not known");
		return;
	}
	if (s->below)
		text_add(text, "%s %s ends %s below",
			 s->below->flags & NISV_SLOT_READONLY ? "ROM" : "RAM",
			 words_range(s->below->gpa, s->below->size).s,
			 words_size(s->ipa - (s->below->gpa + s->below->size)).s);
	else
		text_add(text, "no memory below");
	if (s->above)
		text_add(text, "; %s %s begins %s above",
			 s->above->flags & NISV_SLOT_READONLY ? "ROM" : "RAM",
			 words_range(s->above->gpa, s->above->size).s,
			 words_size(s->above->gpa - s->ipa).s);
	else
		text_add(text, "; no memory above");
}

/* ---- unknown -------------------------------------------------------------------------------- */

static double unknown_score(const struct scene *s, const char **reason)
{
	if (is_nested(s))
		*reason = "a nested guest ran: the address is one of its own, not of this VM";
	else if (s->no_segment)
		*reason = "the base of the operand's segment is not known, so its address is not";
	else if (!s->ipa_known)
		*reason = "the guest-physical address is not known";
	else if (s->sight == SIGHT_NONE)
		*reason = "the VM's memory map is not known";
	else
		*reason = "no known cause fits the evidence";
	return UNKNOWN_CONFIDENCE;
}

static void unknown_place(const struct scene *s, struct text *text)
{
	if (!s->ipa_known)
		text_add(text, "whose guest-physical address is not known");
	else if (is_nested(s))
		text_add(text, "an address of a nested guest");
	else if (s->slot)
		text_add(text, "inside %s memslot %d",
			 s->slot->flags & NISV_SLOT_READONLY ? "the read-only" : "the writable",
			 s->slot->id);
	else if (s->changing)
		text_add(text, "inside memslot %d, which was being changed", s->changing->id);
	else if (s->sight == SIGHT_NONE)
		text_add(text, "where KVM found no usable memory");
	else
		text_add(text, "where no memory is");
}

static void unknown_where(const struct scene *s, struct text *text)
{
	if (!s->ipa_known) {
		text_add(text, "The guest-physical address of the access is not known.");
	} else if (is_nested(s)) {
		text_add(
			text,
			"A nested guest ran: its hypervisor inside this VM decides what is there.");
	} else if (s->slot && s->slot->flags & NISV_SLOT_READONLY) {
		text_add(text, "The address is inside a read-only memslot.");
	} else if (s->slot) {
		text_add(text,
			 "A writable memslot holds the address %s: what KVM answered does not "
			 "follow from that memory map.",
			 s->sight == SIGHT_AT_FAULT ? "at the fault" : "now");
	} else if (s->region) {
		text_add(text, "The machine has %s there.", s->region->name);
	} else {
		text_add(text, "No memslot holds the address: ");
		rule_neighbours(s, text);
		text_add(text, ".");
		if (s->reserved)
			text_add(text, " The machine's map has %s there, %s.", s->reserved->name,
				 s->reserved->optional ? "but only with an option, and nothing "
							 "shows it in this VM"
						       : "this VM does not");
	}
}

static void unknown_how(const struct scene *s, struct text *text)
{
	switch (s->site->kind) {
	case NISV_KIND_NISV:
		if (s->esr.cm)
			text_add(text,
				 "The access is a cache maintenance operation, which transfers no "
				 "register (ESR_EL2.CM = 1, ISV = 0).");
		else
			rule_how_nisv(s, text);
		break;
	case NISV_KIND_EXEC:
		text_add(text, "An instruction fetch is never emulated: KVM answers it with an "
			       "Instruction Abort in the guest.");
		break;
	case NISV_KIND_WALK:
		text_add(
			text,
			"The access of a stage-1 table walk is never emulated: KVM answers it with "
			"an abort in the guest.");
		break;
	case NISV_KIND_EMULATION:
		text_add(text, "KVM's instruction emulator gave up on the instruction.");
		break;
	case NISV_KIND_MEMORY_FAULT:
		text_add(text,
			 "KVM could not give the guest the page it asked for, private or shared, "
			 "and told the VMM (KVM_EXIT_MEMORY_FAULT).");
		break;
	case NISV_KIND_LDST64B:
		text_add(text, "A 64-byte access (LD64B, ST64B) outside memory is left to the VMM "
			       "(KVM_EXIT_ARM_LDST64B).");
		break;
	default:
		text_add(text, "KVM could not complete the access.");
	}
}

static const struct advice unknown_advice[] = {
	{NULL,
	 "Compare the address with the VM's memory map (nisvctl map) and with the guest's device "
	 "tree "
	 "or ACPI tables.",
	 "io.nisvd.Monitor GetFaultMap"},
	{NULL,
	 "Look up the PC in the guest's symbols (addr2line) to see which code made the access.",
	 "binutils addr2line(1)"},
	{0},
};

static const struct rule rule_unknown = {
	.id = "unknown",
	.score = unknown_score,
	.place = unknown_place,
	.where = unknown_where,
	.how = unknown_how,
	.advice = unknown_advice,
	.documentation = DOC_KVM_API,
};

const struct rule *const rules[] = {
	&rule_backing_gone,
	&rule_beyond_ipa_limit,
	&rule_jumped_to_unmapped,
	&rule_x86_exec,
	&rule_x86_emulation,
	&rule_uninitialised_page_table,
	&rule_readonly_slot_write,
	&rule_memslot_update_race,
	&rule_vgic_access,
	&rule_device_access,
	&rule_past_ram_end,
	&rule_null_pointer,
	&rule_hole,
	&rule_unknown,
};

const size_t n_rules = sizeof(rules) / sizeof(rules[0]);

_Static_assert(sizeof(rules) / sizeof(rules[0]) <= RULES_MAX, "scores of all rules fit");
