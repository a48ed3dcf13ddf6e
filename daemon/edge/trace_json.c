/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/trace_json.h"

#include <inttypes.h>
#include <stdio.h>

#include "daemon/edge/json_make.h"
#include "daemon/edge/model_json.h"

#define REASON_MAX 320

/* An event of the trace. */
struct traced_event {
	enum trace_kind kind;
	enum trace_arch arch; /* UNKNOWN: of both */
	const char *gives;
};

static const struct traced_event traced_events[] = {
	{TRACE_GUEST_FAULT, TRACE_ARCH_ARM64, "address and syndrome of each stage-2 abort"},
	{TRACE_MMIO_NISV, TRACE_ARCH_ARM64,
	 "accesses outside memory that the CPU did not describe (Linux 6.7 and later)"},
	{TRACE_EMULATE_INSN, TRACE_ARCH_X86, "instructions that KVM's emulator gave up on"},
	{TRACE_PAGE_FAULT, TRACE_ARCH_X86, "the address that the emulator gave up on"},
	{TRACE_USERSPACE_EXIT, TRACE_ARCH_UNKNOWN, "what became of each fault"},
	{TRACE_MMIO, TRACE_ARCH_UNKNOWN, "MMIO accesses, counted by place"},
};

static void add(struct json_object *list, const char *name, bool is_there, const char *gives,
		const char *reason, bool lost)
{
	struct json_object *object = json_make_object();

	json_add(object, "name", json_make_string(name));
	json_add(object, "state", json_make_string(is_there ? "in-trace" : "not-in-trace"));
	json_add(object, "gives", json_make_string(gives));
	json_add(object, "reason", model_string(reason));
	json_add(object, "lost", json_make_bool(lost));
	json_add(object, "loses", NULL);
	json_add(object, "how_to_get", NULL);
	json_append(list, object);
}

/* Where the other two are, the undescribed accesses show without kvm_mmio_nisv. */
static bool is_needed(const struct trace_account *trace, enum trace_kind kind)
{
	return kind != TRACE_MMIO_NISV || !trace->events[TRACE_GUEST_FAULT] ||
	       !trace->events[TRACE_USERSPACE_EXIT];
}

static void add_event(const struct trace_account *trace, const struct traced_event *event,
		      struct json_object *list)
{
	bool is_there = trace->events[event->kind];
	bool lost = !is_there && is_needed(trace, event->kind);
	char reason[REASON_MAX] = "";

	if (!is_there)
		snprintf(reason, sizeof(reason),
			 "no such event is in the trace: it was not recorded, or did not "
			 "happen%s",
			 event->kind == TRACE_GUEST_FAULT
				 ? "; perf script leaves it out unless it is given "
				   "--guestkallsyms=/proc/kallsyms"
				 : "");
	if (event->kind == TRACE_USERSPACE_EXIT && trace->lost_errnos) {
		snprintf(reason, sizeof(reason),
			 "%" PRIu64 " failures of KVM_RUN are without their errno, which "
			 "trace-cmd and perf script print as KVM_EXIT_UNKNOWN; the text of "
			 "ftrace itself has it",
			 trace->lost_errnos);
		lost = true;
	}
	add(list, trace_kind_name(event->kind), is_there, event->gives, reason, lost);
}

static void add_missing(const struct trace_account *trace, struct json_object *list)
{
	char reason[REASON_MAX];

	if (trace->arch != TRACE_ARCH_X86) {
		snprintf(reason, sizeof(reason),
			 "no tracepoint tells it: of %" PRIu64 " instruction fetches and table "
			 "walks it is not known whether they met memory",
			 trace->undecided);
		add(list, "abort injection", false,
		    "instruction fetches and table walks outside memory, for certain", reason,
		    true);
	}
	add(list, "memory map", false, "what has memory and what has not", "no trace has it", true);
	add(list, "registers", false, "registers and instruction at the fault", "no trace has them",
	    true);
	add(list, "names", false, "which VM it is: its name, UUID and VMM",
	    trace->has_tgid
		    ? "a trace has the names of threads alone"
		    : "the trace does not tell the process of a thread, so each thread counts as a "
		      "VM: ftrace's option record-tgid, and perf script -F "
		      "comm,pid,tid,cpu,time,event,trace, tell it",
	    true);
}

void trace_add_sources(const struct trace_account *trace, struct json_object *list)
{
	for (size_t i = 0; i < sizeof(traced_events) / sizeof(traced_events[0]); i++) {
		enum trace_arch arch = traced_events[i].arch;

		if (arch == TRACE_ARCH_UNKNOWN || arch == trace->arch ||
		    (trace->arch == TRACE_ARCH_UNKNOWN && arch == TRACE_ARCH_ARM64))
			add_event(trace, &traced_events[i], list);
	}
	add_missing(trace, list);
}

const char *trace_note(const struct trace_account *trace)
{
	if (!trace || trace->has_tgid)
		return "known from a trace alone: its memory map, registers, instructions and name "
		       "are not in it (nisvctl status tells what is)";
	return "known from a trace alone: its memory map, registers, instructions and name are not "
	       "in it, and each thread counts as a VM (nisvctl status tells why)";
}
