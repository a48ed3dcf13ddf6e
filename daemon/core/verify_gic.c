/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Whether the guest's interrupt controller and CPUs are those that KVM has. */

#include <inttypes.h>
#include <string.h>

#include "daemon/core/machine_kit.h"
#include "daemon/core/verify_kit.h"

static bool has_vgic(const struct verification *v, char *reason)
{
	const struct layout *layout = v->e->layout;

	if (!layout->known)
		return verify_not_done(reason, "KVM's devices could not be read");
	if (layout->vgic_model != NISV_VGIC_V2 && layout->vgic_model != NISV_VGIC_V3)
		return verify_not_done(reason, "it has no vGIC that is known");
	return true;
}

static bool is_kind(const struct guest_range *range, enum guest_kind kind)
{
	return range->kind == kind && !range->disabled;
}

/* ---- version -------------------------------------------------------------------------------- */

bool verify_gic_version(struct verification *v, char *reason)
{
	const struct guest_view *guest = v->e->guest;
	const struct layout *layout = v->e->layout;
	struct finding *finding;

	if (!verify_has_tree(v, reason) || !has_vgic(v, reason))
		return false;
	if (!guest->gic_version)
		return verify_not_done(reason, "the guest's device tree has no GIC that is known");
	if (guest->gic_version == layout->vgic_model)
		return true;
	finding = verify_report(v, &rule_gic_version, SEVERITY_ERROR, 0.9,
				"the tree names one version, KVM emulates the other",
				layout->vgic_dist == NISV_ADDR_UNSET ? 0 : layout->vgic_dist);
	verify_summary(finding,
		       "The guest's device tree describes a GICv%" PRIu32
		       ", but the VM has a GICv%" PRIu32 ": its interrupts will not work.",
		       guest->gic_version, layout->vgic_model);
	verify_where(finding, "Of a GICv%" PRIu32 " the frames (%s) are not there.",
		     guest->gic_version,
		     guest->gic_version == 2 ? "CPU interface" : "redistributors");
	verify_region(finding, "vGIC, distributor at 0x%" PRIx64, layout->vgic_dist);
	verify_tree_line(v, finding);
	verify_evidence_line(v, finding, "KVM's vGIC is version %" PRIu32, layout->vgic_model);
	verify_advise(v, finding);
	verify_sign(finding, "GIC version", guest->gic_version);
	return true;
}

/* ---- CPUs ----------------------------------------------------------------------------------- */

/* As many redistributors as the tree's frames have room for; 0: it has none. */
static uint64_t tree_redists(const struct guest_view *guest)
{
	uint64_t n = 0;

	for (size_t i = 0; i < guest->n_ranges; i++)
		if (is_kind(&guest->ranges[i], GUEST_GIC_REDIST))
			n += guest->ranges[i].size / VGIC_V3_REDIST_SIZE;
	return n;
}

static void report_cpus(struct verification *v, uint64_t have, const char *of)
{
	const struct layout *layout = v->e->layout;
	const struct guest_view *guest = v->e->guest;
	struct finding *finding;
	uint64_t at = 0;

	if (layout->vgic_model == NISV_VGIC_V3 && layout->n_redist)
		at = layout->redist[0].base + layout->vcpus * VGIC_V3_REDIST_SIZE;
	finding = verify_report(v, &rule_redist_beyond_vcpus, SEVERITY_WARNING, 0.85,
				"the tree counts its CPUs, KVM its vCPUs and redistributors", at);
	if (finding)
		finding->has_address = at != 0;
	verify_summary(finding,
		       "The guest's device tree has %" PRIu32 " CPUs, but there are only %" PRIu64
		       " %s: the others cannot start.",
		       guest->cpus, have, of);
	verify_where(finding, "There is no redistributor for CPU %" PRIu64 " and those after it.",
		     have);
	verify_region(finding, "%" PRIu64 " %s", have, of);
	verify_tree_line(v, finding);
	verify_evidence_line(v, finding, "vCPUs: %" PRIu32 "; CPU nodes that are enabled: %" PRIu32,
			     layout->vcpus, guest->cpus);
	for (size_t i = 0; layout->vgic_model == NISV_VGIC_V3 && i < layout->n_redist; i++)
		verify_evidence_line(v, finding, "KVM's redistributors: %s",
				     words_range(layout->redist[i].base,
						 layout_redists(layout, &layout->redist[i]) *
							 VGIC_V3_REDIST_SIZE)
					     .s);
	verify_advise(v, finding);
	verify_sign(finding, of, guest->cpus - have);
}

bool verify_cpus(struct verification *v, char *reason)
{
	const struct guest_view *guest = v->e->guest;
	const struct layout *layout = v->e->layout;
	uint64_t redists = tree_redists(guest);

	if (!verify_has_tree(v, reason))
		return false;
	if (!guest->cpus)
		return verify_not_done(reason, "the guest's device tree has no CPUs");
	if (!layout->known || !layout->vcpus)
		return verify_not_done(reason, "the number of vCPUs is not known");
	if (guest->cpus > layout->vcpus)
		report_cpus(v, layout->vcpus, "vCPUs");
	else if (guest->gic_version == 3 && redists && redists < guest->cpus)
		report_cpus(v, redists, "redistributors in its GIC node");
	return true;
}

/* ---- redistributors ------------------------------------------------------------------------- */

/* A guest goes through a region from its start: that has to be the start of a redistributor. */
static bool is_redist(const struct layout *layout, uint64_t base)
{
	for (size_t i = 0; i < layout->n_redist; i++) {
		uint64_t offset = base - layout->redist[i].base;

		if (offset < layout_redists(layout, &layout->redist[i]) * VGIC_V3_REDIST_SIZE &&
		    offset % VGIC_V3_REDIST_SIZE == 0)
			return true;
	}
	return false;
}

static void report_redist(struct verification *v, const struct guest_range *range)
{
	const struct layout *layout = v->e->layout;
	const struct nisv_redist *first = &layout->redist[0];
	uint64_t n = range->size / VGIC_V3_REDIST_SIZE;
	struct finding *finding = verify_report(
		v, &rule_redist_beyond_vcpus, SEVERITY_WARNING, 0.85,
		"the tree says where they are, and KVM has them elsewhere", range->base);

	verify_summary(finding,
		       "The guest looks for GIC redistributors at 0x%" PRIx64
		       ", where none are: KVM has them at 0x%" PRIx64 " (%" PRIu64 " of them).",
		       range->base, (uint64_t)first->base, layout_redists(layout, first));
	verify_where(finding,
		     "The tree has room for %" PRIu64 " redistributors of 128 KiB from 0x%" PRIx64
		     " on; VMMs that place them below the distributor move them with the number of "
		     "vCPUs.",
		     n, range->base);
	verify_region(finding, "GIC redistributors of the guest, %s",
		      words_range(range->base, range->size).s);
	verify_tree_line(v, finding);
	for (size_t i = 0; i < layout->n_redist; i++)
		verify_evidence_line(v, finding, "KVM's redistributors: %s",
				     words_range(layout->redist[i].base,
						 layout_redists(layout, &layout->redist[i]) *
							 VGIC_V3_REDIST_SIZE)
					     .s);
	verify_evidence_line(v, finding, "vCPUs: %" PRIu32 "; CPU nodes that are enabled: %" PRIu32,
			     layout->vcpus, v->e->guest->cpus);
	verify_advise(v, finding);
	verify_sign(finding, "redistributors", range->base);
}

bool verify_redists(struct verification *v, char *reason)
{
	const struct guest_view *guest = v->e->guest;
	const struct layout *layout = v->e->layout;

	if (!verify_has_tree(v, reason) || !has_vgic(v, reason))
		return false;
	/* Of another version: told already. A GICv2 has none. */
	if (layout->vgic_model != NISV_VGIC_V3 || guest->gic_version != 3)
		return true;
	if (!layout->n_redist || !layout->vcpus)
		return verify_not_done(reason, "KVM's redistributors are not known");
	for (size_t i = 0; i < guest->n_ranges; i++)
		if (is_kind(&guest->ranges[i], GUEST_GIC_REDIST) &&
		    !is_redist(layout, guest->ranges[i].base))
			report_redist(v, &guest->ranges[i]);
	return true;
}

/* ---- MSI controllers ------------------------------------------------------------------------ */

static void report_msi(struct verification *v, const struct rule *rule, double confidence,
		       const char *why, const struct guest_range *range)
{
	bool is_its = rule == &rule_its_missing;
	struct finding *finding =
		verify_report(v, rule, SEVERITY_WARNING, confidence, why, range->base);

	verify_summary(finding,
		       "The guest's device tree has %s at 0x%" PRIx64
		       ", but this VM has none there: MSIs will not work.",
		       is_its ? "an ITS" : "a GICv2m frame", range->base);
	verify_where(finding, "%s is at 0x%" PRIx64 ".",
		     is_its ? "No ITS of KVM" : "No device of the VMM", range->base);
	verify_region(finding, "\"%s\", %s", range->name, words_range(range->base, range->size).s);
	verify_tree_line(v, finding);
	if (is_its)
		verify_evidence_line(v, finding,
				     "Ranges on KVM's MMIO bus: %" PRIu32 ", none there",
				     v->e->layout->total_bus);
	else
		verify_machine_line(v, finding);
	verify_advise(v, finding);
	verify_sign(finding, "MSI", range->base);
}

/* KVM has its ITS on the MMIO bus: arch/arm64/kvm/vgic/vgic-its.c: vgic_register_its_iodev(). */
static bool has_its(const struct layout *layout, const struct guest_range *range)
{
	for (size_t i = 0; i < layout->n_bus; i++)
		if (!layout->bus[i].is_ioeventfd && layout->bus[i].addr == range->base)
			return true;
	return false;
}

/*
 * The frame is the VMM's. Newer QEMU has it with a GICv3, too: which version it is decides whether
 * the reference map's word on that counts.
 */
static bool has_v2m(const struct verification *v, const struct guest_range *range)
{
	const struct machine *registry = verify_registry_map(v);
	bool is_newest = !v->e->options->machine_major;

	return verify_region_over(v->e->machine, v->e->layout->vgic_model, range->base,
				  range->size) ||
	       (is_newest &&
		(verify_region_over(v->e->machine, NISV_VGIC_V2, range->base, range->size) ||
		 verify_region_over(registry, NISV_VGIC_V2, range->base, range->size)));
}

bool verify_msi(struct verification *v, char *reason)
{
	const struct guest_view *guest = v->e->guest;
	const char *skipped = NULL;
	char why[128];

	if (!verify_has_tree(v, reason) || !has_vgic(v, reason) || !verify_has_bus(v, reason))
		return false;
	if (guest->gic_version != v->e->layout->vgic_model)
		return true; /* told already */
	for (size_t i = 0; i < guest->n_ranges; i++) {
		const struct guest_range *range = &guest->ranges[i];

		if (is_kind(range, GUEST_GIC_ITS) && !has_its(v->e->layout, range))
			report_msi(v, &rule_its_missing, 0.9,
				   "an ITS of KVM's is on its MMIO bus, and none is there", range);
		if (!is_kind(range, GUEST_GIC_V2M))
			continue;
		if (!verify_has_machine(v, why))
			skipped = why;
		else if (!has_v2m(v, range))
			report_msi(v, &rule_v2m_missing, 0.8,
				   "the reference map has no such frame there with this vGIC",
				   range);
	}
	return !skipped || verify_not_done(reason, "GICv2m: %.110s", skipped);
}
