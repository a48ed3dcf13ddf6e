/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/ablation.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/rules.h"

/* ---- the copy ------------------------------------------------------------------------------- */

static int copy_faults(const struct faultmap *from, struct faultmap *to)
{
	*to = *from;
	to->sites = calloc(from->n_sites + 1, sizeof(to->sites[0]));
	to->places = calloc(from->n_places + 1, sizeof(to->places[0]));
	if (!to->sites || !to->places)
		return -ENOMEM;
	for (size_t i = 0; i < from->n_places; i++)
		to->places[i] = from->places[i];
	for (size_t i = 0; i < from->n_sites; i++) {
		struct site *site = &to->sites[i];

		*site = from->sites[i];
		if (!site->detail)
			continue;
		site->detail = malloc(sizeof(*site->detail));
		if (!site->detail)
			return -ENOMEM;
		*site->detail = *from->sites[i].detail;
	}
	return 0;
}

int reduced_make(const struct evidence *evidence, const struct ablation *ablation,
		 struct reduced *ret)
{
	*ret = (struct reduced){
		.evidence = *evidence,
		.host = *evidence->host,
		.options = *evidence->options,
		.layout = *evidence->layout,
		.guest = *evidence->guest,
		.backings = *evidence->backings,
		.slots = *evidence->slots,
	};
	ret->evidence.host = &ret->host;
	ret->evidence.options = &ret->options;
	ret->evidence.layout = &ret->layout;
	ret->evidence.guest = &ret->guest;
	ret->evidence.backings = &ret->backings;
	ret->evidence.slots = &ret->slots;
	ret->evidence.faults = &ret->faults;
	if (copy_faults(evidence->faults, &ret->faults) < 0) {
		reduced_clear(ret);
		return -ENOMEM;
	}
	ablation->apply(ret);
	return 0;
}

void reduced_clear(struct reduced *reduced)
{
	for (size_t i = 0; reduced->faults.sites && i < reduced->faults.n_sites; i++)
		free(reduced->faults.sites[i].detail);
	free(reduced->faults.sites);
	free(reduced->faults.places);
	reduced->faults = (struct faultmap){0};
}

/* ---- the sources ---------------------------------------------------------------------------- */

static void each_record(struct reduced *reduced, void (*change)(struct nisv_rec_fault *rec))
{
	for (size_t i = 0; i < reduced->faults.n_sites; i++)
		if (reduced->faults.sites[i].detail)
			change(reduced->faults.sites[i].detail);
}

static void lose_instruction(struct nisv_rec_fault *rec)
{
	rec->insn_state = NISV_INSN_UNREADABLE;
	rec->insn_len = 0;
	rec->code_len = 0;
}

static void lose_walk(struct nisv_rec_fault *rec)
{
	rec->walk = (struct nisv_walk){.state = NISV_WALK_NONE};
}

static void lose_guest_memory(struct nisv_rec_fault *rec)
{
	lose_instruction(rec);
	lose_walk(rec);
	rec->backtrace = (struct nisv_backtrace){0};
}

static void look_later(struct nisv_rec_fault *rec)
{
	if (rec->layout_state == NISV_LAYOUT_STABLE)
		rec->layout_state = NISV_LAYOUT_AFTER;
}

static void lose_registers(struct nisv_rec_fault *rec)
{
	rec->sysregs_state = NISV_SYSREGS_NONE;
	memset(&rec->sys, 0, sizeof(rec->sys));
}

static void lose_mapping(struct nisv_rec_fault *rec)
{
	rec->vma = (struct nisv_vma){.state = NISV_VMA_NOT_ASKED};
}

static void lose_outcome(struct nisv_rec_fault *rec)
{
	rec->outcome = NISV_OUTCOME_UNKNOWN;
	rec->errno_ = 0;
	rec->exit_reason = 0;
}

static void without_instructions(struct reduced *reduced)
{
	each_record(reduced, lose_instruction);
}

/* As with InspectGuestMemory=no. */
static void without_guest_memory(struct reduced *reduced)
{
	each_record(reduced, lose_guest_memory);
	guest_view_set(&reduced->guest, GUEST_OFF, "");
}

static void without_view(struct reduced *reduced)
{
	guest_view_set(&reduced->guest, GUEST_NOT_FOUND, "");
}

static void without_sight(struct reduced *reduced)
{
	each_record(reduced, look_later);
}

static void without_registers(struct reduced *reduced)
{
	each_record(reduced, lose_registers);
}

static void without_walks(struct reduced *reduced)
{
	each_record(reduced, lose_walk);
}

static void without_mappings(struct reduced *reduced)
{
	each_record(reduced, lose_mapping);
}

static void without_records(struct reduced *reduced)
{
	for (size_t i = 0; i < reduced->faults.n_sites; i++) {
		free(reduced->faults.sites[i].detail);
		reduced->faults.sites[i].detail = NULL;
	}
}

static void without_machine(struct reduced *reduced)
{
	reduced->evidence.machine = NULL;
	reduced->evidence.machine_confidence = 0;
}

static void with_likeness_only(struct reduced *reduced)
{
	if (reduced->evidence.machine_confidence > 0.6)
		reduced->evidence.machine_confidence = 0.6;
}

static void without_registry(struct reduced *reduced)
{
	reduced->host.n_maps = 0;
}

static void without_any_map(struct reduced *reduced)
{
	without_machine(reduced);
	without_registry(reduced);
}

static void without_options(struct reduced *reduced)
{
	reduced->options = (struct vmoptions){0};
}

static void without_history(struct reduced *reduced)
{
	reduced->slots.n = 0;
	reduced->slots.total = 0;
}

static void without_backings(struct reduced *reduced)
{
	reduced->backings.n = 0;
}

/* As nisvd is installed: without CAP_SYS_PTRACE. */
static void without_looks(struct reduced *reduced)
{
	without_view(reduced);
	without_backings(reduced);
}

static void without_kernel_version(struct reduced *reduced)
{
	reduced->host.kernel[0] = reduced->host.kernel_build[0] = '\0';
}

static void without_layout(struct reduced *reduced)
{
	reduced->layout = (struct layout){0};
}

/* The hooks of KVM's functions for aborts that it injects. */
static void without_injection(struct reduced *reduced)
{
	reduced->host.injection_seen = false;
}

/* The tracepoint kvm_userspace_exit, which tells outcomes. */
static void without_exits(struct reduced *reduced)
{
	each_record(reduced, lose_outcome);
	for (size_t i = 0; i < reduced->faults.n_sites; i++) {
		reduced->faults.sites[i].outcome = NISV_OUTCOME_UNKNOWN;
		reduced->faults.sites[i].errno_ = 0;
	}
}

/* The tracepoint kvm_guest_fault, without which only NISV and x86 emulation are told. */
static void without_guest_faults(struct reduced *reduced)
{
	struct faultmap *faults = &reduced->faults;
	size_t n = 0;

	for (size_t i = 0; i < faults->n_sites; i++) {
		if (faults->sites[i].kind == NISV_KIND_NISV ||
		    faults->sites[i].kind == NISV_KIND_EMULATION)
			faults->sites[n++] = faults->sites[i];
		else
			free(faults->sites[i].detail);
	}
	faults->n_sites = n;
}

/* The tracepoint kvm_mmio. */
static void without_traffic(struct reduced *reduced)
{
	reduced->faults.n_places = 0;
}

const struct ablation ablations[] = {
	{"without the instruction bytes", without_instructions},
	{"without guest memory", without_guest_memory},
	{"without the guest's view", without_view},
	{"without the VMM's map", without_any_map},
	{"without the VM's own map", without_machine},
	{"with a map by likeness only", with_likeness_only},
	{"without the registry of maps", without_registry},
	{"without the command line", without_options},
	{"without the slot history", without_history},
	{"without kvm_guest_fault", without_guest_faults},
	{"without kvm_mmio", without_traffic},
	{"without kvm_userspace_exit", without_exits},
	{"without the injection hooks", without_injection},
	{"without the memslots at the fault", without_sight},
	{"without the system registers", without_registers},
	{"without the guest's page tables", without_walks},
	{"without the host's mappings at the fault", without_mappings},
	{"without the host's mappings by a look", without_backings},
	{"without a look into the VMM", without_looks},
	{"without the records", without_records},
	{"without the host kernel's version", without_kernel_version},
	{"without the layout", without_layout},
};
const size_t n_ablations = sizeof(ablations) / sizeof(ablations[0]);

const struct ablation *ablation_of(const char *of)
{
	for (size_t i = 0; i < n_ablations; i++)
		if (!strcmp(ablations[i].of, of))
			return &ablations[i];
	fprintf(stderr, "no ablation \"%s\"\n", of);
	abort();
}

bool cause_is_general(const char *cause, const char *other)
{
	const struct rule *rule = rule_find(cause);

	for (size_t i = 0; rule && i < RULE_GENERAL_MAX && rule->general[i]; i++)
		if (!strcmp(rule->general[i], other))
			return true;
	return false;
}
