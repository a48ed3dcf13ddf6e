/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Controllers of message-signalled interrupts that the VM does not have. */

#include <inttypes.h>
#include <string.h>

#include "daemon/core/rules_kit.h"

/* ---- its-missing, gic-v2m-missing ----------------------------------------------------------- */

static const struct machine_region *absent_region(const struct scene *s, enum region_role role)
{
	if (s->reserved && s->reserved->role == role)
		return s->reserved;
	return s->left_out && s->left_out->role == role ? s->left_out : NULL;
}

/* An ITS is KVM's own: with all of its bus known, that the map has one with an option only tells
 * nothing for it. */
static bool is_its_traffic(const struct scene *s, enum region_role role)
{
	return s->place && role == ROLE_ITS && s->place->count >= MMIO_FEW && rule_is_charted(s);
}

static double msi_score(const struct scene *s, enum region_role role, enum guest_kind kind,
			double score, const char **reason)
{
	if (!rule_is_access(s, MMIO_FEW) &&
	    !(s->place && (rule_is_told(s, kind) || is_its_traffic(s, role)) && scene_is_empty(s)))
		return 0;
	if (!rule_no_slot(s) || rule_is_device(s) || !rule_has_bus(s))
		return 0;
	if (rule_is_told(s, kind)) {
		*reason = "the guest's device tree has the frame there, and nothing is";
		score = rule_told(s, 0.9);
		/* An ITS is KVM's, a GICv2m frame the VMM's. */
		return role == ROLE_ITS ? score : rule_charted(s, score);
	}
	if (!absent_region(s, role))
		return 0;
	*reason = "machines of this kind can have the frame there, this VM has none";
	return rule_mapped(s, rule_lasting(s, score));
}

static double its_score(const struct scene *s, const char **reason)
{
	return msi_score(s, ROLE_ITS, GUEST_GIC_ITS, 0.88, reason);
}

static double v2m_score(const struct scene *s, const char **reason)
{
	return msi_score(s, ROLE_V2M, GUEST_GIC_V2M, 0.85, reason);
}

static void its_place(const struct scene *s, struct text *text)
{
	(void)s;
	text_add(text, "where the VM's ITS would be, but it has none");
}

static void v2m_place(const struct scene *s, struct text *text)
{
	(void)s;
	text_add(text, "where a GICv2m frame would be, but this VM has none");
}

static void its_where(const struct scene *s, struct text *text)
{
	uint32_t n = s->evidence->layout->total_bus;

	text_add(text,
		 "KVM has no ITS on its MMIO bus at this address (%" PRIu32 " range%s on it).", n,
		 n == 1 ? " is" : "s are");
}

static void v2m_where(const struct scene *s, struct text *text)
{
	text_add(text, "%s has no GICv2m frame with this VM's vGIC (version %" PRIu32 ").",
		 rule_machine(s), s->evidence->layout->vgic_model);
}

static const struct advice its_advice[] = {
	{"qemu",
	 "Start the VM with -machine its=on (a GICv3 has it unless its=off), or use a tree without "
	 "its node.",
	 "docs/system/arm/virt.rst: its", REV_QEMU},
	{"kvmtool", "Start the VM with --irqchip gicv3-its.", "arm/gic.c: irqchip_parser()",
	 REV_KVMTOOL},
	{NULL,
	 "Without it the guest's PCI devices have no MSIs: use a tree that fits, without the node "
	 "and without msi-parent or msi-map that lead to it.",
	 "Documentation/devicetree/bindings/interrupt-controller/arm,gic-v3.yaml", REV_LINUX},
	{0},
};

static const struct advice v2m_advice[] = {
	{"qemu", "A GICv2m frame comes with -machine gic-version=2; with a GICv3 use the ITS.",
	 "hw/arm/virt.c: create_gic(), create_v2m()", REV_QEMU},
	{"kvmtool", "Start the VM with --irqchip gicv2m.", "arm/gic.c: irqchip_parser()",
	 REV_KVMTOOL},
	{NULL, "Use a tree that fits, without the v2m node and what leads to it.",
	 "Documentation/devicetree/bindings/interrupt-controller/arm,gic.yaml: v2m", REV_LINUX},
	{0},
};

const struct rule rule_its_missing = {
	.id = "its-missing",
	.arch = "arm64",
	.from = RULE_FAULT | RULE_MAP,
	.what = "The guest looks for an interrupt translation service (ITS), which the VM was not "
		"given: message-signalled interrupts of PCI devices do not work.",
	.known_by = "An ITS of KVM's is on its MMIO bus, and none is at the address, where the "
		    "machine's reference map or the guest's device tree has it.",
	.example = "vCPU 0 executed `ldr w1, [x0], #4` on 0x8080000, where the VM's ITS would be, "
		   "but it has none: the VM was started with its=off.",
	.score = its_score,
	.place = its_place,
	.where = its_where,
	.how = rule_how,
	.traffic_severity = SEVERITY_WARNING,
	.advice = its_advice,
	.documentation = DOC_ITS,
};

const struct rule rule_v2m_missing = {
	.id = "gic-v2m-missing",
	.arch = "arm64",
	.from = RULE_FAULT | RULE_MAP,
	.what = "The guest looks for a GICv2m frame, which this VM does not have: "
		"message-signalled "
		"interrupts do not work.",
	.known_by =
		"The machine has that frame only with a GICv2, and this VM's vGIC is another, or "
		"the guest's device tree has a v2m node where nothing is.",
	.example =
		"vCPU 0 executed `ldr w1, [x0, #8]!` on 0x8020008, where a GICv2m frame would be, "
		"but this VM has none.",
	.score = v2m_score,
	.place = v2m_place,
	.where = v2m_where,
	.how = rule_how,
	.traffic_severity = SEVERITY_WARNING,
	.advice = v2m_advice,
	.documentation = DOC_TREE,
};
