/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/slot_changes.h"

#include <inttypes.h>
#include <string.h>

#include "cli/format.h"
#include "cli/reply.h"
#include "cli/vm_text.h"

#define CHANGES_SHOWN 8

static void what_text(struct json_object *change, char *buf, size_t size)
{
	struct json_object *slot = reply_object(change, "slot");
	const char *what = reply_string(change, "change");
	char bytes[FORMAT_MAX];
	size_t n = 0;

	format_bytes((uint64_t)reply_int(slot, "size_bytes"), bytes);
	n += (size_t)snprintf(buf, size, "slot %" PRId64 " %s, %s at %.24s",
			      reply_int(slot, "slot_id"),
			      strcmp(what, "flags") == 0 ? "changed its flags" : what, bytes,
			      reply_string(slot, "gpa"));
	if (n < size && reply_has(change, "gpa_before"))
		n += (size_t)snprintf(buf + n, size - n, ", before at %.24s",
				      reply_string(change, "gpa_before"));
	if (n < size && reply_int(slot, "address_space"))
		snprintf(buf + n, size - n, " (address space %" PRId64 ")",
			 reply_int(slot, "address_space"));
}

static void print_change(const struct term *term, struct json_object *change)
{
	const char *since = reply_string(change, "since"), *until = reply_string(change, "until");
	char text[400], what[200], from[FORMAT_MAX], to[FORMAT_MAX], ago[FORMAT_MAX];

	what_text(change, what, sizeof(what));
	format_clock(since, from);
	format_clock(until, to);
	format_ago(until, ago);
	if (strcmp(since, until) == 0)
		snprintf(text, sizeof(text), "%s (%s): %s", to, ago, what);
	else
		snprintf(text, sizeof(text), "%s, at most %s earlier (%s): %s", to,
			 format_between(since, until, from), ago, what);
	term_wrap(term, "  ", 4, text);
}

void slot_changes_print(const struct term *term, struct json_object *layout)
{
	struct json_object *changes = reply_array(layout, "changes");
	int64_t n = (int64_t)reply_length(changes), total = reply_int(layout, "total_changes");
	int64_t shown = n < CHANGES_SHOWN ? n : CHANGES_SHOWN;

	if (n == 0)
		return;
	print_heading(term, "Slot changes, the newest first");
	for (int64_t i = 0; i < shown; i++)
		print_change(term, reply_at(changes, (size_t)(n - 1 - i)));
	total = total < n ? n : total;
	if (total > shown)
		fprintf(term->out, "  and %" PRId64 " earlier ones\n", total - shown);
}
