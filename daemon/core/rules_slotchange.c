/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Memslots that were taken away, or changed under a vCPU. */

#include <inttypes.h>
#include <string.h>

#include "daemon/core/rules_kit.h"

#define MS_NS	   1000000ULL
#define RACE_NS	   (10 * MS_NS)	   /* a VMM that replaces a slot has it back by then */
#define CHURN_NS   (1000 * MS_NS)  /* replaced again and again: a few times a second */
#define COMMAND_NS (60000 * MS_NS) /* erasing flash takes seconds, a command mode is soon left */

/* ---- what was taken away -------------------------------------------------------------------- */

/* "3 ms", "2.5 s", "4 hours" */
static void add_duration(uint64_t ns, struct text *text)
{
	if (ns < 1000 * MS_NS)
		text_add(text, "%" PRIu64 " ms", (uint64_t)(ns / MS_NS));
	else if (ns < 120000 * MS_NS)
		text_add(text, "%.1f s", (double)ns / 1e9);
	else if (ns < 7200000 * MS_NS)
		text_add(text, "%" PRIu64 " minutes", (uint64_t)(ns / (60000 * MS_NS)));
	else
		text_add(text, "%" PRIu64 " hours", (uint64_t)(ns / (3600000 * MS_NS)));
}

static void add_removal(const struct scene *s, struct text *text)
{
	bool moved = s->removed->what == NISV_SLOT_MOVED;

	text_add(text, "Memslot %d, which held the address, was %s ", s->removed->slot.id,
		 moved ? "moved away" : "deleted");
	if (!s->is_removal_exact)
		text_add(text, s->removed_ns ? "at least " : "about ");
	add_duration(s->removed_ns, text);
	text_add(text, " before the fault");
}

static bool is_gone(const struct scene *s)
{
	return s->removed && rule_no_slot(s) && s->site->kind != NISV_KIND_BACKING;
}

static bool was_readonly(const struct scene *s)
{
	return s->removed->slot.flags & NISV_SLOT_READONLY;
}

/*
 * The VMM replaces this memslot again and again, so that a deletion which nothing has undone yet is
 * most likely one more of them: nisvd learns late of changes that come too fast, and on a busy host
 * the gap is long. Flash is replaced so by the guest's own commands.
 */
static bool is_being_replaced(const struct scene *s)
{
	const struct slot_history *history = s->evidence->slots;
	unsigned int replaced = 0;
	uint64_t gone_ns = 0;

	if (was_readonly(s) || s->removed_ns >= 10 * RACE_NS)
		return false;
	for (size_t i = 0; i < history->n && &history->list[i] != s->removed; i++) {
		const struct slot_change *change = &history->list[i];

		if (change->slot.id != s->removed->slot.id ||
		    change->slot.gpa != s->removed->slot.gpa ||
		    change->until_ns + CHURN_NS < s->removed->from_ns)
			continue;
		if (change->what == NISV_SLOT_DELETED)
			gone_ns = change->until_ns;
		else if (change->what == NISV_SLOT_CREATED && gone_ns &&
			 change->from_ns < gone_ns + 2 * RACE_NS)
			replaced++;
	}
	return replaced >= 2;
}

/* ---- flash-command-mode-read ---------------------------------------------------------------- */

static bool is_flash(const struct scene *s)
{
	const struct machine_region *region = s->reserved ? s->reserved : s->region;

	return region && region->role == ROLE_FLASH;
}

static double flash_mode_score(const struct scene *s, const char **reason)
{
	if (!is_gone(s) || !rule_is_nisv(s) || s->esr.wnr || !was_readonly(s))
		return 0;
	if (!is_flash(s)) {
		*reason =
			"a read-only memslot was there until a moment before; that it is flash is "
			"not known";
		return s->removed_ns < COMMAND_NS ? 0.6 : 0.3;
	}
	*reason = "the machine has flash there, and its read-only memslot was taken away before "
		  "the fault";
	return s->removed_ns < COMMAND_NS ? 0.87 : 0.6;
}

static void flash_mode_place(const struct scene *s, struct text *text)
{
	text_add(text, "%s, which is in command mode and so no memory for the time",
		 is_flash(s) ? "the flash" : "what was read-only memory");
}

static void flash_mode_where(const struct scene *s, struct text *text)
{
	add_removal(s, text);
	text_add(text, ": while flash is in command or status mode, it has no memslot and reads of "
		       "it are a device's.");
}

static const struct advice flash_mode_advice[] = {
	{NULL,
	 "Return the flash to read-array mode (CFI command 0xff) before copying from it, and read "
	 "status and identification with single-register loads.",
	 "hw/block/pflash_cfi01.c: pflash_write(), memory_region_rom_device_set_romd()", REV_QEMU},
	{NULL, "Code must not run from, or copy out of, a flash that another CPU is programming.",
	 "JESD68.01: Common Flash Interface", "September 2003"},
	{0},
};

const struct rule rule_flash_command_mode = {
	.id = "flash-command-mode-read",
	.general = {"device-access-nisv-instruction", "memory-hotunplugged"},
	.arch = "arm64",
	.from = RULE_FAULT,
	.what = "The guest read flash while it was in command or status mode. VMMs take the "
		"memslot "
		"away for that time, and a read with pairs or SIMD registers cannot be emulated.",
	.known_by =
		"The access is a read, the machine has flash there, and its read-only memslot was "
		"deleted shortly before.",
	.example =
		"vCPU 0 executed `ldp x3, x4, [x1]` on 0x4000100, the flash, which is in command "
		"mode and so no memory for the time.",
	.score = flash_mode_score,
	.place = flash_mode_place,
	.where = flash_mode_where,
	.how = rule_how,
	.advice = flash_mode_advice,
	.documentation = DOC_KVM_API,
};

/* ---- memslot-update-race -------------------------------------------------------------------- */

static bool is_changed_under(const struct scene *s)
{
	return rule_is_nisv(s) && s->rec && s->slot && !(s->slot->flags & NISV_SLOT_READONLY) &&
	       (s->rec->outcome == NISV_OUTCOME_VM_KILLED ||
		s->rec->outcome == NISV_OUTCOME_VMM_DECIDES);
}

/* Taken away a moment before the fault, and given back a moment after. */
static bool was_replaced(const struct scene *s)
{
	return s->removed && s->restored && s->removed_ns < RACE_NS &&
	       s->restored->from_ns < s->removed->until_ns + 2 * RACE_NS;
}

static double race_score(const struct scene *s, const char **reason)
{
	if (s->is_foreign || s->place)
		return 0;
	if (s->changing && s->site->kind != NISV_KIND_BACKING) {
		*reason = "the memslot was flagged KVM_MEMSLOT_INVALID when the fault looked it up";
		return rule_sighted(s, 0.95);
	}
	if (is_gone(s) && was_replaced(s)) {
		*reason = "the memslot was deleted and made again within milliseconds, around the "
			  "fault";
		/* The guest's own commands do that to flash. */
		return was_readonly(s) ? 0.6 : 0.9;
	}
	if (s->appeared && rule_no_slot(s)) {
		*reason = s->updating ? "no memslot at the fault, while one was being changed; one "
					"holds the address again"
				      : "no memslot at the fault, but one holds the address now: "
					"it came, or came back";
		return s->updating ? 0.8 : 0.65;
	}
	/* KVM answers so only where it finds no memory: the walk and KVM saw different maps. */
	if (is_changed_under(s)) {
		*reason =
			"KVM found no memory where a writable memslot was seen a moment before or "
			"after: the map changed in between";
		return s->sight == SIGHT_AT_FAULT ? 0.6 : 0.5;
	}
	if (!is_gone(s))
		return 0;
	if (is_being_replaced(s)) {
		*reason = "the memslot was deleted a moment before the fault, as it was again and "
			  "again before, to be made anew within milliseconds";
		return 0.75;
	}
	if (s->removed_ns >= RACE_NS)
		return 0;
	*reason = "the memslot was deleted a moment before the fault, and is not back";
	return 0.55;
}

static const struct nisv_slot *race_slot(const struct scene *s)
{
	if (s->appeared)
		return s->appeared;
	if (s->changing || s->slot)
		return s->changing ? s->changing : s->slot;
	return &s->removed->slot;
}

static void race_place(const struct scene *s, struct text *text)
{
	if (s->appeared)
		text_add(text, "where memslot %d is now, but was not then", s->appeared->id);
	else
		text_add(text, "in memslot %d while the VMM was changing it", race_slot(s)->id);
}

static void race_where(const struct scene *s, struct text *text)
{
	text_add(text, "The address belongs to ");
	rule_slot(race_slot(s), text);
	text_add(text,
		 ". While the VMM deletes or replaces a slot, its memory is gone for the vCPUs "
		 "that run.");
}

static void race_how(const struct scene *s, struct text *text)
{
	if (s->site->kind == NISV_KIND_NISV)
		rule_how(s, text);
	else
		text_add(text,
			 "With no memory there for a moment, KVM answered the access as if it was "
			 "outside memory.");
}

static void removal_prove(const struct scene *s, struct text *text)
{
	if (!s->removed)
		return;
	add_removal(s, text);
	if (s->restored)
		text_add(text, "; it was back after it");
}

static const struct advice race_advice[] = {
	{"qemu",
	 "Use QEMU 8.0 or later: it pauses the vCPUs while it replaces a memslot "
	 "(accel_ioctl_inhibit).",
	 "accel/kvm/kvm-all.c: kvm_region_commit(); f39b7d2b96e3", "QEMU 8.0"},
	{NULL,
	 "The VMM must stop its vCPUs (kick them out of KVM_RUN) around deleting and re-adding a "
	 "memslot they may use: KVM has no atomic replacement.",
	 "Documentation/virt/kvm/api.rst: KVM_SET_USER_MEMORY_REGION", REV_LINUX},
	{NULL,
	 "If the slot was removed for good (memory or device unplugged), the guest still used it: "
	 "it "
	 "must release it first.",
	 "the memslot is gone from the map afterwards", REV_NISVD},
	{NULL,
	 "If the slot was added later (memory or device plugged, a BAR enabled), the guest used it "
	 "too early.",
	 "the memslot is in the map afterwards only", REV_NISVD},
	{0},
};

const struct rule rule_memslot_update_race = {
	.id = "memslot-update-race",
	.from = RULE_FAULT,
	.what = "The VMM deleted or replaced a memslot while a vCPU used its memory: for a moment "
		"there was none.",
	.known_by = "The fault caught the memslot flagged KVM_MEMSLOT_INVALID, or the history of "
		    "the memslots shows it deleted and made again within milliseconds around the "
		    "fault.",
	.example =
		"vCPU 1 executed `ldp x1, x2, [x0]` on 0x60000040, in memslot 3 while the VMM was "
		"changing it.",
	.score = race_score,
	.place = race_place,
	.where = race_where,
	.how = race_how,
	.prove = removal_prove,
	.advice = race_advice,
	.documentation = DOC_KVM_API,
};

/* ---- memory-hotunplugged -------------------------------------------------------------------- */

static double unplugged_score(const struct scene *s, const char **reason)
{
	if (!is_gone(s) || s->restored || !rule_is_use(s, 0))
		return 0;
	if (s->removed_ns < RACE_NS || is_being_replaced(s)) {
		*reason = "the memslot was deleted a moment before the fault: unplugged, or being "
			  "replaced";
		return s->is_removal_exact ? 0.4 : 0.6;
	}
	*reason = "a memslot held the address until it was deleted, and it is not back";
	return was_readonly(s) ? 0.6 : 0.86;
}

static void unplugged_place(const struct scene *s, struct text *text)
{
	text_add(text, "where memslot %d was until the VMM took it away", s->removed->slot.id);
}

static void unplugged_where(const struct scene *s, struct text *text)
{
	add_removal(s, text);
	text_add(text, ". ");
	rule_where_nothing(s, text);
}

static const struct advice unplugged_advice[] = {
	{"qemu",
	 "Unplug memory only after the guest gave it up: device_del waits for that with ACPI, and "
	 "virtio-mem asks the guest (requested-size); a forced removal does not.",
	 "hw/virtio/virtio-mem.c: virtio_mem_unplug_request()", REV_QEMU},
	{"cloud-hypervisor",
	 "Shrinking works with --memory hotplug_method=virtio-mem only; the guest must offline the "
	 "memory first.",
	 "docs/hotplug.md", REV_CLOUD_HYPERVISOR},
	{NULL,
	 "If it was a device's BAR: the guest must unbind the driver before the device is removed, "
	 "and must not switch off memory decoding while it uses it.",
	 "Documentation/PCI/pci.rst", REV_LINUX},
	{0},
};

const struct rule rule_memory_unplugged = {
	.id = "memory-hotunplugged",
	.general = {"access-past-ram-end", "hole-between-slots", "jumped-to-unmapped",
		    "uninitialised-page-table"},
	.from = RULE_FAULT,
	.what = "The guest uses memory, or a device's BAR, that the VMM has taken away: it was "
		"unplugged without the guest's consent, or the guest did not let go of it.",
	.known_by =
		"The history of the memslots has the one that held the address deleted before the "
		"fault, and none there since.",
	.example =
		"vCPU 2 executed `ldp x1, x2, [x0]` on 0x50000040, where memslot 4 was until the "
		"VMM took it away.",
	.score = unplugged_score,
	.place = unplugged_place,
	.where = unplugged_where,
	.how = rule_how,
	.prove = removal_prove,
	.advice = unplugged_advice,
	.documentation = DOC_KVM_API,
};
