/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A VM of one of six VMMs: what it is asked for, and what KVM then shows of it (domain.md 3). */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/corpus/constructed/random_kit.h"
#include "tests/corpus/constructed/random_line.h"

#define ITS_SIZE 0x20000U

static const struct {
	enum vmm vmm;
	const char *name;
	uint64_t ram_base, dist, v2_dist, v2_cpu; /* arm64; 0: no GICv2 */
	uint64_t low_end;			  /* x86: of the RAM below 4 GiB */
} vmms[] = {
	{QEMU, "qemu", 0x40000000, 0x08000000, 0x08000000, 0x08010000, 0x80000000},
	{FIRECRACKER, "firecracker", 0x80000000, 0x3fff0000, 0x3ffff000, 0x3fffd000, 0xc0000000},
	{CLOUD_HYPERVISOR, "cloud-hypervisor", 0x40000000, 0x08ff0000, 0, 0, 0xc0000000},
	{CROSVM, "crosvm", 0x80000000, 0x3fff0000, 0x3fff0000, 0x3ffd0000, 0xd0000000},
	{KVMTOOL, "kvmtool", 0x80000000, 0x3fff0000, 0x3fff0000, 0x3ffd0000, 0xd0000000},
	{LIBKRUN, "libkrun", 0x80000000, 0x09ff0000, 0x09fff000, 0x09ffd000, 0xd0000000},
};

static size_t row(enum vmm vmm)
{
	return (size_t)__builtin_ctz(vmm);
}

const char *vmm_name(enum vmm vmm)
{
	return vmms[row(vmm)].name;
}

/* ---- what it is asked for ------------------------------------------------------------------- */

static uint64_t draw_ram(struct maker *m)
{
	if (draw(m, 4))
		return 128 * MIB << draw(m, 6);
	return draw_in(m, 128 * MIB, 3 * GIB, 2 * MIB);
}

static bool draw_its(struct maker *m)
{
	if (m->is_x86 || m->gic != NISV_VGIC_V3 || m->vmm == LIBKRUN)
		return false;
	return m->vmm == CROSVM || m->vmm == KVMTOOL ? draw_one_in(m, 2) : true;
}

void vm_draw(struct maker *m, bool is_x86, unsigned int of)
{
	static const char *const pcs[] = {"q35", "q35", "pc", "microvm"};
	static const uint32_t bits[] = {39, 40, 40, 42, 44, 48};

	m->is_x86 = is_x86;
	do
		m->vmm = 1U << draw(m, ARRAY_SIZE(vmms));
	while (!(of & m->vmm));
	m->type = is_x86 ? DRAW_OF(m, pcs) : "virt";
	m->vcpus = 1 + draw(m, draw_one_in(m, 8) ? 64 : 8);
	if (!m->ram)
		m->ram = draw_ram(m);
	if (!m->gic && !is_x86)
		m->gic = draw(m, 4) || !vmms[row(m->vmm)].v2_dist ? NISV_VGIC_V3 : NISV_VGIC_V2;
	m->has_its = draw_its(m);
	m->ipa_bits = is_x86 ? 0 : DRAW_OF(m, bits);
}

/* ---- what KVM shows ------------------------------------------------------------------------- */

int vm_slot(struct maker *m, uint64_t gpa, uint64_t size, uint32_t flags)
{
	uint32_t n = m->rec.n_slots;

	m->rec.slots[n] = (struct nisv_slot){
		.gpa = gpa,
		.size = size,
		.hva = (0x7f0000000000 + (draw_wide(m) & 0xffff000000)) + (uint64_t)n * (64 * GIB),
		.flags = flags,
		.id = (int16_t)n,
	};
	m->rec.total_slots = m->rec.n_slots = n + 1;
	return (int)n;
}

/* Its number stays free: KVM's are the VMM's own choice. */
void vm_remove_slot(struct maker *m, int id)
{
	for (uint32_t i = 0; i < m->rec.n_slots; i++) {
		if (m->rec.slots[i].id != id)
			continue;
		memmove(&m->rec.slots[i], &m->rec.slots[i + 1],
			(m->rec.n_slots - i - 1) * sizeof(m->rec.slots[0]));
		m->rec.total_slots = --m->rec.n_slots;
		return;
	}
}

void vm_bus(struct maker *m, uint64_t addr, uint32_t len, bool is_ioeventfd)
{
	m->rec.bus[m->rec.n_bus++] =
		(struct nisv_bus_range){.addr = addr, .len = len, .is_ioeventfd = is_ioeventfd};
	m->rec.total_bus = m->rec.n_bus;
}

static void make_gicv3(struct maker *m)
{
	uint64_t redists = m->vcpus * VGIC_V3_REDIST_SIZE;
	uint64_t dist = vmms[row(m->vmm)].dist;
	uint64_t redist = m->vmm == QEMU ? 0x080a0000 : dist - redists;
	uint64_t its = m->vmm == QEMU	  ? 0x08080000
		       : m->vmm == CROSVM ? 0x40000000
					  : redist - ITS_SIZE;

	m->rec.vgic_dist = dist;
	m->rec.n_redist = 1;
	m->rec.redist[0].base = redist;
	/* QEMU tells KVM the size of the region, others use the older attribute. */
	m->rec.redist[0].count = m->vmm == QEMU ? m->vcpus : 0;
	vm_bus(m, dist, VGIC_V3_DIST_SIZE, false);
	for (uint32_t i = 0; i < m->vcpus; i++)
		vm_bus(m, redist + i * VGIC_V3_REDIST_SIZE, VGIC_V3_REDIST_SIZE, false);
	if (m->has_its)
		vm_bus(m, its, ITS_SIZE, false);
}

static void make_gic(struct maker *m)
{
	m->rec.vgic_model = m->gic;
	m->rec.vgic_dist = m->rec.vgic_cpu = NISV_ADDR_UNSET;
	if (m->gic == NISV_VGIC_V3) {
		make_gicv3(m);
	} else if (m->gic == NISV_VGIC_V2) {
		m->rec.vgic_dist = vmms[row(m->vmm)].v2_dist;
		m->rec.vgic_cpu = vmms[row(m->vmm)].v2_cpu;
		vm_bus(m, m->rec.vgic_dist, VGIC_V2_DIST_SIZE, false);
	}
}

/* virtio devices ring by ioeventfds: NOTIFY_REG_OFFSET of a transport, or in a BAR. */
static void make_doorbells(struct maker *m)
{
	uint32_t n = 1 + draw(m, 4);

	for (uint32_t i = 0; i < n; i++)
		switch (m->vmm) {
		case QEMU: /* the last transport first: create_virtio_devices() */
			if (!m->is_x86 && draw_one_in(m, 2))
				vm_bus(m, 0x0a003e50 - i * 0x200ULL, 4, true);
			else if (!strcmp(m->type, "microvm"))
				vm_bus(m, 0xfeb02e50 - i * 0x200ULL, 4, true);
			break;
		case FIRECRACKER:
			vm_bus(m, (m->is_x86 ? 0xc0001050 : 0x40003050) + i * PAGE, 4, true);
			break;
		case LIBKRUN:
			vm_bus(m, (m->is_x86 ? 0xd0000050 : 0x0a001050) + i * PAGE, 4, true);
			break;
		case KVMTOOL:
			vm_bus(m, (m->is_x86 ? 0xd2000438 : 0x50000438) + i * 0x800ULL, 2, true);
			break;
		default: /* 64-bit BARs, at the top */
			break;
		}
}

/* Of two objects of memory, or of a part with other flags: one run of RAM all the same. */
static void split_ram(struct maker *m)
{
	struct nisv_slot *ram = NULL;
	uint64_t first;

	for (uint32_t i = 0; i < m->rec.n_slots; i++)
		if (m->rec.slots[i].gpa == m->ram_base)
			ram = &m->rec.slots[i];
	first = draw_in(m, 16 * MIB, ram->size - 16 * MIB, 2 * MIB);
	vm_slot(m, ram->gpa + first, ram->size - first, 0);
	ram->size = first;
	note(m, "RAM in two memslots; ");
}

static void make_arm64(struct maker *m)
{
	m->ram_base = vmms[row(m->vmm)].ram_base;
	/* Cloud Hypervisor goes on at 4 GiB: MEM_32BIT_RESERVED_START. */
	if (m->vmm == CLOUD_HYPERVISOR && m->ram > 0xfc000000 - m->ram_base) {
		vm_slot(m, 4 * GIB, m->ram - (0xfc000000 - m->ram_base), 0);
		m->ram_end = 0xfc000000;
	} else {
		m->ram_end = m->ram_base + m->ram;
	}
	vm_slot(m, m->ram_base, m->ram_end - m->ram_base, 0);
	if (m->vmm == QEMU) {
		vm_slot(m, 0, 64 * MIB, NISV_SLOT_READONLY);
		vm_slot(m, 64 * MIB, 64 * MIB, NISV_SLOT_READONLY);
	}
	if (!(m->keep & KEEP_SLOTS) && draw_one_in(m, 5))
		split_ram(m);
	make_gic(m);
}

static uint64_t x86_low_end(const struct maker *m)
{
	if (m->vmm != QEMU)
		return vmms[row(m->vmm)].low_end;
	/* pc_q35.c, pc_piix.c and microvm.c: where RAM is split. */
	if (!strcmp(m->type, "q35"))
		return m->ram >= 0xb0000000 ? 0x80000000 : 0xb0000000;
	if (!strcmp(m->type, "pc"))
		return m->ram > 0xe0000000 ? 0xc0000000 : 0xe0000000;
	return 0xc0000000;
}

static void make_x86(struct maker *m)
{
	bool is_pc = m->vmm == QEMU && strcmp(m->type, "microvm") != 0;
	uint64_t low_end = x86_low_end(m), low = m->ram < low_end ? m->ram : low_end;

	m->ram_end = low;
	if (is_pc) { /* VGA and ROMs in between: hw/i386/pc.c */
		vm_slot(m, 0, 640 * KIB, 0);
		vm_slot(m, 0xc0000, 256 * KIB, NISV_SLOT_READONLY);
		vm_slot(m, MIB, low - MIB, 0);
		vm_slot(m, 0xfffc0000, 256 * KIB, NISV_SLOT_READONLY);
	} else {
		vm_slot(m, 0, low, 0);
	}
	if (m->ram > low)
		vm_slot(m, 4 * GIB, m->ram - low, 0);
	if (m->vmm != CLOUD_HYPERVISOR) /* has an IOAPIC of its own */
		vm_bus(m, 0xfec00000, 0x100, false);
	m->rec.vgic_dist = m->rec.vgic_cpu = NISV_ADDR_UNSET;
}

static struct machine_facts facts_of(const struct maker *m, const struct vmoptions *options)
{
	return (struct machine_facts){m->c->host.arch, vmm_name(m->vmm), options, &m->c->layout};
}

/* The map of the whole command line is what the VM has; the evidence may know less. */
void vm_settle(struct maker *m)
{
	struct random_case *c = m->c;
	struct machine_facts facts = facts_of(m, &c->options);
	size_t n;
	const struct machine *maps = registry(&n), *own;

	if (layout_from_record(&c->layout, &m->rec) < 0)
		m->failed = true;
	vmoptions_parse(&c->options, facts.vmm, m->line, m->line_len, false);
	c->evidence.vmm = facts.vmm;
	c->evidence.machine = NULL;
	if (!machine_choose(maps, n, &facts, &c->machine, &c->choice)) {
		note(m, "no map: %s; ", c->choice.reason);
		return;
	}
	c->evidence.machine = &c->machine;
	c->evidence.machine_confidence = c->choice.confidence;
	m->map = c->machine;
	own = machine_find(maps, n, m->map.id);
	machine_with_other_options(own, &facts, &m->others);
}

static bool is_pci_window(const struct maker *m, const struct machine_region *region)
{
	(void)m;
	return region->role == ROLE_PCI_WINDOW && !region->optional && region->size >= 256 * MIB;
}

/* A device's memory in a window, up to as large as RAM; it is none. */
static void make_bar(struct maker *m)
{
	const struct machine_region *window = map_draw(m, &m->map, is_pci_window);
	uint64_t size = 16 * MIB << draw(m, 9);

	if (m->keep & KEEP_SLOTS || !window || !draw_one_in(m, 3))
		return;
	while (size > window->size / 16)
		size /= 2;
	vm_slot(m,
		draw_in(m, window->base + window->size / 2, window->base + window->size - 2 * size,
			size),
		size, 0);
	vm_settle(m);
	note(m, "BAR of %" PRIu64 " MiB; ", size / MIB);
}

void vm_make(struct maker *m)
{
	m->rec.state = NISV_LAYOUT_STABLE;
	m->rec.generation = 1 + draw(m, 200);
	m->rec.vcpus = m->vcpus;
	m->rec.ipa_bits = m->ipa_bits;
	m->rec.is_32bit = m->is_a32;
	m->rec.nisv_to_user = !m->is_x86 && m->vmm == QEMU && !draw_one_in(m, 8);
	if (m->is_x86)
		make_x86(m);
	else
		make_arm64(m);
	make_doorbells(m);
	m->line_len = line_write(m, m->line, sizeof(m->line));
	vm_settle(m);
	make_bar(m);
	note(m, "%s, %" PRIu64 " MiB, %u vCPUs", m->map.id, m->ram / MIB, m->vcpus);
	if (m->gic)
		note(m, ", GICv%u%s", m->gic, m->has_its ? " with ITS" : "");
	note(m, "; ");
}
