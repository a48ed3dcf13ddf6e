/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VMM's command line: who it is (vmname_decide()), what it asks for (vmoptions_parse()), and the
 * machine map that follows from it (machine_choose()). The first two bytes of an input choose what
 * else is known; the rest is the command line.
 */
#include "daemon/core/machine.h"
#include "daemon/core/vmname.h"
#include "daemon/edge/machinefile.h"
#include "fuzz.h"

static struct machines machines;

int LLVMFuzzerInitialize(int *argc, char ***argv);

/* The shipped maps: the compute functions change those. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	MUST(machinefile_load("daemon/machines", &machines) == 0 && machines.n);
	return 0;
}

/* Within a map no two regions may overlap but those of different vGICs. */
static void map_must_hold(const struct machine *machine)
{
	MUST(machine->n_regions <= MACHINE_REGIONS_MAX);
	for (size_t i = 0; i < machine->n_regions; i++) {
		const struct machine_region *a = &machine->regions[i];

		MUST(a->size && a->base + (a->size - 1) >= a->base && a->source);
		for (size_t j = 0; j < i; j++) {
			const struct machine_region *b = &machine->regions[j];

			MUST(b->base <= a->base);
			MUST(a->base - b->base >= b->size ||
			     (a->vgic && b->vgic && a->vgic != b->vgic));
		}
	}
}

/* A VM as it may be: some RAM, a vGIC, or nothing that is known. */
static void choose(uint8_t kind, const char *vmm, const struct vmoptions *options)
{
	struct nisv_slot slots[] = {
		{.gpa = kind & 1 ? 0x40000000 : 0x80000000, .size = 1ULL << (20 + (kind >> 4))},
		{.gpa = 1ULL << 32, .size = 1ULL << 30, .id = 1},
	};
	struct layout layout = {
		.known = kind & 2,
		.state = NISV_LAYOUT_STABLE,
		.vcpus = 1 + (kind >> 2) * 9,
		.ipa_bits = kind & 4 ? 40 : 36,
		.vgic_model = kind & 8 ? NISV_VGIC_V3 : NISV_VGIC_NONE,
		.vgic_dist = 0x3fff0000,
		.vgic_cpu = NISV_ADDR_UNSET,
		.n_slots = 2,
		.total_slots = 2,
		.slots = slots,
	};
	struct machine_facts facts = {.vmm = vmm, .options = options, .layout = &layout};
	struct machine_choice choice;
	struct machine machine;

	for (int arch = 0; arch < 2; arch++) {
		facts.arch = arch ? "x86_64" : "arm64";
		if (machine_choose(machines.list, machines.n, &facts, &machine, &choice))
			map_must_hold(&machine);
		else
			MUST(choice.reason[0]);
		MUST(choice.confidence >= 0 && choice.confidence <= 1);
		must_be_printable(choice.reason, sizeof(choice.reason));
	}
}

static void options_must_hold(const struct vmoptions *options)
{
	MUST(memchr(options->machine, 0, sizeof(options->machine)));
	MUST(memchr(options->dtb, 0, sizeof(options->dtb)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const vmms[] = {"qemu",    "firecracker", "cloud-hypervisor", "crosvm",
					   "kvmtool", "libkrun",     "gvisor",		 "unknown"};
	struct input input = {data, size};
	uint8_t kind = input_byte(&input), more = input_byte(&input);
	struct vmname_facts facts = {
		.cmdline = (const char *)input.data,
		.cmdline_len = input.size,
		.cmdline_cut = more & 1,
		.comm = more & 2 ? "firecracker" : NULL,
		.exe = more & 4 ? "/usr/bin/krun (deleted)" : NULL,
		.has_libkrun = more & 8,
		.pid = more & 16 ? 1234 : 0,
		.cgroup = more & 32 ? "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope" : NULL,
		.machined = more & 64 ? "qemu-1-vm" : NULL,
	};
	const char *vmm;
	struct vmname name;
	struct vmoptions options;

	vmname_decide(&name, &facts);
	MUST(name.name[0] && name.source && name.vmm);
	must_be_printable(name.name, sizeof(name.name));
	must_be_printable(name.uuid, sizeof(name.uuid));
	/* What it is taken for, or any other: nobody shall rely on their being one. */
	vmm = more & 128 ? vmms[kind % (sizeof(vmms) / sizeof(vmms[0]))] : name.vmm;
	vmoptions_parse(&options, vmm, facts.cmdline, facts.cmdline_len, facts.cmdline_cut);
	options_must_hold(&options);
	choose(kind, vmm, &options);
	return 0;
}
