/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/symptoms.h"

#include <errno.h>
#include <string.h>

#include "daemon/core/rules.h"

/* One row each; the log lines are the VMMs' own format strings with their values put in. */
const struct symptom symptoms[] = {
	/* ---- QEMU ---- */
	{"qemu", SYMPTOM_NISV_EXIT,
	 "QEMU logs nothing: it injects an external abort and goes on. The guest sees ESR_EL1 "
	 "0x96000010 (0x92000010 from its user space) and panics, resets or loops.",
	 "target/arm/kvm.c: kvm_arm_handle_dabt_nisv()", REV_QEMU},
	{"qemu", SYMPTOM_ENOSYS,
	 "QEMU prints \"error: kvm run failed Function not implemented\" and the registers, and "
	 "stops the VM: info status says \"paused (internal-error)\".",
	 "accel/kvm/kvm-all.c: kvm_cpu_exec()", REV_QEMU},
	{"qemu", SYMPTOM_EFAULT,
	 "QEMU prints \"error: kvm run failed Bad address\" and the registers, and stops the VM: "
	 "info status says \"paused (internal-error)\". The host's kernel log may have \"Failed to "
	 "find VMA for hva 0x...\".",
	 "accel/kvm/kvm-all.c: kvm_cpu_exec()", REV_QEMU},
	{"qemu", SYMPTOM_INTERNAL_ERROR,
	 "QEMU prints \"KVM internal error. Suberror: 1\", \"emulation failure\" and the "
	 "registers, and stops the VM: info status says \"paused (internal-error)\".",
	 "accel/kvm/kvm-all.c: kvm_handle_internal_error()", REV_QEMU},
	{"qemu", SYMPTOM_MEMORY_FAULT,
	 "QEMU 9.1 and later converts the memory, or prints \"Convert non guest_memfd backed "
	 "memory region (0x... ,+ 0x...) to private\" and stops the VM; older ones print \"error: "
	 "kvm run failed Bad address\".",
	 "accel/kvm/kvm-all.c: kvm_convert_memory()", REV_QEMU},
	{"qemu", SYMPTOM_LDST64B,
	 "QEMU logs nothing (with -d unimp \"un-handled exit reason 42\") and runs the vCPU again: "
	 "it spins at 100 % of a CPU.",
	 "target/arm/kvm.c: kvm_arch_handle_exit()", REV_QEMU},
	{"qemu", SYMPTOM_UNASSIGNED,
	 "QEMU logs nothing. \"Invalid read at addr 0x..., size 4, region '(null)', reason: "
	 "rejected\" comes with -d guest_errors (10.x: -d invalid_mem), which the monitor can "
	 "switch on (logfile FILE, then log guest_errors); never for PCI windows.",
	 "system/memory.c: memory_region_access_valid(); hw/pci-host/gpex.c: unassigned_io_ops",
	 REV_QEMU},
	/* ---- Firecracker ---- */
	{"firecracker", SYMPTOM_ENOSYS,
	 "Firecracker logs \"Received ENOSYS error because KVM failed to emulate an "
	 "instruction.\", "
	 "counts vcpu.failures and exits with status 1.",
	 "src/vmm/src/vstate/vcpu.rs: handle_kvm_exit()", REV_FIRECRACKER},
	{"firecracker", SYMPTOM_EFAULT,
	 "Firecracker logs \"Failure during vcpu run: Bad address (os error 14)\" and exits with "
	 "status 1.",
	 "src/vmm/src/vstate/vcpu.rs: handle_kvm_exit()", REV_FIRECRACKER},
	{"firecracker", SYMPTOM_INTERNAL_ERROR,
	 "Firecracker logs \"Received KVM_EXIT_INTERNAL_ERROR signal\" and exits with status 1.",
	 "src/vmm/src/vstate/vcpu.rs: handle_kvm_exit()", REV_FIRECRACKER},
	{"firecracker", SYMPTOM_MEMORY_FAULT,
	 "Firecracker logs \"Unexpected exit reason on vcpu run: MemoryFault {...}\" and exits "
	 "with status 1.",
	 "src/vmm/src/arch/aarch64/vcpu.rs: run_arch_emulation()", REV_FIRECRACKER},
	{"firecracker", SYMPTOM_LDST64B,
	 "Firecracker logs \"Unexpected exit reason on vcpu run: Unsupported(42)\" and exits with "
	 "status 1.",
	 "src/vmm/src/arch/aarch64/vcpu.rs: run_arch_emulation()", REV_FIRECRACKER},
	{"firecracker", SYMPTOM_UNASSIGNED,
	 "Firecracker warns \"Invalid MMIO read @ 0x...:0x4: ...\", for writes, too, and goes on.",
	 "src/vmm/src/vstate/vcpu.rs: handle_kvm_exit()", REV_FIRECRACKER},
	/* ---- Cloud Hypervisor ---- */
	{"cloud-hypervisor", SYMPTOM_ENOSYS,
	 "Cloud Hypervisor logs \"VCPU generated error: VcpuRun(Failed to run vcpu\" with \"VCPU "
	 "error Error(38)\" (since v47 on a line of its own) and exits with status 0. Up to v29 "
	 "only the vCPU ended, and the VM hung.",
	 "vmm/src/cpu.rs; hypervisor/src/cpu.rs: RunVcpu", REV_CLOUD_HYPERVISOR},
	{"cloud-hypervisor", SYMPTOM_EFAULT,
	 "Cloud Hypervisor logs \"VCPU generated error: VcpuRun(Failed to run vcpu\" with \"VCPU "
	 "error Error(14)\" and exits with status 0.",
	 "vmm/src/cpu.rs; hypervisor/src/cpu.rs: RunVcpu", REV_CLOUD_HYPERVISOR},
	{"cloud-hypervisor", SYMPTOM_INTERNAL_ERROR,
	 "Cloud Hypervisor logs \"VCPU generated error: ... Unexpected exit reason on vcpu run: "
	 "InternalError\" and exits with status 0.",
	 "hypervisor/src/kvm/mod.rs: run()", REV_CLOUD_HYPERVISOR},
	{"cloud-hypervisor", SYMPTOM_MEMORY_FAULT,
	 "Cloud Hypervisor logs \"Unexpected exit reason on vcpu run: MemoryFault {...}\" (built "
	 "without sev_snp) and exits with status 0.",
	 "hypervisor/src/kvm/mod.rs: run()", REV_CLOUD_HYPERVISOR},
	{"cloud-hypervisor", SYMPTOM_LDST64B,
	 "Cloud Hypervisor logs \"Unexpected exit reason on vcpu run: Unsupported(42)\" and exits "
	 "with status 0.",
	 "hypervisor/src/kvm/mod.rs: run()", REV_CLOUD_HYPERVISOR},
	{"cloud-hypervisor", SYMPTOM_UNASSIGNED,
	 "Cloud Hypervisor logs \"Guest MMIO read from unregistered address 0x...\" (or \"write "
	 "to\") at level info, which needs -v, and goes on.",
	 "vmm/src/vm.rs: mmio_read(), mmio_write()", REV_CLOUD_HYPERVISOR},
	/* ---- crosvm ---- */
	{"crosvm", SYMPTOM_ENOSYS,
	 "crosvm logs \"vcpu hit unknown error: Function not implemented (os error 38)\" and exits "
	 "with status 33.",
	 "src/crosvm/sys/linux/vcpu.rs: vcpu_loop()", REV_CROSVM},
	{"crosvm", SYMPTOM_EFAULT,
	 "crosvm logs \"vcpu hit unknown error: Bad address (os error 14)\" and exits with status "
	 "33.",
	 "src/crosvm/sys/linux/vcpu.rs: vcpu_loop()", REV_CROSVM},
	{"crosvm", SYMPTOM_MEMORY_FAULT,
	 "crosvm logs \"vcpu hit unknown error: Bad address (os error 14)\" and exits with status "
	 "33.",
	 "hypervisor/src/kvm/mod.rs: run()", REV_CROSVM},
	{"crosvm", SYMPTOM_INTERNAL_ERROR,
	 "crosvm warns \"unexpected vcpu exit: InternalError\" again and again: the vCPU loops at "
	 "100 % of a CPU.",
	 "src/crosvm/sys/linux/vcpu.rs: vcpu_loop()", REV_CROSVM},
	{"crosvm", SYMPTOM_LDST64B,
	 "crosvm panics with \"unknown kvm exit reason: 42\" and aborts (SIGABRT).",
	 "hypervisor/src/kvm/mod.rs: run()", REV_CROSVM},
	{"crosvm", SYMPTOM_UNASSIGNED, "crosvm logs nothing: reads give 0, writes are dropped.",
	 "devices/src/bus.rs: Bus::read", REV_CROSVM},
	/* ---- kvmtool ---- */
	{"kvmtool", SYMPTOM_ENOSYS,
	 "kvmtool prints \"KVM_RUN failed: Function not implemented\" and exits with status 1.",
	 "kvm-cpu.c: kvm_cpu__run()", REV_KVMTOOL},
	{"kvmtool", SYMPTOM_EFAULT,
	 "kvmtool prints \"KVM_RUN failed: Bad address\" and exits with status 1.",
	 "kvm-cpu.c: kvm_cpu__run()", REV_KVMTOOL},
	{"kvmtool", SYMPTOM_INTERNAL_ERROR,
	 "kvmtool prints \"KVM exit reason: 17\" and the registers; the VM ends if it was vCPU 0, "
	 "else it goes on without that CPU.",
	 "builtin-run.c: kvm_cpu_thread()", REV_KVMTOOL},
	{"kvmtool", SYMPTOM_MEMORY_FAULT,
	 "kvmtool prints \"KVM_RUN failed: Bad address\" and exits with status 1.",
	 "kvm-cpu.c: kvm_cpu__run()", REV_KVMTOOL},
	{"kvmtool", SYMPTOM_LDST64B,
	 "kvmtool prints \"KVM exit reason: 42\" and the registers, if it does not crash over the "
	 "name of that exit, which it has not; the VM ends if it was vCPU 0, else it goes on "
	 "without that CPU.",
	 "builtin-run.c: kvm_cpu_thread(); kvm.c: kvm_exit_reasons", REV_KVMTOOL},
	{"kvmtool", SYMPTOM_UNASSIGNED,
	 "kvmtool says nothing but with --debug-mmio: \"MMIO warning: Ignoring MMIO read at ...\".",
	 "mmio.c: kvm__emulate_mmio()", REV_KVMTOOL},
	/* ---- libkrun ---- */
	{"libkrun", SYMPTOM_ENOSYS,
	 "libkrun logs \"Failure during vcpu run: ...\", if its program switched logging on, and "
	 "the process exits with status 1.",
	 "src/vmm/src/linux/vstate.rs: run_emulation()", REV_LIBKRUN},
	{"libkrun", SYMPTOM_EFAULT,
	 "libkrun logs \"Failure during vcpu run: ...\", if its program switched logging on, and "
	 "the process exits with status 1.",
	 "src/vmm/src/linux/vstate.rs: run_emulation()", REV_LIBKRUN},
	{"libkrun", SYMPTOM_INTERNAL_ERROR,
	 "libkrun logs \"Received KVM_EXIT_INTERNAL_ERROR signal\" and the process exits with "
	 "status 1.",
	 "src/vmm/src/linux/vstate.rs: run_emulation()", REV_LIBKRUN},
	{"libkrun", SYMPTOM_MEMORY_FAULT,
	 "libkrun logs \"Unexpected exit reason on vcpu run: MemoryFault {...}\" (built without a "
	 "TEE), if its program switched logging on, and the process exits with status 1.",
	 "src/vmm/src/linux/vstate.rs: run_emulation()", REV_LIBKRUN},
	{"libkrun", SYMPTOM_LDST64B,
	 "libkrun logs \"Unexpected exit reason on vcpu run: Unsupported(42)\" and the process "
	 "exits with status 1.",
	 "src/vmm/src/linux/vstate.rs: run_emulation()", REV_LIBKRUN},
	{"libkrun", SYMPTOM_UNASSIGNED, "libkrun logs nothing; reads give what was there before.",
	 "src/devices/src/bus.rs: Bus::read", REV_LIBKRUN},
	/* ---- gVisor ---- */
	{"gvisor", SYMPTOM_NISV_EXIT,
	 "gVisor logs nothing: it injects an external abort into its guest.",
	 "pkg/sentry/platform/kvm/bluepill_arm64_unsafe.go: bluepillArchHandleExit()",
	 "gVisor release-20210830"},
	{"gvisor", SYMPTOM_ENOSYS,
	 "gVisor logs nothing: it injects an external abort into its guest.",
	 "pkg/sentry/platform/kvm/bluepill_arm64_unsafe.go: bluepillHandleEnosys()",
	 "gVisor release-20210830"},
	/* ---- any ---- */
	{NULL, SYMPTOM_ENOSYS,
	 "KVM_RUN failed with \"Function not implemented\" (errno 38), of which most VMMs die. The "
	 "host's kernel logs \"Data abort outside memslots with no valid syndrome info\" up to "
	 "Linux 6.6, and nothing since.",
	 "arch/arm64/kvm/mmio.c: io_mem_abort(); d11974dc5f20", REV_LINUX},
	{NULL, SYMPTOM_NISV_EXIT,
	 "The VMM asked to be told (KVM_CAP_ARM_NISV_TO_USER); the host's kernel logs nothing.",
	 "Documentation/virt/kvm/api.rst: KVM_EXIT_ARM_NISV", REV_LINUX},
	{NULL, SYMPTOM_EFAULT,
	 "KVM_RUN failed with \"Bad address\" (errno 14), of which most VMMs die. The host's "
	 "kernel log may have \"Failed to find VMA for hva 0x...\".",
	 "arch/arm64/kvm/mmu.c: kvm_s2_fault_get_vma_info()", REV_LINUX},
	{NULL, SYMPTOM_INTERNAL_ERROR,
	 "KVM_RUN ended with KVM_EXIT_INTERNAL_ERROR, suberror 1 (emulation).",
	 "Documentation/virt/kvm/api.rst: KVM_EXIT_INTERNAL_ERROR", REV_LINUX},
	{NULL, SYMPTOM_MEMORY_FAULT, "KVM_RUN failed with EFAULT and KVM_EXIT_MEMORY_FAULT.",
	 "Documentation/virt/kvm/api.rst: KVM_EXIT_MEMORY_FAULT", REV_LINUX},
	{NULL, SYMPTOM_LDST64B, "KVM_RUN ended with KVM_EXIT_ARM_LDST64B (42).",
	 "Documentation/virt/kvm/api.rst: KVM_EXIT_ARM_LDST64B", REV_LINUX},
	{NULL, SYMPTOM_INJECTED,
	 "Nothing on the host: neither the kernel nor the VMM logs a word. The guest sees an abort "
	 "(ESR_EL1 0x96000010 or 0x86000010), if it has vectors for it.",
	 "arch/arm64/kvm/mmu.c: kvm_handle_guest_abort()", REV_LINUX},
};

const size_t n_symptoms = sizeof(symptoms) / sizeof(symptoms[0]);

static bool is_error(const struct site *site, int error)
{
	return site->errno_ == -error || site->errno_ == error;
}

bool symptom_of_site(const struct site *site, enum symptom_of *ret)
{
	if (site->kind == KIND_MMIO_READ || site->kind == KIND_MMIO_WRITE) {
		*ret = SYMPTOM_UNASSIGNED;
		return true;
	}
	switch (site->kind) {
	case NISV_KIND_MEMORY_FAULT:
		*ret = SYMPTOM_MEMORY_FAULT;
		return true;
	case NISV_KIND_LDST64B:
		*ret = SYMPTOM_LDST64B;
		return true;
	case NISV_KIND_BACKING:
		*ret = SYMPTOM_EFAULT;
		return true;
	case NISV_KIND_EMULATION:
		*ret = SYMPTOM_INTERNAL_ERROR;
		return site->outcome == NISV_OUTCOME_VMM_DECIDES;
	default:
		break;
	}
	switch (site->outcome) {
	case NISV_OUTCOME_VM_KILLED:
		*ret = is_error(site, EFAULT) ? SYMPTOM_EFAULT : SYMPTOM_ENOSYS;
		return is_error(site, EFAULT) || is_error(site, ENOSYS);
	case NISV_OUTCOME_VMM_DECIDES:
		*ret = SYMPTOM_NISV_EXIT;
		return true;
	default:
		*ret = SYMPTOM_INJECTED;
		return site->kind != NISV_KIND_NISV || site->outcome;
	}
}

const struct symptom *symptom_find(const char *vmm, enum symptom_of of)
{
	for (size_t i = 0; i < n_symptoms; i++)
		if (symptoms[i].of == of && (!symptoms[i].vmm || !strcmp(symptoms[i].vmm, vmm)))
			return &symptoms[i];
	return NULL;
}

/* Sources as of the rows above, SYMPTOM_UNASSIGNED. */
const char *symptom_unassigned(const char *vmm)
{
	static const struct {
		const char *vmm, *answer;
	} answers[] = {
		{"qemu", "QEMU answers reads of what nothing claims with 0 (all ones in a PCI "
			 "window) and drops writes."},
		{"firecracker", "Firecracker answers reads of what nothing claims with 0 and drops "
				"writes."},
		{"cloud-hypervisor", "Cloud Hypervisor answers reads of what nothing claims with "
				     "all ones (before v53 with stale bytes) and drops writes."},
		{"crosvm", "crosvm answers reads of what nothing claims with 0 and drops writes."},
		{"kvmtool", "kvmtool leaves what was there for reads of what nothing claims, and "
			    "drops writes."},
		{"libkrun",
		 "libkrun leaves stale bytes for reads of what nothing claims, and drops "
		 "writes."},
	};

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (!strcmp(answers[i].vmm, vmm))
			return answers[i].answer;
	return "the VMM makes up the answer to what nothing claims.";
}
