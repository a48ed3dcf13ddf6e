/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/core/insn_x86_code.h"

#include <string.h>

static bool is_prefix(uint8_t byte)
{
	static const uint8_t prefixes[] = {0x66, 0x67, 0x26, 0x2e, 0x36, 0x3e,
					   0x64, 0x65, 0xf0, 0xf2, 0xf3};

	return memchr(prefixes, byte, sizeof(prefixes)) != NULL;
}

static void note_prefix(struct x86_code *code, uint8_t byte)
{
	code->has_66 |= byte == 0x66;
	code->has_lock |= byte == 0xf0;
	if (byte == 0xf2 || byte == 0xf3) {
		code->has_rep = true;
		code->mandatory = byte;
	}
}

/* VEX: C5 and one more byte, C4 and two; EVEX: 62 and three; XOP: 8F and two. The last has pp. */
static size_t extended_length(const uint8_t *bytes, size_t len, int bits)
{
	uint8_t next = len > 1 ? bytes[1] : 0;
	/* Outside 64-bit mode these are LES, LDS and BOUND where Mod is not 11. */
	bool is_free = bits == 64 || next >= 0xc0;

	switch (bytes[0]) {
	case 0xc5:
		return is_free ? 2 : 0;
	case 0xc4:
		return is_free ? 3 : 0;
	case 0x62:
		return is_free ? 4 : 0;
	case 0x8f:
		return (next & 0x1f) >= 8 ? 3 : 0;
	default:
		return 0;
	}
}

static bool read_extended(struct x86_code *code, const uint8_t *bytes, size_t len, size_t prefix)
{
	static const uint8_t mandatory[4] = {0, 0x66, 0xf3, 0xf2};
	uint8_t map = bytes[0] == 0xc5 ? X86_MAP_0F : bytes[1] & (bytes[0] == 0x62 ? 7 : 0x1f);

	if (len <= prefix)
		return false;
	code->is_vex = true;
	code->map =
		map >= X86_MAP_0F && map <= X86_MAP_0F3A && bytes[0] != 0x8f ? map : X86_MAP_OTHER;
	code->mandatory = mandatory[bytes[bytes[0] == 0xc5 ? 1 : 2] & 3];
	code->opcode = bytes[prefix];
	code->modrm = len > prefix + 1 ? bytes[prefix + 1] : 0;
	return true;
}

bool x86_code_read(struct x86_code *code, const uint8_t *bytes, size_t len, int bits)
{
	size_t n = 0, prefix;

	memset(code, 0, sizeof(*code));
	for (; n < len && is_prefix(bytes[n]); n++)
		note_prefix(code, bytes[n]);
	if (!code->mandatory && code->has_66)
		code->mandatory = 0x66;
	while (bits == 64 && n < len && (bytes[n] & 0xf0) == 0x40) /* REX */
		n++;
	if (n >= len)
		return false;
	prefix = extended_length(bytes + n, len - n, bits);
	if (prefix)
		return read_extended(code, bytes + n, len - n, prefix);
	if (bytes[n] == 0x0f) {
		code->map = X86_MAP_0F;
		if (++n < len && (bytes[n] == 0x38 || bytes[n] == 0x3a)) {
			code->map = bytes[n] == 0x38 ? X86_MAP_0F38 : X86_MAP_0F3A;
			n++;
		}
	}
	if (n >= len)
		return false;
	code->opcode = bytes[n];
	code->modrm = n + 1 < len ? bytes[n + 1] : 0;
	return true;
}

/* A bit for each opcode, the lowest first. */
struct opcodes {
	uint32_t bits[8];
};

static bool has_opcode(const struct opcodes *set, uint8_t opcode)
{
	return set->bits[opcode / 32] >> opcode % 32 & 1;
}

/* All entries of KVM's opcode_table but N; those that go on by ModRM are looked at below. */
static const struct opcodes emulated_one = {{
	0xffff7fff, /* not 0F */
	0x3f3fbf3f, /* not AAA, DAA, AAS; nor prefixes */
	0xffffffff,
	0xffffff0b, /* not BOUND */
	0xf7ffffff, /* not FWAIT */
	0xffffffff,
	0x2affffff, /* x87: D9, DB, DD in part */
	0xfff2ffff,
}};

/* The same of its twobyte_table. */
static const struct opcodes emulated_0f = {{
	0xf3032363, /* groups 6 and 7, SYSCALL, CLTS, INVD, PREFETCH, MOVUPS */
	0x003f0b0f, /* MOV CR, MOV DR, MOVAPS, MOVNTPS, WRMSR to SYSEXIT */
	0x0000ffff, /* CMOVcc */
	0x80008000, /* MOVDQA, MOVDQU, MOVQ */
	0xffffffff, /* Jcc, SETcc */
	0xfcffff3f, /* not POPCNT */
	0x0000ff8b, /* XADD, MOVNTI, CMPXCHG8B, BSWAP */
	0x00000080, /* MOVNTDQ */
}};

static bool is_one_emulated(const struct x86_code *code, int bits)
{
	if (!has_opcode(&emulated_one, code->opcode))
		return false;
	switch (code->opcode) {
	case 0x63: /* MOVSXD; ARPL elsewhere */
		return bits == 64;
	case 0x8d: /* LEA */
		return x86_code_has_memory(code);
	case 0x8f: /* POP, MOV */
	case 0xc6:
	case 0xc7:
		return x86_code_reg(code) == 0;
	case 0xd9: /* FNSTCW, FNSTSW */
	case 0xdd:
		return x86_code_has_memory(code) && x86_code_reg(code) == 7;
	case 0xdb: /* FNINIT */
		return code->modrm == 0xe3;
	case 0xfe:
		return x86_code_reg(code) <= 1;
	case 0xff:
		return x86_code_reg(code) <= 6;
	default:
		return true;
	}
}

/* Group 7: what has no memory operand goes by the whole ModRM byte. */
static bool is_group7_emulated(const struct x86_code *code)
{
	/* VMCALL, MONITOR, MWAIT, XSETBV, RDTSCP */
	static const uint8_t known[] = {0xc1, 0xc8, 0xc9, 0xd1, 0xf9};
	unsigned int reg = x86_code_reg(code);

	if (x86_code_has_memory(code))
		return reg != 5;
	return reg == 3 || reg == 4 || reg == 6 || memchr(known, code->modrm, sizeof(known));
}

static bool is_0f_emulated(const struct x86_code *code)
{
	bool is_plain = code->mandatory == 0 || code->mandatory == 0x66;

	if (!has_opcode(&emulated_0f, code->opcode))
		return false;
	switch (code->opcode) {
	case 0x00: /* SLDT, STR, LLDT, LTR */
		return x86_code_reg(code) <= 3;
	case 0x01:
		return is_group7_emulated(code);
	case 0x10: /* MOVUPS, MOVUPD, MOVAPS, MOVAPD */
	case 0x11:
	case 0x28:
	case 0x29:
		return is_plain && !(code->has_66 && code->has_rep);
	case 0x2b: /* MOVNTPS, MOVNTPD */
		return is_plain && x86_code_has_memory(code);
	case 0x6f: /* MOVQ, MOVDQA, MOVDQU */
	case 0x7f:
		return code->mandatory != 0xf2 && !(code->has_66 && code->has_rep);
	case 0xae: /* FXSAVE, FXRSTOR, CLFLUSH, CLFLUSHOPT */
		return x86_code_has_memory(code) &&
		       (x86_code_reg(code) <= 1 || (x86_code_reg(code) == 7 && is_plain));
	case 0xba:
		return x86_code_reg(code) >= 4;
	case 0xc3: /* MOVNTI */
		return x86_code_has_memory(code);
	case 0xc7: /* CMPXCHG8B, CMPXCHG16B, RDPID */
		return x86_code_has_memory(code)
			       ? x86_code_reg(code) == 1
			       : x86_code_reg(code) == 7 && code->mandatory == 0xf3;
	case 0xe7: /* MOVNTDQ */
		return code->mandatory == 0x66;
	default:
		return true;
	}
}

bool x86_code_is_emulated(const struct x86_code *code, int bits)
{
	if (code->is_vex)
		return false;
	switch (code->map) {
	case X86_MAP_ONE:
		return is_one_emulated(code, bits);
	case X86_MAP_0F:
		return is_0f_emulated(code);
	case X86_MAP_0F38: /* MOVBE */
		return (code->opcode == 0xf0 || code->opcode == 0xf1) &&
		       x86_code_has_memory(code) &&
		       (code->mandatory == 0 || code->mandatory == 0x66);
	default:
		return false;
	}
}

bool x86_code_is_system(const struct x86_code *code)
{
	/* INT, IRET, IN, OUT, INT1, HLT, CLI, STI */
	static const struct opcodes one = {{0, 0, 0, 0, 0, 0, 0x0000f000, 0x0c12f0f0}};
	/* Groups 6 and 7, SYSCALL to UD2, MOV CR and DR, MSRs and SYSENTER, CPUID, RSM, groups 15
	 * and 9. */
	static const struct opcodes two = {
		{0x00000be3, 0x00ff000f, 0, 0, 0, 0x00004404, 0x00000080, 0}};

	if (code->is_vex)
		return false;
	if (code->map == X86_MAP_ONE)
		return has_opcode(&one, code->opcode);
	if (code->map == X86_MAP_0F38) /* INVEPT, INVVPID, INVPCID */
		return code->opcode >= 0x80 && code->opcode <= 0x82;
	if (code->map != X86_MAP_0F || !has_opcode(&two, code->opcode))
		return false;
	return code->opcode != 0xc7 || !x86_code_has_memory(code) || x86_code_reg(code) != 1;
}

bool x86_code_is_string(const struct x86_code *code)
{
	/* INS, OUTS, MOVS, CMPS, STOS, LODS, SCAS */
	static const struct opcodes one = {{0, 0, 0, 0x0000f000, 0, 0x0000fcf0, 0, 0}};

	return code->map == X86_MAP_ONE && !code->is_vex && has_opcode(&one, code->opcode);
}

int x86_code_stack(const struct x86_code *code, int bits)
{
	int word = bits == 16 ? 2 : 4, other = bits == 16 ? 4 : 2;
	int branch = bits == 64 ? 8 : code->has_66 ? other : word;
	int data = code->has_66 ? other : bits == 64 ? 8 : word;

	if (code->map != X86_MAP_ONE || code->is_vex)
		return 0;
	switch (code->opcode) {
	case 0x50 ... 0x57: /* PUSH */
	case 0x68:
	case 0x6a:
		return -data;
	case 0x58 ... 0x5f: /* POP */
		return data;
	case 0x8f:
		return x86_code_reg(code) == 0 ? data : 0;
	case 0xc2: /* RET */
	case 0xc3:
		return branch;
	case 0xe8: /* CALL */
		return -branch;
	case 0xff:
		return x86_code_reg(code) == 2 ? -branch : x86_code_reg(code) == 6 ? -data : 0;
	default:
		return 0;
	}
}

/* Two-byte opcodes where 0x66 is a part of the opcode (Intel SDM 2D, A.3: SSE and its kin). */
static bool is_sse(uint8_t opcode)
{
	return (opcode >= 0x10 && opcode <= 0x17) || (opcode >= 0x28 && opcode <= 0x2f) ||
	       (opcode >= 0x50 && opcode <= 0x7f) || opcode == 0xc2 ||
	       (opcode >= 0xc4 && opcode <= 0xc6) || (opcode >= 0xd0 && opcode <= 0xfe) ||
	       opcode == 0x38 || opcode == 0x3a;
}

size_t x86_code_as_32_bit(const uint8_t *bytes, size_t len, uint8_t ret[16])
{
	bool has_66 = false, has_67 = false;
	size_t n = 0, out = 0;

	for (; n < len && is_prefix(bytes[n]); n++) {
		has_66 |= bytes[n] == 0x66;
		has_67 |= bytes[n] == 0x67;
	}
	if (!has_66 || len > 15 || n + 1 >= len || bytes[n] != 0x0f || !is_sse(bytes[n + 1]))
		return 0;
	if (!has_67)
		ret[out++] = 0x67;
	for (size_t i = 0; i < len; i++)
		if (i >= n || bytes[i] != 0x67)
			ret[out++] = bytes[i];
	return out;
}
