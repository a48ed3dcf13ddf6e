/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loops without MMIO, for measurements: esi is the number of rounds (0: 2^32). */
#include "asm.h"

	.macro	sync_loop_body
31:	outb	%al, $GUEST_SYNC_PORT
	decl	%esi
	jnz	31b
	.endm

	.macro	spin_body
32:	decl	%esi
	jnz	32b
	.endm

	.macro	cpuid_loop_body
33:	xorl	%eax, %eax
	cpuid
	decl	%esi
	jnz	33b
	.endm

	GUESTS "sync-loop", \
		"esi sync calls (port output): exits to user space without any memory access", \
		sync_loop_body
	GUESTS "spin", \
		"esi rounds of dec and jnz; KVM may emulate each in real mode, with no exit", \
		spin_body
	GUESTS "cpuid-loop", \
		"esi times cpuid, which KVM emulates without an exit to user space", \
		cpuid_loop_body
