/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_LAYERS_H
#define NISVCTL_LAYERS_H

/*
 * The guest-physical address space of one VM in layers, side by side: what KVM has, what the VMM
 * emulates, what the guest believes; and what the guest believes without anything behind it.
 */

#include <stddef.h>
#include <stdint.h>

#include "cli/cli.h"

enum layer {
	LAYER_KERNEL = 0, /* a Slot, or a Region of source "kernel" and class "kernel-device" */
	LAYER_VMM,	  /* a region of Machine */
	LAYER_GUEST,	  /* a range of Guest */
	_LAYER_MAX
};

enum gap {
	GAP_NONE = 0,
	GAP_MEMORY,  /* memory of the guest that no memslot has */
	GAP_DEVICE,  /* a device of the guest that neither KVM nor the VMM has */
	GAP_BACKING, /* a memslot with nothing, or not enough, behind it */
};

/* Addresses [start, last]: the end of the address space is no 64-bit number. */
struct span {
	uint64_t start, last;
	struct json_object *item; /* borrowed from the reply */
};

/* Where the layers do not change. */
struct stretch {
	uint64_t start, last;
	struct json_object *item[_LAYER_MAX]; /* the innermost one there; borrowed; may be NULL */
	uint64_t doorbells;		      /* ioeventfds in it */
	enum gap gap;
};

struct layers {
	struct stretch *list; /* owned; ascending; stretches without anything are left out */
	size_t n;
};

/*
 * @vm: a reply of GetVM, @map: of GetFaultMap (for the sizes of what KVM emulates); either may be
 * NULL, both are borrowed for as long as @ret is used. False without memory.
 */
bool layers_build(struct json_object *vm, struct json_object *map, struct layers *ret);
void layers_clear(struct layers *layers);

/* Do they differ in place and size only? */
bool layers_alike(const struct stretch *a, const struct stretch *b);

/*
 * The guest's memory that no memslot has, ascending; each item is the range of Guest that it is
 * part of. A list to be freed, NULL without memory; @vm as above.
 */
struct span *layers_overhang(struct json_object *vm, size_t *ret_n);

uint64_t span_bytes(uint64_t start, uint64_t last); /* UINT64_MAX for all of the address space */

#endif
