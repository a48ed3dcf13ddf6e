/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A memslot whose memory the host cannot give. Each cause on the evidence it is made for, and each
 * guard that keeps it from being claimed. */

#include "tests/unit/degrade.h"
#include "tests/unit/scenario_machines.h"

#define ADDRESS	   (RAM_BASE + 0x2000)
#define HVA	   0x7f0040002000ULL
#define DABT_READ  0x93810006U
#define DABT_WRITE 0x93810046U
#define IABT	   0x82000006U

static struct nisv_rec_fault efault(uint64_t esr)
{
	struct nisv_rec_fault rec = scenario_fault(NISV_KIND_BACKING, ADDRESS);

	rec.esr = esr;
	rec.outcome = NISV_OUTCOME_VM_KILLED;
	rec.errno_ = -EFAULT;
	rec.gpr[0] = rec.ipa;
	scenario_insn(&rec, LDR);
	return rec;
}

/* What capture found in the VMM's address space at the fault. */
static struct nisv_rec_fault mapped(uint64_t esr, uint32_t flags)
{
	struct nisv_rec_fault rec = efault(esr);

	rec.vma = (struct nisv_vma){
		.hva = HVA,
		.start = HVA & ~0xffffULL,
		.end = (HVA & ~0xffffULL) + MIB,
		.state = NISV_VMA_FOUND,
		.flags = flags,
	};
	return rec;
}

/* ---- backing-gone --------------------------------------------------------------------------- */

static void nothing_is_mapped(void **state)
{
	struct nisv_rec_fault rec = efault(DABT_READ);
	const struct finding *f;

	(void)state;
	rec.vma = (struct nisv_vma){.hva = HVA, .state = NISV_VMA_ABSENT};
	f = scenario_explain(&rec);
	assert_finding(f, "backing-gone", 0.97);
	assert_int_equal(f->severity, SEVERITY_FATAL);
	assert_contains(f->summary, "executed `ldr w1, [x0]` on 0x40002000, inside memslot 0");
	assert_contains(f->summary, "no usable memory at 0x7f0040002000");
	assert_contains(f->summary, "KVM_RUN failed with EFAULT");
	assert_contains(f->where, "memslot 0, 0x40000000-0x41000000 (16 MiB), writable");
	assert_contains(f->how, "Not a matter of the instruction");
	assert_contains(f->confidence_reason, "nothing is mapped behind it");
	assert_evidence(f, "Host address 0x7f0040002000 in the VMM: nothing is mapped there");
	assert_advice(f, "grep for 0x7f0040002000 in /proc/PID/maps");
	assert_advice(f, "snapshot");
	assert_no_advice(f, "prealloc");
	assert_int_equal(f->n_alternatives, 0);
	assert_contains(f->symptom->text, "os error 14");
	assert_degrades();
}

/* KVM answers EFAULT only inside a slot: it does not matter when that was looked up. */
static void an_efault_proves_its_slot(void **state)
{
	struct nisv_rec_fault rec = efault(DABT_READ);
	const struct finding *f;

	(void)state;
	rec.vma = (struct nisv_vma){.hva = HVA, .state = NISV_VMA_ABSENT};
	rec.layout_state = NISV_LAYOUT_AFTER;
	f = scenario_explain(&rec);
	assert_finding(f, "backing-gone", 0.97);
	assert_null(strstr(f->confidence_reason, "after the fault"));
}

static void the_file_ends_before(void **state)
{
	struct nisv_rec_fault rec =
		mapped(DABT_WRITE, NISV_VMA_READ | NISV_VMA_WRITE | NISV_VMA_SHARED |
					   NISV_VMA_FILE | NISV_VMA_REGULAR);
	const struct finding *f;

	(void)state;
	rec.vma.file_offset = 0x3000;
	rec.vma.file_size = 0x3000;
	f = scenario_explain(&rec);
	assert_finding(f, "backing-gone", 0.93);
	assert_evidence(f, "a file is mapped there, but it ends before");
	assert_evidence(f, "rw-s); the file has 12 KiB, the address is at 0x3000 in it");
	assert_degrades();

	scenario_reset();
	rec.vma.file_size = 0x3001;
	assert_finding(scenario_explain(&rec), "backing-not-faultable", 0.65);
	scenario_reset();
	rec.vma.file_size = 0; /* of what is no regular file nothing is known */
	rec.vma.flags &= ~NISV_VMA_REGULAR;
	assert_finding(scenario_explain(&rec), "backing-not-faultable", 0.65);
}

static void the_mapping_is_not_known(void **state)
{
	static const enum nisv_vma_state states[] = {NISV_VMA_NOT_ASKED, NISV_VMA_BUSY};

	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		struct nisv_rec_fault rec;
		const struct finding *f;

		scenario_reset();
		rec = efault(DABT_READ);
		rec.vma.state = states[i];
		f = scenario_explain(&rec);
		assert_finding(f, "backing-gone", 0.6);
		assert_alternative(f, "backing-not-faultable", 0.4);
		assert_contains(f->confidence_reason, "not known");
	}
	(void)state;
}

/* As of the last look at the VMM: one band less. */
static void nothing_was_mapped_at_the_last_look(void **state)
{
	struct nisv_rec_fault rec = efault(DABT_READ);
	const struct finding *f;

	(void)state;
	scenario_backing(0, BACKING_NONE)->covered_bytes = 0;
	f = scenario_explain(&rec);
	assert_finding(f, "backing-gone", 0.8);
	assert_evidence(f, "nothing is mapped there, as of the last look");
	assert_degrades();
	sc.backing[0].kind = BACKING_UNKNOWN;
	assert_finding(scenario_diagnose(), "backing-gone", 0.6);
	sc.backing[0].slot_id = 9; /* another slot's */
	assert_finding(scenario_diagnose(), "backing-gone", 0.6);
}

static void a_gap_behind_the_slot(void **state)
{
	struct nisv_rec_fault rec = efault(DABT_READ);
	struct backing *backing = scenario_backing(0, BACKING_ANONYMOUS);

	(void)state;
	backing->covered_bytes = 16 * MIB - 0x1000;
	backing->gap = ADDRESS;
	assert_finding(scenario_explain(&rec), "backing-gone", 0.8);
	backing->gap = ADDRESS - 0xfff;
	assert_finding(scenario_diagnose(), "backing-gone", 0.8);
	/* It ends before the address: what is there is not known. */
	backing->gap = ADDRESS - 0x1000;
	assert_finding(scenario_diagnose(), "backing-gone", 0.6);
	backing->gap = ADDRESS + 0x1000;
	assert_finding(scenario_diagnose(), "backing-gone", 0.6);
	backing->gap = RAM_BASE; /* all of it */
	backing->covered_bytes = 0;
	assert_finding(scenario_diagnose(), "backing-gone", 0.8);
}

static void an_efault_outside_slots_is_unknown(void **state)
{
	struct nisv_rec_fault rec = scenario_fault(NISV_KIND_BACKING, 0x70000000);

	(void)state;
	rec.esr = DABT_READ;
	rec.outcome = NISV_OUTCOME_VM_KILLED;
	rec.errno_ = -EFAULT;
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
}

static void the_backing_of_a_nested_guest_is_not_ours(void **state)
{
	struct nisv_rec_fault rec = efault(DABT_READ);

	(void)state;
	rec.vma.state = NISV_VMA_ABSENT;
	rec.nested = NISV_NESTED_OWN;
	assert_finding(scenario_explain(&rec), "nested-guest-fault", 0.8);
}

static void advice_for_lost_memory_is_the_vmms(void **state)
{
	static const char *const words[][2] = {
		{"qemu", "prealloc=on"},
		{"cloud-hypervisor", "--memory size=S,prefault=on,reserve=on"},
		{"kvmtool", "--hugetlbfs"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct nisv_rec_fault rec;

		scenario_reset();
		sc.evidence.vmm = words[i][0];
		rec = efault(DABT_READ);
		rec.vma.state = NISV_VMA_ABSENT;
		assert_advice(scenario_explain(&rec), words[i][1]);
	}
	(void)state;
}

/* ---- backing-not-faultable ------------------------------------------------------------------ */

/* What the access needs, and what is mapped. */
static void a_right_is_lacking(void **state)
{
	static const struct {
		uint64_t esr;
		uint32_t flags;
		double confidence;
	} cases[] = {
		{DABT_WRITE, NISV_VMA_READ, 0.95},
		{DABT_WRITE, NISV_VMA_READ | NISV_VMA_WRITE, 0.65},
		{DABT_READ, NISV_VMA_READ, 0.65},
		{DABT_READ, NISV_VMA_EXEC, 0.95},
		{IABT, NISV_VMA_READ, 0.65}, /* the host never runs it */
		{IABT, NISV_VMA_EXEC, 0.95},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct nisv_rec_fault rec;

		scenario_reset();
		rec = mapped(cases[i].esr, cases[i].flags);
		assert_finding(scenario_explain(&rec), "backing-not-faultable",
			       cases[i].confidence);
		assert_degrades();
	}
	(void)state;
}

static void a_write_where_only_reading_is_allowed(void **state)
{
	struct nisv_rec_fault rec = mapped(DABT_WRITE, NISV_VMA_READ);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_contains(f->confidence_reason, "lacks the right");
	assert_contains(f->where, "is mapped, but KVM cannot get the page");
	assert_evidence(f, "lacks the right that the access needs (0x7f0040000000-0x7f0040100000 "
			   "r--p)");
	assert_advice(f, "mprotect()");
	assert_int_equal(f->n_alternatives, 0);
}

static void device_memory_of_the_host(void **state)
{
	static const uint32_t flags[] = {NISV_VMA_IO, NISV_VMA_PFNMAP};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		struct nisv_rec_fault rec;
		const struct finding *f;

		scenario_reset();
		/* Whatever its rights are. */
		rec = mapped(DABT_WRITE, NISV_VMA_READ | flags[i]);
		f = scenario_explain(&rec);
		assert_finding(f, "backing-not-faultable", 0.88);
		assert_evidence(f, "device memory of the host is mapped there");
		assert_degrades();
	}
	(void)state;
}

static void what_the_last_look_showed(void **state)
{
	struct nisv_rec_fault rec = efault(DABT_WRITE);
	struct backing *backing = scenario_backing(0, BACKING_ANONYMOUS);

	(void)state;
	assert_finding(scenario_explain(&rec), "backing-not-faultable", 0.5);
	assert_degrades();
	backing->writable = false;
	assert_finding(scenario_diagnose(), "backing-not-faultable", 0.8);
	assert_evidence(&sc.findings.list[0], "as of the last look");
	assert_degrades();
	backing->writable = true;
	backing->readable = false;
	assert_finding(scenario_diagnose(), "backing-not-faultable", 0.8);
	backing->kind = BACKING_VFIO;
	assert_finding(scenario_diagnose(), "backing-not-faultable", 0.6);
	backing->kind = BACKING_PFNMAP;
	assert_finding(scenario_diagnose(), "backing-not-faultable", 0.6);
}

static void a_read_needs_no_right_to_write(void **state)
{
	struct nisv_rec_fault rec = efault(DABT_READ);

	(void)state;
	scenario_backing(0, BACKING_FILE)->writable = false;
	assert_finding(scenario_explain(&rec), "backing-not-faultable", 0.5);
}

/* What capture saw at the fault wins over a look from before. */
static void the_fault_knows_better_than_the_last_look(void **state)
{
	struct nisv_rec_fault rec = efault(DABT_READ);

	(void)state;
	scenario_backing(0, BACKING_ANONYMOUS);
	rec.vma.state = NISV_VMA_ABSENT;
	assert_finding(scenario_explain(&rec), "backing-gone", 0.97);
}

static void advice_for_unusable_memory_is_the_vmms(void **state)
{
	static const char *const words[][2] = {{"qemu", "mte=off"},
					       {"libkrun", "--gpu-mode=software"}};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct nisv_rec_fault rec;

		scenario_reset();
		sc.evidence.vmm = words[i][0];
		rec = mapped(DABT_READ, NISV_VMA_READ | NISV_VMA_PFNMAP);
		assert_advice(scenario_explain(&rec), words[i][1]);
	}
	(void)state;
}

/* ---- private-memory-fault ------------------------------------------------------------------- */

static struct nisv_rec_fault private_fault(uint64_t ipa)
{
	struct nisv_rec_fault rec = scenario_fault(NISV_KIND_MEMORY_FAULT, ipa);

	rec.outcome = NISV_OUTCOME_VMM_DECIDES;
	rec.errno_ = -EFAULT;
	rec.exit_reason = 39;
	return rec;
}

static void private_memory(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	scenario_slot(3, 0x50000000, MIB, NISV_SLOT_GUEST_MEMFD);
	rec = private_fault(0x50001000);
	f = scenario_explain(&rec);
	assert_finding(f, "private-memory-fault", 0.92);
	assert_int_equal(f->severity, SEVERITY_ERROR);
	assert_contains(f->summary,
			"inside memslot 3, a page that the slot's guest_memfd does not give");
	assert_contains(f->summary, "KVM_EXIT_MEMORY_FAULT");
	assert_contains(f->where, "has private memory (guest_memfd)");
	assert_advice(f, "KVM_SET_MEMORY_ATTRIBUTES");
	assert_degrades();
}

/* Only x86 asks for a page as private or as shared. */
static void private_memory_of_x86(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_x86();
	rec = private_fault(0x1000);
	assert_contains(scenario_explain(&rec)->summary,
			"a page that is not as private or shared as the guest asked for it");
}

/* The host had no page, or the VMM was killed while KVM waited for it. */
static void a_right_mapping_without_a_page(void **state)
{
	struct nisv_rec_fault rec = mapped(DABT_READ, NISV_VMA_READ);

	(void)state;
	assert_finding(scenario_explain(&rec), "backing-not-faultable", 0.65);
	assert_advice(&sc.findings.list[0], "the host may have had no page");
}

static void private_memory_in_no_slot_that_is_known(void **state)
{
	struct nisv_rec_fault rec = private_fault(0x70001000);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_finding(f, "private-memory-fault", 0.92);
	assert_contains(f->where, "the page at 0x70001000");
	assert_degrades();
}

static void advice_for_private_memory_is_the_vmms(void **state)
{
	static const char *const words[][2] = {
		{"qemu", "9.1 or later"}, {"cloud-hypervisor", "sev_snp"}, {"libkrun", "TEEs"}};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct nisv_rec_fault rec;

		scenario_reset();
		sc.evidence.vmm = words[i][0];
		rec = private_fault(RAM_BASE);
		assert_advice(scenario_explain(&rec), words[i][1]);
	}
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(nothing_is_mapped),
		SCENARIO_TEST(an_efault_proves_its_slot),
		SCENARIO_TEST(the_file_ends_before),
		SCENARIO_TEST(the_mapping_is_not_known),
		SCENARIO_TEST(nothing_was_mapped_at_the_last_look),
		SCENARIO_TEST(a_gap_behind_the_slot),
		SCENARIO_TEST(an_efault_outside_slots_is_unknown),
		SCENARIO_TEST(the_backing_of_a_nested_guest_is_not_ours),
		SCENARIO_TEST(advice_for_lost_memory_is_the_vmms),
		SCENARIO_TEST(a_right_is_lacking),
		SCENARIO_TEST(a_write_where_only_reading_is_allowed),
		SCENARIO_TEST(device_memory_of_the_host),
		SCENARIO_TEST(what_the_last_look_showed),
		SCENARIO_TEST(a_read_needs_no_right_to_write),
		SCENARIO_TEST(the_fault_knows_better_than_the_last_look),
		SCENARIO_TEST(advice_for_unusable_memory_is_the_vmms),
		SCENARIO_TEST(private_memory),
		SCENARIO_TEST(private_memory_of_x86),
		SCENARIO_TEST(a_right_mapping_without_a_page),
		SCENARIO_TEST(private_memory_in_no_slot_that_is_known),
		SCENARIO_TEST(advice_for_private_memory_is_the_vmms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
