/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the PL011's identification with pairs of registers, as a block copy does. */
#include "image.h"

start:
	ldr	x0, =UART + 0xfe0
	ldp	w1, w2, [x0]
	b	.
