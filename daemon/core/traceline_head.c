/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What each tool puts in front of an event: thread, process, CPU, time. */

#include <string.h>

#include "daemon/core/traceline_internal.h"

#define COMM_MAX    16U /* bytes that a name takes in a line: TASK_COMM_LEN */
#define NSEC	    1000000000ULL
#define SECONDS_MAX 9000000000ULL /* nanoseconds of it fit 64 bits */

bool traceline_id(struct scan *line, uint32_t *ret)
{
	struct scan rest = *line;
	uint64_t id;

	if (rest.at >= rest.end || *rest.at == '-' || !scan_decimal(&rest, &id) || id > INT32_MAX ||
	    !scan_at_end_of_word(&rest))
		return false;
	*line = rest;
	*ret = (uint32_t)id;
	return true;
}

static void set_time(struct trace_event *event, uint64_t ns)
{
	event->has_time = true;
	event->time_ns = ns ? ns : 1;
}

/* Digits behind a point, as nanoseconds of @unit_ns; what is finer is dropped. */
static uint64_t fraction(struct scan *line, uint64_t unit_ns)
{
	uint64_t ns = 0;

	for (; line->at < line->end && *line->at >= '0' && *line->at <= '9'; line->at++) {
		unit_ns /= 10;
		ns += unit_ns * (uint64_t)(*line->at - '0');
	}
	return ns;
}

/*
 * "1234.567890:", or of clocks that do not count seconds (trace_clock counter, x86-tsc) a number
 * whose unit is not known, or in ftrace's latency format "12us+:", relative to the trace.
 */
static bool take_time(struct scan *line, struct trace_event *event)
{
	struct scan rest = *line;
	uint64_t n;

	if (rest.at >= rest.end || *rest.at == '-' || !scan_decimal(&rest, &n))
		return false;
	if (scan_literal(&rest, ".")) {
		if (n > SECONDS_MAX)
			return false;
		set_time(event, n * NSEC + fraction(&rest, NSEC));
	} else if (scan_literal(&rest, "us") && n < SECONDS_MAX) {
		set_time(event, n * 1000);
		rest.at += rest.at < rest.end && *rest.at != ':';
	}
	if (!scan_literal(&rest, ":"))
		return false;
	*line = rest;
	return true;
}

/* Flags such as "d..1." (trace_print_lat_fmt()). */
static void skip_flags(struct scan *line)
{
	const char *at = line->at;

	while (at < line->end && *at != ' ' && *at != ':')
		at++;
	if (at < line->end && *at == ' ' && at - line->at <= 6)
		line->at = at;
}

/* "(   1230)" where ftrace knows the process (option record-tgid), else "(-------)". */
static void take_tgid(struct scan *line, struct trace_event *event)
{
	struct scan rest = *line;
	uint32_t tgid;

	if (!scan_literal(&rest, "("))
		return;
	scan_spaces(&rest);
	if (traceline_id(&rest, &tgid)) {
		event->has_tgid = true;
		event->tgid = tgid;
	}
	if (scan_find(&rest, ")")) {
		scan_spaces(&rest);
		*line = rest;
	}
}

/* "[003]" */
static bool take_cpu(struct scan *line)
{
	struct scan rest = *line;
	uint32_t cpu;

	if (!scan_literal(&rest, "[") || !traceline_id(&rest, &cpu) || !scan_literal(&rest, "]"))
		return false;
	scan_spaces(&rest);
	*line = rest;
	return true;
}

/* The rest of "comm-tid (tgid) [cpu] flags seconds: (+delta) " from the hyphen on. */
static bool after_hyphen(struct scan *line, struct trace_event *event)
{
	struct trace_event found = {};
	struct scan rest = *line;

	if (!scan_literal(&rest, "-") || !traceline_id(&rest, &found.tid) || !scan_spaces(&rest))
		return false;
	take_tgid(&rest, &found);
	if (!take_cpu(&rest)) {
		uint64_t cpu;

		if (!scan_decimal(&rest, &cpu))
			return false;
	}
	if (!take_time(&rest, &found)) {
		skip_flags(&rest);
		scan_spaces(&rest);
		if (!take_time(&rest, &found))
			return false;
	}
	scan_spaces(&rest);
	if (scan_literal(&rest, "(+") && scan_find(&rest, ")")) /* trace-cmd report --ts-diff */
		scan_spaces(&rest);
	found.has_tid = true;
	*event = found;
	*line = rest;
	return true;
}

/* The rest of "comm tid [cpu] seconds: " or "comm pid/tid ..." from the blank on. */
static bool after_blank(struct scan *line, struct trace_event *event)
{
	struct trace_event found = {};
	struct scan rest = *line;

	if (!scan_spaces(&rest) || !traceline_id(&rest, &found.tid))
		return false;
	if (scan_literal(&rest, "/")) {
		found.has_tgid = true;
		found.tgid = found.tid;
		if (!traceline_id(&rest, &found.tid))
			return false;
	}
	if (!scan_spaces(&rest))
		return false;
	take_cpu(&rest);
	if (!take_time(&rest, &found) || !found.has_time)
		return false;
	scan_spaces(&rest);
	found.has_tid = true;
	*event = found;
	*line = rest;
	return true;
}

/* The rest of "comm/tid " from the slash on. */
static bool after_slash(struct scan *line, struct trace_event *event)
{
	struct scan rest = *line;

	if (!scan_literal(&rest, "/") || !traceline_id(&rest, &event->tid) || !scan_spaces(&rest))
		return false;
	event->has_tid = true;
	*line = rest;
	return true;
}

void traceline_comm(struct trace_event *event, const char *from, const char *to)
{
	size_t len;

	while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
		to--;
	len = (size_t)(to - from);
	if (len >= sizeof(event->comm))
		len = sizeof(event->comm) - 1;
	if (len && *from == ':')
		return;
	memcpy(event->comm, from, len);
	event->comm[len] = '\0';
}

typedef bool (*after_comm_t)(struct scan *line, struct trace_event *event);

/*
 * A name, and what @after takes. A name may hold anything, what follows it included, but no more
 * than COMM_MAX bytes: the last place that fits is the true one.
 */
static bool take_comm(struct scan *line, after_comm_t after, struct trace_event *event)
{
	size_t left;
	struct scan start = *line;

	scan_spaces(&start);
	left = scan_left(&start);
	for (size_t n = (left < COMM_MAX ? left : COMM_MAX) + 1; n-- > 0;) {
		struct scan rest = {start.at + n, start.end};

		if (!after(&rest, event))
			continue;
		traceline_comm(event, start.at, start.at + n);
		*line = rest;
		return true;
	}
	return false;
}

/* perf trace: "12.345 ( 0.012 ms): comm/tid ", in milliseconds. */
static bool take_perf_trace(struct scan *line, struct trace_event *event)
{
	struct scan rest = *line;
	uint64_t ms, ns;

	scan_spaces(&rest);
	if (!scan_decimal(&rest, &ms) || ms > SECONDS_MAX || !scan_literal(&rest, "."))
		return false;
	ns = ms * (NSEC / 1000) + fraction(&rest, NSEC / 1000);
	if (!scan_spaces(&rest))
		return false;
	if (scan_literal(&rest, "(")) {
		if (!scan_find(&rest, "):"))
			return false;
		scan_spaces(&rest);
	}
	if (!take_comm(&rest, after_slash, event))
		return false;
	set_time(event, ns);
	*line = rest;
	return true;
}

bool traceline_head(struct scan *line, struct trace_event *event)
{
	return take_comm(line, after_hyphen, event) || take_comm(line, after_blank, event) ||
	       take_perf_trace(line, event);
}
