/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/core/insn_atomic.h"

#include <stdio.h>

/*
 * Encodings: Arm ARM DDI 0487, C4.1 "Loads and stores": atomic memory operations; compare and swap;
 * compare and swap pair.
 */
#define LSE_MASK   0x3b200c00U
#define LSE_BITS   0x38200000U
#define CAS_MASK   0x3fa07c00U
#define CAS_BITS   0x08a07c00U
#define CASP_MASK  0xbfa07c00U
#define CASP_BITS  0x08207c00U
#define ZERO_REG   31U
#define SIZE_64	   3U
#define SWP_OPCODE 8U /* o3:opc */

struct fields {
	unsigned int size, acquire, release, rs, rn, rt;
};

struct name {
	char s[4];
};

static struct name reg(bool is_64, unsigned int number)
{
	struct name name;

	if (number == ZERO_REG)
		snprintf(name.s, sizeof(name.s), "%czr", is_64 ? 'x' : 'w');
	else
		snprintf(name.s, sizeof(name.s), "%c%u", is_64 ? 'x' : 'w', number % 31);
	return name;
}

/* A base register of 31 is the stack pointer. */
static struct name base(unsigned int number)
{
	struct name sp = {"sp"};

	return number == ZERO_REG ? sp : reg(true, number);
}

static const char *order(const struct fields *f)
{
	static const char *const names[] = {"", "l", "a", "al"};

	return names[f->acquire << 1 | f->release];
}

static const char *width(const struct fields *f)
{
	return f->size == 0 ? "b" : f->size == 1 ? "h" : "";
}

static bool lse_text(uint32_t raw, const struct fields *f, char *buf, size_t size)
{
	static const char *const names[] = {"add",  "clr",  "eor",  "set",
					    "smax", "smin", "umax", "umin"};
	unsigned int opcode = raw >> 12 & 15;
	bool is_64 = f->size == SIZE_64;

	if (opcode > SWP_OPCODE)
		return false;
	if (opcode == SWP_OPCODE)
		snprintf(buf, size, "swp%s%s %s, %s, [%s]", order(f), width(f), reg(is_64, f->rs).s,
			 reg(is_64, f->rt).s, base(f->rn).s);
	else if (f->rt == ZERO_REG && !f->acquire)
		snprintf(buf, size, "st%s%s%s %s, [%s]", names[opcode], order(f), width(f),
			 reg(is_64, f->rs).s, base(f->rn).s);
	else
		snprintf(buf, size, "ld%s%s%s %s, %s, [%s]", names[opcode], order(f), width(f),
			 reg(is_64, f->rs).s, reg(is_64, f->rt).s, base(f->rn).s);
	return true;
}

static bool casp_text(uint32_t raw, const struct fields *f, char *buf, size_t size)
{
	bool is_64 = raw >> 30 & 1;

	/* Both pairs begin with an even register. */
	if (f->rs & 1 || f->rt & 1)
		return false;
	snprintf(buf, size, "casp%s %s, %s, %s, %s, [%s]", order(f), reg(is_64, f->rs).s,
		 reg(is_64, f->rs + 1).s, reg(is_64, f->rt).s, reg(is_64, f->rt + 1).s,
		 base(f->rn).s);
	return true;
}

bool insn_atomic_text(uint32_t raw, char *buf, size_t size)
{
	struct fields f = {
		.size = raw >> 30,
		.rs = raw >> 16 & 31,
		.rn = raw >> 5 & 31,
		.rt = raw & 31,
	};

	if ((raw & LSE_MASK) == LSE_BITS) {
		f.acquire = raw >> 23 & 1;
		f.release = raw >> 22 & 1;
		return lse_text(raw, &f, buf, size);
	}
	f.acquire = raw >> 22 & 1;
	f.release = raw >> 15 & 1;
	if ((raw & CASP_MASK) == CASP_BITS)
		return casp_text(raw, &f, buf, size);
	if ((raw & CAS_MASK) != CAS_BITS)
		return false;
	snprintf(buf, size, "cas%s%s %s, %s, [%s]", order(&f), width(&f),
		 reg(f.size == SIZE_64, f.rs).s, reg(f.size == SIZE_64, f.rt).s, base(f.rn).s);
	return true;
}
