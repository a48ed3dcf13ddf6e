/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The events' own texts: the values in them. */

#include <errno.h>
#include <string.h>

#include "daemon/core/traceline_internal.h"

enum field {
	PC,
	ESR,
	FAR,
	IPA,
	VALUE,
	TYPE,
	LEN,
	REASON,
	ERRNO,
	VCPU,
	FAILED,
	EC,
	TID,
	TGID,
	_FIELD_MAX
};

#define HAS(field) (1U << (field))

struct name {
	const char *name;
	enum field field;
	bool decimal; /* also where the tool does not print all numbers so */
};

/* As the formats of the tracepoints and the fields of their records call them. */
static const struct name arm64_names[] = {
	{"ipa", IPA, false},	{"hsr", ESR, false},	   {"esr", ESR, false},
	{"hxfar", FAR, false},	{"far", FAR, false},	   {"pc", PC, false},
	{"vcpu_pc", PC, false}, {"hsr_ec", EC, false},	   {"esr_ec", EC, false},
	{"ret", EC, true},	{NULL, _FIELD_MAX, false},
};

static const struct name x86_names[] = {
	{"vcpu", VCPU, true},	      {"vcpu_id", VCPU, true},	{"rip", PC, false},
	{"guest_rip", PC, false},     {"address", IPA, false},	{"fault_address", IPA, false},
	{"error_code", VALUE, false}, {"failed", FAILED, true}, {NULL, _FIELD_MAX, false},
};

static const struct name common_names[] = {
	{"type", TYPE, true},  {"len", LEN, true},	 {"gpa", IPA, false},
	{"val", VALUE, false}, {"reason", REASON, true}, {"errno", ERRNO, true},
	{"tid", TID, true},    {"pid", TGID, true},	 {NULL, _FIELD_MAX, false},
};

struct values {
	uint32_t has;
	uint64_t list[_FIELD_MAX];
};

static const struct name *find_name(const struct name *names, const struct scan *word)
{
	for (; names->name; names++)
		if (scan_is(word, names->name))
			return names;
	return NULL;
}

static bool take_value(struct scan *args, bool decimal, uint64_t *ret)
{
	struct scan rest = *args, hex;

	scan_spaces(&rest);
	if (!scan_literal(&rest, ":"))
		scan_literal(&rest, "=");
	scan_spaces(&rest);
	hex = rest;
	if (scan_literal(&hex, "0x"))
		decimal = false;
	if (!(decimal ? scan_decimal(&rest, ret) : scan_hex(&rest, ret)) ||
	    !scan_at_end_of_word(&rest))
		return false;
	*args = rest;
	return true;
}

/* All values with a name of @names in front of them; the first one of a name counts. */
static void take_values(struct scan args, const struct name *names, bool decimal,
			struct values *values)
{
	struct scan word;

	while (args.at < args.end) {
		const struct name *name;
		uint64_t value;

		if (!scan_word(&args, &word)) {
			args.at++;
			continue;
		}
		name = find_name(names, &word);
		if (!name || values->has & HAS(name->field) ||
		    !take_value(&args, decimal || name->decimal, &value))
			continue;
		values->list[name->field] = value;
		values->has |= HAS(name->field);
	}
}

/* bpftrace scripts often print these, too. */
static void take_thread(struct scan args, struct trace_event *event)
{
	struct values values = {};

	if (event->has_tid)
		return;
	take_values(args, common_names, true, &values);
	if (values.has & HAS(TID) && values.list[TID] <= INT32_MAX) {
		event->has_tid = true;
		event->tid = (uint32_t)values.list[TID];
	}
	if (values.has & HAS(TGID) && values.list[TGID] <= INT32_MAX) {
		event->has_tgid = true;
		event->tgid = (uint32_t)values.list[TGID];
	}
}

/* @decimal: perf trace leaves out what is zero (trace__fprintf_tp_fields()). */
static bool abort_args(struct scan args, bool decimal, struct trace_event *event)
{
	const uint32_t needed = decimal ? HAS(ESR) : HAS(ESR) | HAS(IPA) | HAS(PC) | HAS(FAR);
	struct values values = {};

	take_values(args, arm64_names, decimal, &values);
	event->arch = TRACE_ARCH_ARM64;
	event->pc = values.list[PC];
	event->esr = values.list[ESR];
	event->far = values.list[FAR];
	event->ipa = values.list[IPA];
	return (values.has & needed) == needed;
}

static bool access_fault_args(struct scan args, bool decimal, struct trace_event *event)
{
	struct values values = {};

	take_values(args, arm64_names, decimal, &values);
	event->arch = TRACE_ARCH_ARM64;
	event->ipa = values.list[IPA];
	return values.has & HAS(IPA);
}

/* "mmio unsatisfied-read len 4 gpa 0x9000000 val 0x0" */
static bool mmio_type(struct scan args, uint32_t *ret)
{
	static const char *const names[] = {"mmio unsatisfied-read ", "mmio read ", "mmio write "};

	scan_spaces(&args);
	for (uint32_t type = 0; type < sizeof(names) / sizeof(names[0]); type++) {
		if (scan_literal(&args, names[type])) {
			*ret = type;
			return true;
		}
	}
	return false;
}

static bool mmio_args(struct scan args, bool decimal, struct trace_event *event)
{
	struct values values = {};

	take_values(args, common_names, decimal, &values);
	event->ipa = values.list[IPA];
	event->value = values.list[VALUE];
	event->len = (uint32_t)values.list[LEN];
	event->type = (uint32_t)values.list[TYPE];
	if (mmio_type(args, &event->type))
		values.has |= HAS(TYPE);
	if (values.list[TYPE] > TRACE_MMIO_WRITE || values.list[LEN] > UINT32_MAX)
		return false;
	if (decimal)
		return values.has & HAS(LEN);
	return (values.has & (HAS(TYPE) | HAS(IPA))) == (HAS(TYPE) | HAS(IPA));
}

static bool set_errno(struct trace_event *event, uint64_t value)
{
	int64_t err = (int64_t)value;

	/* perf trace prints a negative int as if it were unsigned. */
	if (err > 0)
		err = (int32_t)(uint32_t)value;
	if (value > UINT32_MAX && (int64_t)value > 0)
		return false;
	if (err > 0 || err < -4095) /* MAX_ERRNO */
		return false;
	event->errno_ = (int)err;
	return true;
}

/*
 * "reason KVM_EXIT_MMIO (6)", "reason error (38)", "reason restart (4)". libtraceevent 1.7 takes
 * the errno in the format for unsigned, so trace-cmd and perf script print a failure as "reason
 * KVM_EXIT_UNKNOWN (0)": seen with trace-cmd 3.1.6 and perf 6.1 on Linux 6.12.
 */
static bool exit_text(struct scan args, struct trace_event *event)
{
	struct scan name = {};
	uint64_t number;
	bool failed;

	scan_spaces(&args);
	if (!scan_literal(&args, "reason ") ||
	    (!scan_word(&args, &name) && !scan_hex(&args, &number)))
		return false;
	failed = scan_is(&name, "error") || scan_is(&name, "restart");
	scan_spaces(&args);
	if (!scan_literal(&args, "(") || !scan_decimal(&args, &number) || !scan_literal(&args, ")"))
		return false;
	if (failed)
		return set_errno(event, 0 - number);
	event->reason = (uint32_t)number;
	event->errno_lost = number == 0;
	return number <= UINT32_MAX;
}

static bool exit_args(struct scan args, bool decimal, struct trace_event *event)
{
	struct values values = {};

	if (exit_text(args, event))
		return true;
	take_values(args, common_names, true, &values);
	if (values.list[REASON] > UINT32_MAX)
		return false;
	event->reason = (uint32_t)values.list[REASON];
	if (!set_errno(event, values.list[ERRNO]))
		return false;
	return decimal || values.has & (HAS(REASON) | HAS(ERRNO));
}

/* kvm_exit and kvm_entry: of use is whose they are, and which architecture's. */
static bool switch_args(struct scan args, bool decimal, struct trace_event *event)
{
	struct values arm64 = {}, x86 = {};

	take_values(args, arm64_names, decimal, &arm64);
	take_values(args, x86_names, decimal, &x86);
	if (arm64.has & HAS(PC)) {
		event->arch = TRACE_ARCH_ARM64;
		event->pc = arm64.list[PC];
		return true;
	}
	if (!(x86.has & (HAS(PC) | HAS(VCPU))))
		return false;
	event->arch = TRACE_ARCH_X86;
	event->pc = x86.list[PC];
	event->has_vcpu = x86.has & HAS(VCPU) && x86.list[VCPU] <= UINT32_MAX;
	event->vcpu = (uint32_t)x86.list[VCPU];
	return true;
}

static bool page_fault_args(struct scan args, bool decimal, struct trace_event *event)
{
	struct values values = {};

	take_values(args, x86_names, decimal, &values);
	event->arch = TRACE_ARCH_X86;
	event->pc = values.list[PC];
	event->ipa = values.list[IPA];
	event->value = values.list[VALUE];
	event->has_vcpu = values.has & HAS(VCPU) && values.list[VCPU] <= UINT32_MAX;
	event->vcpu = (uint32_t)values.list[VCPU];
	return decimal ? values.has : values.has & HAS(IPA);
}

/* "0:8000:67 66 0f ef (real) failed": CS base, RIP, what the decoder has read of the instruction.
 */
static bool emulate_text(struct scan args, struct trace_event *event)
{
	uint64_t base, byte;

	scan_spaces(&args);
	if (!scan_hex(&args, &base) || !scan_literal(&args, ":") || !scan_hex(&args, &event->pc) ||
	    !scan_literal(&args, ":"))
		return false;
	while (event->insn_len < NISV_INSN_MAX && scan_hex(&args, &byte) && byte <= UINT8_MAX) {
		event->insn[event->insn_len++] = (uint8_t)byte;
		scan_spaces(&args);
	}
	scan_spaces(&args);
	if (!scan_literal(&args, "(") || !scan_find(&args, ")"))
		return false;
	event->failed = scan_literal(&args, " failed");
	return true;
}

static bool emulate_args(struct scan args, bool decimal, struct trace_event *event)
{
	struct values values = {};

	event->arch = TRACE_ARCH_X86;
	if (!decimal && emulate_text(args, event))
		return true;
	event->insn_len = 0;
	take_values(args, x86_names, decimal, &values);
	event->pc = values.list[PC];
	event->failed = values.list[FAILED] != 0;
	return values.has & HAS(PC);
}

bool traceline_args(struct scan args, bool decimal, struct trace_event *event)
{
	take_thread(args, event);
	switch (event->kind) {
	case TRACE_GUEST_FAULT:
	case TRACE_MMIO_NISV:
		return abort_args(args, decimal, event);
	case TRACE_ACCESS_FAULT:
		return access_fault_args(args, decimal, event);
	case TRACE_MMIO:
		return mmio_args(args, decimal, event);
	case TRACE_USERSPACE_EXIT:
		return exit_args(args, decimal, event);
	case TRACE_EXIT:
	case TRACE_ENTRY:
		return switch_args(args, decimal, event);
	case TRACE_PAGE_FAULT:
		return page_fault_args(args, decimal, event);
	case TRACE_EMULATE_INSN:
		return emulate_args(args, decimal, event);
	default:
		return false;
	}
}
