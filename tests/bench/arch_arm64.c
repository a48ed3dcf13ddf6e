/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef __aarch64__

#include <errno.h>
#include <linux/kvm.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

#include "arch.h"
#include "daemon/edge/log.h"

/*
 * x0: first place, x1: end, x2: stride, x3: accesses a run, x4: doorbell. The MMU is off. A vCPU
 * whose debugger asked for breakpoints returns to user space at each BRK, and stays on it.
 */
/* clang-format off */
__asm__(
	".pushsection .rodata\n"
	"	.balign	4\n"
	"arm64_store:\n"
	"	mov	x5, x0\n"
	"1:	mov	x6, x3\n"
	"2:	str	w7, [x5]\n"
	"	add	x5, x5, x2\n"
	"	cmp	x5, x1\n"
	"	csel	x5, x0, x5, hs\n"
	"	subs	x6, x6, #1\n"
	"	b.ne	2b\n"
	"	str	w7, [x4]\n"
	"	b	1b\n"
	"arm64_store_load:\n"
	"1:	mov	x5, x0\n"
	"2:	str	w7, [x5]\n"
	"	ldr	w7, [x5]\n"
	"	add	x5, x5, x2\n"
	"	cmp	x5, x1\n"
	"	b.lo	2b\n"
	"	b	1b\n"
	"arm64_exit:\n"
	"	brk	#0\n"
	"arm64_fail:\n"
	"	ldp	x7, x8, [x0]\n"
	"arm64_end:\n"
	".popsection\n");
/* clang-format on */

extern const uint8_t arm64_store[], arm64_store_load[], arm64_exit[], arm64_fail[], arm64_end[];

#define PAGE 4096UL /* of nisvd's fault sites */

/* Register ids: asm/kvm.h. */
#define CORE_REG(field) \
	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(field))

int arch_exit_reason(enum program program)
{
	static const int reasons[] = {
		[PROGRAM_STORE] = KVM_EXIT_MMIO,    [PROGRAM_STORE_LOAD] = KVM_EXIT_MMIO,
		[PROGRAM_EXIT] = KVM_EXIT_DEBUG,    [PROGRAM_EMULATE] = -EOPNOTSUPP,
		[PROGRAM_FAIL] = KVM_EXIT_ARM_NISV,
	};

	return reasons[program];
}

void arch_program_write(const struct arch_vm *vm, const struct machine_setup *setup,
			const struct range *range)
{
	static const struct {
		const uint8_t *start, *end;
	} texts[] = {
		[PROGRAM_STORE] = {arm64_store, arm64_store_load},
		[PROGRAM_STORE_LOAD] = {arm64_store_load, arm64_exit},
		[PROGRAM_EXIT] = {arm64_exit, arm64_fail},
		[PROGRAM_FAIL] = {arm64_fail, arm64_end},
	};
	const uint8_t *start = texts[setup->program].start;

	(void)range;
	memcpy(vm->code, start, texts[setup->program].end - start);
}

int arch_vm_prepare(const struct arch_vm *vm, enum program program)
{
	struct kvm_enable_cap cap = {.cap = KVM_CAP_ARM_NISV_TO_USER};

	if (program == PROGRAM_FAIL && ioctl(vm->vm_fd, KVM_ENABLE_CAP, &cap))
		return log_error_errno(errno, "No KVM_CAP_ARM_NISV_TO_USER");
	return 0;
}

static int reg_set(const struct arch_vm *vm, uint64_t id, uint64_t value)
{
	struct kvm_one_reg reg = {.id = id, .addr = (uintptr_t)&value};

	if (ioctl(vm->vcpu_fd, KVM_SET_ONE_REG, &reg))
		return log_error_errno(errno, "KVM does not take a register of the vCPU");
	return 0;
}

int arch_vcpu_start(const struct arch_vm *vm, const struct machine_setup *setup,
		    const struct range *range)
{
	const struct {
		uint64_t id, value;
	} regs[] = {
		{CORE_REG(regs.pc), PROGRAM_PAGE},
		{CORE_REG(regs.regs[0]), range->base},
		{CORE_REG(regs.regs[1]), range->base + setup->places * range->stride},
		{CORE_REG(regs.regs[2]), range->stride},
		{CORE_REG(regs.regs[3]), setup->per_run},
		{CORE_REG(regs.regs[4]), DOORBELL},
	};
	struct kvm_guest_debug debug = {
		.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP,
	};
	struct kvm_vcpu_init init;

	if (ioctl(vm->vm_fd, KVM_ARM_PREFERRED_TARGET, &init) ||
	    ioctl(vm->vcpu_fd, KVM_ARM_VCPU_INIT, &init))
		return log_error_errno(errno, "KVM_ARM_VCPU_INIT");
	for (size_t i = 0; i < sizeof(regs) / sizeof(regs[0]); i++) {
		int r = reg_set(vm, regs[i].id, regs[i].value);

		if (r < 0)
			return r;
	}
	if (ioctl(vm->vcpu_fd, KVM_SET_GUEST_DEBUG, &debug))
		return log_error_errno(errno, "KVM_SET_GUEST_DEBUG");
	return 0;
}

int arch_failure_move(const struct arch_vm *vm, unsigned int which, const struct range *range)
{
	return reg_set(vm, CORE_REG(regs.regs[0]), range->base + (uint64_t)which * PAGE);
}

#endif
