/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the command line asks for; filled once by options_parse(), read-only afterwards. */
#ifndef NISVD_TESTS_OPTIONS_H
#define NISVD_TESTS_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "backing.h"
#include "guest.h"

#define MAX_SLOTS      1024 /* in one VM, with those that --control adds */
#define MAX_VCPUS      64
#define MAX_VMS	       1024
#define MAX_ARGS       8
#define MAX_IOEVENTFDS 256
#define MAX_REDISTS    8
#define MAX_BLOBS      16

/* Where Intel hosts need three unused pages for real mode: KVM_SET_TSS_ADDR in api.rst. */
#define DEFAULT_TSS 0xfffbd000

/* Exit statuses beside 0 (guests done, or SIGTERM). */
#define EXIT_KVM_RUN	 1  /* KVM_RUN failed and --on-error is exit */
#define EXIT_USAGE	 2  /* the command line is wrong */
#define EXIT_SETUP	 3  /* KVM refused something that it should be able to do */
#define EXIT_UNSUPPORTED 77 /* this kernel or CPU cannot do what was asked: tests skip */

/* What to do with a vCPU after KVM_EXIT_ARM_NISV or after an errno of KVM_RUN. */
enum reaction {
	REACT_EXIT,   /* nisv: stop the vCPU; error: report and die at once with EXIT_KVM_RUN */
	REACT_RERUN,  /* the same instruction again */
	REACT_SKIP,   /* arm64: on behind the instruction, as if it had been emulated */
	REACT_INJECT, /* arm64: external abort into the guest, as QEMU does */
	REACT_PAUSE,  /* error only: stop the vCPU, the process lives until SIGTERM, as QEMU does */
};

enum vgic {
	VGIC_NONE,
	VGIC_V2,
	VGIC_V3
};

/* x86: which interrupt controllers KVM emulates (KVM_CREATE_IRQCHIP, KVM_CAP_SPLIT_IRQCHIP). */
enum irqchip {
	IRQCHIP_NONE,
	IRQCHIP_SPLIT, /* the local APICs */
	IRQCHIP_KERNEL /* those, the IOAPIC and the PICs: a halted vCPU then stays in the kernel */
};

enum threading {
	THREAD_PER_VCPU,
	THREAD_ONE,  /* one thread, all vCPUs of all VMs in turn */
	THREAD_MOVE, /* no vCPU is run twice in a row by the same thread */
};

struct slot_option {
	uint64_t address; /* guest physical, page aligned */
	uint64_t size;	  /* bytes, page aligned */
	bool readonly;
	enum backing backing;
	bool smm; /* x86: in address space 1, that of System Management Mode */
};

struct redist_option {
	uint64_t address;
	uint32_t count; /* redistributors */
};

/* Bytes for guest memory. */
struct blob {
	const char *name; /* of the file, for messages */
	uint64_t address; /* guest physical */
	uint8_t *data;
	size_t size;
};

struct options {
	struct slot_option slots[MAX_SLOTS];
	unsigned int n_slots;
	unsigned int ipa_bits; /* arm64 KVM_CREATE_VM type; 0: KVM's default, 40 */
	enum vgic vgic;
	uint64_t vgic_dist;
	uint64_t vgic_cpu;			   /* v3: redistributors; v2: CPU interface */
	struct redist_option redists[MAX_REDISTS]; /* with any, vgic_cpu says nothing */
	unsigned int n_redists;
	uint64_t its;
	bool has_its;
	bool is_32bit;	/* arm64: the vCPUs start in AArch32 */
	bool has_pauth; /* arm64: the vCPUs have pointer authentication */
	bool has_sve;	/* arm64: the vCPUs have scalable vectors */
	enum irqchip irqchip;
	uint64_t tss; /* x86 */
	struct blob blobs[MAX_BLOBS];
	unsigned int n_blobs;
	bool nisv_cap;
	enum reaction on_nisv;
	enum reaction on_error;
	bool inject_at_sync;

	const struct guest *guest; /* NULL with load_file */
	const char *load_file;
	uint64_t load_address;
	uint64_t entry;
	bool has_load_address, has_entry;
	const uint8_t *vectors;
	bool has_vectors;
	uint64_t args[MAX_ARGS];
	uint64_t vm_step[MAX_ARGS];   /* added to args, times the VM's index */
	uint64_t vcpu_step[MAX_ARGS]; /* added to args, times the vCPU's index */

	unsigned int n_vms;
	uint64_t vm_slot_step; /* added to the address of slots and blobs, times the VM's index */
	unsigned int n_vcpus;  /* in each VM */
	unsigned int repeat;
	enum threading threading;
	int pin_cpu; /* -1: not pinned */
	bool migrate;

	struct slot_option churn; /* size 0: none */
	unsigned int churn_us;
	uint64_t dirty_address;
	unsigned int dirty_us; /* 0: at each sync call of the guest */
	bool has_dirty;
	struct {
		uint64_t address;
		unsigned int length; /* 1, 2, 4, 8, or 0: any */
	} ioeventfds[MAX_IOEVENTFDS];
	unsigned int n_ioeventfds;

	const char *control, *acks; /* files, mostly FIFOs; NULL: none */

	unsigned int delay_ms;
	unsigned int every_ms; /* from the start of a round to that of the next; 0: at once */
	bool idle, hold, linger;
	uint64_t max_exits, max_nisv; /* 0: no limit */
	uint64_t console;
	bool has_console;
	const char *report,
		*ready; /* file name or descriptor number; NULL: standard output, none */
};

/*
 * Fills *options from the command line; prints help and lists itself. Ends the process with
 * EXIT_USAGE and a message that names the argument when one is wrong. The strings stay those of
 * argv.
 */
void options_parse(struct options *options, int argc, char **argv);

#endif
