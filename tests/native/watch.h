/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TEST_WATCH_H
#define NISVD_TEST_WATCH_H

/*
 * Native tests: capture on this machine's kernel, the test VMM on its /dev/kvm, and what the one
 * saw against what the other did. Other VMs may run here: only those of our own test VMM are looked
 * at.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/edge/capture.h"
#include "daemon/edge/counters.h"

struct json_object;

/* All records, in the order of delivery: owned copies, in arrays that grow at each power of two. */
struct watch {
	struct capture *capture;
	struct nisv_rec_fault **faults;
	size_t n_faults;
	struct nisv_rec_vm **vms;
	size_t n_vms;
	struct nisv_rec_layout **layouts;
	size_t n_layouts;
	struct nisv_rec_slot **slots;
	size_t n_slots;
};

/* Where this cannot work: prints why and exits with status 77. */
void watch_require_host(void);

/* NULL options: MMIO counted, all else default. Fails the test where capture cannot start. */
void watch_start(struct watch *watch, const struct capture_options *options);
void watch_stop(struct watch *watch);

/* Takes all waiting records. */
void watch_take(struct watch *watch);

/* Records of one process from @from on; NULL if there are no more. *@from is moved behind it. */
const struct nisv_rec_fault *watch_fault(const struct watch *watch, pid_t tgid, size_t *from);
const struct nisv_rec_vm *watch_vm(const struct watch *watch, pid_t tgid, size_t *from);
const struct nisv_rec_layout *watch_layout(const struct watch *watch, pid_t tgid, size_t *from);
const struct nisv_rec_slot *watch_slot(const struct watch *watch, pid_t tgid, size_t *from);
size_t watch_count_faults(const struct watch *watch, pid_t tgid);

/* Fails the test if anything was lost. */
void watch_assert_no_loss(const struct watch *watch);

/* A test VMM. */
struct vmm {
	pid_t pid;
	int report;		 /* read end of its report */
	int ready;		 /* read end of its ready line */
	struct json_object *saw; /* its report, after vmm_wait() */
	int status;		 /* its exit status, after vmm_wait() */
};

/* Starts the test VMM with these words, split at spaces. */
void vmm_start(struct vmm *vmm, const char *args);
void vmm_wait_ready(struct vmm *vmm); /* until its VMs exist */
void vmm_wait(struct vmm *vmm);	      /* until its end; takes its report */
void vmm_stop(struct vmm *vmm);	      /* SIGTERM, then as vmm_wait() */
void vmm_free(struct vmm *vmm);

/* Start, wait and let capture deliver. */
void vmm_run(struct vmm *vmm, struct watch *watch, const char *args);

size_t vmm_n_vms(const struct vmm *vmm);
/* A number that the VMM reports of its VM @i: "mmio_writes", "internal_error", "fd", ... */
uint64_t vmm_saw(const struct vmm *vmm, size_t i, const char *name);

/* The counters of the VM with this descriptor in this process; NULL: none. */
const struct counters_vm *counters_of_vm(const struct watch *watch, const struct counters *counters,
					 pid_t tgid, const char *dir);

struct totals {
	uint64_t vms, reads, writes, user, unplaced, faults[_NISV_KIND_MAX];
	uint64_t places_count, places_user; /* sums over the places */
	size_t n_places;
};

/* Sums over all VMs of one process. */
void totals_read(const struct watch *watch, pid_t tgid, struct totals *ret);

#endif
