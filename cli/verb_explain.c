/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"
#include "cli/format.h"
#include "cli/picture.h"
#include "cli/reply.h"
#include "cli/vm_text.h"

#define SITES_SHOWN 8

static void print_lines(const struct term *term, const char *heading, struct json_object *lines)
{
	if (reply_length(lines) == 0)
		return;
	print_heading(term, heading);
	for (size_t i = 0; i < reply_length(lines); i++)
		term_wrap(term, term_glyph(term, "  • ", "  - "), 4, reply_string_at(lines, i));
}

/* The answer in one sentence; then how sure it is, and of what. */
static void print_answer(const struct term *term, struct json_object *finding)
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

static void print_finding(const struct term *term, struct json_object *finding,
			  struct json_object *regions)
{
	struct json_object *sites = reply_array(finding, "sites"), *site = reply_at(sites, 0);
	const char *instruction = reply_string(site, "instruction");
	char what[160];

	print_answer(term, finding);
	print_field(term, "Where", reply_string(finding, "where"));
	print_field(term, "How", reply_string(finding, "how"));
	if (site && regions && reply_has(finding, "address")) {
		snprintf(what, sizeof(what), "%.100s",
			 *instruction ? instruction : reply_string(site, "kind"));
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

static void print_separator(const struct term *term, size_t i)
{
	if (i == 0)
		return;
	fprintf(term->out, "\n%s", term_colour(term, COLOUR_DIM));
	for (int n = 0; n < term->width && n < 80; n++)
		fputs(term_glyph(term, "─", "-"), term->out);
	fprintf(term->out, "%s\n\n", term_colour(term, COLOUR_NONE));
}

/* No finding is an answer only together with what could have been seen. */
static void print_nothing(const struct term *term, struct json_object *reply, bool has_address)
{
	struct json_object *watched = reply_object(reply, "watched"),
			   *vm = reply_object(reply, "vm");
	struct json_object *sources = reply_array(watched, "sources");
	const char *since = reply_string(vm ? vm : watched, "since");
	char text[512], title[VM_TEXT_MAX], time[FORMAT_MAX], ago[FORMAT_MAX];
	size_t attached = 0;

	snprintf(text, sizeof(text), "Nothing to explain%s%s: no finding%s.", vm ? " about " : "",
		 vm ? vm_title(vm, title) : "",
		 has_address ? " at this address"
		 : vm	     ? ""
			     : " about any VM of this host");
	term_wrap(term, "", 0, text);
	putc('\n', term->out);
	snprintf(text, sizeof(text), "since %s (%s)", format_time(since, time),
		 format_ago(since, ago));
	print_field(term, "Watched", text);
	for (size_t i = 0; i < reply_length(sources); i++)
		attached += strcmp(reply_string(reply_at(sources, i), "state"), "attached") == 0;
	snprintf(text, sizeof(text), "%zu of %zu attached", attached, reply_length(sources));
	print_field(term, "Sources", text);
	print_field(term, "Lost",
		    counters_text(reply_object(watched, "lost"), text, sizeof(text)) ? text
										     : "nothing");
	for (size_t i = 0; i < reply_length(sources); i++) {
		struct json_object *source = reply_at(sources, i);

		if (!reply_bool(source, "lost"))
			continue;
		snprintf(text, sizeof(text), "%.60s (%.20s): would tell %.160s%s%.240s",
			 reply_string(source, "name"), reply_string(source, "state"),
			 reply_string(source, "gives"), reply_has(source, "reason") ? "; " : "",
			 reply_string(source, "reason"));
		print_field(term, "Not seen", text);
	}
}

static void print_vm(const struct term *term, struct json_object *reply,
		     struct json_object *regions)
{
	struct json_object *findings = reply_array(reply, "findings"),
			   *vm = reply_object(reply, "vm");
	char text[3 * VM_TEXT_MAX], title[VM_TEXT_MAX], state[VM_TEXT_MAX];

	if (reply_has(reply, "note")) {
		term_wrap(term, "", 0, reply_string(reply, "note"));
		putc('\n', term->out);
	}
	for (size_t i = 0; i < reply_length(findings); i++) {
		print_separator(term, i);
		snprintf(text, sizeof(text), "%s%s, %.40s, %s%s", term_colour(term, COLOUR_BOLD),
			 vm_title(vm, title),
			 reply_string(vm, reply_has(vm, "machine") ? "machine" : "vmm"),
			 vm_state(vm, state), term_colour(term, COLOUR_NONE));
		fprintf(term->out, "%s\n", text);
		print_finding(term, reply_at(findings, i), regions);
	}
}

static void print_groups(const struct term *term, struct json_object *groups)
{
	for (size_t i = 0; i < reply_length(groups); i++) {
		struct json_object *group = reply_at(groups, i), *vms = reply_array(group, "vms");
		struct json_object *finding = reply_object(group, "finding");
		size_t n = reply_length(vms);
		char text[256] = "", title[VM_TEXT_MAX];

		print_separator(term, i);
		if (n == 1)
			fprintf(term->out, "%s%s%s\n", term_colour(term, COLOUR_BOLD),
				vm_title(reply_at(vms, 0), title), term_colour(term, COLOUR_NONE));
		else
			fprintf(term->out, "%s%zu VMs, one cause%s\n",
				term_colour(term, COLOUR_BOLD), n, term_colour(term, COLOUR_NONE));
		for (size_t k = 0; k < n && strlen(text) < sizeof(text) - 80; k++)
			snprintf(text + strlen(text), sizeof(text) - strlen(text),
				 "%s%.40s (%.24s)", k ? ", " : "",
				 reply_string(reply_at(vms, k), "name"),
				 reply_string(reply_at(vms, k), "id"));
		if (strlen(text) >= sizeof(text) - 80)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), ", ...");
		print_answer(term, finding);
		if (n > 1)
			print_field(term, "VMs", text);
		print_lines(term, "What to do", reply_array(finding, "advice"));
		fprintf(term->out, "\n\"nisvctl explain %s\" shows the evidence\n",
			reply_string(reply_at(vms, 0), "id"));
	}
}

/* The regions around a fault come with the fault map; without it the text goes without picture. */
static struct json_object *get_regions(struct client *client, struct json_object *reply,
				       struct json_object **ret_map)
{
	struct json_object *vm = reply_object(reply, "vm");

	if (!vm || reply_length(reply_array(reply, "findings")) == 0 ||
	    client_call(client, NISV_METHOD_GET_FAULT_MAP,
			client_params("vm", reply_string(vm, "key")), ret_map) != NISV_EXIT_OK)
		return NULL;
	return reply_array(*ret_map, "regions");
}

static int print_reply(const struct options *options, struct client *client,
		       struct json_object *reply, bool has_address)
{
	struct json_object *map = NULL, *regions = get_regions(client, reply, &map);
	struct term term;

	term_open(&term, options, true);
	if (reply_length(reply_array(reply, "groups")))
		print_groups(&term, reply_array(reply, "groups"));
	else if (reply_length(reply_array(reply, "findings")))
		print_vm(&term, reply, regions);
	else
		print_nothing(&term, reply, has_address);
	json_object_put(map);
	return term_close(&term, options);
}

int verb_explain(const struct options *options, int argc, char **argv)
{
	struct json_object *params, *reply;
	unsigned long long address;
	struct client *client = NULL;
	char hex[24];
	int status;

	if (argc > 1 && parse_address(argv[1], &address) < 0)
		return error_report(
			options, NISV_EXIT_USAGE, NULL, NULL,
			"\"%s\" is no guest address: expected 0x and hexadecimal digits, "
			"or decimal digits, of at most 64 bits",
			argv[1]);
	params = client_params("vm", argc > 0 ? argv[0] : NULL);
	if (argc > 1) {
		snprintf(hex, sizeof(hex), "0x%llx", address);
		json_object_object_add(params, "address", json_object_new_string(hex));
	}
	status = client_open(options, CLIENT_DAEMON, &client);
	if (status != NISV_EXIT_OK) {
		json_object_put(params);
		return status;
	}
	status = client_call(client, NISV_METHOD_EXPLAIN, params, &reply);
	if (status != NISV_EXIT_OK) {
		client_close(client);
		return status;
	}
	if (options->json != JSON_OFF) {
		reply_print(stdout, options->json, reply);
		status = term_flush_stdout(options);
	} else {
		status = print_reply(options, client, reply, argc > 1);
	}
	if (status == NISV_EXIT_OK && options->exit_code &&
	    reply_length(reply_array(reply, "findings")))
		status = NISV_EXIT_FINDINGS;
	json_object_put(reply);
	client_close(client);
	return status;
}
