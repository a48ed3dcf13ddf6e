/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_INSN_X86_CODE_H
#define NISVD_INSN_X86_CODE_H

/*
 * The prefixes and the opcode of an x86 instruction (Intel SDM 2A, 2.1 to 2.3, 2.7), and what KVM's
 * emulator makes of them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum x86_map {
	X86_MAP_ONE = 0,
	X86_MAP_0F,
	X86_MAP_0F38,
	X86_MAP_0F3A,
	X86_MAP_OTHER /* of EVEX or XOP */
};

struct x86_code {
	enum x86_map map;
	uint8_t opcode;
	uint8_t modrm;	   /* the byte behind the opcode; 0 if there is none */
	uint8_t mandatory; /* 0x66, 0xf2, 0xf3, or 0: the prefix that selects among SIMD opcodes */
	bool has_66, has_rep, has_lock;
	bool is_vex; /* VEX, EVEX or XOP */
};

/* The reg field of ModRM, which goes on with the opcode in groups. */
static inline unsigned int x86_code_reg(const struct x86_code *code)
{
	return code->modrm >> 3 & 7;
}

/* ModRM names memory, not a register. */
static inline bool x86_code_has_memory(const struct x86_code *code)
{
	return code->modrm < 0xc0;
}

/* @bits: 16, 32 or 64. False if @bytes end before the opcode does. */
bool x86_code_read(struct x86_code *code, const uint8_t *bytes, size_t len, int bits);

/*
 * KVM's emulator knows the instruction: its opcode_table, twobyte_table and opcode_map_0f_38
 * (arch/x86/kvm/emulate.c) of both Linux 6.1 and 7.1. The latter knows VEX code and MOVNTDQA, too:
 * plain moves alone; these count as unknown here.
 */
bool x86_code_is_emulated(const struct x86_code *code, int bits);

/* Port I/O, interrupts, halts, control registers, descriptor tables, saved state, virtualization.
 */
bool x86_code_is_system(const struct x86_code *code);

bool x86_code_is_string(const struct x86_code *code);

/*
 * What the instruction does to the stack by itself, in bytes: negative where it pushes, positive
 * where it pops; 0 where it does neither or more than one (ENTER, PUSHA, far calls, interrupts).
 */
int x86_code_stack(const struct x86_code *code, int bits);

/*
 * Capstone 4 takes 0x66 for an operand size in 16-bit mode even where it is a part of the opcode
 * ("pxor mm0" for "pxor xmm0"). The same instruction in 32-bit mode differs by the address size
 * prefix: it is dropped, or put before where there was none. Returns the length of @ret, 0 where
 * none of this is the case.
 */
size_t x86_code_as_32_bit(const uint8_t *bytes, size_t len, uint8_t ret[16]);

#endif
