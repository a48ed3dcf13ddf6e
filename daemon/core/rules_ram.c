/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Beyond the end of RAM. */

#include <inttypes.h>
#include <string.h>

#include "daemon/core/rules_kit.h"

#define MIB	      (1ULL << 20)
#define PAST_END_MIN  (64 * MIB)
#define PAST_END_PART 4 /* of the RAM */
#define PAGE	      0x1000ULL

static uint64_t ram_size(const struct scene *s)
{
	return s->ram.end - s->ram.start;
}

static bool is_power_of_two(uint64_t n)
{
	return n && !(n & (n - 1));
}

static bool is_above_ram(const struct scene *s)
{
	return s->has_ram && s->below && s->below->gpa + s->below->size == s->ram.end;
}

/* ---- access-past-ram-end -------------------------------------------------------------------- */

static uint64_t past_end_limit(const struct scene *s)
{
	uint64_t part = ram_size(s) / PAST_END_PART;

	return part > PAST_END_MIN ? part : PAST_END_MIN;
}

static bool is_far(const struct scene *s)
{
	return s->ipa - s->ram.end >= past_end_limit(s);
}

/* The command line asked for more than the slots hold: so the guest may well expect it. */
static bool is_ram_short(const struct scene *s)
{
	return s->facts->has_all_slots &&
	       s->evidence->options->ram_bytes > layout_ram_bytes(s->evidence->layout);
}

/*
 * A bare-metal image with the size of the RAM built in: before any set-up it uses an address that
 * somebody wrote down, a round number of MiB, or just below one as a stack grows.
 */
static bool is_written_down(const struct scene *s)
{
	uint64_t base = s->ipa, round;

	if (!rule_is_early(s) || s->facts->has_guest || s->ipa - s->ram.end < PAGE)
		return false;
	rule_base_register(s, &base);
	round = (base + MIB / 2) & ~(MIB - 1);
	return round > s->ram.end && (base == round || round - s->ipa <= 0x100);
}

static double past_end_score(const struct scene *s, const char **reason)
{
	bool is_emulated = rule_is_emulated(s);
	double score = 0.75;

	if (!(is_emulated || rule_is_access(s, MMIO_FEW)) || !rule_no_slot(s) || !is_above_ram(s) ||
	    rule_is_device(s) || s->removed)
		return 0;
	*reason = "no memslot, close above the end of RAM, and no known device there";
	if (is_emulated)
		return is_far(s) ? 0 : rule_unless_device(s, rule_lasting(s, EMULATED_MAX), reason);
	if (is_far(s)) {
		*reason = "no memslot and above the end of RAM, but far from it";
		return facts_slot_is_ram(s->facts, s->above) ? 0 : rule_lasting(s, 0.3);
	}
	/* crosvm puts its platform devices directly after RAM: aarch64/src/lib.rs. */
	if (rule_is_vmm(s, "crosvm")) {
		*reason = "close above the end of RAM, but crosvm has its platform devices there";
		return rule_lasting(s, 0.5);
	}
	if (facts_slot_is_ram(s->facts, s->above)) {
		*reason = "there is RAM above, too: rather a hole than the end of RAM";
		return rule_lasting(s, 0.35);
	}
	if (s->place) {
		/* Described accesses close to RAM may be a window that nobody knows of. */
		score = 0.6;
	} else if (is_ram_short(s)) {
		score = 0.9;
		*reason = "no memslot above the end of RAM, and the command line asks for more RAM";
	} else if (is_power_of_two(ram_size(s)) && s->ipa - s->ram.end < PAGE) {
		score = 0.9;
		*reason = "the first page after RAM, and no known device there";
	} else if (is_written_down(s)) {
		score = 0.55;
		*reason = "above the end of RAM; a round address, used before the MMU is on, "
			  "speaks for a size that is built into the image";
	}
	score = rule_lasting(s, score);
	if (!is_ram_short(s) && !scene_ram_is_plausible(s, s->below) && score > 0.6) {
		score = 0.6;
		*reason = "no memslot, close above one that may be RAM or a device's memory";
	}
	return rule_unless_device(s, score, reason);
}

static void past_end_place(const struct scene *s, struct text *text)
{
	text_add(text, "%s past the end of RAM (0x%" PRIx64 "-0x%" PRIx64 ", %s)",
		 words_size(s->ipa - s->ram.end).s, s->ram.start, s->ram.end,
		 words_size(ram_size(s)).s);
}

static void past_end_where(const struct scene *s, struct text *text)
{
	text_add(text, "The VM's RAM ends at 0x%" PRIx64 ", %s below the address", s->ram.end,
		 words_size(s->ipa - s->ram.end).s);
	if (is_ram_short(s))
		text_add(text, "; the command line asks for %s, the memslots hold %s",
			 words_size(s->evidence->options->ram_bytes).s,
			 words_size(layout_ram_bytes(s->evidence->layout)).s);
	text_add(text, ".");
}

static void past_end_advise(const struct scene *s, struct text *text)
{
	uint64_t ram = s->facts->ram_bytes;

	text_add(text, "If the guest is right to expect memory there, give the VM more: ");
	rule_ram_option(s->evidence->vmm, (ram ? ram : ram_size(s)) + (s->ipa - s->ram.end) + 1,
			text);
	text_add(text, ", or more, reaches this address.");
}

static const struct advice past_end_advice[] = {
	{NULL,
	 "If the image has a fixed memory size (linker script, board file, static MMU map), lower "
	 "it to what the VM has or read it from the device tree's memory node.",
	 "chapter 3.4: /memory node", REV_DEVICETREE},
	{NULL,
	 "Check for an off-by-one or an unchecked length in the code at the PC: a buffer that ends "
	 "with RAM is overrun exactly here.",
	 "the address follows the last byte of RAM", REV_NISVD},
	{0},
};

const struct rule rule_past_ram_end = {
	.id = "access-past-ram-end",
	.from = RULE_FAULT,
	.what = "The guest uses memory that follows the end of its RAM: it takes itself to have "
		"more than the VM was given, or a buffer at the end is overrun.",
	.known_by = "No memslot holds the address, it follows the end of the RAM closely, and "
		    "neither the kernel nor the VMM's reference map has a device there. Surest in "
		    "the first page, or where the command line asks for more RAM than the memslots "
		    "hold.",
	.example = "vCPU 0 executed `ldp x1, x2, [x0]` on 0x48000040, 64 bytes past the end of RAM "
		   "(0x40000000-0x48000000, 128 MiB).",
	.score = past_end_score,
	.place = past_end_place,
	.where = past_end_where,
	.how = rule_how,
	.advise = past_end_advise,
	.traffic_severity = SEVERITY_WARNING,
	.advice = past_end_advice,
	.documentation = DOC_KVM_API,
};

/* ---- ram-size-smaller-than-image-assumes ---------------------------------------------------- */

static double image_size_score(const struct scene *s, const char **reason)
{
	if (!rule_is_nisv(s) || !rule_no_slot(s) || !is_above_ram(s) || rule_is_device(s) ||
	    s->removed || s->memory || facts_slot_is_ram(s->facts, s->above) || is_ram_short(s) ||
	    !is_written_down(s) || is_far(s))
		return 0;
	*reason = "a round address above the end of RAM, used before the MMU is on, and no device "
		  "tree: a size that is built into the image";
	return rule_unless_device(s, rule_lasting(s, 0.6), reason);
}

static void image_size_where(const struct scene *s, struct text *text)
{
	past_end_where(s, text);
	text_add(text,
		 " The address is a round number that no device tree tells: the image has it built "
		 "in, as the top of its stack, its heap or where it moves itself to.");
}

static const struct advice image_size_advice[] = {
	{NULL,
	 "Compare the memory size that the image is built for with the VM's: the linker script, "
	 "U-Boot's CONFIG_SYS_SDRAM_SIZE and relocation address, NuttX's CONFIG_RAM_SIZE.",
	 "common/board_f.c: setup_dest_addr()", "U-Boot 2025.01"},
	{NULL, "Better, have the image read the memory node of the device tree that its VMM makes.",
	 "chapter 3.4: /memory node", REV_DEVICETREE},
	{0},
};

const struct rule rule_image_ram_size = {
	.id = "ram-size-smaller-than-image-assumes",
	.general = {"access-past-ram-end"},
	.arch = "arm64",
	.from = RULE_FAULT,
	.what = "A bare-metal image, a boot loader or an RTOS has the size of its RAM built in, "
		"and the VM has less.",
	.known_by = "The access is close above the end of RAM, with the MMU off, at a round number "
		    "of MiB or just below one, and the guest has no device tree to read it from.",
	.example = "vCPU 0 executed `stp x29, x30, [sp, #-16]!` on 0x4bfffff0, 64 MiB past the end "
		   "of RAM: the image sets its stack to the end of 192 MiB, the VM has 128.",
	.score = image_size_score,
	.place = past_end_place,
	.where = image_size_where,
	.how = rule_how,
	.advise = past_end_advise,
	.traffic_severity = SEVERITY_WARNING,
	.advice = image_size_advice,
	.documentation = DOC_TREE,
};
