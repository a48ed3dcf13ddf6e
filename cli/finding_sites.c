/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/finding_sites.h"

#include <inttypes.h>
#include <string.h>

#include "cli/format.h"
#include "cli/reply.h"
#include "cli/vm_text.h"

#define SITES_SHOWN 8

static bool is_mmio(struct json_object *site)
{
	return strncmp(reply_string(site, "kind"), "mmio-", 5) == 0;
}

const char *site_busy_text(struct json_object *site, char buf[BUSY_TEXT_MAX])
{
	const char *since = reply_string(site, "busy_since");
	char duration[FORMAT_MAX], when[2 * FORMAT_MAX];

	if (!reply_has(site, "busy_per_second"))
		return NULL;
	snprintf(buf, BUSY_TEXT_MAX, "%" PRId64 " a second served by user space, for %s from %s on",
		 reply_int(site, "busy_per_second"),
		 format_between(since, reply_string(site, "busy_until"), duration),
		 format_since(since, when));
	return buf;
}

static void describe_mmio(struct json_object *site, char *text, size_t size)
{
	char times[FORMAT_MAX], ago[FORMAT_MAX], buf[BUSY_TEXT_MAX];
	const char *busy = site_busy_text(site, buf);

	snprintf(text, size,
		 "%.24s at %.24s, %s, last %s: %" PRId64 " of them served by user space",
		 reply_string(site, "kind"), reply_string(site, "ipa"),
		 format_times(reply_int(site, "count"), times),
		 format_ago(reply_string(site, "last"), ago), reply_int(site, "user"));
	if (busy)
		snprintf(text + strlen(text), size - strlen(text), "; up to %s", busy);
}

static void describe_fault(struct json_object *site, const struct context_names *names, char *text,
			   size_t size)
{
	char times[FORMAT_MAX], ago[FORMAT_MAX], buf[SYMBOLS_TEXT_MAX], outcome[VM_TEXT_MAX];
	bool has_pc = reply_has(site, "pc");
	const char *name =
		has_pc ? context_name(names, reply_address(site, "pc"), false, buf) : NULL;

	snprintf(text, size, "%.24s%s%.24s, %s, last %s: %.90s, pc %.24s",
		 reply_string(site, "kind"), site_has_address(site) ? " at " : "",
		 site_has_address(site) ? site_address(site) : "",
		 format_times(reply_int(site, "count"), times),
		 format_ago(reply_string(site, "last"), ago),
		 reply_has(site, "instruction") ? reply_string(site, "instruction")
						: "instruction not read",
		 has_pc ? reply_string(site, "pc") : "unknown");
	if (name)
		snprintf(text + strlen(text), size - strlen(text), " (%s)", name);
	snprintf(text + strlen(text), size - strlen(text), "%s%.24s, vCPU %" PRId64 ", %s",
		 reply_has(site, "esr") ? ", ESR " : "", reply_string(site, "esr"),
		 reply_int(site, "vcpu"), site_outcome(site, outcome));
}

void sites_print(const struct term *term, struct json_object *sites, int64_t total,
		 const struct context_names *names)
{
	char text[SYMBOLS_TEXT_MAX + 400];
	size_t n = reply_length(sites);

	if (!n)
		return;
	print_heading(term, is_mmio(reply_at(sites, 0)) ? "Accesses" : "Faults");
	for (size_t i = 0; i < n && i < SITES_SHOWN; i++) {
		struct json_object *site = reply_at(sites, i);

		if (is_mmio(site))
			describe_mmio(site, text, sizeof(text));
		else
			describe_fault(site, names, text, sizeof(text));
		term_wrap(term, "  ", 4, text);
	}
	total = total < (int64_t)n ? (int64_t)n : total;
	if (total > SITES_SHOWN)
		fprintf(term->out, "  and %" PRId64 " more places (nisvctl map)\n",
			total - SITES_SHOWN);
}
