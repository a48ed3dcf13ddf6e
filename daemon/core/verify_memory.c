/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the guest takes for memory, and whether all of it can be addressed. */

#include <inttypes.h>
#include <string.h>

#include "daemon/core/verify_kit.h"
#include "daemon/core/vmname.h"

#define PIECES_TOLD 3

/* ---- memory nodes, E820 --------------------------------------------------------------------- */

static bool is_memory(const struct guest_range *range)
{
	return range->kind == GUEST_MEMORY && !range->disabled;
}

/* The first stretch from @from on, below @end, that no usable slot has. */
static bool next_piece(const struct layout *layout, uint64_t from, uint64_t end, struct range *ret)
{
	const struct nisv_slot *slot;

	while (from < end && (slot = layout_slot_at(layout, from)))
		from = slot->gpa + slot->size;
	if (from >= end)
		return false;
	slot = layout_slot_above(layout, from);
	*ret = (struct range){from, slot && slot->gpa < end ? slot->gpa : end};
	return true;
}

/*
 * The first of @range's bytes that no slot has; not where it only ends in the middle of a host
 * page, which is for verify_pages() to tell.
 */
static bool first_piece(const struct verification *v, const struct guest_range *range,
			struct range *ret)
{
	uint64_t end = range->base + range->size, page = v->e->host->page_bytes;
	struct range piece = {.end = range->base};

	while (is_memory(range) && next_piece(v->e->layout, piece.end, end, &piece)) {
		if (piece.end - piece.start >= page) {
			*ret = piece;
			return true;
		}
	}
	return false;
}

/* RAM that could be a part of what the VMM's command line gives. */
static const struct nisv_slot *ram_at(const struct layout *layout, uint64_t address)
{
	const struct nisv_slot *slot = layout_slot_at(layout, address);

	return !slot || slot->flags & NISV_SLOT_READONLY || layout_slot_is_internal(layout, slot)
		       ? NULL
		       : slot;
}

static bool memory_starts_in(const struct guest_view *guest, uint64_t start, uint64_t end)
{
	for (size_t i = 0; i < guest->n_ranges; i++)
		if (is_memory(&guest->ranges[i]) && guest->ranges[i].base >= start &&
		    guest->ranges[i].base < end)
			return true;
	return false;
}

/*
 * What the command line gives, or else the stretches of RAM in which the guest's memory starts: a
 * writable memslot may as well be a device's window. 0: none.
 */
static uint64_t given_bytes(const struct evidence *e)
{
	const struct layout *layout = e->layout;
	uint64_t sum = 0;

	if (e->options->ram_bytes)
		return e->options->ram_bytes;
	for (size_t i = 0; i < layout->n_slots; i++) {
		uint64_t start = layout->slots[i].gpa, end = start;
		const struct nisv_slot *slot;

		if (ram_at(layout, start) != &layout->slots[i] ||
		    (start && ram_at(layout, start - 1)))
			continue;
		while ((slot = ram_at(layout, end)))
			end = slot->gpa + slot->size;
		if (memory_starts_in(e->guest, start, end))
			sum += end - start;
	}
	return sum;
}

static void tell_pieces(struct verification *v, struct finding *finding)
{
	const struct guest_view *guest = v->e->guest;
	unsigned int told = 0;

	for (size_t i = 0; i < guest->n_ranges; i++) {
		const struct guest_range *range = &guest->ranges[i];
		struct range piece = {.end = range->base};

		while (is_memory(range) && told < PIECES_TOLD &&
		       next_piece(v->e->layout, piece.end, range->base + range->size, &piece)) {
			verify_evidence_line(v, finding,
					     "Memory of the guest (\"%s\", %s) without a memslot: "
					     "%s",
					     range->name, words_range(range->base, range->size).s,
					     words_range(piece.start, piece.end - piece.start).s);
			told++;
		}
	}
}

static void tell_ram(struct verification *v, struct finding *finding, uint64_t overhang)
{
	const struct layout *layout = v->e->layout;
	const struct vmoptions *options = v->e->options;
	char line[320], dtb[2 * sizeof(options->dtb)];
	struct text text = text_begin(line, sizeof(line));
	uint64_t given = given_bytes(v->e);
	struct range ram;

	verify_evidence_line(v, finding, "The writable memslots hold %s%s%s",
			     words_size(layout_ram_bytes(layout)).s,
			     options->ram_bytes ? ", the command line asks for " : "",
			     options->ram_bytes ? words_size(options->ram_bytes).s : "");
	if (layout_main_ram(layout, &ram))
		verify_evidence_line(v, finding, "The RAM is %s",
				     words_range(ram.start, ram.end - ram.start).s);
	if (options->dtb[0]) {
		vmname_sanitize(dtb, sizeof(dtb), options->dtb, sizeof(options->dtb));
		verify_evidence_line(v, finding, "The VMM was given a device tree: -dtb %s", dtb);
	}
	if (!given) /* more of it would not be where the guest has its memory */
		return;
	text_add(&text, "If the guest is right, give the VM more memory: ");
	rule_ram_option(v->e->vmm, given + overhang, &text);
	text_add(&text, ", or more.");
	verify_advice_line(v, finding, "%s", line);
}

/* What becomes of accesses to memory that the guest has, and the VM has not. */
static const char *what_becomes(const struct verification *v)
{
	if (strcmp(v->e->host->arch, "arm64") != 0)
		return "each access leaves KVM as MMIO";
	if (v->e->layout->nisv_to_user)
		return "loads and stores that the CPU describes leave KVM as MMIO, others (ldp, "
		       "stp, ...) leave the VMM the choice (KVM_EXIT_ARM_NISV; QEMU injects an "
		       "abort into the guest); table walks and instruction fetches there abort";
	return "loads and stores that the CPU describes leave KVM as MMIO, others (ldp, stp, ...) "
	       "kill the VM; table walks and instruction fetches there abort";
}

static void report_overhang(struct verification *v, const struct guest_range *range,
			    const struct range *piece)
{
	const struct layout *layout = v->e->layout;
	uint64_t overhang = guest_overhang(v->e->guest, layout);
	const struct nisv_slot *below = layout_slot_below(layout, piece->start);
	bool is_tree = v->e->guest->source == GUEST_DEVICE_TREE;
	struct finding *finding = verify_report(
		v, &rule_tree_memory, SEVERITY_ERROR, 0.95,
		"both sides are exact: what the guest was told, and what KVM maps", piece->start);

	verify_summary(finding,
		       "The guest's %s has memory that is not there: %s (%" PRIu64
		       " bytes) of it, the first at 0x%" PRIx64 ", lie in no memslot.",
		       is_tree ? "device tree" : "E820 table", words_size(overhang).s, overhang,
		       piece->start);
	verify_where(finding,
		     "No memslot is behind 0x%" PRIx64 "-0x%" PRIx64
		     "; the guest will use it as RAM, and %s.",
		     piece->start, piece->end, what_becomes(v));
	if (below)
		verify_region(finding,
			      "memory of the guest, %s past the end of memslot %d at 0x%" PRIx64,
			      words_size(piece->end - (uint64_t)(below->gpa + below->size)).s,
			      below->id, (uint64_t)(below->gpa + below->size));
	else
		verify_region(finding, "memory of the guest, %s",
			      words_range(range->base, range->size).s);
	verify_tree_line(v, finding);
	tell_pieces(v, finding);
	tell_ram(v, finding, overhang);
	verify_advise(v, finding);
	if (finding && !is_tree)
		finding->documentation = "https://docs.kernel.org/arch/x86/boot.html";
	verify_sign(finding, "memory", overhang);
}

bool verify_memory(struct verification *v, char *reason)
{
	const struct guest_view *guest = v->e->guest;
	bool any = false;

	if (!verify_has_slots(v, reason))
		return false;
	if (guest->source != GUEST_E820 || guest->state != GUEST_FOUND) {
		if (!verify_has_tree(v, reason))
			return false;
	}
	for (size_t i = 0; i < guest->n_ranges; i++) {
		struct range piece;

		any |= is_memory(&guest->ranges[i]);
		if (!first_piece(v, &guest->ranges[i], &piece))
			continue;
		report_overhang(v, &guest->ranges[i], &piece);
		return true;
	}
	if (!any)
		return verify_not_done(reason, "what the guest was told has no memory in it");
	return true;
}

/* ---- what can be addressed ------------------------------------------------------------------ */

static void report_beyond(struct verification *v, const struct guest_range *range, uint32_t bits)
{
	uint64_t limit = 1ULL << bits;
	uint64_t start = range->base > limit ? range->base : limit;
	bool is_memory_range = is_memory(range);
	struct finding *finding = verify_report(
		v, &rule_beyond_ipa_limit, is_memory_range ? SEVERITY_ERROR : SEVERITY_WARNING, 0.9,
		"the VM's IPA size is what KVM uses, and the guest was told of more", start);

	verify_summary(finding,
		       "The guest's \"%s\" (%s) reaches past what this VM can address: its IPA "
		       "size is %" PRIu32 " bits, up to 0x%" PRIx64 ".",
		       range->name, words_range(range->base, range->size).s, bits, limit);
	verify_where(finding, "KVM answers every access from 0x%" PRIx64 " on with an abort.",
		     limit);
	verify_region(finding, "%s \"%s\", %s", guest_kind_name(range->kind), range->name,
		      words_range(range->base, range->size).s);
	verify_tree_line(v, finding);
	verify_evidence_line(v, finding, "IPA size of the VM: %" PRIu32 " bits, %s", bits,
			     words_size(limit).s);
	verify_advise(v, finding);
	verify_sign(finding, guest_kind_name(range->kind), range->base + range->size - limit);
}

static bool is_addressed(const struct guest_range *range)
{
	return !range->disabled && range->kind != GUEST_RESERVED;
}

/* x86 KVM has no limit of its own: the guest's CPUs have, where the command line says so. */
static void report_slot_beyond(struct verification *v, const struct nisv_slot *slot, uint32_t bits)
{
	uint64_t limit = 1ULL << bits;
	struct finding *finding = verify_report(
		v, &rule_beyond_ipa_limit, SEVERITY_ERROR, 0.85,
		"the command line sets how many bits the guest's CPUs can address", limit);

	verify_summary(finding,
		       "Memslot %d (%s) reaches past what the guest's CPUs can address: %" PRIu32
		       " bits.",
		       slot->id, words_range(slot->gpa, slot->size).s, bits);
	verify_where(finding, "The guest cannot reach anything from 0x%" PRIx64 " on.", limit);
	verify_region(finding, "memslot %d, %s", slot->id, words_range(slot->gpa, slot->size).s);
	verify_evidence_line(v, finding,
			     "Physical address bits by the command line: %" PRIu32 ", %s", bits,
			     words_size(limit).s);
	verify_advice_line(v, finding,
			   "Give the guest's CPUs more address bits (QEMU: -cpu ...,phys-bits= or "
			   "host-phys-bits=on; Cloud Hypervisor: --cpus max_phys_bits=), or the VM "
			   "less memory.");
	verify_sign(finding, "slot", slot->gpa + slot->size - limit);
}

static bool verify_slots_below(struct verification *v, char *reason)
{
	const struct layout *layout = v->e->layout;
	uint32_t bits = v->e->options->phys_bits;

	if (bits < 32 || bits > 63)
		return verify_not_done(reason,
				       "how many bits the guest's CPUs address is not known");
	if (!verify_has_slots(v, reason))
		return false;
	for (size_t i = 0; i < layout->n_slots; i++) {
		const struct nisv_slot *slot = &layout->slots[i];

		if (layout_slot_is_usable(slot) && !layout_slot_is_internal(layout, slot) &&
		    slot->gpa + slot->size > 1ULL << bits)
			report_slot_beyond(v, slot, bits);
	}
	return true;
}

bool verify_ipa_limit(struct verification *v, char *reason)
{
	const struct guest_view *guest = v->e->guest;
	uint32_t bits = v->e->layout->known ? v->e->layout->ipa_bits : 0;

	if (!strcmp(v->e->host->arch, "x86_64"))
		return verify_slots_below(v, reason);
	if (!bits || bits > 63)
		return verify_not_done(reason, "the VM's IPA size is not known");
	/* KVM itself takes no memslot beyond it: what is left is what the guest was told. */
	if (!verify_has_tree(v, reason))
		return false;
	for (size_t i = 0; i < guest->n_ranges; i++)
		if (is_addressed(&guest->ranges[i]) &&
		    guest->ranges[i].base + guest->ranges[i].size > 1ULL << bits)
			report_beyond(v, &guest->ranges[i], bits);
	return true;
}
