/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's device tree: guest_from_tree(). The input is what lies in guest memory. */
#include "daemon/core/guest.h"
#include "fuzz.h"
#include "view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct guest_view view = {};
	uint32_t length = guest_tree_size(data, size);
	void *blob = aligned_alloc(8, (size + 8) & ~7UL);

	if (!blob)
		return 0;
	MUST(!length || (length >= GUEST_TREE_HEADER && length <= GUEST_TREE_MAX));
	MUST(!length || guest_tree_used(data) <= length);
	/* At the end of its room, so that a byte more is seen; but for the alignment. */
	memcpy(blob, data, size);
	view_must_hold(&view, guest_from_tree(blob, size, &view));
	guest_view_clear(&view);
	free(blob);
	return 0;
}
