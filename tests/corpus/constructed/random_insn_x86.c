/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Vector instructions of x86 that KVM's emulator does not know (Intel SDM vol. 2, 2.1, 2.3). */

#include <string.h>

#include "tests/corpus/constructed/random_kit.h"

enum prefix {
	MMX = 0, /* 0F op */
	SSE,	 /* 66 0F op */
	VEX,	 /* C5 F9 op: as SSE */
	X87,	 /* D9 /0: fld */
};

/* PAND, PADDB..PADDD, PSUBB..PSUBD, POR, PXOR, PCMPEQB..D, PAVGB, PMULHW, PMADDWD, PSADBW */
static const uint8_t opcodes[] = {0xdb, 0xfc, 0xfd, 0xfe, 0xf8, 0xf9, 0xfa, 0xeb,
				  0xef, 0x74, 0x75, 0x76, 0xe0, 0xe5, 0xf5, 0xf6};

#define RSP 4U
#define RBP 5U

static size_t put_opcode(struct maker *m, uint8_t *at, enum prefix prefix)
{
	size_t n = 0;

	switch (prefix) {
	case X87:
		at[n++] = 0xd9;
		return n;
	case VEX: /* vvvv, inverted: below 8, or it is LDS in 32-bit code */
		at[n++] = 0xc5;
		at[n++] = 0xc1 | draw(m, 8) << 3;
		break;
	case SSE:
		at[n++] = 0x66;
		at[n++] = 0x0f;
		break;
	case MMX:
		at[n++] = 0x0f;
		break;
	}
	at[n++] = DRAW_OF(m, opcodes);
	return n;
}

/* ModRM with a base register and no, an 8-bit or a 32-bit displacement. */
void insn_put_x86(struct maker *m, struct nisv_rec_fault *rec, uint64_t linear)
{
	uint32_t base, mode = draw(m, 3);
	enum prefix prefix = (enum prefix)draw(m, 4);
	size_t n = put_opcode(m, rec->insn, prefix);
	int64_t disp = 0;
	int32_t disp32 = (int32_t)draw(m, 0x20000) - 0x10000;

	do
		base = draw(m, 8);
	while (base == RSP || base == RBP);
	rec->insn[n++] = (uint8_t)(mode << 6 | (prefix == X87 ? 0 : draw(m, 8)) << 3 | base);
	if (mode == 1) {
		rec->insn[n] = (uint8_t)draw(m, 256);
		disp = (int8_t)rec->insn[n++];
	} else if (mode == 2) {
		disp = disp32;
		memcpy(rec->insn + n, &disp32, sizeof(disp32));
		n += sizeof(disp32);
	}
	rec->gpr[base] = linear - (uint64_t)disp;
	rec->insn_len = (uint32_t)n;
	rec->insn_state = NISV_INSN_OK;
}
