/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/verify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/verify_kit.h"

#define MIB (1ULL << 20)

/* In this order: what shows that the tree is another machine's comes before what rests on it. */
static const struct {
	const char *name;
	const char *arch; /* NULL: every */
	verify_fn run;
} checks_of[] = {
	{"the guest's memory is in memslots", NULL, verify_memory},
	{"the guest's devices are there", "arm64", verify_devices},
	{"the guest's GIC is of the vGIC's version", "arm64", verify_gic_version},
	{"the guest's CPUs are there", "arm64", verify_cpus},
	{"the GIC redistributors are where the guest looks", "arm64", verify_redists},
	{"the guest's MSI controllers are there", "arm64", verify_msi},
	{"the PCI configuration space is where the guest looks", "arm64", verify_ecam},
	{"the guest's PCI windows are the machine's", "arm64", verify_pci_windows},
	{"the guest's virtio-mmio transports are there", "arm64", verify_transports},
	{"nothing is beyond the addressable space", NULL, verify_ipa_limit},
	{"host memory is behind every memslot", NULL, verify_backings},
	{"memory is made of whole host pages", NULL, verify_pages},
	{"no memslot hides the vGIC", "arm64", verify_vgic_is_free},
};

_Static_assert(sizeof(checks_of) / sizeof(checks_of[0]) <= VERIFY_CHECKS_MAX, "all checks fit");

/* ---- is the tree the guest's own? ----------------------------------------------------------- */

/* Its memory begins where a memslot does; Firecracker leaves its first 2 MiB out. */
static bool fits_memory(const struct verify_evidence *e)
{
	for (size_t i = 0; i < e->guest->n_ranges; i++) {
		const struct guest_range *range = &e->guest->ranges[i];
		const struct nisv_slot *slot = layout_slot_at(e->layout, range->base);

		if (range->kind == GUEST_MEMORY && slot && range->base - slot->gpa <= 2 * MIB)
			return true;
	}
	return false;
}

/* Boards have their interrupt controllers everywhere: it tells them from VMs with the same RAM. */
static bool fits_gic(const struct verify_evidence *e)
{
	for (size_t i = 0; i < e->guest->n_ranges; i++)
		if (e->guest->ranges[i].kind == GUEST_GIC_DIST)
			return e->guest->ranges[i].base == e->layout->vgic_dist;
	return true;
}

/*
 * Where VMMs put the tree that they make, to the byte; sources are in guest_places.c. QEMU puts it
 * behind the initrd, which it puts to the half of the RAM, at most 128 MiB up.
 */
static bool is_boot_place(const struct layout *layout, uint64_t address)
{
	const struct nisv_slot *slot = layout_slot_at(layout, address);
	uint64_t offset, first, half;

	if (!slot)
		return false;
	offset = address - slot->gpa;
	first = slot->size < 256 * MIB ? slot->size : 256 * MIB;
	half = (first / 2 + 2 * MIB - 1) & ~(2 * MIB - 1);
	return offset == 0 || offset == 0x1000 || offset == half ||
	       offset + 2 * MIB == slot->size || offset + 2 * MIB == first;
}

/*
 * A guest's memory holds trees that it never goes by: in its page cache are the files of its
 * kernel's package, for a thousand boards. Those are at any page, and for other machines.
 */
static bool find_tree(struct verification *v)
{
	const struct verify_evidence *e = v->e;
	const struct guest_view *guest = e->guest;
	char *reason = v->tree_reason;

	if (guest->state != GUEST_FOUND)
		return verify_not_done(reason, "what the guest believes is not known: %s",
				       guest->reason[0] ? guest->reason
				       : guest->state != GUEST_UNREAD
					       ? guest_state_name(guest->state)
				       : e->ended ? "the VM ended before it was looked at"
						  : "not looked into yet");
	if (guest->source != GUEST_DEVICE_TREE)
		return verify_not_done(reason, "the guest has no device tree");
	if (!e->layout->known || is_boot_place(e->layout, guest->address))
		return true;
	if (e->options->dtb[0] && guest->address % (2 * MIB) == 0)
		return true;
	/* A file may be for a VM like this one: firmware moves a tree, but does not change these.
	 */
	v->tree_may_be_file = true;
	if (fits_memory(e) && fits_gic(e) && guest->cpus == e->layout->vcpus)
		return true;
	return verify_not_done(reason,
			       "the tree at 0x%" PRIx64
			       " is not for this VM's memory, GIC and CPUs: it may be a mere file",
			       guest->address);
}

/* ---- all of it ------------------------------------------------------------------------------ */

static int by_worst(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;

	if (x->severity != y->severity)
		return x->severity > y->severity ? -1 : 1;
	if (x->confidence != y->confidence)
		return x->confidence > y->confidence ? -1 : 1;
	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return strcmp(x->cause, y->cause);
}

int verify(const struct verify_evidence *evidence, struct findings *ret,
	   struct verify_check checks[VERIFY_CHECKS_MAX], size_t *ret_n_checks)
{
	struct verification v = {.e = evidence};
	size_t n = 0;

	v.has_tree = find_tree(&v);
	for (size_t i = 0; i < sizeof(checks_of) / sizeof(checks_of[0]); i++) {
		struct verify_check *check = &checks[n];

		if (checks_of[i].arch && strcmp(checks_of[i].arch, evidence->arch) != 0)
			continue;
		*check = (struct verify_check){.name = checks_of[i].name};
		check->done = checks_of[i].run(&v, check->reason);
		n++;
	}
	if (v.no_memory) {
		findings_clear(&v.findings);
		return -ENOMEM;
	}
	if (v.findings.n)
		qsort(v.findings.list, v.findings.n, sizeof(v.findings.list[0]), by_worst);
	*ret = v.findings;
	*ret_n_checks = n;
	return 0;
}
