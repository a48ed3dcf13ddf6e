/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/unit/unit.h"

#include <errno.h>

#include "daemon/core/signature.h"
#include "daemon/core/words.h"

static void sizes(void **state)
{
	(void)state;
	assert_string_equal(words_size(0).s, "0 bytes");
	assert_string_equal(words_size(1).s, "1 byte");
	assert_string_equal(words_size(16 << 20).s, "16 MiB");
	assert_string_equal(words_size(1024).s, "1 KiB");
	assert_string_equal(words_size(1025).s, "1025 bytes");
	assert_string_equal(words_size(1537ULL << 20).s, "1537 MiB");
	assert_string_equal(words_size((100ULL << 20) + 512).s, "100.0 MiB");
	assert_string_equal(words_size((100ULL << 30) - (1 << 20)).s, "99.9 GiB");
	assert_string_equal(words_size(1ULL << 63).s, "8 EiB");
	assert_string_equal(words_size(UINT64_MAX).s, "15.9 EiB");
	assert_string_equal(words_range(0x40000000, 16 << 20).s, "0x40000000-0x41000000 (16 MiB)");
}

static void numbers_have_names(void **state)
{
	(void)state;
	assert_string_equal(words_errno(-ENOSYS).s, "ENOSYS");
	assert_string_equal(words_errno(EFAULT).s, "EFAULT");
	assert_string_equal(words_errno(-999).s, "errno 999");
	assert_string_equal(words_errno(INT32_MIN).s, "errno 2147483648");
	assert_string_equal(words_exit(28).s, "KVM_EXIT_ARM_NISV");
	assert_string_equal(words_exit(41).s, "KVM_EXIT_ARM_SEA");
	assert_string_equal(words_exit(5).s, "exit reason 5");
}

static void a_text_is_cut_at_its_end(void **state)
{
	char buf[8];
	struct text text = text_begin(buf, sizeof(buf));

	(void)state;
	assert_string_equal(buf, "");
	text_add(&text, "%s", "abc");
	text_add(&text, "%d", 12345678);
	assert_string_equal(buf, "abc1234");
	text_add(&text, "more");
	assert_string_equal(buf, "abc1234");
}

static void the_hash_is_fnv1a_128(void **state)
{
	struct signature s = signature_begin();
	char hex[33];

	(void)state;
	signature_end(&s, hex);
	assert_string_equal(hex, "6c62272e07bb014262b821756295c58d");
	/* "foobar" with its terminating NUL, computed from the definition. */
	signature_add_text(&s, "foobar");
	signature_end(&s, hex);
	assert_string_equal(hex, "e01fcf9a454ff78da540f1b23234b288");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(numbers_have_names),
		cmocka_unit_test(a_text_is_cut_at_its_end),
		cmocka_unit_test(the_hash_is_fnv1a_128),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
