/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <string.h>

#include "cli/client.h"
#include "cli/format.h"
#include "cli/reply.h"
#include "cli/table.h"
#include "cli/vm_text.h"

static void print_identity(const struct term *term, struct json_object *reply)
{
	struct json_object *vm = reply_object(reply, "vm"), *cmdline = reply_array(vm, "cmdline");
	char buf[1024], time[FORMAT_MAX], ago[FORMAT_MAX];

	snprintf(buf, sizeof(buf), "%.100s (from %.30s)", reply_string(vm, "name"),
		 reply_string(vm, "name_source"));
	print_field(term, "Name", buf);
	print_field(term, "Id", reply_string(vm, "id"));
	print_field(term, "Key", reply_string(vm, "key"));
	print_field(term, "UUID", reply_string(vm, "uuid"));
	print_field(term, "State", vm_state(vm, buf));
	snprintf(buf, sizeof(buf), "%.60s, pid %" PRId64, reply_string(vm, "vmm"),
		 reply_int(vm, "pid"));
	print_field(term, "VMM", buf);
	if (reply_has(vm, "machine")) {
		snprintf(buf, sizeof(buf), "%.60s, %s: %.200s", reply_string(vm, "machine"),
			 format_confidence(reply_double(reply, "machine_confidence")),
			 reply_string(reply, "machine_reason"));
		print_field(term, "Machine", buf);
	}
	snprintf(buf, sizeof(buf), "%s (%s)", format_time(reply_string(vm, "since"), time),
		 format_ago(reply_string(vm, "since"), ago));
	print_field(term, "Watched", buf);
	print_field(term, "Cgroup", reply_string(vm, "cgroup"));
	if (reply_length(cmdline)) {
		size_t n = 0;

		for (size_t i = 0; i < reply_length(cmdline) && n < sizeof(buf); i++)
			n += (size_t)snprintf(buf + n, sizeof(buf) - n, "%s%s", i ? " " : "",
					      reply_string_at(cmdline, i));
		if (n >= sizeof(buf))
			memcpy(buf + sizeof(buf) - 4, "...", 4);
		print_field(term, "Command", buf);
	}
}

static void print_counts(const struct term *term, struct json_object *vm)
{
	struct json_object *mmio = reply_object(vm, "mmio"), *worst = reply_object(vm, "worst");
	char buf[VM_TEXT_MAX];

	print_heading(term, "Counts");
	print_field(term, "Aborts", vm_aborts_text(reply_object(vm, "aborts"), buf));
	if (reply_has(vm, "last_abort"))
		print_field(term, "Last abort", format_ago(reply_string(vm, "last_abort"), buf));
	snprintf(buf, sizeof(buf),
		 "%" PRId64 " reads, %" PRId64 " writes, %" PRId64 " served by the VMM, %" PRId64
		 " per second",
		 reply_int(mmio, "reads"), reply_int(mmio, "writes"), reply_int(mmio, "user"),
		 reply_int(mmio, "per_second"));
	print_field(term, "MMIO", buf);
	if (worst) {
		snprintf(buf, sizeof(buf), "%.20s: %.60s, %s; \"nisvctl explain %.40s\" says why",
			 reply_string(worst, "severity"), reply_string(worst, "cause"),
			 format_confidence(reply_double(worst, "confidence")),
			 reply_string(vm, "id"));
		print_field(term, "Worst", buf);
	}
	if (reply_int(vm, "lost_records") || reply_int(vm, "suppressed") ||
	    reply_int(vm, "unplaced_aborts") || reply_int(mmio, "unplaced")) {
		snprintf(buf, sizeof(buf),
			 "%" PRId64 " records lost, %" PRId64
			 " withheld by the rate limit; without "
			 "a place: %" PRId64 " aborts, %" PRId64 " MMIO accesses",
			 reply_int(vm, "lost_records"), reply_int(vm, "suppressed"),
			 reply_int(vm, "unplaced_aborts"), reply_int(mmio, "unplaced"));
		print_field(term, "Not shown", buf);
	}
}

static void print_slots(const struct term *term, const struct options *options,
			struct json_object *layout)
{
	static const struct table_column columns[] = {
		{.name = "SLOT", .right = true}, {.name = "FROM"}, {.name = "TO"},
		{.name = "SIZE", .right = true}, {.name = "HOST"}, {.name = "FLAGS"},
	};
	struct json_object *slots = reply_array(layout, "slots");
	struct table *table =
		table_new(term, columns, sizeof(columns) / sizeof(columns[0]), !options->no_legend);
	char buf[VM_TEXT_MAX];

	for (size_t i = 0; i < reply_length(slots); i++) {
		struct json_object *slot = reply_at(slots, i), *flags = reply_array(slot, "flags");
		struct libscols_line *row = table_row(table, NULL);
		uint64_t size = (uint64_t)reply_int(slot, "size_bytes");
		size_t n = 0;

		snprintf(buf, sizeof(buf), "%" PRId64 "%s", reply_int(slot, "slot_id"),
			 reply_int(slot, "address_space") ? " (SMM)" : "");
		table_set(table, row, 0, buf, COLOUR_NONE);
		table_set(table, row, 1, reply_string(slot, "gpa"), COLOUR_NONE);
		snprintf(buf, sizeof(buf), "0x%" PRIx64, reply_address(slot, "gpa") + size - 1);
		table_set(table, row, 2, buf, COLOUR_NONE);
		table_set(table, row, 3, format_bytes(size, buf), COLOUR_NONE);
		table_set(table, row, 4, reply_string(slot, "hva"), COLOUR_DIM);
		buf[0] = 0;
		for (size_t k = 0; k < reply_length(flags) && n < sizeof(buf); k++)
			n += (size_t)snprintf(buf + n, sizeof(buf) - n, "%s%s", k ? " " : "",
					      reply_string_at(flags, k));
		table_set(table, row, 5, buf, COLOUR_NONE);
	}
	table_print(table);
	table_free(table);
}

static void print_layout(const struct term *term, const struct options *options,
			 struct json_object *vm, struct json_object *layout)
{
	struct json_object *redists = reply_array(layout, "vgic_redistributors");
	int64_t total = reply_int(layout, "total_slots");
	int64_t shown = (int64_t)reply_length(reply_array(layout, "slots"));
	char buf[VM_TEXT_MAX], size[FORMAT_MAX];

	print_heading(term, "Memory layout");
	if (!layout) {
		term_wrap(term, "", 0, "not known: no memory layout of this VM was captured");
		return;
	}
	snprintf(buf, sizeof(buf), "%s, %" PRId64 " vCPUs",
		 format_bytes((uint64_t)reply_int(vm, "ram_bytes"), size), reply_int(vm, "vcpus"));
	print_field(term, "RAM", buf);
	if (reply_has(layout, "ipa_bits")) {
		snprintf(buf, sizeof(buf), "%" PRId64 " bits", reply_int(layout, "ipa_bits"));
		print_field(term, "IPA size", buf);
	}
	if (strcmp(reply_string(layout, "vgic"), "none") != 0) {
		snprintf(buf, sizeof(buf), "GIC%.8s, distributor at %.20s%s%.20s",
			 reply_string(layout, "vgic"),
			 reply_has(layout, "vgic_distributor")
				 ? reply_string(layout, "vgic_distributor")
				 : "no address",
			 reply_has(layout, "vgic_cpu_interface") ? ", CPU interface at " : "",
			 reply_string(layout, "vgic_cpu_interface"));
		print_field(term, "Interrupts", buf);
	}
	for (size_t i = 0; i < reply_length(redists); i++) {
		struct json_object *redist = reply_at(redists, i);

		snprintf(buf, sizeof(buf), "redistributors at %.20s", reply_string(redist, "base"));
		print_field(term, "", buf);
	}
	if (reply_bool(layout, "is_protected"))
		print_field(term, "Protected", "yes: its memory is not the host's to read");
	if (reply_bool(layout, "nisv_to_user"))
		print_field(term, "NISV",
			    "the VMM takes undescribed accesses itself "
			    "(KVM_CAP_ARM_NISV_TO_USER)");
	putc('\n', term->out);
	print_slots(term, options, layout);
	if (total > shown)
		fprintf(term->out, "and %" PRId64 " slots more than one record holds\n",
			total - shown);
}

int verb_show(const struct options *options, int argc, char **argv)
{
	struct json_object *reply, *vm;
	struct term term;
	int status;

	(void)argc;
	status = client_ask(options, NISV_METHOD_GET_VM, client_params("vm", argv[0]), &reply);
	if (status != NISV_EXIT_OK)
		return status;
	if (options->json != JSON_OFF) {
		reply_print(stdout, options->json, reply);
		status = term_flush_stdout(options);
	} else {
		vm = reply_object(reply, "vm");
		term_open(&term, options, true);
		print_identity(&term, reply);
		print_counts(&term, vm);
		print_layout(&term, options, vm, reply_object(reply, "layout"));
		status = term_close(&term, options);
	}
	json_object_put(reply);
	return status;
}
