/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_RULES_H
#define NISVD_RULES_H

/*
 * The causes, one row each: how sure, and the words for it. Specification: the taxonomy, with its
 * order of evaluation, its bands of confidence and its guards. Bands: 0.9 and more for what the
 * kernel shows (slot flags, ESR, instruction bytes); 0.7 to 0.85 for one fact of a reference map;
 * 0.5 to 0.7 for a likeness; 0.4 and less, proximity alone, never becomes a finding's cause.
 */

#include "daemon/core/diagnose.h"
#include "daemon/core/scene.h"
#include "daemon/core/words.h"

/*
 * Advice for one VMM ("qemu"), for one architecture ("arm64", "x86_64"), for one VMM on one
 * ("qemu/arm64"), or (NULL) for all, with where the option or fact that it names comes from: a file
 * and what in it, and the revision that was read.
 */
struct advice {
	const char *whose;
	const char *text;
	const char *source, *revision;
};

/* The revisions that the advice was checked against. */
#define REV_QEMU	     "QEMU 10.2.2"
#define REV_LINUX	     "Linux 7.1"
#define REV_FIRECRACKER	     "Firecracker 81b38b9da"
#define REV_CLOUD_HYPERVISOR "Cloud Hypervisor ae44c2971"
#define REV_CROSVM	     "crosvm f1e797a68"
#define REV_KVMTOOL	     "kvmtool b48735e"
#define REV_LIBKRUN	     "libkrun 6ed74fac"
#define REV_ARM_ARM	     "Arm ARM DDI 0487"
#define REV_DEVICETREE	     "Devicetree Specification 0.4"
#define REV_INTEL	     "Intel SDM, June 2025"
#define REV_NISVD	     "nisvd " NISV_VERSION

/* Where a cause is found. */
enum rule_from {
	RULE_FAULT = 1 << 0,   /* a fault, or MMIO that is a mistake */
	RULE_MAP = 1 << 1,     /* the layers of the memory map, held against each other (verify) */
	RULE_OVERLAY = 1 << 2, /* said of a finding beside its cause */
};

#define RULE_GENERAL_MAX 7

struct rule {
	const char *id;
	/* Less specific causes that are right, too, where the evidence for this one is lacking. */
	const char *general[RULE_GENERAL_MAX];
	const char *arch;  /* "arm64", "x86_64"; NULL: both */
	unsigned int from; /* enum rule_from */
	/* For nisv-causes(7), whole sentences: what it is, how nisvd knows it, and an example. */
	const char *what, *known_by, *example;

	/* 0 to 1; sets *reason (a static string) where it is not 0. Must not look at anything but
	 * the scene. NULL: only a check of verify() or an overlay finds it. */
	double (*score)(const struct scene *scene, const char **reason);
	/* What is at the address: follows "vCPU 0 executed `...` on 0x..., " in the summary. */
	void (*place)(const struct scene *scene, struct text *text);
	void (*where)(const struct scene *scene, struct text *text);
	void (*how)(const struct scene *scene, struct text *text);
	/* One more line of evidence, or NULL. */
	void (*prove)(const struct scene *scene, struct text *text);
	/* One line of advice that needs numbers of this VM, or NULL. */
	void (*advise)(const struct scene *scene, struct text *text);
	/* Sites of equal number share a finding; NULL: those of one slot, device or gap. */
	uint64_t (*scope)(const struct scene *scene);
	enum severity traffic_severity; /* of a finding that rests on MMIO alone */
	const struct advice *advice;	/* up to one with a NULL text */
	const char *documentation;
};

#define RULES_MAX	   96
#define RULE_THRESHOLD	   0.4 /* what is not above it is no cause */
#define RULE_ALTERNATIVE   0.3
#define UNKNOWN_CONFIDENCE 0.2

/* In order of evaluation; of those with a score, the last one is `unknown`. */
extern const struct rule *const rules[];
extern const size_t n_rules;

/* Whether it is for a VM of @vmm on a host of @arch. */
bool advice_is_for(const struct advice *advice, const char *vmm, const char *arch);

/* By its id, or NULL. */
const struct rule *rule_find(const char *id);

/* rules.c */
extern const struct rule rule_unknown;
/* rules_backing.c */
extern const struct rule rule_private_memory, rule_backing_gone, rule_backing_not_faultable;
/* rules_limit.c */
extern const struct rule rule_beyond_parange, rule_beyond_ipa_limit, rule_x86_beyond_maxphyaddr;
/* rules_guest.c */
extern const struct rule rule_nested, rule_protected;
/* rules_jump.c */
extern const struct rule rule_exec_from_device, rule_jumped_to_unmapped;
/* rules_walk.c */
extern const struct rule rule_host_s1ptw_bug, rule_table_in_readonly_slot, rule_truncated_ipa,
	rule_uninitialised_page_table;
/* rules_slot.c */
extern const struct rule rule_cache_op_readonly, rule_readonly_slot_write;
/* rules_slotchange.c */
extern const struct rule rule_flash_command_mode, rule_memslot_update_race, rule_memory_unplugged;
/* rules_gic.c */
extern const struct rule rule_vgic_access, rule_gic_version, rule_redist_beyond_vcpus,
	rule_slot_over_vgic;
/* rules_msi.c */
extern const struct rule rule_its_missing, rule_v2m_missing;
/* rules_device.c, rules_insn.c */
extern const struct rule rule_device_access, rule_ls64, rule_atomic, rule_framebuffer_copy,
	rule_ecam_read, rule_simd_copy, rule_dc_zva, rule_mops, rule_mte, rule_sve;
/* rules_pci.c */
extern const struct rule rule_ecam_mismatch, rule_pcie_window, rule_bar_not_mapped,
	rule_bar_outside_window;
/* rules_absent.c */
extern const struct rule rule_virtio_mmio_absent, rule_stolen_time, rule_device_absent,
	rule_subpage;
/* rules_memory.c */
extern const struct rule rule_tree_memory;
/* rules_ram.c */
extern const struct rule rule_image_ram_size, rule_past_ram_end;
/* rules_hole.c */
extern const struct rule rule_hole, rule_null_pointer;
/* rules_machine.c */
extern const struct rule rule_wrong_machine;
/* rules_x86.c, rules_x86_map.c */
extern const struct rule rule_x86_exec, rule_x86_emulation, rule_x86_ecam, rule_x86_apic,
	rule_x86_hpet_tpm, rule_x86_pci_hole;
/* rules_traffic.c */
extern const struct rule rule_mmio_storm, rule_stray_read, rule_stray_write;
/* overlay.c */
extern const struct rule rule_livelock, rule_compiler_writeback;

#define DOC_KVM_API "https://docs.kernel.org/virt/kvm/api.html"
#define DOC_ARM_ARM "https://developer.arm.com/documentation/ddi0487/latest"
#define DOC_GIC	    "https://docs.kernel.org/virt/kvm/devices/arm-vgic-v3.html"
#define DOC_ITS	    "https://docs.kernel.org/virt/kvm/devices/arm-vgic-its.html"
#define DOC_TREE    "https://www.devicetree.org/specifications/"

#endif
