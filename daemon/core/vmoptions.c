/* SPDX-License-Identifier: GPL-2.0-or-later */

/* One table of options per VMM, and what each of their values says. QEMU: vmoptions_qemu.c. */

#include <string.h>

#include "daemon/core/vmoptions.h"
#include "daemon/core/vmoptions_internal.h"

#define MIB (1ULL << 20)

void vmoptions_count(uint32_t *ret, struct cmdline_text value)
{
	uint64_t n;

	if (cmdline_number(value, &n) && n <= UINT32_MAX)
		*ret = (uint32_t)n;
}

void vmoptions_switch(enum vmoption *ret, struct cmdline_text value)
{
	bool on;

	if (cmdline_bool(value, &on))
		*ret = on ? VMOPTION_ON : VMOPTION_OFF;
}

/* ---- Firecracker: all but PCI comes over its API, or from a file that it reads ---- */

enum {
	FC_PCI
};

/* src/firecracker/src/main.rs; PCI since 1.13 */
static const struct cmdline_option firecracker[] = {
	{"--enable-pci", FC_PCI, CMDLINE_FLAG},
	{},
};

static void take_firecracker(struct vmoptions *options, struct parse *parse, int meaning,
			     struct cmdline_text value)
{
	(void)parse;
	(void)meaning;
	(void)value;
	options->pcie = VMOPTION_ON;
}

/* ---- Cloud Hypervisor ---- */

enum {
	CH_MEMORY,
	CH_ZONE,
	CH_CPUS,
	CH_FIRMWARE,
	CH_PAYLOAD,
	CH_TPM,
	CH_PVPANIC,
	CH_PLATFORM,
	CH_VFIO,
	CH_DEVICE,
	CH_RESTORE,
};

/* cloud-hypervisor/src/main.rs, get_cli_options_sorted(); vmm/src/config.rs for the values */
static const struct cmdline_option cloud_hypervisor[] = {
	{"--memory", CH_MEMORY, CMDLINE_VALUE},	    {"--memory-zone", CH_ZONE, CMDLINE_VALUES},
	{"--cpus", CH_CPUS, CMDLINE_VALUE},	    {"--firmware", CH_FIRMWARE, CMDLINE_VALUE},
	{"--kernel", CH_PAYLOAD, CMDLINE_VALUE},    {"--igvm", CH_PAYLOAD, CMDLINE_VALUE},
	{"--tpm", CH_TPM, CMDLINE_VALUE},	    {"--pvpanic", CH_PVPANIC, CMDLINE_FLAG},
	{"--platform", CH_PLATFORM, CMDLINE_VALUE}, {"--device", CH_VFIO, CMDLINE_VALUES},
	{"--user-device", CH_VFIO, CMDLINE_VALUES}, {"--disk", CH_DEVICE, CMDLINE_VALUES},
	{"--net", CH_DEVICE, CMDLINE_VALUES},	    {"--rng", CH_DEVICE, CMDLINE_VALUE},
	{"--vsock", CH_DEVICE, CMDLINE_VALUE},	    {"--console", CH_DEVICE, CMDLINE_VALUE},
	{"--restore", CH_RESTORE, CMDLINE_VALUE},   {},
};

/* ByteSized: a bare number is bytes. Sizes of zones add up, and --memory is 0 then. */
static void add_size(uint64_t *sum, struct cmdline_text list, const char *key)
{
	struct cmdline_text part;
	uint64_t n;

	if (cmdline_find(CMDLINE_BRACKETS, list, key, false, &part) && cmdline_size(part, 1, &n) &&
	    n <= UINT64_MAX - *sum)
		*sum += n;
}

static void ch_cpus(struct vmoptions *options, struct cmdline_text value)
{
	struct cmdline_text part;

	if (cmdline_find(CMDLINE_BRACKETS, value, "boot", true, &part))
		vmoptions_count(&options->cpus, part);
	if (cmdline_find(CMDLINE_BRACKETS, value, "max", false, &part))
		vmoptions_count(&options->max_cpus, part);
	if (cmdline_find(CMDLINE_BRACKETS, value, "max_phys_bits", false, &part))
		vmoptions_count(&options->phys_bits, part);
}

static void ch_platform(struct vmoptions *options, struct cmdline_text value)
{
	struct cmdline_text part;

	if (cmdline_find(CMDLINE_BRACKETS, value, "sev_snp", false, &part))
		vmoptions_switch(&options->sev_or_cca, part);
	if (cmdline_find(CMDLINE_BRACKETS, value, "tdx", false, &part))
		vmoptions_switch(&options->sev_or_cca, part);
}

static void take_cloud_hypervisor(struct vmoptions *options, struct parse *parse, int meaning,
				  struct cmdline_text value)
{
	struct cmdline_text part;

	switch (meaning) {
	case CH_MEMORY:
	case CH_ZONE:
		add_size(&options->ram_bytes, value, "size");
		add_size(&options->max_ram_bytes, value, "hotplug_size");
		break;
	case CH_CPUS:
		ch_cpus(options, value);
		break;
	case CH_FIRMWARE:
		options->firmware = VMOPTION_ON;
		parse->has_payload = true;
		break;
	case CH_PAYLOAD:
		parse->has_payload = true;
		break;
	case CH_TPM:
		options->tpm = VMOPTION_ON;
		break;
	case CH_PVPANIC:
		options->pvpanic = VMOPTION_ON;
		break;
	case CH_PLATFORM:
		ch_platform(options, value);
		break;
	case CH_VFIO:
		options->vfio = VMOPTION_ON;
		/* fallthrough */
	case CH_DEVICE:
		/* One device behind the virtual IOMMU is enough for there to be one. */
		if (options->virtio_iommu != VMOPTION_ON &&
		    cmdline_find(CMDLINE_BRACKETS, value, "iommu", false, &part))
			vmoptions_switch(&options->virtio_iommu, part);
		break;
	case CH_RESTORE:
		parse->is_elsewhere = true;
		break;
	}
}

/* ---- crosvm ---- */

enum {
	CROSVM_MEM,
	CROSVM_CPUS,
	CROSVM_PCI,
	CROSVM_FIRMWARE,
	CROSVM_TPM,
	CROSVM_NO_RTC,
	CROSVM_MTE,
	CROSVM_VFIO,
	CROSVM_ELSEWHERE,
};

/* src/crosvm/cmdline.rs, RunCommand; arch/src/lib.rs, PciConfig */
static const struct cmdline_option crosvm[] = {
	{"--mem", CROSVM_MEM, CMDLINE_VALUE},
	{"-m", CROSVM_MEM, CMDLINE_VALUE},
	{"--cpus", CROSVM_CPUS, CMDLINE_VALUE},
	{"-c", CROSVM_CPUS, CMDLINE_VALUE},
	{"--pci", CROSVM_PCI, CMDLINE_VALUE},
	{"--bios", CROSVM_FIRMWARE, CMDLINE_VALUE},
	{"--vtpm-proxy", CROSVM_TPM, CMDLINE_FLAG},
	{"--software-tpm", CROSVM_TPM, CMDLINE_FLAG},
	{"--no-rtc", CROSVM_NO_RTC, CMDLINE_FLAG},
	{"--mte", CROSVM_MTE, CMDLINE_FLAG},
	{"--vfio", CROSVM_VFIO, CMDLINE_VALUE},
	{"--vfio-platform", CROSVM_VFIO, CMDLINE_VALUE},
	{"--cfg", CROSVM_ELSEWHERE, CMDLINE_VALUE},
	{"--restore", CROSVM_ELSEWHERE, CMDLINE_VALUE},
	{},
};

/* arch/src/lib.rs, MemoryRegionConfig: the size may be left to its default. */
static void crosvm_region(struct cmdline_text pci, const char *key, uint64_t *start, uint64_t *size)
{
	struct cmdline_text list, part;
	uint64_t from, bytes = 0;

	if (!cmdline_find(CMDLINE_BRACKETS, pci, key, false, &list))
		return;
	list = cmdline_unbracket(list);
	if (!cmdline_find(CMDLINE_BRACKETS, list, "start", false, &part) ||
	    !cmdline_number(part, &from))
		return;
	if (cmdline_find(CMDLINE_BRACKETS, list, "size", false, &part) &&
	    (!cmdline_number(part, &bytes) || bytes > UINT64_MAX - from))
		return;
	*start = from;
	*size = bytes;
}

static void take_crosvm(struct vmoptions *options, struct parse *parse, int meaning,
			struct cmdline_text value)
{
	struct cmdline_text part;

	switch (meaning) {
	case CROSVM_MEM:
		if (cmdline_find(CMDLINE_BRACKETS, value, "size", true, &part))
			cmdline_size(part, MIB, &options->ram_bytes);
		break;
	case CROSVM_CPUS:
		if (cmdline_find(CMDLINE_BRACKETS, value, "num-cores", true, &part))
			vmoptions_count(&options->cpus, part);
		break;
	case CROSVM_PCI:
		crosvm_region(value, "cam", &options->crosvm_cam.start, &options->crosvm_cam.size);
		crosvm_region(value, "ecam", &options->crosvm_ecam.start,
			      &options->crosvm_ecam.size);
		crosvm_region(value, "mem", &options->crosvm_mem.start, &options->crosvm_mem.size);
		break;
	case CROSVM_FIRMWARE:
		options->firmware = VMOPTION_ON;
		break;
	case CROSVM_TPM:
		options->tpm = VMOPTION_ON;
		break;
	case CROSVM_NO_RTC:
		options->rtc = VMOPTION_OFF;
		break;
	case CROSVM_MTE:
		options->mte = VMOPTION_ON;
		break;
	case CROSVM_VFIO:
		options->vfio = VMOPTION_ON;
		break;
	case CROSVM_ELSEWHERE:
		parse->is_elsewhere = true;
		break;
	}
}

/* ---- kvmtool ---- */

enum {
	KVMTOOL_MEM,
	KVMTOOL_CPUS,
	KVMTOOL_FIRMWARE,
	KVMTOOL_IRQCHIP,
	KVMTOOL_VFIO,
	KVMTOOL_REALM
};

/* builtin-run.c, BUILD_OPTIONS; arm/include/arm-common/kvm-config-arch.h, OPT_ARCH_RUN */
static const struct cmdline_option kvmtool[] = {
	{"--mem", KVMTOOL_MEM, CMDLINE_VALUE},
	{"-m", KVMTOOL_MEM, CMDLINE_VALUE},
	{"--cpus", KVMTOOL_CPUS, CMDLINE_VALUE},
	{"-c", KVMTOOL_CPUS, CMDLINE_VALUE},
	{"--firmware", KVMTOOL_FIRMWARE, CMDLINE_VALUE},
	{"-f", KVMTOOL_FIRMWARE, CMDLINE_VALUE},
	{"--firmware-path", KVMTOOL_FIRMWARE, CMDLINE_VALUE},
	{"--flash", KVMTOOL_FIRMWARE, CMDLINE_VALUE},
	{"-F", KVMTOOL_FIRMWARE, CMDLINE_VALUE},
	{"--irqchip", KVMTOOL_IRQCHIP, CMDLINE_VALUE},
	{"--vfio-pci", KVMTOOL_VFIO, CMDLINE_VALUE},
	{"--realm", KVMTOOL_REALM, CMDLINE_FLAG},
	{},
};

/* builtin-run.c, mem_parser(): SIZE[@ADDRESS], MiB unless suffixed */
static void kvmtool_mem(struct vmoptions *options, struct cmdline_text value)
{
	const char *at = value.len ? memchr(value.s, '@', value.len) : NULL;

	if (at)
		value.len = (size_t)(at - value.s);
	cmdline_size(value, MIB, &options->ram_bytes);
}

/* arm/gic.c, irqchip_parser() */
static void kvmtool_irqchip(struct vmoptions *options, struct cmdline_text value)
{
	if (cmdline_begins(value, "gicv2"))
		options->gic_version = 2;
	if (!cmdline_begins(value, "gicv3"))
		return;
	options->gic_version = 3;
	options->its = cmdline_is(value, "gicv3-its") ? VMOPTION_ON : VMOPTION_OFF;
}

static void take_kvmtool(struct vmoptions *options, struct parse *parse, int meaning,
			 struct cmdline_text value)
{
	(void)parse;
	switch (meaning) {
	case KVMTOOL_MEM:
		kvmtool_mem(options, value);
		break;
	case KVMTOOL_CPUS:
		vmoptions_count(&options->cpus, value);
		break;
	case KVMTOOL_FIRMWARE:
		options->firmware = VMOPTION_ON;
		break;
	case KVMTOOL_IRQCHIP:
		kvmtool_irqchip(options, value);
		break;
	case KVMTOOL_VFIO:
		options->vfio = VMOPTION_ON;
		break;
	case KVMTOOL_REALM:
		options->sev_or_cca = VMOPTION_ON;
		break;
	}
}

/* ---- libkrun: only krunkit tells; the others set it up by function calls ---- */

enum {
	KRUN_MEMORY,
	KRUN_CPUS,
	KRUN_BOOTLOADER
};

/* krunkit src/cmdline.rs */
static const struct cmdline_option libkrun[] = {
	{"--memory", KRUN_MEMORY, CMDLINE_VALUE},
	{"--cpus", KRUN_CPUS, CMDLINE_VALUE},
	{"--bootloader", KRUN_BOOTLOADER, CMDLINE_VALUE},
	{},
};

static void take_libkrun(struct vmoptions *options, struct parse *parse, int meaning,
			 struct cmdline_text value)
{
	switch (meaning) {
	case KRUN_MEMORY:
		parse->has_payload |= cmdline_size(value, MIB, &options->ram_bytes);
		break;
	case KRUN_CPUS:
		vmoptions_count(&options->cpus, value);
		break;
	case KRUN_BOOTLOADER:
		if (cmdline_begins(value, "efi"))
			options->firmware = VMOPTION_ON;
		break;
	}
}

/* ---- all ---- */

static const struct vmm_options {
	const char *vmm;
	const struct cmdline_option *table;
	void (*take)(struct vmoptions *options, struct parse *parse, int meaning,
		     struct cmdline_text value);
	bool needs_payload; /* without one, the machine is not described on the command line */
} vmms[] = {
	{"qemu", vmoptions_qemu, vmoptions_take_qemu, false},
	{"firecracker", firecracker, take_firecracker, false},
	{"cloud-hypervisor", cloud_hypervisor, take_cloud_hypervisor, true},
	{"crosvm", crosvm, take_crosvm, false},
	{"kvmtool", kvmtool, take_kvmtool, false},
	{"libkrun", libkrun, take_libkrun, true},
};

static const struct vmm_options *find(const char *vmm)
{
	for (size_t i = 0; i < sizeof(vmms) / sizeof(vmms[0]); i++)
		if (!strcmp(vmms[i].vmm, vmm))
			return &vmms[i];
	return NULL;
}

void vmoptions_parse(struct vmoptions *ret, const char *vmm, const char *cmdline, size_t len,
		     bool cut)
{
	const struct vmm_options *rows = find(vmm);
	struct cmdline_options line = {.args = cmdline_begin(cmdline, len, cut)};
	const struct cmdline_style *style = cmdline_style(vmm);
	struct cmdline_text value, program;
	struct parse parse = {};
	int meaning;

	*ret = (struct vmoptions){};
	if (!rows || !cmdline_take(&line.args, &program))
		return;
	while (cmdline_next_option(&line, style, rows->table, &meaning, &value))
		rows->take(ret, &parse, meaning, value);
	if (!strcmp(vmm, "qemu"))
		vmoptions_settle_qemu(ret, &parse);
	else if (ret->max_ram_bytes && ret->max_ram_bytes <= UINT64_MAX - ret->ram_bytes)
		ret->max_ram_bytes += ret->ram_bytes; /* what can be added so far */
	ret->known = !cut && !parse.is_elsewhere && (!rows->needs_payload || parse.has_payload);
}
