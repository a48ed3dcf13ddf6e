/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The CPU's own walk of the guest's stage-1 tables left the VM's memory, or met read-only memory.
 */

#include <inttypes.h>
#include <string.h>

#include "daemon/core/hostkernel.h"
#include "daemon/core/rules_kit.h"

/* TTBRn_EL1.BADDR without ASID and CnP (Arm ARM, TTBR0_EL1); bits above 47 need LPA2. */
#define TTBR_PAGE UINT64_C(0x0000fffffffff000)
#define VA_TTBR1  (1ULL << 55)
#define PAGE_MASK (~UINT64_C(0xfff))

/* ESR_ELx.DFSC without its level (Arm ARM, ESR_ELx): which kind of stage-2 fault the walk took. */
#define FSC_TYPE	0x3cU
#define FSC_TRANSLATION 0x04U
#define FSC_PERMISSION	0x0cU

static bool is_walk(const struct scene *s)
{
	return s->site->kind == NISV_KIND_WALK && !s->is_foreign;
}

static void walk_how(const struct scene *s, struct text *text)
{
	text_add(text,
		 "The CPU's own table walk for the virtual address 0x%" PRIx64
		 " is never emulated: KVM answers it with an abort in the guest and tells nobody.",
		 s->site->far);
}

/* ---- tables in read-only memory ------------------------------------------------------------- */

static bool is_in_readonly(const struct scene *s)
{
	return is_walk(s) && s->slot && s->slot->flags & NISV_SLOT_READONLY;
}

static enum hostkernel_fix fix_of(const struct scene *s)
{
	return hostkernel_s1ptw(s->evidence->host->kernel, s->evidence->host->kernel_build);
}

static double host_bug_score(const struct scene *s, const char **reason)
{
	if (!is_in_readonly(s) || (s->esr.fsc & FSC_TYPE) != FSC_TRANSLATION)
		return 0;
	switch (fix_of(s)) {
	case HOSTKERNEL_LACKS:
		*reason = "a translation fault of a table walk in a read-only memslot, and the "
			  "host's kernel is older than the fix";
		return rule_sighted(s, 0.92);
	case HOSTKERNEL_UNKNOWN:
		*reason = "a translation fault of a table walk in a read-only memslot; whether the "
			  "host's kernel has the fix its version does not tell";
		return rule_sighted(s, 0.6);
	default:
		return 0;
	}
}

static double table_readonly_score(const struct scene *s, const char **reason)
{
	if (!is_in_readonly(s))
		return 0;
	if ((s->esr.fsc & FSC_TYPE) == FSC_PERMISSION) {
		*reason = "the walk wanted to write to a table in a read-only memslot: the access "
			  "flag or dirty state of an entry";
		return rule_sighted(s, 0.86);
	}
	*reason = "the walk met a table in a read-only memslot";
	return rule_sighted(s, 0.5);
}

static void table_place(const struct scene *s, struct text *text)
{
	text_add(text,
		 "a translation table in the read-only memslot %d (0x%" PRIx64 "-0x%" PRIx64 ")",
		 s->slot->id, (uint64_t)s->slot->gpa, (uint64_t)(s->slot->gpa + s->slot->size));
}

static void table_where(const struct scene *s, struct text *text)
{
	text_add(text, "The table is inside memory, in ");
	rule_slot(s->slot, text);
	text_add(text, ": firmware that brings its page tables in its image.");
}

static void host_bug_how(const struct scene *s, struct text *text)
{
	(void)s;
	text_add(text,
		 "Kernels before the fix take every fault of a table walk for a write, find the "
		 "memslot read-only and inject an abort that the guest cannot recover from.");
}

static void host_bug_prove(const struct scene *s, struct text *text)
{
	const char *kernel = s->evidence->host->kernel;

	if (kernel[0])
		text_add(text, "The host runs Linux %s%s", kernel,
			 fix_of(s) == HOSTKERNEL_LACKS ? ", which lacks 406504c7b040" : "");
	else
		text_add(text, "The version of the host's kernel is not known");
}

static const struct advice host_bug_advice[] = {
	{NULL,
	 "Upgrade the host's kernel: 6.2, 6.1.7, 5.15.89, 5.10.164, 5.4.229 and later have the fix "
	 "(406504c7b040); 6.0 and 4.19 never got it.",
	 "406504c7b040: KVM: arm64: Fix S1PTW handling on RO memslots", "Linux 6.2"},
	{NULL, "Until then use firmware that keeps its page tables in RAM.",
	 "406504c7b040, the commit message", "Linux 6.2"},
	{0},
};

static const struct advice table_advice[] = {
	{NULL,
	 "Set the access flag in all entries that are in ROM, and leave hardware updates off for "
	 "them (TCR_EL1.HA and HD), or copy the tables to RAM before the MMU is switched on.",
	 "D8.5: hardware management of the Access flag and dirty state", REV_ARM_ARM},
	{NULL,
	 "With EDK2 use the build whose tables are made in RAM, and check that code and variable "
	 "images of the flash are not swapped.",
	 "ArmVirtPkg: ArmVirtQemu", "edk2-stable202505"},
	{0},
};

const struct rule rule_host_s1ptw_bug = {
	.id = "host-kernel-s1ptw-ro-bug",
	.general = {"pagetable-in-readonly-slot"},
	.arch = "arm64",
	.from = RULE_FAULT,
	.what = "A bug of the host's kernel, not of the guest: firmware with page tables in flash "
		"takes an abort that it cannot recover from.",
	.known_by =
		"A stage-1 walk took a translation fault in a memslot with KVM_MEM_READONLY, and "
		"the host's kernel is older than the fix.",
	.example = "vCPU 0 walked its page tables to 0x9000, a translation table in the read-only "
		   "memslot 1 (0x0-0x4000000); the host runs Linux 6.1.5.",
	.score = host_bug_score,
	.place = table_place,
	.where = table_where,
	.how = host_bug_how,
	.prove = host_bug_prove,
	.advice = host_bug_advice,
	.documentation = "https://git.kernel.org/linus/406504c7b040",
};

const struct rule rule_table_in_readonly_slot = {
	.id = "pagetable-in-readonly-slot",
	.arch = "arm64",
	.from = RULE_FAULT,
	.what = "The guest's page tables are in read-only memory, and the CPU wants to write the "
		"access flag or dirty state of an entry there.",
	.known_by = "A stage-1 walk took a permission fault in a memslot with KVM_MEM_READONLY.",
	.example = "vCPU 0 walked its page tables to 0x9000, a translation table in the read-only "
		   "memslot 1 (0x0-0x4000000).",
	.score = table_readonly_score,
	.place = table_place,
	.where = table_where,
	.how = walk_how,
	.advice = table_advice,
	.documentation = DOC_ARM_ARM,
};

/* ---- s1ptw-truncated-ipa-erratum ------------------------------------------------------------ */

#define FOUR_GIB (1ULL << 32)
#define WRAPS	 256U /* HPFAR truncated to 32 bits, tables up to 1 TiB: 40-bit IPA */

static const struct nisv_slot *wrapped_slot(const struct scene *s, uint64_t *ret)
{
	for (uint64_t n = 1; n < WRAPS; n++) {
		const struct nisv_slot *slot =
			layout_slot_at(s->evidence->layout, s->ipa + n * FOUR_GIB);

		if (!facts_slot_is_ram(s->facts, slot))
			continue;
		*ret = s->ipa + n * FOUR_GIB;
		return slot;
	}
	return NULL;
}

/* The walk that capture made with the guest's own registers ends at the page that is missing. */
static bool is_retraced(const struct scene *s)
{
	const struct nisv_walk *walk = s->rec ? &s->rec->walk : NULL;

	return walk && walk->agrees && walk->state == NISV_WALK_NO_SLOT &&
	       walk->n_steps <= NISV_WALK_STEPS && (walk->out & PAGE_MASK) == (s->ipa & PAGE_MASK);
}

/* The CPU may have cut the address, unless the guest's tables have the one that it told. */
static bool may_be_cut(const struct scene *s)
{
	return s->is_a32 && s->ipa < FOUR_GIB && !is_retraced(s);
}

/*
 * No more than possible: which CPU the host has is not known, and few have that erratum, while any
 * stray entry below 4 GiB has RAM at some multiple above it where the guest has so much.
 */
static double truncated_score(const struct scene *s, const char **reason)
{
	uint64_t real;
	double score;

	if (!is_walk(s) || !rule_no_slot(s) || !may_be_cut(s) || !wrapped_slot(s, &real))
		return 0;
	*reason = "a table walk of an AArch32 guest left memory, and the address plus a multiple "
		  "of 4 GiB is in RAM";
	score = rule_lasting(s, 0.7);
	return score > 0.65 ? 0.65 : score;
}

static void truncated_place(const struct scene *s, struct text *text)
{
	uint64_t real = 0;

	wrapped_slot(s, &real);
	text_add(text, "where no memory is, while 0x%" PRIx64 " is RAM", real);
}

static void truncated_where(const struct scene *s, struct text *text)
{
	uint64_t real = 0;

	wrapped_slot(s, &real);
	text_add(text,
		 "The table is likely at 0x%" PRIx64
		 ": the CPU reported the address of the walk cut to 32 bits (HPFAR_EL2).",
		 real);
}

static const struct advice truncated_advice[] = {
	{NULL,
	 "A fault of the host's CPU: look for its firmware or kernel workaround, or give such "
	 "guests less than 4 GiB of RAM.",
	 "J. Masters, linux-arm-kernel, 8 July 2019", "Linux 5.2"},
	{0},
};

const struct rule rule_truncated_ipa = {
	.id = "s1ptw-truncated-ipa-erratum",
	.arch = "arm64",
	.from = RULE_FAULT,
	.what = "A hardware erratum: for table walks of 32-bit guests with more than 4 GiB of RAM "
		"the CPU reports the address cut to 32 bits, so that KVM finds no memory.",
	.known_by =
		"A stage-1 walk of an AArch32 guest left memory below 4 GiB, and the same address "
		"plus a multiple of 4 GiB is in RAM.",
	.example = "vCPU 0 walked its page tables to 0x3deb0000, where no memory is, while "
		   "0x43deb0000 is RAM.",
	.score = truncated_score,
	.place = truncated_place,
	.where = truncated_where,
	.how = walk_how,
	.advice = truncated_advice,
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
	uint64_t ttbr, real;

	if (!is_walk(s) || !rule_no_slot(s))
		return 0;
	if (s->sight == SIGHT_NONE) {
		*reason = s->evidence->is_traced
				  ? "the same table walk faulted over and over, as none of "
				    "memory does; the VM's memory map is not known"
				  : "KVM answered a table walk as outside memory; the VM's "
				    "memory map is not known";
		return 0.55;
	}
	if (missing_root(s, &ttbr)) {
		*reason = "the table's page is in no memslot, and it is the root that the TTBR "
			  "names";
		return rule_lasting(s, 0.92);
	}
	if (is_retraced(s)) {
		*reason = "the table's page is in no memslot, and a walk of the guest's own tables "
			  "leads there";
		return rule_lasting(s, 0.92);
	}
	*reason = "the walk reads a table where no memslot is";
	if (may_be_cut(s) && (!s->facts->has_all_slots || wrapped_slot(s, &real)))
		return rule_lasting(s, 0.6);
	return rule_lasting(s, 0.8);
}

static void walk_place(const struct scene *s, struct text *text)
{
	uint64_t ttbr;
	const char *name = missing_root(s, &ttbr);

	text_add(text, "where %s: %s is not in RAM",
		 s->sight == SIGHT_NONE ? "KVM found no memory" : "no memory is",
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

static void walk_prove(const struct scene *s, struct text *text)
{
	const struct nisv_walk *walk;
	const struct nisv_walk_step *last;

	if (!is_retraced(s))
		return;
	walk = &s->rec->walk;
	text_add(text, "A walk of the guest's own tables for 0x%" PRIx64 " leaves memory there",
		 (uint64_t)walk->va);
	if (!walk->n_steps)
		return;
	last = &walk->step[walk->n_steps - 1];
	text_add(text, ": level %d has 0x%" PRIx64 " at 0x%" PRIx64, last->level,
		 (uint64_t)last->descriptor, (uint64_t)last->address);
}

static const struct advice walk_advice[] = {
	{NULL,
	 "Check the guest's MMU set-up: TTBR0_EL1/TTBR1_EL1 and every table entry must hold "
	 "physical addresses inside the VM's RAM, and be written back to memory before SCTLR_EL1.M "
	 "is set.",
	 "D8.3: translation table descriptors", REV_ARM_ARM},
	{NULL,
	 "Compare the RAM base that the image assumes with the VM's: tables linked for another "
	 "machine lie outside memory here.",
	 "arch/arm64/kvm/mmu.c: kvm_handle_guest_abort(), S1PTW", REV_LINUX},
	{NULL,
	 "If it comes late, table memory was freed or overwritten: the entry that was followed is "
	 "garbage.",
	 "the page in the evidence is the table's", REV_NISVD},
	{0},
};

const struct rule rule_uninitialised_page_table = {
	.id = "uninitialised-page-table",
	.arch = "arm64",
	.from = RULE_FAULT,
	.what = "The guest's translation tables lead outside memory: a TTBR that was never set or "
		"holds a wrong address, or a table entry that is garbage.",
	.known_by =
		"A stage-1 walk took a stage-2 fault where no memslot is; surest where the walk, "
		"repeated with the guest's registers, leaves memory at that very table.",
	.example = "vCPU 0 walked its page tables to 0xb0000000, where no memory is: TTBR1_EL1 is "
		   "not in RAM.",
	.score = walk_score,
	.place = walk_place,
	.where = walk_where,
	.how = walk_how,
	.prove = walk_prove,
	.advice = walk_advice,
	.documentation = DOC_ARM_ARM,
};
