/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Who a VM is, on this machine's kernel: VMMs in dress, in cgroups as their managers make them, and
 * processes that are not the one that is meant.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/edge/discover.h"
#include "daemon/edge/identity.h"
#include "daemon/edge/procfs.h"
#include "tests/native/watch.h"

#if defined(__x86_64__)
#define SHORT_GUEST "--guest mmio-write-long --arg 0=0x10000000 --max-exits 3 "
#else
#define SHORT_GUEST "--guest mmio-write --arg 0=0x50000000 --max-exits 3 "
#endif

/* ---- cgroups ---- */

static char cgroup_top[PATH_MAX]; /* a folder of ours in a hierarchy; "": none can be made */

/* cgroup v2, or the hierarchy of systemd where there is only v1. */
static bool find_hierarchy(char ret[PATH_MAX])
{
	FILE *mounts = fopen("/proc/self/mounts", "re");
	char where[1024], type[64], options[1024];
	bool found = false;

	assert_non_null(mounts);
	while (!found &&
	       fscanf(mounts, "%*s %1023s %63s %1023s %*d %*d\n", where, type, options) == 3) {
		found = !strcmp(type, "cgroup2") ||
			(!strcmp(type, "cgroup") && strstr(options, "name=systemd"));
		if (found)
			snprintf(ret, PATH_MAX, "%s", where);
	}
	fclose(mounts);
	return found;
}

static int setup_cgroups(void **state)
{
	char hierarchy[PATH_MAX];

	(void)state;
	if (!find_hierarchy(hierarchy))
		return 0;
	snprintf(cgroup_top, sizeof(cgroup_top), "%.3000s/nisvd-test-%d", hierarchy, getpid());
	if (mkdir(cgroup_top, 0755) < 0) {
		fprintf(stderr, "%s: %s\n", cgroup_top, strerror(errno));
		cgroup_top[0] = '\0';
	}
	return 0;
}

/* A folder with processes cannot be removed: called when they have ended. */
static void remove_below(const char *path)
{
	char folder[PATH_MAX];

	snprintf(folder, sizeof(folder), "%s", path);
	while (strcmp(folder, cgroup_top) != 0) {
		rmdir(folder);
		*strrchr(folder, '/') = '\0';
	}
}

static int teardown_cgroups(void **state)
{
	(void)state;
	if (cgroup_top[0])
		rmdir(cgroup_top);
	return 0;
}

/* Moves the process to PATH below ours; @ret is the folder, for remove_below(). */
static void move_to_cgroup(pid_t pid, const char *path, char ret[PATH_MAX])
{
	char file[PATH_MAX];
	FILE *procs;

	snprintf(ret, PATH_MAX, "%.3500s%s", cgroup_top, path);
	for (char *slash = ret + strlen(cgroup_top) + 1; slash; slash = strchr(slash + 1, '/')) {
		*slash = slash[0] == '/' ? '\0' : *slash;
		mkdir(ret, 0755);
		if (!*slash)
			*slash = '/';
	}
	mkdir(ret, 0755);
	snprintf(file, sizeof(file), "%.4000s/cgroup.procs", ret);
	procs = fopen(file, "we");
	assert_non_null(procs);
	assert_true(fprintf(procs, "%d\n", pid) > 0);
	assert_int_equal(fclose(procs), 0);
}

static void need_cgroups(void)
{
	if (cgroup_top[0])
		return;
	print_message("SKIP: no cgroup can be made here\n");
	skip();
}

/* ---- VMs ---- */

static struct vm *add_vm(struct vms *vms, uint32_t tgid)
{
	static uint64_t kvm;
	const struct nisv_vm_key key = {.kvm = ++kvm};
	struct vm *vm;

	assert_int_equal(vms_add(vms, &key, "00", "", tgid, -1, 1, &vm), 0);
	return vm;
}

/* The VM of a process, as a scan of the host finds it. */
static struct vm *discover(struct vms *vms, struct watch *watch, const struct vmm *vmm)
{
	const struct nisv_rec_vm *rec;
	struct discover_result found;
	size_t from = watch->n_vms;
	struct vm *vm;

	assert_int_equal(discover_run(watch->capture, &found), 0);
	discover_clear(&found);
	rec = watch_vm(watch, vmm->pid, &from);
	assert_non_null(rec);
	vm = add_vm(vms, rec->hdr.tgid);
	assert_true(identity_take(vm, rec, NULL));
	assert_false(identity_take(vm, rec, NULL)); /* nothing new */
	return vm;
}

#define SANDBOX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define UUID	"0f0e0d0c-0b0a-0908-0706-050403020100"

static const struct dressed {
	const char *line, *cgroup; /* cgroup NULL: as we are */
	const char *name, *source, *vmm, *uuid;
} dressed[] = {
	{"/usr/bin/qemu-system-x86_64 -name guest=web_01,debug-threads=on -uuid " UUID,
	 "/machine.slice/machine-qemu\\x2d3\\x2dweb01.scope/libvirt/emulator", "web_01", "libvirt",
	 "qemu", UUID},
	/* What it says of itself is not what libvirt started. */
	{"/usr/bin/qemu-system-x86_64 -name guest=bank",
	 "/machine.slice/machine-qemu\\x2d4\\x2dweb02.scope", "web02", "libvirt", "qemu", ""},
	{"/usr/libexec/qemu-kvm -name guest=default_vm1,debug-threads=on",
	 "/kubepods.slice/kubepods-pod12.slice/cri-containerd-" SANDBOX ".scope", "default_vm1",
	 "libvirt", "qemu", ""},
	{"qemu-system-x86_64 -name sandbox-" SANDBOX, NULL, SANDBOX, "cmdline", "qemu", ""},
	{"firecracker --id vm-7 --api-sock /run/firecracker.socket", NULL, "vm-7", "cmdline",
	 "firecracker", ""},
	{"firecracker --no-api --config-file vm.json", "/firecracker/vm-8", "vm-8", "cgroup",
	 "firecracker", ""},
	{"cloud-hypervisor --api-socket /run/ch/blue.sock --platform uuid=" UUID, NULL, "blue",
	 "cmdline", "cloud-hypervisor", UUID},
	{"crosvm run --name arcvm --mem 512 kernel", NULL, "arcvm", "cmdline", "crosvm", ""},
	{"lkvm run --name box -m 256", NULL, "box", "cmdline", "kvmtool", ""},
	{"krun", "/user.slice/libpod-" SANDBOX ".scope/container", "0123456789ab", "cgroup",
	 "libkrun", ""},
	{"runsc-sandbox --root=/run boot --bundle=/b box1", NULL, "box1", "cmdline", "gvisor", ""},
	{"myvmm --name x", "/system.slice/vm\\x2dgreen.service", "vm-green", "cgroup", "unknown",
	 ""},
};

static void check_dressed(struct watch *watch, const struct dressed *row)
{
	char args[512], cgroup[PATH_MAX];
	struct vms vms = {};
	struct vmm vmm;
	struct vm *vm;

	snprintf(args, sizeof(args), "--idle --dress %s", row->line);
	vmm_start(&vmm, args);
	vmm_wait_ready(&vmm);
	if (row->cgroup)
		move_to_cgroup(vmm.pid, row->cgroup, cgroup);
	vm = discover(&vms, watch, &vmm);
	assert_string_equal(vm->name.name, row->name);
	assert_string_equal(vm->name.source, row->source);
	assert_string_equal(vm->name.vmm, row->vmm);
	assert_string_equal(vm->name.uuid, row->uuid);
	vmm_stop(&vmm);
	if (row->cgroup)
		remove_below(cgroup);
	vmm_free(&vmm);
	vms_clear(&vms);
}

static void test_dressed_vmms(void **state)
{
	struct watch watch;

	(void)state;
	watch_start(&watch, NULL);
	for (size_t i = 0; i < sizeof(dressed) / sizeof(dressed[0]); i++) {
		if (dressed[i].cgroup && !cgroup_top[0])
			print_message("SKIP: no cgroup can be made here: %s\n", dressed[i].line);
		else
			check_dressed(&watch, &dressed[i]);
	}
	watch_stop(&watch);
}

static void test_a_guest_of_kvmtool_is_named_by_its_pid(void **state)
{
	struct vms vms = {};
	struct watch watch;
	char name[32];
	struct vmm vmm;
	struct vm *vm;

	(void)state;
	watch_start(&watch, NULL);
	vmm_start(&vmm, "--idle --dress lkvm run -m 256");
	vmm_wait_ready(&vmm);
	vm = discover(&vms, &watch, &vmm);
	snprintf(name, sizeof(name), "guest-%d", vmm.pid);
	assert_string_equal(vm->name.name, name);
	assert_int_equal(vm->options.ram_bytes, 256 << 20);
	vmm_stop(&vmm);
	vmm_free(&vmm);
	watch_stop(&watch);
	vms_clear(&vms);
}

/* Its record is all that is left of it. */
static void test_a_vmm_that_is_gone(void **state)
{
	const struct nisv_rec_vm *rec;
	struct vms vms = {};
	struct watch watch;
	struct vmm vmm;
	size_t from = 0;
	struct vm *vm;

	(void)state;
	watch_start(&watch, NULL);
	vmm_run(&vmm, &watch, SHORT_GUEST "--dress qemu-system-x86_64 -name gone -m 64");
	rec = watch_vm(&watch, vmm.pid, &from);
	assert_non_null(rec);
	vm = add_vm(&vms, rec->hdr.tgid);
	assert_true(identity_take(vm, rec, NULL));
	assert_string_equal(vm->name.name, "gone");
	assert_string_equal(vm->name.source, "cmdline");
	assert_string_equal(vm->name.vmm, "qemu");
	assert_int_equal(vm->options.ram_bytes, 64 << 20);
	assert_false(identity_refresh(vm));
	assert_string_equal(vm->name.name, "gone");
	vmm_free(&vmm);
	watch_stop(&watch);
	vms_clear(&vms);
}

static struct nisv_rec_vm *record_of(pid_t pid, uint64_t start_ns, const char *comm)
{
	static struct nisv_rec_vm rec;

	rec = (struct nisv_rec_vm){.hdr = {.tgid = (uint32_t)pid}, .start_ns = start_ns};
	snprintf(rec.comm, sizeof(rec.comm), "%s", comm);
	return &rec;
}

/* The number is another process's now: nothing of /proc is believed. */
static void test_a_reused_pid(void **state)
{
	struct vms vms = {};
	struct vm *vm = add_vm(&vms, (uint32_t)getpid());
	uint64_t start;

	(void)state;
	assert_int_equal(procfs_start_ns((uint32_t)getpid(), &start), 0);
	assert_true(identity_take(vm, record_of(getpid(), start - 1000000000, "qemu-kvm"), NULL));
	assert_string_equal(vm->name.name, "qemu-kvm");
	assert_string_equal(vm->name.vmm, "qemu");
	assert_int_equal(vm->cmdline_len, 0);
	assert_null(vm->cgroup);

	vm = add_vm(&vms, (uint32_t)getpid());
	assert_true(identity_take(vm, record_of(getpid(), start, "qemu-kvm"), NULL));
	assert_true(vm->cmdline_len > 0);
	assert_string_equal(vm->name.vmm, "unknown"); /* its executable is known: it is not qemu */
	vms_clear(&vms);
}

/* The arguments of the test itself, which a child overwrites. */
static char *own_arguments;

static void rewrite_arguments(int ready, int go)
{
	char c;

	memcpy(own_arguments, "crosvm", strlen("crosvm") + 1);
	if (write(ready, "r", 1) != 1 || read(go, &c, 1) < 0)
		_exit(1);
	_exit(0);
}

static void test_arguments_rewritten_later(void **state)
{
	struct vms vms = {};
	int ready[2], go[2];
	char before[64], c;
	struct vm *vm;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(go), 0);
	vm = add_vm(&vms, (uint32_t)getpid());
	assert_true(identity_take(vm, NULL, NULL));
	snprintf(before, sizeof(before), "%s", vm->cmdline);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		rewrite_arguments(ready[1], go[0]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	vm->tgid = (uint32_t)child; /* the same process, after it changed its arguments */
	assert_false(identity_take(vm, NULL, NULL));
	identity_refresh(vm);
	assert_string_equal(vm->cmdline, before);
	assert_string_equal(vm->name.vmm, "unknown");
	/* At first sight they would have been believed. */
	vm = add_vm(&vms, (uint32_t)child);
	assert_true(identity_take(vm, NULL, NULL));
	assert_string_equal(vm->name.vmm, "crosvm");
	assert_int_equal(write(go[1], "g", 1), 1);
	assert_int_equal(waitpid(child, NULL, 0), child);
	close(go[0]);
	close(go[1]);
	close(ready[0]);
	close(ready[1]);
	vms_clear(&vms);
}

/* Registered, or put into its cgroup, when it runs already. */
static void test_a_better_name_later(void **state)
{
	char cgroup[PATH_MAX];
	struct vms vms = {};
	struct watch watch;
	struct vmm vmm;
	struct vm *vm;

	(void)state;
	need_cgroups();
	watch_start(&watch, NULL);
	vmm_start(&vmm, "--idle --dress qemu-system-x86_64 -m 64");
	vmm_wait_ready(&vmm);
	vm = discover(&vms, &watch, &vmm);
	assert_string_equal(vm->name.name, "qemu-system-x86");
	assert_string_equal(vm->name.source, "comm");
	assert_false(identity_refresh(vm));
	assert_string_equal(vm->name.source, "comm");
	move_to_cgroup(vmm.pid, "/machine.slice/machine-late.scope", cgroup);
	assert_true(identity_refresh(vm));
	assert_string_equal(vm->name.name, "late");
	assert_string_equal(vm->name.source, "cgroup");
	assert_int_equal(vm->options.ram_bytes, 64 << 20);
	assert_false(identity_refresh(vm));
	assert_string_equal(vm->name.name, "late");
	vmm_stop(&vmm);
	remove_below(cgroup);
	assert_false(identity_refresh(vm)); /* it is gone: what was known is kept */
	assert_string_equal(vm->name.name, "late");
	vmm_free(&vmm);
	watch_stop(&watch);
	vms_clear(&vms);
}

/* In a PID namespace of our own with its own /proc: 1 there is not 1 of the records. */
static int in_namespace(void)
{
	struct vms vms = {};
	struct vm *vm;
	uint64_t start;

	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("proc", "/proc", "proc", 0, NULL) < 0)
		return 77;
	if (procfs_is_initial() || procfs_start_ns(1, &start) < 0)
		return 1;
	vm = add_vm(&vms, 1);
	if (!identity_take(vm, NULL, NULL) || vm->cmdline_len || strcmp(vm->name.name, "vm") != 0)
		return 2;
	/* Even one that started in the same moment, but is called otherwise. */
	vm = add_vm(&vms, 1);
	if (!identity_take(vm, record_of(1, start, "systemd"), NULL) || vm->cmdline_len)
		return 3;
	vms_clear(&vms);
	return 0;
}

static void test_another_pid_namespace(void **state)
{
	int go[2], status;
	uint32_t own = 0;
	pid_t child, inner = 0;
	char c;

	(void)state;
	assert_int_equal(pipe(go), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0)
			_exit(77);
		inner = fork();
		if (inner == 0)
			_exit(read(go[0], &c, 1) == 1 ? in_namespace() : 4);
		/* From outside it has a number of ours, and its own. */
		if (procfs_own_pid((uint32_t)inner, &own) < 0 || own != 1)
			_exit(5);
		if (write(go[1], "g", 1) != 1 || waitpid(inner, &status, 0) != inner)
			_exit(6);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 7);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	close(go[0]);
	close(go[1]);
	if (WEXITSTATUS(status) == 77) {
		print_message("SKIP: no PID namespace can be made here\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_own_process(void **state)
{
	char *exe = NULL, *cgroup = NULL, expected[PATH_MAX] = "";
	uint32_t own;

	(void)state;
	assert_true(readlink("/proc/self/exe", expected, sizeof(expected) - 1) > 0);
	assert_int_equal(procfs_exe((uint32_t)getpid(), &exe), 0);
	assert_string_equal(exe, expected);
	assert_int_equal(procfs_cgroup((uint32_t)getpid(), &cgroup), 0);
	assert_int_equal(cgroup[0], '/');
	assert_int_equal(procfs_maps_file((uint32_t)getpid(), "/libcmocka.so"), 1);
	assert_int_equal(procfs_maps_file((uint32_t)getpid(), "/libkrun.so"), 0);
	assert_int_equal(procfs_own_pid((uint32_t)getpid(), &own), 0);
	assert_true(own > 0);
	free(exe);
	free(cgroup);
	/* No process has the number 0, nor one past the limit: nothing is said. */
	assert_true(procfs_exe(0, &exe) < 0);
	assert_true(procfs_cgroup(UINT32_MAX, &cgroup) < 0);
	assert_true(procfs_maps_file(UINT32_MAX, "/x") < 0);
	assert_true(procfs_own_pid(UINT32_MAX, &own) < 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_process),
		cmocka_unit_test(test_dressed_vmms),
		cmocka_unit_test(test_a_guest_of_kvmtool_is_named_by_its_pid),
		cmocka_unit_test(test_a_vmm_that_is_gone),
		cmocka_unit_test(test_a_reused_pid),
		cmocka_unit_test(test_arguments_rewritten_later),
		cmocka_unit_test(test_a_better_name_later),
		cmocka_unit_test(test_another_pid_namespace),
	};

	(void)argc;
	own_arguments = argv[0];
	watch_require_host();
	return cmocka_run_group_tests(tests, setup_cgroups, teardown_cgroups);
}
