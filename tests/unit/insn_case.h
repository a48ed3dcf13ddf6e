/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_INSN_CASE_H
#define NISVD_TESTS_INSN_CASE_H

/*
 * Tables of instructions with what is expected of each. Encodings come from LLVM 22's and GNU's
 * assemblers, addresses from the operands as those print them and the registers below.
 */

#include <inttypes.h>

#include "daemon/core/insn_address.h"
#include "tests/unit/unit.h"

enum insn_direction {
	NONE = 0,
	LOAD = 1,
	STORE = 2,
	BOTH = 3
};

#define NO_ADDRESS UINT64_MAX

struct insn_case {
	const char *what;
	const char *bytes; /* in hexadecimal */
	enum insn_class class;
	enum insn_direction direction;
	uint32_t access_bytes;
	int base_reg;
	uint64_t address; /* the first one */
};

/* All registers differ, and no two of them are near each other. */
static inline struct insn_registers insn_case_registers(enum insn_isa isa)
{
	bool is_narrow = isa == ISA_A32 || isa == ISA_T32;
	struct insn_registers registers = {.sp = 0x7fff0000, .has_sp = true, .pc = 0x40080000};

	for (uint64_t i = 0; i < ARRAY_SIZE(registers.gpr); i++)
		registers.gpr[i] = is_narrow ? (i + 1) * 0x01000000 + i * 0x40
					     : (i + 1) * 0x1000000000 + i * 0x10000 + i * 0x40;
	return registers;
}

/* In a block of their own size, so that a sanitizer sees what is read beyond them; to be freed. */
static inline uint8_t *insn_case_bytes(const char *hex, size_t *ret_len)
{
	size_t len = strlen(hex) / 2;
	uint8_t *bytes = malloc(len ? len : 1);

	assert_non_null(bytes);
	for (size_t i = 0; i < len; i++) {
		char digits[3] = {hex[2 * i], hex[2 * i + 1]};

		bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	*ret_len = len;
	return bytes;
}

static inline bool insn_case_is_described(enum insn_class class)
{
	return class == INSN_SINGLE || class == INSN_LITERAL || class == INSN_UNPRIVILEGED ||
	       class == INSN_ACQUIRE_RELEASE || class == INSN_LS64;
}

static inline struct insn insn_case_check(enum insn_isa isa, const struct insn_case *expected)
{
	struct insn_registers registers = insn_case_registers(isa);
	size_t len;
	uint8_t *bytes = insn_case_bytes(expected->bytes, &len);
	struct insn insn = insn_decode(isa, bytes, len, registers.pc);
	uint64_t address = NO_ADDRESS;

	insn_address(&insn, 0, &registers, &address);
	if (insn.class != expected->class || address != expected->address ||
	    (insn.is_load | insn.is_store << 1) != (int)expected->direction ||
	    insn.access_bytes != expected->access_bytes || insn.base_reg != expected->base_reg ||
	    insn.isv_possible != insn_case_is_described(expected->class))
		fail_msg("%s: %s, direction %d, %u bytes, base %d, address 0x%" PRIx64
			 "; expected %s, %d, %u, %d, 0x%" PRIx64,
			 expected->what, insn_class_name(insn.class),
			 insn.is_load | insn.is_store << 1, insn.access_bytes, insn.base_reg,
			 address, insn_class_name(expected->class), expected->direction,
			 expected->access_bytes, expected->base_reg, expected->address);
	assert_true(insn.text[0]);
	assert_true(insn.class == INSN_UNKNOWN || insn.length == len);
	free(bytes);
	return insn;
}

#endif
