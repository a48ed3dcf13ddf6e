/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TRACELINE_H
#define NISVD_TRACELINE_H

/*
 * One line of text that a tool made of a kvm tracepoint. Understood are
 *   ftrace `trace`, `trace_pipe`	comm-tid [(tgid)] [cpu] flags seconds: event: ...
 *					(kernel/trace/trace_output.c, trace_print_context())
 *   trace-cmd report [-t] [-l]		the same; -l: comm-tid cpu+flags seconds: event: ...
 *					(trace-cmd tracecmd/trace-read.c, trace_show_data())
 *   perf script			comm tid [cpu] seconds: kvm:event: ..., or pid/tid
 *					(tools/perf/builtin-script.c, perf_sample__fprintf_start())
 *   perf trace				milliseconds comm/tid kvm:event(name: value, ...)
 *					(tools/perf/builtin-trace.c, trace__event_handler())
 *   bpftrace and the like		[comm tid] [event] name=value name=value ...
 * The events' own texts are the TP_printk() of include/trace/events/kvm.h, arch/arm64/kvm/
 * trace_arm.h and arch/x86/kvm/trace.h, Linux 4.14 to 7.3; they have changed in the width of
 * numbers only. The input is hostile: a process chooses its own name.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/scan.h"
#include "include/nisv_record.h"

#define TRACELINE_MAX 1024 /* bytes of a line; the longest known text has some 300 */

enum trace_kind {
	TRACE_OTHER = 0,   /* of no event that tells about a fault */
	TRACE_GUEST_FAULT, /* arm64: a stage-2 abort, ordinary memory faults included */
	TRACE_MMIO_NISV,   /* arm64, Linux 6.7: an access outside memory that is not described */
	TRACE_MMIO,
	TRACE_USERSPACE_EXIT,
	TRACE_EXIT,
	TRACE_ENTRY,
	TRACE_ACCESS_FAULT, /* arm64 */
	TRACE_PAGE_FAULT,   /* x86 */
	TRACE_EMULATE_INSN, /* x86 */
	TRACE_LOST,	    /* the tool says that it lost events */
	_TRACE_KIND_MAX
};

enum trace_arch {
	TRACE_ARCH_UNKNOWN = 0, /* the event is the same on both */
	TRACE_ARCH_ARM64,
	TRACE_ARCH_X86,
};

/* Values of kvm_mmio's type: include/trace/events/kvm.h, KVM_TRACE_MMIO_*. */
#define TRACE_MMIO_UNSATISFIED 0U
#define TRACE_MMIO_READ	       1U
#define TRACE_MMIO_WRITE       2U

/* Bits of kvm_page_fault's error code: PFERR_GUEST_FINAL_MASK, arch/x86/include/asm/kvm_host.h: the
 * address is a guest-physical one, of the access itself. */
#define TRACE_PFERR_GUEST_FINAL (1ULL << 32)

struct trace_event {
	enum trace_kind kind;
	enum trace_arch arch;
	bool has_tid, has_tgid, has_time, has_vcpu;
	uint32_t tid, tgid;
	uint64_t time_ns;	     /* of the trace's clock; never 0 if there is one */
	char comm[NISV_COMM_LEN];    /* of the thread, any bytes but NUL; "" unknown */
	uint32_t vcpu;		     /* x86 tells it in some events */
	uint64_t pc, esr, far, ipa;  /* ipa: of kvm_mmio the gpa, of kvm_page_fault the address */
	uint64_t value;		     /* kvm_mmio val, kvm_page_fault error_code */
	uint32_t type, len;	     /* kvm_mmio */
	uint32_t reason;	     /* kvm_userspace_exit */
	int errno_;		     /* negative, 0 none */
	bool errno_lost;	     /* KVM_RUN failed, but the tool did not print with what */
	uint64_t lost;		     /* TRACE_LOST: how many, 0 unknown */
	bool failed;		     /* kvm_emulate_insn */
	uint8_t insn[NISV_INSN_MAX]; /* kvm_emulate_insn: what its decoder had read by then */
	uint32_t insn_len;
};

/*
 * Returns 1 with *ret, 0 for a line that holds no event and needs none (a heading, a comment, an
 * empty line), -EINVAL for one that is not understood. @len: no terminator is needed; anything
 * past a line end or NUL is ignored.
 */
int traceline_parse(const char *line, size_t len, struct trace_event *ret);

/* "kvm_guest_fault"; "" for TRACE_OTHER and TRACE_LOST. */
const char *trace_kind_name(enum trace_kind kind);

#endif
