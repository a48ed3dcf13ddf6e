/* SPDX-License-Identifier: GPL-2.0-or-later */

/* One reference map as a JSON file: what is taken, what is refused, and where it says so. */

#include "tests/cli/machinefile_case.h"

/* @text is refused for a reason that begins so and has @why; the good map beside it still loads. */
static void expect_bad(const char *text, const char *begins, const char *why)
{
	struct machines machines;

	scratch_text(&scratch, "bad.json", text);
	load(scratch.dir, &machines);
	assert_contains(scratch.log, begins);
	assert_contains(scratch.log, why);
	assert_int_equal(machines.n, 1);
	assert_string_equal(machines.list[0].id, "good");
	machinefile_clear(&machines);
}

/* Documents that are refused, and what is said: where, what is wrong. */
static void test_bad_files(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"", "line 1, column 1: the text ends too early"},
		{"{", "line 1, column 2: the text ends too early"},
		{"{\n\"id\": \"x", "line 2, column 9: the text ends too early"},
		{"{\n\t\"id\": \"x\",\n\t\"vmm\" \"qemu\"\n}", "line 3, column 8: "},
		{"{\"id\": \"x\",}", "line 1, column 12: "},
		{"{'id':\n1, \"\": {}}", "line 1: \"id\" must be there and be a string"},
		{"{\"id\": 'x'}", "line 1, column 8: "},
		{"/* a map */ {}", "line 1, column 1: "},
		{"{}{}", "line 1, column 3: something follows"},
		{"[]", "line 1: must be an object"},
		{"7 ", "line 1: must be an object"},
		{"null ", "line 1: must be an object"},
		{"[[[[[[[[[[[[1]]]]]]]]]]]]", "line 1, column 9: nesting too deep"},
		{"{\"id\":\"\xff\"}", "line 1, column 8: invalid utf-8"},
		{"{}", "line 1: \"id\" must be there"},
		{"{\n\"id\":\n7}", "line 2: \"id\" must be there and be a string"},
		{"{\n\"id\":\"\"}", "line 2: \"id\" must not be empty"},
		{"{\"id\":\"0123456789012345678901234567890123456789\"}",
		 "line 1: \"id\" is too long: at most 31 bytes"},
		{"{\"id\":\"a\\u001b[31m\"}", "\"id\" has a control character in it"},
		{"{\"id\":\"a\\u0000b\"}", "\"id\" has a control character in it"},
		{"{\"id\":\"x\"}", "line 1: \"vmm\" must be there"},
		{"{\"id\":\"x\",\"vmm\":\"\"}", "line 1: \"vmm\" must not be empty"},
		{"{\"id\":\"x\",\n\"alien\":1}", "line 2: \"alien\" must be true or false"},
		{"{\"id\":\"x\",\n\"alien\":null}", "line 2: \"alien\" must be true or false"},
		{"{\"id\":\"x\",\"vmm\":\"q\",\n\"arch\":\"aarch64\"}",
		 "line 2: \"arch\" must be \"arm64\" or \"x86_64\""},
		{"{\"id\":\"x\",\"vmm\":\"q\",\"arch\":\"arm64\"}",
		 "line 1: \"match\" must be there"},
		{"{\"id\":\"x\",\"vmm\":\"q\",\"arch\":\"arm64\",\"match\":\"\"}",
		 "line 1: \"regions\" must be there and be a list"},
		{"{\"id\":\"x\",\"vmm\":\"q\",\"arch\":\"arm64\",\"match\":\"\",\n\"regions\":{}}",
		 "line 2: \"regions\" must be there and be a list"},
		{"{\"id\":\"x\",\"vmm\":\"q\",\"arch\":\"arm64\",\"match\":\"\",\"regions\":[],\n"
		 "\"id\":\"y\"}",
		 "line 2: \"id\" is given twice"},
	};

	(void)state;
	/* A good one beside it still loads. */
	scratch_text(&scratch, "good.json", board("good", UART));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		expect_bad(cases[i].text, "/bad.json: ", cases[i].why);
	}
}

/* What is wrong with the second of two regions, the first being the UART on line 1. */
static void test_bad_regions(void **state)
{
	static const struct {
		const char *region, *why;
	} cases[] = {
		{"\n7", "line 2: region 2: must be an object"},
		{"\n\nnull", "line 3: region 2: must be an object"},
		{"\n\"]\"", "line 2: region 2: must be an object"},
		{"\n[[1]]", "line 2: region 2: must be an object"},
		{"\n{}", "line 2: region 2: \"name\" must be there"},
		{"\n{\"name\":\"R\"}", "line 2: region 2 (R): \"source\" must be there"},
		{"{\"name\":\"R\",\"source\":\"s\",\n\"base\":4096}",
		 "line 2: region 2 (R): \"base\" is the number 4096: write it as a hexadecimal "
		 "string, \"0x1000\""},
		{"{\"name\":\"R\",\"source\":\"s\",\n\"base\":\"4096\"}",
		 "line 2: region 2 (R): \"base\" must be a hexadecimal number"},
		{"{\"name\":\"R\",\"source\":\"s\",\"base\":\"0x\"}", "\"base\" must be"},
		{"{\"name\":\"R\",\"source\":\"s\",\"base\":\"0x1g\"}", "\"base\" must be"},
		{"{\"name\":\"R\",\"source\":\"s\",\"base\":\"0x-1\"}", "\"base\" must be"},
		{"{\"name\":\"R\",\"source\":\"s\",\"base\":\"0x10000000000000000\"}",
		 "\"base\" does not fit into 64 bits"},
		{"{\"name\":\"R\",\"source\":\"s\",\"base\":\"0x1\"}", "\"size\" must be"},
		{"{\"name\":\"R\",\"source\":\"s\",\"base\":\"0x1\",\n\"size\":\"0x0\","
		 "\"class\":\"device\"}",
		 "line 2: region 2 (R): \"size\" is 0"},
		{"{\"name\":\"R\",\"source\":\"s\",\"base\":\"0xfffffffffffff000\","
		 "\"size\":\"0x1001\",\"class\":\"device\"}",
		 "ends beyond 64 bits"},
		{"{\"name\":\"R\",\"source\":\"s\",\"base\":\"0x1\",\"size\":\"0x1\","
		 "\"class\":\"hole\"}",
		 "\"class\" must be"},
		{"{\"name\":\"R\",\"source\":\"s\",\"base\":\"0x1\",\"size\":\"0x1\","
		 "\"class\":\"device\",\"role\":\"fridge\"}",
		 "\"role\" is none of those"},
		{"{\"name\":\"R\",\"source\":\"s\",\"base\":\"0x1\",\"size\":\"0x1\","
		 "\"class\":\"device\",\"role\":\"\"}",
		 "\"role\" is none of those"},
		{"{\"name\":\"R\",\"source\":\"s\",\"base\":\"0x1\",\"size\":\"0x1\","
		 "\"class\":\"device\",\"vgic\":\"v9\"}",
		 "\"vgic\" must be"},
		{"{\"name\":\"R\",\"source\":\"s\",\"base\":\"0x1\",\"size\":\"0x1\","
		 "\"class\":\"device\",\"vgic\":3}",
		 "\"vgic\" must be"},
		{"{\"name\":\"R\",\"source\":\"s\",\"base\":\"0x1\",\"size\":\"0x1\","
		 "\"class\":\"device\",\"optional\":\"yes\"}",
		 "\"optional\" must be true or false"},
		{"{\"name\":\"R\",\"source\":\"s\",\"base\":\"0x1\",\"size\":\"0x1\","
		 "\"class\":\"device\",\"window\":0}",
		 "\"window\" must be true or false"},
		{"{\"name\":\"0123456789012345678901234567890123456789\"}",
		 "\"name\" is too long: at most 39 bytes"},
		{"{\"name\":\"R\",\"source\":\"s\",\n\"base\":\"0x9000fff\",\"size\":\"0x2\","
		 "\"class\":\"device\"}",
		 "line 2: region 2 (R): overlaps \"UART\", 0x9000000-0x9000fff"},
		{"{\"name\":\"R\",\"source\":\"s\",\"base\":\"0x8000000\",\"size\":\"0x1000001\","
		 "\"class\":\"device\"}",
		 "overlaps \"UART\""},
		{"\n{\"name\":\"UART\",\"source\":\"s\",\"base\":\"0x1\",\"size\":\"0x1\","
		 "\"class\":\"device\"}",
		 "line 2: region 2 (UART): there is another region of this name"},
		{"{\"name\":\"R\",\"source\":\"s\",\"base\":\"0x1\",\"size\":\"0x1\","
		 "\"class\":\"device\",\n\"base\":\"0x2\"}",
		 "line 2: \"base\" is given twice"},
	};
	char text[1024];

	(void)state;
	scratch_text(&scratch, "good.json", board("good", UART));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(text, sizeof(text), UART ",%s", cases[i].region);
		expect_bad(board("bad", text), "/bad.json: line ", cases[i].why);
	}
}

/* A misspelt key is told, and the map still loads. */
static void test_unknown_keys(void **state)
{
	struct machines machines = {};

	(void)state;
	scratch_text(&scratch, "a.json",
		     board("a", "{\"name\":\"R\",\"source\":\"s\",\"base\":\"0x1000\",\n"
				"\"size\":\"0x10\",\"class\":\"device\",\n\"optionl\":true}"));
	assert_contains(load(scratch.dir, &machines),
			"a.json: line 3: unknown key \"optionl\" is ignored: is it misspelt?");
	assert_int_equal(machines.n, 1);
	assert_false(machines.list[0].regions[0].optional);
	machinefile_clear(&machines);
	scratch_text(&scratch, "a.json",
		     "{\"id\":\"a\",\"vm\":1,\"vmm\":\"q\",\"arch\":\"arm64\",\"match\":\"\","
		     "\"regions\":[],\"x\":{\"id\":[2],\"name\":3}}");
	assert_contains(load(scratch.dir, &machines),
			"line 1: unknown key \"vm\" is ignored, and more unknown ones");
	assert_int_equal(machines.n, 1);
	machinefile_clear(&machines);
}

static void test_alien_boards_and_windows(void **state)
{
	struct machines machines = {};

	(void)state;
	scratch_text(&scratch, "a.json",
		     "{\"id\":\"a\",\"alien\":true,\"vmm\":\"\",\"arch\":\"arm64\",\"match\":\"\","
		     "\"regions\":[{\"name\":\"W\",\"source\":\"s\",\"base\":\"0x1000\","
		     "\"size\":\"0x10\",\"class\":\"device\",\"window\":true,"
		     "\"optional\":true}]}");
	assert_string_equal(load(scratch.dir, &machines), "");
	assert_int_equal(machines.n, 1);
	assert_true(machines.list[0].is_alien);
	assert_string_equal(machines.list[0].vmm, "");
	assert_true(machines.list[0].regions[0].is_window);
	assert_true(machines.list[0].regions[0].optional);
	machinefile_clear(&machines);
}

/* Nothing in the folder may hold the daemon up or fill its memory. */
static void test_files_that_are_none(void **state)
{
	struct machines machines = {};
	char *huge = malloc(MACHINEFILE_BYTES_MAX + 1);
	char why[128];

	(void)state;
	assert_non_null(huge);
	memset(huge, ' ', MACHINEFILE_BYTES_MAX + 1);
	memcpy(huge, "{}", 2);
	assert_int_equal(mkfifo(scratch_path(&scratch, "fifo.json"), 0600), 0);
	assert_int_equal(mkdir(scratch_path(&scratch, "folder.json"), 0700), 0);
	assert_int_equal(symlink("/dev/zero", scratch_path(&scratch, "zero.json")), 0);
	assert_int_equal(symlink("absent", scratch_path(&scratch, "dangling.json")), 0);
	scratch_write(&scratch, "huge.json", huge, MACHINEFILE_BYTES_MAX + 1);
	scratch_text(&scratch, "good.json", board("good", UART));
	load(scratch.dir, &machines);
	assert_contains(scratch.log, "fifo.json: it is no regular file");
	assert_contains(scratch.log, "folder.json: it is no regular file");
	assert_contains(scratch.log, "zero.json: it is no regular file");
	assert_contains(scratch.log, "dangling.json: No such file");
	assert_contains(scratch.log, "huge.json: it is larger than 1 MiB");
	assert_int_equal(machines.n, 1);
	machinefile_clear(&machines);
	assert_int_equal(machinefile_parse(huge, MACHINEFILE_BYTES_MAX + 1, NULL, why, sizeof(why)),
			 -EINVAL);
	assert_contains(why, "line 1: larger than 1048576 bytes");
	free(huge);
}

static void test_edges_of_the_address_space(void **state)
{
	struct machines machines = {};

	(void)state;
	scratch_text(&scratch, "a.json",
		     board("a",
			   "{\"name\":\"last\",\"source\":\"s\",\"base\":\"0xfffffffffffff000\","
			   "\"size\":\"0x1000\",\"class\":\"device\"},"
			   "{\"name\":\"first\",\"source\":\"s\",\"base\":\"0x0\","
			   "\"size\":\"0x1\",\"class\":\"rom\"}"));
	assert_string_equal(load(scratch.dir, &machines), "");
	assert_string_equal(machine_region_at(&machines.list[0], 0, UINT64_MAX)->name, "last");
	assert_string_equal(machine_region_at(&machines.list[0], 0, 0)->name, "first");
	assert_null(machine_region_at(&machines.list[0], 0, 1));
	assert_string_equal(machines.list[0].regions[0].name, "first"); /* sorted */
	machinefile_clear(&machines);
}

static void test_vgics_may_share_addresses(void **state)
{
	struct machines machines = {};

	(void)state;
	scratch_text(&scratch, "a.json",
		     board("a", "{\"name\":\"v2\",\"source\":\"s\",\"base\":\"0x1000\",\"size\":"
				"\"0x1000\",\"class\":\"device\",\"vgic\":\"v2\"},"
				"{\"name\":\"v3\",\"source\":\"s\",\"base\":\"0x1000\",\"size\":"
				"\"0x2000\",\"class\":\"device\",\"vgic\":\"v3\"}"));
	assert_string_equal(load(scratch.dir, &machines), "");
	assert_string_equal(machine_region_at(&machines.list[0], NISV_VGIC_V2, 0x1000)->name, "v2");
	assert_string_equal(machine_region_at(&machines.list[0], NISV_VGIC_V3, 0x1000)->name, "v3");
	assert_null(machine_region_at(&machines.list[0], NISV_VGIC_NONE, 0x1000));
	machinefile_clear(&machines);
}

static void test_too_many_regions(void **state)
{
	struct machines machines = {};
	char regions[12000] = "";
	size_t at = 0;

	(void)state;
	for (unsigned int i = 0; i <= MACHINE_REGIONS_MAX; i++) {
		if (i == MACHINE_REGIONS_MAX) { /* as many as there may be */
			scratch_text(&scratch, "a.json", board("full", regions));
			assert_string_equal(load(scratch.dir, &machines), "");
			assert_int_equal(machines.list[0].n_regions, MACHINE_REGIONS_MAX);
			machinefile_clear(&machines);
		}
		at += (size_t)snprintf(regions + at, sizeof(regions) - at,
				       "%s{\"name\":\"r%u\",\"source\":\"s\",\"base\":\"0x%x000\","
				       "\"size\":\"0x1000\",\"class\":\"device\"}",
				       i ? "," : "", i, i);
	}
	scratch_text(&scratch, "a.json", board("full", regions));
	assert_contains(load(scratch.dir, &machines), "line 1: 65 regions: at most 64 are taken");
	assert_int_equal(machines.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bad_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bad_regions, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unknown_keys, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_alien_boards_and_windows, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_files_that_are_none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_edges_of_the_address_space, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_vgics_may_share_addresses, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_too_many_regions, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
