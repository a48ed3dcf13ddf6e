/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest that testvmm does not have: it clears memory and does not stop where RAM ends. */
	movz	x5, #0x40ff, lsl #16
1:	stp	xzr, xzr, [x5], #64
	b	1b
