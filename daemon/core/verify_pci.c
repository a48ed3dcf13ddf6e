/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Whether the guest's PCI host bridge is where the machine has it. */

#include <inttypes.h>
#include <string.h>

#include "daemon/core/verify_kit.h"

#define FOUR_GIB (1ULL << 32)

static bool is_config_space(const struct machine_region *region)
{
	return region->role == ROLE_ECAM;
}

/* Firecracker has PCI's and others' devices in one. */
static bool is_window(const struct machine_region *region)
{
	return region->is_window && region->role != ROLE_PCI_IO;
}

static bool is_kind(const struct guest_range *range, enum guest_kind kind)
{
	return range->kind == kind && !range->disabled;
}

static bool is_in(const struct machine *machine, bool (*which)(const struct machine_region *),
		  const struct guest_range *range)
{
	for (size_t i = 0; i < machine->n_regions; i++)
		if (which(&machine->regions[i]) &&
		    verify_overlaps(machine->regions[i].base, machine->regions[i].size, range->base,
				    range->size))
			return true;
	return false;
}

/*
 * Where the map has no place of that kind at all on this side of 4 GiB, it may be the map that
 * lacks it: the end of the RAM was not known. QEMU's depends on options only.
 */
static bool has_rival(const struct verification *v, bool (*which)(const struct machine_region *),
		      const struct guest_range *range)
{
	const struct machine *machine = v->e->machine;

	if (!strcmp(v->e->vmm, "qemu") || which == is_config_space)
		return true;
	for (size_t i = 0; i < machine->n_regions; i++)
		if (which(&machine->regions[i]) &&
		    (machine->regions[i].base < FOUR_GIB) == (range->base < FOUR_GIB))
			return true;
	return false;
}

/* That is told by verify_ipa_limit(). */
static bool is_beyond(const struct layout *layout, const struct guest_range *range)
{
	return layout->ipa_bits && layout->ipa_bits < 64 &&
	       range->base + range->size > 1ULL << layout->ipa_bits;
}

static void tell_regions(struct verification *v, struct finding *finding,
			 bool (*which)(const struct machine_region *))
{
	const struct machine *machine = v->e->machine;
	bool any = false;

	for (size_t i = 0; i < machine->n_regions; i++) {
		const struct machine_region *region = &machine->regions[i];

		if (!which(region))
			continue;
		any = true;
		verify_evidence_line(v, finding, "The machine has its %s at %s%s (%s)",
				     region->name, words_range(region->base, region->size).s,
				     region->optional ? ", perhaps" : "",
				     region->source ? region->source : "no source given");
	}
	if (!any)
		verify_evidence_line(v, finding, "The machine, as it was started, has none");
}

static void check_kind(struct verification *v, enum guest_kind kind, const struct rule *rule,
		       bool (*which)(const struct machine_region *), const char *what)
{
	const struct guest_view *guest = v->e->guest;

	for (size_t i = 0; i < guest->n_ranges; i++) {
		const struct guest_range *range = &guest->ranges[i];
		const struct nisv_slot *slot;
		struct finding *finding;

		if (!is_kind(range, kind) || is_in(v->e->machine, which, range) ||
		    is_beyond(v->e->layout, range) || !has_rival(v, which, range))
			continue;
		finding =
			verify_report(v, rule, SEVERITY_WARNING, v->e->machine->doubt ? 0.7 : 0.85,
				      "the reference map, computed for this VM's options, has it "
				      "elsewhere",
				      range->base);
		slot = verify_slot_over(v->e->layout, range->base, range->size);
		verify_summary(
			finding,
			"The guest looks for its %s at 0x%" PRIx64
			", but the machine does not have it there%s: PCI devices will not be "
			"found, or not work.",
			what, range->base, slot ? " (memory is)" : "");
		verify_where(finding, "%s has nothing of the kind at %s.", v->e->machine->id,
			     words_range(range->base, range->size).s);
		verify_region(finding, "\"%s\", %s", range->name,
			      words_range(range->base, range->size).s);
		tell_regions(v, finding, which);
		verify_tree_line(v, finding);
		verify_machine_line(v, finding);
		verify_advise(v, finding);
		verify_sign(finding, what, range->base);
	}
}

static bool check(struct verification *v, enum guest_kind kind, const struct rule *rule,
		  bool (*which)(const struct machine_region *), const char *what, char *reason)
{
	const struct guest_view *guest = v->e->guest;
	size_t n = 0;

	if (!verify_has_tree(v, reason))
		return false;
	for (size_t i = 0; i < guest->n_ranges; i++)
		n += is_kind(&guest->ranges[i], kind);
	if (!n)
		return true; /* a guest without PCI */
	if (!verify_has_slots(v, reason) || !verify_has_machine(v, reason))
		return false;
	check_kind(v, kind, rule, which, what);
	return true;
}

bool verify_ecam(struct verification *v, char *reason)
{
	return check(v, GUEST_PCI_ECAM, &rule_ecam_mismatch, is_config_space,
		     "PCI configuration space", reason);
}

bool verify_pci_windows(struct verification *v, char *reason)
{
	return check(v, GUEST_PCI_WINDOW, &rule_pcie_window, is_window, "PCI memory window",
		     reason);
}
