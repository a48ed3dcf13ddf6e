/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>

#include "cli/client.h"
#include "cli/format.h"
#include "cli/gaps.h"
#include "cli/map_view.h"
#include "cli/reply.h"
#include "cli/vm_replies.h"
#include "cli/vm_text.h"

static int print_json(const struct options *options, const char *query)
{
	struct json_object *reply;
	int status =
		client_ask(options, NISV_METHOD_GET_FAULT_MAP, client_params("vm", query), &reply);

	if (status != NISV_EXIT_OK)
		return status;
	reply_print(stdout, options->json, reply);
	json_object_put(reply);
	return term_flush_stdout(options);
}

static void print_title(const struct term *term, struct json_object *vm)
{
	struct json_object *mmio = reply_object(vm, "mmio");
	char title[VM_TEXT_MAX], aborts[VM_TEXT_MAX], text[2 * VM_TEXT_MAX + 180],
		reads[FORMAT_MAX], writes[FORMAT_MAX];

	vm_aborts_text(reply_object(vm, "aborts"), aborts);
	snprintf(text, sizeof(text), "%s%s%.60s: aborts %s; MMIO %s, %s", vm_title(vm, title),
		 reply_has(vm, "machine") ? ", " : "", reply_string(vm, "machine"), aborts,
		 format_counted(reply_int(mmio, "reads"), "read", reads),
		 format_counted(reply_int(mmio, "writes"), "write", writes));
	term_wrap(term, "", 0, text);
	putc('\n', term->out);
}

static void print_unplaced(const struct term *term, struct json_object *vm)
{
	struct json_object *mmio = reply_object(vm, "mmio");
	char text[200];

	if (!reply_int(vm, "unplaced_aborts") && !reply_int(mmio, "unplaced"))
		return;
	snprintf(text, sizeof(text),
		 "Not placed (the VM's budget of places is used up): %" PRId64 " aborts, %" PRId64
		 " MMIO accesses",
		 reply_int(vm, "unplaced_aborts"), reply_int(mmio, "unplaced"));
	putc('\n', term->out);
	term_wrap(term, "", 0, text);
}

int verb_map(const struct options *options, int argc, char **argv)
{
	struct vm_replies replies;
	struct json_object *vm;
	struct map_rows rows;
	struct term term;
	int status;

	(void)argc;
	if (options->json != JSON_OFF)
		return print_json(options, argv[0]);
	status = vm_replies_get(options, argv[0], &replies);
	if (status != NISV_EXIT_OK)
		return status;
	if (!map_rows_build(replies.map, replies.vm, &rows)) {
		vm_replies_clear(&replies);
		return error_report(options, NISV_EXIT_FAILURE, NULL, NULL,
				    "no memory to draw the map with");
	}
	vm = reply_object(replies.map, "vm");
	term_open(&term, options, true);
	if (!options->no_legend)
		print_title(&term, vm);
	map_view_print(&term, options, &rows);
	gaps_print(&term, replies.vm, NULL);
	print_unplaced(&term, vm);
	map_rows_clear(&rows);
	vm_replies_clear(&replies);
	return term_close(&term, options);
}
