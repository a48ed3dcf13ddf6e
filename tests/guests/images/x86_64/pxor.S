/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads 16 bytes of the TPM's window, where no TPM is, by an instruction that KVM does not emulate. */
#include "pvh.h"

start:
	movl	%cr0, %eax
	andl	$~4, %eax		/* CR0.EM */
	movl	%eax, %cr0
	movl	%cr4, %eax
	orl	$0x200, %eax		/* CR4.OSFXSR */
	movl	%eax, %cr4
	pxor	0xfed40000, %xmm0
1:	hlt
	jmp	1b
