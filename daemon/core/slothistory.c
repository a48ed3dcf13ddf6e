/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/core/slothistory.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 4

/* ---- the list ---- */

/* Room for one more, at the cost of the oldest where there are as many as may be. False: no memory.
 */
static bool make_room(struct slot_history *history)
{
	size_t capacity = FIRST_CAPACITY;
	struct slot_change *list;

	if (history->n == SLOT_HISTORY_MAX) {
		history->n--;
		memmove(history->list, history->list + 1, history->n * sizeof(*history->list));
		return true;
	}
	/* The capacity is the power of two at or above n: full when n is one. */
	while (capacity < history->n)
		capacity *= 2;
	if (history->list && history->n < capacity)
		return true;
	if (history->list)
		capacity *= 2;
	list = reallocarray(history->list, capacity, sizeof(*list));
	if (!list)
		return false;
	history->list = list;
	return true;
}

static void add(struct slot_history *history, const struct slot_change *change)
{
	size_t i;

	history->total++;
	if (!make_room(history))
		return;
	/* Records of one VM may come by two ways, so that an older one comes later. */
	for (i = history->n; i > 0 && history->list[i - 1].until_ns > change->until_ns; i--)
		;
	memmove(&history->list[i + 1], &history->list[i],
		(history->n - i) * sizeof(*history->list));
	history->list[i] = *change;
	history->n++;
}

void slot_history_clear(struct slot_history *history)
{
	free(history->list);
	*history = (struct slot_history){};
}

/* ---- told by KVM's function ---- */

static bool same_id(const struct nisv_slot *a, const struct nisv_slot *b)
{
	return a->id == b->id && a->as_id == b->as_id;
}

static bool same_slot(const struct nisv_slot *a, const struct nisv_slot *b)
{
	return same_id(a, b) && a->gpa == b->gpa && a->size == b->size && a->flags == b->flags;
}

static void forget(struct slot_history *history, size_t i)
{
	history->n--;
	history->total--;
	memmove(&history->list[i], &history->list[i + 1],
		(history->n - i) * sizeof(*history->list));
}

/*
 * Two readings may have shown a change before its own record is looked at: a new map is visible
 * before KVM calls the function that tells of it. The record says when it was, so the interval
 * goes. The newest change of that slot is the same one if it looks the same, for no slot is
 * created, deleted or moved there twice in a row; an older one only if the moment lies within it.
 */
static void forget_interval(struct slot_history *history, const struct slot_change *exact)
{
	bool newest = true;

	for (size_t i = history->n; i > 0; i--) {
		const struct slot_change *change = &history->list[i - 1];

		if (!same_id(&change->slot, &exact->slot))
			continue;
		if (change->from_ns == change->until_ns)
			return;
		if (change->what == exact->what && same_slot(&change->slot, &exact->slot) &&
		    exact->from_ns >= change->from_ns &&
		    (newest || exact->from_ns <= change->until_ns)) {
			forget(history, i - 1);
			return;
		}
		newest = false;
	}
}

void slot_history_record(struct slot_history *history, const struct nisv_rec_slot *rec)
{
	bool deleted = rec->change == NISV_SLOT_DELETED;
	struct slot_change change = {
		.what = (enum nisv_slot_change)rec->change,
		.slot = deleted ? rec->before : rec->after,
		.gpa_before = rec->change == NISV_SLOT_CREATED ? 0 : rec->before.gpa,
		.from_ns = rec->hdr.time_ns,
		.until_ns = rec->hdr.time_ns,
	};

	if (rec->change >= _NISV_SLOT_CHANGE_MAX || change.slot.id < 0)
		return;
	forget_interval(history, &change);
	add(history, &change);
}

/* ---- compared ---- */

struct comparison {
	struct slot_history *history;
	const struct layout *before, *after;
	uint64_t from_ns, until_ns;
};

static const struct nisv_slot *find(const struct layout *layout, const struct nisv_slot *slot)
{
	for (size_t i = 0; i < layout->n_slots; i++)
		if (layout->slots[i].id == slot->id && layout->slots[i].as_id == slot->as_id)
			return &layout->slots[i];
	return NULL;
}

/*
 * Where a layout was cut, slots behind its last one are not described: of them nothing is known.
 */
static bool covers(const struct layout *layout, const struct nisv_slot *slot)
{
	const struct nisv_slot *last;

	if (layout->total_slots <= layout->n_slots)
		return true;
	if (!layout->n_slots)
		return false;
	last = &layout->slots[layout->n_slots - 1];
	return slot->as_id < last->as_id || (slot->as_id == last->as_id && slot->gpa <= last->gpa);
}

static void compared(const struct comparison *c, enum nisv_slot_change what,
		     const struct nisv_slot *slot, uint64_t gpa_before)
{
	struct slot_change change = {
		.what = what,
		.slot = *slot,
		.gpa_before = gpa_before,
		.from_ns = c->from_ns,
		.until_ns = c->until_ns,
	};

	/* A slot caught in the middle of a change is still there, or there already. */
	change.slot.flags &= ~NISV_SLOT_INVALID;
	add(c->history, &change);
}

/* KVM can move a slot and change its flags; everything else takes a deletion and a new one. */
static bool is_same_memory(const struct nisv_slot *a, const struct nisv_slot *b)
{
	return a->size == b->size && a->hva == b->hva;
}

static void compare_removed(const struct comparison *c)
{
	for (size_t i = 0; i < c->before->n_slots; i++) {
		const struct nisv_slot *old = &c->before->slots[i];
		const struct nisv_slot *now = find(c->after, old);

		if (now ? !is_same_memory(old, now) : covers(c->after, old))
			compared(c, NISV_SLOT_DELETED, old, old->gpa);
	}
}

static void compare_present(const struct comparison *c)
{
	for (size_t i = 0; i < c->after->n_slots; i++) {
		const struct nisv_slot *now = &c->after->slots[i];
		const struct nisv_slot *old = find(c->before, now);

		if (!old || !is_same_memory(old, now)) {
			if (old || covers(c->before, now))
				compared(c, NISV_SLOT_CREATED, now, 0);
			continue;
		}
		if (old->gpa != now->gpa)
			compared(c, NISV_SLOT_MOVED, now, old->gpa);
		if ((old->flags ^ now->flags) & ~NISV_SLOT_INVALID)
			compared(c, NISV_SLOT_FLAGS, now, now->gpa);
	}
}

void slot_history_compare(struct slot_history *history, const struct layout *before,
			  const struct layout *after, uint64_t before_ns, uint64_t after_ns)
{
	const struct comparison c = {
		.history = history,
		.before = before,
		.after = after,
		.from_ns = before_ns,
		.until_ns = after_ns,
	};

	/* What was read while it changed may lack slots that were there all the time. */
	if (!before->known || !after->known || before->state == NISV_LAYOUT_UNSTABLE ||
	    after->state == NISV_LAYOUT_UNSTABLE)
		return;
	compare_removed(&c);
	compare_present(&c);
}

const char *slot_change_name(enum nisv_slot_change what)
{
	static const char *const names[_NISV_SLOT_CHANGE_MAX] = {
		[NISV_SLOT_CREATED] = "created",
		[NISV_SLOT_DELETED] = "deleted",
		[NISV_SLOT_MOVED] = "moved",
		[NISV_SLOT_FLAGS] = "flags",
	};

	return what < _NISV_SLOT_CHANGE_MAX ? names[what] : "unknown";
}
