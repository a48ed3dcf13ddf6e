/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/spans.h"

#include <stdlib.h>

#include "cli/reply.h"

bool spans_add(struct spans *spans, uint64_t start, uint64_t last, struct json_object *item)
{
	if (spans->n == spans->room) {
		size_t room = spans->room ? 2 * spans->room : 64;
		struct span *list = realloc(spans->list, room * sizeof(*list));

		if (!list)
			return false;
		spans->list = list;
		spans->room = room;
	}
	spans->list[spans->n++] = (struct span){start, last, item};
	return true;
}

bool spans_add_item(struct spans *spans, struct json_object *item, const char *base)
{
	uint64_t start = reply_address(item, base);
	int64_t size = reply_int(item, "size_bytes");

	if (size <= 0)
		return true;
	return spans_add(spans, start,
			 (uint64_t)size - 1 > UINT64_MAX - start ? UINT64_MAX
								 : start + (uint64_t)size - 1,
			 item);
}

/* Of equal starts the larger one first: the other one is inside it. */
static int by_start(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->last > y->last ? -1 : x->last < y->last;
}

void spans_clear(struct spans *spans)
{
	free(spans->list);
	*spans = (struct spans){0};
}

/*
 * Emits what lies before @until of the ranges that are open, innermost (last opened) first; @at:
 * how far it has got. Ranges that end are closed on the way.
 */
static bool emit(struct spans *flat, struct spans *open, uint64_t *at, uint64_t until, bool to_end)
{
	while (open->n > 0 && (to_end || *at < until)) {
		const struct span *top = &open->list[open->n - 1];
		uint64_t last = !to_end && top->last >= until ? until - 1 : top->last;

		if (top->last >= *at) {
			if (!spans_add(flat, *at, last, top->item))
				return false;
			if (last == UINT64_MAX)
				return true;
			*at = last + 1;
		}
		if (top->last < *at)
			open->n--;
	}
	return true;
}

bool spans_flatten(struct spans *spans)
{
	struct spans flat = {0}, open = {0};
	uint64_t at = 0;
	bool ok = true;

	if (spans->n)
		qsort(spans->list, spans->n, sizeof(*spans->list), by_start);
	for (size_t i = 0; ok && i < spans->n; i++) {
		const struct span *next = &spans->list[i];

		ok = emit(&flat, &open, &at, next->start, false);
		at = next->start;
		ok = ok && spans_add(&open, next->start, next->last, next->item);
	}
	ok = ok && emit(&flat, &open, &at, 0, true);
	spans_clear(&open);
	spans_clear(spans);
	*spans = flat;
	return ok;
}

bool spans_subtract(struct spans *from, const struct spans *holes)
{
	struct spans rest = {0};
	size_t k = 0;
	bool ok = true;

	for (size_t i = 0; ok && i < from->n; i++) {
		struct span span = from->list[i];
		bool left = true;

		while (k < holes->n && holes->list[k].last < span.start)
			k++;
		for (size_t h = k; ok && h < holes->n && holes->list[h].start <= span.last; h++) {
			const struct span *hole = &holes->list[h];

			if (hole->start > span.start)
				ok = spans_add(&rest, span.start, hole->start - 1, span.item);
			left = hole->last < span.last;
			if (!left)
				break;
			span.start = hole->last + 1;
		}
		if (ok && left)
			ok = spans_add(&rest, span.start, span.last, span.item);
	}
	spans_clear(from);
	*from = rest;
	return ok;
}
