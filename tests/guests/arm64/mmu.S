/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MMU on: what is at PC and at FAR is known only by a walk of the guest's tables. */
#include "mmu.h"

	GUEST "mmu-4k", \
		"ldp x1, x2, [x0], MMU on, 4 KiB granule, 48 bits", \
		vectors=guest_vectors_stop, addr=HOLE
0:	NEED_GRANULE 28, ne, 15
	MAP_IDENTITY 0b, 12, 39
	MMU_ON	(TCR_T0SZ(48) | TCR_TG0_4K | TCR_EPD1)
	ldp	x1, x2, [x0]
	DONE
	.ltorg
	END

	GUEST "mmu-16k", "the same with the 16 KiB granule", vectors=guest_vectors_stop, addr=HOLE
0:	NEED_GRANULE 20, ne, 0
	MAP_IDENTITY 0b, 14, 47
	MMU_ON	(TCR_T0SZ(48) | TCR_TG0_16K | TCR_EPD1)
	ldp	x1, x2, [x0]
	DONE
	.ltorg
	END

	GUEST "mmu-64k", "the same with the 64 KiB granule", vectors=guest_vectors_stop, addr=HOLE
0:	NEED_GRANULE 24, ne, 15
	MAP_IDENTITY 0b, 16, 42
	MMU_ON	(TCR_T0SZ(48) | TCR_TG0_64K | TCR_EPD1)
	ldp	x1, x2, [x0]
	DONE
	.ltorg
	END

	GUEST "mmu-lpa2", \
		"the same with the 4 KiB granule and FEAT_LPA2 (TCR_EL1.DS = 1, 52 bits)", \
		vectors=guest_vectors_stop, addr=HOLE
0:	NEED_GRANULE 28, eq, 1
	MAP_IDENTITY 0b, 12, 48
	MMU_ON	(TCR_T0SZ(52) | TCR_TG0_4K | TCR_EPD1 | TCR_DS)
	ldp	x1, x2, [x0]
	DONE
	.ltorg
	END

	GUEST "mmu-high", \
		"ldp with code and data in the upper half, as in a kernel; data maps x0's page", \
		vectors=guest_vectors_stop, addr=HOLE
0:	NEED_GRANULE 28, ne, 15
	MAP_PROGRAM 0b, 12, 39
	ldr	x12, =HIGH_CODE
	MAP	x12, x11, 12, 39
	ldr	x13, =HIGH_DATA
	MAP	x13, x0, 12, 39
	MMU_ON	(TCR_T0SZ(48) | TCR_T1SZ(48) | TCR_TG0_4K | TCR_TG1_4K), x9
	and	x0, x0, #0xfff
	orr	x0, x0, x13
	adr	x14, 1f
	sub	x14, x14, x11
	add	x14, x14, x12
	br	x14
1:	ldp	x1, x2, [x0]
	DONE
	.ltorg
	END

	GUEST "mmu-straddle", \
		"ldr w1, [x0] on Normal memory, so that it may straddle the end of a slot", \
		vectors=guest_vectors_stop, addr=0x40fffffe
0:	NEED_GRANULE 28, ne, 15
	MAP_IDENTITY 0b, 12, 39
	MMU_ON	(TCR_T0SZ(48) | TCR_TG0_4K | TCR_EPD1)
	ldr	w1, [x0]
	DONE
	.ltorg
	END

	GUEST "dc-zva", \
		"dc zva, x0, MMU on (on Device memory it would be an alignment fault)", \
		vectors=guest_vectors_stop, addr=HOLE
0:	NEED_GRANULE 28, ne, 15
	MAP_IDENTITY 0b, 12, 39
	MMU_ON	(TCR_T0SZ(48) | TCR_TG0_4K | TCR_EPD1)
	dc	zva, x0
	DONE
	.ltorg
	END

	GUEST "s1ptw-data", \
		"load through a page table that lies at x0", \
		vectors=guest_vectors_stop, addr=HOLE
0:	NEED_GRANULE 28, ne, 15
	MAP_PROGRAM 0b, 12, 39
	and	x12, x0, #~0xfff
	MMU_ON	(TCR_T0SZ(48) | TCR_T1SZ(48) | TCR_TG0_4K | TCR_TG1_4K), x12
	ldr	x13, =HIGH_DATA
	ldr	x1, [x13]
	DONE
	.ltorg
	END

	GUEST "s1ptw-insn", \
		"jump through a page table that lies at x0", \
		vectors=guest_vectors_stop, addr=HOLE
0:	NEED_GRANULE 28, ne, 15
	MAP_PROGRAM 0b, 12, 39
	and	x12, x0, #~0xfff
	MMU_ON	(TCR_T0SZ(48) | TCR_T1SZ(48) | TCR_TG0_4K | TCR_TG1_4K), x12
	ldr	x13, =HIGH_CODE
	br	x13
	.ltorg
	END
