/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <string.h>

#include "cli/cell.h"
#include "cli/client.h"
#include "cli/format.h"
#include "cli/json_make.h"
#include "cli/reply.h"
#include "cli/table.h"
#include "cli/vm_text.h"

static bool is_unique(struct json_object *vms, const char *member, const char *value)
{
	size_t n = 0;

	for (size_t i = 0; i < reply_length(vms); i++)
		n += strcmp(reply_string(reply_at(vms, i), member), value) == 0;
	return *value && n == 1;
}

/* What selects each VM, for completion and loops. An id may be that of a VM of an earlier boot,
 * too. */
static void print_names(struct json_object *vms)
{
	static const char *const members[] = {"name", "id", "key"};

	for (size_t i = 0; i < reply_length(vms); i++) {
		struct json_object *vm = reply_at(vms, i);
		size_t m = 0;

		while (m < 2 && !is_unique(vms, members[m], reply_string(vm, members[m])))
			m++;
		puts(reply_string(vm, members[m]));
	}
}

/*
 * A terminal that is narrower than WIDE shows who has which finding, and leaves out what the VM is
 * made of: `show` has it. The others are what the columns beside NAME take, where WORST is cut to
 * the severity and the first words of the cause.
 */
#define WIDE		 110
#define OTHERS_WIDE	 86
#define OTHERS_NARROW	 58
#define NAME_COLUMNS_MIN 10

static bool is_narrow(const struct term *term)
{
	return term->terminal && term->width < WIDE;
}

static void set_name(struct table *table, struct libscols_line *row, const struct term *term,
		     struct json_object *vm, bool ended)
{
	int columns = term->width - (is_narrow(term) ? OTHERS_NARROW : OTHERS_WIDE);
	char name[VM_TEXT_MAX], cut[4 * VM_TEXT_MAX];

	snprintf(name, sizeof(name), "%.120s%s", reply_string(vm, "name"),
		 vm_is_unwatched(vm) ? " (not watched)"
		 : ended	     ? " (ended)"
				     : "");
	if (term->terminal)
		cell_cut(term, name,
			 (size_t)(columns < NAME_COLUMNS_MIN ? NAME_COLUMNS_MIN : columns), cut,
			 sizeof(cut));
	table_set(table, row, 1, term->terminal ? cut : name, ended ? COLOUR_DIM : COLOUR_NONE);
}

static void set_row(struct table *table, const struct term *term, struct json_object *vm)
{
	struct libscols_line *row = table_row(table);
	struct json_object *worst = reply_object(vm, "worst"), *mmio = reply_object(vm, "mmio");
	bool ended = strcmp(reply_string(vm, "state"), "ended") == 0;
	const char *severity = reply_string(worst, "severity");
	char buf[VM_TEXT_MAX];

	table_set(table, row, 0, reply_string(vm, "id"), ended ? COLOUR_DIM : COLOUR_NONE);
	set_name(table, row, term, vm, ended);
	table_set(table, row, 2, reply_string(vm, "vmm"), COLOUR_NONE);
	snprintf(buf, sizeof(buf), "%" PRId64, reply_int(vm, "vcpus"));
	table_set(table, row, 3, reply_has(vm, "vcpus") ? buf : "-", COLOUR_NONE);
	format_bytes((uint64_t)reply_int(vm, "ram_bytes"), buf);
	table_set(table, row, 4, reply_has(vm, "ram_bytes") ? buf : "-", COLOUR_NONE);
	snprintf(buf, sizeof(buf), "%" PRId64, counters_sum(reply_object(vm, "aborts")));
	table_set(table, row, 5, buf, COLOUR_NONE);
	snprintf(buf, sizeof(buf), "%" PRId64, reply_int(mmio, "per_second"));
	table_set(table, row, 6, ended ? "-" : buf, COLOUR_NONE);
	table_set(table, row, 7, format_ago(reply_string(vm, "last_abort"), buf), COLOUR_NONE);
	snprintf(buf, sizeof(buf), "%.30s %.100s", severity, reply_string(worst, "cause"));
	table_set(table, row, 8, worst ? buf : "-", term_severity(severity));
}

static int print_table(const struct options *options, struct json_object *vms)
{
	struct table_column columns[] = {
		{.name = "ID"},
		{.name = "NAME"},
		{.name = "VMM"},
		{.name = "VCPUS", .right = true},
		{.name = "RAM", .right = true},
		{.name = "ABORTS", .right = true},
		{.name = "MMIO/S", .right = true},
		{.name = "LAST-ABORT"},
		{.name = "WORST", .truncate = true},
	};
	struct table *table;
	struct term term;

	term_open(&term, options, true);
	columns[2].hidden = columns[3].hidden = columns[4].hidden = is_narrow(&term);
	table = table_new(&term, columns, sizeof(columns) / sizeof(columns[0]),
			  !options->no_legend);
	for (size_t i = 0; i < reply_length(vms); i++)
		set_row(table, &term, reply_at(vms, i));
	table_print(table);
	table_free(table);
	return term_close(&term, options);
}

static bool have_findings(struct json_object *vms)
{
	for (size_t i = 0; i < reply_length(vms); i++)
		if (reply_has(reply_at(vms, i), "worst"))
			return true;
	return false;
}

int verb_list(const struct options *options, int argc, char **argv)
{
	struct json_object *params = json_make_object(), *reply, *vms;
	int status;

	(void)argc, (void)argv;
	json_add(params, "all", json_make_bool(options->all));
	status = client_ask(options, NISV_METHOD_LIST_VMS, params, &reply);
	if (status != NISV_EXIT_OK)
		return status;
	vms = reply_array(reply, "vms");
	if (options->json != JSON_OFF) {
		reply_print(stdout, options->json, reply);
		status = term_flush_stdout(options);
	} else if (options->quiet) {
		print_names(vms);
		status = term_flush_stdout(options);
	} else if (reply_length(vms) == 0) {
		error_note(options, options->all ? "no VM has been seen"
						 : "no VM is running (-a: those that ended, too)");
	} else {
		status = print_table(options, vms);
	}
	if (status == NISV_EXIT_OK && options->exit_code && have_findings(vms))
		status = NISV_EXIT_FINDINGS;
	json_object_put(reply);
	return status;
}
