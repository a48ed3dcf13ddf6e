/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Whether the memslots hold: host memory behind them, whole pages, nothing hidden by them. */

#include <inttypes.h>
#include <string.h>

#include "daemon/core/machine_kit.h"
#include "daemon/core/verify_kit.h"

/* x86 VMs have less than this below the hole at 640 KiB. */
#define LOW_RAM_MIN (1ULL << 20)

/* ---- backing -------------------------------------------------------------------------------- */

static void tell_backing(struct verification *v, struct finding *finding,
			 const struct nisv_slot *slot, const struct backing *backing)
{
	char line[160];
	struct text text = text_begin(line, sizeof(line));

	rule_slot(slot, &text);
	verify_region(finding, "%s", line);
	verify_evidence_line(v, finding, "M%s; in the VMM it is 0x%" PRIx64 "-0x%" PRIx64, line + 1,
			     (uint64_t)slot->hva, (uint64_t)(slot->hva + slot->size));
	verify_evidence_line(v, finding, "Host memory: %s, %s of %s mapped, %s%s%s%s%s",
			     backing_kind_name(backing->kind), words_size(backing->covered_bytes).s,
			     words_size(slot->size).s, backing->readable ? "r" : "-",
			     backing->writable ? "w" : "-", backing->shared ? "s" : "p",
			     backing->path[0] ? ", " : "", backing->path);
}

static void report_gone(struct verification *v, const struct nisv_slot *slot,
			const struct backing *backing)
{
	uint64_t missing = slot->size - backing->covered_bytes;
	struct finding *finding =
		verify_report(v, &rule_backing_gone, SEVERITY_ERROR, 0.95,
			      "the VMM's mappings are what KVM will ask", backing->gap);

	verify_summary(finding,
		       "%s of memslot %d, from 0x%" PRIx64
		       " on, have no host memory: the first access there ends KVM_RUN with EFAULT, "
		       "and with it the VM.",
		       missing == slot->size ? "All" : words_size(missing).s, slot->id,
		       backing->gap);
	verify_where(finding,
		     "KVM has a memslot there, but nothing is mapped at 0x%" PRIx64 " in the VMM.",
		     (uint64_t)(slot->hva + (backing->gap - slot->gpa)));
	tell_backing(v, finding, slot, backing);
	verify_advise(v, finding);
	verify_sign(finding, backing->covered_bytes ? "in part" : "whole", slot->gpa);
}

/*
 * RAM, and not merely the largest run of memslots: a window may be larger than the RAM, or adjoin
 * it, but is above it.
 */
static bool is_ram(const struct verification *v, const struct nisv_slot *slot)
{
	const struct layout *layout = v->e->layout;

	if (!verify_is_ram(v, slot))
		return false;
	for (size_t i = 0; i < layout->n_slots && !verify_guest_has(v, slot); i++) {
		const struct nisv_slot *other = &layout->slots[i];
		const struct backing *backing = backings_find(v->e->backings, other);

		if (layout_slot_is_usable(other) && !(other->flags & NISV_SLOT_READONLY) &&
		    !layout_slot_is_internal(layout, other) && other->gpa < slot->gpa &&
		    other->size >= LOW_RAM_MIN && backing && backing->readable)
			return false;
	}
	return true;
}

static void report_unusable(struct verification *v, const struct nisv_slot *slot,
			    const struct backing *backing)
{
	bool is_error = is_ram(v, slot);
	struct finding *finding = verify_report(
		v, &rule_backing_not_faultable, is_error ? SEVERITY_ERROR : SEVERITY_WARNING,
		is_error ? 0.9 : 0.7, "the VMM's mappings are what KVM will ask", slot->gpa);

	verify_summary(finding,
		       "Memslot %d at 0x%" PRIx64
		       " cannot be %s on the host: %s there ends KVM_RUN "
		       "with EFAULT, and with it the VM.",
		       slot->id, (uint64_t)slot->gpa, backing->readable ? "written" : "accessed",
		       backing->readable ? "a write" : "an access");
	verify_where(finding, "The VMM mapped the memory behind it %s, the memslot is %s.",
		     backing->readable ? "read-only" : "without any access",
		     slot->flags & NISV_SLOT_READONLY ? "read-only" : "writable");
	tell_backing(v, finding, slot, backing);
	verify_advise(v, finding);
	verify_sign(finding, backing->readable ? "read-only" : "no access", slot->gpa);
}

static bool is_device_memory(enum backing_kind kind)
{
	return kind == BACKING_VFIO || kind == BACKING_PFNMAP;
}

static void check_backing(struct verification *v, const struct nisv_slot *slot,
			  const struct backing *backing)
{
	if (backing->covered_bytes < slot->size) {
		report_gone(v, slot, backing);
		return;
	}
	/* What a device's driver allows on its memory is its own business. */
	if (is_device_memory(backing->kind))
		return;
	/*
	 * A window into which the VMM maps pieces of files or GPU memory while the guest runs
	 * (virtio-fs DAX, blob resources) is closed where there is none, or all over. crosvm
	 * vm_control/src/sys/linux.rs: prepare_shared_memory_region();
	 * libkrun src/devices/src/virtio/fs/linux/passthrough.rs: removemapping().
	 */
	if ((backing->kind == BACKING_MIXED || !backing->readable) && !is_ram(v, slot))
		return;
	if (!backing->readable || (!backing->writable && !(slot->flags & NISV_SLOT_READONLY)))
		report_unusable(v, slot, backing);
}

bool verify_backings(struct verification *v, char *reason)
{
	const struct layout *layout = v->e->layout;
	const struct backings *backings = v->e->backings;
	size_t unknown = 0;

	if (!layout->known || layout->state == NISV_LAYOUT_NONE)
		return verify_not_done(reason, "the memslots could not be read");
	if (backings->reason[0] || !backings->read_ns)
		return verify_not_done(reason, "%s",
				       backings->reason[0] ? backings->reason : "not read yet");
	for (size_t i = 0; i < layout->n_slots; i++) {
		const struct nisv_slot *slot = &layout->slots[i];
		const struct backing *backing = backings_find(backings, slot);

		/* Private memory of a protected guest is not in the VMM's mappings. */
		if (!layout_slot_is_usable(slot) || slot->flags & NISV_SLOT_GUEST_MEMFD)
			continue;
		if (!backing || backing->kind == BACKING_UNKNOWN)
			unknown++;
		else
			check_backing(v, slot, backing);
	}
	if (unknown || layout->total_slots > layout->n_slots)
		return verify_not_done(reason, "not known of %zu of its %" PRIu32 " memslots",
				       unknown + (layout->total_slots - layout->n_slots),
				       layout->total_slots);
	return true;
}

/* ---- pages ---------------------------------------------------------------------------------- */

static void report_page(struct verification *v, const char *what, uint64_t base, uint64_t size,
			double confidence, const char *why)
{
	struct finding *finding =
		verify_report(v, &rule_subpage, SEVERITY_WARNING, confidence, why, base);

	verify_summary(finding, "%s (%s) is not made of whole host pages of %s.", what,
		       words_range(base, size).s, words_size(v->e->host->page_bytes).s);
	verify_where(finding,
		     "KVM cannot map a part of a host page: the accesses leave KVM as MMIO, or hit "
		     "what is beside it.");
	verify_region(finding, "%s, %s", what, words_range(base, size).s);
	verify_evidence_line(v, finding, "Host page size: %s",
			     words_size(v->e->host->page_bytes).s);
	verify_advise(v, finding);
	verify_sign(finding, what, (base | size) & (v->e->host->page_bytes - 1));
}

static bool is_odd(const struct verification *v, uint64_t base, uint64_t size)
{
	return ((base | size) & (v->e->host->page_bytes - 1)) != 0;
}

/* Memory of the guest that ends in the middle of a host page: what a memslot cannot have. */
static void check_guest_memory(struct verification *v)
{
	const struct guest_view *guest = v->e->guest;

	for (size_t i = 0; i < guest->n_ranges; i++) {
		const struct guest_range *range = &guest->ranges[i];
		uint64_t end = range->base + range->size;

		if (range->kind != GUEST_MEMORY || range->disabled ||
		    !is_odd(v, range->base, range->size))
			continue;
		/* Inside a memslot a guest may use as little of it as it likes. */
		if (!layout_slot_at(v->e->layout, range->base) ||
		    !layout_slot_at(v->e->layout, end - 1))
			report_page(
				v, "memory of the guest", range->base, range->size,
				v->tree_may_be_file ? VERIFY_FILE_CONFIDENCE : 0.85,
				v->tree_may_be_file
					? VERIFY_FILE_REASON
					: "the guest's tree and the host's page size are exact");
	}
}

/* Flash and ROM that are memory in this machine, but have no memslot as they are too small. */
static void check_regions(struct verification *v)
{
	const struct machine *machine = v->e->machine;

	for (size_t i = 0; machine && i < machine->n_regions; i++) {
		const struct machine_region *region = &machine->regions[i];

		if ((region->class == REGION_ROM || region->class == REGION_RAM) &&
		    !region->optional && !region->is_window &&
		    is_odd(v, region->base, region->size) &&
		    !verify_slot_over(v->e->layout, region->base, region->size))
			report_page(v, region->name, region->base, region->size, 0.75,
				    "the reference map tells its size");
	}
}

bool verify_pages(struct verification *v, char *reason)
{
	const struct layout *layout = v->e->layout;

	if (!v->e->host->page_bytes)
		return verify_not_done(reason, "the host's page size is not known");
	if (!verify_has_slots(v, reason))
		return false;
	for (size_t i = 0; i < layout->n_slots; i++) {
		const struct nisv_slot *slot = &layout->slots[i];

		if (layout_slot_is_usable(slot) && is_odd(v, slot->gpa | slot->hva, slot->size))
			report_page(v, "A memslot", slot->gpa, slot->size, 0.9,
				    "the memslot and the host's page size are exact");
	}
	if (v->has_tree && !v->wrong_machine)
		check_guest_memory(v);
	if (v->e->machine_confidence >= 0.8)
		check_regions(v);
	return true;
}

/* ---- the vGIC ------------------------------------------------------------------------------- */

static void report_over_vgic(struct verification *v, const struct nisv_slot *slot,
			     const struct vgic_frame *frame)
{
	uint64_t at = slot->gpa > frame->base ? slot->gpa : frame->base;
	struct finding *finding = verify_report(v, &rule_slot_over_vgic, SEVERITY_ERROR, 0.95,
						"both are KVM's own", at);

	verify_summary(finding,
		       "Memslot %d (%s) hides KVM's vGIC %s at 0x%" PRIx64
		       ": the guest's accesses to it go to memory.",
		       slot->id, words_range(slot->gpa, slot->size).s, frame->name, at);
	verify_where(finding, "At 0x%" PRIx64 " are both memory and an in-kernel device.", at);
	verify_region(finding, "vGIC %s, in memslot %d", frame->name, slot->id);
	verify_evidence_line(v, finding, "KVM's vGICv%" PRIu32 ": distributor at 0x%" PRIx64,
			     v->e->layout->vgic_model, v->e->layout->vgic_dist);
	verify_advise(v, finding);
	verify_sign(finding, frame->name, at - slot->gpa);
}

bool verify_vgic_is_free(struct verification *v, char *reason)
{
	const struct layout *layout = v->e->layout;
	struct vgic_frame frames[VGIC_FRAMES_MAX];
	size_t n = layout_vgic_frames(layout, frames);

	if (!verify_has_slots(v, reason))
		return false;
	if (layout->vgic_model != NISV_VGIC_V2 && layout->vgic_model != NISV_VGIC_V3)
		return verify_not_done(reason, "it has no vGIC that is known");
	for (size_t i = 0; i < n; i++) {
		const struct nisv_slot *slot =
			verify_slot_over(layout, frames[i].base, frames[i].size);

		/* A region of redistributors is empty until the VMM has made a vCPU. */
		if (slot && frames[i].size)
			report_over_vgic(v, slot, &frames[i]);
	}
	return true;
}
