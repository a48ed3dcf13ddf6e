/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_GUEST_NODE_H
#define NISVD_GUEST_NODE_H

/*
 * What the nodes of a device tree mean: memory, devices, interrupt controllers, PCI bridges, and
 * where the CPU sees them. For guest_tree.c, which finds the nodes in the bytes. Nothing here takes
 * more time than the bytes of the node give, but for the translation of addresses, which has a
 * budget.
 */

#include "daemon/core/guest.h"
#include "daemon/core/guest_bus.h"

#define GUEST_DEPTH_MAX 64 /* FDT_MAX_DEPTH of Linux drivers/of/fdt.c */

struct guest_property {
	const uint8_t *data; /* NULL: the node does not have it */
	size_t len;
};

/* What one node says that is of use here; all borrowed from the tree. */
struct guest_node {
	const char *name;
	struct guest_property reg, ranges, compatible, status, device_type;
	struct guest_property address_cells, size_cells, redist_regions;
};

enum guest_place {
	GUEST_IN_TREE = 0,
	GUEST_IN_CPUS,
	GUEST_IN_RESERVED
};

/* Where the walk is. */
struct guest_walk {
	struct guest_view *view;
	uint32_t steps;	 /* what is left for translations */
	uint32_t unused; /* addresses that cannot be used */
	char first_unused[32];
	int depth; /* of the node that is read: 1 is the root */
	/* Of the node that is read and those above it, by depth; [0] is above the root. */
	bool disabled[GUEST_DEPTH_MAX + 1];
	enum guest_place place[GUEST_DEPTH_MAX + 1]; /* of its children */
	struct guest_bus bus[GUEST_DEPTH_MAX + 1];
};

/* Before the root; what is read goes into @view, borrowed until guest_walk_sum_up(). */
void guest_walk_init(struct guest_walk *walk, struct guest_view *view);

/* Reads the node at ->depth, all of whose properties are known. 0, or -EBADMSG (guest_bad()). */
int guest_node_read(struct guest_walk *walk, const struct guest_node *node);

/* Adds a range that the node tells of; one that wraps around is noted as unused. */
void guest_node_add(struct guest_walk *walk, const struct guest_node *node, enum guest_kind kind,
		    uint64_t base, uint64_t size);

/* At the end: says in the view's reason what could not be used. */
void guest_walk_sum_up(struct guest_walk *walk);

#endif
