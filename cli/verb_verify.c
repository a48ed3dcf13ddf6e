/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <string.h>

#include "cli/client.h"
#include "cli/finding.h"
#include "cli/findings_verb.h"
#include "cli/glossary.h"
#include "cli/reply.h"
#include "cli/vm_replies.h"
#include "cli/vm_text.h"

#define REASON_SHOWN 160

static size_t count_not_done(struct json_object *checks)
{
	size_t n = 0;

	for (size_t i = 0; i < reply_length(checks); i++)
		n += !reply_bool(reply_at(checks, i), "done");
	return n;
}

static const char *reason_of(struct json_object *check)
{
	return reply_has(check, "reason") ? reply_string(check, "reason") : "no reason given";
}

/* The first check that was not done, for this reason. */
static bool is_first_of_reason(struct json_object *checks, size_t at)
{
	const char *reason = reason_of(reply_at(checks, at));

	for (size_t i = 0; i < at; i++)
		if (!reply_bool(reply_at(checks, i), "done") &&
		    !strcmp(reason_of(reply_at(checks, i)), reason))
			return false;
	return true;
}

static void add_names(struct json_object *checks, size_t at, char *text, size_t size)
{
	const char *reason = reason_of(reply_at(checks, at)), *between = "";

	for (size_t i = at; i < reply_length(checks); i++) {
		struct json_object *check = reply_at(checks, i);

		if (reply_bool(check, "done") || strcmp(reason_of(check), reason) != 0)
			continue;
		snprintf(text + strlen(text), size - strlen(text), "%s%.60s", between,
			 reply_string(check, "name"));
		between = "; ";
	}
}

/* Each reason once, with all that could not be checked because of it. */
static void print_not_done(const struct term *term, struct json_object *checks)
{
	char text[24 * 64 + REASON_SHOWN];

	for (size_t i = 0; i < reply_length(checks); i++) {
		if (reply_bool(reply_at(checks, i), "done") || !is_first_of_reason(checks, i))
			continue;
		text[0] = '\0';
		add_names(checks, i, text, sizeof(text) - REASON_SHOWN - 4);
		snprintf(text + strlen(text), sizeof(text) - strlen(text), " (%.*s)", REASON_SHOWN,
			 reason_of(reply_at(checks, i)));
		fputs(term_colour(term, COLOUR_DIM), term->out);
		term_wrap(term, "not checked: ", 13, text);
		fputs(term_colour(term, COLOUR_NONE), term->out);
	}
}

/* Where one line has to do: the reason, if there is only one. */
static void add_only_reason(struct json_object *checks, char *text, size_t size)
{
	size_t reasons = 0, last = 0;

	for (size_t i = 0; i < reply_length(checks); i++)
		if (!reply_bool(reply_at(checks, i), "done") && is_first_of_reason(checks, i)) {
			reasons++;
			last = i;
		}
	if (reasons == 1)
		snprintf(text + strlen(text), size - strlen(text), " (%.*s)", REASON_SHOWN,
			 reason_of(reply_at(checks, last)));
}

static void print_findings(const struct term *term, struct json_object *answer,
			   struct json_object *regions)
{
	struct json_object *findings = reply_array(answer, "findings");
	struct json_object *vm = reply_object(answer, "vm");
	char title[VM_TEXT_MAX], state[VM_TEXT_MAX];

	for (size_t i = 0; i < reply_length(findings); i++) {
		print_separator(term, i);
		fprintf(term->out, "%s%s, %.40s, %s%s\n", term_colour(term, COLOUR_BOLD),
			vm_title(vm, title),
			reply_string(vm, reply_has(vm, "machine") ? "machine" : "vmm"),
			vm_state(vm, state), term_colour(term, COLOUR_NONE));
		print_finding(term, reply_at(findings, i), regions, NULL);
	}
}

static bool has_ended(struct json_object *answer)
{
	return strcmp(reply_string(reply_object(answer, "vm"), "state"), "ended") == 0;
}

/* "ok" is only what runs and was checked in full: all else is less than good news. */
static void print_no_finding(const struct term *term, struct json_object *answer, bool in_one_line)
{
	struct json_object *checks = reply_array(answer, "checks");
	struct json_object *vm = reply_object(answer, "vm");
	char text[4 * VM_TEXT_MAX + REASON_SHOWN], title[VM_TEXT_MAX], state[VM_TEXT_MAX];
	size_t all = reply_length(checks), done = all - count_not_done(checks);

	snprintf(text, sizeof(text), "%s: ", vm_title(vm, title));
	if (has_ended(answer))
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s; ",
			 vm_state(vm, state));
	if (done == 0)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "nothing could be checked");
	else if (done < all || has_ended(answer))
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "no finding, %zu of %zu checks done", done, all);
	else
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "ok");
	if (in_one_line)
		add_only_reason(checks, text, sizeof(text));
	/* What was seen of it while it ran is worth more now than what is left to check. */
	if (has_ended(answer))
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 reply_has(vm, "worst") ? "; \"nisvctl explain %.40s\" says why"
						: "; no fault of it was seen",
			 reply_string(vm, "id"));
	term_wrap(term, "", 4, text);
}

static void print_vm(const struct term *term, struct json_object *answer,
		     struct json_object *regions, bool in_one_line)
{
	bool has_findings = reply_length(reply_array(answer, "findings")) > 0;

	if (has_findings)
		print_findings(term, answer, regions);
	else
		print_no_finding(term, answer, in_one_line);
	if (in_one_line || count_not_done(reply_array(answer, "checks")) == 0)
		return;
	if (has_findings)
		putc('\n', term->out);
	print_not_done(term, reply_array(answer, "checks"));
}

static bool is_well(struct json_object *answer)
{
	return reply_length(reply_array(answer, "findings")) == 0;
}

static bool all_are_well(struct json_object *vms)
{
	for (size_t i = 0; i < reply_length(vms); i++)
		if (!is_well(reply_at(vms, i)))
			return false;
	return true;
}

/* Of many VMs the findings may be pages: last comes whose they are. */
static void print_sum(const struct term *term, struct json_object *vms)
{
	char text[512] = "", title[VM_TEXT_MAX];
	size_t n = 0;

	for (size_t i = 0; i < reply_length(vms); i++) {
		struct json_object *answer = reply_at(vms, i);

		if (is_well(answer))
			continue;
		if (strlen(text) < sizeof(text) - VM_TEXT_MAX - 32)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s %zu",
				 n ? ", " : "", vm_title(reply_object(answer, "vm"), title),
				 reply_length(reply_array(answer, "findings")));
		else if (!strstr(text, ", ..."))
			snprintf(text + strlen(text), sizeof(text) - strlen(text), ", ...");
		n++;
	}
	if (!n)
		return;
	fprintf(term->out, "\n");
	snprintf(title, sizeof(title), "%zu of %zu VMs %s findings: ", n, reply_length(vms),
		 n == 1 ? "has" : "have");
	term_wrap(term, title, (int)strlen(title), text);
}

static int print_reply(const struct options *options, struct client *client,
		       struct json_object *reply, bool is_one, const void *userdata)
{
	struct json_object *vms = reply_array(reply, "vms"), *map = NULL, *regions = NULL;
	struct term term;

	(void)userdata;
	if (reply_length(vms) == 0) {
		error_note(options, is_one ? "the VM has just ended" : "no VM is running");
		return NISV_EXIT_OK;
	}
	if (is_one && !is_well(reply_at(vms, 0)))
		regions = vm_regions_get(client, reply_object(reply_at(vms, 0), "vm"), &map);
	term_open(&term, options, true);
	for (size_t i = 0; i < reply_length(vms); i++) {
		if (i && !is_well(reply_at(vms, i - 1)))
			print_separator(&term, i);
		print_vm(&term, reply_at(vms, i), regions, !is_one);
	}
	if (reply_int(reply, "omitted_vms") > 0)
		fprintf(term.out,
			"and %" PRId64 " more VMs, for which the answer had no room: name them\n",
			reply_int(reply, "omitted_vms"));
	if (!is_one && !options->no_legend)
		print_sum(&term, vms);
	if (options->verbose)
		glossary_print(&term, vms);
	json_object_put(map);
	return term_close(&term, options);
}

static bool has_findings(struct json_object *reply)
{
	return !all_are_well(reply_array(reply, "vms"));
}

int verb_verify(const struct options *options, int argc, char **argv)
{
	static const struct findings_verb verb = {NISV_METHOD_VERIFY, print_reply, has_findings,
						  NULL};

	return findings_verb_run(options, &verb, client_params("vm", argc > 0 ? argv[0] : NULL),
				 argc > 0);
}
