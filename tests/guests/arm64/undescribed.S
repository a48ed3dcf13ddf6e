/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One access with an instruction that the CPU does not describe to the hypervisor (ESR_EL2.ISV = 0,
 * Arm ARM, "ISS encoding for an exception from a Data Abort"). All at x0.
 */
#include "asm.h"

	GUEST "ldp", "ldp x1, x2, [x0]", vectors=guest_vectors_stop, addr=HOLE
	ldp	x1, x2, [x0]
	DONE
	END

	GUEST "ldp-sync", "ldp x1, x2, [x0], then a sync call", \
		vectors=guest_vectors_stop, addr=HOLE
	ldp	x1, x2, [x0]
	brk	#GUEST_CALL_SYNC
	DONE
	END

	GUEST "stp", "stp x1, x2, [x0]", vectors=guest_vectors_stop, addr=HOLE
	stp	x1, x2, [x0]
	DONE
	END

	GUEST "ldr-post", "ldr w1, [x0], #4", vectors=guest_vectors_stop, addr=HOLE
	ldr	w1, [x0], #4
	DONE
	END

	GUEST "str-post", "str w1, [x0], #4", vectors=guest_vectors_stop, addr=HOLE
	str	w1, [x0], #4
	DONE
	END

	GUEST "ldr-pre", "ldr w1, [x0, #4]!", vectors=guest_vectors_stop, addr=HOLE
	ldr	w1, [x0, #4]!
	DONE
	END

	GUEST "ldr-q", "ldr q0, [x0]", vectors=guest_vectors_stop, addr=HOLE
	ENABLE_SIMD
	ldr	q0, [x0]
	DONE
	END

	GUEST "ld1", "ld1 {v0.16b}, [x0]", vectors=guest_vectors_stop, addr=HOLE
	ENABLE_SIMD
	ld1	{v0.16b}, [x0]
	DONE
	END

	GUEST "ldxr", "ldxr x1, [x0]", vectors=guest_vectors_stop, addr=HOLE
	ldxr	x1, [x0]
	DONE
	END

	GUEST "stxr", \
		"stxr w2, x1, [x0] with no exclusive monitor held", \
		vectors=guest_vectors_stop, addr=HOLE
	clrex
	stxr	w2, x1, [x0]
	DONE
	END

	GUEST "ldadd", "ldadd w1, w2, [x0]", vectors=guest_vectors_stop, addr=HOLE
	NEED_ATOMICS
	ldadd	w1, w2, [x0]
	DONE
	END

	GUEST "cas", "cas w1, w2, [x0]", vectors=guest_vectors_stop, addr=HOLE
	NEED_ATOMICS
	cas	w1, w2, [x0]
	DONE
	END

	GUEST "ld1b-sve", "ld1b {z0.b}, p0/z, [x0], for --sve", vectors=guest_vectors_stop, addr=HOLE
	.arch_extension sve
	mov	x9, #(3 << 20 | 3 << 16)	/* CPACR_EL1.FPEN and ZEN */
	msr	cpacr_el1, x9
	isb
	ptrue	p0.b
	ld1b	{z0.b}, p0/z, [x0]
	DONE
	.arch_extension nosve
	END

	/* FEAT_MTE, of which KVM without KVM_CAP_ARM_MTE leaves the instructions only. */
	GUEST "stg", "stg x0, [x0]: a memory tag", vectors=guest_vectors_stop, addr=HOLE
	.arch	armv8.5-a+memtag
	stg	x0, [x0]
	DONE
	.arch	armv8.1-a
	END

	GUEST "dc-civac", "dc civac, x0", vectors=guest_vectors_stop, addr=HOLE
	dc	civac, x0
	DONE
	END

	GUEST "null", \
		"ldp x1, x2 through a null pointer (x0 is not used)", \
		vectors=guest_vectors_stop
	mov	x0, #0
	ldp	x1, x2, [x0]
	DONE
	END

	GUEST "el0-ldp", "ldp x1, x2, [x0] executed at EL0", vectors=guest_vectors_stop, addr=HOLE
	adr	x9, 1f
	msr	elr_el1, x9
	msr	spsr_el1, xzr			/* EL0t, nothing masked */
	eret
1:	ldp	x1, x2, [x0]
	DONE
	END
