/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/core/traceline.h"

#include <errno.h>
#include <string.h>

#include "daemon/core/syndrome.h"
#include "daemon/core/traceline_internal.h"

static const char *const kind_names[_TRACE_KIND_MAX] = {
	[TRACE_OTHER] = "",
	[TRACE_GUEST_FAULT] = "kvm_guest_fault",
	[TRACE_MMIO_NISV] = "kvm_mmio_nisv",
	[TRACE_MMIO] = "kvm_mmio",
	[TRACE_USERSPACE_EXIT] = "kvm_userspace_exit",
	[TRACE_EXIT] = "kvm_exit",
	[TRACE_ENTRY] = "kvm_entry",
	[TRACE_ACCESS_FAULT] = "kvm_access_fault",
	[TRACE_PAGE_FAULT] = "kvm_page_fault",
	[TRACE_EMULATE_INSN] = "kvm_emulate_insn",
	[TRACE_LOST] = "",
};

const char *trace_kind_name(enum trace_kind kind)
{
	return kind < _TRACE_KIND_MAX ? kind_names[kind] : "";
}

static enum trace_kind kind_of(const struct scan *name)
{
	for (enum trace_kind kind = TRACE_OTHER + 1; kind < TRACE_LOST; kind++)
		if (scan_is(name, kind_names[kind]))
			return kind;
	return TRACE_OTHER;
}

/* ---- the event ---- */

/*
 * "kvm_exit: ...", "kvm:kvm_exit: ..." or "kvm:kvm_exit(...": true for a name at all. A line of the
 * function tracer, say, has none.
 */
static bool take_name(struct scan *line, struct scan *ret_name, bool *ret_is_call)
{
	struct scan rest = *line, name;

	if (!scan_word(&rest, &name))
		return false;
	if (scan_literal(&rest, ":") && scan_word(&rest, &name))
		scan_literal(&rest, ":");
	*ret_is_call = scan_literal(&rest, "(");
	*ret_name = name;
	*line = rest;
	return true;
}

static int take_event(struct scan *line, struct trace_event *event)
{
	struct scan name;
	bool is_call;

	event->kind = take_name(line, &name, &is_call) ? kind_of(&name) : TRACE_OTHER;
	if (event->kind == TRACE_OTHER)
		return 1;
	return traceline_args(*line, is_call, event) ? 1 : -EINVAL;
}

/* ---- lines of no known tool ---- */

/* "comm 1234" in front of the values: the last number is the thread. */
static void take_plain_head(const char *from, const char *to, struct trace_event *event)
{
	struct scan id;

	while (from < to && *from == ' ')
		from++;
	while (to > from && (to[-1] == ' ' || to[-1] == ':' || to[-1] == ','))
		to--;
	id = (struct scan){to, to};
	while (id.at > from && id.at[-1] >= '0' && id.at[-1] <= '9')
		id.at--;
	to = id.at;
	if (to > from && to[-1] != ' ')
		return;
	if (!traceline_id(&id, &event->tid))
		return;
	event->has_tid = true;
	traceline_comm(event, from, to);
}

/* An event's name as a word, be it "tracepoint:kvm:kvm_mmio_nisv". */
static bool find_event(struct scan *line, const char **ret_from, struct trace_event *event)
{
	struct scan rest = *line, word;

	while (rest.at < rest.end) {
		*ret_from = rest.at;
		if (!scan_word(&rest, &word)) {
			rest.at++;
			continue;
		}
		event->kind = kind_of(&word);
		if (event->kind == TRACE_OTHER)
			continue;
		scan_literal(&rest, ":");
		*line = rest;
		return true;
	}
	return false;
}

/*
 * Values alone, as a bpftrace script prints them ("testvmm 93 pc=40080000 esr=92000005 far=b000000
 * ipa=b000000"): their names tell the event, and the syndrome must be one that it has.
 */
static int take_values_alone(struct scan line, struct trace_event *event)
{
	struct scan name = line;
	bool is_fault = scan_find(&name, "hsr=");
	struct syndrome syndrome;

	event->kind = is_fault ? TRACE_GUEST_FAULT : TRACE_MMIO_NISV;
	name = line;
	if ((!is_fault && !scan_find(&name, "esr=")) || !traceline_args(line, false, event))
		return -EINVAL;
	syndrome = syndrome_decode(event->esr);
	if (!syndrome.is_abort || (!is_fault && (syndrome.is_iabt || syndrome.isv)))
		return -EINVAL;
	name = line;
	if (scan_find(&name, "pc="))
		take_plain_head(line.at, name.at - strlen("pc="), event);
	return 1;
}

static int take_plain(struct scan line, struct trace_event *event)
{
	struct scan args = line;
	const char *from;

	if (!find_event(&args, &from, event))
		return take_values_alone(line, event);
	take_plain_head(line.at, from, event);
	return traceline_args(args, false, event) ? 1 : -EINVAL;
}

/* ---- headings and losses ---- */

static bool is_lost(struct scan line, struct trace_event *event)
{
	struct scan start = line;
	uint64_t written, kept;

	event->kind = TRACE_LOST;
	/* trace.c print_event_info(): "# entries-in-buffer/entries-written: 12/345   #P:2" */
	if (scan_literal(&line, "# entries-in-buffer/entries-written: ")) {
		if (!scan_decimal(&line, &kept) || !scan_literal(&line, "/") ||
		    !scan_decimal(&line, &written) || written <= kept)
			return false;
		event->lost = written - kept;
		return true;
	}
	/* ftrace: "CPU:1 [LOST 12 EVENTS]"; trace-cmd: "CPU:1 [12 EVENTS DROPPED]"; perf: "LOST 12
	 * events!" */
	if (scan_find(&line, "[LOST ") || scan_literal(&line, "LOST ")) {
		scan_decimal(&line, &event->lost);
		return scan_find(&line, "EVENTS]") || scan_find(&line, "events!");
	}
	line = start;
	if (!scan_find(&line, "EVENTS DROPPED]"))
		return false;
	line = start;
	if (scan_find(&line, "["))
		scan_decimal(&line, &event->lost);
	return true;
}

/* Comments of ftrace; what trace-cmd, perf and bpftrace say about themselves. */
static bool is_heading(struct scan line)
{
	static const char *const begins[] = {"cpus=", "version = ", "Attaching ", "CPU:"};

	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (scan_literal(&line, begins[i]))
			return true;
	return scan_literal(&line, "CPU ") && scan_find(&line, " is empty");
}

static bool is_comment(struct scan line)
{
	scan_spaces(&line);
	return line.at == line.end || *line.at == '#';
}

int traceline_parse(const char *line, size_t len, struct trace_event *ret)
{
	struct scan scan = scan_line(line, len < TRACELINE_MAX ? len : TRACELINE_MAX);
	struct trace_event event = {};
	int r;

	if (len >= TRACELINE_MAX && scan_left(&scan) == TRACELINE_MAX)
		return -EINVAL;
	if (traceline_head(&scan, &event))
		r = take_event(&scan, &event);
	else if (is_lost(scan, &event))
		r = 1;
	else if (is_comment(scan) || is_heading(scan))
		r = 0;
	else
		r = take_plain(scan, &event);
	if (r > 0)
		*ret = event;
	return r;
}
