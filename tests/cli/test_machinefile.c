/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Reference maps as JSON files: the shipped one, the operator's own, and broken ones. */

#include "daemon/edge/machinefile.h"
#include "tests/cli/scratch.h"

#define UART                                                                              \
	"{\"name\":\"UART\",\"source\":\"s\",\"base\":\"0x9000000\",\"size\":\"0x1000\"," \
	"\"class\":\"device\"}"

static struct scratch scratch;

static int set_up(void **state)
{
	(void)state;
	scratch_open(&scratch);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	scratch_close(&scratch);
	return 0;
}

static const char *board(const char *id, const char *regions)
{
	static char text[16384];

	snprintf(text, sizeof(text),
		 "{\"id\":\"%s\",\"vmm\":\"qemu\",\"arch\":\"arm64\",\"match\":\"x\",\"regions\":[%"
		 "s]}",
		 id, regions);
	return text;
}

/* Loads @path and returns what was logged. */
static const char *load(const char *path, struct machines *ret)
{
	int r;

	scratch_listen(&scratch);
	r = machinefile_load(path, ret);
	scratch_logged(&scratch);
	assert_int_equal(r, 0);
	return scratch.log;
}

static void test_shipped(void **state)
{
	const struct machine_region *uart, *frame;
	const struct machine *machine;
	struct machines machines = {};

	(void)state;
	assert_string_equal(load("daemon/machines", &machines), "");
	assert_int_equal(machines.n, 1);
	machine = &machines.list[0];
	assert_string_equal(machine->id, "qemu-virt-arm64");
	assert_string_equal(machine->vmm, "qemu");
	assert_string_equal(machine->arch, "arm64");
	assert_string_equal(machine->match, "virt");
	uart = machine_region_at(machine, NISV_VGIC_V3, 0x09000ffc);
	assert_non_null(uart);
	assert_string_equal(uart->name, "UART0 PL011");
	assert_int_equal(uart->class, REGION_DEVICE);
	assert_false(uart->optional);
	assert_true(machine_region_at(machine, NISV_VGIC_V3, 0x09050000)->optional);
	assert_true(machine_region_at(machine, NISV_VGIC_V3, 0x4010000000)->optional);
	frame = machine_region_at(machine, NISV_VGIC_V3, 0x0800f000);
	assert_non_null(frame);
	assert_string_equal(frame->name, "GICv3 distributor");
	assert_null(machine_region_at(machine, NISV_VGIC_V2, 0x0800f000));
	for (size_t i = 0; i < machine->n_regions; i++)
		assert_contains(machine->regions[i].source, "hw/arm/virt.c");
	machinefile_clear(&machines);
	assert_int_equal(machines.n, 0);
}

static void test_bad_files(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"", "bad.json"},
		{"{", "bad.json"},
		{"[]", "no object"},
		{"null", "bad.json"},
		{"{\"id\":\"x\"}", "vmm"},
		{"{\"id\":7,\"vmm\":\"q\",\"arch\":\"a\",\"match\":\"\",\"regions\":[]}", "id"},
		{"{\"id\":\"\",\"vmm\":\"q\",\"arch\":\"a\",\"match\":\"\",\"regions\":[]}", "id"},
		{"{\"id\":\"0123456789012345678901234567890123456789\",\"vmm\":\"q\",\"arch\":"
		 "\"a\","
		 "\"match\":\"\",\"regions\":[]}",
		 "too long: id"},
		{"{\"id\":\"x\",\"vmm\":\"q\",\"arch\":\"a\",\"match\":\"\"}", "regions must be"},
		{"{\"id\":\"x\",\"vmm\":\"q\",\"arch\":\"a\",\"match\":\"\",\"regions\":{}}",
		 "regions must be"},
	};
	/* What is wrong with the second of two regions, the first being the UART. */
	static const struct {
		const char *region, *why;
	} regions[] = {
		{"7", "region 2"},
		{"null", "region 2"},
		{"{}", "bad name"},
		{"{\"name\":\"R\"}", "region 2 (R): bad source"},
		{"{\"name\":\"R\",\"source\":\"s\",\"base\":4096}", "bad base"},
		{"{\"name\":\"R\",\"source\":\"s\",\"base\":\"4096\"}", "bad base"},
		{"{\"name\":\"R\",\"source\":\"s\",\"base\":\"0x\"}", "bad base"},
		{"{\"name\":\"R\",\"source\":\"s\",\"base\":\"0x1g\"}", "bad base"},
		{"{\"name\":\"R\",\"source\":\"s\",\"base\":\"0x10000000000000000\"}", "bad base"},
		{"{\"name\":\"R\",\"source\":\"s\",\"base\":\"0x1\"}", "bad size"},
		{"{\"name\":\"R\",\"source\":\"s\",\"base\":\"0x1\",\"size\":\"0x0\","
		 "\"class\":\"device\"}",
		 "bad size"},
		{"{\"name\":\"R\",\"source\":\"s\",\"base\":\"0xfffffffffffff000\","
		 "\"size\":\"0x1001\",\"class\":\"device\"}",
		 "bad size"}, /* wraps around */
		{"{\"name\":\"R\",\"source\":\"s\",\"base\":\"0x1\",\"size\":\"0x1\","
		 "\"class\":\"hole\"}",
		 "bad class"},
		{"{\"name\":\"R\",\"source\":\"s\",\"base\":\"0x1\",\"size\":\"0x1\","
		 "\"class\":\"device\",\"vgic\":\"v9\"}",
		 "bad vgic"},
		{"{\"name\":\"R\",\"source\":\"s\",\"base\":\"0x1\",\"size\":\"0x1\","
		 "\"class\":\"device\",\"vgic\":3}",
		 "bad vgic"},
		{"{\"name\":\"R\",\"source\":\"s\",\"base\":\"0x1\",\"size\":\"0x1\","
		 "\"class\":\"device\",\"optional\":\"yes\"}",
		 "bad optional"},
		{"{\"name\":\"0123456789012345678901234567890123456789\"}", "bad name"},
		{"{\"name\":\"R\",\"source\":\"s\",\"base\":\"0x9000fff\",\"size\":\"0x2\","
		 "\"class\":\"device\"}",
		 "\"R\" overlaps"},
		{UART, "\"UART\" overlaps"},
	};
	struct machines machines = {};
	char text[1024];

	(void)state;
	/* A good one beside it still loads. */
	scratch_text(&scratch, "good.json", board("good", UART));
	for (size_t i = 0; i < ARRAY_SIZE(cases) + ARRAY_SIZE(regions); i++) {
		const size_t r = i - ARRAY_SIZE(cases);
		const char *why = i < ARRAY_SIZE(cases) ? cases[i].why : regions[r].why;

		if (i >= ARRAY_SIZE(cases))
			snprintf(text, sizeof(text), UART ",%s", regions[r].region);
		scratch_text(&scratch, "bad.json",
			     i < ARRAY_SIZE(cases) ? cases[i].text : board("bad", text));
		load(scratch.dir, &machines);
		assert_contains(scratch.log, "bad.json");
		assert_contains(scratch.log, why);
		assert_int_equal(machines.n, 1);
		assert_string_equal(machines.list[0].id, "good");
		machinefile_clear(&machines);
	}
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
				       "%s{\"name\":\"r\",\"source\":\"s\",\"base\":\"0x%x000\","
				       "\"size\":\"0x1000\",\"class\":\"device\"}",
				       i ? "," : "", i);
	}
	scratch_text(&scratch, "a.json", board("full", regions));
	assert_contains(load(scratch.dir, &machines), "at most 64");
	assert_int_equal(machines.n, 0);
}

static void test_later_folders_replace(void **state)
{
	struct machines machines = {};
	char path[512];

	(void)state;
	scratch_text(&scratch, "shipped/a.json", board("a", UART));
	scratch_text(&scratch, "shipped/b.json", board("b", UART));
	scratch_text(&scratch, "own/mine.json", board("a", ""));
	scratch_text(&scratch, "own/ignored.txt", board("c", UART));
	snprintf(path, sizeof(path), "%s/absent:%s/shipped::%s/own", scratch.dir, scratch.dir,
		 scratch.dir);
	assert_string_equal(load(path, &machines), "");
	assert_int_equal(machines.n, 2);
	assert_string_equal(machines.list[0].id, "a");
	assert_int_equal(machines.list[0].n_regions, 0);
	assert_int_equal(machines.list[1].n_regions, 1);
	machinefile_clear(&machines);
	assert_string_equal(load("", &machines), "");
	assert_int_equal(machines.n, 0);
}

static void test_too_many_files(void **state)
{
	struct machines machines = {};
	char name[32], id[16];

	(void)state;
	for (unsigned int i = 0; i <= 128; i++) {
		snprintf(name, sizeof(name), "%03u.json", i);
		snprintf(id, sizeof(id), "m%u", i);
		scratch_text(&scratch, name, board(id, ""));
	}
	assert_contains(load(scratch.dir, &machines), "128.json: more than 128 maps");
	assert_int_equal(machines.n, 128);
	machinefile_clear(&machines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_shipped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bad_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_edges_of_the_address_space, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_vgics_may_share_addresses, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_too_many_regions, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_later_folders_replace, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_too_many_files, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
