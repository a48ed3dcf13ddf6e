/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_MACHINE_H
#define NISVD_MACHINE_H

/*
 * Reference maps: what a VMM's machine puts where by its own source code. Fixed regions come from
 * JSON files (edge/machinefile loads them); regions that depend on the VM are computed here in C.
 * What the kernel shows (slots, vGIC, buses) always wins over a reference map.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/layout.h"

enum region_class {
	REGION_DEVICE = 0,
	REGION_RAM,
	REGION_ROM,	      /* flash or ROM */
	REGION_KERNEL_DEVICE, /* emulated in the kernel: vGIC */
	REGION_HOLE,
	_REGION_CLASS_MAX
};

const char *region_class_name(
	enum region_class class); /* "device", "ram", "rom", "kernel-device", "hole" */

struct machine_region {
	char name[32];	     /* "UART0 PL011" */
	uint64_t base, size; /* size > 0, no wrap-around */
	enum region_class class;
	uint32_t vgic;	 /* NISV_VGIC_V2 / _V3: only with that vGIC; 0: always */
	bool optional;	 /* only with an option or a version of the VMM: no proof by itself */
	char source[96]; /* file and symbol the numbers come from */
};

#define MACHINE_REGIONS_MAX 64

struct machine {
	char id[32];	/* "qemu-virt-arm64" */
	char vmm[24];	/* vmname's VMM id: "qemu" */
	char arch[8];	/* "arm64" or "x86_64" */
	char match[24]; /* what the VM's machine option must begin with: "virt"; "" matches any */
	size_t n_regions;
	struct machine_region regions[MACHINE_REGIONS_MAX]; /* ascending by base, not overlapping */
};

/* The region of @machine that holds @ipa in a VM with @vgic_model, or NULL; @machine may be NULL.
 */
const struct machine_region *machine_region_at(const struct machine *machine, uint32_t vgic_model,
					       uint64_t ipa);

/*
 * Chooses among @n reference maps. By VMM and machine option where the command line tells them
 * (returns 0.9), else by the fingerprint of the layout (vGIC base and RAM base; 0.6), else NULL.
 * @ret_confidence and @ret_reason (a static string) are set when a map is returned.
 */
const struct machine *machine_choose(const struct machine *maps, size_t n, const char *arch,
				     const char *vmm, const char *machine_option,
				     const struct layout *layout, double *ret_confidence,
				     const char **ret_reason);

#endif
