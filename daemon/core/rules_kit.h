/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_RULES_KIT_H
#define NISVD_RULES_KIT_H

/* What the rules share: questions to a scene, bands of confidence, phrases. */

#include "daemon/core/rules.h"

/* ---- confidence ----------------------------------------------------------------------------- */

/* One band less. */
double rule_lower(double score);

/* @score as it is when the memory map was read at the fault, one band less when it was read later,
 * 0 when it was never read. */
double rule_sighted(const struct scene *scene, double score);

/* @score for a cause that lies in the layout of memory: nothing that memory which was there before
 * the fault, or is there now, can have been. */
double rule_lasting(const struct scene *scene, double score);

/* The same for one that rests on what the guest was told: never more than 0.6 where that may be a
 * file in its memory, made for another VM. */
double rule_told(const struct scene *scene, double score);

/* @score for a cause that rests on the VM's own reference map: one band less where that is known
 * only by its likeness, and never more than 0.85 where an option it depends on is not told. */
double rule_mapped(const struct scene *scene, double score);

/* @score for a cause that rests on the map having nothing where the guest was told of something:
 * where the map may be wrong, the guest may be right. Then no more than 0.6, and MMIO tells
 * nothing.
 */
double rule_charted(const struct scene *scene, double score);

/* The instruction is of a class that ISV = 0 follows from: @known. Bytes that say otherwise may be
 * stale. */
double rule_by_insn(const struct scene *scene, double known, double unknown);

/* What device-access-nisv-instruction scores: the other causes of that kind rest on it. */
double rule_device(const struct scene *scene, const char **reason);

/*
 * @score for a cause that rests on "nothing else is there", which a window for devices, an optional
 * device, or one that the guest was told of speaks against; and so does it if nothing would tell of
 * devices.
 */
double rule_unless_device(const struct scene *scene, double score, const char **reason);

/* ---- questions ------------------------------------------------------------------------------ */

/* A data abort that KVM had to answer without a description, in the VM's own address space. */
bool rule_is_nisv(const struct scene *scene);

/*
 * The guest's own load or store that nothing answers as far as the evidence goes: not described, or
 * described, then at least @least of them in a VM whose reference map is known for certain. In
 * others MMIO is the traffic of devices that nobody knows of.
 */
bool rule_is_access(const struct scene *scene, uint64_t least);

/* The same, or a fetch or a table walk: whatever uses memory. */
bool rule_is_use(const struct scene *scene, uint64_t least);

/* x86: KVM's emulator gave up on a load or store whose address is known and in no memslot. */
bool rule_is_emulated(const struct scene *scene);

/* What another cause than the instruction scores for that at most: the other half of the matter,
 * for an access that KVM can emulate harms nobody. */
#define EMULATED_MAX 0.5

/* How many described accesses to what is not there are no mere probing. */
#define MMIO_FEW  16
#define MMIO_MANY 1000

/* A region whose devices the guest places, or one as large: what answers where in it is not known.
 */
bool rule_is_window(const struct machine_region *region);

/* No memory at the address, as far as is known. */
bool rule_no_slot(const struct scene *scene);

/* What the reference map has there, or what KVM saw there, is a device. A window alone is no proof.
 */
bool rule_is_device(const struct scene *scene);

/* Nothing tells what this VM has outside memory. */
bool rule_is_uncharted(const struct scene *scene);

/* What the reference map does not have the VM does not have: it is the VM's for certain, and no
 * option or version that it depends on is open. */
bool rule_is_charted(const struct scene *scene);

/* All that KVM has on its MMIO bus is known. */
bool rule_has_bus(const struct scene *scene);

/* The guest itself was told of a device of @kind there. */
bool rule_is_told(const struct scene *scene, enum guest_kind kind);

/* What the instruction's base register holds, on arm64; false: not known. */
bool rule_base_register(const struct scene *scene, uint64_t *ret);

/* The VMM is @vmm. */
bool rule_is_vmm(const struct scene *scene, const char *vmm);

/* The code ran before any operating system set up its MMU, as firmware and bare-metal images do. */
bool rule_is_early(const struct scene *scene);

/* VMMs that register a doorbell for each virtio-mmio device they make, before the guest starts:
 * where those have none, no transport is. */
bool rule_rings_from_the_start(const char *vmm);

/* How many of the functions in the 1 MiB of one bus in a PCI configuration space the VM's MMIO
 * touched, from @base on: a scan for devices looks at many. */
unsigned int rule_config_scan(const struct scene *scene, uint64_t base);

/* rules_instead.c: what to write in place of an instruction of @class, a clause; NULL where there
 * is no reason to. */
const struct advice *rule_instead(enum insn_class class);

/* The same as a sentence of advice. */
void rule_advise_instead(const struct scene *scene, struct text *text);

/* ---- phrases -------------------------------------------------------------------------------- */

/* Of device-access-nisv-instruction and its kin: what is at the address, and why. */
void rule_device_place(const struct scene *scene, struct text *text);
void rule_device_where(const struct scene *scene, struct text *text);

/* The second axis, whatever the kind: why the access could not be described, or why that does not
 * matter. */
void rule_how(const struct scene *scene, struct text *text);

/* "The guest's device tree, 7564 bytes at 0x44000000", the length as far as it is known. */
void rule_guest_table(const struct guest_view *guest, struct text *text);

/* "; the nearest memory ..." in one phrase: slots below and above with their distances. */
void rule_neighbours(const struct scene *scene, struct text *text);

/* "No memslot holds the address: " and the neighbours, as a sentence. */
void rule_where_nothing(const struct scene *scene, struct text *text);

/* "memslot 0, 0x40000000-0x41000000 (16 MiB), writable" */
void rule_slot(const struct nisv_slot *slot, struct text *text);

/* The VM's machine in one word: the id of its reference map, or its VMM. */
const char *rule_machine(const struct scene *scene);

/* "UART0 PL011 + 0x18": a region and the offset in it. */
void rule_offset(const struct scene *scene, const struct machine_region *region, struct text *text);

/* What gives a VM of @vmm that much RAM, rounded up to MiB: "-m 256M", "--mem 256". */
void rule_ram_option(const char *vmm, uint64_t bytes, struct text *text);

/* ---- scopes --------------------------------------------------------------------------------- */

/* One finding for the whole VM. */
uint64_t rule_scope_vm(const struct scene *scene);

#endif
