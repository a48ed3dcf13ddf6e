/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_GUEST_H
#define NISVD_GUEST_H

/*
 * What the guest believes its machine to be: its own device tree, or on x86 the E820 table of its
 * boot parameters. The bytes come out of guest memory and are hostile: cut, looping, huge, lying.
 * Addresses and sizes are bytes of guest-physical space, as the CPU sees them (ranges of parent
 * buses applied).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUEST_RANGES_MAX 256
#define GUEST_TREE_MAX \
	(2U << 20) /* bytes: FDT_MAX_SIZE of arm64 Linux (Documentation/arch/arm64/booting.rst) */

enum guest_source {
	GUEST_NOTHING = 0,
	GUEST_DEVICE_TREE,
	GUEST_E820,
};

enum guest_state {
	GUEST_UNREAD = 0, /* not tried yet */
	GUEST_FOUND,
	GUEST_NOT_FOUND,  /* no tree or table in the memory that was looked at */
	GUEST_OFF,	  /* InspectGuestMemory=no */
	GUEST_PROTECTED,  /* protected VM: never read */
	GUEST_UNREADABLE, /* the VMM's memory cannot be read: permission, or it is gone */
	GUEST_BAD,	  /* found, but broken */
};

enum guest_kind {
	GUEST_MEMORY = 0, /* memory nodes; E820 type 1 */
	GUEST_RESERVED,	  /* /reserved-memory, the reservation block; E820 other types */
	GUEST_DEVICE,
	GUEST_PCI_ECAM,
	GUEST_PCI_WINDOW,
	GUEST_GIC_DIST,
	GUEST_GIC_REDIST,
	GUEST_GIC_CPU, /* GICv2 CPU interface */
	GUEST_GIC_ITS,
	GUEST_GIC_V2M,
	_GUEST_KIND_MAX
};

struct guest_range {
	enum guest_kind kind;
	uint64_t base, size;
	char name[48];	     /* of the node, printable: "pl011@9000000" */
	char compatible[48]; /* the first one, printable, or "" */
	bool disabled;	     /* status is neither absent nor "okay": no driver will touch it */
};

struct guest_view {
	enum guest_state state;
	enum guest_source source;
	uint64_t address;     /* where the tree or table is */
	uint32_t bytes;	      /* its length; 0: not known, of an old dossier */
	uint32_t cpus;	      /* enabled CPU nodes; 0 unknown */
	uint32_t gic_version; /* 2, 3; 0: none or unknown */
	bool has_chosen;      /* /chosen is there: a kernel was meant to boot from this tree */
	size_t n_ranges;
	struct guest_range *ranges; /* owned; ascending by base; none is empty or wraps around */
	uint32_t dropped;	    /* ranges for which there was no room, or no time */
	char reason[128];	    /* why it is not there, or what is broken in it; "" */
	uint64_t read_ns;	    /* 0 never */
};

const char *guest_state_name(enum guest_state state);	 /* "found", "not-found", "off", ... */
const char *guest_source_name(enum guest_source source); /* "device-tree", "e820"; NULL for none */
const char *
guest_kind_name(enum guest_kind kind); /* "memory", "reserved", "device", "pci-ecam", ... */

/*
 * Reads a flattened device tree (Devicetree Specification 0.4, chapter 5) of up to @len bytes;
 * @blob must be 8-byte aligned. Overwrites @ret, which holds nothing: 0 with ->state GUEST_FOUND
 * (and ->reason where some addresses in it could not be used); -EBADMSG if it is no tree or broken,
 * with ->state GUEST_BAD and ->reason; -ENOMEM with @ret zeroed. ->address and ->read_ns are the
 * caller's. Takes time linear in @len.
 */
int guest_from_tree(const void *blob, size_t len, struct guest_view *ret);

/* How long the tree whose first 40 bytes are at @header (any alignment) says it is; 0: no tree, or
 * not a sane one. */
#define GUEST_TREE_HEADER 40U
uint32_t guest_tree_size(const void *header, size_t len);
/* Of these, how many from the start are in use: VMMs leave room for more behind them (QEMU: up to
 * 1 MiB). Of a header that guest_tree_size() took. */
uint32_t guest_tree_used(const void *header);

/*
 * Reads the E820 table out of a boot parameter page ("zero page") of 4096 bytes (Linux
 * arch/x86/include/uapi/asm/bootparam.h: struct boot_params). Same results; -EBADMSG where the page
 * has no plausible table.
 */
#define GUEST_BOOT_PARAMS 4096U
int guest_from_boot_params(const void *page, size_t len, struct guest_view *ret);

/*
 * The same table as VMMs hand it to a kernel that is entered by PVH (Xen
 * public/arch-x86/hvm/start_info.h: hvm_start_info and hvm_memmap_table_entry, version 1). First
 * the address and length of the table out of the GUEST_PVH_INFO bytes at @info: false if it is
 * none.
 */
#define GUEST_PVH_INFO 56U
bool guest_pvh_table(const void *info, size_t len, uint64_t *ret_address, uint32_t *ret_bytes);
int guest_from_pvh(const void *table, size_t len, struct guest_view *ret);

/* Bytes of the guest's memory ranges that lie in none of @layout's usable slots. 0 where that is
 * not known: a layout that is not, or was cut. */
struct layout;
uint64_t guest_overhang(const struct guest_view *view, const struct layout *layout);

/* A view of nothing but @state, with why; what @view held is not freed. */
void guest_view_set(struct guest_view *view, enum guest_state state, const char *reason);

/* Whether both say the same; when they were read does not count, nor how long the tree is. */
bool guest_view_equal(const struct guest_view *a, const struct guest_view *b);

void guest_view_clear(struct guest_view *view); /* back to zeroes */

#endif
