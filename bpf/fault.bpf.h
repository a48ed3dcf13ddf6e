/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_FAULT_BPF_H
#define NISV_FAULT_BPF_H

/*
 * One fault, in up to three steps: prepare (phase 1, where the memory map is the one that KVM
 * sees), count (on the event that decides it, once), complete (where outcome and registers are
 * known). Full details only at the 1st, 2nd, 4th, 8th, ... fault of a site.
 */

#include "guestmem.bpf.h"
#include "record.bpf.h"

struct fault {
	struct vcpu_id id;
	struct nisv_vm_key vm;
	u64 exit; /* vcpu_exit_number() */
	u32 kind; /* enum nisv_kind */
	u32 vcpu_id;
	u64 esr, far, ipa, pc;
	bool is_translated; /* ipa is the VM's own even where a nested guest ran */
};

struct outcome {
	u32 outcome; /* enum nisv_outcome */
	s32 err;
	u32 reason;
	bool beyond_host;
};

/* Architecture: registers of the record; `final` where they are all in memory. */
static __always_inline void fill_registers(u64 vcpu, struct nisv_rec_fault *rec);
static __always_inline void fill_final(u64 vcpu, struct nisv_rec_fault *rec, bool final);

/* Architecture: a guest of a hypervisor inside the VM ran. */
static __always_inline bool vcpu_is_nested(u64 vcpu);

/* Architecture: what the guest's memory says of the pending record, whose registers are filled. */
int context_fill(vcpu_ref ref);

static __always_inline bool is_power_of_2(u64 n)
{
	return n && !(n & (n - 1));
}

static __always_inline void fault_vm(struct fault *f, struct task_struct *task)
{
	f->vm = vm_key(f->id.kvm, task);
	f->exit = vcpu_exit_number(f->id.vcpu);
	f->vcpu_id = READ(kvm_vcpu, f->id.vcpu, vcpu_id);
}

static __always_inline void site_key(const struct fault *f, struct nisv_site_key *key)
{
	key->vm = f->vm;
	key->page = f->ipa >> PAGE_SHIFT;
	key->pc = f->pc;
	key->kind = f->kind;
	key->reserved = 0;
}

/* The state of a vCPU, made at its first fault. */
static __always_inline struct vcpu_state *vcpu_state_get(const struct fault *f)
{
	const struct nisv_vcpu_key key = {.vcpu = f->id.vcpu, .vm = f->vm};
	struct vcpu_state *v = bpf_map_lookup_elem(&vcpus, &key);
	struct scratch *scratch;

	if (v)
		return v;
	scratch = scratch_get(SCRATCH_EVENT);
	if (!scratch)
		return NULL;
	scratch->vcpu.key = key;
	bpf_map_update_elem(&vcpus, &key, &scratch->vcpu, BPF_NOEXIST);
	v = bpf_map_lookup_elem(&vcpus, &key);
	if (!v)
		loss_add(NISV_LOSS_VCPUS, 1);
	return v;
}

/* What a record has only where it could be had. */
static __always_inline void pending_clear(struct nisv_rec_fault *rec)
{
	__builtin_memset(&rec->sys, 0, sizeof(rec->sys));
	rec->sysregs_state = NISV_SYSREGS_NONE;
	rec->insn_state = NISV_INSN_NONE;
	rec->insn_ipa = 0;
	rec->insn_len = 0;
	__builtin_memset(rec->insn, 0, sizeof(rec->insn));
	rec->code_len = rec->reserved = 0;
	__builtin_memset(rec->code, 0, sizeof(rec->code));
	rec->code_mode = NISV_CODE_UNKNOWN;
	__builtin_memset(&rec->walk, 0, sizeof(rec->walk));
	__builtin_memset(&rec->backtrace, 0, sizeof(rec->backtrace));
	__builtin_memset(&rec->vma, 0, sizeof(rec->vma));
}

static __always_inline void pending_fill(struct vcpu_state *v, const struct fault *f, u32 if_stable)
{
	struct nisv_rec_fault *rec = &v->pending;

	rec->kind = f->kind;
	rec->vcpu_id = f->vcpu_id;
	rec->esr = f->esr;
	rec->far = f->far;
	rec->ipa = f->ipa;
	rec->pc = f->pc;
	pending_clear(rec);
	slots_around(f->id.kvm, rec, if_stable);
	fill_registers(f->id.vcpu, rec);
	rec->nested = NISV_NESTED_NO;
	if (vcpu_is_nested(f->id.vcpu))
		rec->nested = f->is_translated ? NISV_NESTED_TRANSLATED : NISV_NESTED_OWN;
	v->pending_exit = f->exit;
	v->looked = v->decided = 0;
}

/*
 * Phase 1 of a fault that a later event may decide: remember the map as it is now, if this would
 * be a fault that we want in detail; else NULL.
 */
static __always_inline struct vcpu_state *fault_prepare(const struct fault *f)
{
	struct nisv_site_key key;
	struct nisv_site *site;
	struct vcpu_state *v;

	site_key(f, &key);
	site = bpf_map_lookup_elem(&sites, &key);
	if (site && !is_power_of_2(site->count + 1))
		return NULL;
	v = vcpu_state_get(f);
	if (v)
		pending_fill(v, f, NISV_LAYOUT_STABLE);
	return v;
}

static __always_inline void site_make(struct nisv_vm_stat *vm, const struct fault *f,
				      const struct nisv_site_key *key)
{
	struct scratch *scratch = scratch_get(SCRATCH_EVENT);

	if (!scratch)
		return;
	scratch->site.first_ns = time_now();
	scratch->site.ipa = f->ipa;
	scratch->site.far = f->far;
	scratch->site.esr = f->esr;
	if (!room_take(&vm->sites, sites_per_vm))
		return;
	if (bpf_map_update_elem(&sites, key, &scratch->site, BPF_NOEXIST)) {
		room_return(&vm->sites);
		if (!bpf_map_lookup_elem(&sites, key))
			loss_add(NISV_LOSS_SITES, 1);
	}
}

/* Count at the site; returns the number of this fault there, or among the VM's unplaced ones. */
static __always_inline u64 site_count(struct nisv_vm_stat *vm, const struct fault *f, bool *placed)
{
	struct nisv_site_key key;
	struct nisv_site *site;

	site_key(f, &key);
	site = bpf_map_lookup_elem(&sites, &key);
	if (!site && vm->sites < sites_per_vm) {
		site_make(vm, f, &key);
		site = bpf_map_lookup_elem(&sites, &key);
	}
	*placed = site;
	if (!site)
		return add_fetch(&vm->unplaced_faults, 1);
	site->last_ns = time_now();
	site->vcpu_id = f->vcpu_id;
	return add_fetch(&site->count, 1);
}

/*
 * The event that decides: count the fault, unless this exit from the guest is counted already, and
 * latch whether its details are wanted.
 */
static __always_inline void fault_count(struct fault *f)
{
	struct nisv_vm_stat *vm = vm_get(&f->vm);
	struct vcpu_state *v = vcpu_state_get(f);
	bool placed = false;
	u64 n;

	if (!vm || f->kind >= _NISV_KIND_MAX)
		return;
	if (v && v->counted_exit == f->exit)
		return;
	__sync_fetch_and_add(&vm->faults[f->kind], 1);
	n = site_count(vm, f, &placed);
	if (!v)
		return;
	v->counted_exit = f->exit;
	v->unanswered = 0;
	v->order++;
	v->kind = f->kind;
	v->pc = f->pc;
	v->ipa = f->ipa;
	v->is_translated = f->is_translated;
	v->unplaced = !placed;
	/* Without a site of its own it is the first one there, whatever its number in the VM. */
	v->latched = is_power_of_2(n) ? (placed ? n : 1) : 0;
}

/*
 * KVM_EXIT_MEMORY_FAULT: a mismatch of private and shared memory where the slot has both
 * (guest_memfd), else host memory that is not there (kvm_handle_error_pfn()).
 */
static __always_inline u32 memory_fault_kind(u64 kvm, u64 ipa)
{
	u64 slot = slot_find(vm_memslots(kvm), gfn_of(ipa));

	if (slot && !(READ(kvm_memory_slot, slot, flags) & NISV_SLOT_GUEST_MEMFD))
		return NISV_KIND_BACKING;
	return NISV_KIND_MEMORY_FAULT;
}

static __always_inline void site_outcome(const struct fault *f, const struct outcome *o)
{
	struct nisv_site_key key;
	struct nisv_site *site;

	site_key(f, &key);
	site = bpf_map_lookup_elem(&sites, &key);
	if (!site)
		return;
	site->outcome = o->outcome;
	site->errno_ = o->err;
}

/* Number, limit and send the pending record of a vCPU, if it is decided. */
__noinline int fault_send(vcpu_ref ref)
{
	struct vcpu_state *v = vcpu_referred(ref);
	struct nisv_rec_fault *rec;
	struct nisv_vm_stat *vm;
	struct nisv_vm_key key;
	bool vital;

	if (!v || !v->decided)
		return 0;
	v->decided = 0;
	key = v->key.vm;
	vm = bpf_map_lookup_elem(&vms, &key);
	if (!vm)
		return 0;
	rec = &v->pending;
	/* What kills a vCPU goes first; past that budget it is like any other. */
	vital = (rec->errno_ < 0 || !vm->has_fault) &&
		budget_take(vm, &vm->vital_in_window, vital_per_second);
	if (!vital && !budget_take(vm, &vm->detail_in_window, details_per_second)) {
		__sync_fetch_and_add(&vm->suppressed, 1);
		return 0;
	}
	/* Who it is came through the ordinary ring, which a storm may have filled. */
	if (!vm->has_fault) {
		vm->has_layout = 0;
		vm_introduce(key.kvm, key.ino, true);
	}
	layout_update(key.kvm, key.ino, vital && !vm->has_fault);
	vm->has_fault = 1;
	bpf_get_current_comm(rec->comm, sizeof(rec->comm));
	header_fill(&rec->hdr, NISV_REC_FAULT, sizeof(*rec), &key, add_fetch(&vm->seq, 1));
	record_send(rec, sizeof(*rec), vital, vm);
	return 0;
}

/* The pending record of a vCPU gets its outcome. */
static __always_inline void pending_decide(struct vcpu_state *v, const struct outcome *o)
{
	struct nisv_rec_fault *rec = &v->pending;

	rec->outcome = o->outcome;
	rec->errno_ = o->err;
	rec->exit_reason = o->reason;
	rec->is_beyond_host = o->beyond_host;
	rec->count = v->latched;
	rec->vcpu_order = v->order;
	v->decided = 1;
	v->latched = 0;
	v->pending_exit = 0;
}

/*
 * The outcome is known: fill the registers of the record, if one is wanted. @final: KVM is done
 * with the exit, and the guest's registers are all in memory. Without a first phase of the same
 * exit the map is the one of now, which is that of the fault only while KVM handles it. Returns
 * what fault_finish() is to be called with.
 */
static __always_inline struct vcpu_state *fault_complete(struct fault *f, const struct outcome *o,
							 bool final)
{
	struct vcpu_state *v = vcpu_state_get(f);

	site_outcome(f, o);
	if (!v || v->counted_exit != f->exit)
		return NULL;
	v->unanswered = final;
	/* What kills the vCPU is told in full, also past the budget of sites. */
	if (v->unplaced && o->err < 0)
		v->latched = 1;
	if (!v->latched)
		return NULL;
	if (v->pending_exit != f->exit || v->pending.ipa != f->ipa || v->pending.pc != f->pc)
		pending_fill(v, f, final ? NISV_LAYOUT_AFTER : NISV_LAYOUT_STABLE);
	v->pending.kind = f->kind;
	if (final || !v->looked) {
		fill_final(f->id.vcpu, &v->pending, final);
		v->looked = 0;
	}
	pending_decide(v, o);
	return v;
}

/*
 * Complete the record of a vCPU (NULL: there is none) from its guest's memory, and send it, if its
 * outcome is known. Called by the programs themselves, when the function that found the fault has
 * returned: the walks of the guest's tables take most of the 512 bytes that a chain of calls has.
 */
static __always_inline void fault_finish(struct vcpu_state *v)
{
	if (!v)
		return;
	if (!v->looked) {
		v->looked = 1;
		context_fill(vcpu_refer(v));
	}
	backing_describe(vcpu_refer(v));
	fault_send(vcpu_refer(v));
}

#endif
