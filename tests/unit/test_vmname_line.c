/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The name, the UUID and the VMM that a command line alone tells. */

#include "tests/unit/unit.h"

#include "daemon/core/vmname.h"
#include "include/nisv_record.h"

static struct vmname vm;

/* A literal with \0 between its arguments; the last one is terminated, as in /proc/PID/cmdline. */
#define PARSE(line, comm) vmname_parse(&vm, line, sizeof(line), comm)

static void qemu_by_libvirt(void **state)
{
	(void)state;
	PARSE("/usr/bin/qemu-system-aarch64\0-name\0guest=web01,debug-threads=on\0-machine\0"
	      "virt-8.2,usb=off,gic-version=3\0-m\0size=2097152k\0-uuid\0"
	      "A1B2C3D4-0000-1111-2222-333344445555",
	      "qemu-system-aar");
	assert_string_equal(vm.vmm, "qemu");
	assert_string_equal(vm.name, "web01");
	assert_string_equal(vm.source, "cmdline");
	assert_string_equal(vm.uuid, "a1b2c3d4-0000-1111-2222-333344445555");
}

static void qemu_by_hand(void **state)
{
	(void)state;
	PARSE("qemu-system-aarch64\0-M\0type=virt,highmem=off\0--name\0my vm\0-m\0"
	      "512",
	      "x");
	assert_string_equal(vm.name, "my vm");
	assert_string_equal(vm.uuid, "");

	PARSE("qemu-kvm\0-m\0"
	      "1.5G",
	      "qemu-kvm");
	assert_string_equal(vm.vmm, "qemu");
	assert_string_equal(vm.name, "qemu-kvm");
	assert_string_equal(vm.source, "comm");

	PARSE("qemu-system-x86_64\0-name\0first\0-name\0last", "q"); /* the last one counts */
	assert_string_equal(vm.name, "last");
	PARSE("qemu-system-x86_64\0-name\0guest=first\0-name\0last", "q");
	assert_string_equal(vm.name, "last");
	/* Free text is no option. */
	PARSE("qemu-system-x86_64\0-append\0-name\0-name\0real", "q");
	assert_string_equal(vm.name, "real");
}

static void qemu_escapes_commas_by_doubling(void **state)
{
	(void)state;
	PARSE("qemu-system-aarch64\0-name\0guest=a,,b=c,process=x", "q");
	assert_string_equal(vm.name, "a,b=c");
	PARSE("qemu-system-aarch64\0-name\0process=x,guest=late", "q");
	assert_string_equal(vm.name, "late");
	PARSE("qemu-system-aarch64\0-name\0plain,,name,process=x", "q");
	assert_string_equal(vm.name, "plain,name");
	PARSE("qemu-system-aarch64\0-name\0process=only", "comm");
	assert_string_equal(vm.name, "comm");
	PARSE("qemu-system-aarch64\0-name\0guest=,debug-threads=on", "comm");
	assert_string_equal(vm.name, "comm");
	PARSE("qemu-system-aarch64\0-name\0,,,", "comm");
	assert_string_equal(vm.name, ",");
}

static void other_vmms(void **state)
{
	(void)state;
	PARSE("/usr/bin/firecracker-v1.7\0--id\0anon-17\0--api-sock\0/run/x", "firecracker-v1.");
	assert_string_equal(vm.vmm, "firecracker");
	assert_string_equal(vm.name, "anon-17");
	PARSE("firecracker\0--id=eq", "f");
	assert_string_equal(vm.name, "eq");

	PARSE("cloud-hypervisor\0--memory\0size=1G,shared=on\0--platform\0"
	      "num_pci_segments=2,uuid=00000000-1111-2222-3333-444444444444\0--cmdline\0--platform",
	      "cloud-hyperviso");
	assert_string_equal(vm.vmm, "cloud-hypervisor");
	assert_string_equal(vm.name, "cloud-hyperviso");
	assert_string_equal(vm.uuid, "00000000-1111-2222-3333-444444444444");

	PARSE("crosvm\0run\0--name\0arcvm\0--mem=4096", "crosvm");
	assert_string_equal(vm.vmm, "crosvm");
	assert_string_equal(vm.name, "arcvm");

	PARSE("lkvm\0run\0-k\0Image\0--name\0box\0-m\0"
	      "256",
	      "lkvm");
	assert_string_equal(vm.vmm, "kvmtool");
	assert_string_equal(vm.name, "box");

	PARSE("krunkit\0--memory\0"
	      "2048",
	      "krunkit");
	assert_string_equal(vm.vmm, "libkrun");

	/* By comm where the command line is gone. */
	vmname_parse(&vm, NULL, 0, "cloud-hyperviso");
	assert_string_equal(vm.vmm, "cloud-hypervisor");
	PARSE("myvmm\0--name\0x\0-name\0y", "myvmm");
	assert_string_equal(vm.vmm, "unknown");
	assert_string_equal(vm.name, "myvmm");
}

static void nothing_at_all_still_has_a_name(void **state)
{
	(void)state;
	vmname_parse(&vm, "", 0, "");
	assert_string_equal(vm.name, "vm");
	assert_string_equal(vm.source, "comm");
	assert_string_equal(vm.vmm, "unknown");
	PARSE("", "\0garbage");
	assert_string_equal(vm.name, "vm");
	vmname_parse(&vm, "qemu-system-aarch64\0-name", 25, "0123456789abcdefXXXX"); /* 16 used */
	assert_string_equal(vm.name, "0123456789abcdef");
	PARSE("qemu-system-aarch64\0-name\0", "c"); /* an empty value */
	assert_string_equal(vm.name, "c");
}

static void a_cut_command_line_ends_before_the_cut(void **state)
{
	static char line[NISV_CMDLINE_MAX];

	(void)state;
	memset(line, 'x', sizeof(line));
	memcpy(line, "qemu-system-aarch64\0-name\0whole", 32);
	/* ...xxxx\0-name\0ha|lf: the rest of the name is not there. */
	memcpy(line + sizeof(line) - 9, "\0-name\0ha", 9);
	vmname_parse(&vm, line, sizeof(line), "q");
	assert_string_equal(vm.name, "whole");
}

static void only_uuids_are_uuids(void **state)
{
	(void)state;
	PARSE("qemu-system-aarch64\0-uuid\0a1b2c3d4-0000-1111-2222-33334444555g", "q");
	assert_string_equal(vm.uuid, "");
	PARSE("qemu-system-aarch64\0-uuid\0a1b2c3d400001111222233334444555566666", "q");
	assert_string_equal(vm.uuid, "");
	PARSE("qemu-kvm\0-smbios\0type=2,uuid=00000000-1111-2222-3333-444444444444", "q");
	assert_string_equal(vm.uuid, "");
	PARSE("qemu-kvm\0-smbios\0type=1,uuid=00000000-1111-2222-3333-44444444444A", "q");
	assert_string_equal(vm.uuid, "00000000-1111-2222-3333-44444444444a");
}

/* Any bytes at all: results stay bounded, terminated and printable. */
static void random_bytes(void **state)
{
	static const char words[][24] = {
		"qemu-system-aarch64", "-name", "guest=", "-m", "size=", "-M", "--id",
		"firecracker"};
	uint64_t seed = 99;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		char line[256], comm[16];
		size_t n = 0;

		while (n < 200) {
			const char *word = words[unit_random(&seed) % ARRAY_SIZE(words)];

			n += (size_t)sprintf(line + n, "%s", word) + (unit_random(&seed) & 1);
			line[n++] = (char)unit_random(&seed);
		}
		for (size_t j = 0; j < sizeof(comm); j++)
			comm[j] = (char)unit_random(&seed);
		vmname_parse(&vm, line, n, comm);
		assert_in_range(strlen(vm.name), 1, VMNAME_MAX - 1);
		for (size_t j = 0; vm.name[j]; j++)
			assert_true((unsigned char)vm.name[j] >= 0x20 && vm.name[j] != 0x7f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(qemu_by_libvirt),
		cmocka_unit_test(qemu_by_hand),
		cmocka_unit_test(qemu_escapes_commas_by_doubling),
		cmocka_unit_test(other_vmms),
		cmocka_unit_test(nothing_at_all_still_has_a_name),
		cmocka_unit_test(a_cut_command_line_ends_before_the_cut),
		cmocka_unit_test(only_uuids_are_uuids),
		cmocka_unit_test(random_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
