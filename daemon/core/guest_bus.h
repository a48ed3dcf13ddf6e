/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_GUEST_BUS_H
#define NISVD_GUEST_BUS_H

/*
 * Addresses in a device tree: big-endian cells, and their way up through the `ranges` of the buses
 * (Devicetree Specification 0.4, 2.3.5 to 2.3.8). The bytes are hostile.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUEST_CELLS_MAX 4U /* OF_MAX_ADDR_CELLS of Linux drivers/of/address.c */

/* A node as its children see it. */
struct guest_bus {
	uint32_t address_cells, size_cells; /* of the children's addresses */
	bool mapped;			    /* the CPU reaches the children's addresses */
	const uint8_t *ranges; /* entries of child address, parent address, size; borrowed */
	size_t ranges_bytes;   /* 0: the children's addresses are the parent's */
};

/* The number in @n cells; false if it has more than 64 bits. */
bool guest_cells(const uint8_t *cells, uint32_t n, uint64_t *ret);

/*
 * The CPU's address of @address on the last of the @n buses (the root first). False where no bus
 * on the way maps it, or *@steps are used up: one for each entry looked at.
 */
bool guest_translate(const struct guest_bus *buses, size_t n, uint64_t address, uint32_t *steps,
		     uint64_t *ret);

#endif
