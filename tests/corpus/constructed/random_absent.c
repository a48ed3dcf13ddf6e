/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Devices that are not there: interrupt controllers, PCI, transports, other machines' devices. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/corpus/constructed/random_kit.h"

#define ANY_INSN (UNDESCRIBED | COPIES | CLASS(INSN_ATOMIC))

/* By instructions that the CPU describes: the VMM answers for what is not there. */
static void described_at(struct maker *m, uint64_t ipa)
{
	uint64_t count = 20 + draw(m, 900);

	m->keep |= KEEP_CMDLINE;
	traffic(m, ipa, draw_one_in(m, 2), count, count, 1);
	note(m, "MMIO at 0x%" PRIx64 "; ", ipa);
	world_draw(m, ipa);
}

static void access_at(struct maker *m, uint64_t ipa)
{
	struct nisv_rec_fault rec = nisv_draw(m, ipa, ANY_INSN, -1);

	finish(m, &rec);
}

static void access_or_described(struct maker *m, uint64_t ipa)
{
	if (draw_one_in(m, 3))
		described_at(m, ipa);
	else
		access_at(m, ipa);
}

/* ---- interrupt controllers ------------------------------------------------------------------ */

static bool is_other_frame(const struct maker *m, const struct machine_region *region)
{
	return region->vgic && region->vgic != m->gic &&
	       (region->role == ROLE_GIC_DIST || region->role == ROLE_GIC_CPU ||
		region->role == ROLE_REDIST);
}

/* In a frame of the other version, where this one has none. */
static uint64_t other_frame_draw(struct maker *m)
{
	for (int i = 0; i < 100; i++) {
		const struct machine_region *region = map_draw(m, &m->map, is_other_frame);
		uint64_t ipa = draw_in(m, region->base, region->base + region->size, 16);
		const struct machine_region *own = machine_region_at(&m->map, m->gic, ipa);

		if (!own && !layout_vgic_frame(&m->c->layout, ipa))
			return ipa;
	}
	return 0;
}

static void make_gic_version(struct maker *m)
{
	uint64_t ipa;

	/* Where it is not QEMU the frames of a GICv2 are inside those of a GICv3. */
	vm_draw(m, false, QEMU | FIRECRACKER | CROSVM | KVMTOOL | LIBKRUN);
	if (m->vmm != QEMU) {
		m->gic = NISV_VGIC_V2;
		m->has_its = false;
	}
	vm_make(m);
	ipa = other_frame_draw(m);
	if (draw_one_in(m, 2)) {
		m->keep |= KEEP_GUEST;
		told_truth(m, true);
		m->c->guest.gic_version = m->gic == NISV_VGIC_V3 ? 2 : 3;
		told(m, m->gic == NISV_VGIC_V3 ? GUEST_GIC_CPU : GUEST_GIC_REDIST, ipa & ~0xffffULL,
		     0x10000, "intc", "");
		note(m, "told so; ");
	}
	access_or_described(m, ipa);
}

static bool is_its(const struct maker *m, const struct machine_region *region)
{
	return region->role == ROLE_ITS && region->vgic == m->gic;
}

static void tell_msi(struct maker *m, enum guest_kind kind, uint64_t base, uint64_t size)
{
	if (!draw_one_in(m, 2))
		return;
	m->keep |= KEEP_GUEST;
	told_truth(m, true);
	told(m, kind, base, size, "msi-controller", "");
	note(m, "told so; ");
}

static void make_its(struct maker *m)
{
	const struct machine_region *its;

	m->gic = NISV_VGIC_V3;
	m->keep = KEEP_CMDLINE;
	vm_draw(m, false, QEMU | CROSVM | KVMTOOL);
	m->has_its = false;
	if (m->vmm == QEMU)
		strcpy(m->machine_options, ",its=off");
	vm_make(m);
	its = map_draw(m, &m->others, is_its);
	tell_msi(m, GUEST_GIC_ITS, its->base, its->size);
	access_or_described(m, draw_in(m, its->base, its->base + its->size, 16));
}

static bool is_v2m(const struct maker *m, const struct machine_region *region)
{
	(void)m;
	return region->role == ROLE_V2M;
}

static void make_v2m(struct maker *m)
{
	const struct machine_region *frame;
	uint64_t ipa;

	/* kvmtool's is its own device, with --irqchip gicv2m: where something answers, it may be
	 * there. */
	m->keep = KEEP_QUIET;
	vm_draw(m, false, QEMU | KVMTOOL);
	m->gic = m->vmm == QEMU ? NISV_VGIC_V3 : NISV_VGIC_V2;
	m->has_its = m->vmm == QEMU;
	vm_make(m);
	frame = map_draw(m, &m->map, is_v2m);
	tell_msi(m, GUEST_GIC_V2M, frame->base, frame->size);
	ipa = draw_in(m, frame->base, frame->base + frame->size, 16);
	if (m->vmm == KVMTOOL)
		access_at(m, ipa);
	else
		access_or_described(m, ipa);
}

/* Of a vCPU that the VM does not have. */
static void make_redist(struct maker *m)
{
	uint64_t first, base;
	uint32_t beyond;

	m->gic = NISV_VGIC_V3;
	vm_draw(m, false, ANY_VMM);
	vm_make(m);
	first = m->rec.redist[0].base;
	beyond = draw(m, 4);
	if (m->vmm == QEMU)
		base = first + (m->vcpus + beyond) * VGIC_V3_REDIST_SIZE;
	else /* an ITS has its place right below them */
		base = first - (2 + beyond) * VGIC_V3_REDIST_SIZE;
	/* kvmtool's virtio transports may be there: only the guest's tree tells. */
	if (m->vmm == KVMTOOL || draw_one_in(m, 2)) {
		m->keep |= KEEP_GUEST;
		told_truth(m, true);
		m->c->guest.cpus = m->vcpus + beyond + 1;
		told(m, GUEST_GIC_REDIST, base, VGIC_V3_REDIST_SIZE, "intc", "arm,gic-v3");
		note(m, "told so; ");
	}
	access_or_described(m, draw_in(m, base, base + VGIC_V3_REDIST_SIZE, 16));
}

/* ---- PCI ------------------------------------------------------------------------------------ */

/* Configuration space is read from the first registers of each device on. */
static uint64_t config_draw(struct maker *m, uint64_t ecam)
{
	return ecam + draw(m, 32) * 0x8000 + draw(m, 4) * 16;
}

static void make_ecam(struct maker *m)
{
	bool wants_high = draw_one_in(m, 2);
	uint64_t ecam = wants_high ? 0x4010000000 : 0x3f000000;

	m->keep = KEEP_CMDLINE;
	vm_draw(m, false, QEMU);
	m->ipa_bits = m->ipa_bits < 40 ? 40 : m->ipa_bits;
	if (wants_high)
		strcpy(m->machine_options,
		       draw_one_in(m, 2) ? ",highmem=off" : ",highmem-ecam=off");
	vm_make(m);
	if (draw_one_in(m, 2)) {
		m->keep |= KEEP_GUEST;
		told_truth(m, true);
		told(m, GUEST_PCI_ECAM, ecam, wants_high ? 0x10000000 : 0x1000000, "pcie",
		     "pci-host-ecam-generic");
		note(m, "told so; ");
	}
	access_at(m, config_draw(m, ecam));
}

static void make_window(struct maker *m)
{
	uint64_t base;

	m->keep = KEEP_CMDLINE;
	vm_draw(m, false, QEMU | FIRECRACKER);
	if (m->vmm == QEMU)
		strcpy(m->machine_options, ",highmem=off");
	base = m->vmm == QEMU ? 0x8000000000 : 0x4000000000;
	m->ipa_bits = m->ipa_bits < 40 ? 40 : m->ipa_bits;
	vm_make(m);
	if (draw_one_in(m, 2)) {
		m->keep |= KEEP_GUEST;
		told_truth(m, true);
		told(m, GUEST_PCI_WINDOW, base, 0x4000000000, "pcie", "pci-host-ecam-generic");
		note(m, "told so; ");
	}
	access_or_described(m, draw_in(m, base, base + 64 * GIB, 64 * KIB) + draw(m, 256) * 16);
}

/* The guest's window begins as the machine's does, and ends later. */
static void make_bar_outside(struct maker *m)
{
	static const struct {
		enum vmm vmm;
		uint64_t base, end, beyond;
	} windows[] = {
		{QEMU, 0x8000000000, 0x10000000000, 0x20000000000},
		{FIRECRACKER, 0x4000000000, 0x8000000000, 0x10000000000},
		{CROSVM, 0x02000000, 0x04000000, 0x08000000},
	};
	uint32_t i = draw(m, ARRAY_SIZE(windows));

	m->keep = KEEP_CMDLINE | KEEP_GUEST;
	vm_draw(m, false, windows[i].vmm);
	m->ipa_bits = 44;
	if (m->vmm == FIRECRACKER)
		strcpy(m->arguments, " --enable-pci");
	vm_make(m);
	told_truth(m, true);
	told(m, GUEST_PCI_WINDOW, windows[i].base, windows[i].beyond - windows[i].base, "pcie",
	     "pci-host-ecam-generic");
	access_or_described(m, empty_draw(m, windows[i].end, windows[i].beyond, PAGE));
}

static bool is_pci_window(const struct maker *m, const struct machine_region *region)
{
	(void)m;
	return region->role == ROLE_PCI_WINDOW && region->is_window && !region->optional;
}

static void make_bar_not_mapped(struct maker *m)
{
	const struct machine_region *window;
	uint64_t end;

	/* Described accesses answered beside it would be those of a device that has its BAR. */
	m->keep = KEEP_CMDLINE | KEEP_QUIET | KEEP_SLOTS;
	vm_draw(m, false, QEMU | CLOUD_HYPERVISOR | CROSVM | KVMTOOL);
	snprintf(m->arguments, sizeof(m->arguments), "%s",
		 m->vmm == QEMU		      ? " -device vfio-pci,host=0001:01:00.0"
		 : m->vmm == CLOUD_HYPERVISOR ? " --device path=/sys/bus/pci/devices/0001:01:00.0"
		 : m->vmm == CROSVM	      ? " --vfio /sys/bus/pci/devices/0001:01:00.0"
					      : " --vfio-pci 0001:01:00.0");
	vm_make(m);
	window = map_draw(m, &m->map, is_pci_window);
	end = window->base + (window->size < 4 * GIB ? window->size : 4 * GIB);
	/* Not among the doorbells of its own devices, at the window's start. */
	access_at(m, draw_in(m, window->base + MIB, end, 16));
}

/* ---- devices of its own machine ------------------------------------------------------------- */

static void make_transport(struct maker *m)
{
	uint64_t last = 0, base;

	vm_draw(m, false, FIRECRACKER | LIBKRUN);
	vm_make(m);
	for (uint32_t i = 0; i < m->rec.n_bus; i++)
		if (m->rec.bus[i].is_ioeventfd)
			last = m->rec.bus[i].addr;
	base = (last & ~0xfffULL) + (1 + draw(m, 8)) * PAGE;
	if (draw_one_in(m, 2)) {
		m->keep |= KEEP_GUEST;
		told_truth(m, true);
		told(m, GUEST_DEVICE, base, PAGE, "virtio_mmio", "virtio,mmio");
		m->keep |= KEEP_SIGHT;
		note(m, "told so; ");
	} else {
		/* Whatever answered beside it may be a device without a doorbell. */
		m->keep |= KEEP_QUIET;
	}
	access_at(m, draw_in(m, base, base + 0x200, 16));
}

static bool is_stolen_time(const struct maker *m, const struct machine_region *region)
{
	(void)m;
	return region->role == ROLE_STOLEN_TIME;
}

static void make_stolen_time(struct maker *m)
{
	const struct machine_region *page;

	vm_draw(m, false, QEMU | CROSVM | KVMTOOL);
	vm_make(m);
	page = map_draw(m, &m->others, is_stolen_time);
	access_or_described(m, draw_in(m, page->base, page->base + page->size, 16));
}

static void make_device_absent(struct maker *m)
{
	static const char *const compatibles[] = {"arm,pl011", "arm,smmu-v3", "snps,dw-apb-uart",
						  "arm,pl022", "vendor,thing"};
	uint64_t base;

	m->keep = KEEP_GUEST;
	vm_draw(m, false, ANY_VMM);
	vm_make(m);
	base = empty_draw(m, MIB, 16 * GIB, 2 * PAGE) & ~0xfffULL;
	told_truth(m, true);
	told(m, GUEST_DEVICE, base, PAGE, "device", DRAW_OF(m, compatibles));
	access_or_described(m, draw_in(m, base, base + PAGE, 16));
}

const struct random_kind random_absent[] = {
	{"gic-version-mismatch", "arm64", make_gic_version},
	{"its-missing", "arm64", make_its},
	{"gic-v2m-missing", "arm64", make_v2m},
	{"redist-beyond-vcpus", "arm64", make_redist},
	{"ecam-highmem-mismatch", "arm64", make_ecam},
	{"pcie-window-mismatch", "arm64", make_window},
	{"pci-bar-outside-window", "arm64", make_bar_outside},
	{"pci-bar-not-mapped", "arm64", make_bar_not_mapped},
	{"virtio-mmio-slot-absent", "arm64", make_transport},
	{"pvtime-region", "arm64", make_stolen_time},
	{"dt-device-absent", "arm64", make_device_absent},
	{0},
};
