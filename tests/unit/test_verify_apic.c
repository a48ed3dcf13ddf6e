/* SPDX-License-Identifier: GPL-2.0-or-later */

/* x86: memslots over the interrupt controllers that KVM emulates. */

#include "tests/unit/verify_case.h"

#define IOAPIC 0xfec00000ULL
#define LAPIC  0xfee00000ULL

/* arch/x86/include/asm/kvm_host.h: APIC_ACCESS_PAGE_PRIVATE_MEMSLOT, of 32767 ids. */
#define APIC_ACCESS_PAGE_SLOT 32765

static int pc(void **state)
{
	healthy(state);
	vm.host.arch = "x86_64";
	vm.layout.vgic_model = NISV_VGIC_NONE;
	vm.layout.n_bus = vm.layout.total_bus = 0;
	vm.layout.ipa_bits = 0;
	vm.guest = (struct guest_view){.state = GUEST_NOT_FOUND, .ranges = vm.ranges};
	vm.evidence.machine = NULL;
	return 0;
}

static void test_ioapic(void **state)
{
	const struct finding *finding;

	(void)state;
	add_bus(IOAPIC, 0x100, false);
	expect_silence();
	add_slot(IOAPIC, 0x10000, 0);
	finding = expect("x86-apic-window-conflict");
	assert_int_equal(finding->severity, SEVERITY_ERROR);
	assert_int_equal(finding->address, IOAPIC);
	assert_contains(finding->summary, "hides KVM's IOAPIC at 0xfec00000");
	assert_true(finding->n_advice > 0);
}

/* Of the VMM's, which is what the memory of KVM's bus does not have. */
static void test_ioapic_of_the_vmm(void **state)
{
	(void)state;
	add_slot(IOAPIC, 0x10000, 0);
	expect_silence();
	add_bus(IOAPIC, 4, true);
	expect_silence();
}

static void test_local_apic(void **state)
{
	const struct finding *finding;

	(void)state;
	add_bus(IOAPIC, 0x100, false);
	add_slot(LAPIC, 0x1000, 0);
	vm.slots[vm.layout.n_slots - 1].id = APIC_ACCESS_PAGE_SLOT;
	expect_silence();
	vm.slots[vm.layout.n_slots - 1].id = 3;
	finding = expect("x86-apic-window-conflict");
	assert_int_equal(finding->address, LAPIC);
	assert_contains(finding->confidence_reason, "x2APIC");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_ioapic, pc, forget),
		cmocka_unit_test_setup_teardown(test_ioapic_of_the_vmm, pc, forget),
		cmocka_unit_test_setup_teardown(test_local_apic, pc, forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
