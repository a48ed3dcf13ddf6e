/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pxor (%edi), which KVM's emulator does not know, under callers: frame records from ebp on. */
#include "asm.h"

/* Where the programs with tables of their own have them, and a stack that is mapped elsewhere. */
#define TABLE(n)	((n) * 0x1000)
#define STACK_PAGE	0x7000
#define HIGH_STACK	0x80000000
#define TABLE_ENTRY	3	/* present, writable */
#define LARGE_ENTRY	0x83	/* a page where others have a table */

#define KERNEL		0xffffffff80000000	/* where Linux has its own */

#define CR0_PG	0x80000000
#define CR4_PSE	0x10
#define CR4_PAE	0x20

	/* Four functions that call one another; rdx (edx) is where the first call returns to. */
	.macro	CALLS sp:req, bp:req
	xor	%\bp, %\bp
	call	21f
20:	hlt
21:	push	%\bp
	mov	%\sp, %\bp
	call	22f
22:	push	%\bp
	mov	%\sp, %\bp
	call	23f
23:	push	%\bp
	mov	%\sp, %\bp
	call	24f
24:	push	%\bp
	mov	%\sp, %\bp
	pxor	(%edi), %xmm0
	hlt
	.endm

	GUEST "calls-long", \
		"pxor below four functions in long mode, code and stack in the upper half", \
		mode=GUEST_MODE_LONG, addr=HOLE
	.code64
	mov	%cr3, %rax
	lea	0x1003(%rax), %rbx		/* the table of the lower half's first entry */
	mov	%rbx, 0xff8(%rax)
	mov	0x1000(%rax), %rbx
	mov	%rbx, 0x1ff0(%rax)
	mov	$KERNEL, %rax
	add	%rax, %rsp
	lea	30f(%rip), %rdx
	add	%rax, %rdx
	jmp	*%rdx
30:	lea	20f(%rip), %rdx
	CALLS	rsp, rbp
	END

/* Where edi's large page is mapped. */
#define DATA	0x400000

	/* Maps edi's page of \size bytes at DATA, with the entry at \entry, and points edi there. */
	.macro	MAP_DATA entry:req, size:req
	mov	%edi, %eax
	and	$-(\size), %eax
	or	$LARGE_ENTRY, %eax
	mov	%eax, \entry
	and	$(\size - 1), %edi
	or	$DATA, %edi
	.endm

	.macro	WHERE label:req, register:req
	call	31f
31:	pop	%\register
	add	$(\label - 31b), %\register
	.endm

	GUEST "calls-protected", "the same in protected mode, without paging", \
		mode=GUEST_MODE_PROTECTED, addr=HOLE
	.code32
	WHERE	20f, edx
	CALLS	esp, ebp
	END

	GUEST "calls-paged", \
		"the same with 32-bit paging, a page of 4 MiB, the stack mapped elsewhere", \
		mode=GUEST_MODE_PROTECTED, addr=HOLE
	.code32
	WHERE	20f, edx
	movl	$LARGE_ENTRY, TABLE(1)
	movl	$(TABLE(2) + TABLE_ENTRY), TABLE(1) + (HIGH_STACK >> 22) * 4
	movl	$(STACK_PAGE + TABLE_ENTRY), TABLE(2)
	MAP_DATA TABLE(1) + 4, 0x400000
	mov	$TABLE(1), %eax
	mov	%eax, %cr3
	mov	%cr4, %eax
	or	$CR4_PSE, %eax
	mov	%eax, %cr4
	mov	%cr0, %eax
	or	$CR0_PG, %eax
	mov	%eax, %cr0
	mov	$(HIGH_STACK + 0x1000), %esp
	CALLS	esp, ebp
	END

	GUEST "calls-pae", \
		"the same with PAE paging, a page of 2 MiB", \
		mode=GUEST_MODE_PROTECTED, addr=HOLE
	.code32
	WHERE	20f, edx
	movl	$(TABLE(2) + 1), TABLE(1)
	movl	$(TABLE(3) + 1), TABLE(1) + (HIGH_STACK >> 30) * 8
	movl	$LARGE_ENTRY, TABLE(2)
	movl	$(TABLE(4) + TABLE_ENTRY), TABLE(3)
	movl	$(STACK_PAGE + TABLE_ENTRY), TABLE(4)
	MAP_DATA TABLE(2) + 16, 0x200000
	mov	$TABLE(1), %eax
	mov	%eax, %cr3
	mov	%cr4, %eax
	or	$CR4_PAE, %eax
	mov	%eax, %cr4
	mov	%cr0, %eax
	or	$CR0_PG, %eax
	mov	%eax, %cr0
	mov	$(HIGH_STACK + 0x1000), %esp
	CALLS	esp, ebp
	END
