/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_CAPTURE_H
#define NISVD_CAPTURE_H

/*
 * Capture: loads and attaches the BPF programs, takes their records, checks them and hands them
 * on. The only user of the BPF skeleton. One thread; nothing here blocks.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/edge/capture_obstacle.h"
#include "include/nisv_maps.h"

struct capture;
struct fdstore;

/* A member that is 0 has the default. */
struct capture_options {
	uint32_t sites_per_vm;	     /* fault sites kept per VM; 10240 */
	uint32_t places_per_vm;	     /* MMIO places kept per VM; 2048 */
	uint32_t details_per_second; /* fault records per VM and second; 32 */
	uint32_t vital_per_second;   /* of those that no storm can push out; 8 */
	uint32_t slots_per_second;   /* records of slot changes per VM and second; 128 */
	bool count_mmio;	     /* false: kvm_mmio is not attached at all */
	bool inspect_guest_memory;   /* false: nothing is read from a guest's memory */
	const char *btf_path; /* BTF of the kernel's structures; NULL: the running kernel's own */
	struct fdstore
		*store; /* what of it outlives the daemon is kept here, and was; may be NULL */
};

/*
 * Records, checked for size and type, valid during the call only; of a layout no more than its
 * hdr.size bytes are there. @time order holds within one VM
 * by hdr.seq, not between calls: vital records come first. The same VM or layout may come more than
 * once (BPF at first sight, discovery at each scan); discovery's have seq 0. A member that is NULL
 * ignores its records.
 */
struct capture_ops {
	void (*on_vm)(const struct nisv_rec_vm *vm, void *userdata);
	void (*on_layout)(const struct nisv_rec_layout *layout, void *userdata);
	void (*on_fault)(const struct nisv_rec_fault *fault, void *userdata);
	void (*on_end)(const struct nisv_rec_hdr *end, void *userdata);
	void (*on_slot)(const struct nisv_rec_slot *slot, void *userdata);
};

enum capture_state {
	CAPTURE_ATTACHED,
	CAPTURE_ABSENT, /* this kernel has no such event, by version or configuration */
	CAPTURE_FAILED, /* it has, but attaching failed */
	CAPTURE_OFF,	/* switched off by the options */
};

/*
 * One source of events, or one member of a kernel structure that this kernel lacks. All strings are
 * never NULL, and live as long as the capture.
 */
struct capture_source {
	const char *name; /* of the tracepoint, function, iterator or member */
	enum capture_state state;
	const char *gives;	/* what it shows */
	const char *reason;	/* why it is not attached; "" if it is */
	const char *loses;	/* what is lost without it; "" where others give the same */
	const char *how_to_get; /* what to do about it; "" if it is attached, or nothing helps */
	bool shows_faults; /* some kind of fault cannot be seen without it (or what replaces it) */
};

/* What was dropped or left out since the start, over all VMs. */
struct capture_losses {
	uint64_t by_kind[_NISV_LOSS_MAX]; /* enum nisv_loss */
	uint64_t missed_runs; /* programs that did not run because one ran already on that CPU */
	uint64_t bad_records; /* of a wrong size or type: never expected */
};

/*
 * Loads and attaches. @ops and @userdata are borrowed and must outlive the capture. Returns 0, also
 * where only some sources could be attached, or -errno where it cannot work at all: -ENXIO
 * (the kvm module is not loaded, or not yet), -ENODEV (no KVM here), -ENOENT (no BTF, or no KVM
 * tracepoints), -EPERM (no privilege, lockdown), others from libbpf. Then *ret is a capture whose
 * sources and obstacle say why, good for nothing else; or NULL without memory. The caller frees it
 * in each case.
 */
int capture_new(const struct capture_options *options, const struct capture_ops *ops,
		void *userdata, struct capture **ret);

/* Does it go on where an earlier daemon was, with its counts, and records that it has not read? */
bool capture_is_taken_over(const struct capture *capture);

/* Why it cannot work; err is 0 if it does. */
const struct capture_obstacle *capture_obstacle(const struct capture *capture);
void capture_free(struct capture *capture); /* takes NULL */

/* Whether its maps can be read, which Linux 5.10 refuses to those without CAP_BPF. */
bool capture_is_readable(const struct capture *capture);

/* A file descriptor that polls readable while records wait. Owned by the capture. */
int capture_fd(const struct capture *capture);

/* Hands all waiting records to the ops. Returns their number, or -errno. */
int capture_dispatch(struct capture *capture);

/* Checks one record from @size bytes at @data and hands it on. -EBADMSG: not one of ours. */
int capture_deliver(struct capture *capture, const void *data, size_t size);

/* Is there a hook on abort injection? Then `exec`, `walk` and `beyond-ipa` faults are certain. */
bool capture_sees_injection(const struct capture *capture);

/* Is the end of a VM told at once? Else a scan (discover.h) has to miss it. */
bool capture_sees_vm_end(const struct capture *capture);

/* Is each change of a memory slot told as it happens? Else two scans have to differ. */
bool capture_sees_slot_changes(const struct capture *capture);

/* All sources of this architecture, attached or not, in a fixed order. */
const struct capture_source *capture_sources(const struct capture *capture, size_t *ret_n);
const char *capture_state_to_string(enum capture_state state);

/* It is not attached, and no other one gives the same. */
bool capture_source_is_lost(const struct capture_source *source);
/* So that some kind of fault cannot be seen. */
bool capture_source_hides_faults(const struct capture_source *source);

void capture_losses(const struct capture *capture, struct capture_losses *ret);
const char *capture_loss_to_string(enum nisv_loss loss);

/* KVM_EXIT_* of the last exit to a VMM that nisvd does not know; 0: there was none. */
uint32_t capture_unknown_exit(const struct capture *capture);

/* For counters.c and discover.c. */
int capture_map_fd(const struct capture *capture, const char *name); /* -ENOENT: no such map */
int capture_n_cpus(const struct capture *capture);		     /* elements of mmio_cache */
int capture_open_iterator(const struct capture *capture); /* new fd to read records from; -errno */

#endif
