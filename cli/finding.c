/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/finding.h"

#include <inttypes.h>
#include <string.h>

#include "cli/finding_sites.h"
#include "cli/format.h"
#include "cli/instruction.h"
#include "cli/picture.h"
#include "cli/reply.h"
#include "cli/vm_text.h"

void print_lines(const struct term *term, const char *heading, struct json_object *lines)
{
	if (reply_length(lines) == 0)
		return;
	print_heading(term, heading);
	for (size_t i = 0; i < reply_length(lines); i++)
		term_wrap(term, term_glyph(term, "  • ", "  - "), 4, reply_string_at(lines, i));
}

void print_answer(const struct term *term, struct json_object *finding)
{
	const char *severity = reply_string(finding, "severity");
	char text[VM_TEXT_MAX + 256], buf[BUSY_TEXT_MAX];
	const char *busy = site_busy_text(reply_at(reply_array(finding, "sites"), 0), buf);

	fputs(term_colour(term, term_severity(severity)), term->out);
	term_wrap(term, "", 0, reply_string(finding, "summary"));
	fputs(term_colour(term, COLOUR_NONE), term->out);
	putc('\n', term->out);
	snprintf(text, sizeof(text), "%.60s, %s", reply_string(finding, "cause"),
		 format_confidence(reply_double(finding, "confidence")));
	if (reply_has(finding, "confidence_reason"))
		snprintf(text + strlen(text), sizeof(text) - strlen(text), ": %.240s",
			 reply_string(finding, "confidence_reason"));
	print_field(term, "Cause", text);
	print_field(term, "Severity", severity);
	print_field(term, "Rate", busy ? busy : "");
}

static void print_symptom(const struct term *term, struct json_object *symptom)
{
	char text[900];

	if (!symptom)
		return;
	print_heading(term, "What you saw");
	snprintf(text, sizeof(text), "%.640s (%.200s)", reply_string(symptom, "text"),
		 reply_string(symptom, "source"));
	term_wrap(term, "  ", 2, text);
}

static void print_overlays(const struct term *term, struct json_object *overlays)
{
	char text[400];

	if (reply_length(overlays) == 0)
		return;
	print_heading(term, "Also");
	for (size_t i = 0; i < reply_length(overlays); i++) {
		struct json_object *overlay = reply_at(overlays, i);

		snprintf(text, sizeof(text), "%.60s, %s: %.240s", reply_string(overlay, "cause"),
			 format_confidence(reply_double(overlay, "confidence")),
			 reply_string(overlay, "summary"));
		term_wrap(term, term_glyph(term, "  • ", "  - "), 4, text);
	}
}

static void print_consequences(const struct term *term, struct json_object *list)
{
	char text[400], times[FORMAT_MAX];

	if (reply_length(list) == 0)
		return;
	print_heading(term, "Follows from it");
	for (size_t i = 0; i < reply_length(list); i++) {
		struct json_object *c = reply_at(list, i);

		snprintf(text, sizeof(text), "%.24s at %.24s, %s: %.240s", reply_string(c, "kind"),
			 reply_string(c, "ipa"), format_times(reply_int(c, "count"), times),
			 reply_string(c, "summary"));
		term_wrap(term, term_glyph(term, "  • ", "  - "), 4, text);
	}
}

static void print_alternatives(const struct term *term, struct json_object *list)
{
	if (reply_length(list) == 0)
		return;
	print_heading(term, "It could also be");
	for (size_t i = 0; i < reply_length(list); i++) {
		struct json_object *a = reply_at(list, i);

		fprintf(term->out, "%s%s (%.0f %%)\n", term_glyph(term, "  • ", "  - "),
			reply_string(a, "cause"), 100 * reply_double(a, "confidence"));
	}
}

static void print_picture(const struct term *term, struct json_object *finding,
			  struct json_object *regions)
{
	struct json_object *site = reply_at(reply_array(finding, "sites"), 0);
	const char *instruction = reply_string(site, "instruction");
	char what[160];

	if (!regions || !reply_has(finding, "address"))
		return;
	snprintf(what, sizeof(what), "%.100s",
		 *instruction ? instruction
			      : reply_string(site ? site : finding, site ? "kind" : "cause"));
	picture_around(term, regions, reply_address(finding, "address"), what);
}

/* The first screen has what is wrong, where and how sure that is; the next ones the proof, and what
 * to do about it. */
void print_finding(const struct term *term, struct json_object *finding,
		   struct json_object *regions, const struct symbols *symbols)
{
	struct json_object *context = reply_object(finding, "context");
	struct context_names names = context_names(symbols, context);

	print_answer(term, finding);
	print_field(term, "Where", reply_string(finding, "where"));
	print_field(term, "Do first", reply_string_at(reply_array(finding, "advice"), 0));
	print_picture(term, finding, regions);
	instruction_print(term, finding, &names);
	print_lines(term, "Evidence", reply_array(finding, "evidence"));
	print_symptom(term, reply_object(finding, "symptom"));
	print_lines(term, "What to do", reply_array(finding, "advice"));
	print_overlays(term, reply_array(finding, "overlays"));
	print_alternatives(term, reply_array(finding, "alternatives"));
	sites_print(term, reply_array(finding, "sites"), reply_int(finding, "total_sites"), &names);
	print_consequences(term, reply_array(finding, "consequences"));
	context_print(term, context, &names);
	if (reply_has(finding, "documentation")) {
		putc('\n', term->out);
		print_field(term, "More", reply_string(finding, "documentation"));
	}
}

void print_separator(const struct term *term, size_t i)
{
	if (i == 0)
		return;
	fprintf(term->out, "\n%s", term_colour(term, COLOUR_DIM));
	for (int n = 0; n < term->width && n < 80; n++)
		fputs(term_glyph(term, "─", "-"), term->out);
	fprintf(term->out, "%s\n\n", term_colour(term, COLOUR_NONE));
}
