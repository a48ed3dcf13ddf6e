/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A PL011 (Arm DDI 0183) as guests drive it: UARTDR +0, UARTFR +0x18, UARTPeriphID0 +0xfe0. */
#include "asm.h"

	/* Prints the string at the local label 8 by \store, with a look at UARTFR each time. */
	.macro	PRINT store:vararg
	adr	x9, 8f
1:	ldrb	w10, [x9], #1
	cbz	w10, 2f
	ldr	w11, [x0, #0x18]
	\store
	b	1b
2:
	.endm

	GUEST "uart", \
		"healthy: prints a line on the PL011 at x0 by plain accesses, x1 times", \
		vectors=guest_vectors_stop, addr=UART
3:	PRINT	str w10, [x0]
	mov	w10, #10
	strb	w10, [x0]
	subs	x1, x1, #1
	b.ne	3b
	DONE
8:	.asciz	"all is well"
	.balign	4
	END

	GUEST "uart-post", \
		"PL011 driver: prints by strb to x0, then ldr w1, [x0], #4 at x0 + 0xfe0", \
		vectors=guest_vectors_stop, addr=UART
	PRINT	strb w10, [x0]
	add	x0, x0, #0xfe0
	ldr	w1, [x0], #4
	DONE
8:	.asciz	"probing\n"
	.balign	4
	END
