/* SPDX-License-Identifier: GPL-2.0-or-later */

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

static void control_characters_are_escaped(void **state)
{
	(void)state;
	PARSE("qemu-system-x86_64\0-name\0a\033[31mb\n\x7f", "q");
	assert_string_equal(vm.name, "a\\x1b[31mb\\x0a\\x7f");
	PARSE("qemu-system-x86_64\0-name\0\xc3\xa9t\xc3\xa9", "q"); /* valid UTF-8 stays */
	assert_string_equal(vm.name, "\xc3\xa9t\xc3\xa9");
	PARSE("qemu-system-x86_64\0-name\0\xff\xc0\xaf\xed\xa0\x80.", "q"); /* not UTF-8 */
	assert_string_equal(vm.name, "\\xff\\xc0\\xaf\\xed\\xa0\\x80.");
	PARSE("qemu-system-x86_64\0-name\0x\xe2\x80\xaey\xc2\x85", "q"); /* bidi override, NEL */
	assert_string_equal(vm.name, "x\\xe2\\x80\\xaey\\xc2\\x85");
	PARSE("qemu-system-x86_64\0-name\0\xf0\x9f\x98\x80", "q");
	assert_string_equal(vm.name, "\xf0\x9f\x98\x80");
	PARSE("qemu-system-x86_64\0-name\0\xf0\x9f\x98", "q"); /* cut */
	assert_string_equal(vm.name, "\\xf0\\x9f\\x98");
}

static void long_names_are_cut_between_characters(void **state)
{
	char line[2000] = "qemu-system-x86_64\0-name";
	size_t at = 25;

	(void)state;
	for (int i = 0; i < 300; i++) {
		line[at++] = (char)0xc3;
		line[at++] = (char)0xa9;
	}
	vmname_parse(&vm, line, at + 1, "q");
	assert_int_equal(strlen(vm.name), VMNAME_MAX - 2); /* 63 characters of 2 bytes */

	memset(line + 25, '\1', 600);
	vmname_parse(&vm, line, 626, "q");
	assert_int_equal(strlen(vm.name), 124); /* 31 escapes of 4 */
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

/* ---- with all that is known ---- */

#define SANDBOX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF"

struct row {
	struct vmname_facts facts;
	const char *name, *source, *vmm;
};

#define LINE(text) .cmdline = (text), .cmdline_len = sizeof(text)

static void check(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		vmname_decide(&vm, &rows[i].facts);
		if (strcmp(vm.name, rows[i].name) || strcmp(vm.source, rows[i].source) ||
		    strcmp(vm.vmm, rows[i].vmm))
			fail_msg("row %zu: %s (%s) of %s, not %s (%s) of %s", i, vm.name, vm.source,
				 vm.vmm, rows[i].name, rows[i].source, rows[i].vmm);
	}
}

static void libvirt_and_its_cgroup(void **state)
{
	const struct row rows[] = {
		{{LINE("qemu-kvm\0-name\0guest=web 01_a"),
		  .cgroup = "/machine.slice/machine-qemu\\x2d3\\x2dweb01a.scope/libvirt/emulator",
		  .machined = "qemu-3-web01a"},
		 "web 01_a",
		 "libvirt",
		 "qemu"},
		{{LINE("qemu-kvm\0-name\0guest=\xe6\x97\xa5,debug-threads=on"),
		  .cgroup = "/machine.slice/machine-qemu\\x2d3.scope"},
		 "\xe6\x97\xa5",
		 "libvirt",
		 "qemu"},
		{{LINE("qemu-kvm\0-name\0guest=a\377b"),
		  .cgroup = "/machine.slice/machine-qemu\\x2d3\\x2dab.scope"},
		 "a\\xffb",
		 "libvirt",
		 "qemu"},
		/* The arguments were rewritten: the cgroup was not. */
		{{LINE("qemu-kvm\0-name\0guest=bank"),
		  .cgroup = "/machine.slice/machine-qemu\\x2d3\\x2dweb.scope"},
		 "web",
		 "libvirt",
		 "qemu"},
		{{LINE("qemu-kvm\0-name\0guest=web1"),
		  .cgroup = "/machine.slice/machine-qemu\\x2d3\\x2dweb.scope"},
		 "web",
		 "libvirt",
		 "qemu"},
		/* Machine names are cut: the rest is on the command line. */
		{{LINE("qemu-kvm\0-name\0guest=" SANDBOX "-and-more"),
		  .cgroup = "/machine.slice/machine-qemu\\x2d3\\x2d0123456789abcdef0123456789abcdef"
			    "0123456789abcdef012345678.scope"},
		 SANDBOX "-and-more",
		 "libvirt",
		 "qemu"},
		{{LINE("x"), .comm = "qemu-kvm", .cgroup = "/machine/web01.libvirt-qemu/emulator"},
		 "web01",
		 "libvirt",
		 "qemu"},
		{{LINE("cloud-hypervisor\0--api-socket\0/run/libvirt/ch/box-socket"),
		  .cgroup = "/machine.slice/machine-ch\\x2d1\\x2dbox.scope"},
		 "box",
		 "libvirt",
		 "cloud-hypervisor"},
		/* A session's QEMU has no such cgroup. */
		{{LINE("qemu-kvm\0-name\0guest=mine"),
		  .cgroup = "/user.slice/user-1000.slice/session-2.scope"},
		 "mine",
		 "cmdline",
		 "qemu"},
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

static void managers_of_containers(void **state)
{
	const struct row rows[] = {
		{{LINE("/usr/libexec/qemu-kvm\0-name\0guest=default_web,debug-threads=on"),
		  .cgroup = "/kubepods.slice/kubepods-burstable.slice/kubepods-pod1.slice/"
			    "cri-containerd-" SANDBOX ".scope"},
		 "default_web",
		 "libvirt",
		 "qemu"},
		{{LINE("qemu-kvm\0-name\0guest=default_web"), .cgroup = "/machine.slice/x"},
		 "default_web",
		 "cmdline",
		 "qemu"},
		{{LINE("qemu-kvm\0-name\0guest=a,debug-threads=on"), .cgroup = "/kubepods/pod1/x"},
		 "a",
		 "cmdline",
		 "qemu"},
		{{LINE("qemu-kvm\0-name\0default_web")}, "default_web", "cmdline", "qemu"},
		{{LINE("qemu-system-x86_64\0-name\0sandbox-" SANDBOX ",debug-threads=on"),
		  .cgroup = "/kubepods/pod1/kata_" SANDBOX},
		 SANDBOX,
		 "cmdline",
		 "qemu"},
		{{LINE("qemu-system-x86_64\0-name\0sandbox-play")},
		 "sandbox-play",
		 "cmdline",
		 "qemu"},
		{{LINE("cloud-hypervisor\0--api-socket\0/run/vc/vm/" SANDBOX "/clh-api.sock")},
		 SANDBOX,
		 "cmdline",
		 "cloud-hypervisor"},
		{{LINE("firecracker\0--api-sock\0/run/vc/firecracker/abc/root/kata.sock\0--id\0x")},
		 "abc",
		 "cmdline",
		 "firecracker"},
		{{LINE("cloud-hypervisor\0--api-socket\0path=/run/kata/s1/ch-api.sock")},
		 "s1",
		 "cmdline",
		 "cloud-hypervisor"},
		{{LINE("containerd-shim-kata-v2\0-namespace\0k8s.io\0-id\0" SANDBOX)},
		 SANDBOX,
		 "cmdline",
		 "dragonball"},
		{{LINE("qemu-kvm"), .cgroup = "/kata_overhead/" SANDBOX},
		 SANDBOX,
		 "cgroup",
		 "qemu"},
		{{LINE("krun"), .cgroup = "/user.slice/libpod-" SANDBOX ".scope/container"},
		 "0123456789ab",
		 "cgroup",
		 "libkrun"},
		{{LINE("runsc-sandbox\0--root=/run\0boot\0--bundle=/b\0box1")},
		 "box1",
		 "cmdline",
		 "gvisor"},
		{{LINE("runsc-sandbox\0boot\0--bundle=/b"), .comm = "exe"},
		 "exe",
		 "comm",
		 "gvisor"},
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

static void machined_and_the_line_and_the_cgroup(void **state)
{
	const struct row rows[] = {
		{{LINE("qemu-kvm\0-name\0inner"), .machined = "outer",
		  .cgroup = "/machine.slice/machine-outer.scope"},
		 "outer",
		 "machined",
		 "qemu"},
		{{LINE("qemu-kvm"), .machined = "o\033[2J"}, "o\\x1b[2J", "machined", "qemu"},
		{{LINE("qemu-kvm"), .cgroup = "/machine.slice/machine-outer.scope"},
		 "outer",
		 "cgroup",
		 "qemu"},
		{{LINE("firecracker\0--id\0vm7"), .cgroup = "/firecracker/vm8"},
		 "vm7",
		 "cmdline",
		 "firecracker"},
		{{.comm = "firecracker", .cgroup = "/firecracker/vm8"},
		 "vm8",
		 "cgroup",
		 "firecracker"},
		{{.comm = "qemu-kvm", .cgroup = "/firecracker/vm8"}, "qemu-kvm", "comm", "qemu"},
		{{LINE("firecracker\0--id\0anonymous-instance\0--api-sock\0/run/"
		       "firecracker.socket"),
		  .comm = "firecracker"},
		 "firecracker",
		 "comm",
		 "firecracker"},
		{{LINE("firecracker\0--api-sock\0/srv/vms/web/api.sock")},
		 "web",
		 "cmdline",
		 "firecracker"},
		{{LINE("cloud-hypervisor\0--api-socket=/run/ch/blue.sock"),
		  .cgroup = "/system.slice/vm-blue.service"},
		 "blue",
		 "cmdline",
		 "cloud-hypervisor"},
		{{LINE("cloud-hypervisor\0--api-socket\0fd=3"),
		  .cgroup = "/system.slice/vm\\x2dblue@7.service"},
		 "vm-blue@7",
		 "cgroup",
		 "cloud-hypervisor"},
		{{LINE("crosvm\0run\0-s\0/run/vm/vm.A1/crosvm.sock")},
		 "vm.A1",
		 "cmdline",
		 "crosvm"},
		{{LINE("lkvm\0run"), .pid = 42, .cgroup = "/system.slice/x.service"},
		 "guest-42",
		 "cmdline",
		 "kvmtool"},
		{{LINE("lkvm\0run"), .comm = "lkvm"}, "lkvm", "comm", "kvmtool"},
		{{LINE("krunvm\0start\0--cpus\0002\0box\0sh")}, "box", "cmdline", "libkrun"},
		{{LINE("myvmm"), .cgroup = "/system.slice/sshd.service", .comm = "myvmm"},
		 "myvmm",
		 "comm",
		 "unknown"},
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

static void the_program_decides_which_vmm_it_is(void **state)
{
	const struct row rows[] = {
		/* Behind a wrapper, or under another name: the first argument. */
		{{LINE("qemu-system-x86_64\0-name\0a"), .exe = "/opt/vmm/loader"},
		 "a",
		 "cmdline",
		 "qemu"},
		/* Under a false name: the executable. */
		{{LINE("qemu-system-x86_64\0--id\0b"), .exe = "/usr/bin/firecracker"},
		 "b",
		 "cmdline",
		 "firecracker"},
		{{LINE("my-vm\0-name\0c"), .exe = "/usr/bin/qemu-system-x86_64 (deleted)"},
		 "c",
		 "cmdline",
		 "qemu"},
		{{LINE("x"), .exe = "/nix/store/q/bin/.qemu-system-aarch64-wrapped", .comm = "d"},
		 "d",
		 "comm",
		 "qemu"},
		/* A thread's name proves nothing where the executable says otherwise. */
		{{LINE("python3"), .exe = "/usr/bin/python3.11", .comm = "firecracker"},
		 "firecracker",
		 "comm",
		 "unknown"},
		{{LINE("python3"), .comm = "firecracker"}, "firecracker", "comm", "firecracker"},
		{{LINE("app"), .exe = "/usr/bin/app", .comm = "app", .has_libkrun = true},
		 "app",
		 "comm",
		 "libkrun"},
		{{LINE("vm\0run"), .pid = 7}, "guest-7", "cmdline", "kvmtool"},
		{{LINE("vm\0walk"), .comm = "vm"}, "vm", "comm", "unknown"},
		{{LINE("kvmd"), .comm = "kvmd"}, "kvmd", "comm", "unknown"},
		{{.comm = NULL}, "vm", "comm", "unknown"},
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows));
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

static void sanitize_respects_the_size(void **state)
{
	char buf[4] = "zzz";

	(void)state;
	vmname_sanitize(buf, 0, "abc", 3);
	assert_string_equal(buf, "zzz");
	vmname_sanitize(buf, 1, "abc", 3);
	assert_string_equal(buf, "");
	vmname_sanitize(buf, sizeof(buf), "\n", 1); /* an escape needs five */
	assert_string_equal(buf, "");
	vmname_sanitize(buf, sizeof(buf), "abcdef", 6);
	assert_string_equal(buf, "abc");
	vmname_sanitize(buf, sizeof(buf), "a\0b", 3);
	assert_string_equal(buf, "a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(qemu_by_libvirt),
		cmocka_unit_test(qemu_by_hand),
		cmocka_unit_test(qemu_escapes_commas_by_doubling),
		cmocka_unit_test(other_vmms),
		cmocka_unit_test(nothing_at_all_still_has_a_name),
		cmocka_unit_test(control_characters_are_escaped),
		cmocka_unit_test(long_names_are_cut_between_characters),
		cmocka_unit_test(a_cut_command_line_ends_before_the_cut),
		cmocka_unit_test(only_uuids_are_uuids),
		cmocka_unit_test(libvirt_and_its_cgroup),
		cmocka_unit_test(managers_of_containers),
		cmocka_unit_test(machined_and_the_line_and_the_cgroup),
		cmocka_unit_test(the_program_decides_which_vmm_it_is),
		cmocka_unit_test(random_bytes),
		cmocka_unit_test(sanitize_respects_the_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
