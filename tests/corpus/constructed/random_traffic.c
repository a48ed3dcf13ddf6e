/* SPDX-License-Identifier: GPL-2.0-or-later */

/* MMIO that costs or goes nowhere; and VMs with nothing wrong in them. */

#include <inttypes.h>

#include "tests/corpus/constructed/random_kit.h"

static bool is_window(const struct maker *m, const struct machine_region *region)
{
	(void)m;
	return region->is_window && !region->optional;
}

/* A device; crosvm's PC has none but BARs. */
static uint64_t busy_draw(struct maker *m)
{
	const struct machine_region *window = map_draw(m, &m->map, is_window);
	uint64_t ipa = device_draw(m, 4);

	if (ipa || !window)
		return ipa;
	return draw_in(m, window->base, window->base + window->size, 4);
}

static void make_storm(struct maker *m)
{
	uint64_t ipa, rate = FAULTMAP_BUSY_RATE + 5000 + draw(m, 200000);

	vm_draw(m, m->is_x86, ANY_VMM);
	vm_make(m);
	ipa = busy_draw(m);
	traffic(m, ipa, draw_one_in(m, 2), rate, rate, 14 + draw(m, 20));
	note(m, "%" PRIu64 " accesses a second at 0x%" PRIx64 "; ", rate, ipa);
	world_draw(m, ipa);
}

static void stray(struct maker *m, bool is_write)
{
	uint64_t ipa, count = 1100 + draw(m, 9000);

	m->keep = KEEP_CMDLINE;
	/* On x86 above all that is below 4 GiB, whose hole is a cause of its own; there Cloud
	 * Hypervisor and crosvm have windows for devices. */
	vm_draw(m, m->is_x86, m->is_x86 ? QEMU | FIRECRACKER | KVMTOOL | LIBKRUN : ANY_VMM);
	vm_make(m);
	ipa = nowhere_draw(m, m->is_x86 ? 5 * GIB : 16 * MIB, 1ULL << 38, PAGE) & ~0x1ffULL;
	traffic(m, ipa, is_write, count, count, 2);
	note(m, "MMIO at 0x%" PRIx64 "; ", ipa);
	world_draw(m, ipa);
}

static void make_stray_read(struct maker *m)
{
	stray(m, false);
}

static void make_stray_write(struct maker *m)
{
	stray(m, true);
}

/* ---- healthy -------------------------------------------------------------------------------- */

static bool is_ecam(const struct maker *m, const struct machine_region *region)
{
	(void)m;
	return region->role == ROLE_ECAM && !region->optional;
}

/* A kernel looks for devices: each place a few times. */
static void probe(struct maker *m)
{
	for (uint32_t i = draw(m, 8); i > 0; i--)
		traffic_of_vmm(m, empty_draw(m, 16 * MIB, 1ULL << 38, PAGE), false, 1 + draw(m, 4),
			       1);
}

static void scan_own_ecam(struct maker *m)
{
	const struct machine_region *ecam = map_draw(m, &m->map, is_ecam);

	for (uint32_t device = 0; ecam && device < 32; device++)
		traffic_of_vmm(m, ecam->base + device * 0x8000, false, 1 + draw(m, 20), 1);
}

static void drive_bar(struct maker *m)
{
	const struct machine_region *window = map_draw(m, &m->map, is_window);

	if (!window || window->size < 16 * MIB)
		return;
	traffic_of_vmm(m, draw_in(m, window->base, window->base + 16 * MIB, 512), draw_one_in(m, 2),
		       100 + draw(m, 9000), 5);
}

/* Memory comes and goes: hotplug, dirty logging, a reset. */
static void churn(struct maker *m)
{
	struct nisv_slot slot = m->rec.slots[0];

	for (uint32_t i = draw(m, 10); i > 0; i--) {
		uint64_t at = m->now_ns - i * SECOND;

		slot_change(m, NISV_SLOT_DELETED, at, &slot);
		slot_change(m, NISV_SLOT_CREATED, at + draw(m, 1000) * 1000, &slot);
	}
}

static void make_healthy(struct maker *m)
{
	vm_draw(m, m->is_x86, ANY_VMM);
	vm_make(m);
	/* A machine that nobody knows for certain has no strays: its map may lack the device. */
	probe(m);
	if (draw_one_in(m, 2))
		scan_own_ecam(m);
	if (draw_one_in(m, 2))
		drive_bar(m);
	if (draw_one_in(m, 3)) {
		m->keep |= KEEP_HISTORY;
		churn(m);
	}
	/* A busy console or disk. */
	if (draw_one_in(m, 3))
		traffic(m, busy_draw(m), true, 15000, 15000, 12);
	world_draw(m, 0);
}

const struct random_kind random_traffic[] = {
	{"mmio-storm", "arm64", make_storm},
	{"mmio-storm", "x86_64", make_storm},
	{"stray-mmio-read", "arm64", make_stray_read},
	{"stray-mmio-read", "x86_64", make_stray_read},
	{"stray-mmio-write", "arm64", make_stray_write},
	{"stray-mmio-write", "x86_64", make_stray_write},
	{NULL, "arm64", make_healthy},
	{NULL, "x86_64", make_healthy},
	{0},
};
