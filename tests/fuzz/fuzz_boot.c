/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What x86 guests boot with: guest_from_boot_params(), guest_pvh_table(), guest_from_pvh(). */
#include "daemon/core/guest.h"
#include "fuzz.h"
#include "view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct guest_view view = {};
	uint64_t address;
	uint32_t bytes;

	view_must_hold(&view, guest_from_boot_params(data, size, &view));
	guest_view_clear(&view);
	if (guest_pvh_table(data, size, &address, &bytes))
		MUST(size >= GUEST_PVH_INFO);
	view_must_hold(&view, guest_from_pvh(data, size, &view));
	guest_view_clear(&view);
	return 0;
}
