/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_BENCH_TOOL_H
#define NISV_BENCH_TOOL_H

/*
 * Tracers of others, each at the nearest thing it can do to what nisvd does: kvm_mmio by VM and
 * place, or all of it to a file.
 */

#include <stdbool.h>

enum tool {
	TOOL_BPFTRACE,	  /* counts by process, 512-byte place and type, in a map */
	TOOL_PERF_STAT,	  /* counts all of them in one number */
	TOOL_PERF_RECORD, /* writes each to a file */
	TOOL_TRACE_CMD,	  /* the same */
	_TOOL_MAX,
};

struct tool_run;

/*
 * Tells which tools run here, by starting each once. 0 or -errno, logged. What was made for it goes
 * with tools_end().
 */
int tools_begin(void);
void tools_end(void);

const char *tool_name(enum tool tool);

/* NULL: it runs here. Else why not, in the tool's own words if it was tried. */
const char *tool_refusal(enum tool tool);

/*
 * Starts one, on any CPU. Returns when it traces. 0 or -errno, logged. tool_stop() ends it, and
 * returns when it traces no more; takes NULL.
 */
int tool_start(enum tool tool, struct tool_run **ret);
void tool_stop(struct tool_run *run);

#endif
