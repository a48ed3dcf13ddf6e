/* SPDX-License-Identifier: GPL-2.0-or-later */

/* SVE and SME loads, stores and prefetches: Arm ARM DDI 0487, C4.1, "SVE" and "SME" memory. */

#include "daemon/core/insn_a64.h"
#include "daemon/core/insn_kit.h"

/* The longest vector: 2048 bits; a predicate has a bit for each byte of it (Arm ARM, B1.2.2). */
#define VECTOR_MAX 256U
#define ZT0_BYTES  64U /* 512 bits, whatever the vector length (Arm ARM, "ZT0") */

/* How a form finds its address. */
enum mode {
	PREFETCH,
	VECTOR,	   /* from vectors: the registers at hand do not tell it */
	BASE,	   /* [Xn] */
	BASE_VL4,  /* [Xn, #imm, MUL VL], imm in 19:16; told where it is zero */
	BASE_VL9,  /* the same, imm in 21:16 and 12:10 */
	BASE_ZA,   /* the same, imm in 3:0 */
	BASE_IMM4, /* [Xn, #imm], imm in 19:16 counts the bytes of the access */
	BASE_IMM6, /* [Xn, #imm], imm in 21:16 counts elements, one of which is loaded */
	SCALAR,	   /* [Xn, Xm, LSL #shift]; XZR is not allowed */
	SCALAR_XZR /* the same, XZR is allowed */
};

/* log2 of an element's bytes, which a scalar index counts. */
enum shift {
	BYTES = 0,
	WORDS = 2,
	DOUBLES = 3,
	QUADS = 4,
	DTYPE_24_21,
	DTYPE_24_23_14_13,
	MSZ_24_23,
	MSZ_23_22,
	MSZ_14_13
};

/*
 * @vectors: how many registers are transferred, each as long as the vector; 0: exactly @bytes, or
 * one element where these are 0, too.
 */
struct form {
	uint32_t mask, value;
	uint8_t mode, shift, vectors, bytes;
};

/* The first that fits counts. */
static const struct form loads_32[] = {
	/* 1000010: gather to 32-bit elements, unsized */
	{0xffc0e010, 0x85800000, BASE_VL9, 0, 1, 0},		      /* LDR P */
	{0xffc0e000, 0x85804000, BASE_VL9, 0, 1, 0},		      /* LDR Z */
	{0xffc08010, 0x85c00000, PREFETCH, 0, 0, 0},		      /* PRF [Xn, #imm] */
	{0xfe60e010, 0x8400c000, PREFETCH, MSZ_24_23, 0, 0},	      /* PRF [Xn, Xm] */
	{0xfe60e010, 0x8400e000, PREFETCH, 0, 0, 0},		      /* PRF [Zn.S, #imm] */
	{0xffa08010, 0x84200000, PREFETCH, 0, 0, 0},		      /* PRF [Xn, Zm.S] */
	{0xfe408000, 0x84408000, BASE_IMM6, DTYPE_24_23_14_13, 0, 0}, /* LD1R */
	{0xffa08000, 0x84000000, VECTOR, 0, 0, 0},		      /* LD1B [Xn, Zm.S] */
	{0xff808000, 0x84800000, VECTOR, 0, 0, 0},		      /* LD1H */
	{0xff80c000, 0x85004000, VECTOR, 0, 0, 0},		      /* LD1W */
	{0xff608000, 0x84208000, VECTOR, 0, 0, 0},		      /* LD1B, LD1H [Zn.S, #imm] */
	{0xffe0c000, 0x8520c000, VECTOR, 0, 0, 0},		      /* LD1W */
	{0xff60c000, 0x84008000, VECTOR, 0, 0, 0}, /* LDNT1B, LDNT1H [Zn.S, Xm] */
	{0xffe0e000, 0x8500a000, VECTOR, 0, 0, 0}, /* LDNT1W */
};

static const struct form loads[] = {
	/* 1010010: contiguous */
	{0xffe0e000, 0xa5008000, SCALAR, WORDS, 1, 0},		 /* LD1W {Z.Q} */
	{0xffe0e000, 0xa5808000, SCALAR, DOUBLES, 1, 0},	 /* LD1D {Z.Q} */
	{0xfff0e000, 0xa5102000, BASE_VL4, 0, 1, 0},		 /* LD1W {Z.Q} */
	{0xfff0e000, 0xa5902000, BASE_VL4, 0, 1, 0},		 /* LD1D {Z.Q} */
	{0xfe00e000, 0xa4004000, SCALAR, DTYPE_24_21, 1, 0},	 /* LD1 */
	{0xfe00e000, 0xa4006000, SCALAR_XZR, DTYPE_24_21, 1, 0}, /* LDFF1 */
	{0xfe00e000, 0xa400a000, BASE_VL4, 0, 1, 0},		 /* LD1, LDNF1 */
	{0xfe60e000, 0xa400c000, SCALAR, MSZ_24_23, 1, 0},	 /* LDNT1 */
	{0xfe60e000, 0xa420c000, SCALAR, MSZ_24_23, 2, 0},	 /* LD2 */
	{0xfe60e000, 0xa440c000, SCALAR, MSZ_24_23, 3, 0},	 /* LD3 */
	{0xfe60e000, 0xa460c000, SCALAR, MSZ_24_23, 4, 0},	 /* LD4 */
	{0xfe70e000, 0xa400e000, BASE_VL4, 0, 1, 0},		 /* LDNT1 */
	{0xfe70e000, 0xa420e000, BASE_VL4, 0, 2, 0},		 /* LD2 */
	{0xfe70e000, 0xa440e000, BASE_VL4, 0, 3, 0},		 /* LD3 */
	{0xfe70e000, 0xa460e000, BASE_VL4, 0, 4, 0},		 /* LD4 */
	{0xffe0e000, 0xa4a08000, SCALAR, QUADS, 2, 0},		 /* LD2Q */
	{0xffe0e000, 0xa5208000, SCALAR, QUADS, 3, 0},		 /* LD3Q */
	{0xffe0e000, 0xa5a08000, SCALAR, QUADS, 4, 0},		 /* LD4Q */
	{0xfff0e000, 0xa490e000, BASE_VL4, 0, 2, 0},		 /* LD2Q */
	{0xfff0e000, 0xa510e000, BASE_VL4, 0, 3, 0},		 /* LD3Q */
	{0xfff0e000, 0xa590e000, BASE_VL4, 0, 4, 0},		 /* LD4Q */
	{0xfe60e000, 0xa4000000, SCALAR, MSZ_24_23, 0, 16},	 /* LD1RQ */
	{0xfe60e000, 0xa4200000, SCALAR, MSZ_24_23, 0, 32},	 /* LD1RO */
	{0xfe70e000, 0xa4002000, BASE_IMM4, 0, 0, 16},		 /* LD1RQ */
	{0xfe70e000, 0xa4202000, BASE_IMM4, 0, 0, 32},		 /* LD1RO */
};

static const struct form loads_64[] = {
	/* 1100010: gather to 64-bit elements */
	{0xffe0e000, 0xc400a000, VECTOR, 0, 0, 0},   /* LD1Q */
	{0xfe60e010, 0xc400e000, PREFETCH, 0, 0, 0}, /* PRF [Zn.D, #imm] */
	{0xffe08010, 0xc4608000, PREFETCH, 0, 0, 0}, /* PRF [Xn, Zm.D] */
	{0xffa08010, 0xc4200000, PREFETCH, 0, 0, 0}, /* PRF [Xn, Zm.D, UXTW] */
	{0xffa08000, 0xc4000000, VECTOR, 0, 0, 0},   /* LD1B [Xn, Zm.D, UXTW] */
	{0xff808000, 0xc4800000, VECTOR, 0, 0, 0},   /* LD1H */
	{0xff808000, 0xc5000000, VECTOR, 0, 0, 0},   /* LD1W */
	{0xff80c000, 0xc5804000, VECTOR, 0, 0, 0},   /* LD1D */
	{0xffe08000, 0xc4408000, VECTOR, 0, 0, 0},   /* LD1B [Xn, Zm.D] */
	{0xffc08000, 0xc4c08000, VECTOR, 0, 0, 0},   /* LD1H */
	{0xffc08000, 0xc5408000, VECTOR, 0, 0, 0},   /* LD1W */
	{0xffc0c000, 0xc5c0c000, VECTOR, 0, 0, 0},   /* LD1D */
	{0xff608000, 0xc4208000, VECTOR, 0, 0, 0},   /* LD1B, LD1H [Zn.D, #imm] */
	{0xffe08000, 0xc5208000, VECTOR, 0, 0, 0},   /* LD1W */
	{0xffe0c000, 0xc5a0c000, VECTOR, 0, 0, 0},   /* LD1D */
	{0xff60a000, 0xc4008000, VECTOR, 0, 0, 0},   /* LDNT1B, LDNT1H [Zn.D, Xm] */
	{0xffe0a000, 0xc5008000, VECTOR, 0, 0, 0},   /* LDNT1W */
	{0xffe0e000, 0xc580c000, VECTOR, 0, 0, 0},   /* LDNT1D */
};

/* 1110010. An element in memory is never larger than one in the register: msz <= esz, 24:21. */
static const struct form stores[] = {
	{0xffc0e010, 0xe5800000, BASE_VL9, 0, 1, 0},	   /* STR P */
	{0xffc0e000, 0xe5804000, BASE_VL9, 0, 1, 0},	   /* STR Z */
	{0xff90e000, 0xe400e000, BASE_VL4, 0, 1, 0},	   /* ST1B */
	{0xffd0e000, 0xe4c0e000, BASE_VL4, 0, 1, 0},	   /* ST1H {Z.S}, {Z.D} */
	{0xfff0e000, 0xe4a0e000, BASE_VL4, 0, 1, 0},	   /* ST1H {Z.H} */
	{0xffd0e000, 0xe540e000, BASE_VL4, 0, 1, 0},	   /* ST1W {Z.S}, {Z.D} */
	{0xfff0e000, 0xe500e000, BASE_VL4, 0, 1, 0},	   /* ST1W {Z.Q} */
	{0xffd0e000, 0xe5c0e000, BASE_VL4, 0, 1, 0},	   /* ST1D */
	{0xff80e000, 0xe4004000, SCALAR, MSZ_24_23, 1, 0}, /* ST1B */
	{0xffc0e000, 0xe4c04000, SCALAR, MSZ_24_23, 1, 0}, /* ST1H {Z.S}, {Z.D} */
	{0xffe0e000, 0xe4a04000, SCALAR, MSZ_24_23, 1, 0}, /* ST1H {Z.H} */
	{0xffc0e000, 0xe5404000, SCALAR, MSZ_24_23, 1, 0}, /* ST1W {Z.S}, {Z.D} */
	{0xffe0e000, 0xe5004000, SCALAR, MSZ_24_23, 1, 0}, /* ST1W {Z.Q} */
	{0xffc0e000, 0xe5c04000, SCALAR, MSZ_24_23, 1, 0}, /* ST1D */
	{0xfe70e000, 0xe410e000, BASE_VL4, 0, 1, 0},	   /* STNT1 */
	{0xfe70e000, 0xe430e000, BASE_VL4, 0, 2, 0},	   /* ST2 */
	{0xfe70e000, 0xe450e000, BASE_VL4, 0, 3, 0},	   /* ST3 */
	{0xfe70e000, 0xe470e000, BASE_VL4, 0, 4, 0},	   /* ST4 */
	{0xfe60e000, 0xe4006000, SCALAR, MSZ_24_23, 1, 0}, /* STNT1 */
	{0xfe60e000, 0xe4206000, SCALAR, MSZ_24_23, 2, 0}, /* ST2 */
	{0xfe60e000, 0xe4406000, SCALAR, MSZ_24_23, 3, 0}, /* ST3 */
	{0xfe60e000, 0xe4606000, SCALAR, MSZ_24_23, 4, 0}, /* ST4 */
	{0xfff0e000, 0xe4400000, BASE_VL4, 0, 2, 0},	   /* ST2Q */
	{0xfff0e000, 0xe4800000, BASE_VL4, 0, 3, 0},	   /* ST3Q */
	{0xfff0e000, 0xe4c00000, BASE_VL4, 0, 4, 0},	   /* ST4Q */
	{0xffe0e000, 0xe4600000, SCALAR, QUADS, 2, 0},	   /* ST2Q */
	{0xffe0e000, 0xe4a00000, SCALAR, QUADS, 3, 0},	   /* ST3Q */
	{0xffe0e000, 0xe4e00000, SCALAR, QUADS, 4, 0},	   /* ST4Q */
	{0xfe60a000, 0xe4008000, VECTOR, 0, 0, 0},	   /* ST1 [Xn, Zm.D, UXTW] */
	{0xffe0a000, 0xe4a08000, VECTOR, 0, 0, 0},	   /* ST1H [Xn, Zm.D, UXTW #1] */
	{0xff60a000, 0xe5208000, VECTOR, 0, 0, 0},	   /* ST1W, ST1D */
	{0xff60a000, 0xe4408000, VECTOR, 0, 0, 0},	   /* ST1B, ST1H [Xn, Zm.S] */
	{0xffe0a000, 0xe5408000, VECTOR, 0, 0, 0},	   /* ST1W */
	{0xffe0a000, 0xe4e08000, VECTOR, 0, 0, 0},	   /* ST1H [Xn, Zm.S, UXTW #1] */
	{0xffe0a000, 0xe5608000, VECTOR, 0, 0, 0},	   /* ST1W */
	{0xfe60e000, 0xe400a000, VECTOR, 0, 0, 0},	   /* ST1 [Xn, Zm.D] */
	{0xffe0e000, 0xe4a0a000, VECTOR, 0, 0, 0},	   /* ST1H [Xn, Zm.D, LSL #1] */
	{0xff60e000, 0xe520a000, VECTOR, 0, 0, 0},	   /* ST1W, ST1D */
	{0xfe60e000, 0xe440a000, VECTOR, 0, 0, 0},	   /* ST1 [Zn.D, #imm] */
	{0xff60e000, 0xe460a000, VECTOR, 0, 0, 0},	   /* ST1B, ST1H [Zn.S, #imm] */
	{0xffe0e000, 0xe560a000, VECTOR, 0, 0, 0},	   /* ST1W */
	{0xfe60e000, 0xe4002000, VECTOR, 0, 0, 0},	   /* STNT1 [Zn.D, Xm] */
	{0xff60e000, 0xe4402000, VECTOR, 0, 0, 0},	   /* STNT1B, STNT1H [Zn.S, Xm] */
	{0xffe0e000, 0xe5402000, VECTOR, 0, 0, 0},	   /* STNT1W */
	{0xffe0e000, 0xe4202000, VECTOR, 0, 0, 0},	   /* ST1Q */
};

/* Bit 21 tells stores from loads: 1010000 of SVE2.1 and SME2, 1110000 of SME. */
static const struct form both[] = {
	{0xffc08000, 0xa0000000, SCALAR_XZR, MSZ_14_13, 2, 0}, /* LD1, LDNT1 {Z, Z}, PN */
	{0xffc08002, 0xa0008000, SCALAR_XZR, MSZ_14_13, 4, 0}, /* {Z - Z} */
	{0xffd08000, 0xa0400000, BASE_VL4, 0, 2, 0},
	{0xffd08002, 0xa0408000, BASE_VL4, 0, 4, 0},
	{0xffc08000, 0xa1000000, SCALAR_XZR, MSZ_14_13, 2, 0}, /* strided registers */
	{0xffc08004, 0xa1008000, SCALAR_XZR, MSZ_14_13, 4, 0},
	{0xffd08000, 0xa1400000, BASE_VL4, 0, 2, 0},
	{0xffd08004, 0xa1408000, BASE_VL4, 0, 4, 0},
	{0xff000010, 0xe0000000, SCALAR_XZR, MSZ_23_22, 1, 0}, /* LD1 {ZA} */
	{0xffc00010, 0xe1c00000, SCALAR_XZR, QUADS, 1, 0},     /* LD1Q {ZA} */
	{0xffdf9c10, 0xe1000000, BASE_ZA, 0, 1, 0},	       /* LDR ZA */
	{0xffdffc1f, 0xe11f8000, BASE, 0, 0, ZT0_BYTES},       /* LDR ZT0 */
};

static unsigned int shift_of(const struct form *form, uint32_t raw)
{
	/* Of the element in memory, by dtype (SVE LD1). */
	static const uint8_t dtypes[16] = {0, 0, 0, 0, 2, 1, 1, 1, 1, 1, 2, 2, 0, 0, 0, 3};

	switch (form->shift) {
	case DTYPE_24_21:
		return dtypes[insn_bits(raw, 24, 21)];
	case DTYPE_24_23_14_13:
		return dtypes[insn_bits(raw, 24, 23) << 2 | insn_bits(raw, 14, 13)];
	case MSZ_24_23:
		return insn_bits(raw, 24, 23);
	case MSZ_23_22:
		return insn_bits(raw, 23, 22);
	case MSZ_14_13:
		return insn_bits(raw, 14, 13);
	default:
		return form->shift;
	}
}

/* The immediate counts vectors, whose length is not known: it must be zero. */
static bool is_at_base(const struct form *form, uint32_t raw)
{
	switch (form->mode) {
	case BASE_VL4:
		return insn_bits(raw, 19, 16) == 0;
	case BASE_VL9:
		return insn_bits(raw, 21, 16) == 0 && insn_bits(raw, 12, 10) == 0;
	case BASE_ZA:
		return insn_bits(raw, 3, 0) == 0;
	default:
		return true;
	}
}

static void add_address(struct insn *insn, const struct form *form)
{
	uint32_t raw = insn->raw, rm = insn_bits(raw, 20, 16);
	struct insn_address *address;
	int64_t offset = 0;

	insn->base_reg = (int)insn_bits(raw, 9, 5);
	if (!is_at_base(form, raw))
		return;
	if (form->mode == BASE_IMM4)
		offset = insn_signed(raw, 19, 16) * form->bytes;
	else if (form->mode == BASE_IMM6)
		offset = (int64_t)insn_bits(raw, 21, 16) * insn->access_bytes;
	address = insn_a64_add_base(insn, offset);
	if (form->vectors)
		address->reach = form->vectors * VECTOR_MAX;
	if ((form->mode == SCALAR || form->mode == SCALAR_XZR) && rm != A64_ZERO_REG) {
		address->index = (int16_t)rm;
		address->amount = (uint8_t)shift_of(form, raw);
	}
}

static void classify_form(struct insn *insn, const struct form *form, bool store)
{
	uint32_t bytes = form->bytes;
	bool has_scalar = form->mode == SCALAR || (form->mode == PREFETCH && form->shift);

	if (has_scalar && insn_bits(insn->raw, 20, 16) == A64_ZERO_REG)
		return;
	if (form->mode == PREFETCH) {
		insn_set_access(insn, INSN_PREFETCH, false, false, 0);
		return;
	}
	if (form->mode == BASE_IMM6)
		bytes = 1U << shift_of(form, insn->raw);
	insn_set_access(insn, INSN_SVE_SME, !store, store, bytes);
	if (form->mode != VECTOR)
		add_address(insn, form);
}

static void classify_space(struct insn *insn, const struct form *forms, size_t n, bool store)
{
	for (size_t i = 0; i < n; i++) {
		if ((insn->raw & forms[i].mask) == forms[i].value) {
			classify_form(insn, &forms[i], store);
			return;
		}
	}
}

#define CLASSIFY(insn, forms, store) \
	classify_space(insn, forms, sizeof(forms) / sizeof((forms)[0]), store)

bool insn_classify_a64_scalable(struct insn *insn)
{
	switch (insn_bits(insn->raw, 31, 25)) {
	case 0x42:
		CLASSIFY(insn, loads_32, false);
		return true;
	case 0x50:
	case 0x70:
		CLASSIFY(insn, both, insn_bit(insn->raw, 21));
		return true;
	case 0x52:
		CLASSIFY(insn, loads, false);
		return true;
	case 0x62:
		CLASSIFY(insn, loads_64, false);
		return true;
	case 0x72:
		CLASSIFY(insn, stores, true);
		return true;
	default:
		return false;
	}
}
