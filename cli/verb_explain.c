/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/causes.h"
#include "cli/client.h"
#include "cli/finding.h"
#include "cli/findings_verb.h"
#include "cli/format.h"
#include "cli/glossary.h"
#include "cli/json_make.h"
#include "cli/reply.h"
#include "cli/vm_replies.h"
#include "cli/vm_text.h"

/* What print_reply() knows beside the reply. */
struct question {
	const struct symbols *symbols; /* NULL: none were given */
	const char *typed;	       /* the address as typed, or NULL */
	unsigned long long address;    /* as it was read */
};

/* " at 0x2dc6ce8 (48000040 is decimal; write 0x48000040 if it is hexadecimal)" */
static void address_text(const struct question *question, char *text, size_t size)
{
	size_t n = (size_t)snprintf(text, size, " at 0x%llx", question->address);

	if (question->address && strncasecmp(question->typed, "0x", 2) != 0)
		snprintf(text + n, size - n, " (%.24s is decimal; hexadecimal is 0x%.24s)",
			 question->typed, question->typed);
}

/* No finding is an answer only together with what could have been seen. */
static void print_nothing(const struct term *term, struct json_object *reply,
			  const struct question *question)
{
	struct json_object *watched = reply_object(reply, "watched"),
			   *vm = reply_object(reply, "vm");
	struct json_object *sources = reply_array(watched, "sources");
	const char *since = reply_string(vm ? vm : watched, "since");
	char text[640], title[VM_TEXT_MAX], when[FORMAT_MAX * 2], where[120] = "";

	if (question->typed)
		address_text(question, where, sizeof(where));
	snprintf(text, sizeof(text), "Nothing to explain%s%s: no finding%s.", vm ? " about " : "",
		 vm ? vm_title(vm, title) : "",
		 question->typed ? where
		 : vm		 ? ""
				 : " about any VM of this host");
	/* Of one that runs there is more to ask. */
	if (vm && !question->typed && strcmp(reply_string(vm, "state"), "running") == 0)
		snprintf(text + strlen(text) - 1, sizeof(text) - strlen(text),
			 ", nothing has faulted; \"nisvctl verify %.40s\" checks its memory map.",
			 reply_string(vm, "id"));
	term_wrap(term, "", 0, text);
	putc('\n', term->out);
	snprintf(text, sizeof(text), "since %s", format_since(since, when));
	print_field(term, "Watched", *since ? text : "not yet");
	sources_text(sources, text, sizeof(text));
	print_field(term, "Sources", text);
	print_field(term, "Lost",
		    counters_text(reply_object(watched, "lost"), text, sizeof(text)) ? text
										     : "nothing");
	for (size_t i = 0; i < reply_length(sources); i++) {
		struct json_object *source = reply_at(sources, i);

		if (!reply_bool(source, "lost"))
			continue;
		snprintf(text, sizeof(text), "%.60s (%.20s): %s%.160s%s%.200s",
			 reply_string(source, "name"), reply_string(source, "state"),
			 reply_has(source, "loses") ? "" : "would tell ",
			 reply_string(source, reply_has(source, "loses") ? "loses" : "gives"),
			 reply_has(source, "reason") ? "; " : "", reply_string(source, "reason"));
		print_field(term, "Not seen", text);
	}
}

static void print_note(const struct term *term, struct json_object *reply)
{
	if (!reply_has(reply, "note"))
		return;
	term_wrap(term, "", 0, reply_string(reply, "note"));
	putc('\n', term->out);
}

/* A dossier that is older than the rules, or redacted, may have been explained otherwise. */
static void print_stored(const struct term *term, struct json_object *stored)
{
	struct json_object *findings = reply_array(stored, "findings");
	char text[512];

	if (!reply_bool(stored, "differs"))
		return;
	snprintf(text, sizeof(text), "nisvd %.40s, which wrote the dossier, found %s",
		 reply_string(stored, "version"),
		 reply_length(findings) ? "otherwise: " : "nothing.");
	for (size_t i = 0; i < reply_length(findings) && strlen(text) < sizeof(text) - 120; i++) {
		struct json_object *finding = reply_at(findings, i);

		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%.10s %.64s (%s)",
			 i ? ", " : "", reply_string(finding, "severity"),
			 reply_string(finding, "cause"),
			 format_confidence(reply_double(finding, "confidence")));
	}
	term_wrap(term, "", 0, text);
	putc('\n', term->out);
}

static void print_vm(const struct term *term, struct json_object *reply,
		     struct json_object *regions, const struct symbols *symbols)
{
	struct json_object *findings = reply_array(reply, "findings"),
			   *vm = reply_object(reply, "vm");
	char text[3 * VM_TEXT_MAX], title[VM_TEXT_MAX], state[VM_TEXT_MAX];

	for (size_t i = 0; i < reply_length(findings); i++) {
		print_separator(term, i);
		snprintf(text, sizeof(text), "%s%s, %.40s, %s%s", term_colour(term, COLOUR_BOLD),
			 vm_title(vm, title),
			 reply_string(vm, reply_has(vm, "machine") ? "machine" : "vmm"),
			 vm_state(vm, state), term_colour(term, COLOUR_NONE));
		fprintf(term->out, "%s\n", text);
		print_finding(term, reply_at(findings, i), regions, symbols);
	}
}

/* The VMs of @group in one line, as many as it has room for. */
static void print_members(const struct term *term, struct json_object *vms)
{
	size_t n = reply_length(vms);
	char text[256] = "";

	if (n < 2)
		return;
	for (size_t i = 0; i < n && strlen(text) < sizeof(text) - 80; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%.40s (%.24s)",
			 i ? ", " : "", reply_string(reply_at(vms, i), "name"),
			 reply_string(reply_at(vms, i), "id"));
	if (strlen(text) >= sizeof(text) - 80)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), ", ...");
	print_field(term, "VMs", text);
}

static void print_group_title(const struct term *term, struct json_object *vms)
{
	char title[VM_TEXT_MAX];
	size_t n = reply_length(vms);

	fputs(term_colour(term, COLOUR_BOLD), term->out);
	if (n == 1)
		fputs(vm_title(reply_at(vms, 0), title), term->out);
	else
		fprintf(term->out, "%zu VMs, one cause", n);
	fprintf(term->out, "%s\n", term_colour(term, COLOUR_NONE));
}

/* A VM out of a dossier may have the id of one that runs since the host was booted. */
static const char *selector(struct json_object *vm)
{
	return reply_string(vm, strcmp(reply_string(vm, "origin"), "dossier") == 0 ? "key" : "id");
}

static void print_groups(const struct term *term, const struct options *options,
			 struct json_object *groups)
{
	for (size_t i = 0; i < reply_length(groups); i++) {
		struct json_object *group = reply_at(groups, i), *vms = reply_array(group, "vms");
		struct json_object *finding = reply_object(group, "finding");

		print_separator(term, i);
		print_group_title(term, vms);
		print_answer(term, finding);
		print_field(term, "Place", reply_string(finding, "region"));
		print_members(term, vms);
		print_lines(term, "What to do", reply_array(finding, "advice"));
		fprintf(term->out, "\n\"nisvctl explain %s%s%s\" shows the evidence\n",
			selector(reply_at(vms, 0)), options->file ? " --file " : "",
			options->file ? options->file : "");
	}
}

/* The only one there is: nothing is gained by asking again. */
static void print_only_group(const struct term *term, struct client *client,
			     struct json_object *group, const struct symbols *symbols)
{
	struct json_object *vms = reply_array(group, "vms"), *map = NULL, *regions;

	regions = vm_regions_get(client, reply_at(vms, 0), &map);
	print_group_title(term, vms);
	print_members(term, vms);
	print_finding(term, reply_object(group, "finding"), regions, symbols);
	json_object_put(map);
}

static int print_reply(const struct options *options, struct client *client,
		       struct json_object *reply, bool is_narrow, const void *userdata)
{
	const struct question *question = userdata;
	struct json_object *vm = reply_object(reply, "vm"), *groups = reply_array(reply, "groups"),
			   *map = NULL, *regions = NULL;
	struct term term;

	(void)is_narrow;
	if (vm && reply_length(reply_array(reply, "findings")))
		regions = vm_regions_get(client, vm, &map);
	term_open(&term, options, true);
	print_note(&term, reply);
	print_stored(&term, reply_object(reply, "stored"));
	if (reply_length(groups) == 1)
		print_only_group(&term, client, reply_at(groups, 0), question->symbols);
	else if (reply_length(groups))
		print_groups(&term, options, groups);
	else if (reply_length(reply_array(reply, "findings")))
		print_vm(&term, reply, regions, question->symbols);
	else
		print_nothing(&term, reply, question);
	if (options->verbose)
		glossary_print(&term, reply_array(reply, "findings"));
	json_object_put(map);
	return term_close(&term, options);
}

static bool has_findings(struct json_object *reply)
{
	return reply_length(reply_array(reply, "findings")) > 0;
}

int verb_explain(const struct options *options, int argc, char **argv)
{
	struct question question = {0};
	const struct findings_verb verb = {NISV_METHOD_EXPLAIN, print_reply, has_findings,
					   &question};
	struct symbols *symbols = NULL;
	struct json_object *params;
	char hex[24];
	int status;

	if (options->list_causes)
		return causes_run(options, argc, argv);
	if (argc > 1 && parse_address(argv[1], &question.address) < 0)
		return error_report(
			options, NISV_EXIT_USAGE, NULL, NULL,
			"\"%s\" is no guest address: expected 0x and hexadecimal digits, "
			"or decimal digits, of at most 64 bits",
			argv[1]);
	if (options->symbols) {
		status = symbols_read(options, options->symbols, &symbols);
		if (status != NISV_EXIT_OK)
			return status;
	}
	question.symbols = symbols;
	params = client_params("vm", argc > 0 ? argv[0] : NULL);
	if (argc > 1) {
		snprintf(hex, sizeof(hex), "0x%llx", question.address);
		question.typed = argv[1];
		json_add(params, "address", json_make_string(hex));
	}
	status = findings_verb_run(options, &verb, params, argc > 1);
	symbols_free(symbols);
	return status;
}
