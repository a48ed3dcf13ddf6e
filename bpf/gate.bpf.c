/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The programs that are attached: include/nisv_gate.h. Each is called as the one behind it is
 * (nisvd.bpf.c), which finds its context untouched.
 */

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "include/nisv_gate.h"

char program_license[] SEC("license") = "GPL";

/* All programs of one array are of one type. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, _NISV_GATE_MAX);
	__type(key, __u32);
	__type(value, __u32);
} gate_tps SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, _NISV_GATE_MAX);
	__type(key, __u32);
	__type(value, __u32);
} gate_kprobes SEC(".maps");

/* Events that met no program behind their gate. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} gate_missed SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct nisv_gate_build);
} gate_build SEC(".maps");

static __always_inline int missed(void)
{
	__u32 zero = 0;
	__u64 *count = bpf_map_lookup_elem(&gate_missed, &zero);

	if (count)
		++*count;
	return 0;
}

/*
 * The last argument that the program behind it reads is touched: the kernel refuses to attach to a
 * tracepoint that has fewer (bpf_probe_register()), and looks only at what is attached.
 */
#define TRACEPOINT(program, event, gate, n_args)                 \
	SEC("raw_tp/" event)                                     \
	int program(struct bpf_raw_tracepoint_args *ctx)         \
	{                                                        \
		(void)*(volatile __u64 *)&ctx->args[(n_args)-1]; \
		bpf_tail_call(ctx, &gate_tps, gate);             \
		return missed();                                 \
	}

#define FUNCTION(program, function, gate)                \
	SEC("kprobe/" function)                          \
	int program(void *ctx)                           \
	{                                                \
		bpf_tail_call(ctx, &gate_kprobes, gate); \
		return missed();                         \
	}

#if defined(__TARGET_ARCH_arm64)
TRACEPOINT(on_guest_fault, "kvm_guest_fault", NISV_GATE_GUEST_FAULT, 4)
TRACEPOINT(on_mmio_nisv, "kvm_mmio_nisv", NISV_GATE_MMIO_NISV, 4)
FUNCTION(on_inject_dabt, "kvm_inject_dabt", NISV_GATE_INJECT_DABT)
FUNCTION(on_inject_pabt, "kvm_inject_pabt", NISV_GATE_INJECT_PABT)
FUNCTION(on_inject_sea, "kvm_inject_sea", NISV_GATE_INJECT_SEA)
FUNCTION(on_inject_size_fault, "kvm_inject_size_fault", NISV_GATE_INJECT_SIZE_FAULT)
#else
TRACEPOINT(on_emulate_insn, "kvm_emulate_insn", NISV_GATE_EMULATE_INSN, 2)
#endif

TRACEPOINT(on_mmio, "kvm_mmio", NISV_GATE_MMIO, 3)
TRACEPOINT(on_userspace_exit, "kvm_userspace_exit", NISV_GATE_USERSPACE_EXIT, 2)
FUNCTION(on_destroy_vm, "kvm_destroy_vm", NISV_GATE_DESTROY_VM)
FUNCTION(on_commit_slot, "kvm_arch_commit_memory_region", NISV_GATE_COMMIT_SLOT)
