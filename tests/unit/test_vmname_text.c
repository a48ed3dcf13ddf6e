/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Names are printable and bounded, whatever bytes they are made of. */

#include "tests/unit/unit.h"

#include "daemon/core/vmname.h"

static struct vmname vm;

/* A QEMU that calls itself @text. */
#define NAMED(text)                                           \
	vmname_parse(&vm, "qemu-system-x86_64\0-name\0" text, \
		     sizeof("qemu-system-x86_64\0-name\0" text), "q")

static void control_characters_are_escaped(void **state)
{
	(void)state;
	NAMED("a\033[31mb\n\x7f");
	assert_string_equal(vm.name, "a\\x1b[31mb\\x0a\\x7f");
	NAMED("\xc3\xa9t\xc3\xa9"); /* valid UTF-8 stays */
	assert_string_equal(vm.name, "\xc3\xa9t\xc3\xa9");
	NAMED("\xff\xc0\xaf\xed\xa0\x80."); /* not UTF-8 */
	assert_string_equal(vm.name, "\\xff\\xc0\\xaf\\xed\\xa0\\x80.");
	NAMED("x\xe2\x80\xaey\xc2\x85"); /* bidi override, NEL */
	assert_string_equal(vm.name, "x\\xe2\\x80\\xaey\\xc2\\x85");
	NAMED("\xf0\x9f\x98\x80");
	assert_string_equal(vm.name, "\xf0\x9f\x98\x80");
	NAMED("\xf0\x9f\x98"); /* cut */
	assert_string_equal(vm.name, "\\xf0\\x9f\\x98");
}

static void long_names_are_cut_between_characters(void **state)
{
	char line[2000] = "qemu-system-x86_64\0-name";
	size_t at = 25;

	(void)state;
	for (int i = 0; i < 300; i++) {
		line[at++] = (char)0xc3;
		line[at++] = (char)0xa9;
	}
	vmname_parse(&vm, line, at + 1, "q");
	assert_int_equal(strlen(vm.name), VMNAME_MAX - 2); /* 63 characters of 2 bytes */

	memset(line + 25, '\1', 600);
	vmname_parse(&vm, line, 626, "q");
	assert_int_equal(strlen(vm.name), 124); /* 31 escapes of 4 */
}

static void sanitize_respects_the_size(void **state)
{
	char buf[4] = "zzz";

	(void)state;
	vmname_sanitize(buf, 0, "abc", 3);
	assert_string_equal(buf, "zzz");
	vmname_sanitize(buf, 1, "abc", 3);
	assert_string_equal(buf, "");
	vmname_sanitize(buf, sizeof(buf), "\n", 1); /* an escape needs five */
	assert_string_equal(buf, "");
	vmname_sanitize(buf, sizeof(buf), "abcdef", 6);
	assert_string_equal(buf, "abc");
	vmname_sanitize(buf, sizeof(buf), "a\0b", 3);
	assert_string_equal(buf, "a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(control_characters_are_escaped),
		cmocka_unit_test(long_names_are_cut_between_characters),
		cmocka_unit_test(sanitize_respects_the_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
