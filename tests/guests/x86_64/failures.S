/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What KVM's instruction emulator gives up on: KVM_EXIT_INTERNAL_ERROR, suberror 1 (emulation). */
#include "asm.h"

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
