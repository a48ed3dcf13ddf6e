/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Healthy: resets the VM once, which keeps its RAM, and switches it off after the second start. */
#include "image.h"

start:
	ldr	x1, =0x41000000
	ldr	x2, =0x7365743a65636e6f
	ldr	x3, [x1]
	cmp	x2, x3
	b.eq	1f
	str	x2, [x1]
	PRINT	first
	PSCI	PSCI_RESET
1:	PRINT	second
	PSCI	PSCI_OFF
first:	.asciz	"first start\n"
second:	.asciz	"second start\n"
