/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AArch32 code: an EL1 of its own (--aarch32), and processes of an AArch64 kernel. Instructions are
 * spelled out, an assembler for AArch64 knows no others (Arm ARM, F5 "T32 and A32 Base Instruction
 * Set Instruction Descriptions"). All load two registers at r0, which no syndrome describes.
 */
#include "mmu.h"

	/* add r3, pc, #1; bx r3: go on in T32 behind them. */
	.macro	A32_TO_T32
	.inst	0xe28f3001
	.inst	0xe12fff13
	.endm

	GUEST "a32-ldm", "--aarch32: ldm r0, {r1, r2} in A32", addr=HOLE
	.inst	0xe8900006
	END

	GUEST "t32-ldm", "--aarch32: ldmia r0!, {r1, r2} in T32, 16 bits", addr=HOLE
	A32_TO_T32
	.hword	0xc806, 0xbf00
	END

	GUEST "t32-ldm-wide", "--aarch32: ldm.w r0, {r1, r2} in T32, 32 bits", addr=HOLE
	A32_TO_T32
	.hword	0xe890, 0x0006
	END

	GUEST "t32-at", "--aarch32: goes to x1 in T32", addr=HOLE
	.inst	0xe3811001	/* orr r1, r1, #1 */
	.inst	0xe12fff11	/* bx r1 */
	END

/* Where processes have their code, and the page after it. */
#define USER_CODE	0x10000000
#define USER_NEXT	0x10001000

#define SPSR_A32_USER	0x10	/* Arm ARM, "SPSR_EL1" */
#define SPSR_T32_USER	0x30

	/*
	 * A process with the code page that x1 is in, and, unless it is 0, the one that x2 is in
	 * after it; starts at x1. Its EL1 is AArch64.
	 */
	.macro	USER_GUEST name:req, help:req, spsr:req
	GUEST	"\name", "\help", vectors=guest_vectors_stop, addr=HOLE, a2=0
0:	mrs	x15, id_aa64pfr0_el1
	and	x15, x15, #15			/* EL0: 2 with AArch32 */
	cmp	x15, #2
	b.eq	1f
	UNSUPPORTED
1:	NEED_GRANULE 28, ne, 15
	MAP_PROGRAM 0b, 12, 39
	MAP	x0, x0, 12, 39, PAGE_USER
	ldr	x12, =USER_CODE
	MAP	x12, x1, 12, 39, PAGE_USER_CODE
	cbz	x2, 2f
	ldr	x13, =USER_NEXT
	MAP	x13, x2, 12, 39, PAGE_USER_CODE
2:	MMU_ON	(TCR_T0SZ(48) | TCR_TG0_4K | TCR_EPD1)
	and	x13, x1, #0xfff
	orr	x12, x12, x13
	msr	elr_el1, x12
	mov	x13, #\spsr
	msr	spsr_el1, x13
	eret
	.ltorg
	END
	.endm

	USER_GUEST "el0-a32", "a process in A32, its code at x1; x2: the page after it, or 0", \
		SPSR_A32_USER
	USER_GUEST "el0-t32", "the same in T32", SPSR_T32_USER
