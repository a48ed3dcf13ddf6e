/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_GUESTMEM_BPF_H
#define NISV_GUESTMEM_BPF_H

/*
 * The guest's memory, as the VMM has it mapped, in the vCPU's thread: its address space is the
 * current one. The guest chooses the addresses, so memory is found through the slots only, device
 * memory of the host is never touched, and reads do not fault pages in.
 */

#include "fields.bpf.h"
#include "memslots.bpf.h"
#include "vcpuref.bpf.h"

/* include/linux/mm.h, unchanged from 5.10 to 7.3. */
#define VM_READ	  0x00000001UL
#define VM_WRITE  0x00000002UL
#define VM_EXEC	  0x00000004UL
#define VM_SHARED 0x00000008UL
#define VM_PFNMAP 0x00000400UL
#define VM_IO	  0x00004000UL

/* include/uapi/linux/stat.h */
#define S_IFMT	0170000
#define S_IFREG 0100000

#define ENOENT 2

#ifdef OLDER_KERNELS
#define VMA_DEPTH 32 /* twice log2 of the 65530 mappings that a process has room for by default */

static __always_inline bool can_find_vma(void)
{
	return HAS(MAPPING) && bpf_core_field_exists(struct mm_struct___v510, mm_rb);
}

/* The current process's mapping at hva, 0 if there is none. A change of it meanwhile may hide it.
 */
__noinline u64 vma_at(u64 hva)
{
	struct task_struct *task = current_task();
	u64 mm = (u64)FIELD(task, mm);
	u64 node = (u64)READ(mm_struct___v510, mm, mm_rb.rb_node);
	int i;

	for (i = 0; i < VMA_DEPTH && node; i++) {
		u64 vma = node - bpf_core_field_offset(struct vm_area_struct___v510, vm_rb);

		if (hva < READ(vm_area_struct, vma, vm_start))
			node = (u64)READ(rb_node, node, rb_left);
		else if (hva >= READ(vm_area_struct, vma, vm_end))
			node = (u64)READ(rb_node, node, rb_right);
		else
			return vma;
	}
	return 0;
}

#define FIND_VMA(hva, take, ret)                                                           \
	({                                                                                 \
		u64 _vma = vma_at(hva);                                                    \
		_vma ? take(current_task(), (struct vm_area_struct *)_vma, ret) : -ENOENT; \
	})
#else
static __always_inline bool can_find_vma(void)
{
	return HAS(MAPPING) && bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_find_vma);
}

/* Its callback is @take, with @ret. -EBUSY where another thread changes the address space. */
#define FIND_VMA(hva, take, ret) bpf_find_vma(current_task(), hva, take, ret, 0)
#endif

struct vma_bounds {
	u64 start, end;
	bool is_io;
};

static long vma_bounds_take(struct task_struct *task, struct vm_area_struct *vma,
			    struct vma_bounds *bounds)
{
	bounds->start = FIELD(vma, vm_start);
	bounds->end = FIELD(vma, vm_end);
	bounds->is_io = FIELD(vma, vm_flags) & (VM_IO | VM_PFNMAP);
	return 0;
}

/*
 * Make sure that the mapping at hva may be read. It is asked for once: in a kprobe, where
 * interrupts are off, bpf_find_vma() works only once (bpf_mmap_unlock_get_irq_work()).
 */
static __always_inline u32 look_at(struct look *look, u64 hva)
{
	struct vma_bounds bounds = {};

	if (hva >= look->start && hva < look->end)
		return NISV_WALK_DONE;
	if (!can_find_vma())
		return NISV_WALK_UNSAFE;
	if (FIND_VMA(hva, vma_bounds_take, &bounds))
		return NISV_WALK_UNREADABLE;
	if (bounds.is_io)
		return NISV_WALK_IO_MEMORY;
	look->start = bounds.start;
	look->end = bounds.end;
	return NISV_WALK_DONE;
}

/* Begin to look into a VM's memory, as its slots are now. */
static __always_inline void look_begin(struct look *look, u64 kvm)
{
	look->memslots = vm_memslots(kvm);
	look->start = look->end = 0;
}

/* Where guest memory at @gpa is in the VMM, if it may be read there. */
static __always_inline u32 host_address(struct look *look, u64 gpa, u64 *hva)
{
	u64 gfn = gfn_of(gpa), slot = slot_at_or_below(look->memslots, gfn);

	if (!slot_contains(slot, gfn) || !slot_is_memory(slot, false))
		return NISV_WALK_NO_SLOT;
	*hva = READ(kvm_memory_slot, slot, userspace_addr) +
	       (gpa - gpa_of(READ(kvm_memory_slot, slot, base_gfn)));
	return look_at(look, *hva);
}

/* Read @size bytes, at most 8, of guest memory at @gpa into the vCPU's look.word; all in one page.
 */
__noinline u32 guest_read(vcpu_ref ref, u64 gpa, u64 size)
{
	struct vcpu_state *v = vcpu_referred(ref);
	u64 hva = 0;
	u32 state;

	if (!v || size > sizeof(v->look.word) || (gpa & (PAGE_BYTES - 1)) + size > PAGE_BYTES)
		return NISV_WALK_UNREADABLE;
	v->look.word = 0;
	state = host_address(&v->look, gpa, &hva);
	if (state != NISV_WALK_DONE)
		return state;
	return bpf_probe_read_user(&v->look.word, size, (void *)hva) ? NISV_WALK_UNREADABLE
								     : NISV_WALK_DONE;
}

/* Where the code around @gpa begins: half of it before, as far as its page reaches. */
static __always_inline u64 code_start(u64 gpa)
{
	u64 at = gpa & (PAGE_BYTES - 1), last = PAGE_BYTES - NISV_CODE_BYTES;
	u64 start = at < NISV_CODE_BYTES / 2 ? 0 : at - NISV_CODE_BYTES / 2;

	return gpa - at + (start < last ? start : last);
}

/* Read the code around @gpa, which was read from just now, into the vCPU's pending record. */
__noinline int code_read(vcpu_ref ref, u64 gpa)
{
	struct vcpu_state *v = vcpu_referred(ref);
	u64 hva = 0;

	if (!v)
		return 0;
	v->pending.code_len = 0;
	if (host_address(&v->look, code_start(gpa), &hva) == NISV_WALK_DONE &&
	    !bpf_probe_read_user(v->pending.code, NISV_CODE_BYTES, (void *)hva))
		v->pending.code_len = NISV_CODE_BYTES;
	return 0;
}

/* ---- what is behind a slot ---- */

static long vma_describe(struct task_struct *task, struct vm_area_struct *vma, struct nisv_vma *ret)
{
	struct inode *inode;

	ret->start = FIELD(vma, vm_start);
	ret->end = FIELD(vma, vm_end);
	ret->flags = (FIELD(vma, vm_flags) & VM_READ ? NISV_VMA_READ : 0) |
		     (FIELD(vma, vm_flags) & VM_WRITE ? NISV_VMA_WRITE : 0) |
		     (FIELD(vma, vm_flags) & VM_EXEC ? NISV_VMA_EXEC : 0) |
		     (FIELD(vma, vm_flags) & VM_SHARED ? NISV_VMA_SHARED : 0) |
		     (FIELD(vma, vm_flags) & VM_IO ? NISV_VMA_IO : 0) |
		     (FIELD(vma, vm_flags) & VM_PFNMAP ? NISV_VMA_PFNMAP : 0);
	if (!FIELD(vma, vm_file))
		return 0;
	inode = BPF_CORE_READ(vma, vm_file, f_inode);
	ret->flags |= NISV_VMA_FILE;
	ret->ino = BPF_CORE_READ(inode, i_ino);
	ret->file_offset = ((u64)FIELD(vma, vm_pgoff) << host_page_shift) + (ret->hva - ret->start);
	if ((BPF_CORE_READ(inode, i_mode) & S_IFMT) != S_IFREG)
		return 0;
	ret->flags |= NISV_VMA_REGULAR;
	ret->file_size = BPF_CORE_READ(inode, i_size);
	return 0;
}

/* Fill vma of the pending record of a vCPU, if KVM could not use what is behind its slot. */
__noinline int backing_describe(vcpu_ref ref)
{
	struct vcpu_state *v = vcpu_referred(ref);
	struct nisv_vma vma = {};
	long r;

	if (!v || v->pending.slot.id < 0 || !can_find_vma())
		return 0;
	if (v->pending.kind != NISV_KIND_BACKING && v->pending.kind != NISV_KIND_MEMORY_FAULT)
		return 0;
	vma.hva = v->pending.slot.hva + (v->pending.ipa - v->pending.slot.gpa);
	r = FIND_VMA(vma.hva, vma_describe, &vma);
	vma.state = !r ? NISV_VMA_FOUND : r == -ENOENT ? NISV_VMA_ABSENT : NISV_VMA_BUSY;
	v->pending.vma = vma;
	return 0;
}

#endif
