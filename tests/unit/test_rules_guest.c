/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Nested guests, and guests whose memory is not the host's to see. */

#include "tests/unit/degrade.h"
#include "tests/unit/scenario_machines.h"

/* ---- nested-guest-fault --------------------------------------------------------------------- */

static void the_address_is_a_nested_guests(void **state)
{
	static const enum nisv_kind kinds[] = {
		NISV_KIND_NISV,	   NISV_KIND_EXEC,	   NISV_KIND_WALK,   NISV_KIND_BEYOND_IPA,
		NISV_KIND_BACKING, NISV_KIND_MEMORY_FAULT, NISV_KIND_LDST64B};
	/* Even where this VM has something of its own. */
	static const uint64_t addresses[] = {0x70000000, 0x09000000, RAM_BASE + 8, RAM_END, 0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		for (size_t k = 0; k < ARRAY_SIZE(addresses); k++) {
			struct nisv_rec_fault rec;
			const struct finding *f;

			scenario_reset();
			scenario_qemu_virt_v3();
			rec = scenario_fault(kinds[i], addresses[k]);
			rec.esr = ESR_READ;
			rec.outcome = NISV_OUTCOME_ABORT_INJECTED;
			rec.nested = NISV_NESTED_OWN;
			f = scenario_explain(&rec);
			assert_finding(f, "nested-guest-fault", 0.8);
			assert_int_equal(f->n_alternatives, 0);
		}
}

static void a_nested_guest_is_told(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(0x70000000, LDP);
	const struct finding *f;

	(void)state;
	rec.nested = NISV_NESTED_OWN;
	f = scenario_explain(&rec);
	assert_contains(f->summary, "on 0x70000000, an address of a nested guest");
	assert_contains(f->where, "its hypervisor inside this VM decides what is there");
	assert_evidence(f, "in a nested guest");
	assert_advice(f, "inside the VM");
	assert_degrades();
}

/* KVM walked the tables of the hypervisor inside the VM: the address is the VM's own. */
static void an_address_that_kvm_translated(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	rec = scenario_nisv(0x09000fe0, 0);
	rec.far = 0xffff800080001fe0;
	rec.nested = NISV_NESTED_TRANSLATED;
	f = scenario_explain(&rec);
	assert_finding(f, "device-access-nisv-instruction", 0.7);
	assert_contains(f->where, "UART0 PL011 of qemu-virt-arm64 is at 0x9000000");
	assert_evidence(f, "in a nested guest, whose address KVM translated to this VM's");
	assert_degrades();
}

static void a_translated_address_where_nothing_is(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(0x70000000, 0);
	const struct finding *f;

	(void)state;
	rec.nested = NISV_NESTED_TRANSLATED;
	f = scenario_explain(&rec);
	assert_finding(f, "nested-guest-fault", 0.42);
	assert_contains(f->summary, "which a hypervisor inside this VM gave to a nested guest");
	assert_contains(f->where, "No memslot holds the address");
}

/* Its MMU, its base register and its zero are not this VM's. */
static void registers_of_a_nested_guest(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(0x8, LDP);

	(void)state;
	rec.nested = NISV_NESTED_TRANSLATED;
	rec.gpr[0] = 8;
	assert_finding(scenario_explain(&rec), "nested-guest-fault", 0.42);
	scenario_forget();
	rec = scenario_nisv(RAM_END + 8 * MIB, LDP);
	rec.nested = NISV_NESTED_TRANSLATED;
	rec.sysregs_state = NISV_SYSREGS_CURRENT;
	rec.pstate = EL1H;
	assert_finding(scenario_explain(&rec), "access-past-ram-end", 0.75);
}

/* KVM found memory of this VM behind it, which the host does not have. */
static void the_hosts_page_of_a_nested_guest(void **state)
{
	struct nisv_rec_fault rec = scenario_fault(NISV_KIND_BACKING, 0x70000000);
	const struct finding *f;

	(void)state;
	rec.nested = NISV_NESTED_OWN;
	f = scenario_explain(&rec);
	assert_finding(f, "nested-guest-fault", 0.8);
	assert_contains(f->where, "KVM could not get the host's page behind its address");
	assert_advice(f, "The memory that KVM could not get is the VMM's own");
}

static void a_nested_guest_of_x86(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_x86();
	rec = scenario_fault(NISV_KIND_EMULATION, 0xd0000000);
	rec.outcome = NISV_OUTCOME_VMM_DECIDES;
	rec.exit_reason = 17;
	rec.nested = NISV_NESTED_OWN;
	assert_finding(scenario_explain(&rec), "nested-guest-fault", 0.8);
}

/* ---- pvm-injected-sea ----------------------------------------------------------------------- */

static struct nisv_rec_fault protected_nisv(uint64_t ipa)
{
	struct nisv_rec_fault rec;

	sc.rec.is_protected = 1;
	layout_from_record(&sc.layout, &sc.rec);
	rec = scenario_nisv(ipa, 0);
	rec.insn_state = NISV_INSN_PROTECTED;
	rec.outcome = NISV_OUTCOME_ABORT_INJECTED;
	rec.errno_ = 0;
	return rec;
}

static void a_protected_vm_gets_the_abort_from_kvm(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	rec = protected_nisv(0x09000fe0);
	f = scenario_explain(&rec);
	assert_finding(f, "pvm-injected-sea", 0.97);
	assert_int_equal(f->severity, SEVERITY_ERROR);
	assert_contains(f->summary, "UART0 PL011 + 0xfe0, from a protected VM");
	assert_contains(f->summary, "KVM injected an abort into the guest");
	assert_contains(f->where, "UART0 PL011 of qemu-virt-arm64 is at 0x9000000");
	assert_contains(f->how, "its memory is not the host's to read");
	assert_advice(f, "Only the guest's code can be changed");
	/* That it is a device's access is no other explanation. */
	assert_int_equal(f->n_alternatives, 0);
	assert_degrades();
}

static void a_protected_vm_outside_of_all_devices(void **state)
{
	struct nisv_rec_fault rec = protected_nisv(0x30000000);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_finding(f, "pvm-injected-sea", 0.97);
	assert_contains(f->summary, "no memory, from a protected VM");
	assert_contains(f->where, "No memslot holds the address");
}

static void a_protected_vm_on_its_vgic(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_qemu_virt_v3();
	rec = protected_nisv(0x08006100);
	assert_finding(scenario_explain(&rec), "pvm-injected-sea", 0.97);
	assert_contains(sc.findings.list[0].summary, "GICv3 distributor + 0x6100, from");
	assert_contains(sc.findings.list[0].where, "KVM's own vGIC distributor is there");
}

static void a_protected_vm_whose_abort_was_not_seen(void **state)
{
	struct nisv_rec_fault rec = protected_nisv(0x30000000);

	(void)state;
	rec.outcome = NISV_OUTCOME_UNKNOWN;
	assert_finding(scenario_explain(&rec), "pvm-injected-sea", 0.8);
}

/* KVM_RUN ended: KVM did not inject. */
static void a_protected_vm_that_kvm_left_to_the_vmm(void **state)
{
	static const enum nisv_outcome outcomes[] = {NISV_OUTCOME_VM_KILLED,
						     NISV_OUTCOME_VMM_DECIDES};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(outcomes); i++) {
		struct nisv_rec_fault rec;

		scenario_reset();
		scenario_qemu_virt();
		rec = protected_nisv(0x09000fe0);
		rec.outcome = outcomes[i];
		assert_finding(scenario_explain(&rec), "device-access-nisv-instruction", 0.7);
	}
}

static void only_undescribed_accesses_are_injected(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	protected_nisv(0);
	rec = scenario_exec(0x50000000);
	assert_finding(scenario_explain(&rec), "jumped-to-unmapped", 0.95);
	scenario_forget();
	rec = protected_nisv(0x70000000);
	rec.esr |= ESR_CM;
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
}

static void other_vms_are_not_protected(void **state)
{
	struct nisv_rec_fault rec = protected_nisv(0x30000000);

	(void)state;
	sc.layout.is_protected = false;
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
	sc.layout.is_protected = true;
	sc.layout.known = false;
	assert_finding(scenario_diagnose(), "unknown", 0.2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(the_address_is_a_nested_guests),
		SCENARIO_TEST(a_nested_guest_is_told),
		SCENARIO_TEST(an_address_that_kvm_translated),
		SCENARIO_TEST(a_translated_address_where_nothing_is),
		SCENARIO_TEST(registers_of_a_nested_guest),
		SCENARIO_TEST(the_hosts_page_of_a_nested_guest),
		SCENARIO_TEST(a_nested_guest_of_x86),
		SCENARIO_TEST(a_protected_vm_gets_the_abort_from_kvm),
		SCENARIO_TEST(a_protected_vm_outside_of_all_devices),
		SCENARIO_TEST(a_protected_vm_on_its_vgic),
		SCENARIO_TEST(a_protected_vm_whose_abort_was_not_seen),
		SCENARIO_TEST(a_protected_vm_that_kvm_left_to_the_vmm),
		SCENARIO_TEST(only_undescribed_accesses_are_injected),
		SCENARIO_TEST(other_vms_are_not_protected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
