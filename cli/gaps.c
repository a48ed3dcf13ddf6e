/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/gaps.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/format.h"
#include "cli/reply.h"

/* Of each kind; the others are counted. */
#define GAPS_SHOWN 6

#define TEXT_MAX 480

struct telling {
	const struct term *term;
	bool begun;
};

static void print_one(struct telling *telling, const char *text)
{
	const struct term *term = telling->term;

	if (!telling->begun)
		putc('\n', term->out);
	telling->begun = true;
	fputs(term_colour(term, COLOUR_RED), term->out);
	term_wrap(term, GAP_MARK " ", 2, text);
	fputs(term_colour(term, COLOUR_NONE), term->out);
}

static void print_more(struct telling *telling, size_t n, const char *what)
{
	char text[TEXT_MAX];

	if (n <= GAPS_SHOWN)
		return;
	snprintf(text, sizeof(text), "and %zu more %s (--json has all)", n - GAPS_SHOWN, what);
	print_one(telling, text);
}

/* "512 MiB (536870912 bytes)": people read the first, and compare the second. */
static const char *exact(uint64_t bytes, char *buf, size_t size)
{
	char text[FORMAT_MAX];

	snprintf(buf, size, "%s (%" PRIu64 " bytes)", format_bytes(bytes, text), bytes);
	return buf;
}

static void memory_text(const struct span *gap, const char *noun, char *buf, size_t size)
{
	uint64_t base = reply_address(gap->item, "ipa"), bytes = span_bytes(gap->start, gap->last);
	uint64_t all = (uint64_t)reply_int(gap->item, "size_bytes");
	const char *name = reply_string(gap->item, "name");
	char amount[FORMAT_MAX + 32];

	exact(bytes, amount, sizeof(amount));
	if (gap->start == base && bytes == all)
		snprintf(buf, size, "the guest's %s %.60s: %s at 0x%" PRIx64 " in no memslot", noun,
			 name, amount, gap->start);
	else if (gap->start > base && gap->last - base == all - 1)
		snprintf(buf, size,
			 "the guest's %s %.60s reaches %s past the end of RAM at 0x%" PRIx64, noun,
			 name, amount, gap->start);
	else
		snprintf(buf, size,
			 "the guest's %s %.60s has a hole: %s at 0x%" PRIx64 " in no memslot", noun,
			 name, amount, gap->start);
}

static size_t print_memory(struct telling *telling, struct json_object *vm)
{
	const char *source = reply_string(reply_object(vm, "guest"), "source");
	const char *noun = strcmp(source, "e820") == 0 ? "E820 memory" : "memory node";
	size_t n;
	struct span *list = layers_overhang(vm, &n);
	char text[TEXT_MAX];

	for (size_t i = 0; i < n && i < GAPS_SHOWN; i++) {
		memory_text(&list[i], noun, text, sizeof(text));
		print_one(telling, text);
	}
	print_more(telling, n, "pieces of the guest's memory");
	free(list);
	return n;
}

static void device_text(const struct stretch *stretch, char *buf, size_t size)
{
	struct json_object *range = stretch->item[LAYER_GUEST];
	const char *compatible = reply_string(range, "compatible");
	char bytes[FORMAT_MAX];

	snprintf(buf, size,
		 "the guest's %.60s%s%.60s%s: neither KVM nor the VMM has the %s at 0x%" PRIx64,
		 reply_string(range, "name"), *compatible ? " (" : "", compatible,
		 *compatible ? ")" : "",
		 format_bytes(span_bytes(stretch->start, stretch->last), bytes), stretch->start);
}

static void backing_text(const struct stretch *stretch, char *buf, size_t size)
{
	struct json_object *slot = stretch->item[LAYER_KERNEL];
	struct json_object *backing = reply_object(slot, "backing");
	int64_t all = reply_int(slot, "size_bytes"), covered = reply_int(backing, "covered_bytes");
	char has[FORMAT_MAX], wants[FORMAT_MAX];

	if (covered <= 0)
		snprintf(buf, size,
			 "slot %" PRId64 " (%.24s, %s): nothing is mapped behind it in the VMM",
			 reply_int(slot, "slot_id"), reply_string(slot, "gpa"),
			 format_bytes((uint64_t)all, wants));
	else if (covered < all)
		snprintf(buf, size,
			 "slot %" PRId64 " (%.24s): only %s of its %s are mapped in the VMM; the "
			 "first gap is at %.24s",
			 reply_int(slot, "slot_id"), reply_string(slot, "gpa"),
			 format_bytes((uint64_t)covered, has), format_bytes((uint64_t)all, wants),
			 reply_string(backing, "gap"));
	else
		snprintf(buf, size,
			 "slot %" PRId64 " (%.24s): the VMM mapped it without any access",
			 reply_int(slot, "slot_id"), reply_string(slot, "gpa"));
}

/* A slot is told once, however many stretches it has. */
static bool is_told(const struct layers *layers, size_t i)
{
	return i > 0 &&
	       layers->list[i].item[LAYER_KERNEL] == layers->list[i - 1].item[LAYER_KERNEL];
}

static size_t print_backing(struct telling *telling, const struct layers *layers)
{
	char text[TEXT_MAX];
	size_t n = 0;

	for (size_t i = 0; i < layers->n; i++) {
		if (layers->list[i].gap != GAP_BACKING || is_told(layers, i))
			continue;
		if (n++ >= GAPS_SHOWN)
			continue;
		backing_text(&layers->list[i], text, sizeof(text));
		print_one(telling, text);
	}
	print_more(telling, n, "slots without backing");
	return n;
}

static size_t print_devices(struct telling *telling, const struct layers *layers)
{
	char text[TEXT_MAX];
	size_t n = 0;

	for (size_t i = 0; i < layers->n; i++) {
		if (layers->list[i].gap != GAP_DEVICE || n++ >= GAPS_SHOWN)
			continue;
		device_text(&layers->list[i], text, sizeof(text));
		print_one(telling, text);
	}
	print_more(telling, n, "devices of the guest");
	return n;
}

size_t gaps_print(const struct term *term, struct json_object *vm, const struct layers *layers)
{
	struct telling telling = {.term = term};
	size_t n = print_memory(&telling, vm);

	if (layers)
		n += print_backing(&telling, layers) + print_devices(&telling, layers);
	return n;
}
