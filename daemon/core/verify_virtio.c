/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Whether the virtio-mmio transports of the guest's device tree exist. */

#include <inttypes.h>
#include <string.h>

#include "daemon/core/verify_kit.h"

static bool is_transport(const struct guest_range *range)
{
	return range->kind == GUEST_DEVICE && !range->disabled &&
	       !strcmp(range->compatible, "virtio,mmio");
}

static void report_transport(struct verification *v, const struct guest_range *range, size_t absent,
			     size_t all)
{
	struct finding *finding = verify_report(
		v, &rule_virtio_mmio_absent, SEVERITY_WARNING, 0.8,
		"this VMM registers a doorbell for each device, and here is none", range->base);

	verify_summary(finding,
		       "The guest's device tree has virtio-mmio transports that do not exist: %zu "
		       "of %zu, the first at 0x%" PRIx64 ".",
		       absent, all, range->base);
	verify_where(finding, "No device of the VMM is at 0x%" PRIx64 ".", range->base);
	verify_region(finding, "\"%s\", %s", verify_name(range),
		      words_range(range->base, range->size).s);
	verify_tree_line(v, finding);
	verify_evidence_line(v, finding, "KVM has %" PRIu32 " ranges on its MMIO bus, none in it",
			     v->e->layout->total_bus);
	verify_advise(v, finding);
	verify_sign(finding, "virtio,mmio", range->base);
}

bool verify_transports(struct verification *v, char *reason)
{
	const struct guest_view *guest = v->e->guest;
	const struct guest_range *first = NULL;
	size_t all = 0, absent = 0;

	if (!verify_has_tree(v, reason))
		return false;
	for (size_t i = 0; i < guest->n_ranges; i++) {
		const struct guest_range *range = &guest->ranges[i];

		if (!is_transport(range))
			continue;
		all++;
		if (verify_is_on_bus(v->e->layout, range->base, range->size))
			continue;
		first = first ? first : range;
		absent++;
	}
	/* QEMU has all of its transports always, with or without devices: its map has them. */
	if (!absent || !strcmp(v->e->vmm, "qemu"))
		return true;
	if (!rule_rings_from_the_start(v->e->vmm))
		return verify_not_done(reason,
				       "this VMM's transports do not show before they are used");
	if (!verify_has_bus(v, reason))
		return false;
	/* Without any doorbell this VM's VMM may be one that does otherwise. */
	if (absent == all)
		return verify_not_done(reason, "none of its transports has a doorbell");
	report_transport(v, first, absent, all);
	return true;
}
