/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A flattened device tree, from hostile bytes. libfdt's tag reader bounds every access; this file
 * bounds the time: one pass over the tags, no look-ups by path or phandle, and property names of a
 * bounded length.
 */

#include <libfdt.h>
#include <string.h>

#include "daemon/core/guest.h"
#include "daemon/core/guest_internal.h"
#include "daemon/core/guest_node.h"

#define VERSION		  17U /* Devicetree Specification 0.4, 5.2; dtc and every VMM write it */
#define PROPERTY_NAME_MAX 255 /* the specification's limit is 31 */

static void read_property(struct guest_node *node, const char *name, const void *data, int len)
{
	static const struct {
		const char *name;
		size_t member;
	} wanted[] = {
		{"reg", offsetof(struct guest_node, reg)},
		{"ranges", offsetof(struct guest_node, ranges)},
		{"compatible", offsetof(struct guest_node, compatible)},
		{"status", offsetof(struct guest_node, status)},
		{"device_type", offsetof(struct guest_node, device_type)},
		{"#address-cells", offsetof(struct guest_node, address_cells)},
		{"#size-cells", offsetof(struct guest_node, size_cells)},
		{"#redistributor-regions", offsetof(struct guest_node, redist_regions)},
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		struct guest_property *property =
			(struct guest_property *)(void *)((char *)node + wanted[i].member);

		/* Of two of one name the first counts, as for libfdt and Linux. */
		if (!property->data && !strcmp(name, wanted[i].name))
			*property = (struct guest_property){.data = data, .len = (size_t)len};
	}
}

/* From root to end. Each node is read when its properties end: at its first child, or its own end.
 */
static int walk_tags(const void *fdt, struct guest_walk *walk)
{
	struct guest_node node = {0};
	bool open = false; /* @node still collects properties */
	int offset, next = 0, len, r;

	for (;;) {
		const struct fdt_property *property;
		const char *name;
		uint32_t tag;

		offset = next;
		tag = fdt_next_tag(fdt, offset, &next);
		if (next < 0)
			return guest_bad(walk->view, "broken at byte %d of its structure: %s",
					 offset, fdt_strerror(next));
		if (open && tag != FDT_PROP && tag != FDT_NOP) {
			r = guest_node_read(walk, &node);
			if (r < 0)
				return r;
			open = false;
		}
		switch (tag) {
		case FDT_BEGIN_NODE:
			if (walk->depth == GUEST_DEPTH_MAX)
				return guest_bad(walk->view, "nodes more than %d deep",
						 GUEST_DEPTH_MAX);
			name = fdt_get_name(fdt, offset, NULL);
			if (!name)
				return guest_bad(walk->view, "a node without a name");
			node = (struct guest_node){.name = *name ? name : "/"};
			walk->depth++;
			open = true;
			break;
		case FDT_PROP:
			property = fdt_get_property_by_offset(fdt, offset, &len);
			name = property ? fdt_string(fdt, (int)fdt32_to_cpu(property->nameoff))
					: NULL;
			if (!open || !name)
				return guest_bad(walk->view,
						 "a property in the wrong place or without a name");
			read_property(&node, name, property->data, len);
			break;
		case FDT_END_NODE:
			if (!walk->depth)
				return guest_bad(walk->view, "more ends than nodes");
			if (!--walk->depth)
				return 0;
			break;
		case FDT_END:
			return guest_bad(walk->view, "its root does not end");
		default: /* FDT_NOP */
			break;
		}
	}
}

static int read_reservations(const void *fdt, struct guest_walk *walk)
{
	static const struct guest_node node = {.name = "memreserve"};
	int n = fdt_num_mem_rsv(fdt);

	if (n < 0)
		return guest_bad(walk->view, "its reservation block is broken: %s",
				 fdt_strerror(n));
	for (int i = 0; i < n; i++) {
		uint64_t base, size;

		if (fdt_get_mem_rsv(fdt, i, &base, &size) == 0 && size)
			guest_node_add(walk, &node, GUEST_RESERVED, base, size);
	}
	return 0;
}

/*
 * libfdt compares names byte by byte to their ends, and a hostile tree may give each of its
 * properties the same endless one.
 */
static bool has_long_name(const void *fdt)
{
	const char *strings = (const char *)fdt + fdt_off_dt_strings(fdt);
	uint32_t run = 0, size = fdt_size_dt_strings(fdt);

	for (uint32_t i = 0; i < size; i++) {
		run = strings[i] ? run + 1 : 0;
		if (run > PROPERTY_NAME_MAX)
			return true;
	}
	return false;
}

uint32_t guest_tree_size(const void *header, size_t len)
{
	struct fdt_header copy; /* aligned */
	uint32_t size;

	_Static_assert(sizeof(copy) == GUEST_TREE_HEADER, "struct fdt_header of version 17");
	if (len < sizeof(copy))
		return 0;
	memcpy(&copy, header, sizeof(copy));
	size = fdt_totalsize(&copy);
	if (fdt_magic(&copy) != FDT_MAGIC || fdt_version(&copy) < VERSION ||
	    size > GUEST_TREE_MAX || fdt_check_header(&copy) != 0)
		return 0;
	/* Devicetree Specification, Flattened Devicetree Format, Alignment; libfdt takes it as
	 * given. */
	if (fdt_off_dt_struct(&copy) % sizeof(fdt32_t) ||
	    fdt_off_mem_rsvmap(&copy) % sizeof(fdt64_t))
		return 0;
	return size;
}

uint32_t guest_tree_used(const void *header)
{
	struct fdt_header copy;
	uint32_t ends[3], most = 0;

	memcpy(&copy, header, sizeof(copy));
	/* The reservations end with an empty one; if it is behind all else, nothing is reserved. */
	ends[0] = fdt_off_mem_rsvmap(&copy) + (uint32_t)sizeof(struct fdt_reserve_entry);
	ends[1] = fdt_off_dt_struct(&copy) + fdt_size_dt_struct(&copy);
	ends[2] = fdt_off_dt_strings(&copy) + fdt_size_dt_strings(&copy);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		most = ends[i] > most ? ends[i] : most;
	return most < fdt_totalsize(&copy) ? most : fdt_totalsize(&copy);
}

int guest_from_tree(const void *blob, size_t len, struct guest_view *ret)
{
	uint32_t size = guest_tree_size(blob, len);
	struct guest_walk walk;
	int r;

	*ret = (struct guest_view){.source = GUEST_DEVICE_TREE};
	if (!size)
		return guest_bad(ret, "no device tree, or one with a broken header");
	if (size > len)
		return guest_bad(ret, "says it has %u bytes, but there are %zu", size, len);
	if (has_long_name(blob))
		return guest_bad(ret, "a property's name is longer than %d bytes",
				 PROPERTY_NAME_MAX);
	r = guest_begin(ret, GUEST_DEVICE_TREE);
	if (r < 0)
		return r;
	guest_walk_init(&walk, ret);
	r = walk_tags(blob, &walk);
	if (r >= 0)
		r = read_reservations(blob, &walk);
	if (r < 0)
		return r;
	ret->bytes = size;
	guest_walk_sum_up(&walk);
	return guest_done(ret);
}
