/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The device trees that a real QEMU makes, held against VMs that were started with the same
 * options, about which verify() must be silent, and with others, about which it must name the
 * difference. The machines never run (-machine dumpdtb=), so any host will do; what KVM would have
 * is made up here from the options.
 */

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/core/verify.h"
#include "daemon/edge/machinefile.h"
#include "tests/native/qemu_line.h"
#include "tests/unit/unit.h"

#define QEMU	"qemu-system-aarch64"
#define BASE	" -display none -nodefaults "
#define SKIPPED 77
#define MIB	(1ULL << 20)
#define GIB	(1ULL << 30)
#define RAM	0x40000000ULL

static struct machines maps;
static char firmware[] = "/tmp/nisvd-firmware.XXXXXX";
static char dump[] = "/tmp/nisvd-tree.XXXXXX";

struct configuration {
	const char *options; /* words separated by blanks; FIRMWARE is a file */
	uint64_t ram;
	uint32_t vgic, vcpus, ipa_bits;
	bool has_its;
};

struct vm {
	const struct configuration *configuration;
	struct vmoptions options;
	struct layout layout;
	struct nisv_slot slots[2];
	struct nisv_bus_range bus[2];
	struct backing backing[2];
	struct backings backings;
	struct machine machine;
	struct machine_choice choice;
};

/* ---- the tree ------------------------------------------------------------------------------- */

static void run_qemu(char *const args[])
{
	int status, null;
	pid_t pid = fork();

	if (pid == 0) {
		null = open("/dev/null", O_RDWR);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		execvp(args[0], args);
		_exit(127);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail_msg("%s gave no tree", QEMU);
}

static void tree_of(const struct configuration *configuration, struct guest_view *ret)
{
	char text[1024], line[2048], *args[QEMU_ARGS_MAX];
	void *blob = aligned_alloc(8, GUEST_TREE_MAX);
	size_t len;
	FILE *file;

	assert_non_null(blob);
	snprintf(text, sizeof(text), "%s -machine dumpdtb=%s", configuration->options, dump);
	qemu_line(BASE, text, firmware, line, sizeof(line), args);
	run_qemu(args);
	file = fopen(dump, "r");
	assert_non_null(file);
	len = fread(blob, 1, GUEST_TREE_MAX, file);
	fclose(file);
	if (guest_from_tree(blob, len, ret) < 0)
		fail_msg("%s: %s", configuration->options, ret->reason);
	ret->address = RAM + 128 * MIB; /* where QEMU puts it, with this much RAM */
	ret->read_ns = 1;
	free(blob);
}

/* ---- the VM --------------------------------------------------------------------------------- */

static void add_slot(struct vm *vm, uint64_t gpa, uint64_t size, uint32_t flags)
{
	size_t n = vm->layout.n_slots++;

	vm->slots[n] = (struct nisv_slot){
		.gpa = gpa, .size = size, .hva = 0x7f0000000000, .flags = flags, .id = (int16_t)n};
	vm->backing[n] = (struct backing){.slot_id = (int16_t)n,
					  .kind = BACKING_ANONYMOUS,
					  .readable = true,
					  .writable = true,
					  .covered_bytes = size};
	vm->layout.total_slots++;
	vm->backings.n++;
}

/* As QEMU sets up KVM: hw/arm/virt.c: create_gic(), create_its(), create_virt_flash(). */
static void make_vm(const struct configuration *configuration, struct vm *vm)
{
	uint32_t first = configuration->vcpus < 123 ? configuration->vcpus : 123;
	struct machine_facts facts = {
		.arch = "arm64", .vmm = "qemu", .options = &vm->options, .layout = &vm->layout};
	char line[2048], *args[QEMU_ARGS_MAX];
	size_t len;

	*vm = (struct vm){.configuration = configuration};
	vm->layout = (struct layout){
		.known = true,
		.state = NISV_LAYOUT_STABLE,
		.vcpus = configuration->vcpus,
		.ipa_bits = configuration->ipa_bits,
		.vgic_model = configuration->vgic,
		.vgic_dist = 0x08000000,
		.vgic_cpu = configuration->vgic == 2 ? 0x08010000 : NISV_ADDR_UNSET,
		.slots = vm->slots,
		.bus = vm->bus,
	};
	vm->backings = (struct backings){.list = vm->backing, .read_ns = 1};
	if (strstr(configuration->options, "FIRMWARE"))
		add_slot(vm, 0, 64 * MIB, NISV_SLOT_READONLY);
	add_slot(vm, RAM, configuration->ram, 0);
	vm->bus[vm->layout.n_bus++] = (struct nisv_bus_range){.addr = 0x08000000, .len = 0x10000};
	if (configuration->has_its)
		vm->bus[vm->layout.n_bus++] =
			(struct nisv_bus_range){.addr = 0x08080000, .len = 0x20000};
	vm->layout.total_bus = (uint32_t)vm->layout.n_bus;
	if (configuration->vgic == 3)
		vm->layout.redist[vm->layout.n_redist++] =
			(struct nisv_redist){.base = 0x080a0000, .count = first};
	len = qemu_line(BASE, configuration->options, firmware, line, sizeof(line), args);
	vmoptions_parse(&vm->options, "qemu", line, len, false);
	if (!machine_choose(maps.list, maps.n, &facts, &vm->machine, &vm->choice))
		fail_msg("%s: %s", configuration->options, vm->choice.reason);
	/* KVM has further redistributors where the map says that QEMU puts them. */
	for (size_t i = 0; configuration->vcpus > first && i < vm->machine.n_regions; i++)
		if (!strcmp(vm->machine.regions[i].name, "GICv3 redistributors") &&
		    vm->machine.regions[i].base != 0x080a0000)
			vm->layout.redist[vm->layout.n_redist++] =
				(struct nisv_redist){.base = vm->machine.regions[i].base,
						     .count = configuration->vcpus - first};
}

static void run(const struct vm *vm, const struct guest_view *guest, struct findings *ret,
		bool all_checks)
{
	const struct host host = {
		.arch = "arm64",
		.page_bytes = 4096,
		.maps = maps.list,
		.n_maps = maps.n,
	};
	const struct evidence evidence = {
		.host = &host,
		.vmm = "qemu",
		.options = &vm->options,
		.layout = &vm->layout,
		.machine = &vm->machine,
		.machine_confidence = vm->choice.confidence,
		.guest = guest,
		.backings = &vm->backings,
	};
	struct verify_check checks[VERIFY_CHECKS_MAX];
	size_t n;

	assert_int_equal(verify(&evidence, ret, checks, &n), 0);
	for (size_t i = 0; all_checks && i < n; i++)
		if (!checks[i].done)
			fail_msg("%s: \"%s\" was not done: %s", vm->configuration->options,
				 checks[i].name, checks[i].reason);
}

/* ---- alike ---------------------------------------------------------------------------------- */

static const struct configuration alike[] = {
	{"-M virt -cpu cortex-a57 -m 512M", GIB / 2, 2, 1, 44, false},
	{"-M virt,gic-version=3 -cpu cortex-a53 -m 4G -smp 8", 4 * GIB, 3, 8, 40, true},
	{"-M virt-7.2,gic-version=3 -cpu neoverse-n1 -m 1G -smp 123", GIB, 3, 123, 48, true},
	{"-M virt-7.2,gic-version=3 -cpu neoverse-n1 -m 1G -smp 124", GIB, 3, 124, 48, true},
	{"-M virt-7.1,gic-version=3 -cpu cortex-a57 -m 1G -smp 256", GIB, 3, 256, 44, true},
	{"-M virt-7.2,gic-version=3,its=off -cpu cortex-a57 -m 512M", GIB / 2, 3, 1, 44, false},
	{"-M virt-7.2,highmem=off,gic-version=3 -cpu cortex-a57 -m 2G", 2 * GIB, 3, 1, 44, true},
	{"-M virt-2.12 -cpu cortex-a57 -m 4G", 4 * GIB, 2, 1, 44, false},
	{"-M virt-2.7,gic-version=2 -cpu cortex-a57 -m 1G", GIB, 2, 1, 44, false},
	{"-M virt-3.0,gic-version=2 -cpu cortex-a57 -m 1G", GIB, 2, 1, 44, false},
	{"-M virt-4.2 -cpu cortex-a57 -m 1G -bios FIRMWARE", GIB, 2, 1, 44, false},
	{"-M virt,acpi=off -cpu cortex-a57 -m 1G -bios FIRMWARE", GIB, 2, 1, 44, false},
	{"-M virt,iommu=smmuv3 -cpu cortex-a57 -m 2G", 2 * GIB, 2, 1, 44, false},
	{"-M virt -cpu cortex-a57 -m 1G -smp 4 -object memory-backend-ram,id=a,size=512M "
	 "-object memory-backend-ram,id=b,size=512M -numa node,memdev=a -numa node,memdev=b",
	 GIB, 2, 4, 44, false},
	{"-M virt-7.1 -cpu cortex-a57 -m 1G,slots=4,maxmem=300G", GIB, 2, 1, 44, false},
	{"-M virt,gic-version=3 -cpu cortex-a57 -m 1G -device virtio-net-device -device "
	 "virtio-rng-pci -device ramfb",
	 GIB, 3, 1, 44, true},
};

static void a_vm_with_its_own_tree_is_well(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(alike); i++) {
		static struct vm vm;
		struct guest_view guest;
		struct findings findings;

		make_vm(&alike[i], &vm);
		tree_of(&alike[i], &guest);
		run(&vm, &guest, &findings, true);
		if (findings.n)
			fail_msg("%s: %s: %s", alike[i].options, findings.list[0].cause,
				 findings.list[0].summary);
		findings_clear(&findings);
		guest_view_clear(&guest);
	}
}

/* ---- unlike --------------------------------------------------------------------------------- */

#define V3  "-M virt,gic-version=3"
#define A57 " -cpu cortex-a57 "

static const struct {
	struct configuration tree, vm;
	const char *causes; /* of all findings, worst first */
} unlike[] = {
	{{V3 A57 "-m 1G", GIB, 3, 1, 44, true},
	 {V3 A57 "-m 512M", GIB / 2, 3, 1, 44, true},
	 "dtb-memory-node-larger-than-ram"},
	{{V3 A57 "-m 1G -smp 4", GIB, 3, 4, 44, true},
	 {V3 A57 "-m 1G -smp 2", GIB, 3, 2, 44, true},
	 "redist-beyond-vcpus"},
	{{"-M virt,gic-version=2" A57 "-m 1G", GIB, 2, 1, 44, false},
	 {V3 A57 "-m 1G", GIB, 3, 1, 44, true},
	 "gic-version-mismatch"},
	{{V3 A57 "-m 1G", GIB, 3, 1, 44, true},
	 {"-M virt,gic-version=2" A57 "-m 1G", GIB, 2, 1, 44, false},
	 "gic-version-mismatch"},
	{{V3 A57 "-m 1G", GIB, 3, 1, 44, true},
	 {V3 ",its=off" A57 "-m 1G", GIB, 3, 1, 44, false},
	 "its-missing"},
	{{V3 ",highmem=off" A57 "-m 1G", GIB, 3, 1, 44, true},
	 {V3 A57 "-m 1G", GIB, 3, 1, 44, true},
	 "ecam-highmem-mismatch"},
	{{V3 A57 "-m 1G", GIB, 3, 1, 44, true},
	 {V3 ",highmem=off" A57 "-m 1G", GIB, 3, 1, 44, true},
	 "ecam-highmem-mismatch pcie-window-mismatch"},
	{{V3 ",iommu=smmuv3" A57 "-m 1G", GIB, 3, 1, 44, true},
	 {V3 A57 "-m 1G", GIB, 3, 1, 44, true},
	 "dt-device-absent"},
	{{V3 A57 "-m 1G", GIB, 3, 1, 44, true},
	 {V3 A57 "-m 1G -bios FIRMWARE", GIB, 3, 1, 44, true},
	 "dt-device-absent"},
	{{V3 A57 "-m 1G", GIB, 3, 1, 44, true},
	 {V3 A57 "-m 1G", GIB, 3, 1, 39, true},
	 "beyond-ipa-limit"},
};

static void each_difference_has_its_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(unlike); i++) {
		char causes[256] = "";
		static struct vm vm;
		struct guest_view guest;
		struct findings findings;

		make_vm(&unlike[i].vm, &vm);
		tree_of(&unlike[i].tree, &guest);
		run(&vm, &guest, &findings, false);
		for (size_t f = 0; f < findings.n; f++) {
			snprintf(causes + strlen(causes), sizeof(causes) - strlen(causes), "%s%s",
				 f ? " " : "", findings.list[f].cause);
			print_message("%s\n", findings.list[f].summary);
		}
		if (strcmp(causes, unlike[i].causes) != 0)
			fail_msg("the tree of %s with %s: \"%s\", expected \"%s\"",
				 unlike[i].tree.options, unlike[i].vm.options, causes,
				 unlike[i].causes);
		findings_clear(&findings);
		guest_view_clear(&guest);
	}
}

static void make_file(char *name, off_t size)
{
	int fd = mkstemp(name);

	if (fd < 0 || ftruncate(fd, size) < 0) {
		perror(name);
		exit(1);
	}
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_vm_with_its_own_tree_is_well),
		cmocka_unit_test(each_difference_has_its_name),
	};
	int failed;

	if (system("command -v " QEMU " >/dev/null")) {
		printf("SKIP: no %s here (package qemu-system-arm)\n", QEMU);
		return SKIPPED;
	}
	if (machinefile_load("daemon/machines", &maps) || !maps.n) {
		printf("no reference maps in daemon/machines\n");
		return 1;
	}
	make_file(firmware, 0x10000);
	make_file(dump, 0);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(firmware);
	unlink(dump);
	machinefile_clear(&maps);
	return failed;
}
