/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Walks of the guest's tables: blocks in place of pages, and tables that are nowhere. */
#include "mmu.h"

/* A virtual address that shares no table with the program's but the first one. */
#define DATA	0x8000000000
#define DATA_52	0x8000000000000

	/* ldp through a block of \leaf bits that maps \va one to one, but for \va itself. */
	.macro	BLOCK_GUEST name:req, help:req, field:req, cond:req, value:req, \
		granule:req, top:req, leaf:req, va:req, tcr:vararg
	GUEST	"\name", "\help", vectors=guest_vectors_stop, addr=HOLE
0:	NEED_GRANULE \field, \cond, \value
	MAP_PROGRAM 0b, \granule, \top
	lsr	x12, x0, #\leaf
	lsl	x12, x12, #\leaf
	mov	x13, #BLOCK
	orr	x12, x12, x13
	ldr	x13, =\va
	orr	x13, x13, x0
	MAP_AT	x13, x12, \granule, \top, \leaf
	MMU_ON	(\tcr)
	ldp	x1, x2, [x13]
	DONE
	.ltorg
	END
	.endm

	/* ldp from an address whose walk meets a descriptor, on \leaf, of a table at x0. x1: SYNC. */
	.macro	OUT_GUEST name:req, help:req, field:req, cond:req, value:req, \
		granule:req, top:req, leaf:req, va:req, tcr:vararg
	GUEST	"\name", "\help", vectors=guest_vectors_stop, addr=HOLE
0:	NEED_GRANULE \field, \cond, \value
	MAP_PROGRAM 0b, \granule, \top
	and	x12, x0, #~((1 << \granule) - 1)
	orr	x12, x12, #3
	ldr	x13, =\va
	MAP_AT	x13, x12, \granule, \top, \leaf
	MMU_ON	(\tcr)
	SYNC
	ldp	x1, x2, [x13]
	DONE
	.ltorg
	END
	.endm

#define TCR_4K		TCR_T0SZ(48) | TCR_TG0_4K | TCR_EPD1
#define TCR_16K		TCR_T0SZ(48) | TCR_TG0_16K | TCR_EPD1
#define TCR_64K		TCR_T0SZ(48) | TCR_TG0_64K | TCR_EPD1
#define TCR_LPA2	TCR_T0SZ(52) | TCR_TG0_4K | TCR_EPD1 | TCR_DS
#define TCR_4K_HA	TCR_4K | TCR_HA

	BLOCK_GUEST "block-4k-1g", "ldp at x0 through a block of 1 GiB, 4 KiB granule", \
		28, ne, 15, 12, 39, 30, DATA, TCR_4K
	BLOCK_GUEST "block-4k-2m", "the same, a block of 2 MiB", \
		28, ne, 15, 12, 39, 21, DATA, TCR_4K
	BLOCK_GUEST "block-16k", "the same, a block of 32 MiB, 16 KiB granule", \
		20, ne, 0, 14, 47, 25, DATA, TCR_16K
	BLOCK_GUEST "block-64k", "the same, a block of 512 MiB, 64 KiB granule", \
		24, ne, 15, 16, 42, 29, DATA, TCR_64K
	BLOCK_GUEST "block-lpa2", "the same, a block of 512 GiB, FEAT_LPA2", \
		28, eq, 1, 12, 48, 39, DATA_52, TCR_LPA2

/* The root table as its own table on each level, and its third entry as a page. */
#define RECURSIVE	(1 << 39 | 1 << 30 | 1 << 21 | 2 << 12)

	GUEST "loop-4k", \
		"ldp from x0's page through a root table that is its own table of each level", \
		vectors=guest_vectors_stop, addr=HOLE
0:	NEED_GRANULE 28, ne, 15
	MAP_PROGRAM 0b, 12, 39
	orr	x12, x9, #3
	str	x12, [x9, #8]
	and	x12, x0, #~0xfff
	mov	x13, #PAGE
	orr	x12, x12, x13
	str	x12, [x9, #16]
	ldr	x13, =RECURSIVE
	and	x12, x0, #0xfff
	orr	x13, x13, x12
	MMU_ON	(TCR_4K)
	ldp	x1, x2, [x13]
	DONE
	.ltorg
	END

	OUT_GUEST "out-4k-1", "ldp whose table of level 1 is at x0, 4 KiB granule", \
		28, ne, 15, 12, 39, 39, DATA, TCR_4K
	OUT_GUEST "out-4k-2", "the same, of level 2", 28, ne, 15, 12, 39, 30, DATA, TCR_4K
	OUT_GUEST "out-4k-3", "the same, of level 3", 28, ne, 15, 12, 39, 21, DATA, TCR_4K
	OUT_GUEST "out-4k-3-haf", "the same, and the CPU sets access flags itself (TCR_EL1.HA)", \
		28, ne, 15, 12, 39, 21, DATA, TCR_4K_HA
	OUT_GUEST "out-16k-2", "the same, of level 2, 16 KiB granule", \
		20, ne, 0, 14, 47, 36, DATA, TCR_16K
	OUT_GUEST "out-16k-3", "the same, of level 3", 20, ne, 0, 14, 47, 25, DATA, TCR_16K
	OUT_GUEST "out-64k-2", "the same, of level 2, 64 KiB granule", \
		24, ne, 15, 16, 42, 42, DATA << 4, TCR_64K
	OUT_GUEST "out-64k-3", "the same, of level 3", 24, ne, 15, 16, 42, 29, DATA, TCR_64K
	OUT_GUEST "out-lpa2-0", "the same, of level 0, FEAT_LPA2", \
		28, eq, 1, 12, 48, 48, DATA_52, TCR_LPA2
	OUT_GUEST "out-lpa2-3", "the same, of level 3", 28, eq, 1, 12, 48, 21, DATA_52, TCR_LPA2
