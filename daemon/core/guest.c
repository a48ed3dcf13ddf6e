/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/guest.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/guest_internal.h"
#include "daemon/core/layout.h"
#include "daemon/core/vmname.h"

#define DEVICES_MAX (GUEST_RANGES_MAX / 4 * 3)

const char *guest_state_name(enum guest_state state)
{
	static const char *const names[] = {
		[GUEST_UNREAD] = "unread",
		[GUEST_FOUND] = "found",
		[GUEST_NOT_FOUND] = "not-found",
		[GUEST_OFF] = "off",
		[GUEST_PROTECTED] = "protected",
		[GUEST_UNREADABLE] = "unreadable",
		[GUEST_BAD] = "bad",
	};

	return names[state];
}

const char *guest_source_name(enum guest_source source)
{
	switch (source) {
	case GUEST_NOTHING:
		break;
	case GUEST_DEVICE_TREE:
		return "device-tree";
	case GUEST_E820:
		return "e820";
	}
	return NULL;
}

const char *guest_kind_name(enum guest_kind kind)
{
	static const char *const names[_GUEST_KIND_MAX] = {
		[GUEST_MEMORY] = "memory",	   [GUEST_RESERVED] = "reserved",
		[GUEST_DEVICE] = "device",	   [GUEST_PCI_ECAM] = "pci-ecam",
		[GUEST_PCI_WINDOW] = "pci-window", [GUEST_GIC_DIST] = "gic-dist",
		[GUEST_GIC_REDIST] = "gic-redist", [GUEST_GIC_CPU] = "gic-cpu",
		[GUEST_GIC_ITS] = "gic-its",	   [GUEST_GIC_V2M] = "gic-v2m",
	};

	return names[kind];
}

int guest_begin(struct guest_view *view, enum guest_source source)
{
	*view = (struct guest_view){.state = GUEST_FOUND, .source = source};
	view->ranges = calloc(GUEST_RANGES_MAX, sizeof(view->ranges[0]));
	if (view->ranges)
		return 0;
	*view = (struct guest_view){};
	return -ENOMEM;
}

void guest_add(struct guest_view *view, const struct guest_range *range, const char *name,
	       const char *compatible)
{
	size_t max = range->kind == GUEST_DEVICE ? DEVICES_MAX : GUEST_RANGES_MAX;
	struct guest_range *added;

	if (view->n_ranges >= max) {
		view->dropped++;
		return;
	}
	added = &view->ranges[view->n_ranges++];
	*added = *range;
	/* No more than fits: the text may be as long as the table. */
	vmname_sanitize(added->name, sizeof(added->name), name, sizeof(added->name));
	vmname_sanitize(added->compatible, sizeof(added->compatible), compatible,
			sizeof(added->compatible));
}

static int range_compare(const void *a, const void *b)
{
	const struct guest_range *x = a, *y = b;

	if (x->base != y->base)
		return x->base < y->base ? -1 : 1;
	if (x->size != y->size)
		return x->size < y->size ? -1 : 1;
	return (int)x->kind - (int)y->kind;
}

int guest_done(struct guest_view *view)
{
	struct guest_range *less;

	qsort(view->ranges, view->n_ranges, sizeof(view->ranges[0]), range_compare);
	/* Held for as long as the VM lives: no more than is used. */
	less = realloc(view->ranges, (view->n_ranges + 1) * sizeof(view->ranges[0]));
	if (less)
		view->ranges = less;
	return 0;
}

int guest_bad(struct guest_view *view, const char *format, ...)
{
	enum guest_source source = view->source;
	va_list arguments;

	guest_view_clear(view);
	view->state = GUEST_BAD;
	view->source = source;
	va_start(arguments, format);
	vsnprintf(view->reason, sizeof(view->reason), format, arguments);
	va_end(arguments);
	return -EBADMSG;
}

/* The first address from @from on that no usable slot holds, and below @end; else @end. */
static uint64_t covered_until(const struct layout *layout, uint64_t from, uint64_t end)
{
	while (from < end) {
		const struct nisv_slot *slot = layout_slot_at(layout, from);

		if (!slot)
			break;
		from = slot->gpa + slot->size;
	}
	return from < end ? from : end;
}

uint64_t guest_overhang(const struct guest_view *view, const struct layout *layout)
{
	uint64_t sum = 0, seen = 0; /* no byte below @seen counts again: ranges may overlap */

	if (!layout->known || layout->total_slots > layout->n_slots)
		return 0;
	for (size_t i = 0; i < view->n_ranges; i++) {
		const struct guest_range *range = &view->ranges[i];
		uint64_t from = range->base > seen ? range->base : seen;
		uint64_t end = range->base + range->size;

		if (range->kind != GUEST_MEMORY || range->disabled)
			continue;
		while ((from = covered_until(layout, from, end)) < end) {
			const struct nisv_slot *next = layout_slot_above(layout, from);
			uint64_t until = next && next->gpa < end ? next->gpa : end;

			sum += until - from;
			from = until;
		}
		seen = seen > end ? seen : end;
	}
	return sum;
}

void guest_view_set(struct guest_view *view, enum guest_state state, const char *reason)
{
	*view = (struct guest_view){.state = state};
	snprintf(view->reason, sizeof(view->reason), "%s", reason);
}

static bool is_same_range(const struct guest_range *a, const struct guest_range *b)
{
	return a->kind == b->kind && a->base == b->base && a->size == b->size &&
	       a->disabled == b->disabled && !strcmp(a->name, b->name) &&
	       !strcmp(a->compatible, b->compatible);
}

bool guest_view_equal(const struct guest_view *a, const struct guest_view *b)
{
	if (a->state != b->state || a->source != b->source || a->address != b->address ||
	    a->cpus != b->cpus || a->gic_version != b->gic_version || a->dropped != b->dropped ||
	    a->n_ranges != b->n_ranges || strcmp(a->reason, b->reason) != 0)
		return false;
	for (size_t i = 0; i < a->n_ranges; i++)
		if (!is_same_range(&a->ranges[i], &b->ranges[i]))
			return false;
	return true;
}

void guest_view_clear(struct guest_view *view)
{
	free(view->ranges);
	*view = (struct guest_view){};
}
