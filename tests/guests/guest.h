/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest program is: a blob of position independent code that is linked into testvmm as data,
 * found by name in the section "guest_table". Included by the VMM (C) and by the guests (assembly).
 *
 * In assembly: GUEST "name", "help"[, vectors=LABEL][, mode=N][, addr=N][, a1=N][, a2=N][, a3=N]
 * opens a program, END closes it; nothing else is needed to add one. The other arguments are the
 * defaults of the first four registers that --arg sets.
 */
#ifndef NISVD_TESTS_GUEST_H
#define NISVD_TESTS_GUEST_H

/*
 * How a guest tells the VMM something without a memory access, so that every MMIO counted is one
 * the test asked for. arm64: BRK with one of these immediates (KVM_EXIT_DEBUG, because the VMM sets
 * KVM_GUESTDBG_USE_SW_BP); it ends one vCPU only, where PSCI SYSTEM_OFF would end the whole VM.
 * x86_64: HLT is GUEST_CALL_DONE, a byte to port GUEST_SYNC_PORT is GUEST_CALL_SYNC.
 */
#define GUEST_CALL_DONE	       0x4e00 /* this vCPU has finished */
#define GUEST_CALL_UNSUPPORTED 0x4e01 /* this CPU lacks what the program needs */
#define GUEST_CALL_EXCEPTION   0x4e02 /* an exception reached the "stop" vectors */
#define GUEST_CALL_SYNC	       0x4e03 /* a round is over, run me again */
#define GUEST_SYNC_PORT	       0xf4

/* x86_64: the CPU mode that a program is entered in. arm64 programs start at EL1, MMU off. */
#define GUEST_MODE_DEFAULT   0 /* x86_64: real mode, all segments with a 4 GiB limit */
#define GUEST_MODE_LONG	     1 /* x86_64: long mode, the first 4 GiB mapped one to one */
#define GUEST_MODE_PROTECTED 2 /* x86_64: 32-bit protected mode, paging off */

/* Bytes of one arm64 vector table (Arm ARM, "Exception vectors"). */
#define GUEST_VECTORS_SIZE 0x800

#ifdef __ASSEMBLER__
/* clang-format off */

	.section .note.GNU-stack, "", %progbits

	.macro	GUEST name:req, help:req, vectors=0, mode=GUEST_MODE_DEFAULT, \
		addr=0, a1=1, a2=1, a3=0x1000
	.section guest_table, "aw", %progbits
	.balign	8
	.quad	771f, 772f, 773f, 774f, \vectors, \mode, \addr, \a1, \a2, \a3
	.section .rodata.guest_words, "a", %progbits
773:	.asciz	"\name"
774:	.asciz	"\help"
	.section .rodata.guest_code, "a", %progbits
	.balign	16
771:
	.endm

	.macro END
772:
	.endm

/* clang-format on */
#else

#include <stddef.h>
#include <stdint.h>

#define GUEST_DEFAULT_ARGS 4

/* One program; the layout is that of the .quad line of GUEST above. */
struct guest {
	const uint8_t *start;
	const uint8_t *end;
	const char *name;
	const char *help;
	const uint8_t *vectors; /* arm64: vector table it wants in VBAR_EL1, or NULL */
	uint64_t mode;		/* GUEST_MODE_* */
	uint64_t args[GUEST_DEFAULT_ARGS];
};

/* The program of that name, or NULL. Programs are static, never freed. */
const struct guest *guest_find(const char *name);

/* The arm64 vector table of that name ("stop", "skip", "return"), or NULL. */
const uint8_t *guest_vectors_find(const char *name);

/* Prints all programs with their help to standard output, one a line, in the order of linking. */
void guest_list(void);

#endif
#endif
