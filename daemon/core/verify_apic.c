/* SPDX-License-Identifier: GPL-2.0-or-later */

/* x86: whether a memslot hides an interrupt controller that KVM emulates. */

#include <inttypes.h>

#include "daemon/core/verify_kit.h"

/* arch/x86/kvm/ioapic.h: IOAPIC_DEFAULT_BASE_ADDRESS; where kvm_ioapic_init() registers it. */
#define IOAPIC_BASE 0xfec00000ULL
/* arch/x86/include/asm/apicdef.h: APIC_DEFAULT_PHYS_BASE; every vCPU's, until the guest moves it.
 */
#define LAPIC_BASE 0xfee00000ULL
#define LAPIC_SIZE 0x1000ULL

static const struct nisv_bus_range *find_ioapic(const struct layout *layout)
{
	for (size_t i = 0; i < layout->n_bus; i++)
		if (!layout->bus[i].is_ioeventfd && layout->bus[i].addr == IOAPIC_BASE)
			return &layout->bus[i];
	return NULL;
}

/* But for KVM's own page for the local APIC, which leaves no room for another's. */
static const struct nisv_slot *find_slot(const struct layout *layout, uint64_t base, uint64_t size)
{
	const struct nisv_slot *slot = verify_slot_over(layout, base, size);

	return slot && !layout_slot_is_internal(layout, slot) ? slot : NULL;
}

static void report(struct verification *v, const struct nisv_slot *slot, const char *what,
		   uint64_t base, uint64_t size, double confidence, const char *reason)
{
	struct finding *finding =
		verify_report(v, &rule_x86_apic, SEVERITY_ERROR, confidence, reason, base);

	verify_summary(finding,
		       "Memslot %d (%s) hides KVM's %s at 0x%" PRIx64
		       ": the guest's accesses to it go to memory.",
		       slot->id, words_range(slot->gpa, slot->size).s, what, base);
	verify_where(finding, "At 0x%" PRIx64 " are both memory and an in-kernel device.", base);
	verify_region(finding, "%s, in memslot %d", what, slot->id);
	verify_evidence_line(v, finding, "KVM's %s: %s", what, words_range(base, size).s);
	verify_advise(v, finding);
	verify_sign(finding, what, base - slot->gpa);
}

/* That the IOAPIC is KVM's tells that the local APICs are, too (KVM_CREATE_IRQCHIP). */
bool verify_apics(struct verification *v, char *reason)
{
	const struct layout *layout = v->e->layout;
	const struct nisv_bus_range *ioapic;
	const struct nisv_slot *slot;

	if (!verify_has_slots(v, reason) || !verify_has_bus(v, reason))
		return false;
	ioapic = find_ioapic(layout);
	if (!ioapic)
		return verify_not_done(reason, "KVM does not emulate its IOAPIC");
	slot = find_slot(layout, ioapic->addr, ioapic->len);
	if (slot)
		report(v, slot, "IOAPIC", ioapic->addr, ioapic->len, 0.95, "both are KVM's own");
	slot = find_slot(layout, LAPIC_BASE, LAPIC_SIZE);
	if (slot)
		report(v, slot, "local APIC", LAPIC_BASE, LAPIC_SIZE, 0.85,
		       "both are KVM's own, but a guest may move its local APIC or use no memory "
		       "for it (x2APIC)");
	return true;
}
