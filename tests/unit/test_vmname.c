/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Which of all that is known names a VM, and which program it is. */

#include "tests/unit/unit.h"

#include "daemon/core/vmname.h"

static struct vmname vm;

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

static void threads_of_vcpus(void **state)
{
	static const struct row {
		const char *comm, *vmm;
		uint32_t vcpu;
	} rows[] = {
		{"CPU 0/KVM", "qemu", 0},	  {"CPU 12/KVM", "qemu", 12},
		{"crosvm_vcpu3", "crosvm", 3},	  {"kvm-vcpu-1", "kvmtool", 1},
		{"vcpu2", "cloud-hypervisor", 2}, {"fc_vcpu 7", NULL, 7},
	};
	static const char *const others[] = {"",      "CPU 0/TCG", "CPU /KVM", "CPU 0/KVMx", "vcpu",
					     "vcpux", "fc_vcpu",   "xvcpu1",   "vcpu99999"};
	uint32_t vcpu = 99;
	const char *vmm;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_true(vmname_of_vcpu(rows[i].comm, &vmm, &vcpu));
		assert_int_equal(vcpu, rows[i].vcpu);
		if (rows[i].vmm)
			assert_string_equal(vmm, rows[i].vmm);
		else
			assert_null(vmm);
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_false(vmname_of_vcpu(others[i], &vmm, &vcpu));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libvirt_and_its_cgroup),
		cmocka_unit_test(managers_of_containers),
		cmocka_unit_test(machined_and_the_line_and_the_cgroup),
		cmocka_unit_test(the_program_decides_which_vmm_it_is),
		cmocka_unit_test(threads_of_vcpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
