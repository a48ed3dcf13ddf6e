/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The guest ran, or translated, into nothing; and what x86's instruction emulator gives up on. */

#include <inttypes.h>
#include <string.h>

#include "daemon/core/rules.h"

/* Arm ARM DDI 0487, D1.3.1: entries of the vector table by where the exception came from. */
#define VECTOR_MASK 0x7ffU

/* PSTATE of an exception's entry: EL1 with SP_EL1, DAIF set (Arm ARM D1.3.2). */
#define PSTATE_ENTRY 0x3c5U

/* A call through a pointer that was never set ends here. */
#define NULL_PAGE 0x1000U

/* TTBRn_EL1.BADDR without ASID and CnP (Arm ARM, TTBR0_EL1); bits above 47 need LPA2. */
#define TTBR_PAGE UINT64_C(0x0000fffffffff000)
#define VA_TTBR1  (1ULL << 55)
#define PAGE_MASK (~UINT64_C(0xfff))

/* ---- jumped-to-unmapped --------------------------------------------------------------------- */

static double jumped_score(const struct scene *s, const char **reason)
{
	if (s->site->kind != NISV_KIND_EXEC || !rule_no_slot(s))
		return 0;
	if (s->site->outcome == NISV_OUTCOME_ABORT_INJECTED) {
		*reason = "an instruction fetch where no memslot is, and KVM injected the abort";
		return rule_lasting(s, 0.95);
	}
	*reason = "an instruction fetch where no memslot is; the injection itself was not seen";
	return rule_lasting(s, s->evidence->injection_seen ? 0.7 : 0.85);
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

static void jumped_place(const struct scene *s, struct text *text)
{
	if (s->region)
		text_add(text, "which is %s, a device", s->region->name);
	else if (s->vgic)
		text_add(text, "which is the vGIC's %s", s->vgic);
	else
		text_add(text, "where no memory is");
	if (is_vector(s))
		text_add(text, " (VBAR_EL1 + 0x%" PRIx64 ": an exception vector)",
			 (uint64_t)(s->site->pc - s->rec->sys.vbar));
	else if (s->site->pc < NULL_PAGE)
		text_add(text, " (a call through a NULL pointer)");
}

static void jumped_where(const struct scene *s, struct text *text)
{
	if (s->region)
		text_add(text, "The PC is in %s, a device: code cannot run there.",
			 s->region->name);
	else {
		text_add(text, "The PC is in no memslot: ");
		rule_neighbours(s, text);
		text_add(text, ".");
	}
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
	if (!s->rec)
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
		text_add(
			text,
			"Find the jump: the link register x30 is 0, so nothing was called; look "
			"for "
			"an indirect branch, or for the entry address that the VM was started at.");
	else
		text_add(text,
			 "Find the jump: the link register x30 holds 0x%" PRIx64
			 ", look it up in the guest's symbols (a NULL or overwritten function "
			 "pointer, a smashed stack).",
			 (uint64_t)s->rec->gpr[30]);
}

static const struct advice jumped_advice[] = {
	{NULL,
	 "If it happens at start: the image is loaded elsewhere than it was linked for, or the "
	 "entry "
	 "point is wrong. Compare the image's addresses with the VM's RAM.",
	 "readelf -lh shows the load addresses and the entry"},
	{"qemu",
	 "QEMU virt has RAM from 0x40000000: an image for another board needs to be built for it.",
	 "QEMU hw/arm/virt.c: base_memmap, VIRT_MEM"},
	{NULL, "If a secondary CPU does it: the entry address given to PSCI CPU_ON is wrong.",
	 "Arm DEN0022 PSCI, CPU_ON"},
	{0},
};

const struct rule rule_jumped_to_unmapped = {
	.id = "jumped-to-unmapped",
	.score = jumped_score,
	.place = jumped_place,
	.where = jumped_where,
	.how = jumped_how,
	.advise = jumped_advise,
	.advice = jumped_advice,
	.documentation = DOC_ARM_ARM,
};

/* ---- uninitialised-page-table --------------------------------------------------------------- */

/* The root table that translates FAR, if its page is the one that is missing. */
static const char *missing_root(const struct scene *s, uint64_t *ret)
{
	bool high = s->site->far & VA_TTBR1;
	uint64_t ttbr;

	if (!s->rec || s->rec->sysregs_state == NISV_SYSREGS_NONE)
		return NULL;
	ttbr = high ? s->rec->sys.ttbr1 : s->rec->sys.ttbr0;
	if ((ttbr & TTBR_PAGE) != (s->ipa & PAGE_MASK))
		return NULL;
	*ret = ttbr;
	return high ? "TTBR1_EL1" : "TTBR0_EL1";
}

static double walk_score(const struct scene *s, const char **reason)
{
	uint64_t ttbr;

	if (s->site->kind != NISV_KIND_WALK || !rule_no_slot(s))
		return 0;
	if (missing_root(s, &ttbr)) {
		*reason =
			"the table's page is in no memslot, and it is the root that the TTBR names";
		return rule_lasting(s, 0.9);
	}
	*reason = "the walk reads a table where no memslot is";
	return rule_lasting(s, 0.8);
}

static void walk_place(const struct scene *s, struct text *text)
{
	uint64_t ttbr;
	const char *name = missing_root(s, &ttbr);

	text_add(text, "where no memory is: %s is not in RAM",
		 name ? name : "a translation table of the guest");
}

static void walk_where(const struct scene *s, struct text *text)
{
	uint64_t ttbr;
	const char *name = missing_root(s, &ttbr);

	if (name)
		text_add(text, "%s = 0x%" PRIx64 " points to a table outside memory: ", name, ttbr);
	else
		text_add(text,
			 "A table entry points to a next-level table outside memory, at page "
			 "0x%" PRIx64 ": ",
			 s->ipa & PAGE_MASK);
	rule_neighbours(s, text);
	text_add(text, ".");
}

static void walk_how(const struct scene *s, struct text *text)
{
	text_add(text,
		 "The CPU's own table walk for the virtual address 0x%" PRIx64
		 " is never emulated: KVM answers it with an abort in the guest and tells nobody.",
		 s->site->far);
}

static const struct advice walk_advice[] = {
	{NULL,
	 "Check the guest's MMU set-up: TTBR0_EL1/TTBR1_EL1 and every table entry must hold "
	 "physical "
	 "addresses inside the VM's RAM, and be written back to memory before SCTLR_EL1.M is set.",
	 "Arm ARM DDI 0487, D8: translation table descriptors"},
	{NULL,
	 "Compare the RAM base that the image assumes with the VM's: tables linked for another "
	 "machine "
	 "lie outside memory here.",
	 "Linux arch/arm64/kvm/mmu.c: kvm_handle_guest_abort(), S1PTW"},
	{NULL,
	 "If it comes late, table memory was freed or overwritten: the entry that was followed is "
	 "garbage.",
	 "the page in the evidence is the table's"},
	{0},
};

const struct rule rule_uninitialised_page_table = {
	.id = "uninitialised-page-table",
	.score = walk_score,
	.place = walk_place,
	.where = walk_where,
	.how = walk_how,
	.advice = walk_advice,
	.documentation = DOC_ARM_ARM,
};
