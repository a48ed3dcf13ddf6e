/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * One thread that makes, runs and destroys VM after VM: address of the VM and of its vCPU, thread
 * and descriptor are all the same again, and so is what capture remembers of the last access.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/native/watch.h"

#define N_VMS	    40
#define MEMORY_SIZE 0x10000UL

#if defined(__x86_64__)
#define MEMORY_BASE 0x0UL
/* Real mode, ds:0 is 0x20000, behind the memory: mov %al, (%bx); jmp back. */
static const uint8_t code[] = {0x88, 0x07, 0xeb, 0xfc};

static void set_registers(int vm, int vcpu)
{
	struct kvm_regs regs = {.rflags = 2};
	struct kvm_sregs sregs;

	(void)vm;
	assert_int_equal(ioctl(vcpu, KVM_GET_SREGS, &sregs), 0);
	sregs.cs.base = sregs.cs.selector = 0;
	sregs.ds.base = 0x20000;
	sregs.ds.selector = 0x2000;
	assert_int_equal(ioctl(vcpu, KVM_SET_SREGS, &sregs), 0);
	assert_int_equal(ioctl(vcpu, KVM_SET_REGS, &regs), 0);
}
#else
#define MEMORY_BASE 0x40000000UL
/* strb w1, [x0]; b back */
static const uint32_t code[] = {0x39000001, 0x17ffffff};

#define CORE_REG(name) \
	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(name))

static void set_register(int vcpu, uint64_t id, uint64_t value)
{
	struct kvm_one_reg reg = {.id = id, .addr = (uintptr_t)&value};

	assert_int_equal(ioctl(vcpu, KVM_SET_ONE_REG, &reg), 0);
}

static void set_registers(int vm, int vcpu)
{
	struct kvm_vcpu_init init;

	assert_int_equal(ioctl(vm, KVM_ARM_PREFERRED_TARGET, &init), 0);
	assert_int_equal(ioctl(vcpu, KVM_ARM_VCPU_INIT, &init), 0);
	set_register(vcpu, CORE_REG(regs.pc), MEMORY_BASE);
	set_register(vcpu, CORE_REG(regs.regs[0]), 0x50000000);
}
#endif

/* Makes a VM, lets its guest do @n MMIO writes, destroys it; all in this thread. */
static void run_vm(int kvm, void *memory, unsigned n)
{
	struct kvm_userspace_memory_region region = {
		.guest_phys_addr = MEMORY_BASE,
		.memory_size = MEMORY_SIZE,
		.userspace_addr = (uintptr_t)memory,
	};
	int vm = ioctl(kvm, KVM_CREATE_VM, 0), size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), vcpu;
	struct kvm_run *run;

	assert_true(vm >= 0 && size > 0);
	assert_int_equal(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), 0);
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	assert_true(vcpu >= 0);
	run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	assert_ptr_not_equal(run, MAP_FAILED);
	set_registers(vm, vcpu);
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(ioctl(vcpu, KVM_RUN, 0), 0);
		assert_int_equal(run->exit_reason, KVM_EXIT_MMIO);
	}
	munmap(run, size);
	close(vcpu);
	close(vm);
}

static void test_same_everything(void **state)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	const struct nisv_rec_vm *vm;
	struct counters *counters;
	struct watch watch;
	size_t from = 0, n = 0;
	void *memory;

	(void)state;
	assert_true(kvm >= 0);
	memory =
		mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(memory, MAP_FAILED);
	memcpy(memory, code, sizeof(code));
	watch_start(&watch, NULL);
	/* Another number each time, so that what went to the wrong one shows. */
	for (unsigned i = 1; i <= N_VMS; i++)
		run_vm(kvm, memory, i);
	watch_take(&watch);
	assert_int_equal(counters_read(watch.capture, &counters), 0);
	while ((vm = watch_vm(&watch, getpid(), &from))) {
		const struct counters_vm *counted = counters_find(counters, &vm->hdr.vm);

		assert_non_null(counted);
		n++;
		assert_int_equal(counted->stat.mmio_writes, n);
		assert_int_equal(counted->stat.mmio_user, n);
	}
	assert_int_equal(n, N_VMS);
	counters_free(counters);
	watch_assert_no_loss(&watch);
	watch_stop(&watch);
	munmap(memory, MEMORY_SIZE);
	close(kvm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_everything)};

	watch_require_host();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
