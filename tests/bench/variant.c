/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "variant.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/edge/log.h"
#include "kept.h"

/* The tracepoints among hooks[] of daemon/edge/capture.c, and nisvd's program for each. */
static const struct event {
	const char *name;
	const char *program;
} events[] = {
	{"kvm_mmio", "on_mmio"},
	{"kvm_userspace_exit", "on_userspace_exit"},
#if defined(__x86_64__)
	{"kvm_emulate_insn", "on_emulate_insn"},
#else
	{"kvm_guest_fault", "on_guest_fault"},
	{"kvm_mmio_nisv", "on_mmio_nisv"},
#endif
};

#define N_EVENTS (sizeof(events) / sizeof(events[0]))

struct variants {
	int counts_fd; /* array map of one value: a counter per event */
	int empty_fd[N_EVENTS];
	int count_fd[N_EVENTS];
	struct kept *nisvd;
	int link_fd[N_EVENTS];
	struct tool_run *tool;
};

_Static_assert(N_EVENTS <= MAX_EVENTS, "");

/* ---- own programs ---- */

static int program_load(const char *name, const struct bpf_insn *insns, size_t n)
{
	int fd = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, name, "GPL", insns, n, NULL);

	return fd < 0 ? log_error_errno(fd, "Cannot load the BPF program \"%s\" (root only)", name)
		      : fd;
}

static int load_empty(void)
{
	static const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return program_load("empty", insns, sizeof(insns) / sizeof(insns[0]));
}

/*
 * if (tid of the current task == ours) *counter += 1: other VMs of the host are not to be counted.
 * The counter's address is that of the map's value.
 */
static int load_count(int counts_fd, size_t event)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_get_current_pid_tgid},
		{.code = BPF_JMP32 | BPF_JNE | BPF_K,
		 .dst_reg = BPF_REG_0,
		 .off = 4,
		 .imm = gettid()},
		{.code = BPF_LD | BPF_DW | BPF_IMM,
		 .dst_reg = BPF_REG_1,
		 .src_reg = BPF_PSEUDO_MAP_VALUE,
		 .imm = counts_fd},
		{.imm = (int)(event * sizeof(uint64_t))},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = 1},
		{.code = BPF_STX | BPF_DW | BPF_ATOMIC,
		 .dst_reg = BPF_REG_1,
		 .src_reg = BPF_REG_2,
		 .imm = BPF_ADD},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return program_load("count", insns, sizeof(insns) / sizeof(insns[0]));
}

static int load_own(struct variants *v)
{
	v->counts_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "counts", sizeof(uint32_t),
				      sizeof(uint64_t) * N_EVENTS, 1, NULL);
	if (v->counts_fd < 0)
		return log_error_errno(v->counts_fd, "Cannot create a BPF map");
	for (size_t i = 0; i < N_EVENTS; i++) {
		v->count_fd[i] = load_count(v->counts_fd, i);
		if (v->count_fd[i] < 0)
			return v->count_fd[i];
		v->empty_fd[i] = load_empty();
		if (v->empty_fd[i] < 0)
			return v->empty_fd[i];
	}
	return 0;
}

/* ---- nisvd's programs ---- */

static int load_nisvd(struct variants *v)
{
	static const char *programs[N_EVENTS];
	int r;

	for (size_t i = 0; i < N_EVENTS; i++)
		programs[i] = events[i].program;
	r = kept_new(programs, N_EVENTS, &v->nisvd);
	if (r < 0)
		return r;
	/* The first two are there on every kernel. */
	for (size_t i = 0; i < 2; i++)
		if (kept_fd(v->nisvd, i) < 0)
			return log_error_errno(ENOENT, "nisvd has no program for %s",
					       events[i].name);
	return 0;
}

int variants_new(struct variants **ret)
{
	struct variants *v = calloc(1, sizeof(*v));
	int r;

	if (!v)
		return log_error_errno(ENOMEM, "No memory for the programs");
	v->counts_fd = -1;
	for (size_t i = 0; i < N_EVENTS; i++)
		v->count_fd[i] = v->empty_fd[i] = v->link_fd[i] = -1;
	r = load_own(v);
	if (r >= 0)
		r = load_nisvd(v);
	if (r < 0) {
		variants_free(v);
		return r;
	}
	*ret = v;
	return 0;
}

static void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void detach(struct variants *v)
{
	for (size_t i = 0; i < N_EVENTS; i++)
		fd_close(&v->link_fd[i]);
	tool_stop(v->tool);
	v->tool = NULL;
}

void variants_free(struct variants *v)
{
	if (!v)
		return;
	detach(v);
	for (size_t i = 0; i < N_EVENTS; i++) {
		fd_close(&v->count_fd[i]);
		fd_close(&v->empty_fd[i]);
	}
	fd_close(&v->counts_fd);
	kept_free(v->nisvd);
	free(v);
}

/* ---- attaching ---- */

static int program_fd(const struct variants *v, enum variant variant, size_t event)
{
	switch (variant) {
	case VARIANT_EMPTY:
		return v->empty_fd[event];
	case VARIANT_COUNT:
		return v->count_fd[event];
	case VARIANT_NISVD:
		return kept_fd(v->nisvd, event);
	default:
		return -1;
	}
}

/* In nisvd's own order: MMIO before the exits that credit it to user space. */
int variants_attach(struct variants *v, enum variant variant)
{
	detach(v);
	if (variant == VARIANT_NONE)
		return 0;
	if (variant >= VARIANT_TOOL)
		return tool_start(variant - VARIANT_TOOL, &v->tool);
	for (size_t i = 0; i < N_EVENTS; i++) {
		if (kept_fd(v->nisvd, i) < 0)
			continue;
		v->link_fd[i] = bpf_raw_tracepoint_open(events[i].name, program_fd(v, variant, i));
		/* A program that could be loaded may still lack its tracepoint (kvm_mmio_nisv). */
		if (v->link_fd[i] < 0 && errno != ENOENT)
			return log_error_errno(errno, "Cannot attach to %s", events[i].name);
	}
	return 0;
}

/* ---- what is known of the events ---- */

size_t variants_n_events(void)
{
	return N_EVENTS;
}

const char *variants_event_name(size_t event)
{
	return events[event].name;
}

uint64_t variants_events(const struct variants *v, size_t event)
{
	uint64_t counts[N_EVENTS] = {};
	uint32_t key = 0;

	bpf_map_lookup_elem(v->counts_fd, &key, counts);
	return counts[event];
}

int variants_runs_enable(void)
{
	int fd = bpf_enable_stats(BPF_STATS_RUN_TIME);

	return fd < 0 ? log_error_errno(fd, "The kernel does not measure BPF programs") : fd;
}

struct variant_runs variants_runs(const struct variants *v, enum variant variant, size_t event)
{
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);
	int fd = program_fd(v, variant, event);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		return (struct variant_runs){};
	return (struct variant_runs){.n = info.run_cnt, .ns = info.run_time_ns};
}

uint64_t variants_records(struct variants *v)
{
	return kept_records(v->nisvd);
}

bool variants_disturbed(void)
{
	bool found = false;
	uint32_t id = 0;

	while (!found && !bpf_link_get_next_id(id, &id)) {
		char name[32] = "";
		struct bpf_link_info info = {};
		uint32_t size = sizeof(info);
		int fd = bpf_link_get_fd_by_id(id);

		if (fd < 0)
			continue;
		info.raw_tracepoint.tp_name = (uintptr_t)name;
		info.raw_tracepoint.tp_name_len = sizeof(name);
		if (!bpf_obj_get_info_by_fd(fd, &info, &size) &&
		    info.type == BPF_LINK_TYPE_RAW_TRACEPOINT)
			found = strncmp(name, "kvm_", strlen("kvm_")) == 0;
		close(fd);
	}
	return found;
}
