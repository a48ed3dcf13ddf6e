/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef __x86_64__

#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "arch.h"
#include "daemon/edge/log.h"

#define EXIT_PORT   0xf4 /* nobody serves it: KVM_EXIT_IO */
#define STRING_PORT 0xf5 /* an ioeventfd serves it; KVM emulates ins and outs on VMX and SVM */

/* Control register bits and page table entries: AMD64 Architecture Programmer's Manual 2. */
#define CR0_PE	     (1u << 0)
#define CR0_PG	     (1u << 31)
#define CR4_PAE	     (1u << 5)
#define CR4_OSFXSR   (1u << 9) /* SSE is on: pxor fails in KVM's emulator, not in the guest */
#define EFER_LME     (1u << 8)
#define EFER_LMA     (1u << 10)
#define RFLAGS_FIXED 2
#define PTE_PRESENT  1
#define PTE_WRITE    2
#define PTE_LARGE    (1u << 7)

#define TABLES	    0x1000UL /* below PROGRAM_PAGE */
#define DIRECTORIES 4	     /* of 1 GiB each */

/* Three pages that Intel hosts need for themselves: KVM_SET_TSS_ADDR in KVM's api.rst. */
#define TSS_ADDRESS 0xfffbd000UL

#define MAX_CPUID 256

int arch_exit_reason(enum program program)
{
	switch (program) {
	case PROGRAM_STORE_LOAD:
		return KVM_EXIT_MMIO;
	case PROGRAM_FAIL:
		return KVM_EXIT_INTERNAL_ERROR;
	default:
		return KVM_EXIT_IO;
	}
}

/* ---- programs: straight code, because some hosts emulate each instruction of a loop, too ---- */

static uint8_t *emit(uint8_t *at, uint64_t bytes, size_t n)
{
	memcpy(at, &bytes, n);
	return at + n;
}

static uint8_t *emit32(uint8_t *at, uint64_t opcode, size_t n, uint64_t value)
{
	return emit(emit(at, opcode, n), value, 4);
}

#define MOV_EAX_TO(at, place) emit32(at, 0x8789, 2, place) /* mov %eax, place(%rdi) */
#define MOV_TO_EAX(at, place) emit32(at, 0x878b, 2, place) /* mov place(%rdi), %eax */
#define MOV_TO_EDX(at, value) emit32(at, 0xba, 1, value)
#define MOV_TO_ESI(at, value) emit32(at, 0xbe, 1, value)
#define OUT_EXIT_PORT(at)     emit(at, EXIT_PORT << 8 | 0xe6, 2) /* out %al, $EXIT_PORT */
#define OUTSB(at)	      emit(at, 0x6e, 1)
#define PXOR(at)	      emit(at, 0x07ef0f66, 4) /* pxor (%rdi), %xmm0 */
#define PXOR_SIZE	      4
#define START_SIZE	      10 /* of both MOV before the first access */
#define JMP(at, start)	      emit32(at, 0xe9, 1, (start) - ((at) + 5))

void arch_program_write(const struct arch_vm *vm, const struct machine_setup *setup,
			const struct range *range)
{
	uint8_t *start = vm->code + PROGRAM_PAGE - CODE_SLOT, *at = start;

	at = MOV_TO_EDX(at, STRING_PORT);
	at = MOV_TO_ESI(at, PROGRAM_PAGE);
	for (unsigned int i = 0; i < PROGRAM_MAX_RUN; i++) {
		uint64_t place = i % setup->places * range->stride;

		switch (setup->program) {
		case PROGRAM_STORE:
			at = MOV_EAX_TO(at, place);
			break;
		case PROGRAM_STORE_LOAD:
			at = MOV_EAX_TO(at, place);
			at = MOV_TO_EAX(at, place);
			break;
		case PROGRAM_EMULATE:
			at = OUTSB(at);
			break;
		case PROGRAM_FAIL:
			at = PXOR(at);
			break;
		case PROGRAM_EXIT:
			at = OUT_EXIT_PORT(at);
		}
		if (setup->per_run > 1 && i + 1 == setup->per_run) {
			at = OUT_EXIT_PORT(at);
			break;
		}
	}
	JMP(at, start);
}

/* ---- the start ---- */

static int string_port_serve(const struct arch_vm *vm)
{
	struct kvm_ioeventfd args = {
		.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		.addr = STRING_PORT,
		.len = 1,
		.flags = KVM_IOEVENTFD_FLAG_PIO,
	};

	if (args.fd < 0 || ioctl(vm->vm_fd, KVM_IOEVENTFD, &args))
		return log_error_errno(errno, "KVM refuses an ioeventfd on a port");
	close(args.fd); /* KVM has its own reference */
	return 0;
}

int arch_vm_prepare(const struct arch_vm *vm, enum program program)
{
	/*
	 * Without it KVM also queues a #UD, which the guest would have to handle before it can fail
	 * again (handle_emulation_failure() in arch/x86/kvm/x86.c).
	 */
	struct kvm_enable_cap cap = {.cap = KVM_CAP_EXIT_ON_EMULATION_FAILURE, .args = {1}};

	if (ioctl(vm->vm_fd, KVM_SET_TSS_ADDR, TSS_ADDRESS))
		return log_error_errno(errno, "KVM_SET_TSS_ADDR");
	if (program == PROGRAM_FAIL && ioctl(vm->vm_fd, KVM_ENABLE_CAP, &cap))
		return log_error_errno(errno, "No KVM_CAP_EXIT_ON_EMULATION_FAILURE");
	return program == PROGRAM_EMULATE ? string_port_serve(vm) : 0;
}

static int cpuid_set(const struct arch_vm *vm)
{
	struct kvm_cpuid2 *cpuid =
		calloc(1, sizeof(*cpuid) + MAX_CPUID * sizeof(cpuid->entries[0]));
	int r;

	if (!cpuid)
		return log_error_errno(ENOMEM, "No memory for CPUID");
	cpuid->nent = MAX_CPUID;
	r = ioctl(vm->kvm_fd, KVM_GET_SUPPORTED_CPUID, cpuid) ||
	    ioctl(vm->vcpu_fd, KVM_SET_CPUID2, cpuid);
	r = r ? log_error_errno(errno, "Cannot set CPUID") : 0;
	free(cpuid);
	return r;
}

/* The first 4 GiB one to one in 2 MiB pages: a PML4, a PDPT and the page directories. */
static void tables_write(uint64_t *tables)
{
	uint64_t *pdpt = tables + 512, *directories = pdpt + 512;

	tables[0] = (TABLES + 4096) | PTE_PRESENT | PTE_WRITE;
	for (uint64_t i = 0; i < DIRECTORIES; i++)
		pdpt[i] = (TABLES + 2 * 4096 + i * 4096) | PTE_PRESENT | PTE_WRITE;
	for (uint64_t i = 0; i < DIRECTORIES * 512; i++)
		directories[i] = i << 21 | PTE_PRESENT | PTE_WRITE | PTE_LARGE;
}

static void long_mode_set(struct kvm_sregs *sregs)
{
	struct kvm_segment data = {
		.limit = 0xffffffff,
		.selector = 0x10,
		.type = 3, /* read, write, accessed */
		.present = 1,
		.s = 1,
		.g = 1,
	};
	struct kvm_segment code = data;

	code.selector = 0x8;
	code.type = 11; /* execute, read, accessed */
	code.l = 1;
	sregs->cs = code;
	sregs->ds = sregs->es = sregs->fs = sregs->gs = sregs->ss = data;
	sregs->cr0 |= CR0_PE | CR0_PG;
	sregs->cr3 = TABLES;
	sregs->cr4 |= CR4_PAE | CR4_OSFXSR;
	sregs->efer |= EFER_LME | EFER_LMA;
}

int arch_vcpu_start(const struct arch_vm *vm, const struct machine_setup *setup,
		    const struct range *range)
{
	struct kvm_regs regs = {
		.rip = PROGRAM_PAGE,
		.rflags = RFLAGS_FIXED,
		.rdi = range->base,
	};
	struct kvm_sregs sregs;
	int r = cpuid_set(vm);

	(void)setup;
	if (r < 0)
		return r;
	tables_write((uint64_t *)(vm->code + TABLES));
	if (ioctl(vm->vcpu_fd, KVM_GET_SREGS, &sregs))
		return log_error_errno(errno, "KVM_GET_SREGS");
	long_mode_set(&sregs);
	if (ioctl(vm->vcpu_fd, KVM_SET_SREGS, &sregs) || ioctl(vm->vcpu_fd, KVM_SET_REGS, &regs))
		return log_error_errno(errno, "KVM does not take the vCPU's registers");
	return 0;
}

int arch_failure_move(const struct arch_vm *vm, unsigned int which, const struct range *range)
{
	struct kvm_regs regs = {
		.rip = PROGRAM_PAGE + START_SIZE + which * PXOR_SIZE,
		.rflags = RFLAGS_FIXED,
		.rdi = range->base,
	};

	return ioctl(vm->vcpu_fd, KVM_SET_REGS, &regs) ? log_error_errno(errno, "KVM_SET_REGS") : 0;
}

#endif
