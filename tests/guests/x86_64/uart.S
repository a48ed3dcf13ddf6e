/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Healthy guests that print a line esi times, on a serial port and on a UART in memory. */
#include "asm.h"

	/* "all is well\n" byte by byte, so that nobody has to know where the program is. */
	.macro	PRINT store:vararg
41:
	.irp	byte, 0x61, 0x6c, 0x6c, 0x20, 0x69, 0x73, 0x20, 0x77, 0x65, 0x6c, 0x6c, 0x0a
	movb	$\byte, %al
	\store
	.endr
	decl	%esi
	jnz	41b
	.endm

	.macro	uart_body
	movw	$COM1, %dx
	PRINT	outb %al, %dx
	.endm

	.macro	uart_mmio_body
	PRINT	movb %al, (%edi)
	.endm

	GUESTS "uart", "healthy: prints a line on the serial port at 0x3f8, esi times", uart_body
	GUESTS "uart-mmio", \
		"healthy: prints a line by byte stores to edi, esi times", \
		uart_mmio_body
