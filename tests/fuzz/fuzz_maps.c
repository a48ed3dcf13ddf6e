/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/PID/maps and smaps: vmas_parse(), and what is behind a slot: backing_of_slot(). An input
 * begins with the slot's address in the VMM and its size.
 */
#include <errno.h>

#include "daemon/core/backing.h"
#include "fuzz.h"

static void vmas_must_hold(const struct vmas *vmas)
{
	MUST(vmas->n <= VMAS_MAX);
	for (size_t i = 0; i < vmas->n; i++) {
		MUST(vmas->list[i].start < vmas->list[i].end);
		MUST(!i || vmas->list[i - 1].end <= vmas->list[i].start);
		must_be_printable(vmas->list[i].path, sizeof(vmas->list[i].path));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	struct nisv_slot slot = {.gpa = 0x40000000};
	struct backing backing;
	struct vmas vmas = {};
	int r;

	input_take(&input, &slot.hva, sizeof(slot.hva));
	input_take(&input, &slot.size, sizeof(slot.size));
	r = vmas_parse((const char *)input.data, input.size, &vmas);
	MUST(r == 0 || r == -ENOMEM);
	vmas_must_hold(&vmas);
	backing_of_slot(&vmas, &slot, &backing);
	MUST(backing.kind < _BACKING_KIND_MAX && backing_kind_name(backing.kind));
	MUST(backing.covered_bytes <= slot.size);
	MUST(backing.covered_bytes == slot.size || backing.gap - slot.gpa < slot.size);
	must_be_printable(backing.path, sizeof(backing.path));
	vmas_clear(&vmas);
	return 0;
}
