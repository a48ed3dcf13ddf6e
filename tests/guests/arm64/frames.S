/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Faults under callers: chains of frame records {next record, return address} from x29 on. */
#include "mmu.h"

#define STACK	0x8000	/* bytes after the program */

	/* A function's first instructions; \sign says whether x30 is signed first. */
	.macro	PROLOGUE sign:req
	.if	\sign
	hint	#25				/* paciasp */
	.else
	nop
	.endif
	stp	x29, x30, [sp, #-16]!
	mov	x29, sp
	.endm

	/* Four functions that call one another, 16 bytes from call to call; then \fault. */
	.macro	CALLS sign:req, fault:vararg
	mov	x29, xzr
	bl	21f
	b	.
21:	PROLOGUE \sign
	bl	22f
22:	PROLOGUE \sign
	bl	23f
23:	PROLOGUE \sign
	bl	24f
24:	PROLOGUE \sign
	\fault
	DONE
	.endm

/* Where x0's page is too. */
#define HIGH_HOLE	0xffff800020000000

	/*
	 * As a kernel: the calls begin at HIGH_CODE + x4, the stack is at HIGH_DATA, and x5 is x0 in
	 * HIGH_HOLE. x1: SYNC.
	 */
	.macro	CALLS_HIGH entry:req, sign:req, fault:vararg
	NEED_GRANULE 28, ne, 15
	MAP_PROGRAM \entry, 12, 39
	ldr	x12, =HIGH_CODE
	MAP	x12, x11, 12, 39
	ldr	x13, =HIGH_DATA
	mov	x14, #STACK
	add	x14, x11, x14
	MAP	x13, x14, 12, 39
	ldr	x5, =HIGH_HOLE
	MAP	x5, x0, 12, 39
	and	x14, x0, #0xfff
	orr	x5, x5, x14
	MMU_ON	(TCR_T0SZ(48) | TCR_T1SZ(48) | TCR_TG0_4K | TCR_TG1_4K), x9
	SYNC
	add	x13, x13, #0x1000
	mov	sp, x13
	adr	x14, 25f
	sub	x4, x14, x11
	add	x14, x4, x12
	br	x14
25:	CALLS	\sign, \fault
	.endm

	GUEST "calls", \
		"ldp below four functions, MMU on, all in the upper half as in a kernel", \
		vectors=guest_vectors_stop, addr=HOLE
0:	CALLS_HIGH 0b, 0, ldp x1, x2, [x5]
	.ltorg
	END

	GUEST "calls-jump", "the same, br x5 below them", vectors=guest_vectors_stop, addr=HOLE
0:	CALLS_HIGH 0b, 0, br x5
	.ltorg
	END

	GUEST "calls-el0", \
		"ldp below four functions of a process: at EL0, MMU on, all mapped one to one", \
		vectors=guest_vectors_stop, addr=HOLE
0:	NEED_GRANULE 28, ne, 15
	MAP_PROGRAM 0b, 12, 39
	MAP	x11, x11, 12, 39, PAGE_USER_CODE
	mov	x14, #STACK
	add	x14, x11, x14
	MAP	x14, x14, 12, 39, PAGE_USER
	MAP	x0, x0, 12, 39, PAGE_USER
	MMU_ON	(TCR_T0SZ(48) | TCR_TG0_4K | TCR_EPD1)
	add	x14, x14, #0x1000
	msr	sp_el0, x14
	adr	x14, 26f
	sub	x4, x14, x11
	msr	elr_el1, x14
	msr	spsr_el1, xzr			/* EL0t, nothing masked */
	eret
26:	CALLS	0, ldp x1, x2, [x0]
	.ltorg
	END

	GUEST "calls-signed", \
		"as calls, with --pauth: return addresses are signed, paciasp in each function", \
		vectors=guest_vectors_stop, addr=HOLE
0:	mrs	x15, id_aa64isar1_el1		/* APA, API */
	ubfx	x15, x15, #4, #8
	cbnz	x15, 1f
	UNSUPPORTED
1:	mrs	x15, sctlr_el1
	orr	x15, x15, #(1 << 31)		/* EnIA */
	msr	sctlr_el1, x15
	isb
	CALLS_HIGH 0b, 1, ldp x1, x2, [x5]
	.ltorg
	END

	GUEST "framed", \
		"ldp x3, x4, [x0] with x29 = x1 and x30 = x2, MMU off", \
		vectors=guest_vectors_stop, addr=HOLE
	mov	x29, x1
	mov	x30, x2
	ldp	x3, x4, [x0]
	DONE
	END

	GUEST "framed-jump", "the same, br x0", vectors=guest_vectors_stop, addr=HOLE
	mov	x29, x1
	mov	x30, x2
	br	x0
	END
