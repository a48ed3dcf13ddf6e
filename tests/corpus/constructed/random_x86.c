/* SPDX-License-Identifier: GPL-2.0-or-later */

/* x86: KVM's emulator gives up; MMIO where the machine has nothing. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/corpus/constructed/random_kit.h"

#define PC_VMMS (FIRECRACKER | CLOUD_HYPERVISOR | CROSVM | KVMTOOL | LIBKRUN | QEMU)

/* In no memslot: in a device, a window, or on nothing. */
static uint64_t outside_draw(struct maker *m, uint64_t start, uint64_t end)
{
	uint64_t ipa;

	do
		ipa = draw_in(m, start, end, 16);
	while (vm_slot_at(m, ipa));
	return ipa;
}

/* KVM's record of a failed emulation has no address; some kernels' exits do. */
static void make_emulation(struct maker *m)
{
	struct nisv_rec_fault rec;
	bool has_ipa = draw_one_in(m, 3);
	uint64_t ipa;

	m->keep = KEEP_INSN | KEEP_SYSREGS;
	vm_draw(m, true, PC_VMMS);
	vm_make(m);
	ipa = outside_draw(m, MIB, 4 * GIB);
	rec = fault_draw(m, NISV_KIND_EMULATION, has_ipa ? ipa : 0);
	insn_put_x86(m, &rec,
		     rec.code_mode == NISV_CODE_64
			     ? 0xffffc90000000000 + (draw_wide(m) & 0xfffffff000) + (ipa & 0xfff)
			     : ipa);
	note(m, "operand 0x%" PRIx64 "; ", ipa);
	finish(m, &rec);
}

static void make_exec(struct maker *m)
{
	struct nisv_rec_fault rec;
	uint64_t ipa;

	m->keep = KEEP_SYSREGS;
	vm_draw(m, true, PC_VMMS);
	vm_make(m);
	ipa = outside_draw(m, MIB, 4 * GIB);
	rec = fault_draw(m, NISV_KIND_EMULATION, draw_one_in(m, 3) ? ipa : 0);
	if (rec.code_mode == NISV_CODE_32)
		rec.pc = ipa;
	note(m, "code at 0x%" PRIx64 "; ", ipa);
	finish(m, &rec);
}

/* ---- MMIO ----------------------------------------------------------------------------------- */

static void make_maxphyaddr(struct maker *m)
{
	uint32_t bits = 36 + draw(m, 5);
	uint64_t ipa = draw_in(m, 1ULL << bits, 1ULL << (bits + 4), 512);

	m->keep = KEEP_CMDLINE;
	snprintf(m->arguments, sizeof(m->arguments), " -cpu host,host-phys-bits=off,phys-bits=%u",
		 bits);
	do
		vm_draw(m, true, QEMU);
	while (!strcmp(m->type, "microvm")); /* it has the host's bits whatever is asked for */
	vm_make(m);
	if (draw_one_in(m, 2)) {
		struct nisv_rec_fault rec = fault_draw(m, NISV_KIND_EMULATION, ipa);

		insn_put_x86(m, &rec, rec.code_mode == NISV_CODE_64 ? 0xffffc90000000000 : ipa);
		finish(m, &rec);
		return;
	}
	traffic_of_vmm(m, ipa, draw_one_in(m, 2), 20 + draw(m, 2000), 1);
	note(m, "MMIO at 0x%" PRIx64 "; ", ipa);
	world_draw(m, ipa);
}

/* One place for each device of bus 0, some reads each, where another machine has its ECAM. */
static void make_ecam(struct maker *m)
{
	static const uint64_t ecams[] = {0xb0000000, 0xe0000000, 0xe8000000, 0xeec00000,
					 0xf4000000};
	uint64_t base;
	bool is_own;

	m->keep = KEEP_CMDLINE;
	vm_draw(m, true, PC_VMMS);
	vm_make(m);
	do {
		const struct machine_region *region;

		base = DRAW_OF(m, ecams);
		region = machine_region_at(&m->map, 0, base);
		is_own = (region && (region->role == ROLE_ECAM || !region->is_window)) ||
			 vm_slot_at(m, base);
	} while (is_own);
	for (uint32_t device = 0; device < 32; device++)
		traffic_of_vmm(m, base + device * 0x8000, false, 1 + draw(m, 4), 1);
	note(m, "scan of 0x%" PRIx64 "; ", base);
	world_draw(m, base);
}

static void make_hpet_tpm(struct maker *m)
{
	bool is_tpm = draw_one_in(m, 2);
	uint64_t base = is_tpm ? 0xfed40000 : 0xfed00000;

	m->keep = KEEP_CMDLINE;
	vm_draw(m, true, QEMU);
	m->type = draw_one_in(m, 2) ? "q35" : "pc";
	if (!is_tpm)
		strcpy(m->machine_options, ",hpet=off");
	vm_make(m);
	base += draw(m, 2) * 0x100;
	traffic_of_vmm(m, base, draw_one_in(m, 3), 70 + draw(m, 9000), 1);
	note(m, "MMIO at 0x%" PRIx64 "; ", base);
	world_draw(m, base);
}

/* Between low RAM and 4 GiB, far from RAM, where neither a device nor a window is. */
static void make_pci_hole(struct maker *m)
{
	uint64_t ipa;

	m->keep = KEEP_CMDLINE;
	m->ram = 256 * MIB << draw(m, 4);
	vm_draw(m, true, FIRECRACKER | CLOUD_HYPERVISOR | KVMTOOL | LIBKRUN);
	vm_make(m);
	ipa = nowhere_draw(m, m->ram_end, 4 * GIB, 0x200) & ~0x1ffULL;
	traffic_of_vmm(m, ipa, draw_one_in(m, 2), 1100 + draw(m, 9000), 1);
	note(m, "MMIO at 0x%" PRIx64 "; ", ipa);
	world_draw(m, ipa);
}

const struct random_kind random_x86[] = {
	{"x86-emulation-failure-mmio", "x86_64", make_emulation},
	{"x86-exec-in-mmio", "x86_64", make_exec},
	{"x86-gpa-beyond-maxphyaddr", "x86_64", make_maxphyaddr},
	{"x86-ecam-mismatch", "x86_64", make_ecam},
	{"x86-hpet-or-tpm-absent", "x86_64", make_hpet_tpm},
	{"x86-pci-hole-stray", "x86_64", make_pci_hole},
	{0},
};
