/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The map that nisvd makes of a QEMU virt machine from its command line, held against the memory
 * tree of a real QEMU with that command line (info mtree -f). The machine never runs (-S), so any
 * host will do. What QEMU has only with KVM, and does not have here, is optional in the map.
 */

#include <errno.h>
#include <inttypes.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/core/layout.h"
#include "daemon/core/machine.h"
#include "daemon/edge/machinefile.h"
#include "tests/native/qemu_line.h"
#include "tests/unit/unit.h"

#define QEMU	   "qemu-system-aarch64"
#define RANGES_MAX 256
#define SKIPPED	   77

struct range_of_qemu {
	uint64_t start, end;
	bool is_window; /* of PCI */
	char name[64];
};

struct tree {
	struct range_of_qemu list[RANGES_MAX];
	size_t n;
};

static struct machines maps;

/* Starts QEMU with what is in @args and a monitor on @ret_monitor. */
static pid_t start(char *const args[], FILE **ret_monitor)
{
	int in[2], out[2];
	pid_t pid;

	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	pid = fork();
	if (pid == 0) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		dup2(out[1], STDERR_FILENO);
		close(in[1]);
		close(out[0]);
		execvp(args[0], args);
		_exit(SKIPPED);
	}
	assert_true(pid > 0);
	close(in[0]);
	close(out[1]);
	dprintf(in[1], "info mtree -f\nquit\n");
	close(in[1]);
	*ret_monitor = fdopen(out[0], "r");
	return pid;
}

/* A line such as "  0000000009000000-0000000009000fff (prio 0, i/o): pl011". */
static void take_line(struct tree *tree, const char *line)
{
	struct range_of_qemu *range = &tree->list[tree->n];
	char kind[16];

	if (sscanf(line, " %" SCNx64 "-%" SCNx64 " (prio %*d, %15[^)]): %63[^\n]", &range->start,
		   &range->end, kind, range->name) != 4)
		return;
	if (!strcmp(kind, "ram"))
		return; /* the memslots show it */
	range->is_window = !strncmp(range->name, "gpex_", 5);
	if (tree->n + 1 < RANGES_MAX)
		tree->n++;
}

static void read_tree(char *const args[], struct tree *ret)
{
	char line[512], output[2048] = "";
	bool is_system = false;
	FILE *monitor;
	int status;
	pid_t pid;

	*ret = (struct tree){};
	pid = start(args, &monitor);
	while (fgets(line, sizeof(line), monitor)) {
		if (!strncmp(line, "qemu", 4))
			snprintf(output, sizeof(output), "%s", line);
		if (!strncmp(line, "FlatView", 8))
			is_system = false;
		if (strstr(line, "Root memory region: system"))
			is_system = true;
		else if (is_system)
			take_line(ret, line);
	}
	fclose(monitor);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) || !ret->n)
		fail_msg("%s gave no memory tree: %s", QEMU, output);
}

static const struct range_of_qemu *range_at(const struct tree *tree, uint64_t at)
{
	for (size_t i = 0; i < tree->n; i++)
		if (at >= tree->list[i].start && at <= tree->list[i].end)
			return &tree->list[i];
	return NULL;
}

static void print(const struct machine *machine, const struct tree *tree)
{
	for (size_t i = 0; i < tree->n; i++)
		print_message("QEMU  %12" PRIx64 "-%12" PRIx64 " %s\n", tree->list[i].start,
			      tree->list[i].end, tree->list[i].name);
	for (size_t i = 0; i < machine->n_regions; i++)
		print_message("nisvd %12" PRIx64 "-%12" PRIx64 " %s%s\n", machine->regions[i].base,
			      machine->regions[i].base + machine->regions[i].size - 1,
			      machine->regions[i].name,
			      machine->regions[i].optional ? " (optional)" : "");
}

/* All that QEMU has is in the map for certain, and what is in it for certain is what QEMU has. */
static size_t compare(const struct machine *machine, uint32_t vgic, const struct tree *tree)
{
	size_t wrong = 0;

	for (size_t i = 0; i < tree->n; i++) {
		const struct range_of_qemu *range = &tree->list[i];
		const struct machine_region *region =
			machine_region_at(machine, vgic, range->start);

		/* The flash is one region here, and two there. */
		if (region && !region->optional && range->end < region->base + region->size &&
		    (!range->is_window || (region->is_window && range->start == region->base &&
					   range->end == region->base + region->size - 1)))
			continue;
		print_message("not so in the map: %s at 0x%" PRIx64 "\n", range->name,
			      range->start);
		wrong++;
	}
	for (size_t i = 0; i < machine->n_regions; i++) {
		const struct machine_region *region = &machine->regions[i];

		/* Machines before virt-2.11 show no empty windows. */
		if (region->optional || region->is_window || (region->vgic && region->vgic != vgic))
			continue;
		if (range_at(tree, region->base) && range_at(tree, region->base + region->size - 1))
			continue;
		print_message("not so in QEMU: %s at 0x%" PRIx64 "\n", region->name, region->base);
		wrong++;
	}
	return wrong;
}

/* One configuration; @options are words separated by blanks. */
struct configuration {
	const char *options;
	uint64_t ram;
	uint32_t vgic, ipa_bits; /* of the -cpu: cortex-a53 40, cortex-a57 44, neoverse-n1 48 */
	double confidence;
};

#define GIB  (1ULL << 30)
#define BIG  " -object memory-backend-ram,reserve=off,id=m,size="
#define BASE " -S -display none -nodefaults -monitor stdio "

static const struct configuration configurations[] = {
	{"-M virt -cpu cortex-a57 -m 4G", 4 * GIB, 2, 44, 0.9},
	{"-M virt,gic-version=3 -cpu cortex-a53 -m 4G -smp 8", 4 * GIB, 3, 40, 0.9},
	{"-M virt-7.2,gic-version=3 -cpu neoverse-n1 -m 1G -smp 123", GIB, 3, 48, 0.9},
	{"-M virt-7.2,gic-version=3 -cpu neoverse-n1 -m 1G -smp 124", GIB, 3, 48, 0.9},
	{"-M virt-7.1,gic-version=3 -cpu cortex-a57 -m 1G -smp 256", GIB, 3, 44, 0.9},
	{"-M virt-7.2,gic-version=3,its=off -cpu cortex-a57 -m 512M", GIB / 2, 3, 44, 0.9},
	{"-M virt-7.2,highmem=off,gic-version=3 -cpu cortex-a57 -m 2G", 2 * GIB, 3, 44, 0.9},
	{"-machine virt-2.12 -cpu cortex-a57 -m 4G", 4 * GIB, 2, 44, 0.9},
	{"-machine type=virt-2.7,gic-version=2 -cpu cortex-a57 -m 1G", GIB, 2, 44, 0.9},
	{"-M virt-3.0,gic-version=2 -cpu cortex-a57 -m 1G", GIB, 2, 44, 0.9},
	{"-M virt-4.1 -cpu cortex-a57 -m 1G -bios FIRMWARE", GIB, 2, 44, 0.9},
	{"-M virt-4.2 -cpu cortex-a57 -m 1G -bios FIRMWARE", GIB, 2, 44, 0.9},
	{"-M virt,acpi=off -cpu cortex-a57 -m 1G -bios FIRMWARE", GIB, 2, 44, 0.9},
	{"-M virt,iommu=smmuv3,nvdimm=on -cpu cortex-a57 -m 2G,slots=2,maxmem=4G -bios FIRMWARE",
	 2 * GIB, 2, 44, 0.9},
	{"-M virt-7.1 -cpu cortex-a57 -m 4G,slots=4,maxmem=300G", 4 * GIB, 2, 44, 0.9},
	{"-M virt-7.1,memory-backend=m -cpu cortex-a57 -m 255G" BIG "255G", 255 * GIB, 2, 44, 0.9},
	{"-M virt-7.1,memory-backend=m -cpu cortex-a57 -m 256G" BIG "256G", 256 * GIB, 2, 44, 0.9},
	{"-M virt,gic-version=3,memory-backend=m -cpu cortex-a57 -m 1T" BIG "1T", 1024 * GIB, 3, 44,
	 0.9},
	{"-M virt,memory-backend=m -cpu cortex-a53 -m 600G" BIG "600G", 600 * GIB, 2, 40, 0.9},
};

static void check(const struct configuration *configuration, const char *firmware)
{
	struct nisv_slot ram = {.gpa = 0x40000000, .size = configuration->ram};
	struct layout layout = {
		.known = true,
		.ipa_bits = configuration->ipa_bits,
		.vgic_model = configuration->vgic,
		.vgic_dist = 0x08000000,
		.vgic_cpu = 0x08010000,
		.vcpus = 1,
		.n_slots = 1,
		.slots = &ram,
	};
	struct vmoptions options;
	struct machine_facts facts = {
		.arch = "arm64",
		.vmm = "qemu",
		.options = &options,
		.layout = &layout,
	};
	static struct machine machine;
	struct machine_choice choice;
	char line[1024], *args[QEMU_ARGS_MAX];
	static struct tree tree;
	size_t len;

	len = qemu_line(BASE, configuration->options, firmware, line, sizeof(line), args);
	vmoptions_parse(&options, "qemu", line, len, false);
	if (!machine_choose(maps.list, maps.n, &facts, &machine, &choice))
		fail_msg("%s: %s", configuration->options, choice.reason);
	if (choice.confidence != configuration->confidence)
		fail_msg("%s: confidence %g: %s", configuration->options, choice.confidence,
			 choice.reason);
	read_tree(args, &tree);
	if (compare(&machine, configuration->vgic, &tree)) {
		print(&machine, &tree);
		fail_msg("%s: the map is not QEMU's", configuration->options);
	}
}

static void the_map_is_that_of_qemu(void **state)
{
	char firmware[] = "/tmp/nisvd-firmware.XXXXXX";
	int fd = mkstemp(firmware);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 0x10000), 0);
	close(fd);
	for (size_t i = 0; i < ARRAY_SIZE(configurations); i++)
		check(&configurations[i], firmware);
	unlink(firmware);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(the_map_is_that_of_qemu)};
	int failed;

	if (system("command -v " QEMU " >/dev/null")) {
		printf("SKIP: no %s here (package qemu-system-arm)\n", QEMU);
		return SKIPPED;
	}
	if (machinefile_load("daemon/machines", &maps) || !maps.n) {
		printf("no reference maps in daemon/machines\n");
		return 1;
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	machinefile_clear(&maps);
	return failed;
}
