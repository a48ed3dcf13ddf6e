/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why there is such a VM: the scheduler tells KVM that a vCPU's thread goes or comes only while
 * there is a VM, by a static key (preempt_notifier_key): the first VM and the end of the last patch
 * the kernel's code. QEMU 7.2 translates code without a lock on its page, so that a CPU which
 * translates finish_task_switch() while another patches it may keep the old code for good. That
 * kernel saves a vCPU which leaves a CPU but never loads it again: its guest runs on with the
 * host's MDCR_EL2, say, where BRK ends in the guest's own vectors for ever. On x86 the CPU may meet
 * half of the patch, and the kernel dies of an int3 in the scheduler. With this VM the key stays as
 * it is from before the first test.
 */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

int guest_vm_keep(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int size = kvm < 0 ? -1 : ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	int vm = size < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
	int vcpu = vm < 0 ? -1 : ioctl(vm, KVM_CREATE_VCPU, 0);
	int ret = 0;

	/* The mapping keeps all of it; no process has a descriptor that nisvd would find. */
	if (vcpu < 0 || mmap(NULL, size, PROT_READ, MAP_SHARED, vcpu, 0) == MAP_FAILED)
		ret = -errno;
	close(vcpu);
	close(vm);
	close(kvm);
	return ret;
}
