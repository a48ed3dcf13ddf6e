/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Which VMM a process is, by the names it goes by. */

#include <stdlib.h>
#include <string.h>

#include "daemon/core/vmname_internal.h"
#include "include/nisv_record.h"

/* Names of programs; comm has at most 15 characters, so a program is told by how it begins. */
static const struct program {
	const char *begins;
	bool whole;	  /* nothing may follow */
	const char *verb; /* what the first argument must be; NULL: anything */
	const char *vmm;
} programs[] = {
	{"qemu-system-", false, NULL, "qemu"},
	{"qemu-kvm", false, NULL, "qemu"},
	{"kvm", true, NULL, "qemu"}, /* Debian, Proxmox VE */
	{"firecracker", false, NULL, "firecracker"},
	{"cloud-hyperviso", false, NULL, "cloud-hypervisor"},
	{"crosvm", false, NULL, "crosvm"},
	{"lkvm", false, NULL, "kvmtool"},
	{"vm", true, "run", "kvmtool"},	  /* kvmtool Makefile, PROGRAM_ALIAS */
	{"krun", false, NULL, "libkrun"}, /* krun, krunvm, krunkit */
	{"muvm", true, NULL, "libkrun"},
	{"crun", true, NULL, "libkrun"},
	{"runsc", false, NULL, "gvisor"},
	{"containerd-shim-kata", false, NULL, "dragonball"}, /* the VMM is built into the shim */
};

static const char *vmm_of(struct cmdline_text program, struct cmdline_text verb)
{
	program = cmdline_basename(program);
	/* Nixpkgs: ".qemu-system-x86_64-wrapped" behind a wrapper of the real name. */
	if (program.len && program.s[0] == '.') {
		program.s++;
		program.len--;
	}
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		const struct program *row = &programs[i];

		if (row->whole ? !cmdline_is(program, row->begins)
			       : !cmdline_begins(program, row->begins))
			continue;
		if (!row->verb || cmdline_is(verb, row->verb))
			return row->vmm;
	}
	return NULL;
}

/* The kernel marks the path of a file that is gone, as after an upgrade (d_path()). */
static struct cmdline_text exe_of(const struct vmname_facts *facts)
{
	static const char mark[] = " (deleted)";
	struct cmdline_text exe = {facts->exe ? facts->exe : "", 0};

	exe.len = strlen(exe.s);
	if (exe.len >= sizeof(mark) - 1 &&
	    !memcmp(exe.s + exe.len - (sizeof(mark) - 1), mark, sizeof(mark) - 1))
		exe.len -= sizeof(mark) - 1;
	return exe;
}

const char *vmname_vmm(const struct vmname_facts *facts)
{
	struct cmdline args = cmdline_begin(facts->cmdline, facts->cmdline_len, facts->cmdline_cut);
	struct cmdline_text program = {"", 0}, verb = {"", 0}, exe = exe_of(facts), comm = {"", 0};
	const char *vmm;

	if (cmdline_take(&args, &program))
		cmdline_take(&args, &verb);
	vmm = vmm_of(exe, verb);
	if (!vmm)
		vmm = vmm_of(program, verb);
	if (!vmm && !exe.len && facts->comm) {
		comm = (struct cmdline_text){facts->comm, strnlen(facts->comm, NISV_COMM_LEN)};
		vmm = vmm_of(comm, verb);
	}
	if (!vmm && facts->has_libkrun)
		vmm = "libkrun";
	return vmm ? vmm : "unknown";
}

/* Where each VMM names the threads of its vCPUs. */
static const struct vcpu_thread {
	const char *before, *after; /* its number */
	const char *vmm;
} vcpu_threads[] = {
	{"CPU ", "/KVM", "qemu"},	  /* accel/kvm/kvm-accel-ops.c, kvm_start_vcpu_thread() */
	{"crosvm_vcpu", "", "crosvm"},	  /* src/crosvm/sys/linux/vcpu.rs */
	{"kvm-vcpu-", "", "kvmtool"},	  /* builtin-run.c, kvm_cpu_thread() */
	{"vcpu", "", "cloud-hypervisor"}, /* vmm/src/cpu.rs */
	{"fc_vcpu ", "", NULL},		  /* Firecracker's and libkrun's vstate */
};

bool vmname_of_vcpu(const char *comm, const char **ret_vmm, uint32_t *ret_vcpu)
{
	for (size_t i = 0; i < sizeof(vcpu_threads) / sizeof(vcpu_threads[0]); i++) {
		const struct vcpu_thread *row = &vcpu_threads[i];
		size_t before = strlen(row->before), digits;

		if (strncmp(comm, row->before, before) != 0)
			continue;
		digits = strspn(comm + before, "0123456789");
		if (!digits || digits > 4 || strcmp(comm + before + digits, row->after) != 0)
			continue;
		*ret_vmm = row->vmm;
		*ret_vcpu = (uint32_t)strtoul(comm + before, NULL, 10);
		return true;
	}
	return false;
}
