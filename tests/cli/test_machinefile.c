/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Reference maps as JSON files: the shipped one, the operator's own, and broken ones. */

#include <glob.h>
#include <inttypes.h>

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

static const struct machine *find_map(const struct machines *machines, const char *id)
{
	for (size_t i = 0; i < machines->n; i++)
		if (!strcmp(machines->list[i].id, id))
			return &machines->list[i];
	fail_msg("there is no map %s", id);
	return NULL;
}

static size_t shipped_files(void)
{
	glob_t found = {};
	size_t n;

	assert_int_equal(glob("daemon/machines/*.json", 0, NULL, &found), 0);
	n = found.gl_pathc;
	globfree(&found);
	return n;
}

/* Every shipped file gives a map of its own, without a word in the log. */
static void test_shipped(void **state)
{
	struct machines machines = {};

	(void)state;
	assert_string_equal(load("daemon/machines", &machines), "");
	assert_int_equal(machines.n, shipped_files());
	for (size_t i = 0; i < machines.n; i++) {
		const struct machine *machine = &machines.list[i];
		const size_t len = strlen(machine->id), arch = strlen(machine->arch);

		assert_true(machine->n_regions > 0);
		if (machine->is_alien)
			assert_string_equal(machine->vmm, "");
		else /* as machine_*.c know them: VMM[-TYPE]-ARCH */
			assert_true(len > arch && !strcmp(machine->id + len - arch, machine->arch));
		for (size_t r = 0; r < machine->n_regions; r++) {
			const struct machine_region *region = &machine->regions[r];

			/* A file, and what in it. */
			assert_non_null(strchr(region->source, '/'));
			assert_non_null(strpbrk(strchr(region->source, '/'), ".:"));
			if (r)
				assert_true(region->base >= region[-1].base);
		}
	}
	machinefile_clear(&machines);
	assert_int_equal(machines.n, 0);
}

/* What each machine is known by, and what it has only at times. */
static void test_shipped_addresses(void **state)
{
	static const struct {
		const char *id;
		uint64_t base, size;
		enum region_class class;
		bool optional;
	} places[] = {
		{"qemu-virt-arm64", 0x09000000, 0x1000, REGION_DEVICE, false},
		{"firecracker-arm64", 0x40002000, 0x1000, REGION_DEVICE, false},
		{"cloud-hypervisor-arm64", 0x09000000, 0x1000, REGION_DEVICE, false},
		{"qemu-q35-x86_64", 0xb0000000, 0x10000000, REGION_DEVICE, true},
		{"qemu-q35-x86_64", 0xfec00000, 0x1000, REGION_KERNEL_DEVICE, false},
		{"qemu-q35-x86_64", 0xfed00000, 0x400, REGION_DEVICE, false},
		{"qemu-q35-x86_64", 0xfed1c000, 0x4000, REGION_DEVICE, false},
		{"qemu-q35-x86_64", 0xfed40000, 0x5000, REGION_DEVICE, true},
		{"qemu-q35-x86_64", 0xfeffd000, 0x3000, REGION_RAM, true},
		{"qemu-q35-x86_64", 0xfffc0000, 0x40000, REGION_ROM, false},
		{"qemu-pc-x86_64", 0xfed00000, 0x400, REGION_DEVICE, false},
		{"qemu-pc-x86_64", 0x000a0000, 0x20000, REGION_DEVICE, true},
		{"qemu-microvm-x86_64", 0xfeb00000, 0x1000, REGION_DEVICE, false},
		{"qemu-microvm-x86_64", 0xfeb01000, 0x2000, REGION_DEVICE, true},
		{"qemu-microvm-x86_64", 0xfe900000, 0x4000, REGION_DEVICE, true},
		{"firecracker-x86_64", 0xc0001000, 0x2ebff000, REGION_DEVICE, false},
		{"firecracker-x86_64", 0xeec00000, 0x100000, REGION_DEVICE, true},
		{"firecracker-x86_64", 0x4000000000, 0x4000000000, REGION_DEVICE, true},
		{"firecracker-x86_64", 0xfffbd000, 0x3000, REGION_RAM, true},
		{"cloud-hypervisor-x86_64", 0xc0000000, 0x28000000, REGION_DEVICE, false},
		{"cloud-hypervisor-x86_64", 0xe8000000, 0x100000, REGION_DEVICE, false},
		{"cloud-hypervisor-x86_64", 0xf8000000, 0x3000, REGION_RAM, true},
		{"cloud-hypervisor-x86_64", 0xfec00000, 0x20, REGION_DEVICE, false},
		{"crosvm-x86_64", 0xfec00000, 0x100, REGION_KERNEL_DEVICE, false},
		{"kvmtool-x86_64", 0xd1000000, 0x1000000, REGION_DEVICE, false},
		{"kvmtool-x86_64", 0xd3000000, 0x3000, REGION_DEVICE, true},
		{"libkrun-x86_64", 0xd0000000, 0xb000, REGION_DEVICE, false},
		{"raspberry-pi-3", 0x3f201000, 0x200, REGION_DEVICE, false},
		{"raspberry-pi-3", 0x3f00b880, 0x40, REGION_DEVICE, false},
		{"raspberry-pi-4", 0xfe201000, 0x200, REGION_DEVICE, false},
		{"raspberry-pi-4", 0xff841000, 0x1000, REGION_DEVICE, false},
		{"raspberry-pi-4", 0xff842000, 0x2000, REGION_DEVICE, false},
		{"raspberry-pi-5", 0x107d001000, 0x200, REGION_DEVICE, false},
		{"raspberry-pi-5", 0x107fff9000, 0x1000, REGION_DEVICE, false},
		{"arm-vexpress-a15", 0x1c090000, 0x1000, REGION_DEVICE, false},
		{"arm-vexpress-a15", 0x2c001000, 0x1000, REGION_DEVICE, false},
		{"arm-juno", 0x7ff80000, 0x1000, REGION_DEVICE, false},
		{"arm-juno", 0x2c010000, 0x1000, REGION_DEVICE, false},
		{"arm-fvp-base", 0x1c090000, 0x1000, REGION_DEVICE, false},
		{"arm-fvp-base", 0x2f000000, 0x10000, REGION_DEVICE, false},
		{"qemu-sbsa-ref", 0x60000000, 0x1000, REGION_DEVICE, false},
		{"qemu-sbsa-ref", 0x40060000, 0x10000, REGION_DEVICE, false},
		{"qemu-sbsa-ref", 0x10000000000, 0x80000000000, REGION_RAM, false},
		{"xilinx-zynqmp", 0xff000000, 0x1000, REGION_DEVICE, false},
		{"xilinx-zynqmp", 0xf9010000, 0x10000, REGION_DEVICE, false},
		{"nxp-imx8mm", 0x30890000, 0x10000, REGION_DEVICE, false},
		{"nxp-imx8mm", 0x38800000, 0x10000, REGION_DEVICE, false},
		{"xen-arm64", 0x03001000, 0x10000, REGION_DEVICE, false},
		{"xen-arm64", 0x22000000, 0x1000, REGION_DEVICE, false},
		{"apple-vmapple", 0x10000000, 0x10000, REGION_DEVICE, false},
		{"apple-vmapple", 0x20010000, 0x10000, REGION_DEVICE, false},
	};
	struct machines machines = {};

	(void)state;
	assert_string_equal(load("daemon/machines", &machines), "");
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		const struct machine *machine = find_map(&machines, places[i].id);
		const struct machine_region *region =
			machine_region_at(machine, NISV_VGIC_V3, places[i].base);

		if (!region || region->base != places[i].base || region->size != places[i].size)
			fail_msg("%s has not 0x%" PRIx64 " + 0x%" PRIx64, places[i].id,
				 places[i].base, places[i].size);
		assert_int_equal(region->class, places[i].class);
		assert_int_equal(region->optional, places[i].optional);
	}
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
	struct machines machines = {};

	(void)state;
	/* A good one beside it still loads. */
	scratch_text(&scratch, "good.json", board("good", UART));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		scratch_text(&scratch, "bad.json", cases[i].text);
		load(scratch.dir, &machines);
		assert_contains(scratch.log, "/bad.json: ");
		assert_contains(scratch.log, cases[i].why);
		assert_int_equal(machines.n, 1);
		assert_string_equal(machines.list[0].id, "good");
		machinefile_clear(&machines);
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
	struct machines machines = {};
	char text[1024];

	(void)state;
	scratch_text(&scratch, "good.json", board("good", UART));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(text, sizeof(text), UART ",%s", cases[i].region);
		scratch_text(&scratch, "bad.json", board("bad", text));
		load(scratch.dir, &machines);
		assert_contains(scratch.log, "/bad.json: line ");
		assert_contains(scratch.log, cases[i].why);
		assert_int_equal(machines.n, 1);
		assert_string_equal(machines.list[0].id, "good");
		machinefile_clear(&machines);
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

/* Of two files of one folder the first counts, and the second is told. */
static void test_one_id_twice(void **state)
{
	struct machines machines = {};
	char path[512];

	(void)state;
	scratch_text(&scratch, "shipped/a.json", board("a", UART));
	scratch_text(&scratch, "shipped/b.json", board("a", ""));
	scratch_text(&scratch, "own/c.json", board("a", ""));
	scratch_text(&scratch, "own/d.json", board("a", UART));
	load(scratch_path(&scratch, "shipped"), &machines);
	assert_contains(scratch.log, "b.json: another file of its folder has the id \"a\" already");
	assert_int_equal(machines.n, 1);
	assert_int_equal(machines.list[0].n_regions, 1);
	machinefile_clear(&machines);
	snprintf(path, sizeof(path), "%s/shipped:%s/own", scratch.dir, scratch.dir);
	load(path, &machines);
	assert_contains(scratch.log, "d.json: another file of its folder has the id \"a\" already");
	assert_int_equal(machines.n, 1);
	assert_int_equal(machines.list[0].n_regions, 0);
	machinefile_clear(&machines);
}

static void test_too_many_files(void **state)
{
	struct machines machines = {};
	char name[32], id[16];

	(void)state;
	for (unsigned int i = 0; i <= MACHINEFILES_MAX; i++) {
		snprintf(name, sizeof(name), "%03u.json", i);
		snprintf(id, sizeof(id), "m%u", i);
		scratch_text(&scratch, name, board(id, ""));
	}
	load(scratch.dir, &machines);
	assert_contains(scratch.log, "128.json: more than 128 maps");
	assert_contains(scratch.log, "Ignoring 1 machine maps below");
	assert_contains(scratch.log, "\"256.json\" and later ones");
	assert_int_equal(machines.n, 128);
	machinefile_clear(&machines);
}

/* The whole file, to be freed. */
static char *read_file(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = calloc(1, 65536);

	assert_non_null(file);
	assert_non_null(text);
	assert_true(fread(text, 1, 65535, file) > 0);
	assert_int_equal(fclose(file), 0);
	return text;
}

/* The man page names every key, and its example is a map. */
static void test_the_man_page(void **state)
{
	static const char *const keys[] = {"id",       "vmm",	 "arch",   "match", "alien",
					   "name",     "source", "class",  "vgic",  "window",
					   "optional", "base",	 "regions"};
	struct machines machines = {};
	char *page = read_file("man/nisvd-machines.5");
	char *example = strstr(page, ".Bd -literal\n"), *end;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		char item[32];

		snprintf(item, sizeof(item), "\n.It Cm %s", keys[i]);
		assert_contains(page, item);
	}
	assert_non_null(example);
	example += strlen(".Bd -literal\n");
	end = strstr(example, ".Ed\n");
	assert_non_null(end);
	scratch_write(&scratch, "gateway.json", example, (size_t)(end - example));
	assert_string_equal(load(scratch.dir, &machines), "");
	assert_int_equal(machines.n, 1);
	assert_true(machines.list[0].is_alien);
	assert_string_equal(machine_region_at(&machines.list[0], 0, 0xe6e88000)->name, "UART");
	assert_true(machine_region_at(&machines.list[0], 0, 0xe8000000)->is_window);
	machinefile_clear(&machines);
	free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_shipped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_shipped_addresses, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bad_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bad_regions, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unknown_keys, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_alien_boards_and_windows, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_files_that_are_none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_one_id_twice, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_edges_of_the_address_space, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_vgics_may_share_addresses, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_too_many_regions, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_later_folders_replace, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_too_many_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_man_page, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
