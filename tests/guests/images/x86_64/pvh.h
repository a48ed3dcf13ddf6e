/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bare-metal kernels for QEMU's x86 machines: ELF images with the note of Xen's PVH entry
 * (xen/include/public/elfnote.h: XEN_ELFNOTE_PHYS32_ENTRY), entered in 32-bit mode, paging off.
 */
/* clang-format off */
#ifndef NISVD_TESTS_PVH_H
#define NISVD_TESTS_PVH_H

#define COM1	   0x3f8
#define DEBUG_EXIT 0x501	/* -device isa-debug-exit,iobase=0x501 */

	.section .note.pvh, "a", @note
	.balign	4
	.long	4, 4, 18
	.asciz	"Xen"
	.long	start
	.text
	.code32
	.globl	start

#endif
