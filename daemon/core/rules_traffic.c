/* SPDX-License-Identifier: GPL-2.0-or-later */

/* MMIO that costs, or that goes nowhere. Ordinary traffic is no finding. */

#include <inttypes.h>
#include <string.h>

#include "daemon/core/rules_kit.h"

#define SECOND_NS 1000000000ULL

/* ---- mmio-storm ----------------------------------------------------------------------------- */

/* For certain, nothing is there: then that is the cause, whatever of its own tells it. */
static bool is_for_nothing(const struct scene *s)
{
	return rule_is_charted(s) && scene_is_empty(s) && !s->reserved;
}

static double storm_score(const struct scene *s, const char **reason)
{
	if (!s->place || !place_is_storm(s->place))
		return 0;
	*reason = "counted: one place took so many exits to user space in every second";
	return is_for_nothing(s) ? 0.65 : 0.9;
}

static void add_device(const struct scene *s, struct text *text)
{
	if (s->vgic)
		text_add(text, "the vGIC's %s", s->vgic);
	else if (s->region && s->ipa >= s->region->base)
		rule_offset(s, s->region, text);
	else if (s->region)
		text_add(text, "%s", s->region->name);
	else if (is_for_nothing(s))
		text_add(text, "where nothing is");
	else if (s->device)
		text_add(text, "the guest's \"%s\"", s->device->name);
	else
		text_add(text, "no device that is known");
}

static void storm_place(const struct scene *s, struct text *text)
{
	const struct place *place = s->place;
	bool is_over = s->evidence->ended || place_is_over(place, s->evidence->now_ns);

	/* What is said now is read later: of what goes on, only what stays true. */
	add_device(s, text);
	text_add(text, ": %" PRIu64 " times a second for %s%" PRIu64 " s%s", place->busy_per_second,
		 is_over ? "" : "more than ",
		 (uint64_t)((place->busy_until_ns - place->busy_since_ns) / SECOND_NS),
		 is_over ? "" : ", and it goes on");
}

static void storm_where(const struct scene *s, struct text *text)
{
	if (is_for_nothing(s)) {
		text_add(text, "%s has nothing there: the guest waits for what never comes. ",
			 rule_machine(s));
		rule_where_nothing(s, text);
		return;
	}
	text_add(text, "The address belongs to ");
	add_device(s, text);
	text_add(text, ". Nothing is wrong with it by itself: it is the number of accesses.");
}

static void storm_how(const struct scene *s, struct text *text)
{
	text_add(text,
		 "Each access leaves the guest and wakes the VMM; %s this one place is driven in a "
		 "loop.",
		 s->site->kind == KIND_MMIO_READ
			 ? "by reads, as a driver does that polls a register,"
			 : "by writes, byte by byte,");
}

static void storm_prove(const struct scene *s, struct text *text)
{
	const struct place *place = s->place;

	text_add(text,
		 "%" PRIu64 " accesses to these 512 bytes so far, %" PRIu64
		 " served by user space; at most %" PRIu64 " a second",
		 place->count, place->user, place->busy_per_second);
}

static const struct advice storm_advice[] = {
	{NULL,
	 "Find the driver that polls: the guest's perf top, or its log. A console at full speed, a "
	 "timer read in a loop and a device that waits for an interrupt which never comes are "
	 "common.",
	 "the place names the device", REV_NISVD},
	{"qemu",
	 "Use virtio devices in place of emulated ones (virtio-net for e1000, virtio-blk for ide, "
	 "a virtio console for the UART): their doorbells are served in the kernel.",
	 "docs/system/devices/virtio", REV_QEMU},
	{NULL,
	 "If the device needs a doorbell for each request, let the VMM register it with KVM "
	 "(ioeventfd): then it costs no exit to user space.",
	 "Documentation/virt/kvm/api.rst: KVM_IOEVENTFD", REV_LINUX},
	{0},
};

static uint64_t place_scope(const struct scene *s)
{
	return s->region && !rule_is_window(s->region) ? s->region->base : s->ipa;
}

const struct rule rule_mmio_storm = {
	.id = "mmio-storm",
	.from = RULE_FAULT,
	.what = "One device is driven in a loop: so many accesses leave the guest that it, and its "
		"VMM, do little else.",
	.known_by =
		"nisvd counts MMIO per 512 bytes and direction; a place whose accesses were served "
		"by user space above the rate set by MMIOStormRate= for ten seconds and more is "
		"one. Doorbells that KVM serves are not counted.",
	.example = "The guest read 0x9000000 2300000 times, UART0 PL011 + 0x0: 41000 "
		   "times a second for more than 40 s, and it goes on.",
	.score = storm_score,
	.place = storm_place,
	.where = storm_where,
	.how = storm_how,
	.prove = storm_prove,
	.scope = place_scope,
	.traffic_severity = SEVERITY_WARNING,
	.advice = storm_advice,
	.documentation = "https://docs.kernel.org/virt/kvm/api.html",
};

/* ---- stray-mmio-read, stray-mmio-write ------------------------------------------------------ */

static double stray_score(const struct scene *s, enum nisv_kind kind, const char **reason)
{
	if (s->site->kind != kind || !rule_is_access(s, MMIO_MANY) || !rule_no_slot(s))
		return 0;
	*reason = "many accesses where neither KVM nor the machine's reference map has anything; a "
		  "device that the map lacks would look the same";
	return 0.5;
}

static double stray_read_score(const struct scene *s, const char **reason)
{
	return stray_score(s, KIND_MMIO_READ, reason);
}

static double stray_write_score(const struct scene *s, const char **reason)
{
	return stray_score(s, KIND_MMIO_WRITE, reason);
}

static void stray_place(const struct scene *s, struct text *text)
{
	(void)s;
	text_add(text, "where nothing is");
}

static void stray_where(const struct scene *s, struct text *text)
{
	text_add(text, "%s has nothing there. ", rule_machine(s));
	rule_where_nothing(s, text);
}

static const struct advice stray_advice[] = {
	{NULL,
	 "A guest that looks for a device and goes on is harmless. If it waits for one: compare "
	 "the address with its device tree or ACPI tables, and with nisvctl map.",
	 "io.nisvd.Monitor GetFaultMap", REV_NISVD},
	{"qemu", "-d guest_errors (newer: -d invalid_mem) makes QEMU log each unassigned access.",
	 "system/memory.c: memory_region_access_valid()", REV_QEMU},
	{0},
};

#define STRAY_RULE(name, cause, verb, line)                                                       \
	const struct rule rule_##name = {                                                         \
		.id = (cause),                                                                    \
		.from = RULE_FAULT,                                                               \
		.what = "The guest " verb " where nothing is, with instructions that the CPU "    \
			"describes: the VMM answers for what is not there, and the guest does "   \
			"not notice.",                                                            \
		.known_by = "Many described accesses to one place that no memslot, no device of " \
			    "KVM and no region of the VMM's reference map holds.",                \
		.example = (line),                                                                \
		.score = name##_score,                                                            \
		.place = stray_place,                                                             \
		.where = stray_where,                                                             \
		.how = rule_how,                                                                  \
		.traffic_severity = SEVERITY_INFO,                                                \
		.advice = stray_advice,                                                           \
		.documentation = DOC_KVM_API,                                                     \
	}

STRAY_RULE(stray_read, "stray-mmio-read", "reads",
	   "The guest read 0xb000000 5000 times, where nothing is.");
STRAY_RULE(stray_write, "stray-mmio-write", "writes",
	   "The guest wrote 0xb000000 5000 times, where nothing is.");
