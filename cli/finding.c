/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/finding.h"

#include <inttypes.h>
#include <string.h>

#include "cli/format.h"
#include "cli/picture.h"
#include "cli/reply.h"
#include "cli/vm_text.h"

#define SITES_SHOWN 8

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
	char text[VM_TEXT_MAX + 256];

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
	print_field(term, "Place", reply_string(finding, "region"));
}

static void print_sites(const struct term *term, struct json_object *sites, int64_t total)
{
	char text[400], times[FORMAT_MAX], ago[FORMAT_MAX];
	size_t n = reply_length(sites);

	if (!n)
		return;
	print_heading(term, "Faults");
	for (size_t i = 0; i < n && i < SITES_SHOWN; i++) {
		struct json_object *site = reply_at(sites, i);

		snprintf(text, sizeof(text), "%.24s%s%.24s, %s, last %s: %.90s, pc %.24s%s%.24s",
			 reply_string(site, "kind"), site_has_address(site) ? " at " : "",
			 site_has_address(site) ? site_address(site) : "",
			 format_times(reply_int(site, "count"), times),
			 format_ago(reply_string(site, "last"), ago),
			 reply_has(site, "instruction") ? reply_string(site, "instruction")
							: "instruction not read",
			 reply_has(site, "pc") ? reply_string(site, "pc") : "unknown",
			 reply_has(site, "esr") ? ", ESR " : "", reply_string(site, "esr"));
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 ", vCPU %" PRId64 ", %.40s", reply_int(site, "vcpu"),
			 reply_string(site, "outcome"));
		term_wrap(term, "  ", 4, text);
	}
	total = total < (int64_t)n ? (int64_t)n : total;
	if (total > SITES_SHOWN)
		fprintf(term->out, "  and %" PRId64 " more places (nisvctl map)\n",
			total - SITES_SHOWN);
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

void print_finding(const struct term *term, struct json_object *finding,
		   struct json_object *regions)
{
	struct json_object *sites = reply_array(finding, "sites"), *site = reply_at(sites, 0);
	const char *instruction = reply_string(site, "instruction");
	char what[160];

	print_answer(term, finding);
	print_field(term, "Where", reply_string(finding, "where"));
	print_field(term, "How", reply_string(finding, "how"));
	if (regions && reply_has(finding, "address")) {
		snprintf(what, sizeof(what), "%.100s",
			 *instruction
				 ? instruction
				 : reply_string(site ? site : finding, site ? "kind" : "cause"));
		picture_around(term, regions, reply_address(finding, "address"), what);
	}
	print_lines(term, "What to do", reply_array(finding, "advice"));
	print_lines(term, "Evidence", reply_array(finding, "evidence"));
	print_sites(term, sites, reply_int(finding, "total_sites"));
	print_consequences(term, reply_array(finding, "consequences"));
	print_alternatives(term, reply_array(finding, "alternatives"));
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
