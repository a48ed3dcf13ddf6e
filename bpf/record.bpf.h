/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_RECORD_BPF_H
#define NISV_RECORD_BPF_H

/* VMs as we keep them, and the way of a record to the daemon: numbered, limited, never silent. */

#include "alone.bpf.h"
#include "layout.bpf.h"
#include "vcpu.bpf.h"

#define SECOND_NS 1000000000ULL

/* May this VM send one more record now? What it may not is counted. */
static __always_inline bool budget_take(struct nisv_vm_stat *vm, __u32 *used, u32 max)
{
	u64 now = bpf_ktime_get_ns();

	if (now - vm->detail_window_ns >= SECOND_NS) {
		vm->detail_window_ns = now;
		vm->detail_in_window = vm->vital_in_window = vm->slots_in_window = 0;
	}
	if (*used >= max)
		return false;
	__sync_fetch_and_add(used, 1);
	return true;
}

static __always_inline void header_fill(struct nisv_rec_hdr *hdr, u32 type, u32 size,
					const struct nisv_vm_key *key, u64 seq)
{
	u64 pid_tgid = bpf_get_current_pid_tgid();

	hdr->type = type;
	hdr->size = size;
	hdr->vm = *key;
	hdr->seq = seq;
	hdr->time_ns = time_now();
	hdr->tgid = pid_tgid >> 32;
	hdr->tid = (u32)pid_tgid;
}

/* @vm: the totals of the VM it is about, NULL if it has none. */
static __always_inline void record_send(void *rec, u64 size, bool vital, struct nisv_vm_stat *vm)
{
	if (vital ? !bpf_ringbuf_output(&ring_vital, rec, size, 0)
		  : !bpf_ringbuf_output(&ring, rec, size, 0))
		return;
	loss_add(vital ? NISV_LOSS_VITAL : NISV_LOSS_RING, 1);
	if (vm)
		__sync_fetch_and_add(&vm->lost_records, 1);
}

/* Everything about a VM but its command line, which only its own threads can read. */
static __always_inline void vm_describe(struct nisv_rec_vm *rec, u64 kvm, struct task_struct *task)
{
	struct task_struct *leader = FIELD(task, group_leader);
	const unsigned char *name = READ(kvm, kvm, debugfs_dentry, d_name.name);

	if (bpf_probe_read_kernel_str(rec->dir, sizeof(rec->dir), name) < 0)
		rec->dir[0] = 0;
	bpf_probe_read_kernel(rec->comm, sizeof(rec->comm), leader->comm);
	rec->cgroup_id = HAS(CGROUP) ? BPF_CORE_READ(leader, cgroups, dfl_cgrp, kn, id) : 0;
	rec->start_ns = FIELD(leader, start_boottime);
	rec->cmdline_len = rec->cmdline_total = 0;
	rec->vm_fd = -1;
	rec->reserved = 0;
}

#define CMDLINE_PIECE 256

/*
 * The command line of the current process, as far as its pages are present: in pieces, because one
 * absent page fails a whole read, and never past its end, where the stack's mapping may end.
 */
static __always_inline void cmdline_read(struct nisv_rec_vm *rec, struct task_struct *task)
{
	struct mm_struct *mm;
	u64 start, end, len;
	u32 at, n;

	mm = HAS(CMDLINE) ? FIELD(task, mm) : NULL;
	if (!mm)
		return;
	start = FIELD(mm, arg_start);
	end = FIELD(mm, arg_end);
	len = end > start ? end - start : 0;
	rec->cmdline_total = len;
	for (at = 0; at < NISV_CMDLINE_MAX; at += CMDLINE_PIECE) {
		n = len % CMDLINE_PIECE;
		rec->cmdline_len = at;
		if (at + CMDLINE_PIECE > len) {
			if (!bpf_probe_read_user(&rec->cmdline[at], n, (void *)(start + at)))
				rec->cmdline_len = len;
			return;
		}
		if (bpf_probe_read_user(&rec->cmdline[at], CMDLINE_PIECE, (void *)(start + at)))
			return;
	}
	rec->cmdline_len = NISV_CMDLINE_MAX;
}

/* Send the NISV_REC_VM of a VM just put into `vms`; the vCPU thread of it is running. */
__noinline int vm_introduce(u64 kvm, u64 ino, u32 vital)
{
	struct nisv_vm_key key = {.kvm = kvm, .ino = ino};
	struct nisv_vm_stat *vm = bpf_map_lookup_elem(&vms, &key);
	struct scratch *scratch = scratch_get(SCRATCH_EVENT);
	struct task_struct *task = current_task();
	struct nisv_rec_vm *rec;

	if (!vm || !scratch)
		return -1;
	rec = &scratch->rec_vm;
	vm_describe(rec, kvm, task);
	cmdline_read(rec, task);
	header_fill(&rec->hdr, NISV_REC_VM, sizeof(*rec), &key, add_fetch(&vm->seq, 1));
	record_send(rec, sizeof(*rec), vital, vm);
	return 0;
}

/* Send the layout of a VM if it is not the one sent last. */
__noinline int layout_update(u64 kvm, u64 ino, u32 vital)
{
	struct nisv_vm_key key = {.kvm = kvm, .ino = ino};
	struct nisv_vm_stat *vm = bpf_map_lookup_elem(&vms, &key);
	struct scratch *scratch = scratch_get(SCRATCH_EVENT);
	u32 size;

	if (!vm || !scratch)
		return -1;
	if (vm->has_layout && vm->generation == memslots_generation(vm_memslots(kvm)))
		return 0;
	if (layout_fill(kvm, SCRATCH_EVENT))
		return -1;
	vm->has_layout = 1;
	vm->generation = scratch->rec_layout.generation;
	size = layout_size(&scratch->rec_layout);
	header_fill(&scratch->rec_layout.hdr, NISV_REC_LAYOUT, size, &key, add_fetch(&vm->seq, 1));
	record_send(&scratch->rec_layout, size, vital, vm);
	return 0;
}

/* First sight of a VM: make its totals and send it; -1 if it is not the first, or there is no room.
 */
__noinline int vm_make(u64 kvm, u64 ino)
{
	struct nisv_vm_key key = {.kvm = kvm, .ino = ino};
	struct scratch *scratch = scratch_get(SCRATCH_EVENT);

	if (!scratch)
		return -1;
	scratch->vm.tgid = bpf_get_current_pid_tgid() >> 32;
	if (bpf_map_update_elem(&vms, &key, &scratch->vm, BPF_NOEXIST))
		return -1;
	/* Not vital: a VMM that makes VMs in a loop must not fill the ring of those that die. */
	vm_introduce(kvm, ino, false);
	return 0;
}

/* The totals of a VM, NULL if there are too many VMs. */
static __always_inline struct nisv_vm_stat *vm_get(const struct nisv_vm_key *key)
{
	struct nisv_vm_stat *vm = bpf_map_lookup_elem(&vms, key);

	if (vm)
		return vm;
	/* Its layout from here: the stack of a whole chain of calls is small. */
	alone_begin();
	if (!vm_make(key->kvm, key->ino))
		layout_update(key->kvm, key->ino, false);
	alone_end();
	vm = bpf_map_lookup_elem(&vms, key);
	if (!vm)
		loss_add(NISV_LOSS_VMS, 1);
	return vm;
}

/*
 * KVM destroys a VM: whoever drops the last reference does it. One that has no totals may still be
 * known to the daemon, from a scan.
 */
static __always_inline int vm_end(u64 kvm)
{
	struct nisv_vm_key key = vm_key(kvm, current_task());
	struct nisv_vm_stat *vm = bpf_map_lookup_elem(&vms, &key);
	struct nisv_rec_hdr hdr;

	__sync_fetch_and_add(&vm_epoch, 1);
	if (!vm) {
		header_fill(&hdr, NISV_REC_VM_END, sizeof(hdr), &key, 0);
		record_send(&hdr, sizeof(hdr), false, NULL);
		return 0;
	}
	header_fill(&hdr, NISV_REC_VM_END, sizeof(hdr), &key, add_fetch(&vm->seq, 1));
	hdr.tgid = vm->tgid;
	record_send(&hdr, sizeof(hdr), true, vm);
	return 0;
}

#endif
