/* SPDX-License-Identifier: GPL-2.0-or-later */
#if defined(__x86_64__)

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>

#include "tests/bench/guest_arch.h"

#define STOP_PORT 0xf4

/* Each begins with its loop counter in esi kept in ebx; STOP is: out %al, $0xf4; jmp to the start. */
__asm__(".pushsection .rodata\n"
	"mmio_write_code:\n"
	"	mov %esi, %ebx\n"
	"1:	mov %eax, (%rdi)\n"
	"	mov %eax, 0x1000(%rdi)\n"
	"	mov %eax, 0x2000(%rdi)\n"
	"	mov %eax, 0x3000(%rdi)\n"
	"	dec %ebx\n"
	"	jnz 1b\n"
	"	out %al, $0xf4\n"
	"	jmp mmio_write_code\n"
	"mmio_write_end:\n"
	"mmio_read_code:\n"
	"	mov %esi, %ebx\n"
	"1:	mov (%rdi), %eax\n"
	"	mov 0x1000(%rdi), %eax\n"
	"	mov 0x2000(%rdi), %eax\n"
	"	mov 0x3000(%rdi), %eax\n"
	"	dec %ebx\n"
	"	jnz 1b\n"
	"	out %al, $0xf4\n"
	"	jmp mmio_read_code\n"
	"mmio_read_end:\n"
	"stop_code:\n"
	"	out %al, $0xf4\n"
	"	jmp stop_code\n"
	"stop_end:\n"
	"ram_code:\n"
	"	mov %esi, %ebx\n"
	"	mov %rdx, %rcx\n"
	"1:	mov %eax, (%rcx)\n"
	"	add $4096, %rcx\n"
	"	dec %ebx\n"
	"	jnz 1b\n"
	"	out %al, $0xf4\n"
	"	jmp ram_code\n"
	"ram_end:\n"
	".code16\n"
	"spin_code:\n"
	"	mov %si, %bx\n"
	"1:	dec %bx\n"
	"	jnz 1b\n"
	"	out %al, $0xf4\n"
	"	jmp spin_code\n"
	"spin_end:\n"
	".code64\n"
	".popsection\n");

extern const char mmio_write_code[], mmio_write_end[], mmio_read_code[], mmio_read_end[],
	stop_code[], stop_end[], ram_code[], ram_end[], spin_code[], spin_end[];

/* Sizes are not constant expressions for the compiler: the longest code, which all may copy. */
#define CODE(name) .code = name##_code, .code_size = 64

const struct guest_kind guest_kinds[] = {
	{"MMIO write, served by the kernel", "access", CODE(mmio_write), .turns = 1000,
	 .per_turn = 4, .doorbells = true},
	{"MMIO write, served by user space", "access", CODE(mmio_write), .turns = 400,
	 .per_turn = 4},
	{"MMIO read, served by user space", "access", CODE(mmio_read), .turns = 400,
	 .per_turn = 4},
	{"return to user space without MMIO", "return", CODE(stop), .turns = 2000, .per_turn = 1,
	 .stops_each_turn = true},
	{"RAM fault (dirty logging)", "fault", CODE(ram), .turns = 500, .per_turn = 1,
	 .dirty_log = true},
	{"emulated instruction", "instruction", CODE(spin), .turns = 10000, .per_turn = 2,
	 .real_mode = true},
};

const size_t n_guest_kinds = sizeof(guest_kinds) / sizeof(guest_kinds[0]);

#define PAGE_TABLES 0x1000UL /* PML4, PDPT, PD: one page each */

/* Identity map of the first GiB by 2 MiB pages, and 64-bit mode (Intel SDM 3A, chapters 4 and 9). */
static void set_long_mode(struct kvm_sregs *sregs, char *memory)
{
	uint64_t *table = (uint64_t *)(memory + PAGE_TABLES);
	struct kvm_segment code = {
		.base = 0, .limit = ~0U, .selector = 8, .type = 11, .present = 1, .s = 1, .l = 1,
		.g = 1};
	struct kvm_segment data = {
		.base = 0, .limit = ~0U, .selector = 16, .type = 3, .present = 1, .s = 1, .db = 1,
		.g = 1};

	table[0] = (PAGE_TABLES + 0x1000) | 3;
	table[512] = (PAGE_TABLES + 0x2000) | 3;
	for (uint64_t i = 0; i < 512; i++)
		table[1024 + i] = i << 21 | 0x83;
	sregs->cr3 = PAGE_TABLES;
	sregs->cr4 |= 1 << 5;		    /* PAE */
	sregs->cr0 |= 1UL << 31 | 1;	    /* PG, PE */
	sregs->efer |= 1 << 8 | 1 << 10;    /* LME, LMA */
	sregs->cs = code;
	sregs->ds = sregs->es = sregs->fs = sregs->gs = sregs->ss = data;
}

int guest_arch_setup(int vm, int vcpu, void *memory, const struct guest_kind *kind)
{
	struct kvm_regs regs = {
		.rip = GUEST_ENTRY,
		.rflags = 2,
		.rdi = GUEST_MMIO,
		.rsi = kind->turns,
		.rdx = GUEST_RAM,
	};
	struct kvm_sregs sregs;

	(void)vm;
	if (ioctl(vcpu, KVM_GET_SREGS, &sregs) < 0)
		return -1;
	if (kind->real_mode)
		sregs.cs.base = sregs.cs.selector = 0;
	else
		set_long_mode(&sregs, memory);
	if (ioctl(vcpu, KVM_SET_SREGS, &sregs) < 0)
		return -1;
	return ioctl(vcpu, KVM_SET_REGS, &regs) < 0 ? -1 : 0;
}

bool guest_arch_stopped(const struct kvm_run *run)
{
	return run->exit_reason == KVM_EXIT_IO && run->io.port == STOP_PORT;
}

#endif
