/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view.h"

#include <errno.h>

#include "daemon/core/layout.h"
#include "fuzz.h"

static void range_must_hold(const struct guest_range *range)
{
	MUST(range->size && range->base + (range->size - 1) >= range->base);
	MUST(range->kind < _GUEST_KIND_MAX && guest_kind_name(range->kind));
	must_be_printable(range->name, sizeof(range->name));
	must_be_printable(range->compatible, sizeof(range->compatible));
}

/* A slot of 256 MiB at 1 GiB: part of what the guest has as memory may lie in it. */
static void overhang_must_hold(const struct guest_view *view)
{
	struct nisv_slot slot = {.gpa = 1 << 30, .size = 256 << 20};
	struct layout layout = {.known = true, .total_slots = 1, .n_slots = 1, .slots = &slot};
	uint64_t memory = 0;

	for (size_t i = 0; i < view->n_ranges; i++)
		if (view->ranges[i].kind == GUEST_MEMORY &&
		    __builtin_add_overflow(memory, view->ranges[i].size, &memory))
			return;
	MUST(guest_overhang(view, &layout) <= memory);
}

void view_must_hold(const struct guest_view *view, int r)
{
	MUST(r == 0 || r == -EBADMSG || r == -ENOMEM);
	MUST(r != 0 || view->state == GUEST_FOUND);
	MUST(r != -EBADMSG || (view->state == GUEST_BAD && view->reason[0]));
	MUST(view->n_ranges <= GUEST_RANGES_MAX);
	MUST(guest_state_name(view->state));
	must_be_printable(view->reason, sizeof(view->reason));
	for (size_t i = 0; i < view->n_ranges; i++) {
		range_must_hold(&view->ranges[i]);
		MUST(!i || view->ranges[i - 1].base <= view->ranges[i].base);
	}
	overhang_must_hold(view);
}
