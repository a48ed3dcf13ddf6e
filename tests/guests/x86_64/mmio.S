/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Many accesses: esi is their number (0: 2^32). A ro or nobacking slot at edi is MMIO too. */
#include "asm.h"

	.macro	mmio_write_body
	ROUND_ROBIN movl %eax, (%edi)
	.endm

	.macro	mmio_read_body
	ROUND_ROBIN movl (%edi), %eax
	.endm

	.macro	ram_touch_body
21:	movl	%edi, %ebx
	movl	%edx, %ebp
22:	movl	%esi, (%ebx)
	addl	$0x1000, %ebx
	decl	%ebp
	jnz	22b
	outb	%al, $GUEST_SYNC_PORT
	decl	%esi
	jnz	21b
	.endm

	GUESTS "mmio-write", \
		"esi stores (movl) over edx places from edi, ecx bytes apart", \
		mmio_write_body
	GUESTS "mmio-read", \
		"esi loads (movl) over edx places from edi, ecx bytes apart", \
		mmio_read_body
	GUESTS "ram-touch", \
		"esi rounds of a store to each of edx pages of RAM from edi, then a sync call", \
		ram_touch_body, addr=0x20000, a2=64
