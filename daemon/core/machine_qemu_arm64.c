/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * QEMU's "virt" machine for arm64, hw/arm/virt.c of QEMU 5.2 to 10.2. Which devices there are and
 * where the high regions float depends on RAM, IPA size, options and the version of the machine.
 *
 * What only a secure or a virtualizing guest has (secure UART, RAM and GPIO, GICv2's HYP and VCPU
 * frames) is left out: machvirt_init() refuses secure=on with KVM, and with KVM virtualization=on
 * needs a GICv3.
 */

#include <stddef.h>

#include "daemon/core/machine_kit.h"

#define MIB (1ULL << 20)
#define GIB (1ULL << 30)

/* base_memmap[] */
#define VIRT_GIC_DIST	 0x08000000ULL
#define VIRT_GIC_CPU	 0x08010000ULL
#define VIRT_GIC_ITS	 0x08080000ULL
#define VIRT_GIC_REDIST	 0x080a0000ULL
#define VIRT_GPIO	 0x09030000ULL
#define VIRT_SMMU	 0x09050000ULL
#define VIRT_PCDIMM_ACPI 0x09070000ULL
#define VIRT_ACPI_GED	 0x09080000ULL
#define VIRT_NVDIMM_ACPI 0x09090000ULL
#define VIRT_PVTIME	 0x090a0000ULL
#define VIRT_ACPI_PCIHP	 0x090c0000ULL
#define VIRT_PCIE_ECAM	 0x3f000000ULL
#define VIRT_MEM	 0x40000000ULL

#define REDIST_CAPACITY 123ULL	     /* virt_redist_capacity() of VIRT_GIC_REDIST, 0xf60000 bytes */
#define HIGH_FROM	(256 * GIB)  /* VIRT_MEM and LEGACY_RAMLIMIT_BYTES */
#define MEMORY_MAX	(1ULL << 52) /* no arm64 CPU addresses more: FEAT_LPA2 */

/* extended_memmap[]; CXL_HOST is left out: it is not there by default, and moves nothing, as the
 * next one is aligned to 256 MiB. */
enum high {
	HIGH_REDIST = 0,
	HIGH_ECAM,
	HIGH_MMIO,
	_HIGH_MAX
};

struct high_region {
	uint64_t base, size;
	bool enabled;
};

static uint64_t round_up(uint64_t value, uint64_t power_of_two)
{
	return (value + power_of_two - 1) & ~(power_of_two - 1);
}

/*
 * Whether the machine is virt-MAJOR.MINOR or newer. A plain "virt" is the newest of a QEMU whose
 * version is not told; it is taken as 4.2 or later, which hosts with Linux 5.10 come with.
 */
static enum vmoption since(const struct vmoptions *options, uint32_t major, uint32_t minor)
{
	uint32_t at = options->machine_major * 1000 + options->machine_minor;

	if (!options->known)
		return VMOPTION_UNSET;
	if (!options->machine_major)
		return major * 1000 + minor <= 4002 ? VMOPTION_ON : VMOPTION_UNSET;
	return at >= major * 1000 + minor ? VMOPTION_ON : VMOPTION_OFF;
}

static enum vmoption both(enum vmoption a, enum vmoption b)
{
	if (a == VMOPTION_OFF || b == VMOPTION_OFF)
		return VMOPTION_OFF;
	return a == VMOPTION_ON ? b : a;
}

/* An option that is off unless given. */
static enum vmoption asked(const struct vmoptions *options, enum vmoption option)
{
	if (!options->known)
		return VMOPTION_UNSET;
	return option == VMOPTION_ON ? VMOPTION_ON : VMOPTION_OFF;
}

static uint64_t ram_bytes(const struct machine_facts *facts)
{
	uint64_t end;

	if (facts->options->known && facts->options->ram_bytes)
		return facts->options->ram_bytes;
	end = facts->layout->known ? kit_run_end(facts->layout, VIRT_MEM) : 0;
	return end > VIRT_MEM ? end - VIRT_MEM : 0;
}

/*
 * virt_set_memmap(): memory devices (maxmem=, slots=) follow the RAM, the high regions follow them,
 * never below 256 GiB. False if that cannot be told or makes no sense.
 */
static bool place_memory_devices(const struct machine_facts *facts, uint64_t *ret_base,
				 uint64_t *ret_size)
{
	const struct vmoptions *options = facts->options;
	uint64_t ram = ram_bytes(facts), size = 0;

	if (!ram || ram > MEMORY_MAX)
		return false;
	if (options->known && options->max_ram_bytes > ram) {
		if (options->max_ram_bytes > MEMORY_MAX || options->ram_slots > 256)
			return false;
		size = options->max_ram_bytes - ram + options->ram_slots * GIB;
	}
	*ret_base = round_up(VIRT_MEM + ram, GIB);
	*ret_size = size;
	return true;
}

static uint64_t highmem_limit(const struct machine_facts *facts)
{
	uint32_t bits = facts->layout->known ? facts->layout->ipa_bits : 0;

	if (facts->options->highmem == VMOPTION_OFF)
		return 1ULL << 32;
	return bits && bits < 52 ? 1ULL << bits : MEMORY_MAX;
}

static uint64_t high_mmio_size(const struct vmoptions *options)
{
	uint64_t size = options->highmem_mmio_size;

	/* virt_set_highmem_mmio_size() takes powers of two only. */
	return size && !(size & (size - 1)) && size <= MEMORY_MAX ? size : 512 * GIB;
}

/*
 * virt_set_high_memmap(). The IPA size is what KVM was asked for, virt_kvm_type(): just enough for
 * all that fits the host's; what does not fit the VM's own does not fit the host's either.
 */
static void place_high(const struct machine_facts *facts, uint64_t base, bool compact,
		       struct high_region regions[_HIGH_MAX])
{
	const struct vmoptions *options = facts->options;
	enum vmoption ecam = options->highmem_ecam;
	uint64_t limit = highmem_limit(facts);

	if (ecam == VMOPTION_UNSET) /* virt_machine_2_12_options(): no_highmem_ecam */
		ecam = since(options, 3, 0);
	regions[HIGH_REDIST] =
		(struct high_region){0, 64 * MIB, options->highmem_redists != VMOPTION_OFF};
	regions[HIGH_ECAM] = (struct high_region){0, 256 * MIB, ecam != VMOPTION_OFF};
	regions[HIGH_MMIO] = (struct high_region){0, high_mmio_size(options),
						  options->highmem_mmio != VMOPTION_OFF};
	for (int i = 0; i < _HIGH_MAX; i++) {
		struct high_region *region = &regions[i];

		region->base = round_up(base, region->size);
		region->enabled &= region->base + region->size <= limit;
		if (region->enabled || !compact)
			base = region->base + region->size;
	}
	/* machvirt_init(): firmware of a 32-bit guest cannot reach it. */
	if (options->firmware == VMOPTION_ON && facts->layout->known && facts->layout->is_32bit)
		regions[HIGH_ECAM].enabled = false;
}

static void add_redists(const struct machine_facts *facts, struct machine *machine,
			const struct high_region *high)
{
	uint64_t cpus = facts->options->known ? facts->options->cpus : 0;
	struct machine_region region = {
		.name = "GICv3 redistributors",
		.base = VIRT_GIC_REDIST,
		.class = REGION_KERNEL_DEVICE,
		.role = ROLE_REDIST,
		.vgic = NISV_VGIC_V3,
		.source = "QEMU hw/arm/virt.c: VIRT_GIC_REDIST, create_gic()",
	};

	if (!cpus && facts->layout->known)
		cpus = facts->layout->vcpus;
	region.size =
		(cpus && cpus < REDIST_CAPACITY ? cpus : REDIST_CAPACITY) * VGIC_V3_REDIST_SIZE;
	machine_add(machine, &region);
	if (cpus <= REDIST_CAPACITY || !high->enabled)
		return;
	region.base = high->base;
	region.size = (cpus - REDIST_CAPACITY) * VGIC_V3_REDIST_SIZE;
	if (region.size > high->size)
		region.size = high->size;
	region.source = "QEMU hw/arm/virt.c: VIRT_HIGH_GIC_REDIST2";
	machine_add(machine, &region);
}

static void add_ecam(struct machine *machine, const struct high_region *high, bool optional)
{
	machine_add(machine,
		    &(struct machine_region){
			    .name = "PCIe ECAM (high)",
			    .role = ROLE_ECAM,
			    .base = high->base,
			    .size = high->size,
			    .optional = optional,
			    .source = "QEMU hw/arm/virt.c: VIRT_HIGH_PCIE_ECAM, since virt-3.0",
		    });
}

static void add_high(struct machine *machine, const struct high_region *high, bool optional)
{
	if (high[HIGH_ECAM].enabled)
		add_ecam(machine, &high[HIGH_ECAM], optional);
	if (high[HIGH_MMIO].enabled)
		kit_add_window(machine, "PCIe MMIO window (high)", ROLE_PCI_WINDOW,
			       high[HIGH_MMIO].base, high[HIGH_MMIO].base + high[HIGH_MMIO].size,
			       optional, "QEMU hw/arm/virt.c: VIRT_HIGH_PCIE_MMIO");
}

static bool same_high(const struct high_region *a, const struct high_region *b)
{
	for (int i = 0; i < _HIGH_MAX; i++)
		if (a[i].enabled != b[i].enabled || (a[i].enabled && a[i].base != b[i].base))
			return false;
	return true;
}

/* The memory devices' own place: empty until something is plugged, and a memslot from then on. */
static void add_memory_devices(struct machine *machine, uint64_t base, uint64_t size)
{
	if (size)
		machine_add(machine, &(struct machine_region){
					     .name = "memory hotplug area",
					     .base = base,
					     .size = size,
					     .class = REGION_RAM,
					     .is_window = true,
					     .optional = true,
					     .source = "QEMU hw/arm/virt.c: virt_set_memmap(), "
						       "device_memory",
				     });
}

/*
 * virt_machine_7_1_options(): no_highmem_compact. But QEMU 7.2 itself did not have the compact
 * layout yet, only 8.0 and later give it to virt-7.2.
 */
static enum vmoption is_compact(const struct vmoptions *options)
{
	if (options->compact_highmem != VMOPTION_UNSET)
		return options->compact_highmem;
	if (since(options, 7, 2) == VMOPTION_ON && since(options, 8, 0) == VMOPTION_OFF)
		return VMOPTION_UNSET;
	return since(options, 7, 2);
}

static void compute_high(const struct machine_facts *facts, struct machine *machine)
{
	const struct vmoptions *options = facts->options;
	enum vmoption compact = is_compact(options);
	struct high_region high[_HIGH_MAX], other[_HIGH_MAX];
	uint64_t base = HIGH_FROM, memory = 0, size = 0;
	bool open = !options->known, ecam_is_high;

	if (!place_memory_devices(facts, &memory, &size))
		open = true;
	else if (memory + round_up(size, GIB) > base)
		base = memory + round_up(size, GIB);
	place_high(facts, base, compact != VMOPTION_OFF, high);
	if (compact == VMOPTION_UNSET) {
		place_high(facts, base, false, other);
		if (options->known && !same_high(high, other)) {
			machine->doubt = "where its high regions are depends on the version of "
					 "QEMU, which the command line does not tell";
			add_high(machine, other, true);
			open = true;
		}
	}
	if (!facts->layout->known || !facts->layout->ipa_bits)
		open = true; /* what does not fit the IPA size is not there */
	ecam_is_high = high[HIGH_ECAM].enabled;
	kit_settle(machine, VIRT_PCIE_ECAM,
		   open && ecam_is_high && options->highmem != VMOPTION_OFF ? VMOPTION_UNSET
		   : ecam_is_high					    ? VMOPTION_OFF
									    : VMOPTION_ON);
	add_memory_devices(machine, memory, size);
	add_high(machine, high, open);
	add_redists(facts, machine, &high[HIGH_REDIST]);
}

static void compute(const struct machine_facts *facts, struct machine *machine)
{
	const struct vmoptions *options = facts->options;
	enum vmoption firmware = asked(options, options->firmware);
	enum vmoption ged = options->acpi == VMOPTION_OFF ? VMOPTION_OFF : firmware;

	/* machvirt_init(): the GED needs firmware that can read ACPI tables, and 64 bits; no_ged in
	 * virt_machine_4_1_options(). Without it power down comes by GPIO. */
	ged = both(ged, since(options, 4, 2));
	if (facts->layout->known && facts->layout->is_32bit)
		ged = VMOPTION_OFF;
	kit_settle(machine, VIRT_ACPI_GED, ged);
	/* acpi_memory_hotplug_init() has no registers without slots=. */
	kit_settle(machine, VIRT_PCDIMM_ACPI,
		   both(ged, asked(options, options->ram_slots ? VMOPTION_ON : VMOPTION_OFF)));
	kit_settle(machine, VIRT_GPIO,
		   ged == VMOPTION_ON	 ? VMOPTION_OFF
		   : ged == VMOPTION_OFF ? VMOPTION_ON
					 : VMOPTION_UNSET);
	/* Only by a -global property of the GED, in QEMU 10.1 and later. */
	if (ged == VMOPTION_OFF || since(options, 10, 1) == VMOPTION_OFF)
		kit_settle(machine, VIRT_ACPI_PCIHP, VMOPTION_OFF);
	kit_settle(machine, VIRT_NVDIMM_ACPI, asked(options, options->nvdimm));
	kit_settle(machine, VIRT_SMMU, asked(options, options->smmuv3));
	/* no_its in virt_machine_2_7_options() */
	kit_settle(machine, VIRT_GIC_ITS,
		   both(since(options, 2, 8),
			options->its == VMOPTION_OFF ? VMOPTION_OFF : VMOPTION_ON));
	/* no_kvm_steal_time in virt_machine_5_1_options(); then the CPU and the host decide. */
	if (since(options, 5, 2) == VMOPTION_OFF)
		kit_settle(machine, VIRT_PVTIME, VMOPTION_OFF);
	compute_high(facts, machine);
}

static double fingerprint(const struct machine_facts *facts)
{
	const struct layout *layout = facts->layout;

	/* VIRT_GIC_DIST and VIRT_MEM. StratoVirt took both over (machine/src/standard_common), and
	 * the other frames of the GIC; that the VMM takes undescribed accesses itself is QEMU's
	 * mark (target/arm/kvm.c, kvm_arch_init(), since 5.1). */
	if (layout->vgic_dist != VIRT_GIC_DIST || !kit_ram_at(layout, VIRT_MEM))
		return MACHINE_IS_NOT;
	if (layout->vgic_model == NISV_VGIC_V2)
		return layout->vgic_cpu != VIRT_GIC_CPU ? MACHINE_IS_NOT
		       : layout->nisv_to_user		? MACHINE_IS
							: MACHINE_FITS;
	if (layout->vgic_model != NISV_VGIC_V3 ||
	    (layout->n_redist && layout->redist[0].base != VIRT_GIC_REDIST))
		return MACHINE_IS_NOT;
	return layout->nisv_to_user ? MACHINE_IS : MACHINE_FITS;
}

const struct machine_kind machine_qemu_arm64[] = {
	{.id = "qemu-virt-arm64", .fingerprint = fingerprint, .compute = compute},
	{.id = NULL},
};
