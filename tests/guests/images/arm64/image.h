/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bare-metal kernels for real VMMs: an arm64 Image (Linux, Documentation/arch/arm64/booting.rst),
 * entered at EL1 with the MMU off and the device tree's address in x0. What they know of QEMU's
 * virt machine is in hw/arm/virt.c: base_memmap.
 */
/* clang-format off */
#ifndef NISVD_TESTS_IMAGE_H
#define NISVD_TESTS_IMAGE_H

#define UART	  0x09000000
#define PSCI_OFF   0x84000008 /* Arm DEN 0022: SYSTEM_OFF, SYSTEM_RESET */
#define PSCI_RESET 0x84000009

	.text
	b	start
	.long	0
	.quad	0x80000		/* text_offset */
	.quad	0x100000	/* image_size: room for the stack behind it, too */
	.quad	0xa		/* flags: little endian, 4 KiB pages, anywhere */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

	/* Sends the string at \label to the PL011. */
	.macro	PRINT label
	ldr	x9, =UART
	adr	x10, \label
.Lnext\@:
	ldrb	w11, [x10], #1
	cbz	w11, .Ldone\@
	strb	w11, [x9]
	b	.Lnext\@
.Ldone\@:
	.endm

	.macro	PSCI function
	ldr	x0, =\function
	hvc	#0
	.endm

#endif
