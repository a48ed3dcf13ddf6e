/* SPDX-License-Identifier: GPL-2.0-or-later */
#if defined(__aarch64__)

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>

#include "tests/bench/guest_arch.h"

/* A store here ends a slice: one MMIO access beside the thousands that are measured. */
#define STOP_ADDRESS 0x60000000UL

/* x0: MMIO, x1: turns, x2: RAM, x3: the stop address; x4, x5: scratch. */
__asm__(".pushsection .rodata\n"
	".balign 4\n"
	"mmio_write_code:\n"
	"	add x5, x0, #0x1000\n"
	"	mov x4, x1\n"
	"1:	str w1, [x0]\n"
	"	str w1, [x5]\n"
	"	add x5, x5, #0x1000\n"
	"	str w1, [x5]\n"
	"	add x5, x5, #0x1000\n"
	"	str w1, [x5]\n"
	"	sub x5, x5, #0x2000\n"
	"	subs x4, x4, #1\n"
	"	b.ne 1b\n"
	"	str w1, [x3]\n"
	"	b mmio_write_code\n"
	"mmio_read_code:\n"
	"	add x5, x0, #0x1000\n"
	"	mov x4, x1\n"
	"1:	ldr w6, [x0]\n"
	"	ldr w6, [x5]\n"
	"	add x5, x5, #0x1000\n"
	"	ldr w6, [x5]\n"
	"	add x5, x5, #0x1000\n"
	"	ldr w6, [x5]\n"
	"	sub x5, x5, #0x2000\n"
	"	subs x4, x4, #1\n"
	"	b.ne 1b\n"
	"	str w1, [x3]\n"
	"	b mmio_read_code\n"
	"ram_code:\n"
	"	mov x4, x1\n"
	"	mov x5, x2\n"
	"1:	str w1, [x5]\n"
	"	add x5, x5, #0x1000\n"
	"	subs x4, x4, #1\n"
	"	b.ne 1b\n"
	"	str w1, [x3]\n"
	"	b ram_code\n"
	"	.zero 64\n"
	".popsection\n");

extern const char mmio_write_code[], mmio_read_code[], ram_code[];

/* Sizes are not constant expressions for the compiler: the longest code, which all may copy. */
#define CODE(name) .code = name##_code, .code_size = 64

const struct guest_kind guest_kinds[] = {
	{"MMIO write, served by the kernel", "access", CODE(mmio_write), .turns = 1000,
	 .per_turn = 4, .doorbells = true},
	{"MMIO write, served by user space", "access", CODE(mmio_write), .turns = 400,
	 .per_turn = 4},
	{"MMIO read, served by user space", "access", CODE(mmio_read), .turns = 400,
	 .per_turn = 4},
	{"RAM fault (dirty logging)", "fault", CODE(ram), .turns = 500, .per_turn = 1,
	 .dirty_log = true},
};

const size_t n_guest_kinds = sizeof(guest_kinds) / sizeof(guest_kinds[0]);

#define CORE_REG(name)                                                                             \
	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(name))

static int set_register(int vcpu, uint64_t id, uint64_t value)
{
	struct kvm_one_reg reg = {.id = id, .addr = (uintptr_t)&value};

	return ioctl(vcpu, KVM_SET_ONE_REG, &reg);
}

int guest_arch_setup(int vm, int vcpu, void *memory, const struct guest_kind *kind)
{
	struct kvm_vcpu_init init;

	(void)memory;
	if (ioctl(vm, KVM_ARM_PREFERRED_TARGET, &init) < 0 ||
	    ioctl(vcpu, KVM_ARM_VCPU_INIT, &init) < 0)
		return -1;
	if (set_register(vcpu, CORE_REG(regs.pc), GUEST_ENTRY) < 0 ||
	    set_register(vcpu, CORE_REG(regs.regs[0]), GUEST_MMIO) < 0 ||
	    set_register(vcpu, CORE_REG(regs.regs[1]), kind->turns) < 0 ||
	    set_register(vcpu, CORE_REG(regs.regs[2]), GUEST_RAM) < 0)
		return -1;
	return set_register(vcpu, CORE_REG(regs.regs[3]), STOP_ADDRESS);
}

bool guest_arch_stopped(const struct kvm_run *run)
{
	return run->exit_reason == KVM_EXIT_MMIO && run->mmio.phys_addr == STOP_ADDRESS;
}

#endif
