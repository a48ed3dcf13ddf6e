/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Vector tables, loaded by the VMM beside a program that names one (or by --vectors). All sixteen
 * entries do the same, so that EL, stack and kind of the exception do not matter.
 */
#include "asm.h"

	.macro	VECTORS name:req
	.section .rodata.guest_vectors, "a", %progbits
	.balign	16
	.globl	\name
\name:
	.endm

	/* "stop": say that an exception came; the VMM reads ESR_EL1, FAR_EL1 and ELR_EL1 itself. */
	VECTORS guest_vectors_stop
	.rept	16
	brk	#GUEST_CALL_EXCEPTION
	.fill	31, 4, 0xd503201f
	.endr

	/* "skip": go on after the instruction that faulted. */
	VECTORS guest_vectors_skip
	.rept	16
	mrs	x17, elr_el1
	add	x17, x17, #4
	msr	elr_el1, x17
	eret
	.fill	28, 4, 0xd503201f
	.endr

	/* "return": go on at the link register, for a jump to where no code is. */
	VECTORS guest_vectors_return
	.rept	16
	msr	elr_el1, x30
	eret
	.fill	30, 4, 0xd503201f
	.endr
