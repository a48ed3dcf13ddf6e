/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_BACKING_H
#define NISVD_BACKING_H

/*
 * What is behind a memslot on the host: the mappings of the VMM's address space, as /proc/PID/maps
 * and smaps show them (proc_pid_maps(5), proc_pid_smaps(5)). The text is hostile as far as the VMM
 * chooses names of files and mappings.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "include/nisv_record.h"

/* One mapping. */
struct vma {
	uint64_t start, end;
	bool readable, writable, executable, shared;
	uint64_t offset, inode;
	bool is_pfnmap, is_io, is_hugetlb; /* VmFlags "pf", "io", "ht": smaps only */
	uint32_t page_bytes;		   /* KernelPageSize: smaps only, else 0 */
	char path[96];			   /* printable, or "" */
};

struct vmas {
	struct vma *list; /* owned; ascending, not overlapping */
	size_t n;
	size_t dropped; /* lines beyond VMAS_MAX, out of order, or that could not be read */
};

#define VMAS_MAX 65530 /* vm.max_map_count's default */

/* Parses maps or smaps text (told by itself) of @len bytes. @ret holds nothing; it is to be
 * cleared. 0 or -ENOMEM. */
int vmas_parse(const char *text, size_t len, struct vmas *ret);
void vmas_clear(struct vmas *vmas);

/* By its name it can be a device's memory: smaps would tell. */
bool vma_may_be_device(const struct vma *vma);

/* The mapping that holds @address, or the next one above it: index in ->list, ->n if none. */
size_t vmas_from(const struct vmas *vmas, uint64_t address);

enum backing_kind {
	BACKING_UNKNOWN = 0, /* the mappings could not be read */
	BACKING_NONE,	     /* nothing is mapped there */
	BACKING_ANONYMOUS,
	BACKING_MEMFD, /* memfd_create(2), /dev/shm and shared anonymous memory too */
	BACKING_HUGETLB,
	BACKING_FILE,
	BACKING_VFIO,	/* a device's BAR */
	BACKING_PFNMAP, /* other memory without struct page: /dev/mem, GPU buffers */
	BACKING_MIXED,	/* several of these */
	_BACKING_KIND_MAX
};

const char *backing_kind_name(enum backing_kind kind); /* "anonymous", "memfd", "vfio", ... */

struct backing {
	int16_t slot_id;
	uint16_t as_id;
	enum backing_kind kind;
	bool readable, writable, shared; /* every part of it is */
	uint64_t covered_bytes;		 /* of the slot's size that some mapping covers */
	uint64_t gap;	     /* guest-physical address of the first byte that none covers */
	uint32_t page_bytes; /* 0 unknown */
	char path[96];	     /* of its first part */
};

/* @vmas must be complete: what it does not have counts as not mapped. */
void backing_of_slot(const struct vmas *vmas, const struct nisv_slot *slot, struct backing *ret);

/* Of all slots of a VM. Starts as zeroes. */
struct backings {
	struct backing *list; /* owned, in the order of the layout's slots */
	size_t n;
	char reason[128]; /* why they are not known; "" if they are */
	uint64_t read_ns; /* 0 never */
};

/* By slot id and address space; NULL: not known. */
const struct backing *backings_find(const struct backings *backings, const struct nisv_slot *slot);
void backings_clear(struct backings *backings);

#endif
