/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/rules.h"

#include <string.h>

#include "daemon/core/rules_kit.h"

/* ---- unknown -------------------------------------------------------------------------------- */

static double unknown_score(const struct scene *s, const char **reason)
{
	if (s->place)
		return 0;
	if (s->no_segment)
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
		rule_where_nothing(s, text);
		if (s->reserved)
			text_add(text, " The machine's map has %s there, %s.", s->reserved->name,
				 s->reserved->optional ? "but only with an option, and nothing "
							 "shows it in this VM"
						       : "this VM does not");
	}
}

static const struct advice unknown_advice[] = {
	{NULL,
	 "Compare the address with the VM's memory map (nisvctl map) and with the guest's device "
	 "tree or ACPI tables.",
	 "io.nisvd.Monitor GetFaultMap", REV_NISVD},
	{NULL,
	 "Look up the PC in the guest's symbols (addr2line) to see which code made the access.",
	 "addr2line(1)", "binutils 2.40"},
	{"qemu",
	 "In the monitor info mtree -f prints the VM's address map as QEMU has it, without a "
	 "restart.",
	 "hmp-commands-info.hx: mtree", REV_QEMU},
	{0},
};

const struct rule rule_unknown = {
	.id = "unknown",
	.from = RULE_FAULT,
	.what = "The fault is real, but nothing that is known explains why the guest made it.",
	.known_by =
		"No other cause reaches a confidence of 0.4. The evidence tells the nearest memory "
		"and what the instruction was.",
	.example = "vCPU 0 executed `ldp x1, x2, [x0]` on 0xb0000040, where no memory is.",
	.score = unknown_score,
	.place = unknown_place,
	.where = unknown_where,
	.how = rule_how,
	.advice = unknown_advice,
	.documentation = DOC_KVM_API,
};

/* ---- the table ------------------------------------------------------------------------------ */

const struct rule *const rules[] = {
	&rule_private_memory,
	&rule_backing_gone,
	&rule_backing_not_faultable,
	&rule_nested,
	&rule_beyond_parange,
	&rule_beyond_ipa_limit,
	&rule_x86_beyond_maxphyaddr,
	&rule_exec_from_device,
	&rule_jumped_to_unmapped,
	&rule_x86_exec,
	&rule_x86_emulation,
	&rule_host_s1ptw_bug,
	&rule_table_in_readonly_slot,
	&rule_truncated_ipa,
	&rule_uninitialised_page_table,
	&rule_cache_op_readonly,
	&rule_readonly_slot_write,
	&rule_flash_command_mode,
	&rule_memslot_update_race,
	&rule_memory_unplugged,
	&rule_protected,
	&rule_vgic_access,
	&rule_gic_version,
	&rule_its_missing,
	&rule_v2m_missing,
	&rule_redist_beyond_vcpus,
	&rule_ls64,
	&rule_atomic,
	&rule_framebuffer_copy,
	&rule_ecam_read,
	&rule_simd_copy,
	&rule_dc_zva,
	&rule_mops,
	&rule_mte,
	&rule_sve,
	&rule_device_access,
	&rule_ecam_mismatch,
	&rule_pcie_window,
	&rule_bar_outside_window,
	&rule_bar_not_mapped,
	&rule_virtio_mmio_absent,
	&rule_stolen_time,
	&rule_subpage,
	&rule_tree_memory,
	&rule_image_ram_size,
	&rule_past_ram_end,
	&rule_wrong_machine,
	&rule_device_absent,
	&rule_null_pointer,
	&rule_hole,
	&rule_x86_ecam,
	&rule_x86_hpet_tpm,
	&rule_mmio_storm,
	&rule_x86_pci_hole,
	&rule_stray_read,
	&rule_stray_write,
	&rule_unknown,
	&rule_slot_over_vgic,
	&rule_x86_apic,
	&rule_livelock,
	&rule_compiler_writeback,
};

const size_t n_rules = sizeof(rules) / sizeof(rules[0]);

_Static_assert(sizeof(rules) / sizeof(rules[0]) <= RULES_MAX, "alternatives of all rules fit");

bool advice_is_for(const struct advice *advice, const char *vmm, const char *arch)
{
	const char *whose = advice->whose;
	const char *slash = whose ? strchr(whose, '/') : NULL;
	size_t length = strlen(vmm);

	if (slash)
		return (size_t)(slash - whose) == length && !strncmp(whose, vmm, length) &&
		       !strcmp(slash + 1, arch);
	return !whose || !strcmp(whose, vmm) || !strcmp(whose, arch);
}

const struct rule *rule_find(const char *id)
{
	for (size_t i = 0; i < n_rules; i++)
		if (!strcmp(rules[i]->id, id))
			return rules[i];
	return NULL;
}
