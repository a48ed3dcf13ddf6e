/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Our class tables against capstone's, over random words: who accesses memory, which way, from
 * which base. Where they differ one of the two does not know the word, for a reason that is told
 * below.
 */

#include <capstone/capstone.h>

#include "daemon/core/insn.h"
#include "tests/unit/unit.h"

#define WORDS 150000

enum view {
	NOT_DECODED,
	NO_ACCESS,
	ACCESS,
	HINT /* PRFM, PLD, PLI */
};

struct seen {
	enum view view;
	bool is_load, is_store;
	int base; /* as struct insn's; -2: it names none */
};

static bool starts_with(const char *text, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strncmp(text, list[i], strlen(list[i])))
			return true;
	return false;
}

static int base_of(csh handle, unsigned int reg, enum insn_isa isa)
{
	/* R9 and on, as Arm's procedure call standard has them. */
	static const char *const names[] = {"sb", "sl", "fp", "ip", "sp", "lr"};
	const char *name = cs_reg_name(handle, reg);

	if (!name || !strcmp(name, "pc"))
		return -1;
	if (isa == ISA_A64)
		return strcmp(name, "sp") ? atoi(name + 1) : INSN_REG_SP;
	for (int i = 0; i < (int)ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return 9 + i;
	return atoi(name + 1);
}

/* Capstone gives literals and register lists no memory operand: their mnemonics tell. */
static void set_direction(struct seen *seen, const char *mnemonic, enum insn_isa isa)
{
	static const char *const loads[] = {"ld", "vld", "pop", "vpop", "rfe", "fld", "tbb", "tbh"};
	static const char *const stores[] = {"st", "vst", "push", "vpush", "srs", "fst"};
	static const char *const both[] = {"swp",   "cas",   "ldadd", "ldclr", "ldeor",
					   "ldset", "ldsm",  "ldum",  "stadd", "stclr",
					   "steor", "stset", "stsm",  "stum"};
	size_t n_both = isa == ISA_A64 ? ARRAY_SIZE(both) : 1;
	bool is_both = starts_with(mnemonic, both, n_both);

	seen->is_load =
		is_both || starts_with(mnemonic, loads, isa == ISA_A64 ? 1 : ARRAY_SIZE(loads));
	seen->is_store =
		is_both || starts_with(mnemonic, stores, isa == ISA_A64 ? 1 : ARRAY_SIZE(stores));
}

static struct seen view_of(csh handle, const cs_insn *decoded, enum insn_isa isa)
{
	static const char *const hints[] = {"prf", "pld", "pli"};
	struct seen seen = {.base = -2};

	if (starts_with(decoded->mnemonic, hints, ARRAY_SIZE(hints))) {
		seen.view = HINT;
		return seen;
	}
	set_direction(&seen, decoded->mnemonic, isa);
	seen.view = seen.is_load || seen.is_store ? ACCESS : NO_ACCESS;
	if (isa == ISA_A64) {
		const cs_arm64 *arm64 = &decoded->detail->arm64;

		for (uint8_t i = 0; i < arm64->op_count; i++)
			if (arm64->operands[i].type == ARM64_OP_MEM)
				seen.base = base_of(handle, arm64->operands[i].mem.base, isa);
	} else {
		const cs_arm *arm = &decoded->detail->arm;

		for (uint8_t i = 0; i < arm->op_count; i++)
			if (arm->operands[i].type == ARM_OP_MEM)
				seen.base = base_of(handle, arm->operands[i].mem.base, isa);
	}
	return seen;
}

/*
 * Capstone 4 does not know: extensions since Armv8.1, writeback of the register that is
 * transferred, PLDW of a literal, and SWP in Armv8.
 */
static bool may_be_ours_alone(const struct insn *insn)
{
	if (insn->isa == ISA_A64)
		return insn->class != INSN_SINGLE && insn->class != INSN_LITERAL;
	if (insn->isa == ISA_A32)
		return insn->class == INSN_ATOMIC;
	return insn->class == INSN_PREFETCH;
}

static void compare(const struct insn *insn, const struct seen *seen, uint32_t raw,
		    const char *text, size_t agreed[2])
{
	bool is_access = insn->is_load || insn->is_store;
	bool is_right;

	switch (seen->view) {
	case NOT_DECODED:
		is_right = (!is_access && insn->class != INSN_PREFETCH) || may_be_ours_alone(insn);
		break;
	case HINT:
		is_right = insn->class == INSN_PREFETCH;
		break;
	case NO_ACCESS:
		is_right = !is_access;
		break;
	default:
		/* Unknown: what the Arm ARM calls unpredictable, and LDC, STC of Armv7. */
		is_right = insn->class == INSN_UNKNOWN ||
			   (insn->is_load == seen->is_load && insn->is_store == seen->is_store &&
			    (seen->base == -2 || insn->base_reg == seen->base));
		agreed[insn->class != INSN_UNKNOWN]++;
	}
	if (!is_right)
		fail_msg("%s 0x%08x: ours is %s, capstone's is `%s`",
			 insn->isa == ISA_A64	? "A64"
			 : insn->isa == ISA_A32 ? "A32"
						: "T32",
			 raw, insn_class_name(insn->class), text);
}

/* Every other word is from where the loads and stores are. */
static uint32_t random_word(enum insn_isa isa, int i, uint64_t *seed)
{
	static const uint32_t groups[] = {0, 2, 3, 4, 6}; /* A32, bits 27:25 */
	uint32_t raw = unit_random(seed);

	if (!(i & 1))
		return raw;
	if (isa == ISA_A64)
		return (raw | 0x08000000) & ~0x02000000U;
	if (isa == ISA_A32)
		return (raw & 0xf1ffffff) | groups[i / 2 % 5] << 25 | (i / 2 % 5 ? 0 : 0x90);
	return (raw & 0xffff01ff) | (i & 2 ? 0xe800 : 0xf800); /* first halfword below */
}

static void sweep(enum insn_isa isa, cs_arch arch, cs_mode mode)
{
	uint64_t seed = 7;
	size_t agreed[2] = {0};
	csh handle;
	cs_insn *decoded;

	assert_int_equal(cs_open(arch, mode, &handle), CS_ERR_OK);
	cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON);
	decoded = cs_malloc(handle);
	assert_non_null(decoded);
	for (int i = 0; i < WORDS; i++) {
		uint32_t raw = random_word(isa, i, &seed);
		const uint8_t bytes[] = {(uint8_t)raw, (uint8_t)(raw >> 8), (uint8_t)(raw >> 16),
					 (uint8_t)(raw >> 24)};
		const uint8_t *code = bytes;
		size_t len = sizeof(bytes);
		uint64_t pc = 0;
		struct insn insn = insn_classify(isa, bytes, sizeof(bytes));
		struct seen seen = {.view = NOT_DECODED};
		bool is_known = cs_disasm_iter(handle, &code, &len, &pc, decoded);

		if (is_known)
			seen = view_of(handle, decoded, isa);
		compare(&insn, &seen, raw, is_known ? decoded->mnemonic : "", agreed);
	}
	cs_free(decoded, 1);
	cs_close(&handle);
	/* The sample is broad enough to mean something, and "unknown" is the exception. */
	assert_true(agreed[1] > WORDS / 8);
	assert_true(agreed[0] < agreed[1] / 2);
}

static void a64(void **state)
{
	(void)state;
	sweep(ISA_A64, CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN);
}

static void a32(void **state)
{
	(void)state;
	sweep(ISA_A32, CS_ARCH_ARM, CS_MODE_ARM | CS_MODE_V8);
}

static void t32(void **state)
{
	(void)state;
	sweep(ISA_T32, CS_ARCH_ARM, CS_MODE_THUMB | CS_MODE_V8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a64),
		cmocka_unit_test(a32),
		cmocka_unit_test(t32),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
