/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A device tree out of guest memory. */

#include <string.h>

#include "daemon/core/guest.h"
#include "daemon/core/layout.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct guest_view view = {0};
	struct layout layout = {.known = true};
	void *blob;

	if (size > GUEST_TREE_MAX)
		return 0;
	/* A copy: aligned as guest memory is, and its end is the end of what may be read. */
	blob = malloc(size ? size : 1);
	PROMISE(blob);
	memcpy(blob, data, size);
	guest_tree_size(blob, size);
	if (guest_from_tree(blob, size, &view) == 0) {
		PROMISE(view.state == GUEST_FOUND);
		PROMISE(view.n_ranges <= GUEST_RANGES_MAX);
		for (size_t i = 0; i < view.n_ranges; i++) {
			const struct guest_range *range = &view.ranges[i];

			PROMISE(range->size && range->base + range->size - 1 >= range->base);
			PROMISE(!i || view.ranges[i - 1].base <= range->base);
			PROMISE(memchr(range->name, '\0', sizeof(range->name)));
		}
		guest_overhang(&view, &layout);
	} else {
		PROMISE(view.state != GUEST_FOUND);
	}
	guest_view_clear(&view);
	free(blob);
	return 0;
}
