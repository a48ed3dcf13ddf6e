/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_FIELDS_H
#define NISV_FIELDS_H

/*
 * The members of kernel structures that nisvd can do without: where a kernel has not one of a
 * group, what they give is told as unknown, and everything else works. Every other member that a
 * program reads it cannot do without: the kernel refuses that program, and it alone. Each group is
 * a list X(struct, member); names as bpf/kvm.bpf.h has them. BPF guards what it reads with it, the
 * daemon tells which member is not there.
 */

#include <linux/types.h>

/* The layout of a VM but for its slots, which a fault cannot be judged without. */
#define NISV_FIELDS_MAP_ANY(X)         \
	X(kvm, online_vcpus)           \
	X(kvm, buses)                  \
	X(kvm_io_bus, dev_count)       \
	X(kvm_io_bus, ioeventfd_count) \
	X(kvm_io_bus, range)           \
	X(kvm_io_range, addr)          \
	X(kvm_io_range, len)           \
	X(kvm_io_range, dev)           \
	X(_ioeventfd, addr)            \
	X(_ioeventfd, length)          \
	X(_ioeventfd, dev)

#if defined(__aarch64__) || defined(__TARGET_ARCH_arm64)
#define NISV_FIELDS_MAP(X)           \
	NISV_FIELDS_MAP_ANY(X)       \
	X(kvm_arch, vgic)            \
	X(vgic_dist, in_kernel)      \
	X(vgic_dist, vgic_model)     \
	X(vgic_dist, vgic_dist_base) \
	X(vgic_dist, vgic_cpu_base)  \
	X(vgic_dist, rd_regions)     \
	X(vgic_redist_region, base)  \
	X(vgic_redist_region, count) \
	X(vgic_redist_region, list)

#define NISV_FIELDS_SYSREGS(X)       \
	X(kvm_cpu_context, sys_regs) \
	X(kvm_vcpu_arch, hcr_el2)
#else
#define NISV_FIELDS_MAP(X) NISV_FIELDS_MAP_ANY(X)

#define NISV_FIELDS_SYSREGS(X) \
	X(kvm_vcpu_arch, cr0)  \
	X(kvm_vcpu_arch, cr3)  \
	X(kvm_vcpu_arch, cr4)  \
	X(kvm_vcpu_arch, efer)
#endif

#define NISV_FIELDS_CGROUP(X) \
	X(css_set, dfl_cgrp)  \
	X(cgroup, kn)         \
	X(kernfs_node, id)

#define NISV_FIELDS_CMDLINE(X)  \
	X(mm_struct, arg_start) \
	X(mm_struct, arg_end)

#define NISV_FIELDS_MAPPING(X)      \
	X(vm_area_struct, vm_start) \
	X(vm_area_struct, vm_end)   \
	X(vm_area_struct, vm_flags) \
	X(vm_area_struct, vm_pgoff) \
	X(vm_area_struct, vm_file)  \
	X(file, f_inode)            \
	X(inode, i_mode)            \
	X(inode, i_size)

/* The groups: G(name in enum nisv_group, list of members). */
#define NISV_GROUPS(G)                  \
	G(MAP, NISV_FIELDS_MAP)         \
	G(SYSREGS, NISV_FIELDS_SYSREGS) \
	G(CGROUP, NISV_FIELDS_CGROUP)   \
	G(CMDLINE, NISV_FIELDS_CMDLINE) \
	G(MAPPING, NISV_FIELDS_MAPPING)

#define NISV_GROUP_NAME(name, list) NISV_GROUP_##name,
enum nisv_group {
	NISV_GROUPS(NISV_GROUP_NAME) _NISV_GROUP_MAX
};
#undef NISV_GROUP_NAME

/* Of a group: its first member that this kernel lacks, by its number in the list. */
#define NISV_FIELDS_COMPLETE (~0U)

#endif
