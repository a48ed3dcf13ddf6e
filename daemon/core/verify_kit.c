/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/verify_kit.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/signature.h"

#define REASON_MAX sizeof(((struct verify_check *)NULL)->reason)

/* These are about the kernel's own side. All others rest on what the guest was told. */
static const struct rule *const of_kernel[] = {
	&rule_backing_gone, &rule_backing_not_faultable, &rule_subpage, &rule_slot_over_vgic,
	&rule_x86_apic,
};

static bool is_of_guest(const struct rule *rule)
{
	for (size_t i = 0; i < sizeof(of_kernel) / sizeof(of_kernel[0]); i++)
		if (of_kernel[i] == rule)
			return false;
	return true;
}

/* ---- what may be rested on ------------------------------------------------------------------ */

bool verify_not_done(char *reason, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reason, REASON_MAX, format, args);
	va_end(args);
	return false;
}

bool verify_has_slots(const struct verification *v, char *reason)
{
	const struct layout *layout = v->e->layout;

	if (!layout->known || layout->state == NISV_LAYOUT_NONE)
		return verify_not_done(reason, "the memslots could not be read");
	if (layout->total_slots > layout->n_slots)
		return verify_not_done(reason, "only %zu of its %" PRIu32 " memslots are known",
				       layout->n_slots, layout->total_slots);
	if (layout->state == NISV_LAYOUT_UNSTABLE)
		return verify_not_done(reason, "the memslots changed while they were read");
	for (size_t i = 0; i < layout->n_slots; i++)
		if (layout->slots[i].flags & NISV_SLOT_INVALID)
			return verify_not_done(reason, "memslot %d was being changed",
					       layout->slots[i].id);
	return true;
}

bool verify_has_bus(const struct verification *v, char *reason)
{
	const struct layout *layout = v->e->layout;

	if (!layout->known)
		return verify_not_done(reason, "KVM's devices could not be read");
	if (layout->total_bus > layout->n_bus)
		return verify_not_done(
			reason, "only %zu of the %" PRIu32 " ranges on KVM's MMIO bus are known",
			layout->n_bus, layout->total_bus);
	return true;
}

bool verify_has_tree(const struct verification *v, char *reason)
{
	if (!v->has_tree)
		return verify_not_done(reason, "%s", v->tree_reason);
	if (v->wrong_machine)
		return verify_not_done(reason, "the guest's device tree is for another machine");
	return true;
}

bool verify_has_machine(const struct verification *v, char *reason)
{
	if (!v->e->machine)
		return verify_not_done(reason, "no reference map is known for this machine");
	/* Below: the name alone, a likeness, or a command line that the layout contradicts. */
	if (v->e->machine_confidence < 0.8)
		return verify_not_done(reason, "that its map is %s is not sure enough",
				       v->e->machine->id);
	return true;
}

/* ---- questions ------------------------------------------------------------------------------ */

bool verify_overlaps(uint64_t base, uint64_t size, uint64_t other, uint64_t length)
{
	return base - other < length || other - base < size;
}

const struct nisv_slot *verify_slot_over(const struct layout *layout, uint64_t base, uint64_t size)
{
	const struct nisv_slot *slot = layout_slot_at(layout, base);

	if (slot || !size)
		return slot;
	slot = layout_slot_above(layout, base);
	return slot && slot->gpa - base < size ? slot : NULL;
}

const struct machine_region *verify_region_over(const struct machine *machine, uint32_t vgic_model,
						uint64_t base, uint64_t size)
{
	for (size_t i = 0; machine && i < machine->n_regions; i++) {
		const struct machine_region *region = &machine->regions[i];

		if (verify_overlaps(region->base, region->size, base, size) &&
		    (!region->vgic || region->vgic == vgic_model))
			return region;
	}
	return NULL;
}

bool verify_is_on_bus(const struct layout *layout, uint64_t base, uint64_t size)
{
	for (size_t i = 0; i < layout->n_bus; i++)
		if (verify_overlaps(layout->bus[i].addr,
				    layout->bus[i].len ? layout->bus[i].len : 1, base, size))
			return true;
	return false;
}

const char *verify_name(const struct guest_range *range)
{
	return range->name[0] ? range->name : "a node without a name";
}

const struct machine *verify_registry_map(const struct verification *v)
{
	const struct host *host = v->e->host;

	return v->e->machine ? machine_find(host->maps, host->n_maps, v->e->machine->id) : NULL;
}

bool verify_guest_has(const struct verification *v, const struct nisv_slot *slot)
{
	const struct guest_view *guest = v->e->guest;

	if (guest->state != GUEST_FOUND)
		return false;
	if (guest->source != GUEST_E820 &&
	    (!v->has_tree || v->tree_may_be_file || v->wrong_machine))
		return false;
	for (size_t i = 0; i < guest->n_ranges; i++)
		if (guest->ranges[i].kind == GUEST_MEMORY && !guest->ranges[i].disabled &&
		    verify_overlaps(slot->gpa, slot->size, guest->ranges[i].base,
				    guest->ranges[i].size))
			return true;
	return false;
}

bool verify_is_ram(const struct verification *v, const struct nisv_slot *slot)
{
	struct range ram;

	if (slot->flags & NISV_SLOT_READONLY || layout_slot_is_internal(v->e->layout, slot))
		return false;
	if (layout_main_ram(v->e->layout, &ram) && slot->gpa >= ram.start && slot->gpa < ram.end)
		return true;
	return verify_guest_has(v, slot);
}

/* ---- reporting ------------------------------------------------------------------------------ */

struct finding *verify_report(struct verification *v, const struct rule *rule,
			      enum severity severity, double confidence, const char *reason,
			      uint64_t address)
{
	struct finding *finding;

	if (v->findings.n >= FINDINGS_MAX) {
		v->findings.n_omitted++;
		return NULL;
	}
	if (!v->findings.list)
		v->findings.list = calloc(FINDINGS_MAX, sizeof(*v->findings.list));
	if (!v->findings.list) {
		v->no_memory = true;
		return NULL;
	}
	if (is_of_guest(rule) && v->tree_may_be_file && confidence > VERIFY_FILE_CONFIDENCE) {
		confidence = VERIFY_FILE_CONFIDENCE;
		reason = VERIFY_FILE_REASON;
	}
	finding = &v->findings.list[v->findings.n++];
	finding->cause = rule->id;
	finding->documentation = rule->documentation;
	finding->severity = severity;
	finding->confidence = confidence;
	finding->has_address = true;
	finding->address = address;
	snprintf(finding->confidence_reason, sizeof(finding->confidence_reason), "%s", reason);
	snprintf(finding->how, sizeof(finding->how),
		 "Found by holding the layers of the memory map against each other; it need not "
		 "have faulted yet.");
	verify_sign(finding, "", 0);
	return finding;
}

#define FORMAT_TO(buffer)                                                          \
	do {                                                                       \
		va_list args;                                                      \
		if (!finding)                                                      \
			return;                                                    \
		va_start(args, format);                                            \
		vsnprintf(finding->buffer, sizeof(finding->buffer), format, args); \
		va_end(args);                                                      \
	} while (0)

void verify_summary(struct finding *finding, const char *format, ...)
{
	FORMAT_TO(summary);
}

void verify_where(struct finding *finding, const char *format, ...)
{
	FORMAT_TO(where);
}

void verify_region(struct finding *finding, const char *format, ...)
{
	FORMAT_TO(region);
}

/* Beyond FINDING_LINES_MAX lines are left out: they would not be read. */
static void add_line(struct verification *v, char **lines, size_t *n, const char *text)
{
	char *copy;

	if (*n >= FINDING_LINES_MAX)
		return;
	copy = strdup(text);
	if (copy)
		lines[(*n)++] = copy;
	else
		v->no_memory = true;
}

#define LINE_MAX_BYTES 320

#define FORMAT_LINE(list, n)                                   \
	do {                                                   \
		char line[LINE_MAX_BYTES];                     \
		va_list args;                                  \
		if (!finding)                                  \
			return;                                \
		va_start(args, format);                        \
		vsnprintf(line, sizeof(line), format, args);   \
		va_end(args);                                  \
		add_line(v, finding->list, &finding->n, line); \
	} while (0)

void verify_evidence_line(struct verification *v, struct finding *finding, const char *format, ...)
{
	FORMAT_LINE(evidence, n_evidence);
}

void verify_advice_line(struct verification *v, struct finding *finding, const char *format, ...)
{
	FORMAT_LINE(advice, n_advice);
}

void verify_advise(struct verification *v, struct finding *finding)
{
	if (!finding)
		return;
	for (const struct advice *rows = rule_find(finding->cause)->advice; rows->text; rows++)
		if (advice_is_for(rows, v->e->vmm, v->e->host->arch))
			add_line(v, finding->advice, &finding->n_advice, rows->text);
}

void verify_alternative(struct finding *finding, const struct rule *rule, double confidence)
{
	if (finding && finding->n_alternatives < FINDING_ALTERNATIVES_MAX)
		finding->alternatives[finding->n_alternatives++] =
			(struct alternative){rule->id, confidence};
}

void verify_sign(struct finding *finding, const char *what, uint64_t number)
{
	struct signature signature = signature_begin();

	if (!finding)
		return;
	signature_add_text(&signature, finding->cause);
	signature_add_text(&signature, "verify");
	signature_add_text(&signature, what);
	signature_add_number(&signature, number);
	signature_end(&signature, finding->signature);
}

void verify_tree_line(struct verification *v, struct finding *finding)
{
	char line[80];
	struct text text = text_begin(line, sizeof(line));

	rule_guest_table(v->e->guest, &text);
	verify_evidence_line(v, finding, "%s", line);
}

void verify_machine_line(struct verification *v, struct finding *finding)
{
	verify_evidence_line(v, finding, "Reference map %s, known by the command line%s%s",
			     v->e->machine->id, v->e->machine->doubt ? "; " : "",
			     v->e->machine->doubt ? v->e->machine->doubt : "");
}
