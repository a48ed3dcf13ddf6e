/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The image was built for another machine. */

#include <inttypes.h>
#include <string.h>

#include "daemon/core/rules_kit.h"

static const struct machine *other_machine(const struct scene *s)
{
	return &s->evidence->host->maps[s->other.map];
}

/* Without a map of its own, or what KVM has there, nobody knows what this VM has: it may be of a
 * VMM that took over another's addresses. */
static double unless_unknown(const struct scene *s, double score)
{
	if (!rule_is_uncharted(s) && s->evidence->layout->known)
		return rule_lasting(s, score);
	return s->place ? 0 : rule_lasting(s, score - 0.25);
}

static double machine_score(const struct scene *s, const char **reason)
{
	if (!s->has_other || !rule_no_slot(s) || rule_is_device(s) || s->removed)
		return 0;
	if (s->place ? !rule_is_access(s, MMIO_FEW) : !rule_is_nisv(s))
		return 0;
	/* In an unproven window one hit may be a BAR. */
	if (s->other_hits >= 3) {
		*reason = "three and more devices of that machine were touched where this VM has "
			  "nothing";
		return unless_unknown(s, s->region ? 0.75 : 0.91);
	}
	if (s->other_hits == 2) {
		*reason = "two devices of that machine were touched where this VM has nothing";
		return unless_unknown(s, s->region ? 0.55 : 0.76);
	}
	*reason = "one device of that machine is exactly there, where this VM has nothing";
	return unless_unknown(s, s->region ? 0.3 : 0.55);
}

static void machine_place(const struct scene *s, struct text *text)
{
	text_add(text, "where %s has its %s; this VM (%s) has nothing there", other_machine(s)->id,
		 s->other.region->name, rule_machine(s));
}

static void machine_where(const struct scene *s, struct text *text)
{
	text_add(text,
		 "The address is that of the %s of another machine, %s; of that machine this VM "
		 "touched %u device%s.",
		 s->other.region->name, other_machine(s)->id, s->other_hits,
		 s->other_hits == 1 ? "" : "s");
}

static void machine_prove(const struct scene *s, struct text *text)
{
	text_add(text, "%s has its %s at %s (%s)", other_machine(s)->id, s->other.region->name,
		 words_range(s->other.region->base, s->other.region->size).s,
		 s->other.region->source ? s->other.region->source : "no source given");
}

static uint64_t machine_scope(const struct scene *s)
{
	return s->other.map + 1;
}

static const struct advice machine_advice[] = {
	{NULL,
	 "Use an image, or its device tree, that is built for this VMM's machine, or run it on the "
	 "machine that it is built for.",
	 "the machines' reference maps, nisvd-machines(5)", REV_NISVD},
	{"qemu/arm64",
	 "QEMU gives a kernel the tree of its own machine if -dtb is not used and the image brings "
	 "none; -machine help lists the machines, but with KVM only virt runs.",
	 "hw/arm/boot.c: arm_load_dtb()", REV_QEMU},
	{0},
};

const struct rule rule_wrong_machine = {
	.id = "wrong-machine-layout",
	.from = RULE_FAULT | RULE_MAP,
	.what = "The guest's image, or its device tree, is built for another machine: it drives "
		"the devices of a board, or of another VMM's machine, that this VM does not have.",
	.known_by = "The addresses are exactly those of devices of one other machine, and this VM "
		    "has nothing there: possible with one, likely with two, certain with three "
		    "different devices.",
	.example =
		"vCPU 0 executed `ldr w1, [x0], #4` on 0xfe201018, where alien-rpi4 has its UART0 "
		"PL011; this VM (qemu-virt-arm64) has nothing there.",
	.score = machine_score,
	.place = machine_place,
	.where = machine_where,
	.how = rule_how,
	.prove = machine_prove,
	.scope = machine_scope,
	.traffic_severity = SEVERITY_ERROR,
	.advice = machine_advice,
	.documentation = DOC_TREE,
};
