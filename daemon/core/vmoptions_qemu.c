/* SPDX-License-Identifier: GPL-2.0-or-later */

/* QEMU's options: qemu-options.hx, system/vl.c, hw/core/machine.c, hw/arm/virt.c, hw/i386/. */

#include <ctype.h>
#include <string.h>

#include "daemon/core/vmname.h"
#include "daemon/core/vmoptions_internal.h"

#define MIB (1ULL << 20)

enum {
	QEMU_MACHINE,
	QEMU_M,
	QEMU_SMP,
	QEMU_CPU,
	QEMU_DTB,
	QEMU_FIRMWARE,
	QEMU_DRIVE,
	QEMU_DEVICE,
	QEMU_OBJECT,
	QEMU_USB,
	QEMU_NO_ACPI,
	QEMU_NO_HPET,
	QEMU_READCONFIG,
};

const struct cmdline_option vmoptions_qemu[] = {
	{"-machine", QEMU_MACHINE, CMDLINE_VALUE},
	{"-M", QEMU_MACHINE, CMDLINE_VALUE},
	{"-m", QEMU_M, CMDLINE_VALUE},
	{"-smp", QEMU_SMP, CMDLINE_VALUE},
	{"-cpu", QEMU_CPU, CMDLINE_VALUE},
	{"-dtb", QEMU_DTB, CMDLINE_VALUE},
	{"-bios", QEMU_FIRMWARE, CMDLINE_VALUE},
	{"-pflash", QEMU_FIRMWARE, CMDLINE_VALUE},
	{"-drive", QEMU_DRIVE, CMDLINE_VALUE},
	{"-device", QEMU_DEVICE, CMDLINE_VALUE},
	{"-object", QEMU_OBJECT, CMDLINE_VALUE},
	{"-usb", QEMU_USB, CMDLINE_FLAG},
	{"-no-acpi", QEMU_NO_ACPI, CMDLINE_FLAG},
	{"-no-hpet", QEMU_NO_HPET, CMDLINE_FLAG},
	{"-readconfig", QEMU_READCONFIG, CMDLINE_VALUE},
	{},
};

static bool find(struct cmdline_text list, const char *key, bool implied, struct cmdline_text *ret)
{
	return cmdline_find(CMDLINE_QEMU, list, key, implied, ret);
}

static void take_size(uint64_t *ret, struct cmdline_text value, uint64_t unit)
{
	cmdline_size(value, unit, ret);
}

/* ---- -machine ---- */

/*
 * Families of versioned machines (DEFINE_VIRT_MACHINE, DEFINE_I440FX_MACHINE, DEFINE_Q35_MACHINE).
 * Distributions make versions of their own, "virt-rhel9.4.0", "pc-q35-noble": of that family, but
 * which version of QEMU they stand for is not told.
 */
static const struct {
	const char *begins, *machine;
} families[] = {
	{"virt-", "virt"},
	{"pc-q35-", "q35"},
	{"pc-i440fx-", "pc"},
	{"pc-", "pc"}, /* pc-0.10 to pc-1.3 */
};

static size_t take_digits(struct cmdline_text text, uint32_t *ret)
{
	uint32_t n = 0;
	size_t i = 0;

	for (; i < text.len && i < 6 && isdigit((unsigned char)text.s[i]); i++)
		n = 10 * n + (uint32_t)(text.s[i] - '0');
	*ret = n;
	return i;
}

/* "8.2", "4.0.1" */
static void take_version(struct vmoptions *options, struct cmdline_text text)
{
	uint32_t major, minor;
	size_t n = take_digits(text, &major);

	if (!n || n + 1 >= text.len || text.s[n] != '.')
		return;
	text.s += n + 1;
	text.len -= n + 1;
	n = take_digits(text, &minor);
	if (!n || (n < text.len && text.s[n] != '.'))
		return;
	options->machine_major = major;
	options->machine_minor = minor;
}

static void take_type(struct vmoptions *options, struct cmdline_text type)
{
	options->machine_major = 0;
	options->machine_minor = 0;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		size_t n = strlen(families[i].begins);

		if (!cmdline_begins(type, families[i].begins))
			continue;
		take_version(options, (struct cmdline_text){type.s + n, type.len - n});
		type = (struct cmdline_text){families[i].machine, strlen(families[i].machine)};
		break;
	}
	vmname_sanitize(options->machine, sizeof(options->machine), type.s, type.len);
}

static void take_path(char *ret, size_t size, struct cmdline_text path)
{
	vmname_sanitize(ret, size, path.s, path.len);
}

/* Switches of a machine: properties of hw/core/machine.c and of the machines' own files. */
static const struct {
	const char *key;
	size_t at;
} switches[] = {
	{"highmem", offsetof(struct vmoptions, highmem)},
	{"highmem-ecam", offsetof(struct vmoptions, highmem_ecam)},
	{"highmem-mmio", offsetof(struct vmoptions, highmem_mmio)},
	{"highmem-redists", offsetof(struct vmoptions, highmem_redists)},
	{"compact-highmem", offsetof(struct vmoptions, compact_highmem)},
	{"its", offsetof(struct vmoptions, its)},
	{"secure", offsetof(struct vmoptions, secure)},
	{"virtualization", offsetof(struct vmoptions, virtualization)},
	{"acpi", offsetof(struct vmoptions, acpi)},
	{"nvdimm", offsetof(struct vmoptions, nvdimm)},
	{"ras", offsetof(struct vmoptions, ras)},
	{"mte", offsetof(struct vmoptions, mte)},
	{"usb", offsetof(struct vmoptions, usb)},
	{"pcie", offsetof(struct vmoptions, pcie)},
	{"pit", offsetof(struct vmoptions, pit)},
	{"pic", offsetof(struct vmoptions, pic)},
	{"rtc", offsetof(struct vmoptions, rtc)},
	{"hpet", offsetof(struct vmoptions, hpet)},
};

static bool take_switch(struct vmoptions *options, const struct cmdline_pair *pair)
{
	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		if (!cmdline_is(pair->key, switches[i].key))
			continue;
		/* "auto" is the default of those that know it. */
		vmoptions_switch((enum vmoption *)((char *)options + switches[i].at), pair->value);
		return true;
	}
	return false;
}

/* virt_set_gic_version(): "host" and "max" depend on the host. */
static void take_gic_version(struct vmoptions *options, struct cmdline_text value)
{
	options->gic_version = 0;
	for (uint32_t version = 2; version <= 4; version++)
		if (value.len == 1 && value.s[0] == (char)('0' + version))
			options->gic_version = version;
}

static void take_machine_pair(struct vmoptions *options, const struct cmdline_pair *pair)
{
	struct cmdline_text key = pair->key, value = pair->value;

	if (take_switch(options, pair))
		return;
	if (cmdline_is(key, "type"))
		take_type(options, value);
	else if (cmdline_is(key, "gic-version"))
		take_gic_version(options, value);
	else if (cmdline_is(key, "iommu"))
		options->smmuv3 = cmdline_is(value, "smmuv3") ? VMOPTION_ON : VMOPTION_OFF;
	else if (cmdline_is(key, "max-ram-below-4g"))
		take_size(&options->max_ram_below_4g, value, 1);
	else if (cmdline_is(key, "highmem-mmio-size"))
		take_size(&options->highmem_mmio_size, value, 1);
	else if (cmdline_is(key, "dtb"))
		take_path(options->dtb, sizeof(options->dtb), value);
	else if (cmdline_is(key, "firmware") || cmdline_is(key, "pflash0"))
		options->firmware = VMOPTION_ON;
	else if (cmdline_is(key, "confidential-guest-support") ||
		 cmdline_is(key, "memory-encryption"))
		options->sev_or_cca = VMOPTION_ON;
	else if (cmdline_is(key, "memory.size"))
		take_size(&options->ram_bytes, value, 1);
	else if (cmdline_is(key, "memory.max-size"))
		take_size(&options->max_ram_bytes, value, 1);
	else if (cmdline_is(key, "memory.slots"))
		vmoptions_count(&options->ram_slots, value);
	else if (cmdline_is(key, "smp.cpus"))
		vmoptions_count(&options->cpus, value);
	else if (cmdline_is(key, "smp.maxcpus"))
		vmoptions_count(&options->max_cpus, value);
}

static void take_machine(struct vmoptions *options, struct cmdline_text list)
{
	struct cmdline_pair pair;

	for (bool first = true; cmdline_take_pair(CMDLINE_QEMU, &list, &pair); first = false) {
		if (first && !pair.key.len)
			take_type(options, pair.value);
		else
			take_machine_pair(options, &pair);
	}
}

/* ---- -m, -smp, -cpu ---- */

/* system/vl.c: only a bare size= counts MiB, maxmem= is bytes. */
static void take_memory(struct vmoptions *options, struct cmdline_text list)
{
	struct cmdline_text part;

	if (find(list, "size", true, &part))
		take_size(&options->ram_bytes, part, MIB);
	if (find(list, "maxmem", false, &part))
		take_size(&options->max_ram_bytes, part, 1);
	if (find(list, "slots", false, &part))
		vmoptions_count(&options->ram_slots, part);
}

static void take_smp(struct vmoptions *options, struct parse *parse, struct cmdline_text list)
{
	/* hw/core/machine-smp.c */
	static const char *const levels[] = {"drawers",	 "books",   "sockets", "dies",
					     "clusters", "modules", "cores",   "threads"};
	struct cmdline_text part;
	uint64_t n;

	if (find(list, "cpus", true, &part))
		vmoptions_count(&options->cpus, part);
	if (find(list, "maxcpus", false, &part))
		vmoptions_count(&options->max_cpus, part);
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (!find(list, levels[i], false, &part) || !cmdline_number(part, &n) || !n)
			continue;
		if (!parse->smp_product)
			parse->smp_product = 1;
		if (__builtin_mul_overflow(parse->smp_product, n, &parse->smp_product))
			parse->smp_product = UINT64_MAX;
	}
}

/* ---- devices and files ---- */

/* Both forms of -device and -object: "driver,key=value" and JSON. */
static struct cmdline_text type_of(struct cmdline_text value, const char *key)
{
	struct cmdline_text type = {"", 0};

	if (cmdline_begins(value, "{"))
		cmdline_json_string(value, key, &type);
	else
		find(value, key, true, &type);
	return type;
}

static void take_device(struct vmoptions *options, struct cmdline_text value)
{
	struct cmdline_text driver = type_of(value, "driver");

	if (cmdline_begins(driver, "tpm-"))
		options->tpm = VMOPTION_ON;
	else if (cmdline_begins(driver, "virtio-iommu"))
		options->virtio_iommu = VMOPTION_ON;
	else if (cmdline_begins(driver, "pvpanic"))
		options->pvpanic = VMOPTION_ON;
	else if (cmdline_begins(driver, "vfio-"))
		options->vfio = VMOPTION_ON;
}

/* Objects that -machine confidential-guest-support= names (qapi/qom.json). */
static void take_object(struct vmoptions *options, struct cmdline_text value)
{
	static const char *const types[] = {"sev-guest", "sev-snp-guest", "tdx-guest", "rme-guest",
					    "arm-rme"};
	struct cmdline_text type = type_of(value, "qom-type");

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (cmdline_is(type, types[i]))
			options->sev_or_cca = VMOPTION_ON;
}

/*
 * The models that begin with what the host has (host_cpu_max_instance_init()) take the host's
 * address bits whatever phys-bits= says; then a limit is all that is told of them
 * (host_cpu_adjust_phys_bits()).
 */
static void take_cpu(struct vmoptions *options, struct cmdline_text value)
{
	struct cmdline_text part, model;
	bool is_hosts = find(value, "model", true, &model) &&
			(cmdline_is(model, "host") || cmdline_is(model, "max"));

	if (find(value, "host-phys-bits", false, &part))
		is_hosts = !cmdline_is(part, "off");
	if (find(value, is_hosts ? "host-phys-bits-limit" : "phys-bits", false, &part))
		vmoptions_count(&options->phys_bits, part);
}

void vmoptions_take_qemu(struct vmoptions *options, struct parse *parse, int meaning,
			 struct cmdline_text value)
{
	struct cmdline_text part;

	switch (meaning) {
	case QEMU_MACHINE:
		take_machine(options, value);
		break;
	case QEMU_M:
		take_memory(options, value);
		break;
	case QEMU_SMP:
		take_smp(options, parse, value);
		break;
	case QEMU_CPU:
		take_cpu(options, value);
		break;
	case QEMU_DTB:
		take_path(options->dtb, sizeof(options->dtb), value);
		break;
	case QEMU_FIRMWARE:
		options->firmware = VMOPTION_ON;
		break;
	case QEMU_DRIVE:
		if (find(value, "if", false, &part) && cmdline_is(part, "pflash"))
			options->firmware = VMOPTION_ON;
		break;
	case QEMU_DEVICE:
		take_device(options, value);
		break;
	case QEMU_OBJECT:
		take_object(options, value);
		break;
	case QEMU_USB:
		options->usb = VMOPTION_ON;
		break;
	case QEMU_NO_ACPI:
		options->acpi = VMOPTION_OFF;
		break;
	case QEMU_NO_HPET:
		options->hpet = VMOPTION_OFF;
		break;
	case QEMU_READCONFIG:
		parse->is_elsewhere = true;
		break;
	}
}

/* machine_parse_smp_config(): what is not given follows from what is. */
void vmoptions_settle_qemu(struct vmoptions *options, const struct parse *parse)
{
	/* hw/i386/microvm.c: microvm_device_pre_plug_cb() switches host-phys-bits on. */
	if (!strcmp(options->machine, "microvm"))
		options->phys_bits = 0;
	if (!options->max_cpus)
		options->max_cpus = options->cpus;
	if (!options->max_cpus && parse->smp_product <= UINT32_MAX)
		options->max_cpus = (uint32_t)parse->smp_product;
	if (!options->cpus)
		options->cpus = options->max_cpus;
}
