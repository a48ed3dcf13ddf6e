/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Healthy: a line on the console every now and then, for ever. */
#include "image.h"

start:
1:	PRINT	text
	mov	x1, #0x4000000
2:	subs	x1, x1, #1
	b.ne	2b
	b	1b
text:	.asciz	"tick\n"
