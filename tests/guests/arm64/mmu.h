/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests with the MMU on build their own page tables in the RAM after the program: the root table
 * 128 KiB after its first byte, each further table 64 KiB on, so that every table is aligned for
 * any granule (1 MiB is enough). All memory is Normal non-cacheable: coherent with the stores that
 * were made before the MMU was on, and unaligned accesses are allowed.
 * Formats: Arm ARM, "VMSAv8-64 translation table format descriptors" and TCR_EL1.
 */
/* clang-format off */
#ifndef NISVD_TESTS_GUEST_MMU_H
#define NISVD_TESTS_GUEST_MMU_H

#include "asm.h"

#define TABLES		0x20000
#define TABLE_STEP	0x10000

#define TCR_T0SZ(bits)	(64 - (bits))
#define TCR_T1SZ(bits)	((64 - (bits)) << 16)
#define TCR_EPD1	(1 << 23)
#define TCR_TG0_4K	(0 << 14)
#define TCR_TG0_64K	(1 << 14)
#define TCR_TG0_16K	(2 << 14)
#define TCR_TG1_4K	(2 << 30)
#define TCR_HA		(1 << 39)	/* FEAT_HAFDBS: hardware sets the access flag */
#define TCR_DS		(1 << 59)	/* FEAT_LPA2 descriptors */

/* A descriptor's low bits: access flag, page or block, valid; MAIR attribute 0. And who may what. */
#define PAGE		0x403
#define BLOCK		0x401
#define PAGE_USER	0x443	/* AP = 0b01: EL0 reads and writes, and so EL1 may not execute */
#define PAGE_USER_CODE	0x4c3	/* AP = 0b11: both only read, and execute */

/* A high virtual address, where a Linux kernel has its own, for code and for data. */
#define HIGH_CODE	0xffff800008000000
#define HIGH_DATA	0xffff800010000000

	/*
	 * Puts a descriptor, \desc (a register but x15 to x17), where the walk of \va (likewise)
	 * looks on the level that translates the bits from \leaf on; makes the tables above it.
	 * \granule and \top are the shifts of a page and of the first level's index. Changes x10
	 * and x15 to x17.
	 */
	.macro	MAP_AT va:req, desc:req, granule:req, top:req, leaf:req
	mov	x15, #\top
	mov	x16, x9
.Llevel\@:
	lsr	x17, \va, x15
	and	x17, x17, #((1 << (\granule - 3)) - 1)
	add	x16, x16, x17, lsl #3
	cmp	x15, #\leaf
	b.eq	.Lleaf\@
	ldr	x17, [x16]
	cbnz	x17, .Ltable\@
	orr	x17, x10, #3
	str	x17, [x16]
	add	x10, x10, #TABLE_STEP
.Ltable\@:
	and	x16, x17, #0x0000ffffffff0000
	sub	x15, x15, #(\granule - 3)
	b	.Llevel\@
.Lleaf\@:
	str	\desc, [x16]
	.endm

	/* Maps the page of \va to \pa, with these attributes. Changes x10 and x15 to x19. */
	.macro	MAP va:req, pa:req, granule:req, top:req, attributes=PAGE
	and	x18, \pa, #~((1 << \granule) - 1)
	mov	x19, #\attributes
	orr	x18, x18, x19
	MAP_AT	\va, x18, \granule, \top, \granule
	.endm

	/*
	 * Starts the tables (x9 = root, x10 = next free one) and maps, one to one, the program,
	 * whose first byte is at the label \entry, and the vectors. x11 = the program's address.
	 */
	.macro	MAP_PROGRAM entry:req, granule:req, top:req
	adr	x11, \entry
	add	x9, x11, #TABLES
	add	x10, x9, #TABLE_STEP
	MAP	x11, x11, \granule, \top
	mrs	x12, vbar_el1
	MAP	x12, x12, \granule, \top
	.endm

	/* Maps the program and, one to one, the page of x0 and the one after it. Changes x12. */
	.macro	MAP_IDENTITY entry:req, granule:req, top:req
	MAP_PROGRAM \entry, \granule, \top
	MAP	x0, x0, \granule, \top
	mov	x12, #(1 << \granule)
	add	x12, x0, x12
	MAP	x12, x12, \granule, \top
	.endm

	/* TTBR0_EL1 = x9, TTBR1_EL1 = \ttbr1, \tcr, the CPU's PA size up to 48 bits; MMU on. */
	.macro	MMU_ON tcr:req, ttbr1=xzr
	mov	x15, #0x44			/* attribute 0: Normal, non-cacheable */
	msr	mair_el1, x15
	ldr	x15, =\tcr
	mrs	x16, id_aa64mmfr0_el1
	and	x16, x16, #15
	mov	x17, #5
	cmp	x16, x17
	csel	x16, x16, x17, lo
	orr	x15, x15, x16, lsl #32
	msr	tcr_el1, x15
	msr	ttbr0_el1, x9
	msr	ttbr1_el1, \ttbr1
	dsb	sy
	isb
	tlbi	vmalle1
	dsb	sy
	mrs	x15, sctlr_el1
	orr	x15, x15, #1
	msr	sctlr_el1, x15
	isb
	.endm

	/* Unless x1 is 0: an exit to user space, at which KVM saves the system registers. */
	.macro	SYNC
	cbz	x1, .Lsynced\@
	brk	#GUEST_CALL_SYNC
.Lsynced\@:
	.endm

	/* Ends the vCPU as unsupported unless the ID_AA64MMFR0_EL1 field at \shift \cond \value. */
	.macro	NEED_GRANULE shift:req, cond:req, value:req
	mrs	x15, id_aa64mmfr0_el1
	ubfx	x15, x15, #\shift, #4
	cmp	x15, #\value
	b.\cond	.Lgranule\@
	UNSUPPORTED
.Lgranule\@:
	.endm

#endif
