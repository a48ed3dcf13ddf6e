/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_MACHINE_H
#define NISVD_MACHINE_H

/*
 * Reference maps: what a VMM's machine puts where by its own source code. Fixed regions come from
 * JSON files (edge/machinefile loads them); regions that depend on the VM (its RAM, vCPUs, options,
 * IPA size) are computed by one C file per VMM (machine_*.c). What the kernel shows (slots, vGIC,
 * buses) always wins over a reference map.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/layout.h"
#include "daemon/core/vmoptions.h"

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

/* What a region is to a diagnosis, where its being there, or not, or elsewhere, has a cause of its
 * own. */
enum region_role {
	ROLE_NONE = 0,
	ROLE_ECAM, /* PCI configuration space in memory */
	ROLE_PCI_WINDOW,
	ROLE_PCI_IO,
	ROLE_VIRTIO_MMIO,
	ROLE_FRAMEBUFFER,
	ROLE_FLASH,
	ROLE_GIC_DIST,
	ROLE_GIC_CPU, /* GICv2 CPU interface */
	ROLE_REDIST,
	ROLE_ITS,
	ROLE_V2M,
	ROLE_STOLEN_TIME,
	ROLE_HPET,
	ROLE_TPM,
	ROLE_APIC,
	_REGION_ROLE_MAX
};

/* "" for none, "ecam", "pci-window", "pci-io", "virtio-mmio", "framebuffer", "flash", "gic-dist",
 * "gic-cpu", "redist", "its", "v2m", "stolen-time", "hpet", "tpm", "apic": nisvd-machines(5). */
const char *region_role_name(enum region_role role);

struct machine_region {
	char name[40];	     /* "UART0 PL011" */
	uint64_t base, size; /* size > 0, no wrap-around */
	enum region_class class;
	enum region_role role;
	uint32_t vgic;	    /* NISV_VGIC_V2 / _V3: only with that vGIC; 0: always */
	bool optional;	    /* only with an option or a version of the VMM: no proof by itself */
	bool is_window;	    /* where the guest places devices (PCI MMIO): mostly empty */
	const char *source; /* file and symbol the numbers come from; static, or the registry's */
};

#define MACHINE_REGIONS_MAX 64

/* A map of the registry, or the map of one VM made from it. */
struct machine {
	char id[32];	/* "qemu-virt-arm64" */
	char vmm[24];	/* vmname's VMM id: "qemu"; "" for an alien board */
	char arch[8];	/* "arm64" or "x86_64" */
	char match[24]; /* what the VM's machine option must be: "virt"; "" matches any */
	bool is_alien;	/* a board that no VMM here makes: only ever named as what a guest image was
			   built for */
	/* What of a VM's own map is open, because its command line does not tell the version or
	 * option it depends on: a clause for machine_choice.reason, static; NULL: nothing. */
	const char *doubt;
	size_t n_regions;
	struct machine_region regions[MACHINE_REGIONS_MAX]; /* ascending by base; overlapping only
							       for different vGICs */
};

/* What the choice of a map and its computed regions may rest on; all borrowed. */
struct machine_facts {
	const char *arch;		 /* of the host and so of the guest */
	const char *vmm;		 /* "unknown" where neither command line nor name tells */
	const struct vmoptions *options; /* never NULL; ->known may be false */
	const struct layout *layout;	 /* never NULL; ->known may be false */
};

/* The region of @machine that holds @ipa in a VM with @vgic_model, or NULL; @machine may be NULL.
 */
const struct machine_region *machine_region_at(const struct machine *machine, uint32_t vgic_model,
					       uint64_t ipa);

/*
 * Adds a computed region; one that overlaps a region that is there already (an operator's map says
 * otherwise) is left out, as is one that has no room or no size. Keeps the order.
 */
void machine_add(struct machine *machine, const struct machine_region *region);

struct machine_choice {
	/*
	 * 0.9 by the command line; 0.8 if it does not tell a version or option that the map depends
	 * on; 0.7 by the VMM's name, its command line not read to the end; 0.6 or less by
	 * fingerprint; 0.5 where the vGIC or the likeness contradicts the command line. 0: no map.
	 */
	double confidence;
	char reason[192];
};

/*
 * Chooses among the @n reference maps, by the command line (VMM and machine option) where it tells,
 * else by the fingerprint of the layout; contradiction between the two lowers the confidence and is
 * named in the reason. Makes the VM's own map: the chosen one's fixed regions and what its VMM's
 * file computes. True and @ret, @ret_choice set; false if no map fits, more than one does, or the
 * VM has memory where the map has devices (@ret_choice->reason still says why, @ret is undefined).
 */
bool machine_choose(const struct machine *maps, size_t n, const struct machine_facts *facts,
		    struct machine *ret, struct machine_choice *ret_choice);

/* The map with that id, or NULL. */
const struct machine *machine_find(const struct machine *maps, size_t n, const char *id);

/*
 * What @map would be in such a VM if its options were other than they are: everything that options
 * or versions decide is in it, optional.
 */
void machine_with_other_options(const struct machine *map, const struct machine_facts *facts,
				struct machine *ret);

/* ---- for machine_*.c: one row per machine that has computed regions or a fingerprint ---- */

struct machine_kind {
	const char *id; /* of the map in the registry */
	/* How much the layout looks like this machine: 0 not at all, 0.6 beyond doubt. The best
	 * must stand alone, else nothing is chosen. May be NULL. */
	double (*fingerprint)(const struct machine_facts *facts);
	/* Adds what depends on the VM, and drops or un-marks (optional) what its options decide.
	 * May be NULL. */
	void (*compute)(const struct machine_facts *facts, struct machine *machine);
};

/* Each ends with a row whose id is NULL. */
extern const struct machine_kind machine_qemu_arm64[], machine_qemu_x86[], machine_firecracker[],
	machine_cloud_hypervisor[], machine_crosvm[], machine_kvmtool[], machine_libkrun[];

#endif
