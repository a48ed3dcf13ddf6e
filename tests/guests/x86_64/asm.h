/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the x86_64 guests share. Each program is written once, with 32-bit registers and addresses,
 * as a macro NAME_body, and assembled for real mode and, as "name-long", for long mode.
 * At entry: edi address, esi count, edx places, ecx stride (--arg 0 to 3).
 */
/* clang-format off */
#ifndef NISVD_TESTS_GUEST_X86_H
#define NISVD_TESTS_GUEST_X86_H

#include "../guest.h"

/* A hole of every machine map that the tests use. */
#define HOLE	0xd0000000
#define COM1	0x3f8

	/* Both programs of one body. */
	.macro	GUESTS name:req, help:req, body:req, addr=HOLE, a1=1, a2=1, a3=0x1000
	GUEST "\name", "\help", addr=\addr, a1=\a1, a2=\a2, a3=\a3
	.code16
	\body
	hlt
	END
	GUEST "\name\()-long", "the same in long mode", mode=GUEST_MODE_LONG, \
		addr=\addr, a1=\a1, a2=\a2, a3=\a3
	.code64
	\body
	hlt
	END
	.endm

	/* esi times \access, with edi over edx places, ecx bytes apart; changes ebx and ebp. */
	.macro	ROUND_ROBIN access:vararg
	movl	%edi, %ebx
11:	movl	%ebx, %edi
	movl	%edx, %ebp
12:	\access
	addl	%ecx, %edi
	decl	%esi
	jz	13f
	decl	%ebp
	jnz	12b
	jmp	11b
13:
	.endm

#endif
