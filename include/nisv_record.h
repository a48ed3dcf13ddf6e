/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_RECORD_H
#define NISV_RECORD_H

/*
 * The binary contract between bpf/ (which writes) and daemon/edge/capture (which reads): ring
 * buffer records, map keys and map values. Fixed-width members only, no implicit padding, the
 * record type first. Both sides are built from one tree, so there is no version field; the sizes
 * below are asserted on both sides because BPF and the host compiler may lay out differently.
 *
 * Units: addresses and sizes are bytes, times are CLOCK_MONOTONIC nanoseconds (bpf_ktime_get_ns).
 * "IPA" is the guest-physical address (Arm ARM: intermediate physical address; GPA on x86).
 */

#include <linux/types.h>

#define NISV_CMDLINE_MAX 4096 /* bytes of the VMM's command line copied at first sight */
#define NISV_COMM_LEN	 16   /* TASK_COMM_LEN */
#define NISV_DIR_LEN	 32 /* "PID-FD" or "PID-FD.N": the name of the VM's KVM debugfs directory */
#define NISV_SLOTS_MAX	 640 /* memslots in one layout record; more are counted, not described */
#define NISV_BUS_MAX	 256 /* in-kernel MMIO ranges in one layout record */
#define NISV_REDIST_MAX	 4   /* vGICv3 redistributor regions in one layout record */
#define NISV_GPRS                                                                                \
	31 /* arm64 x0..x30; x86 uses the first 16 in KVM's order (rax, rcx, rdx, rbx, rsp, ...) \
	    */
#define NISV_INSN_MAX	 16 /* bytes: 4 on arm64, at most 15 on x86 */
#define NISV_PLACE_SHIFT 9  /* MMIO is counted per 512 bytes: one virtio-mmio transport each */

enum nisv_rec_type {
	NISV_REC_VM = 1,     /* struct nisv_rec_vm: first sight of a VM */
	NISV_REC_LAYOUT = 2, /* struct nisv_rec_layout: its memory map, when it changed */
	NISV_REC_FAULT = 3,  /* struct nisv_rec_fault: one fault in detail */
	NISV_REC_VM_END = 4, /* struct nisv_rec_hdr only: KVM destroys the VM */
	NISV_REC_SLOT = 5,   /* struct nisv_rec_slot: one memslot changed */
};

/* Kinds of abort (design section 5). MMIO is traffic, not an abort, and is counted by place. */
enum nisv_kind {
	NISV_KIND_NISV = 0,	  /* data abort outside memory, ESR_EL2.ISV = 0 */
	NISV_KIND_EXEC = 1,	  /* instruction fetch outside memory */
	NISV_KIND_WALK = 2,	  /* stage-2 fault on a stage-1 table walk outside memory */
	NISV_KIND_BEYOND_IPA = 3, /* address past the VM's or the host's IPA limit */
	NISV_KIND_BACKING = 4, /* KVM_RUN failed with EFAULT: no usable host memory behind a slot */
	NISV_KIND_EMULATION = 5,    /* x86: the instruction emulator gave up */
	NISV_KIND_MEMORY_FAULT = 6, /* KVM_EXIT_MEMORY_FAULT (39): private/shared mismatch */
	NISV_KIND_LDST64B = 7,	    /* KVM_EXIT_ARM_LDST64B (42) */
	_NISV_KIND_MAX = 8,
};

/* What became of a fault (design section 5). */
enum nisv_outcome {
	NISV_OUTCOME_UNKNOWN = 0,   /* candidate: no second phase was seen */
	NISV_OUTCOME_VM_KILLED = 1, /* KVM_RUN returned an errno to the VMM */
	NISV_OUTCOME_VMM_DECIDES =
		2, /* exit to the VMM: ARM_NISV, MEMORY_FAULT, INTERNAL_ERROR ... */
	NISV_OUTCOME_ABORT_INJECTED = 3, /* KVM injected an abort (x86: #UD) into the guest */
	_NISV_OUTCOME_MAX = 4,
};

enum nisv_layout_state {
	NISV_LAYOUT_NONE = 0,	  /* memslots could not be read */
	NISV_LAYOUT_STABLE = 1,	  /* same generation before and after the walk, at the fault */
	NISV_LAYOUT_UNSTABLE = 2, /* the slots changed during both tries */
	NISV_LAYOUT_AFTER = 3, /* walked after the fault (no first phase): may have changed since */
};

enum nisv_insn_state {
	NISV_INSN_NONE = 0,	  /* not applicable: the fetch itself failed */
	NISV_INSN_OK = 1,	  /* insn[] holds insn_len bytes read from guest memory */
	NISV_INSN_STAGE1 = 2,	  /* the stage-1 walk of the PC met an invalid descriptor */
	NISV_INSN_NO_SLOT = 3,	  /* the PC or one of its tables is in no memslot */
	NISV_INSN_UNREADABLE = 4, /* host page not present now (swapped out, never touched) */
	NISV_INSN_IO_MEMORY = 5,  /* slot is device memory on the host: never read */
	NISV_INSN_PROTECTED = 6,  /* protected VM: memory is not the host's to read */
	NISV_INSN_NO_SYSREGS = 7, /* MMU state unknown: EL1 registers were not current */
	NISV_INSN_UNSAFE = 8,	  /* this kernel offers no way to tell device memory: not read */
};

/* How current the EL1 system registers in a fault record are (kernel-facts 4b: VHE hosts). */
enum nisv_sysregs_state {
	NISV_SYSREGS_NONE = 0,
	NISV_SYSREGS_STALE = 1,	  /* as of the last vcpu_put, not of the fault */
	NISV_SYSREGS_CURRENT = 2, /* saved after the fault, before the guest ran again */
};

/* Bits of nisv_slot.flags: KVM's own (include/uapi/linux/kvm.h, include/linux/kvm_host.h). */
#define NISV_SLOT_LOG_DIRTY   (1U << 0)
#define NISV_SLOT_READONLY    (1U << 1)
#define NISV_SLOT_GUEST_MEMFD (1U << 2)
#define NISV_SLOT_INVALID \
	(1U << 16) /* KVM_MEMSLOT_INVALID: being changed; KVM treats it as absent */

/*
 * A VM is known by its struct kvm and the inode number of its debugfs directory; the pointer alone
 * is reused at once (kernel-facts 8). Without debugfs, ino is the start time of the VMM's main
 * thread with bit 63 set.
 */
struct nisv_vm_key {
	__u64 kvm;
	__u64 ino;
};

struct nisv_rec_hdr {
	__u32 type; /* enum nisv_rec_type */
	__u32 size; /* bytes of the whole record */
	struct nisv_vm_key vm;
	__u64 seq; /* per VM, from 1, without gaps: a gap is a lost record. 0 from discovery */
	__u64 time_ns;
	__u32 tgid; /* the VMM's process, in the initial PID namespace */
	__u32 tid;  /* the thread it happened in */
};

struct nisv_rec_vm {
	struct nisv_rec_hdr hdr;
	char dir[NISV_DIR_LEN];	  /* kvm->debugfs_dentry name, "" if unknown */
	char comm[NISV_COMM_LEN]; /* of the VMM's main thread */
	__u64 cgroup_id;	  /* 0 if unknown */
	__u64 start_ns;		  /* boot-time start of the VMM's main thread: detects PID reuse */
	__u32 cmdline_len;   /* bytes in cmdline[], arguments NUL-separated; 0 from discovery */
	__u32 cmdline_total; /* bytes the command line really has */
	__s32 vm_fd;	     /* file descriptor of the VM in the VMM, -1 if unknown */
	__u32 reserved;
	char cmdline[NISV_CMDLINE_MAX];
};

struct nisv_slot {
	__u64 gpa; /* first byte */
	__u64 size;
	__u64 hva;   /* host virtual address of the first byte in the VMM */
	__u32 flags; /* NISV_SLOT_* */
	__s16 id;    /* KVM slot id, -1: this member describes no slot */
	__u16 as_id; /* address space (1 is SMM on x86) */
};

struct nisv_bus_range {
	__u64 addr;
	__u32 len;
	__u32 is_ioeventfd; /* 1: a doorbell, so a device exists there; 0: an in-kernel device */
};

struct nisv_redist {
	__u64 base;
	__u32 count; /* redistributors (128 KiB each) in the region; 0: KVM sizes it by the vCPUs */
	__u32 reserved;
};

/* Values of nisv_rec_layout.vgic_model. */
#define NISV_VGIC_NONE 0U
#define NISV_VGIC_V2   2U
#define NISV_VGIC_V3   3U
#define NISV_VGIC_V5   5U

#define NISV_ADDR_UNSET (~0ULL) /* VGIC_ADDR_UNDEF */

struct nisv_rec_layout {
	struct nisv_rec_hdr hdr;
	__u64 generation;   /* kvm_memslots.generation */
	__u32 state;	    /* enum nisv_layout_state */
	__u32 n_slots;	    /* used entries of slots[], ascending by gpa */
	__u32 total_slots;  /* slots found; > n_slots: truncated */
	__u32 n_bus;	    /* used entries of bus[] */
	__u32 total_bus;    /* ranges on KVM_MMIO_BUS */
	__u32 vcpus;	    /* kvm->online_vcpus */
	__u32 ipa_bits;	    /* arm64 stage-2 input size; 0 unknown */
	__u32 vgic_model;   /* NISV_VGIC_* */
	__u64 vgic_dist;    /* NISV_ADDR_UNSET if not placed */
	__u64 vgic_cpu;	    /* GICv2 CPU interface, NISV_ADDR_UNSET if none */
	__u32 n_redist;	    /* used entries of redist[] */
	__u32 nisv_to_user; /* 1: the VMM enabled KVM_CAP_ARM_NISV_TO_USER */
	__u32 is_protected; /* 1: pKVM protected VM */
	__u32 is_32bit;	    /* 1: arm64, the VMM made it with KVM_ARM_VCPU_EL1_32BIT */
	struct nisv_redist redist[NISV_REDIST_MAX];
	struct nisv_bus_range bus[NISV_BUS_MAX];
	struct nisv_slot slots[NISV_SLOTS_MAX]; /* last: only n_slots of them are sent */
};

/* hdr.size of a layout record with @n slots. */
#define NISV_LAYOUT_SIZE(n) \
	(sizeof(struct nisv_rec_layout) - (NISV_SLOTS_MAX - (n)) * sizeof(struct nisv_slot))

/* Values and order of enum kvm_mr_change (include/linux/kvm_host.h). */
enum nisv_slot_change {
	NISV_SLOT_CREATED = 0,
	NISV_SLOT_DELETED = 1,
	NISV_SLOT_MOVED = 2,
	NISV_SLOT_FLAGS = 3, /* dirty logging or read-only switched */
	_NISV_SLOT_CHANGE_MAX = 4,
};

/* A change of the memory map that KVM has just put into force (kvm_arch_commit_memory_region()). */
struct nisv_rec_slot {
	struct nisv_rec_hdr hdr;
	__u32 change; /* enum nisv_slot_change */
	__u32 reserved;
	__u64 generation;	 /* of the memslots after it */
	struct nisv_slot before; /* id -1 when created */
	struct nisv_slot after;	 /* id -1 when deleted */
};

/* EL1 registers (arm64); on x86 only those named in the comments are filled. */
struct nisv_sysregs {
	__u64 sctlr; /* x86: CR0 */
	__u64 tcr;   /* x86: CR4 */
	__u64 ttbr0; /* x86: CR3 */
	__u64 ttbr1;
	__u64 mair;
	__u64 vbar;
	__u64 elr; /* ELR_EL1: where the guest's last exception came from */
	__u64 spsr;
	__u64 esr;
	__u64 far;
	__u64 sp_el0;
	__u64 sp_el1;
};

struct nisv_rec_fault {
	struct nisv_rec_hdr hdr;
	__u32 kind;	   /* enum nisv_kind */
	__u32 outcome;	   /* enum nisv_outcome */
	__s32 errno_;	   /* negative errno KVM_RUN returned, 0 if none */
	__u32 exit_reason; /* KVM_EXIT_*, 0 if none */
	__u32 vcpu_id;
	__u32 layout_state; /* enum nisv_layout_state of slot/below/above */
	__u64 vcpu_order;   /* per vCPU, from 1: tells a first fault from its consequences */
	__u64 count;	    /* faults at this site so far, this one included: 1, 2, 4, 8, ... */
	__u64 esr;	    /* ESR_EL2 as KVM saw it; 0 on x86 */
	__u64 far;	    /* FAR_EL2: guest virtual address; x86: CR2 is not it, 0 */
	/* With FAR's low 12 bits; for kind walk page-aligned; for kind emulation 0 if unknown. */
	__u64 ipa;
	__u64 pc;
	__u64 pstate;		/* x86: RFLAGS */
	__u64 generation;	/* of the memslots that slot/below/above come from */
	struct nisv_slot slot;	/* contains ipa (id -1: none) */
	struct nisv_slot below; /* nearest slot that ends at or below ipa */
	struct nisv_slot above; /* nearest slot that begins above ipa */
	__u64 gpr[NISV_GPRS];
	struct nisv_sysregs sys;
	__u32 sysregs_state; /* enum nisv_sysregs_state */
	__u32 insn_state;    /* enum nisv_insn_state */
	__u64 insn_ipa;	     /* guest-physical address of the instruction, 0 if unknown */
	__u32 insn_len;
	__u32 is_nested; /* 1: an L2 guest ran; ipa is an L2 address, not this VM's */
	__u8 insn[NISV_INSN_MAX];
	char comm[NISV_COMM_LEN]; /* of the vCPU thread */
};

/* Map `sites`: one fault site, struct nisv_site_key -> struct nisv_site. */
struct nisv_site_key {
	struct nisv_vm_key vm;
	__u64 page; /* ipa >> 12 */
	__u64 pc;
	__u32 kind;
	__u32 reserved;
};

struct nisv_site {
	__u64 count;
	__u64 first_ns;
	__u64 last_ns;
	__u64 ipa; /* of the first fault */
	__u64 far;
	__u64 esr;
	__u32 vcpu_id; /* of the last fault */
	__u32 outcome; /* of the last fault */
	__s32 errno_;
	__u32 reserved;
};

/* Map `places`: MMIO by 512-byte place and direction, struct nisv_place_key -> struct nisv_place.
 */
struct nisv_place_key {
	struct nisv_vm_key vm;
	__u64 place;	/* ipa >> NISV_PLACE_SHIFT */
	__u32 is_write; /* 0 read, 1 write */
	__u32 reserved;
};

struct nisv_place {
	__u64 count; /* accesses, each once */
	__u64 user;  /* of these, served by user space */
};

/*
 * Map `mmio_cache`: one element per CPU, a direct-mapped cache in front of `places`. The true count
 * of a place is its `places` value plus what the caches hold. tag.vm.kvm == 0: empty.
 */
#define NISV_CACHE_BITS	 10
#define NISV_CACHE_SLOTS (1U << NISV_CACHE_BITS)
struct nisv_cache_slot {
	struct nisv_place_key tag;
	struct nisv_place n;
};
/* BPF-private: the access that this CPU counted last, and whose it was. */
struct nisv_cache_last {
	__u64 link;	  /* of the vCPU's preempt notifier */
	__u64 epoch;	  /* VMs destroyed until then */
	__u64 migrations; /* of the thread, until then */
	__u64 gpa;	  /* NISV_ADDR_UNSET: credited to user space already */
	struct nisv_vm_key vm;
	__u64 birth; /* of the VM: x86's kvmclock offset */
	__u32 pid;   /* of the thread, in the initial PID namespace */
	__u32 slot;
	__u32 left; /* 1: the thread has left KVM_RUN since, and the end of VMs is not seen */
	__u32 reserved;
};
struct nisv_cache {
	struct nisv_cache_last last;
	struct nisv_cache_slot slot[NISV_CACHE_SLOTS];
};

/* Map `vms`: exact totals of one VM, struct nisv_vm_key -> struct nisv_vm_stat. */
struct nisv_vm_stat {
	__u64 seq;
	__u64 faults[_NISV_KIND_MAX]; /* exact, never limited */
	__u64 unplaced_faults;	      /* of these, without a site: the VM's budget was used up */
	__u64 mmio_reads;	      /* flushed from the caches; add what they still hold */
	__u64 mmio_writes;
	__u64 mmio_user;
	__u64 unplaced_mmio;	/* of the MMIO counts, without a place */
	__u64 suppressed;	/* detail records not sent: rate limit */
	__u64 detail_window_ns; /* BPF-private: start of the current rate window */
	__u64 slot_changes; /* memslot changes, exact where KVM's function can be hooked, else 0 */
	__u64 slot_changes_dropped; /* of these, without a record: rate limit */
	__u64 generation;	    /* BPF-private: memslots generation of the last layout record */
	__u64 sites; /* of its budget; 64 bits wide for an atomic that returns a value */
	__u64 places;
	__u32 detail_in_window; /* BPF-private */
	__u32 vital_in_window;	/* BPF-private */
	__u32 tgid;
	__u32 has_layout;      /* BPF-private: a layout record was sent */
	__u32 has_fault;       /* BPF-private: a fault record was sent */
	__u32 slots_in_window; /* BPF-private */
};

/* Map `losses`: per-CPU array, one counter per way to lose something. */
enum nisv_loss {
	NISV_LOSS_RING = 0,    /* detail ring full: record lost, count kept */
	NISV_LOSS_VITAL = 1,   /* vital ring full: record lost, count kept */
	NISV_LOSS_VMS = 2,     /* more VMs than the map holds: event not counted */
	NISV_LOSS_SITES = 3,   /* site map full: place lost, count kept */
	NISV_LOSS_PLACES = 4,  /* place map full: place lost, count kept */
	NISV_LOSS_VCPUS = 5,   /* no room to remember a first phase: record less complete */
	NISV_LOSS_NO_VCPU = 6, /* vCPU of an event could not be found: event not counted */
	NISV_LOSS_WALK = 7,    /* a slot walk hit its bound: layout incomplete */
	_NISV_LOSS_MAX = 8,
};

#define NISV_ASSERT_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type " layout")
NISV_ASSERT_SIZE(struct nisv_rec_hdr, 48);
NISV_ASSERT_SIZE(struct nisv_slot, 32);
NISV_ASSERT_SIZE(struct nisv_rec_vm, 48 + 32 + 16 + 16 + 16 + NISV_CMDLINE_MAX);
NISV_ASSERT_SIZE(struct nisv_rec_layout,
		 48 + 72 + 16 * NISV_REDIST_MAX + 32 * NISV_SLOTS_MAX + 16 * NISV_BUS_MAX);
NISV_ASSERT_SIZE(struct nisv_rec_slot, 48 + 16 + 2 * 32);
NISV_ASSERT_SIZE(struct nisv_sysregs, 96);
NISV_ASSERT_SIZE(struct nisv_site_key, 40);
NISV_ASSERT_SIZE(struct nisv_site, 64);
NISV_ASSERT_SIZE(struct nisv_place_key, 32);
NISV_ASSERT_SIZE(struct nisv_cache_slot, 48);

#endif
