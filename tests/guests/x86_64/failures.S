/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What KVM's instruction emulator gives up on: KVM_EXIT_INTERNAL_ERROR, suberror 1 (emulation). */
#include "asm.h"

/* Of many-sites: 16-bit code of 8 bytes each, pxor (%edi), %xmm0; jmp *%ebp. */
#define SITES	0x20000
#define PXOR	0xef0f6667
#define JMP_EBP	0xe5ff6607

	.macro	pxor_body
	pxor	(%edi), %xmm0
	.endm

	GUESTS "pxor", "pxor (%edi), %xmm0", pxor_body

	.macro	null_body
	xorl	%edi, %edi
	movl	(%edi), %eax
	.endm

	GUESTS "null", "movl (0), %eax: healthy where RAM is at 0, MMIO where it is not", null_body

	GUEST "jump", "jmp to edi, where nothing is", addr=HOLE
	.code16
	jmpl	*%edi
	END

	GUEST "jump-long", "the same in long mode", mode=GUEST_MODE_LONG, addr=HOLE
	.code64
	jmp	*%rdi
	END

	/*
	 * Written anew each time, so that each has a PC of its own: where KVM's emulator fails, that is
	 * all that it tells.
	 */
	GUEST "many-sites", \
		"pxor (%edi), %xmm0 at esi places in memory, edi ecx bytes on each time, --on-error skip", \
		addr=HOLE, a1=10000
	.code16
	movl	$SITES, %ebx
	calll	1f
1:	popl	%ebp
	addl	$2f - 1b, %ebp
11:	movl	$PXOR, (%ebx)
	movl	$JMP_EBP, 4(%ebx)
	jmpl	*%ebx
2:	addl	%ecx, %edi
	addl	$8, %ebx
	decl	%esi
	jnz	11b
	hlt
	END
