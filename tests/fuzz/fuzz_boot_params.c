/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The boot parameters of an x86 guest: a zero page, and a PVH memory map. */

#include <string.h>

#include "daemon/core/guest.h"
#include "tests/fuzz/fuzz.h"

static void check(const struct guest_view *view)
{
	PROMISE(view->n_ranges <= GUEST_RANGES_MAX);
	for (size_t i = 1; i < view->n_ranges; i++)
		PROMISE(view->ranges[i - 1].base <= view->ranges[i].base);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct guest_view page = {0}, table = {0};
	uint64_t address;
	uint32_t bytes;

	if (guest_from_boot_params(data, size, &page) == 0)
		check(&page);
	guest_pvh_table(data, size, &address, &bytes);
	if (guest_from_pvh(data, size, &table) == 0)
		check(&table);
	guest_view_clear(&page);
	guest_view_clear(&table);
	return 0;
}
