/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_MACHINE_KIT_H
#define NISVD_MACHINE_KIT_H

/* What the machine_*.c files are made of: marks of a VMM in a layout, and changes of a map. */

#include <stdbool.h>
#include <stdint.h>

#include "daemon/core/machine.h"

/* Scores of a fingerprint, struct machine_kind. */
#define MACHINE_IS_NOT 0.0 /* the layout cannot be this machine's */
#define MACHINE_FITS   0.3 /* it can be; so it can be others' */
#define MACHINE_IS     0.6 /* it has a mark that only this machine makes */

/* A writable slot begins at @gpa. */
bool kit_ram_at(const struct layout *layout, uint64_t gpa);

/* A slot is exactly [@gpa, @gpa + @size). */
bool kit_slot_is(const struct layout *layout, uint64_t gpa, uint64_t size);

/* End of the run of adjoining writable slots that begins with one at @gpa; 0 if none does. */
uint64_t kit_run_end(const struct layout *layout, uint64_t gpa);

/* An in-kernel device is on the MMIO bus at @addr. */
bool kit_on_bus(const struct layout *layout, uint64_t addr);

/* Where the ioeventfds of a VMM's devices are: addr & mask in [low, high), addr in [start, end). */
struct kit_doorbells {
	uint64_t start, end;
	uint64_t mask, low, high;
};

/* The VM has ioeventfds on its MMIO bus, wherever. */
bool kit_has_doorbells(const struct layout *layout);

/* The VM has ioeventfds on its MMIO bus, and each is one of @doorbells. */
bool kit_all_doorbells(const struct layout *layout, const struct kit_doorbells *doorbells);

/* Some ioeventfd is one of @doorbells. */
bool kit_any_doorbell(const struct layout *layout, const struct kit_doorbells *doorbells);

/*
 * The vGICv3's distributor is at @dist and its redistributors end there: the first is as many times
 * 128 KiB below as there are vCPUs, or more (vCPUs to be plugged, vCPUs not made yet).
 */
bool kit_redists_below(const struct layout *layout, uint64_t dist);

/* vCPUs that the redistributors of such a VM are made for; 0 unknown. */
uint64_t kit_redists(const struct machine_facts *facts, uint64_t dist);

/* KVM_VGIC_V3_ITS_SIZE, arch/arm64/include/uapi/asm/kvm.h. */
#define KIT_ITS_SIZE 0x20000ULL

/*
 * Adds the redistributors below @dist and (if @its_source) the ITS below them, as Firecracker,
 * Cloud Hypervisor, kvmtool and older libkrun place them; nothing where the number of vCPUs is
 * unknown. @its: ON where there is one for certain, OFF none, UNSET optional.
 */
void kit_add_gicv3_below(struct machine *machine, const struct machine_facts *facts, uint64_t dist,
			 const char *redist_source, enum vmoption its, const char *its_source);

/*
 * What an option or a version decides about the region that begins at @base: ON, it is there; OFF,
 * it is not and leaves the map; UNSET, it is optional. Nothing if there is no such region.
 */
void kit_settle(struct machine *machine, uint64_t base, enum vmoption present);

/* Adds a window where the guest or the VMM places devices, [start, end). */
void kit_add_window(struct machine *machine, const char *name, enum region_role role,
		    uint64_t start, uint64_t end, bool optional, const char *source);

#endif
