/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Addresses that the VM, its host or its CPUs cannot have. */

#include "tests/unit/degrade.h"
#include "tests/unit/scenario_machines.h"

#define BEYOND (1ULL << 40)

static struct nisv_rec_fault beyond(uint64_t ipa)
{
	struct nisv_rec_fault rec = scenario_fault(NISV_KIND_BEYOND_IPA, ipa);

	rec.esr = 0x92000044;
	rec.outcome = NISV_OUTCOME_ABORT_INJECTED;
	scenario_insn(&rec, LDR);
	return rec;
}

/* ---- beyond-parange ------------------------------------------------------------------------- */

static void beyond_the_host(void **state)
{
	struct nisv_rec_fault rec = beyond(0xff8000000000);
	const struct finding *f;

	(void)state;
	rec.is_beyond_host = 1;
	sc.evidence.vmm = "cloud-hypervisor";
	f = scenario_explain(&rec);
	assert_finding(f, "beyond-parange", 0.98);
	assert_int_equal(f->severity, SEVERITY_ERROR);
	assert_contains(f->summary, "beyond the addresses that a VM can have on this host; KVM "
				    "injected an abort");
	/* The CPUs may have more than the kernel uses. */
	assert_contains(f->where, "0xff8000000000 is beyond the largest IPA size that KVM has on "
				  "this host");
	assert_advice(f, "max_phys_bits");
	assert_int_equal(f->n_alternatives, 0); /* beyond-ipa-limit says less of the same */
	assert_degrades();
}

static void only_kvms_own_word_is_beyond_the_host(void **state)
{
	struct nisv_rec_fault rec = beyond(BEYOND);

	(void)state;
	assert_finding(scenario_explain(&rec), "beyond-ipa-limit", 0.97);
	scenario_forget();
	rec = scenario_nisv(BEYOND, LDP); /* another kind */
	rec.is_beyond_host = 1;
	assert_finding(scenario_explain(&rec), "beyond-ipa-limit", 0.97);
}

/* ---- beyond-ipa-limit ----------------------------------------------------------------------- */

static void beyond_the_ipa_size(void **state)
{
	struct nisv_rec_fault rec = beyond(BEYOND);
	const struct finding *f;

	(void)state;
	sc.evidence.vmm = "qemu";
	f = scenario_explain(&rec);
	assert_finding(f, "beyond-ipa-limit", 0.97);
	assert_int_equal(f->severity, SEVERITY_ERROR);
	assert_contains(f->summary, "beyond the addresses that the VM can have (40 bits)");
	assert_contains(f->where, "The VM has 40 bits of guest-physical addresses, up to "
				  "0xffffffffff; nothing can be mapped at 0x10000000000");
	assert_contains(f->how, "Not a matter of the instruction");
	assert_advice(f, "highmem=off");
	assert_advice(f, "KVM_CAP_ARM_VM_IPA_SIZE");
	assert_degrades();
}

/* Linux 5.10 takes it for a hole. */
static void an_undescribed_access_beyond_the_ipa_size(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(BEYOND, LDP);

	(void)state;
	assert_finding(scenario_explain(&rec), "beyond-ipa-limit", 0.97);
	assert_int_equal(sc.findings.list[0].severity, SEVERITY_FATAL);
	scenario_forget();
	rec = scenario_nisv(BEYOND - 0x40, LDP);
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
}

static void a_walk_beyond_the_ipa_size(void **state)
{
	struct nisv_rec_fault rec = scenario_walk(BEYOND, 0x40000010);

	(void)state;
	assert_finding(scenario_explain(&rec), "beyond-ipa-limit", 0.97);
}

static void beyond_an_unknown_limit(void **state)
{
	struct nisv_rec_fault rec = beyond(BEYOND);
	const struct finding *f;

	(void)state;
	sc.layout.ipa_bits = 0;
	f = scenario_explain(&rec);
	assert_finding(f, "beyond-ipa-limit", 0.9);
	assert_contains(f->where, "above the IPA limit of the VM or of the host");
	assert_null(strstr(f->summary, "bits"));
	sc.layout.ipa_bits = 64; /* no limit that an address can pass */
	assert_finding(scenario_diagnose(), "beyond-ipa-limit", 0.6);
}

static void kvm_refused_what_is_within(void **state)
{
	struct nisv_rec_fault rec = beyond(BEYOND - 8);

	(void)state;
	assert_finding(scenario_explain(&rec), "beyond-ipa-limit", 0.6);
}

/* Addresses beyond, one cause: wherever they are. */
static void all_that_is_beyond_is_one_finding(void **state)
{
	struct nisv_rec_fault rec = beyond(BEYOND);

	(void)state;
	scenario_add(&rec);
	rec = beyond(0x30000000000);
	rec.pc += 0x100;
	scenario_add(&rec);
	assert_int_equal(scenario_diagnose()->n_sites, 2);
	assert_int_equal(sc.findings.n, 1);
}

/* What KVM served as MMIO it did not refuse. */
static void traffic_is_not_beyond(void **state)
{
	(void)state;
	scenario_reads(BEYOND, 20);
	assert_null(scenario_diagnose());
	scenario_reads(BEYOND, 2000);
	assert_finding(scenario_diagnose(), "stray-mmio-read", 0.5);
}

/* ---- x86-gpa-beyond-maxphyaddr -------------------------------------------------------------- */

static void beyond_the_bits_of_the_cpu(void **state)
{
	const struct finding *f;

	(void)state;
	scenario_x86();
	sc.evidence.vmm = "qemu";
	sc.options.phys_bits = 36;
	scenario_reads(1ULL << 36, 20);
	f = scenario_diagnose();
	assert_finding(f, "x86-gpa-beyond-maxphyaddr", 0.86);
	assert_int_equal(f->severity, SEVERITY_WARNING);
	assert_string_equal(f->summary, "The guest read 0x1000000000 20 times, beyond the 36 "
					"address bits of the guest's CPUs.");
	assert_contains(f->where, "36 bits of physical addresses, up to 0xfffffffff");
	assert_advice(f, "phys-bits=N");
	assert_degrades();
}

static void within_the_bits_of_the_cpu(void **state)
{
	(void)state;
	scenario_x86();
	sc.options.phys_bits = 36;
	scenario_reads((1ULL << 36) - 0x200, 20);
	assert_null(scenario_diagnose());
	sc.options.phys_bits = 0;
	scenario_reads(1ULL << 36, 20);
	assert_null(scenario_diagnose());
	/* Memory is there. */
	scenario_slot(1, 1ULL << 36, MIB, 0);
	sc.options.phys_bits = 36;
	assert_null(scenario_diagnose());
}

static void limits_are_those_of_the_architecture(void **state)
{
	(void)state;
	sc.options.phys_bits = 36;
	scenario_reads(1ULL << 36, 20);
	assert_null(scenario_diagnose());
	scenario_x86();
	sc.options.phys_bits = 0;
	sc.layout.ipa_bits = 36;
	scenario_reads(1ULL << 37, 20);
	assert_null(scenario_diagnose());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(beyond_the_host),
		SCENARIO_TEST(only_kvms_own_word_is_beyond_the_host),
		SCENARIO_TEST(beyond_the_ipa_size),
		SCENARIO_TEST(an_undescribed_access_beyond_the_ipa_size),
		SCENARIO_TEST(a_walk_beyond_the_ipa_size),
		SCENARIO_TEST(beyond_an_unknown_limit),
		SCENARIO_TEST(kvm_refused_what_is_within),
		SCENARIO_TEST(all_that_is_beyond_is_one_finding),
		SCENARIO_TEST(traffic_is_not_beyond),
		SCENARIO_TEST(beyond_the_bits_of_the_cpu),
		SCENARIO_TEST(within_the_bits_of_the_cpu),
		SCENARIO_TEST(limits_are_those_of_the_architecture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
