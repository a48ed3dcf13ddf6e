/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Memory that the guest expects and the VM does not have; and what was built for another machine.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/corpus/constructed/random_kit.h"

#define ANY_INSN (UNDESCRIBED | COPIES | CLASS(INSN_DC_ZVA))

/* crosvm has its platform devices right after RAM: domain.md 3.4. */
#define BARE_END (ANY_VMM & ~(unsigned int)CROSVM)

/* In one piece: Cloud Hypervisor goes on at 4 GiB, and what is between is a hole. */
static uint64_t small_ram(struct maker *m)
{
	return draw_in(m, 128 * MIB, 2 * GIB, draw_one_in(m, 2) ? 2 * MIB : 128 * MIB);
}

/* Neither a round number of MiB nor just below one, as a size built into an image is. */
static uint64_t odd_address(struct maker *m, uint64_t start, uint64_t end)
{
	uint64_t ipa = draw_in(m, start, end, 16);
	uint64_t low = ipa & (MIB - 1);

	if (ipa - start < PAGE || (low >= 64 * KIB && low < 900 * KIB))
		return ipa;
	return (ipa & ~(MIB - 1)) + 64 * KIB + draw(m, 0x8000) * 16 < end
		       ? (ipa & ~(MIB - 1)) + 64 * KIB + draw(m, 0x8000) * 16
		       : start + draw(m, 0x100) * 16;
}

static void make_past_end(struct maker *m)
{
	struct nisv_rec_fault rec;
	uint64_t ipa;

	m->ram = small_ram(m);
	vm_draw(m, false, BARE_END);
	vm_make(m);
	do
		ipa = odd_address(m, m->ram_end, m->ram_end + past_end_limit(m));
	while (!vm_is_empty(m, ipa, 16) || vm_is_others(m, ipa, 16));
	rec = nisv_draw(m, ipa, ANY_INSN, -1);
	finish(m, &rec);
}

/* Accesses that KVM emulates: some, but not as many as a driver's. */
static void make_past_end_x86(struct maker *m)
{
	uint64_t ipa, place;

	m->ram = 128 * MIB << draw(m, 4);
	m->keep = KEEP_CMDLINE;
	vm_draw(m, true, FIRECRACKER | CLOUD_HYPERVISOR | KVMTOOL | LIBKRUN);
	vm_make(m);
	ipa = draw_in(m, m->ram_end, m->ram_end + past_end_limit(m), 512);
	place = ipa;
	for (uint32_t i = 1 + draw(m, 6); i > 0; i--, place += 512)
		traffic_of_vmm(m, place, draw_one_in(m, 2), 20 + draw(m, 100), 1);
	note(m, "MMIO at 0x%" PRIx64 "; ", ipa);
	world_draw(m, ipa);
}

/* ---- what the guest was told ---------------------------------------------------------------- */

static enum nisv_kind use_draw(struct maker *m)
{
	static const enum nisv_kind kinds[] = {NISV_KIND_NISV, NISV_KIND_NISV, NISV_KIND_EXEC,
					       NISV_KIND_WALK};

	return DRAW_OF(m, kinds);
}

/* An access, a fetch or a table walk. */
static void use_memory(struct maker *m, uint64_t ipa, enum nisv_kind kind)
{
	struct nisv_rec_fault rec;

	if (kind == NISV_KIND_NISV)
		rec = nisv_draw(m, ipa, ANY_INSN, -1);
	else
		rec = fault_draw(m, kind, kind == NISV_KIND_WALK ? ipa & ~0xfffULL : ipa & ~3ULL);
	finish(m, &rec);
}

static void tell_more_memory(struct maker *m, uint64_t end)
{
	m->keep |= KEEP_GUEST;
	told_truth(m, false);
	told(m, GUEST_MEMORY, m->ram_base, end - m->ram_base, "memory", "");
}

static void make_tree_memory(struct maker *m)
{
	uint64_t ipa, end;

	vm_draw(m, false, ANY_VMM);
	vm_make(m);
	end = m->ram_end + (1 + draw(m, 16)) * m->ram / 8;
	do
		ipa = draw_in(m, m->ram_end, end, 16);
	while (m->vmm != CROSVM && !vm_is_empty(m, ipa, 16));
	tell_more_memory(m, end);
	note(m, "told of memory up to 0x%" PRIx64 "; ", end);
	use_memory(m, ipa, use_draw(m));
}

/* Its E820 table, as the VMM or a loader made it for another size. */
static void make_e820(struct maker *m)
{
	uint64_t ipa, end;

	m->ram = 128 * MIB << draw(m, 4);
	m->keep = KEEP_CMDLINE;
	vm_draw(m, true, FIRECRACKER | CLOUD_HYPERVISOR | KVMTOOL | LIBKRUN);
	vm_make(m);
	end = m->ram_end + (1 + draw(m, 4)) * 32 * MIB;
	tell_more_memory(m, end);
	ipa = draw_in(m, m->ram_end, end, 512);
	for (uint32_t i = 0; i < 4; i++)
		traffic_of_vmm(m, ipa + i * 512, true, 16 + draw(m, 200), 1);
	note(m, "MMIO at 0x%" PRIx64 "; ", ipa);
	world_draw(m, ipa);
}

/* A bare-metal image, before it turns its MMU on, and without any tree. */
static void make_image_size(struct maker *m)
{
	struct nisv_rec_fault rec;
	uint64_t round, below;
	bool is_store = false;

	m->keep = KEEP_SYSREGS | KEEP_GUEST | KEEP_SIGHT;
	m->ram = small_ram(m);
	vm_draw(m, false, BARE_END);
	vm_make(m);
	guest_view_set(&m->c->guest, GUEST_NOT_FOUND, "");
	do
		round = draw_in(m, m->ram_end + MIB, m->ram_end + past_end_limit(m), MIB);
	while (!vm_is_empty(m, round, 16) || vm_is_others(m, round - 0x100, 0x200));
	/* What somebody wrote down, or a stack that grows down from it. */
	below = draw_one_in(m, 2) ? 16 * (1 + draw(m, 8)) : 0;
	rec = fault_draw(m, NISV_KIND_NISV, round - below);
	fault_is_early(m, &rec);
	insn_put(m, &rec, CLASS(INSN_PAIR) | CLASS(INSN_POST_INDEX), -1, &is_store);
	rec.esr |= is_store ? 1ULL << 6 : 0;
	finish(m, &rec);
}

/* The guest's memory ends in the middle of a host page, and no memslot can. */
static void make_subpage(struct maker *m)
{
	uint64_t page = m->c->host.page_bytes, part = draw_in(m, 0x200, page, 0x200);

	vm_draw(m, false, BARE_END);
	vm_make(m);
	tell_more_memory(m, m->ram_end + part);
	note(m, "%" PRIu64 " KiB pages; ", page / KIB);
	use_memory(m, draw_in(m, m->ram_end, m->ram_end + part, 16), NISV_KIND_NISV);
}

/* ---- holes ---------------------------------------------------------------------------------- */

static void plug_dimm(struct maker *m)
{
	uint64_t base = (m->ram_base + m->ram + GIB - 1) & ~(GIB - 1);

	vm_slot(m, base + (1 + draw(m, 4)) * GIB, 256 * MIB << draw(m, 3), 0);
	vm_settle(m);
}

static void make_hole(struct maker *m)
{
	uint64_t ipa, start, end;

	m->ram = draw_one_in(m, 2) ? (4 + draw(m, 8)) * GIB : 0;
	vm_draw(m, false, m->ram ? CLOUD_HYPERVISOR : QEMU);
	if (m->vmm == QEMU)
		snprintf(m->arguments, sizeof(m->arguments),
			 " -m %" PRIu64 "M,slots=4,maxmem=32G -object "
			 "memory-backend-ram,id=m,size=1G -device pc-dimm,memdev=m",
			 m->ram / MIB);
	vm_make(m);
	if (m->vmm == QEMU)
		plug_dimm(m);
	start = m->ram_end;
	end = m->vmm == QEMU ? m->rec.slots[m->rec.n_slots - 1].gpa : 4 * GIB;
	do
		ipa = draw_in(m, start, end, 16);
	while (machine_region_at(&m->map, m->gic, ipa) &&
	       machine_region_at(&m->map, m->gic, ipa)->class == REGION_DEVICE);
	use_memory(m, ipa, NISV_KIND_NISV);
}

static void make_null(struct maker *m)
{
	struct nisv_rec_fault rec;
	bool is_store = false;

	m->keep = KEEP_SYSREGS | KEEP_SIGHT;
	vm_draw(m, false, FIRECRACKER | LIBKRUN | CLOUD_HYPERVISOR);
	vm_make(m);
	rec = fault_draw(m, NISV_KIND_NISV, draw(m, 0x200) * 8);
	fault_is_early(m, &rec);
	insn_put(m, &rec, ANY_INSN, -1, &is_store);
	rec.esr |= is_store ? 1ULL << 6 : 0;
	finish(m, &rec);
}

static void make_unknown(struct maker *m)
{
	vm_draw(m, false, ANY_VMM);
	vm_make(m);
	use_memory(m, nowhere_draw(m, 16 * MIB, 1ULL << 38, PAGE), NISV_KIND_NISV);
}

/* ---- another machine's image ---------------------------------------------------------------- */

#define DEVICES_MAX 3

/* Devices of @map where this VM has nothing, and no RAM is near. */
static uint32_t devices_of(struct maker *m, const struct machine *map, uint64_t *ret)
{
	uint32_t n = 0;

	for (size_t i = 0; i < map->n_regions && n < DEVICES_MAX; i++) {
		const struct machine_region *region = &map->regions[i];
		uint64_t at = region->base;

		if (region->class != REGION_DEVICE || region->is_window ||
		    region->role == ROLE_ECAM || region->size >= 16 * MIB || at < 16 * MIB)
			continue;
		if (vm_is_empty(m, at & ~0x1ffULL, region->size + 0x200) &&
		    is_far_from_ram(m, at) && !is_by_redists(m, at) && draw(m, 3))
			ret[n++] = at + (region->size > 64 ? draw(m, 2) * 16 : 0);
	}
	return n;
}

static void make_wrong_machine(struct maker *m)
{
	uint64_t at[DEVICES_MAX] = {0};
	const struct machine *maps, *map;
	uint32_t n_devices = 0;
	size_t n;

	m->keep = KEEP_SIGHT;
	vm_draw(m, false, ANY_VMM);
	vm_make(m);
	maps = registry(&n);
	do {
		map = &maps[draw(m, (uint32_t)n)];
		if (!strcmp(map->arch, "arm64") && strcmp(map->id, m->map.id) != 0)
			n_devices = devices_of(m, map, at);
	} while (!n_devices);
	note(m, "%u devices of %s; ", n_devices, map->id);
	/* What is not described ends the VM, but for QEMU's; what is goes unnoticed. */
	if (draw_one_in(m, 2) && n_devices > 1) {
		m->keep |= KEEP_CMDLINE;
		for (uint32_t i = 1; i < n_devices; i++)
			traffic_of_vmm(m, at[i], draw_one_in(m, 2), 20 + draw(m, 900), 1);
	} else if (m->rec.nisv_to_user) {
		for (uint32_t i = 1; i < n_devices; i++) {
			struct nisv_rec_fault rec = nisv_draw(m, at[i], ANY_INSN, -1);

			rec.pc += 0x1000 * (i + 1);
			rec.hdr.time_ns -= i * MS;
			fault_add(m, &rec);
		}
	}
	use_memory(m, at[0], NISV_KIND_NISV);
}

const struct random_kind random_memory[] = {
	{"access-past-ram-end", "arm64", make_past_end},
	{"access-past-ram-end", "x86_64", make_past_end_x86},
	{"dtb-memory-node-larger-than-ram", "arm64", make_tree_memory},
	{"dtb-memory-node-larger-than-ram", "x86_64", make_e820},
	{"ram-size-smaller-than-image-assumes", "arm64", make_image_size},
	{"subpage-memslot", "arm64", make_subpage},
	{"hole-between-slots", "arm64", make_hole},
	{"null-pointer-low-ipa", "arm64", make_null},
	{"wrong-machine-layout", "arm64", make_wrong_machine},
	{"unknown", "arm64", make_unknown},
	{0},
};
