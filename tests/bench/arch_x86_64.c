/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef __x86_64__

#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "arch.h"
#include "daemon/edge/log.h"

/*
 * Long mode, because real mode is emulated as a whole on some hosts: there one access would be
 * several emulated instructions. rdi: first place, rsi: end, rdx: stride, rcx: accesses a run.
 */
#define EXIT_PORT   0xf4 /* nobody serves it: KVM_EXIT_IO */
#define STRING_PORT 0xf5 /* an ioeventfd serves it; KVM emulates ins and outs on VMX and SVM */
#define TEXT(x)	    #x
#define NUMBER(x)   TEXT(x)

/* clang-format off */
__asm__(
	".pushsection .rodata\n"
	"x86_store:\n"
	"	mov	%rdi, %rbx\n"
	"1:	mov	%rcx, %r8\n"
	"2:	mov	%eax, (%rbx)\n"
	"	add	%rdx, %rbx\n"
	"	cmp	%rsi, %rbx\n"
	"	jb	3f\n"
	"	mov	%rdi, %rbx\n"
	"3:	dec	%r8\n"
	"	jnz	2b\n"
	"	outb	%al, $" NUMBER(EXIT_PORT) "\n"
	"	jmp	1b\n"
	"x86_store_load:\n"
	"1:	mov	%rdi, %rbx\n"
	"2:	mov	%eax, (%rbx)\n"
	"	mov	(%rbx), %eax\n"
	"	add	%rdx, %rbx\n"
	"	cmp	%rsi, %rbx\n"
	"	jb	2b\n"
	"	jmp	1b\n"
	"x86_exit:\n"
	"1:	outb	%al, $" NUMBER(EXIT_PORT) "\n"
	"	jmp	1b\n"
	"x86_emulate:\n"
	"	mov	$" NUMBER(STRING_PORT) ", %edx\n"
	"1:	mov	%rcx, %r8\n"
	"2:	mov	$" NUMBER(PROGRAM_PAGE) ", %rsi\n"
	"	outsb\n"
	"	dec	%r8\n"
	"	jnz	2b\n"
	"	outb	%al, $" NUMBER(EXIT_PORT) "\n"
	"	jmp	1b\n"
	"x86_fail:\n"
	"	pxor	(%rdi), %xmm0\n"
	"x86_end:\n"
	".popsection\n");
/* clang-format on */

extern const uint8_t x86_store[], x86_store_load[], x86_exit[], x86_emulate[], x86_fail[],
	x86_end[];

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

struct text arch_text(enum program program)
{
	static const struct text texts[_PROGRAM_MAX] = {
		[PROGRAM_STORE] = {x86_store, x86_store_load, KVM_EXIT_IO},
		[PROGRAM_STORE_LOAD] = {x86_store_load, x86_exit, KVM_EXIT_MMIO},
		[PROGRAM_EXIT] = {x86_exit, x86_emulate, KVM_EXIT_IO},
		[PROGRAM_EMULATE] = {x86_emulate, x86_fail, KVM_EXIT_IO},
		[PROGRAM_FAIL] = {x86_fail, x86_end, KVM_EXIT_INTERNAL_ERROR},
	};

	return texts[program];
}

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

int arch_vcpu_start(const struct arch_vm *vm, const struct start *start)
{
	struct kvm_regs regs = {
		.rip = PROGRAM_PAGE,
		.rflags = RFLAGS_FIXED,
		.rdi = start->base,
		.rsi = start->end,
		.rdx = start->stride,
		.rcx = start->count,
	};
	struct kvm_sregs sregs;
	int r = cpuid_set(vm);

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

#endif
