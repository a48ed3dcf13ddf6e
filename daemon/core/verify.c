/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/verify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/verify_kit.h"

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
	{"no memslot hides the IOAPIC or a local APIC", "x86_64", verify_apics},
};

_Static_assert(sizeof(checks_of) / sizeof(checks_of[0]) <= VERIFY_CHECKS_MAX, "all checks fit");

static bool find_tree(struct verification *v)
{
	if (!guest_trust(v->e, &v->tree_may_be_file, v->tree_reason))
		return false;
	if (v->e->guest->source == GUEST_DEVICE_TREE)
		return true;
	return verify_not_done(v->tree_reason, "the guest has no device tree");
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

int verify(const struct evidence *evidence, struct findings *ret,
	   struct verify_check checks[VERIFY_CHECKS_MAX], size_t *ret_n_checks)
{
	struct verification v = {.e = evidence};
	size_t n = 0;

	v.has_tree = find_tree(&v);
	for (size_t i = 0; i < sizeof(checks_of) / sizeof(checks_of[0]); i++) {
		struct verify_check *check = &checks[n];

		if (checks_of[i].arch && strcmp(checks_of[i].arch, evidence->host->arch) != 0)
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
