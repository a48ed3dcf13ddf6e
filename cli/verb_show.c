/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <string.h>

#include "cli/client.h"
#include "cli/format.h"
#include "cli/gaps.h"
#include "cli/layers_table.h"
#include "cli/reply.h"
#include "cli/slot_changes.h"
#include "cli/vm_replies.h"
#include "cli/vm_text.h"

/* Which reference map, why, and how sure that is; also where none was chosen. */
static void print_machine(const struct term *term, struct json_object *reply)
{
	struct json_object *vm = reply_object(reply, "vm");
	const char *reason = reply_string(reply, "machine_reason");
	char buf[512];

	if (reply_has(vm, "machine"))
		snprintf(buf, sizeof(buf), "%.60s, %s%s%.300s", reply_string(vm, "machine"),
			 format_confidence(reply_double(reply, "machine_confidence")),
			 *reason ? ": " : "", reason);
	else
		snprintf(buf, sizeof(buf), "unknown%s%.300s", *reason ? ": " : "", reason);
	print_field(term, "Machine", buf);
}

static bool vm_is(struct json_object *vm, const char *state)
{
	return strcmp(reply_string(vm, "state"), state) == 0;
}

/* Where nothing is known of the guest. */
static const char *guest_state(const char *state, struct json_object *vm)
{
	static const struct {
		const char *state, *text;
	} texts[] = {
		{"unread", "not looked at yet"},
		{"not-found", "nothing found"},
		{"off", "not looked at (InspectGuestMemory=no)"},
		{"protected", "protected, so never looked at"},
		{"bad", "broken"},
	};

	if (vm_is(vm, "ended") && strcmp(state, "unread") == 0)
		return "the VM ended before it was looked at";
	if (vm_is(vm, "traced"))
		return "no trace tells";
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(state, texts[i].state) == 0)
			return texts[i].text;
	return state;
}

static void print_guest(const struct term *term, struct json_object *guest, struct json_object *vm)
{
	const char *source = reply_string(guest, "source"), *reason = reply_string(guest, "reason");
	bool found = strcmp(reply_string(guest, "state"), "found") == 0;
	int64_t cpus = reply_int(guest, "cpus"), dropped = reply_int(guest, "dropped_ranges");
	char buf[512];
	size_t n;

	if (!guest)
		return;
	if (!found)
		n = (size_t)snprintf(buf, sizeof(buf), "%.40s",
				     guest_state(reply_string(guest, "state"), vm));
	else
		n = (size_t)snprintf(buf, sizeof(buf), "%.20s at %.24s",
				     strcmp(source, "e820") == 0 ? "E820 table" : "device tree",
				     reply_string(guest, "address"));
	if (cpus)
		n += (size_t)snprintf(buf + n, sizeof(buf) - n, ", %" PRId64 " CPU%s", cpus,
				      cpus == 1 ? "" : "s");
	if (reply_has(guest, "gic"))
		n += (size_t)snprintf(buf + n, sizeof(buf) - n, ", GIC%.8s",
				      reply_string(guest, "gic"));
	if (dropped)
		n += (size_t)snprintf(buf + n, sizeof(buf) - n,
				      ", %" PRId64 " ranges more than are kept", dropped);
	if (*reason)
		snprintf(buf + n, sizeof(buf) - n, ": %.200s", reason);
	print_field(term, "Guest", buf);
}

static void print_identity(const struct term *term, struct json_object *reply)
{
	struct json_object *vm = reply_object(reply, "vm"), *cmdline = reply_array(vm, "cmdline");
	char buf[1024];

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
	print_machine(term, reply);
	print_guest(term, reply_object(reply, "guest"), vm);
	print_field(term, "Watched", format_since(reply_string(vm, "since"), buf));
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
	char buf[VM_TEXT_MAX], reads[FORMAT_MAX], writes[FORMAT_MAX];

	print_heading(term, "Counts");
	print_field(term, "Aborts", vm_aborts_text(reply_object(vm, "aborts"), buf));
	if (reply_has(vm, "last_abort"))
		print_field(term, "Last abort", format_ago(reply_string(vm, "last_abort"), buf));
	snprintf(buf, sizeof(buf), "%s, %s, %" PRId64 " served by the VMM, %" PRId64 " per second",
		 format_counted(reply_int(mmio, "reads"), "read", reads),
		 format_counted(reply_int(mmio, "writes"), "write", writes),
		 reply_int(mmio, "user"), reply_int(mmio, "per_second"));
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

/* What is no stretch of the usual address space: limits, modes, what could not be read. */
static void print_limits(const struct term *term, struct json_object *vm,
			 struct json_object *layout)
{
	char buf[VM_TEXT_MAX], size[FORMAT_MAX];
	size_t n;

	n = (size_t)snprintf(buf, sizeof(buf), "%s",
			     format_bytes((uint64_t)reply_int(vm, "ram_bytes"), size));
	if (reply_has(vm, "vcpus"))
		n += (size_t)snprintf(buf + n, sizeof(buf) - n, ", %" PRId64 " vCPU%s",
				      reply_int(vm, "vcpus"),
				      reply_int(vm, "vcpus") == 1 ? "" : "s");
	if (reply_has(layout, "ipa_bits"))
		snprintf(buf + n, sizeof(buf) - n, ", addresses of %" PRId64 " bits",
			 reply_int(layout, "ipa_bits"));
	print_field(term, "RAM", buf);
	if (reply_bool(layout, "is_32bit"))
		print_field(term, "CPU mode", "AArch32");
	if (reply_bool(layout, "is_protected"))
		print_field(term, "Protected", "yes: its memory is not the host's to read");
	if (reply_bool(layout, "nisv_to_user"))
		print_field(term, "NISV",
			    "the VMM takes undescribed accesses itself "
			    "(KVM_CAP_ARM_NISV_TO_USER)");
	if (strcmp(reply_string(layout, "state"), "unstable") == 0)
		print_field(term, "Reading", "the slots changed while they were read");
	if (reply_has(layout, "backing_reason")) {
		const char *reason = reply_string(layout, "backing_reason");

		/* What ended is not going to be read. */
		if (vm_is(vm, "ended") && strcmp(reason, "not read yet") == 0)
			reason = "the VM ended before it was looked at";
		snprintf(buf, sizeof(buf), "not known: %.140s", reason);
		print_field(term, "Backing", buf);
	}
}

/* Of @total, @n are shown. */
static void print_more(const struct term *term, int64_t total, int64_t n, const char *what)
{
	char text[120];

	if (total <= n)
		return;
	snprintf(text, sizeof(text), "and %" PRId64 " %s", total - n, what);
	term_wrap(term, "  ", 2, text);
}

/* What the table leaves out. */
static void print_left_out(const struct term *term, struct json_object *layout)
{
	struct json_object *slots = reply_array(layout, "slots"), *bus = reply_array(layout, "bus");
	int64_t smm = 0;

	for (size_t i = 0; i < reply_length(slots); i++)
		smm += reply_int(reply_at(slots, i), "address_space") != 0;
	print_more(term, smm, 0,
		   smm == 1 ? "slot of another address space (SMM)"
			    : "slots of another address space (SMM)");
	print_more(term, reply_int(layout, "total_slots"), (int64_t)reply_length(slots),
		   "more slots than one record holds");
	print_more(term, reply_int(layout, "total_bus"), (int64_t)reply_length(bus),
		   "more bus ranges than one record holds");
}

static void print_layout(const struct term *term, const struct options *options,
			 const struct vm_replies *replies)
{
	struct json_object *vm = reply_object(replies->vm, "vm");
	struct json_object *layout = reply_object(replies->vm, "layout");
	struct layers layers;

	print_heading(term, "Memory layout");
	if (layout)
		print_limits(term, vm, layout);
	else
		term_wrap(term, "", 0, "not known: no memory layout of this VM was captured");
	if (!layers_build(replies->vm, replies->map, &layers))
		return;
	if (layers.n) {
		putc('\n', term->out);
		layers_table_print(term, options, &layers);
	}
	print_left_out(term, layout);
	gaps_print(term, replies->vm, &layers);
	layers_clear(&layers);
	slot_changes_print(term, layout);
}

static int print_json(const struct options *options, const char *query)
{
	struct json_object *reply;
	int status = client_ask(options, NISV_METHOD_GET_VM, client_params("vm", query), &reply);

	if (status != NISV_EXIT_OK)
		return status;
	reply_print(stdout, options->json, reply);
	json_object_put(reply);
	return term_flush_stdout(options);
}

int verb_show(const struct options *options, int argc, char **argv)
{
	struct vm_replies replies;
	struct term term;
	int status;

	(void)argc;
	if (options->json != JSON_OFF)
		return print_json(options, argv[0]);
	status = vm_replies_get(options, argv[0], &replies);
	if (status != NISV_EXIT_OK)
		return status;
	term_open(&term, options, true);
	print_identity(&term, replies.vm);
	print_counts(&term, reply_object(replies.vm, "vm"));
	print_layout(&term, options, &replies);
	vm_replies_clear(&replies);
	return term_close(&term, options);
}
