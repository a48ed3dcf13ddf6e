/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_VCPUREF_BPF_H
#define NISV_VCPUREF_BPF_H

/*
 * How a vCPU's state is handed to a global function, which the verifier checks once, not at each of
 * its calls: as far as it knows, there may be none. Older kernels take nothing but numbers there
 * (older.bpf.h): the number says whether there is one, and its key waits in a map of this CPU.
 */

#include "maps.bpf.h"

#ifdef OLDER_KERNELS

typedef u32 vcpu_ref;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct nisv_vcpu_key);
} referred SEC(".maps");

static __always_inline vcpu_ref vcpu_refer(const struct vcpu_state *v)
{
	u32 zero = 0;
	struct nisv_vcpu_key *key = bpf_map_lookup_elem(&referred, &zero);

	if (!v || !key)
		return false;
	*key = v->key;
	return true;
}

static __always_inline struct vcpu_state *vcpu_referred(vcpu_ref ref)
{
	u32 zero = 0;
	const struct nisv_vcpu_key *key = bpf_map_lookup_elem(&referred, &zero);

	return ref && key ? bpf_map_lookup_elem(&vcpus, key) : NULL;
}

#else

typedef struct vcpu_state *vcpu_ref;

static __always_inline vcpu_ref vcpu_refer(struct vcpu_state *v)
{
	return v;
}

static __always_inline struct vcpu_state *vcpu_referred(vcpu_ref ref)
{
	return ref;
}

#endif

#endif
