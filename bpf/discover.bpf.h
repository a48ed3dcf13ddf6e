/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_DISCOVER_BPF_H
#define NISV_DISCOVER_BPF_H

/*
 * The VMs that are alive, from the files that processes hold open. A VM lives as long as its own
 * file or that of one of its vCPUs, so both are looked at.
 */

#include "record.bpf.h"

#define ANON_INODE_FS_MAGIC 0x09041934 /* include/uapi/linux/magic.h */

#define VM_FILE	  "kvm-vm"    /* kvm_dev_ioctl_create_vm() */
#define VCPU_FILE "kvm-vcpu:" /* create_vcpu_fd(); the vCPU's id follows */

static __always_inline bool starts_with(const char *name, const char *prefix, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		if (name[i] != prefix[i])
			return false;
	return true;
}

/*
 * The VM of an open file, 0 if it is none. Anyone can name a file kvm-vm, but not in this fs.
 * private_data is read by a helper, not directly: Linux 6.18's verifier refuses (-EINVAL) an
 * iterator that hands a number from such a direct read to a global function.
 */
static __always_inline u64 file_vm(struct file *file, bool *is_vcpu)
{
	struct dentry *dentry = file->f_path.dentry;
	char name[sizeof(VCPU_FILE)] = {};
	u64 vcpu;

	if (dentry->d_sb->s_magic != ANON_INODE_FS_MAGIC)
		return 0;
	bpf_probe_read_kernel_str(name, sizeof(name), dentry->d_name.name);
	*is_vcpu = false;
	if (starts_with(name, VM_FILE, sizeof(VM_FILE)))
		return (u64)BPF_CORE_READ(file, private_data);
	*is_vcpu = true;
	if (!starts_with(name, VCPU_FILE, sizeof(VCPU_FILE) - 1))
		return 0;
	vcpu = (u64)BPF_CORE_READ(file, private_data);
	/* One vCPU is enough to find a VM whose own file is closed. */
	return READ(kvm_vcpu, vcpu, vcpu_id) ? 0 : (u64)READ(kvm_vcpu, vcpu, kvm);
}

static __always_inline void found_header(struct nisv_rec_hdr *hdr, u32 type, u32 size,
					 const struct nisv_vm_key *key, struct task_struct *task)
{
	header_fill(hdr, type, size, key, 0);
	hdr->tgid = task->tgid;
	hdr->tid = task->pid;
}

/*
 * Both records of a VM go into one run of the iterator's buffer (32 KiB), or into none: what did
 * not fit is shown again with the next one.
 */
_Static_assert(sizeof(struct nisv_rec_vm) + sizeof(struct nisv_rec_layout) <= 30 << 10,
	       "too large for the iterator");

static __always_inline int file_show(struct bpf_iter_meta *meta, struct task_struct *task,
				     struct file *file, u32 fd)
{
	struct scratch *scratch = scratch_get(SCRATCH_ITERATOR);
	struct seq_file *seq = meta->seq;
	struct nisv_vm_key key;
	bool is_vcpu;
	u32 size;
	u64 kvm;

	kvm = file_vm(file, &is_vcpu);
	/* Only the process that made a VM can use it (kvm_vm_ioctl(), kvm_vcpu_ioctl()). */
	if (!kvm || !scratch || (u64)READ(kvm, kvm, mm) != (u64)task->mm)
		return 0;
	/* The first vCPU's file mostly follows the VM's own, and says nothing new. */
	if (is_vcpu && scratch->shown_kvm == kvm && scratch->shown_session == meta->session_id)
		return 0;
	key = vm_key(kvm, task);
	vm_describe(&scratch->rec_vm, kvm, task);
	if (!is_vcpu)
		scratch->rec_vm.vm_fd = fd;
	found_header(&scratch->rec_vm.hdr, NISV_REC_VM, sizeof(scratch->rec_vm), &key, task);
	if (bpf_seq_write(seq, &scratch->rec_vm, sizeof(scratch->rec_vm)))
		return 0;
	if (layout_fill(kvm, SCRATCH_ITERATOR))
		return 0;
	size = layout_size(&scratch->rec_layout);
	found_header(&scratch->rec_layout.hdr, NISV_REC_LAYOUT, size, &key, task);
	if (bpf_seq_write(seq, &scratch->rec_layout, size))
		return 0;
	scratch->shown_kvm = kvm;
	scratch->shown_session = meta->session_id;
	return 0;
}

#endif
