/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_RECORD_H
#define NISV_RECORD_H

/*
 * The binary contract between bpf/ (which writes) and daemon/edge/capture (which reads): ring
 * buffer records; nisv_maps.h has the maps. Fixed-width members only, no implicit padding, the
 * record type first. Both sides are built from one tree, so there is no version field; the sizes
 * below are asserted on both sides because BPF and the host compiler may lay out differently.
 *
 * Units: addresses and sizes are bytes, times are CLOCK_MONOTONIC nanoseconds (bpf_ktime_get_ns)
 * and time_base. "IPA" is the guest-physical address (Arm ARM: intermediate physical address; GPA
 * on x86).
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
#define NISV_INSN_MAX	16 /* bytes: 4 on arm64, at most 15 on x86 */
#define NISV_WALK_STEPS 5  /* descriptors of a stage-1 walk: levels -1 to 3 */
#define NISV_FRAMES_MAX 16 /* return addresses in one fault record */

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
	NISV_LAYOUT_NONE = 0,	  /* unknown: this kernel lacks what it is read from */
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
	NISV_INSN_NO_SYSREGS = 7, /* EL1 registers were not current, no walk agreed */
	NISV_INSN_UNSAFE = 8,	  /* this kernel offers no way to tell device memory: not read */
	NISV_INSN_LEFT_OUT = 9,	  /* of what was saved: by export --redact, or in a trace */
};

/*
 * How a walk of the guest's translation tables ended. The numbers 2 to 8 mean what they mean in
 * enum nisv_insn_state.
 */
enum nisv_walk_state {
	NISV_WALK_NONE = 0, /* not made: no virtual address in the fault, a nested guest, switched
			       off (InspectGuestMemory=no), x86 */
	NISV_WALK_DONE = 1, /* translated: `out` is the guest-physical address */
	NISV_WALK_INVALID = 2, /* the last step's descriptor is invalid, or reserved at its level */
	NISV_WALK_NO_SLOT = 3, /* left memory: the next descriptor is at `out`, in no memslot */
	NISV_WALK_UNREADABLE = 4, /* the next one is at `out`, its host page not present now */
	NISV_WALK_IO_MEMORY = 5,  /* the next one is at `out`, in device memory: never read */
	NISV_WALK_PROTECTED = 6,  /* protected VM */
	NISV_WALK_NO_SYSREGS = 7, /* only of a backtrace: the registers that translate are not the
				     fault's */
	NISV_WALK_UNSAFE = 8,	  /* this kernel offers no way to tell device memory: not read */
	NISV_WALK_REFUSED = 9,	  /* TCR_EL1 allows no walk there: EPD0/1, outside the input size, a
				     reserved granule */
	NISV_WALK_MMU_OFF = 10,	  /* no translation: `out` is the virtual address */
	NISV_WALK_FOREIGN = 11,	  /* AArch32 tables (an AArch32 EL1): not read */
	_NISV_WALK_MAX = 12,
};

/* Why a backtrace has no more frames. */
enum nisv_backtrace_end {
	NISV_BACKTRACE_NONE = 0,       /* none was made: see NISV_WALK_NONE; AArch32, 16-bit code */
	NISV_BACKTRACE_COMPLETE = 1,   /* a frame pointer of 0, or a record of zeroes */
	NISV_BACKTRACE_MISALIGNED = 2, /* a frame pointer not aligned to a register's size */
	NISV_BACKTRACE_ORDER = 3,      /* a record below the one before it (stacks grow down) */
	NISV_BACKTRACE_UNREADABLE = 4, /* a record that could not be read: see read_state */
	NISV_BACKTRACE_FULL = 5,       /* NISV_FRAMES_MAX were taken */
	_NISV_BACKTRACE_MAX = 6,
};

/* What is known of the host mapping behind a slot. */
enum nisv_vma_state {
	NISV_VMA_NOT_ASKED = 0, /* other kinds of fault, or a kernel without bpf_find_vma() */
	NISV_VMA_FOUND = 1,
	NISV_VMA_ABSENT = 2, /* nothing is mapped at that address */
	NISV_VMA_BUSY = 3,   /* another thread was changing the address space */
	_NISV_VMA_MAX = 4,
};

/* Bits of nisv_vma.flags: ours, whatever the kernel's are. */
#define NISV_VMA_READ	 (1U << 0)
#define NISV_VMA_WRITE	 (1U << 1)
#define NISV_VMA_EXEC	 (1U << 2)
#define NISV_VMA_SHARED	 (1U << 3)
#define NISV_VMA_IO	 (1U << 4) /* VM_IO */
#define NISV_VMA_PFNMAP	 (1U << 5) /* VM_PFNMAP */
#define NISV_VMA_FILE	 (1U << 6) /* a file, shared memory and memfds included; else anonymous */
#define NISV_VMA_REGULAR (1U << 7) /* the file is a regular one: its size bounds the mapping */
#define NISV_VMA_FLAGS	 0xffU

/* x86: the mode KVM's emulator decoded the instruction in. */
enum nisv_code_mode {
	NISV_CODE_UNKNOWN = 0, /* arm64, or the emulator was not involved */
	NISV_CODE_REAL = 1,    /* 16-bit, no protection */
	NISV_CODE_VM86 = 2,    /* 16-bit, virtual 8086 */
	NISV_CODE_16 = 3,      /* 16-bit, protected */
	NISV_CODE_32 = 4,
	NISV_CODE_64 = 5,
	_NISV_CODE_MAX = 6,
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
	__u64 seq; /* per VM, from 1: which record this is, should it be read twice. 0 from
		      discovery */
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

/* One descriptor that a walk read. */
struct nisv_walk_step {
	__u64 address;	  /* guest-physical, of the descriptor */
	__u64 descriptor; /* as the guest's MMU reads it, SCTLR_EL1.EE considered */
	__s32 level;	  /* -1 to 3 (Arm ARM DDI 0487, D8.2 "Translation process") */
	__u32 reserved;
};

/*
 * arm64: the guest's stage-1 walk of FAR, which is the PC where a fetch faulted. Made in the vCPU
 * thread at the fault, with the registers at hand: sysregs_state says whether they are the
 * fault's. A walk that agrees with the fault was made with the right ones anyway.
 */
struct nisv_walk {
	__u64 va;      /* what was translated: FAR, in AArch32 code its low 32 bits */
	__u64 out;     /* see enum nisv_walk_state; 0 where that does not name it */
	__u32 state;   /* enum nisv_walk_state */
	__u32 n_steps; /* used entries of step[], from the first level on */
	/*
	 * 1: it explains the fault. For a fault on a table walk one of the descriptors, or the one
	 * that could not be read, is in the page of ipa; for others the output address is. Stale
	 * registers without translation explain nothing: they fit any one-to-one mapping.
	 */
	__u32 agrees;
	__u32 reserved;
	struct nisv_walk_step step[NISV_WALK_STEPS];
};

/*
 * The guest's callers, by its frame records: {next record, return address} at x29 (AAPCS64, "The
 * Frame Pointer") or RBP, each word read through the guest's translation. arm64: frame[0] is
 * x30, and the records follow: in a function's first instructions x30 is its return address, later
 * that of a call it made. Return addresses are raw, with pointer authentication codes if the guest
 * signs them: see fault_frames() in daemon/core. x86: 64-bit and 32-bit code, flat segments; the
 * memory of an SEV guest is encrypted, and what is read there means nothing.
 */
struct nisv_backtrace {
	__u32 n;	  /* used entries of frame[] */
	__u32 end;	  /* enum nisv_backtrace_end */
	__u32 read_state; /* enum nisv_walk_state of a record that could not be read, else NONE */
	__u32 reserved;
	__u64 stopped_at; /* the frame pointer that was not followed; 0 where there is none */
	__u64 frame[NISV_FRAMES_MAX];
};

/*
 * The VMM's mapping (VMA) behind the slot at the faulting address, asked where KVM could not use
 * it: kinds backing and memory-fault.
 */
struct nisv_vma {
	__u64 hva;	   /* host virtual address of the faulting one; 0: not asked */
	__u64 start, end;  /* of the mapping; end is the first byte after it */
	__u64 ino;	   /* of its file */
	__u64 file_offset; /* of hva in the file: at or past file_size there is no memory */
	__u64 file_size;   /* of a regular file, now; else 0 */
	__u32 state;	   /* enum nisv_vma_state; other than FOUND: all below hva is 0 */
	__u32 flags;	   /* NISV_VMA_* */
};

/*
 * Whether a guest of a hypervisor inside the VM ran, and whose address ipa is then. KVM walks that
 * hypervisor's tables after kvm_guest_fault and before kvm_mmio_nisv (kvm_handle_guest_abort() as
 * of Linux 7.1); HPFAR_EL2, and x86's emulator, have the nested guest's own.
 */
enum nisv_nested {
	NISV_NESTED_NO = 0,
	NISV_NESTED_OWN,	/* ipa is the nested guest's, not this VM's */
	NISV_NESTED_TRANSLATED, /* ipa is this VM's */
};

#define NISV_CODE_BYTES 64

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
	__u32 nested; /* enum nisv_nested */
	__u8 insn[NISV_INSN_MAX];
	char comm[NISV_COMM_LEN]; /* of the vCPU thread */
	__u32 code_mode;	  /* enum nisv_code_mode */
	__u32 is_beyond_host; /* 1: the address is past the host's own limit, not only the VM's */
	struct nisv_walk walk;
	struct nisv_backtrace backtrace;
	struct nisv_vma vma;
	/* arm64: the code around the instruction, half of it before the PC, as far as the 4 KiB
	 * page of the PC reaches; none: code_len is 0. */
	__u32 code_len; /* 0 or NISV_CODE_BYTES */
	__u32 reserved;
	__u8 code[NISV_CODE_BYTES];
};

#define NISV_ASSERT_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type " layout")
NISV_ASSERT_SIZE(struct nisv_rec_hdr, 48);
NISV_ASSERT_SIZE(struct nisv_slot, 32);
NISV_ASSERT_SIZE(struct nisv_rec_vm, 48 + 32 + 16 + 16 + 16 + NISV_CMDLINE_MAX);
NISV_ASSERT_SIZE(struct nisv_rec_layout,
		 48 + 72 + 16 * NISV_REDIST_MAX + 32 * NISV_SLOTS_MAX + 16 * NISV_BUS_MAX);
NISV_ASSERT_SIZE(struct nisv_rec_slot, 48 + 16 + 2 * 32);
NISV_ASSERT_SIZE(struct nisv_sysregs, 96);
NISV_ASSERT_SIZE(struct nisv_walk, 32 + 24 * NISV_WALK_STEPS);
NISV_ASSERT_SIZE(struct nisv_backtrace, 24 + 8 * NISV_FRAMES_MAX);
NISV_ASSERT_SIZE(struct nisv_vma, 56);
NISV_ASSERT_SIZE(struct nisv_rec_fault, 632 + 8 + 152 + 152 + 56 + 8 + NISV_CODE_BYTES);

#endif
