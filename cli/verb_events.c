/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cell.h"
#include "cli/client.h"
#include "cli/format.h"
#include "cli/json_make.h"
#include "cli/reply.h"
#include "cli/vm_text.h"

/*
 * The faults one by one. Without -f they are taken from the dossiers, which end; with -f from a
 * subscription, which begins with the present state and does not.
 */

#define VM_WIDTH 16
#define INDENT	 16 /* of the lines that follow: below the VM */

struct printer {
	const struct options *options;
	struct term term;
	struct json_object *names; /* VM key -> name, of the VMs that run */
	char newest[40];	   /* time of the newest fault printed: a restarted daemon tells the
				      present state again */
	bool resumed;
	int64_t dropped;
	bool headed;
};

/* ---- one event --------------------------------------------------------------------------- */

static const char *vm_name(struct printer *p, struct json_object *event)
{
	const char *name = reply_string(p->names, reply_string(event, "vm_key"));

	return *name ? name : "-";
}

/* On a terminal what is long is cut or wrapped; elsewhere it is a line, whole. */
static void print_fault(struct printer *p, struct json_object *event)
{
	struct json_object *fault = reply_object(event, "fault");
	const char *instruction = reply_string(fault, "instruction"), *name = vm_name(p, event);
	char clock[FORMAT_MAX], times[FORMAT_MAX], outcome[VM_TEXT_MAX], cut[4 * VM_WIDTH + 8];
	char first[512], text[512], so_far[FORMAT_MAX + 16] = "";
	int fill = VM_WIDTH - (int)term_columns(name);

	if (!p->headed && !p->options->no_legend)
		fprintf(p->term.out, "%s%-15s %-*s %-10s %-12s %s%s\n",
			term_colour(&p->term, COLOUR_BOLD), "TIME", VM_WIDTH, "VM", "KIND",
			"ADDRESS", "INSTRUCTION, OUTCOME", term_colour(&p->term, COLOUR_NONE));
	p->headed = true;
	if (p->term.terminal && fill < 0) {
		fill = VM_WIDTH - (int)cell_cut(&p->term, name, VM_WIDTH, cut, sizeof(cut));
		name = cut;
	}
	/* Details of a storm come at the 1st, 2nd, 4th, 8th ... time. */
	if (reply_int(fault, "count") > 1)
		snprintf(so_far, sizeof(so_far), ", %s so far",
			 format_times(reply_int(fault, "count"), times));
	snprintf(first, sizeof(first), "%-15s %.256s%*s %-10.32s %-12.32s ",
		 format_clock(reply_string(fault, "time"), clock), name, fill > 0 ? fill : 0, "",
		 reply_string(fault, "kind"), site_address(fault));
	snprintf(text, sizeof(text), "%.256s, %s%s", *instruction ? instruction : "(not read)",
		 site_outcome(fault, outcome), so_far);
	if (p->term.terminal)
		term_wrap(&p->term, first, INDENT, text);
	else
		fprintf(p->term.out, "%s%s\n", first, text);
}

/* As Subscribe sends it, also where it was taken from a dossier. */
static void print_json(const struct printer *p, struct json_object *event)
{
	struct json_object *o = json_make_object();

	json_add(o, "event", json_object_get(event));
	json_add(o, "dropped", json_make_int(p->dropped));
	reply_print(stdout, JSON_SHORT, o);
	json_object_put(o);
}

/* @event is borrowed. */
static void handle_event(struct printer *p, struct json_object *event)
{
	const char *type = reply_string(event, "event"), *key = reply_string(event, "vm_key");
	struct json_object *vm = reply_object(event, "vm");
	const char *time = reply_string(event, "time");

	if (strcmp(type, "vm") == 0 && vm)
		json_add(p->names, key, json_make_string(reply_string(vm, "name")));
	if (strcmp(type, "fault") == 0) {
		/* ISO 8601 times of one form: the order of the text is that of the time. */
		if (p->resumed && strcmp(time, p->newest) <= 0)
			return;
		if (strcmp(time, p->newest) > 0)
			snprintf(p->newest, sizeof(p->newest), "%s", time);
		if (p->options->json != JSON_OFF)
			print_json(p, event);
		else
			print_fault(p, event);
	}
	if (strcmp(type, "end") == 0)
		json_object_object_del(p->names, key);
}

static void handle_dropped(struct printer *p, int64_t dropped)
{
	if (dropped < 0)
		return;
	if (dropped > p->dropped)
		error_note(p->options, "%" PRId64 " events were lost: this reader is too slow",
			   dropped - p->dropped);
	p->dropped = dropped;
}

/* ---- the present --------------------------------------------------------------------------- */

static int by_time(const void *a, const void *b)
{
	return strcmp(reply_string(*(struct json_object *const *)a, "time"),
		      reply_string(*(struct json_object *const *)b, "time"));
}

/* Adds the events of one VM's dossier to @list; its first line is the header and no event. */
static int read_dossier(struct client *client, const char *vm, struct json_object *list)
{
	struct json_object *reply;
	int status = NISV_EXIT_OK;
	bool more = true;

	client_start(client, NISV_METHOD_GET_DOSSIER, client_params("vm", vm));
	while (status == NISV_EXIT_OK && more) {
		status = client_next(client, &reply, &more);
		if (status == CLIENT_LOST)
			return client_lost(client);
		if (status != NISV_EXIT_OK)
			break;
		if (reply_has(reply_object(reply, "line"), "event"))
			json_append(list, json_object_get(reply_object(reply, "line")));
		json_object_put(reply);
	}
	return status;
}

static int print_present(struct printer *p, struct client *client, const char *vm)
{
	struct json_object *list = json_make_array(), *params, *reply = NULL, *vms;
	int status = NISV_EXIT_OK;

	if (vm) {
		status = read_dossier(client, vm, list);
	} else {
		params = json_make_object();
		json_add(params, "all", json_make_bool(true));
		status = client_call(client, NISV_METHOD_LIST_VMS, params, &reply);
		vms = status == NISV_EXIT_OK ? reply_array(reply, "vms") : NULL;
		client_allow_gone(client); /* forgotten since it was listed */
		for (size_t i = 0; i < reply_length(vms) && status == NISV_EXIT_OK; i++) {
			status = read_dossier(client, reply_string(reply_at(vms, i), "key"), list);
			if (status == NISV_EXIT_NO_SUCH_VM)
				status = NISV_EXIT_OK;
		}
		json_object_put(reply);
	}
	for (size_t i = 0; i < reply_length(list); i++)
		if (strcmp(reply_string(reply_at(list, i), "event"), "vm") == 0)
			handle_event(p, reply_at(list, i));
	json_object_array_sort(list, by_time);
	for (size_t i = 0; i < reply_length(list); i++)
		if (strcmp(reply_string(reply_at(list, i), "event"), "fault") == 0)
			handle_event(p, reply_at(list, i));
	json_object_put(list);
	return status;
}

/* ---- what comes ---------------------------------------------------------------------------- */

/* Until the conversation ends: CLIENT_LOST or an exit status. */
static int follow(struct printer *p, struct client *client, const char *vm)
{
	int status = NISV_EXIT_OK;
	struct json_object *reply;
	bool more = true;

	client_start(client, NISV_METHOD_SUBSCRIBE, client_params("vm", vm));
	client_watch_output(client);
	while (status == NISV_EXIT_OK && more) {
		status = client_next(client, &reply, &more);
		if (status == CLIENT_UNREAD)
			return NISV_EXIT_OK;
		if (status != NISV_EXIT_OK)
			return status;
		handle_dropped(p, reply_int(reply, "dropped"));
		handle_event(p, reply_object(reply, "event"));
		json_object_put(reply);
		status = term_flush_stdout(p->options);
	}
	return status;
}

int verb_events(const struct options *options, int argc, char **argv)
{
	const char *vm = argc > 0 ? argv[0] : NULL;
	struct printer p = {.options = options, .names = json_make_object()};
	struct client *client = NULL;
	int status = client_open(options, CLIENT_DAEMON, &client);

	term_open(&p.term, options, false);
	if (status == NISV_EXIT_OK && (!options->follow || options->file)) {
		status = print_present(&p, client, vm);
		client_close(client);
	} else if (status == NISV_EXIT_OK) {
		while ((status = follow(&p, client, vm)) == CLIENT_LOST &&
		       client_can_return(client)) {
			error_note(options,
				   "nisvd ended the conversation; waiting for it to come back");
			client = client_close(client);
			p.dropped = 0;
			p.resumed = true;
			status = client_reopen(options, -1, &client);
			if (status != NISV_EXIT_OK)
				break;
			error_note(options, "nisvd is back");
		}
		if (status == CLIENT_LOST)
			status = client_lost(client);
		client_close(client);
	}
	json_object_put(p.names);
	return status == NISV_EXIT_OK ? term_flush_stdout(options) : status;
}
