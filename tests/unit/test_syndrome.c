/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/unit/unit.h"

#include "daemon/core/syndrome.h"

static const struct syndrome_field *find(const struct syndrome_field *fields, size_t n,
					 const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(fields[i].name, name))
			return &fields[i];
	return NULL;
}

/* A write by the table walker into read-only flash: seen on a real host with a 4.14 kernel. */
static void walk_of_a_table_in_flash(void **state)
{
	struct syndrome s = syndrome_decode(0x920000c7);

	(void)state;
	assert_int_equal(s.ec, SYNDROME_EC_DABT_LOWER);
	assert_true(s.is_abort && !s.is_iabt && s.il && !s.isv && s.s1ptw && s.wnr && !s.cm);
	assert_int_equal(s.fsc, 0x07);
	assert_int_equal(s.level, 3);
}

static void described_load(void **state)
{
	struct syndrome s = syndrome_decode(0x93c08006);

	(void)state;
	assert_true(s.isv && s.sf && !s.sse && !s.ar && !s.wnr && !s.fnp);
	assert_int_equal(s.sas_bytes, 8);
	assert_int_equal(s.srt, 0);
	assert_int_equal(s.fsc, 0x06);
	assert_int_equal(s.level, 2);
}

/* The values of the guest actions, as measured on five kernels. */
static void measured_syndromes(void **state)
{
	struct syndrome s;

	(void)state;
	s = syndrome_decode(0x92000005); /* ldp of nothing */
	assert_true(s.is_abort && !s.isv && !s.wnr && s.level == 1);
	s = syndrome_decode(0x92000045); /* stp to nothing */
	assert_true(!s.isv && s.wnr);
	s = syndrome_decode(0x93810005); /* ldr w1 of nothing */
	assert_true(s.isv && s.sas_bytes == 4 && s.srt == 1 && !s.sf);
	s = syndrome_decode(0x82000005); /* fetch from nothing */
	assert_true(s.is_iabt && s.is_abort && !s.isv && !s.wnr);
	s = syndrome_decode(0x92000086);
	assert_true(s.s1ptw && !s.is_iabt);
	s = syndrome_decode(0x82000086);
	assert_true(s.s1ptw && s.is_iabt);
	s = syndrome_decode(0xffffffff96000010); /* sign-extended by one Debian kernel */
	assert_int_equal(s.ec, SYNDROME_EC_DABT_SAME);
	assert_int_equal(s.fsc, 0x10);
}

static void bits_that_share_a_place(void **state)
{
	struct syndrome s;

	(void)state;
	s = syndrome_decode(0x92000005 | 1 << 15); /* ISV = 0: FnP, not SF */
	assert_true(s.fnp && !s.sf);
	s = syndrome_decode(0x92000010 | 1 << 10);
	assert_true(s.fnv);
	s = syndrome_decode(0x92000005 | 1 << 10); /* FnV counts with fault status 0x10 only */
	assert_false(s.fnv);
	s = syndrome_decode(0x82000005 | 1 << 8 | 1 << 24); /* no such fields in an IABT */
	assert_false(s.cm || s.isv);
	s = syndrome_decode(0x93c00006 | 2 << 11);
	assert_int_equal(s.set_lst, 2);
	s = syndrome_decode(0x20092000005);
	assert_int_equal(s.iss2, 0x200);
}

static void fault_status_codes(void **state)
{
	static const struct {
		uint32_t fsc;
		const char *name;
	} codes[] = {
		{0x00, "address size fault, level 0"},
		{0x07, "translation fault, level 3"},
		{0x09, "access flag fault, level 1"},
		{0x0f, "permission fault, level 3"},
		{0x10, "synchronous external abort"},
		{0x11, "tag check fault"},
		{0x12, "synchronous external abort on a table walk, level -2"},
		{0x13, "synchronous external abort on a table walk, level -1"},
		{0x17, "synchronous external abort on a table walk, level 3"},
		{0x1b, "parity or ECC error on a table walk, level -1"},
		{0x1f, "parity or ECC error on a table walk, level 3"},
		{0x21, "alignment fault"},
		{0x23, "granule protection fault on a table walk, level -1"},
		{0x27, "granule protection fault on a table walk, level 3"},
		{0x28, "granule protection fault"},
		{0x29, "address size fault, level -1"},
		{0x2a, "translation fault, level -2"},
		{0x2b, "translation fault, level -1"},
		{0x2c, "address size fault, level -2"},
		{0x30, "TLB conflict abort"},
		{0x35, "unsupported exclusive or atomic access"},
		{0x3f, "reserved fault status 0x3f"},
	};
	char buf[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		assert_string_equal(syndrome_fsc_name(codes[i].fsc, buf, sizeof(buf)),
				    codes[i].name);
}

static void fields_tell_what_applies(void **state)
{
	struct syndrome_field fields[SYNDROME_FIELDS_MAX];
	size_t n;

	(void)state;
	n = syndrome_fields(0x92000045, fields);
	assert_string_equal(find(fields, n, "EC")->value, "0x24");
	assert_string_equal(find(fields, n, "EC")->meaning,
			    "Data Abort from a lower Exception level");
	assert_string_equal(find(fields, n, "ISV")->value, "0");
	assert_string_equal(find(fields, n, "WnR")->meaning, "write");
	assert_string_equal(find(fields, n, "DFSC")->meaning, "translation fault, level 1");
	assert_null(find(fields, n, "SRT"));
	assert_null(find(fields, n, "FnV"));

	n = syndrome_fields(0x93c08006, fields);
	assert_string_equal(find(fields, n, "SAS")->value, "0x3");
	assert_string_equal(find(fields, n, "SRT")->meaning, "register x0");
	assert_string_equal(find(fields, n, "SF")->meaning, "64-bit register");

	n = syndrome_fields(0x82000005, fields);
	assert_non_null(find(fields, n, "IFSC"));
	assert_null(find(fields, n, "WnR"));

	n = syndrome_fields(0x5a000000, fields); /* HVC: no abort */
	assert_string_equal(find(fields, n, "EC")->meaning, "HVC instruction (AArch64)");
	assert_non_null(find(fields, n, "ISS"));
	assert_null(find(fields, n, "ISV"));
}

/* Whatever the bits: no overflow, and every field has its three texts. */
static void any_value_can_be_shown(void **state)
{
	uint64_t seed = 7;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		uint64_t esr = (uint64_t)unit_random(&seed) << 32 | unit_random(&seed);
		struct syndrome_field fields[SYNDROME_FIELDS_MAX];
		char buf[24];
		size_t n;

		if (i & 1) /* an abort */
			esr = (esr & ~0xfc000000ULL) | (i & 2 ? 0x90000000 : 0x80000000);
		n = syndrome_fields(esr, fields);
		assert_in_range(n, 2, SYNDROME_FIELDS_MAX);
		for (size_t j = 0; j < n; j++)
			assert_true(fields[j].name[0] && fields[j].value[0] &&
				    fields[j].meaning[0]);
		assert_true(strlen(syndrome_summary(esr, buf, sizeof(buf))) < sizeof(buf));
	}
	assert_string_equal(syndrome_ec_name(0x3f), "reserved");
	assert_string_equal(syndrome_ec_name(1000), "reserved");
}

static void summaries_are_one_sentence(void **state)
{
	char buf[200];

	(void)state;
	assert_string_equal(syndrome_summary(0x92000005, buf, sizeof(buf)),
			    "Data Abort from a lower Exception level: read, not described (ISV=0), "
			    "translation fault, level 1");
	assert_string_equal(syndrome_summary(0x93810045, buf, sizeof(buf)),
			    "Data Abort from a lower Exception level: write of 4 bytes from w1, "
			    "described (ISV=1), translation fault, level 1");
	assert_contains(syndrome_summary(0x82000086, buf, sizeof(buf)), "on a stage-1 table walk");
	assert_contains(syndrome_summary(0x92000144, buf, sizeof(buf)), "cache maintenance");
	assert_string_equal(syndrome_summary(0x5a000000, buf, sizeof(buf)),
			    "HVC instruction (AArch64)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walk_of_a_table_in_flash),
		cmocka_unit_test(described_load),
		cmocka_unit_test(measured_syndromes),
		cmocka_unit_test(bits_that_share_a_place),
		cmocka_unit_test(fault_status_codes),
		cmocka_unit_test(fields_tell_what_applies),
		cmocka_unit_test(any_value_can_be_shown),
		cmocka_unit_test(summaries_are_one_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
