/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A driver that waits for ever: it reads the PL011's flag register until a bit is set that never is. */
#include "image.h"

start:
	PRINT	text
	ldr	x0, =UART
1:	ldr	w1, [x0, #0x18]		/* UARTFR (Arm DDI 0183, 3.3.3) */
	tbz	w1, #2, 1b		/* DCD: no modem is there */
	b	1b
text:	.asciz	"waiting for the modem\n"
