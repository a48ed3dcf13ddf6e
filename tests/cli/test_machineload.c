/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The folders of reference maps: those that are shipped, and the operator's own. */

#include <glob.h>
#include <inttypes.h>

#include "tests/cli/machinefile_case.h"

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
	static const char *const keys[] = {"id",     "vmm",	 "arch",  "match",  "alien",
					   "name",   "source",	 "class", "role",   "vgic",
					   "window", "optional", "base",  "regions"};
	struct machines machines = {};
	char *page = read_file("man/nisvd-machines.5.scd");
	char *example = strstr(page, "\n```\n{"), *end;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		char item[32];

		snprintf(item, sizeof(item), "*%s*", keys[i]);
		assert_contains(page, item);
	}
	assert_non_null(example);
	example += strlen("\n```\n");
	end = strstr(example, "```\n");
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
		cmocka_unit_test_setup_teardown(test_one_id_twice, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_later_folders_replace, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_too_many_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_man_page, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
