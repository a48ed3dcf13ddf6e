/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Many accesses: x1 is always their number (0: for ever). */
#include "asm.h"

	/* x5 walks over x2 places from x0, x3 bytes apart, and starts again; \access uses x5. */
	.macro	ROUND_ROBIN access:vararg
1:	mov	x5, x0
	mov	x6, x2
2:	\access
	add	x5, x5, x3
	subs	x1, x1, #1
	b.eq	3f
	subs	x6, x6, #1
	b.ne	2b
	b	1b
3:	DONE
	.endm

	GUEST "mmio-write", \
		"x1 stores (str w) over x2 places from x0, x3 bytes apart", \
		vectors=guest_vectors_stop, addr=UART
	ROUND_ROBIN str w1, [x5]
	END

	GUEST "mmio-read", \
		"x1 loads (ldr w) over x2 places from x0, x3 bytes apart", \
		vectors=guest_vectors_stop, addr=UART
	ROUND_ROBIN ldr w7, [x5]
	END

	GUEST "nisv-loop", \
		"x1 times ldp over x2 places from x0, x3 bytes apart; the handler skips it", \
		vectors=guest_vectors_skip, addr=HOLE
	ROUND_ROBIN ldp x7, x8, [x5]
	END

	GUEST "ldp-loop", "ldp x7, x8, [x0] again and again, x1 times", \
		vectors=guest_vectors_stop, addr=HOLE
1:	ldp	x7, x8, [x0]
	subs	x1, x1, #1
	b.ne	1b
	DONE
	END

	/* \reg is an address, or 0: none. */
	.macro	EACH reg:req
	cbz	\reg, .Lnone\@
	ldp	x7, x8, [\reg]
.Lnone\@:
	.endm

	GUEST "each", \
		"ldp at each of the addresses in x0 to x4 that is not 0; the handler skips it", \
		vectors=guest_vectors_skip, addr=HOLE
	EACH	x0
	EACH	x1
	EACH	x2
	EACH	x3
	EACH	x4
	DONE
	END

	GUEST "copy-pairs", "a copy from x0 in pairs of registers, 64 bytes, as memcpy() has it", \
		vectors=guest_vectors_stop, addr=HOLE
	adr	x1, 1f
	ldp	x4, x5, [x0]
	ldp	x6, x7, [x0, #16]
	stp	x4, x5, [x1]
	stp	x6, x7, [x1, #16]
	DONE
	.balign	16
1:	.fill	8, 8, 0
	END

	GUEST "many-sites", \
		"ldp once in each of x1 pages from x0 upward; the handler skips it", \
		vectors=guest_vectors_skip, addr=HOLE, a1=64
1:	ldp	x7, x8, [x0]
	add	x0, x0, #0x1000
	subs	x1, x1, #1
	b.ne	1b
	DONE
	END

	GUEST "ram-touch", \
		"x1 rounds of a store to each of x2 pages of RAM from x0, then a sync call", \
		vectors=guest_vectors_stop, addr=0x40400000, a2=256
1:	mov	x5, x0
	mov	x6, x2
2:	str	x1, [x5]
	add	x5, x5, #0x1000
	subs	x6, x6, #1
	b.ne	2b
	brk	#GUEST_CALL_SYNC
	subs	x1, x1, #1
	b.ne	1b
	DONE
	END

	GUEST "sync-loop", \
		"x1 sync calls: exits to user space without any memory access", \
		vectors=guest_vectors_stop
1:	brk	#GUEST_CALL_SYNC
	subs	x1, x1, #1
	b.ne	1b
	DONE
	END
