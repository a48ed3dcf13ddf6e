/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the arm64 guests share. Registers at entry: x0 to x7 as --arg gave them, PC at the program's
 * first byte, EL1h, MMU off. x9 to x19 are free for the macros; the vectors change x17 only.
 */
/* clang-format off */
#ifndef NISVD_TESTS_GUEST_ARM64_H
#define NISVD_TESTS_GUEST_ARM64_H

#include "../guest.h"

	.arch	armv8.1-a

/* A hole of every machine map that the tests use, and the UART of QEMU's virt board. */
#define HOLE	0xb0000000
#define UART	0x09000000

	.macro	DONE
	brk	#GUEST_CALL_DONE
	.endm

	.macro	UNSUPPORTED
	brk	#GUEST_CALL_UNSUPPORTED
	.endm

	/* Large System Extensions: Arm ARM, ID_AA64ISAR0_EL1.Atomic; Cortex-A72 has none. */
	.macro	NEED_ATOMICS
	mrs	x9, id_aa64isar0_el1
	ubfx	x9, x9, #20, #4
	cbnz	x9, .Latomics\@
	UNSUPPORTED
.Latomics\@:
	.endm

	/* FP and SIMD instructions trap until CPACR_EL1.FPEN is 0b11. */
	.macro	ENABLE_SIMD
	mov	x9, #(3 << 20)
	msr	cpacr_el1, x9
	isb
	.endm

#endif
