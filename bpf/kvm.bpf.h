/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_KVM_BPF_H
#define NISV_KVM_BPF_H

/*
 * The few kernel types we read, each with only the members we use. libbpf relocates every access
 * by name against the running kernel's BTF (CO-RE), so order and padding here mean nothing. A
 * ___suffix marks a flavour: same kernel type, members as some versions have them.
 */

#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "include/nisv_maps.h"

#define _core __attribute__((preserve_access_index))

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef _Bool bool;
#define true 1
#define false 0

/* The context of a raw_tp program: the arguments of its tracepoint. */
typedef struct bpf_raw_tracepoint_args raw_args;

/* ---- generic kernel ---- */

struct hlist_node {
	struct hlist_node *next, **pprev;
} _core;

struct hlist_head {
	struct hlist_node *first;
} _core;

struct list_head {
	struct list_head *next, *prev;
} _core;

struct rb_node {
	unsigned long __rb_parent_color;
	struct rb_node *rb_right;
	struct rb_node *rb_left;
} _core;

struct rb_root {
	struct rb_node *rb_node;
} _core;

typedef struct {
	s32 counter;
} atomic_t;

typedef struct {
	__s64 counter;
} atomic_long_t;

struct qstr {
	const unsigned char *name;
} _core;

struct super_block {
	unsigned long s_magic;
} _core;

struct inode {
	u16 i_mode;
	unsigned long i_ino;
	__s64 i_size;
} _core;

struct dentry {
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
} _core;

struct path {
	struct dentry *dentry;
} _core;

struct file {
	struct path f_path;
	struct inode *f_inode;
	void *private_data;
} _core;

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
} _core;

struct files_struct {
	struct fdtable *fdt;
} _core;

struct kernfs_node {
	u64 id;
} _core;

struct cgroup {
	struct kernfs_node *kn;
} _core;

struct css_set {
	struct cgroup *dfl_cgrp;
} _core;

struct mm_struct {
	unsigned long arg_start, arg_end;
} _core;

/* Until Linux 6.0: the mappings in a red-black tree. */
struct mm_struct___v510 {
	struct rb_root mm_rb;
} _core;

struct vm_area_struct {
	unsigned long vm_start, vm_end;
	unsigned long vm_flags;
	unsigned long vm_pgoff;
	struct file *vm_file;
} _core;

struct vm_area_struct___v510 {
	struct rb_node vm_rb;
} _core;

struct sched_entity {
	u64 nr_migrations;
} _core;

struct pid;

struct task_struct {
	struct hlist_head preempt_notifiers;
	struct sched_entity se;
	s32 pid, tgid;
	void *stack;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	u64 start_boottime;
	char comm[NISV_COMM_LEN];
	struct files_struct *files;
	struct mm_struct *mm;
	struct css_set *cgroups;
} _core;

struct bpf_iter_meta {
	struct seq_file *seq;
	u64 session_id;
} _core;

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	u32 fd;
	struct file *file;
} _core;

/* ---- KVM, every architecture ---- */

struct preempt_ops;

struct preempt_notifier {
	struct hlist_node link;
	struct preempt_ops *ops;
} _core;

struct kvm_memory_slot {
	struct rb_node gfn_node[2];
	u64 base_gfn;
	unsigned long npages;
	unsigned long userspace_addr;
	u32 flags;
	short id;
	u16 as_id;
} _core;

struct kvm_memslots {
	u64 generation;
	atomic_long_t last_used_slot;
	struct rb_root gfn_tree;
	int node_idx;
} _core;

/* Until Linux 5.16: an array, descending by base_gfn. */
struct kvm_memslots___v510 {
	int used_slots;
	struct kvm_memory_slot memslots[];
} _core;

struct kvm_io_device;

struct kvm_io_range {
	u64 addr;
	int len;
	struct kvm_io_device *dev;
} _core;

struct kvm_io_bus {
	int dev_count;
	int ioeventfd_count;
	struct kvm_io_range range[];
} _core;

/* virt/kvm/eventfd.c; its kvm_io_device is embedded in it. */
struct kvm_io_device {
	const void *ops;
} _core;

struct _ioeventfd {
	u64 addr;
	int length;
	struct kvm_io_device dev;
} _core;

/*
 * struct kvm_run is UAPI (include/uapi/linux/kvm.h): fixed offsets, no relocation. The union of
 * exit data starts at byte 32.
 */
struct run_mmio {
	u64 phys_addr;
	u8 data[8];
	u32 len;
	u8 is_write;
};

struct run_memory_fault {
	u64 flags;
	u64 gpa;
	u64 size;
};

#define RUN_EXIT_DATA 32

#define KVM_RUN_CMD 0xAE80U /* _IO(KVMIO, 0x80) */

/* Exit reasons: include/uapi/linux/kvm.h. */
#define EXIT_UNKNOWN	    0
#define EXIT_MMIO	    6
#define EXIT_INTERNAL_ERROR 17
#define EXIT_ARM_NISV	    28
#define EXIT_MEMORY_FAULT   39
#define EXIT_ARM_LDST64B    42
#define EXIT_LAST	    43 /* KVM_EXIT_SNP_REQ_CERTS: what came later may mean anything */

/* enum kvm_bus: KVM_MMIO_BUS */
#define MMIO_BUS 0

/* include/trace/events/kvm.h: KVM_TRACE_MMIO_* */
#define MMIO_READ_UNSATISFIED 0
#define MMIO_READ	      1
#define MMIO_WRITE	      2

#if defined(__TARGET_ARCH_arm64)
#include "kvm_arm64.bpf.h"
#elif defined(__TARGET_ARCH_x86)
#include "kvm_x86.bpf.h"
#else
#error "no such architecture"
#endif

struct kvm {
	struct mm_struct *mm;
	struct kvm_memslots *memslots[1];
	atomic_t online_vcpus;
	struct kvm_io_bus *buses[4];
	struct kvm_arch arch;
	struct dentry *debugfs_dentry;
} _core;

struct kvm_vcpu_stat {
	u64 exits;
} _core;

struct kvm_vcpu {
	struct kvm *kvm;
	struct preempt_notifier preempt_notifier;
	int vcpu_id;
	void *run;
	struct pid *pid;
	int mmio_read_completed;
	struct kvm_vcpu_arch arch;
	struct kvm_vcpu_stat stat;
} _core;

/*
 * A field of a kernel object whose address is a plain number. The number is taken first: inside
 * BPF_CORE_READ() a member of one of our own structs would be relocated too.
 */
#define READ(type, address, member...)                          \
	({                                                      \
		u64 _address = (u64)(address);                  \
		BPF_CORE_READ((struct type *)_address, member); \
	})

#endif
