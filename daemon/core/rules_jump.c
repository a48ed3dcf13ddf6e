/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The guest ran where no memory is. */

#include <inttypes.h>
#include <string.h>

#include "daemon/core/rules_kit.h"

/* Arm ARM DDI 0487, D1.3.1: entries of the vector table by where the exception came from. */
#define VECTOR_MASK 0x7ffU

/* PSTATE of an exception's entry: EL1 with SP_EL1, DAIF set (Arm ARM D1.3.2). */
#define PSTATE_ENTRY 0x3c5U

/* A call through a pointer that was never set ends here. */
#define NULL_PAGE 0x1000U

static bool is_fetch(const struct scene *s)
{
	return s->site->kind == NISV_KIND_EXEC && rule_no_slot(s);
}

static double fetch_score(const struct scene *s, double sure, const char *seen, const char *unseen,
			  const char **reason)
{
	bool is_seen = s->site->outcome == NISV_OUTCOME_ABORT_INJECTED;
	double score = is_seen ? sure : s->evidence->host->injection_seen ? 0.7 : 0.85;

	*reason = is_seen ? seen : unseen;
	score = rule_lasting(s, score);
	if (s->rec || score <= 0.6)
		return score;
	*reason = "an instruction fetch outside memory, of which no record was kept: it may be a "
		  "nested guest's, whose addresses are not this VM's";
	return 0.6;
}

/*
 * An exception whose vector is outside memory arrives here without any jump: at EL1 with interrupts
 * masked. At address zero, where VBAR_EL1 is after reset, a NULL function pointer is likelier.
 */
static bool is_vector(const struct scene *s)
{
	return s->rec && s->rec->sysregs_state != NISV_SYSREGS_NONE && s->site->pc &&
	       s->site->pc - s->rec->sys.vbar <= VECTOR_MASK && !(s->site->pc & 0x7f) &&
	       (s->rec->pstate & PSTATE_ENTRY) == PSTATE_ENTRY;
}

static void jumped_how(const struct scene *s, struct text *text)
{
	text_add(text,
		 "An instruction fetch is never emulated, whatever the instruction: KVM answers "
		 "it with an Instruction Abort in the guest and tells nobody");
	if (is_vector(s))
		text_add(text, "; the guest took an exception whose vector is outside memory");
	text_add(text, ".");
}

static void jumped_advise(const struct scene *s, struct text *text)
{
	if (!s->rec || s->evidence->is_traced || s->evidence->is_redacted)
		text_add(text,
			 "Find the jump: the guest's link register (x30) and ELR_EL1 at the fault "
			 "name the caller.");
	else if (is_vector(s) && s->rec->sysregs_state == NISV_SYSREGS_CURRENT)
		text_add(text,
			 "Set VBAR_EL1 to a vector table in RAM before the first exception; this "
			 "one came from PC 0x%" PRIx64 " (ELR_EL1).",
			 (uint64_t)s->rec->sys.elr);
	else if (is_vector(s))
		text_add(text, "Set VBAR_EL1 to a vector table in RAM before the first exception "
			       "can come.");
	else if (!s->rec->gpr[30])
		text_add(text,
			 "Find the jump: the link register x30 is 0, so nothing was called; look "
			 "for an indirect branch, or for the entry address that the VM was started "
			 "at.");
	else
		text_add(text,
			 "Find the jump: the link register x30 holds 0x%" PRIx64
			 ", look it up in the guest's symbols (a NULL or overwritten function "
			 "pointer, a smashed stack).",
			 (uint64_t)s->rec->gpr[30]);
}

/* ---- exec-from-device ----------------------------------------------------------------------- */

/* Of a window it is a device where a doorbell shows one. */
static bool is_device_region(const struct scene *s)
{
	return s->region && (!rule_is_window(s->region) || s->near_doorbell);
}

static double device_score(const struct scene *s, const char **reason)
{
	if (!is_fetch(s) || !(s->vgic || s->on_bus || is_device_region(s)))
		return 0;
	return fetch_score(s, s->vgic ? 0.97 : rule_mapped(s, 0.96),
			   "an instruction fetch from a device, and KVM injected the abort",
			   "an instruction fetch from a device; the injection itself was not seen",
			   reason);
}

static void device_place(const struct scene *s, struct text *text)
{
	if (s->vgic)
		text_add(text, "which is the vGIC's %s", s->vgic);
	else if (s->region)
		text_add(text, "which is %s, a device", s->region->name);
	else
		text_add(text, "which is a device on KVM's MMIO bus");
}

static void device_where(const struct scene *s, struct text *text)
{
	text_add(text, "The PC is in %s, a device: code cannot run there.",
		 s->vgic     ? "KVM's vGIC"
		 : s->region ? s->region->name
			     : "a device on KVM's MMIO bus");
}

static const struct advice device_advice[] = {
	{NULL,
	 "Look at who wrote the address: device registers reached through a function pointer, or "
	 "an image linked for a board that has memory there.",
	 "the link register is in the evidence", REV_NISVD},
	{NULL,
	 "With the MMU on, map devices execute-never (UXN, PXN): the guest then takes the fault "
	 "itself and can name the code.",
	 "D8.4: instruction execution permissions", REV_ARM_ARM},
	{0},
};

const struct rule rule_exec_from_device = {
	.id = "exec-from-device",
	.general = {"jumped-to-unmapped"},
	.arch = "arm64",
	.from = RULE_FAULT,
	.what = "The guest jumped into a device's registers.",
	.known_by = "KVM saw an instruction fetch outside memory, and the machine's reference map, "
		    "the vGIC or KVM's MMIO bus has a device there.",
	.example =
		"vCPU 0 fetched an instruction from 0x9000000, which is UART0 PL011, a device; KVM "
		"injected an abort into the guest.",
	.score = device_score,
	.place = device_place,
	.where = device_where,
	.how = jumped_how,
	.advise = jumped_advise,
	.advice = device_advice,
	.documentation = DOC_ARM_ARM,
};

/* ---- jumped-to-unmapped --------------------------------------------------------------------- */

static double jumped_score(const struct scene *s, const char **reason)
{
	if (!is_fetch(s))
		return 0;
	if (s->sight == SIGHT_NONE) {
		*reason = s->evidence->is_traced
				  ? "the same instruction fetch faulted over and over, as none "
				    "from memory does; what else is there is not known"
				  : "KVM answered an instruction fetch as outside memory; what "
				    "else is there is not known";
		return 0.6;
	}
	return fetch_score(
		s, 0.95, "an instruction fetch where no memslot is, and KVM injected the abort",
		"an instruction fetch where no memslot is; the injection itself was not seen",
		reason);
}

static void jumped_place(const struct scene *s, struct text *text)
{
	text_add(text, s->sight == SIGHT_NONE ? "where KVM found no memory" : "where no memory is");
	if (is_vector(s))
		text_add(text, " (VBAR_EL1 + 0x%" PRIx64 ": an exception vector)",
			 (uint64_t)(s->site->pc - s->rec->sys.vbar));
	else if (s->site->pc < NULL_PAGE)
		text_add(text, " (a call through a NULL pointer)");
}

static void jumped_where(const struct scene *s, struct text *text)
{
	text_add(text, "The PC is in no memslot: ");
	rule_neighbours(s, text);
	text_add(text, ".");
}

static const struct advice jumped_advice[] = {
	{NULL,
	 "If it happens at start: the image is loaded elsewhere than it was linked for, or the "
	 "entry point is wrong. Compare the image's addresses with the VM's RAM.",
	 "readelf(1) -lh shows the load addresses and the entry", "binutils 2.40"},
	{"qemu",
	 "QEMU virt has RAM from 0x40000000: an image for another board needs to be built for it.",
	 "hw/arm/virt.c: base_memmap, VIRT_MEM", REV_QEMU},
	{NULL, "If a secondary CPU does it: the entry address given to PSCI CPU_ON is wrong.",
	 "DEN0022: CPU_ON", "PSCI 1.3"},
	{0},
};

const struct rule rule_jumped_to_unmapped = {
	.id = "jumped-to-unmapped",
	.arch = "arm64",
	.from = RULE_FAULT,
	.what = "The guest fetched an instruction where no memory is: a wild jump, a wrong load or "
		"entry address, or an exception without vectors. KVM injects an abort and tells "
		"nobody.",
	.known_by = "KVM saw an instruction abort outside every memslot, and injected an abort; on "
		    "kernels without a hook on the injection it is a little less sure.",
	.example =
		"vCPU 0 fetched an instruction from 0x60000000, where no memory is; KVM injected "
		"an abort into the guest.",
	.score = jumped_score,
	.place = jumped_place,
	.where = jumped_where,
	.how = jumped_how,
	.advise = jumped_advise,
	.advice = jumped_advice,
	.documentation = DOC_ARM_ARM,
};
