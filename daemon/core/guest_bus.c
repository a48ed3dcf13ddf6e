/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/guest_bus.h"

#include <endian.h>
#include <string.h>

bool guest_cells(const uint8_t *cells, uint32_t n, uint64_t *ret)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t cell;

		memcpy(&cell, cells + 4 * (size_t)i, sizeof(cell));
		if (value >> 32)
			return false;
		value = value << 32 | be32toh(cell);
	}
	*ret = value;
	return true;
}

/* Through the ranges of one bus, into the address space of @parent. */
static bool translate_once(const struct guest_bus *bus, const struct guest_bus *parent,
			   uint32_t *steps, uint64_t *address)
{
	size_t child_bytes = 4 * (size_t)bus->address_cells;
	size_t parent_bytes = 4 * (size_t)parent->address_cells;
	size_t entry_bytes = child_bytes + parent_bytes + 4 * (size_t)bus->size_cells;

	if (!bus->ranges_bytes)
		return true;
	for (size_t at = 0; entry_bytes && at + entry_bytes <= bus->ranges_bytes;
	     at += entry_bytes) {
		const uint8_t *entry = bus->ranges + at;
		uint64_t from, to, size;

		if (!*steps)
			return false;
		--*steps;
		if (!guest_cells(entry, bus->address_cells, &from) ||
		    !guest_cells(entry + child_bytes, parent->address_cells, &to) ||
		    !guest_cells(entry + child_bytes + parent_bytes, bus->size_cells, &size))
			continue;
		if (*address < from || *address - from >= size)
			continue;
		if (to + (*address - from) < to)
			return false;
		*address = to + (*address - from);
		return true;
	}
	return false;
}

bool guest_translate(const struct guest_bus *buses, size_t n, uint64_t address, uint32_t *steps,
		     uint64_t *ret)
{
	if (!buses[n - 1].mapped)
		return false;
	for (size_t i = n - 1; i > 0; i--)
		if (!translate_once(&buses[i], &buses[i - 1], steps, &address))
			return false;
	*ret = address;
	return true;
}
