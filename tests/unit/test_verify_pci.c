/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The PCI host of the guest's tree against the machine's map. */

#include "tests/unit/verify_case.h"

static void test_pci(void **state)
{
	const struct finding *finding;

	(void)state;
	range_of(GUEST_PCI_ECAM)->base = 0x3f000000;
	range_of(GUEST_PCI_ECAM)->size = 0x1000000;
	finding = expect("ecam-highmem-mismatch");
	assert_int_equal(finding->address, 0x3f000000);
	assert_contains(finding->evidence[0], "PCIe ECAM (high)");
	assert_contains(finding->evidence[0], "0x4010000000");

	healthy(NULL);
	range_of(GUEST_PCI_WINDOW)->base = 0x50000000000;
	range_of(GUEST_PCI_WINDOW)->size = 0x1000000;
	vm.layout.ipa_bits = 48;
	assert_int_equal(expect("pcie-window-mismatch")->address, 0x50000000000);
	/* A map of another VMM without any window up there may lack it. */
	vm.evidence.vmm = "cloud-hypervisor";
	expect("pcie-window-mismatch");
	vm.machine.n_regions--;
	assert_true(vm.machine.regions[vm.machine.n_regions].is_window);
	expect_silence();
	vm.machine.n_regions++;
	vm.evidence.vmm = "qemu";
	/* Past the IPA limit it is told as that alone. */
	vm.layout.ipa_bits = 40;
	expect("beyond-ipa-limit");
	/* The I/O window is no window for memory. */
	range_of(GUEST_PCI_WINDOW)->base = 0x3eff0000;
	range_of(GUEST_PCI_WINDOW)->size = 0x10000;
	expect("pcie-window-mismatch");
	/* A part of a window is a window. */
	range_of(GUEST_PCI_WINDOW)->base = 0x10100000;
	range_of(GUEST_PCI_WINDOW)->size = 0x100000;
	expect_silence();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VERIFY_TEST(test_pci),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
