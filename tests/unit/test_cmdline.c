/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/unit/unit.h"

#include "daemon/core/cmdline.h"

static struct cmdline_text text(const char *s)
{
	return (struct cmdline_text){s, strlen(s)};
}

#define assert_text(actual, expected)                                                    \
	do {                                                                             \
		struct cmdline_text a_ = (actual);                                       \
		if (!cmdline_is(a_, expected))                                           \
			fail_msg("\"%.*s\" is not \"%s\"", (int)a_.len, a_.s, expected); \
	} while (0)

static void arguments_end_at_nul(void **state)
{
	struct cmdline args = cmdline_begin("a\0\0bc", 5, false);
	struct cmdline_text arg;

	(void)state;
	assert_true(cmdline_take(&args, &arg));
	assert_text(arg, "a");
	assert_true(cmdline_take(&args, &arg));
	assert_text(arg, "");
	assert_true(cmdline_take(&args, &arg));
	assert_text(arg, "bc");
	assert_false(cmdline_take(&args, &arg));

	args = cmdline_begin("a\0bc", 4, true);
	assert_true(cmdline_take(&args, &arg));
	assert_false(cmdline_take(&args, &arg)); /* "bc" may go on */
	args = cmdline_begin("a\0bc", 5, true);
	assert_true(cmdline_take(&args, &arg));
	assert_true(cmdline_take(&args, &arg));
	args = cmdline_begin(NULL, 0, false);
	assert_false(cmdline_take(&args, &arg));

	assert_text(cmdline_basename(text("/a/b")), "b");
	assert_text(cmdline_basename(text("/a/")), "");
	assert_text(cmdline_basename(text("b")), "b");
	assert_text(cmdline_basename(text("")), "");
}

static const char *options_of(const char *vmm, const struct cmdline_option *table, const char *line,
			      size_t len)
{
	static char found[256];
	struct cmdline_options options = {.args = cmdline_begin(line, len, false)};
	struct cmdline_text value;
	size_t n = 0;
	int meaning;

	found[0] = '\0';
	while (cmdline_next_option(&options, cmdline_style(vmm), table, &meaning, &value))
		n += (size_t)snprintf(found + n, sizeof(found) - n, "%c%.*s ", meaning,
				      (int)value.len, value.s);
	return found;
}

#define OPTIONS(vmm, line) options_of(vmm, table, line, sizeof(line) - 1)

static void options_take_their_values(void **state)
{
	static const struct cmdline_option table[] = {
		{"-m", 'm', CMDLINE_VALUE},
		{"--flag", 'f', CMDLINE_FLAG},
		{"--zone", 'z', CMDLINE_VALUES},
		{"-name", 'n', CMDLINE_VALUE},
		{},
	};

	(void)state;
	assert_string_equal(OPTIONS("qemu", "-m\0001\0--m\0002\0-x\0-m"), "m1 m2 ");
	assert_string_equal(OPTIONS("qemu", "-append\0-m\0--append\0-name\0-m=1"), "n-m=1 ");
	assert_string_equal(OPTIONS("unknown", "--m\0002\0-name=x\0-m\0003"), "m3 ");
	assert_string_equal(OPTIONS("cloud-hypervisor", "--flag\0--zone\0a\0b\0-x\0c\0--zone=d\0e"),
			    "f za zb zd ze ");
	assert_string_equal(OPTIONS("kvmtool", "-m1\0-m=2\0-m\0003\0--zone4\0--flagged"),
			    "m1 m2 m3 ");
	assert_string_equal(OPTIONS("crosvm", "-m1\0-p\0-m\0--zone"), "");
}

static void assert_next_pair(struct cmdline_text *list, const char *key, const char *value)
{
	struct cmdline_pair pair;

	assert_true(cmdline_take_pair(CMDLINE_QEMU, list, &pair));
	assert_text(pair.key, key);
	assert_text(pair.value, value);
}

static void lists_have_pairs(void **state)
{
	struct cmdline_text list = text("a,,b=c,d,e=f=g,,h,i="), value;
	struct cmdline_pair pair;

	(void)state;
	assert_next_pair(&list, "a,,b", "c");
	assert_next_pair(&list, "", "d");
	assert_next_pair(&list, "e", "f=g,,h");
	assert_next_pair(&list, "i", "");
	assert_false(cmdline_take_pair(CMDLINE_QEMU, &list, &pair));

	list = text("x=[1,[2,3],y=4],\"q,=\"=5,y=6,]y=7");
	assert_true(cmdline_find(CMDLINE_BRACKETS, list, "x", false, &value));
	assert_text(value, "[1,[2,3],y=4]");
	assert_text(cmdline_unbracket(value), "1,[2,3],y=4");
	assert_text(cmdline_unbracket(text("[")), "[");
	assert_true(cmdline_find(CMDLINE_BRACKETS, list, "y", false, &value));
	assert_text(value, "6");

	assert_true(cmdline_find(CMDLINE_QEMU, text("a,b=1,b=2"), "b", true, &value));
	assert_text(value, "2");
	assert_true(cmdline_find(CMDLINE_QEMU, text("a,c=1"), "b", true, &value));
	assert_text(value, "a");
	assert_false(cmdline_find(CMDLINE_QEMU, text("a,c=1"), "b", false, &value));
	assert_false(cmdline_find(CMDLINE_QEMU, text("c=1,a"), "b", true, &value));
	assert_false(cmdline_find(CMDLINE_QEMU, text(""), "b", true, &value));
}

static void numbers_are_whole(void **state)
{
	uint64_t n = 77;
	bool on = false;

	(void)state;
	assert_false(cmdline_number(text(""), &n));
	assert_false(cmdline_number(text("0x"), &n));
	assert_false(cmdline_number(text("12 "), &n));
	assert_false(cmdline_number(text("-1"), &n));
	assert_false(cmdline_number(text("18446744073709551616"), &n));
	assert_false(cmdline_number(text("0x10000000000000000"), &n));
	assert_int_equal(n, 77);
	assert_true(cmdline_number(text("18446744073709551615"), &n));
	assert_int_equal(n, UINT64_MAX);
	assert_true(cmdline_number(text("0XfF"), &n));
	assert_int_equal(n, 255);

	assert_true(cmdline_size(text("2"), 1024, &n));
	assert_int_equal(n, 2048);
	assert_true(cmdline_size(text("0.25k"), 1, &n));
	assert_int_equal(n, 256);
	assert_false(cmdline_size(text("0"), 1, &n));
	assert_false(cmdline_size(text("1KB2"), 1, &n));
	assert_false(cmdline_size(text("17E"), 1, &n));

	assert_true(cmdline_bool(text("yes"), &on));
	assert_true(on);
	assert_true(cmdline_bool(text("n"), &on));
	assert_false(on);
	assert_false(cmdline_bool(text("auto"), &on));
	assert_false(cmdline_bool(text(""), &on));
}

static void json_members_of_the_outermost_object(void **state)
{
	static const char *const bad[] = {"",
					  "{",
					  "{\"driver",
					  "{\"driver\"",
					  "{\"driver\":",
					  "{\"driver\":5}",
					  "{\"driver\":\"x",
					  "{\"driver\":\"x\\",
					  "{\"a\":{\"driver\":\"x\"}}",
					  "{\"a\":\"driver\",\"b\":\"c\"}",
					  "[[\"driver\":\"x\"]]"};
	struct cmdline_text value;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(cmdline_json_string(text(bad[i]), "driver", &value));
	assert_true(cmdline_json_string(
		text("{ \"a\\\"\" : {\"driver\":\"no\"}, \"driver\"\n:\t\"tpm\\\"x\" }"), "driver",
		&value));
	assert_text(value, "tpm\\\"x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments_end_at_nul),
		cmocka_unit_test(options_take_their_values),
		cmocka_unit_test(lists_have_pairs),
		cmocka_unit_test(numbers_are_whole),
		cmocka_unit_test(json_members_of_the_outermost_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
