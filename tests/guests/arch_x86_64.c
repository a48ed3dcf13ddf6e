/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef __x86_64__

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "arch.h"
#include "fail.h"
#include "run.h"

/* Bits of the control registers and EFER: AMD64 Architecture Programmer's Manual 2, chapter 3. */
#define CR0_PE	     (1u << 0)
#define CR0_PG	     (1u << 31)
#define CR4_PAE	     (1u << 5)
#define CR4_OSFXSR   (1u << 9)
#define EFER_LME     (1u << 8)
#define EFER_LMA     (1u << 10)
#define RFLAGS_FIXED 2
#define PTE_PRESENT  1
#define PTE_WRITE    2
#define PTE_LARGE    (1u << 7)
#define SEGMENT_CODE 11 /* execute, read, accessed */
#define SEGMENT_DATA 3	/* read, write, accessed */

/* Guest physical addresses below the program: long mode's tables, the stack's end. */
#define TABLES	    0x1000
#define N_TABLES    6
#define DIRECTORIES 4 /* of 1 GiB each */
#define STACK	    0x8000
#define ENTRY	    0x8000

/* Instructions: AMD64 Architecture Programmer's Manual 3, "Instruction Encoding". */
#define INSTRUCTION_MAX 15
#define PREFIX_OPERAND	0x66
#define PREFIX_ADDRESS	0x67
#define TWO_BYTE_OPCODE 0x0f
#define MODRM_MOD	0xc0 /* 0: an address in a register */

/* Interrupt lines of the IOAPIC, for KVM_CAP_SPLIT_IRQCHIP. */
#define IOAPIC_PINS 24

#define MAX_CPUID_ENTRIES 128

void arch_vm_prepare(struct vm *vm)
{
	struct kvm_enable_cap split = {.cap = KVM_CAP_SPLIT_IRQCHIP, .args = {IOAPIC_PINS}};
	const struct options *o = vm->options;

	if (ioctl(vm->fd, KVM_SET_TSS_ADDR, o->tss))
		fail(EXIT_SETUP, "KVM_SET_TSS_ADDR: %s", strerror(errno));
	if ((o->irqchip == IRQCHIP_KERNEL && ioctl(vm->fd, KVM_CREATE_IRQCHIP, 0)) ||
	    (o->irqchip == IRQCHIP_SPLIT && ioctl(vm->fd, KVM_ENABLE_CAP, &split)))
		fail(EXIT_UNSUPPORTED, "this host cannot do that --irqchip: %s", strerror(errno));
}

static void cpuid_set(struct vcpu *vcpu)
{
	struct kvm_cpuid2 *cpuid =
		calloc(1, sizeof(*cpuid) + MAX_CPUID_ENTRIES * sizeof(cpuid->entries[0]));

	if (!cpuid)
		fail(EXIT_SETUP, "out of memory for CPUID");
	cpuid->nent = MAX_CPUID_ENTRIES;
	if (ioctl(vcpu->vm->kvm_fd, KVM_GET_SUPPORTED_CPUID, cpuid) ||
	    ioctl(vcpu->fd, KVM_SET_CPUID2, cpuid))
		fail(EXIT_SETUP, "cannot set CPUID: %s", strerror(errno));
	free(cpuid);
}

/* The first 4 GiB one to one in 2 MiB pages: a PML4, a PDPT and four page directories. */
static void tables_write(struct vm *vm)
{
	uint64_t *tables = (uint64_t *)vm_memory(vm, TABLES, N_TABLES * 4096);
	uint64_t *pdpt, *directories;

	if (!tables)
		fail(EXIT_USAGE, "a long mode program needs a slot with RAM at 0");
	pdpt = tables + 512;
	directories = pdpt + 512;
	tables[0] = (TABLES + 4096) | PTE_PRESENT | PTE_WRITE;
	for (uint64_t i = 0; i < DIRECTORIES; i++)
		pdpt[i] = (TABLES + 2 * 4096 + i * 4096) | PTE_PRESENT | PTE_WRITE;
	for (uint64_t i = 0; i < DIRECTORIES * 512; i++)
		directories[i] = i << 21 | PTE_PRESENT | PTE_WRITE | PTE_LARGE;
}

/*
 * Flat segments with a 4 GiB limit in real mode too: a 16-bit program can then reach any address
 * with 32-bit registers, and each program exists in one text for both modes.
 */
static void segments_set(struct kvm_sregs *sregs, uint64_t mode)
{
	bool protected_mode = mode != GUEST_MODE_DEFAULT;
	struct kvm_segment data = {
		.limit = 0xffffffff,
		.type = SEGMENT_DATA,
		.present = 1,
		.s = 1,
		.g = 1,
		.db = mode == GUEST_MODE_PROTECTED,
		.selector = protected_mode ? 0x10 : 0,
	};
	struct kvm_segment code = data;

	code.type = SEGMENT_CODE;
	code.selector = protected_mode ? 0x8 : 0;
	code.l = mode == GUEST_MODE_LONG;
	sregs->cs = code;
	sregs->ds = sregs->es = sregs->fs = sregs->gs = sregs->ss = data;
}

static void vcpu_start_set(struct vcpu *vcpu)
{
	const struct options *o = vcpu->vm->options;
	uint64_t mode = o->guest ? o->guest->mode : GUEST_MODE_DEFAULT;
	struct kvm_regs regs = {.rip = vcpu->vm->entry, .rsp = STACK, .rflags = RFLAGS_FIXED};
	__u64 *args[] = {&regs.rdi, &regs.rsi, &regs.rdx, &regs.rcx, &regs.r8, &regs.r9};
	struct kvm_sregs sregs;

	for (unsigned int i = 0; i < sizeof(args) / sizeof(args[0]); i++)
		*args[i] = o->args[i] + vcpu->vm->index * o->vm_step[i] +
			   vcpu->index * o->vcpu_step[i];
	cpuid_set(vcpu);
	if (ioctl(vcpu->fd, KVM_GET_SREGS, &sregs))
		fail(EXIT_SETUP, "KVM_GET_SREGS: %s", strerror(errno));
	segments_set(&sregs, mode);
	/* SSE instructions must fail in KVM's emulator, not as an invalid opcode in the guest. */
	sregs.cr4 |= CR4_OSFXSR;
	if (mode != GUEST_MODE_DEFAULT)
		sregs.cr0 |= CR0_PE;
	if (mode == GUEST_MODE_LONG) {
		sregs.cr0 |= CR0_PG;
		sregs.cr3 = TABLES;
		sregs.cr4 |= CR4_PAE;
		sregs.efer |= EFER_LME | EFER_LMA;
	}
	if (ioctl(vcpu->fd, KVM_SET_SREGS, &sregs))
		fail(EXIT_UNSUPPORTED, "this KVM does not take the CPU mode: %s", strerror(errno));
	if (ioctl(vcpu->fd, KVM_SET_REGS, &regs))
		fail(EXIT_SETUP, "KVM_SET_REGS: %s", strerror(errno));
}

void arch_vm_finish(struct vm *vm)
{
	if (vm->options->guest && vm->options->guest->mode == GUEST_MODE_LONG)
		tables_write(vm);
	for (unsigned int i = 0; i < vm->n_vcpus; i++)
		vcpu_start_set(&vm->vcpus[i]);
}

uint64_t arch_entry_offset(uint64_t slot_size)
{
	return slot_size > ENTRY ? ENTRY : 0;
}

uint64_t arch_pc_get(struct vcpu *vcpu)
{
	struct kvm_regs regs;

	if (ioctl(vcpu->fd, KVM_GET_REGS, &regs))
		fail(EXIT_SETUP, "KVM_GET_REGS: %s", strerror(errno));
	return regs.rip;
}

/* Of those that fail here: prefixes, two bytes of opcode, ModRM without displacement. */
static uint64_t instruction_length(struct vcpu *vcpu, uint64_t rip)
{
	const uint8_t *code = vm_memory(vcpu->vm, rip, INSTRUCTION_MAX);
	unsigned int n = 0;

	while (code && n < INSTRUCTION_MAX - 3 &&
	       (code[n] == PREFIX_OPERAND || code[n] == PREFIX_ADDRESS))
		n++;
	if (!code || code[n] != TWO_BYTE_OPCODE || code[n + 2] & MODRM_MOD)
		fail(EXIT_UNSUPPORTED, "vCPU %u: cannot skip the instruction at 0x%llx",
		     vcpu->index, (unsigned long long)rip);
	return n + 3;
}

void arch_instruction_skip(struct vcpu *vcpu)
{
	struct kvm_regs regs;

	if (ioctl(vcpu->fd, KVM_GET_REGS, &regs))
		fail(EXIT_SETUP, "KVM_GET_REGS: %s", strerror(errno));
	regs.rip += instruction_length(vcpu, regs.rip);
	if (ioctl(vcpu->fd, KVM_SET_REGS, &regs))
		fail(EXIT_SETUP, "KVM_SET_REGS: %s", strerror(errno));
}

/* On arm64 only; no exit here asks for it. */
void arch_abort_inject(struct vcpu *vcpu)
{
	fail(EXIT_UNSUPPORTED, "vCPU %u: cannot inject an abort on x86", vcpu->index);
}

static void port_handle(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	uint8_t *data = (uint8_t *)run + run->io.data_offset;

	if (run->io.direction == KVM_EXIT_IO_IN) {
		memset(data, 0, (size_t)run->io.size * run->io.count);
	} else if (run->io.port == GUEST_SYNC_PORT) {
		vcpu_sync(vcpu);
		return;
	} else {
		vcpu_console(vcpu, run->io.port, data);
	}
	vcpu->stats.reasons[KVM_EXIT_IO]++;
}

bool arch_exit_handle(struct vcpu *vcpu)
{
	switch (vcpu->run->exit_reason) {
	case KVM_EXIT_IO:
		port_handle(vcpu);
		return true;
	case KVM_EXIT_HLT:
		vcpu->stats.done++;
		vcpu->state = VCPU_DONE;
		return true;
	default:
		return false;
	}
}

#endif
