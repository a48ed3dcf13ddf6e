/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_VM_H
#define NISVD_VM_H

/*
 * One VM and the bounded set of all VMs: whose is it, what is its memory, what went wrong in it.
 * Times: nanoseconds of one clock; of VMs with a host of their own, of the clock of files.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/backing.h"
#include "daemon/core/diagnose.h"
#include "daemon/core/faultmap.h"
#include "daemon/core/guest.h"
#include "daemon/core/layout.h"
#include "daemon/core/machine.h"
#include "daemon/core/news.h"
#include "daemon/core/slothistory.h"
#include "daemon/core/stored.h"
#include "daemon/core/vmname.h"
#include "daemon/core/vmoptions.h"

#define VM_ID_MAX  48
#define VM_KEY_LEN 32	/* hex digits */
#define VMS_MAX	   4096 /* running and ended together */
/* Of these, ended; and what these may take. Those without a finding go first, then the oldest. */
#define VMS_ENDED_MAX	    512
#define VMS_ENDED_BYTES_MAX (5U << 20)

/* Why a VM is no longer there. */
enum vm_end {
	VM_END_NONE = 0,
	VM_END_DESTROYED,    /* KVM told: vm-destroyed */
	VM_END_PROCESS_GONE, /* its process is gone */
	VM_END_NOT_FOUND,    /* a complete scan of the host no longer finds it */
	VM_END_NOT_WATCHED,  /* nisvd stopped watching it, and did not see it end: not-watched; the
				time is that of what was saved last */
	_VM_END_MAX
};

/* How it is known. */
enum vm_origin {
	VM_ORIGIN_LIVE = 0,
	VM_ORIGIN_DOSSIER,
	VM_ORIGIN_TRACE, /* text of tracepoints: its memory map, registers, instructions and names
			    are missing; tid and comm stand in for the latter */
	_VM_ORIGIN_MAX
};

struct vm {
	enum vm_origin origin;
	struct nisv_vm_key kernel_key; /* the kernel's identity; meaningless once ended */
	char key[VM_KEY_LEN + 1];      /* random, for ever */
	char id[VM_ID_MAX];	       /* PID-FD[.N] */
	bool has_id;		       /* false: the id is a stand-in, PID alone */
	uint32_t tgid;
	uint64_t start_ns; /* of the process: boot time; 0 unknown */
	char comm[NISV_COMM_LEN + 1];
	char *cmdline; /* owned, cmdline_len bytes, NUL-separated; may be NULL */
	size_t cmdline_len;
	bool cmdline_cut;
	char *cgroup; /* owned path below the cgroup root, sanitised, or NULL */
	struct vmname name;

	struct vmoptions options;

	struct layout layout;
	uint64_t layout_ns; /* when it was read */
	bool layout_due;    /* single slots of it changed, which is not published yet */
	bool layout_lost;   /* it has changed since it was read, and nothing told how */
	struct slot_history slots;
	struct machine *machine; /* owned: its own reference map, or NULL */
	struct machine_choice choice;
	struct guest_view guest;
	struct backings backings;
	uint64_t silent_ns; /* until then its VMM's memory is not asked for: it did not answer */

	struct faultmap *faults; /* owned */
	struct nisv_vm_stat totals;
	uint64_t mmio_per_second;    /* over the last interval of at least half a second */
	uint64_t rate_base, rate_ns; /* accesses and time at the start of the current interval */
	uint64_t first_seen_ns, last_abort_ns; /* last_abort_ns 0: none */

	struct stored stored; /* of its dossier */
	struct host *host; /* owned: the one that its dossier is from, by whose clock its times are;
			      NULL: that of all others */

	struct findings
		findings;	/* owned; as of the last diagnosis; points into faults and layout */
	bool dirty;		/* evidence changed since */
	uint64_t diagnosed_ns;	/* when the last one was begun; 0 never */
	uint64_t diagnosis_ns;	/* how long it took */
	struct news_state news; /* what the journal was told */
	uint64_t dossier_ns;	/* when its dossier was last written, or tried to; 0 never */
	bool dossier_due;	/* it changed since */
	bool dossier_saved;	/* there is one */
	bool dossier_failed;	/* the last try did: another one is due */
	bool forgotten;		/* the kernel-side counters of an ended VM were freed */
	bool counted;		/* they were read since its end: ->totals are all that it did */

	uint64_t missed_ns; /* the first of the scans in a row that did not find it; 0: found */
	enum vm_end end;
	uint64_t end_ns;
};

struct vms {
	struct vm **list;      /* owned, in the order of first sight */
	struct vm **by_kernel; /* the same, ascending by kernel_key: each record asks */
	size_t n;
	uint64_t refused; /* VMs for which there was no room */
	/* The last PID-FD of which there was a VM already, and the number that the new one got: a
	 * VMM in a loop asks for the next. */
	char last_base[VM_ID_MAX];
	unsigned long last_number;
	/* Called (if set) for each VM about to be forgotten, so that edges drop what they hold for
	 * it. */
	void (*forget)(struct vm *vm, void *userdata);
	void *userdata;
};

const char *vm_origin_name(enum vm_origin origin); /* "live", "dossier", "trace" */
const char *vm_end_name(enum vm_end end);	   /* "vm-destroyed", ...; NULL for VM_END_NONE */

/*
 * The VM with this kernel identity, or NULL. It may have ended: records of its last moments can
 * come after the news of its end, until its counters are freed (->forgotten).
 */
struct vm *vms_find(const struct vms *vms, const struct nisv_vm_key *key);

/* The VM with this key, in either case of its digits, or NULL. */
struct vm *vms_by_key(const struct vms *vms, const char *key);

/*
 * Adds a running VM. @random_key: 32 hex digits made by the caller. The id is derived from @dir
 * ("PID-FD"), or from @tgid and @vm_fd where the directory is unknown; a used id gets ".2", ".3";
 * those of VMs that are known from a dossier, which may be of another boot, are not in the way.
 * Returns 0, -ENOMEM, or -ENOSPC when VMS_MAX VMs run or are still to be counted (which is counted
 * in ->refused).
 */
int vms_add(struct vms *vms, const struct nisv_vm_key *key, const char *random_key, const char *dir,
	    uint32_t tgid, int vm_fd, uint64_t now_ns, struct vm **ret);

/*
 * Gives a VM that was added without its directory the id that it should have, once that is known.
 * Does nothing for one that has it.
 */
void vms_set_id(struct vms *vms, struct vm *vm, const char *dir, int vm_fd);

/* Puts them into the order of first sight, after older ones were added. */
void vms_sort(struct vms *vms);

/* @vm has ended, at @now_ns (wallclock.h); what is said later about that changes nothing. It stays
 * in its list until vms_trim() or vms_drop(). */
void vm_set_end(struct vm *vm, enum vm_end why, uint64_t now_ns);

/* Past VMS_ENDED_MAX or VMS_ENDED_BYTES_MAX forgets the least useful of the VMs that have ended and
 * are counted. */
void vms_trim(struct vms *vms);

/* Forgets @vm, which is no longer to be used. */
void vms_drop(struct vms *vms, struct vm *vm);

/* What all that have ended take. */
size_t vms_ended_bytes(const struct vms *vms);

/* A VM that a scan missed, but that faults, has not ended after all. */
void vm_revive(struct vm *vm);

size_t vms_running(const struct vms *vms);
void vms_clear(struct vms *vms);

/* Replaces the command line (copied, bounded by NISV_CMDLINE_MAX) and derives the names from it.
 * -ENOMEM on failure. */
int vm_set_cmdline(struct vm *vm, const char *cmdline, size_t len, bool cut);

/* Makes the reference map of @vm from @n maps, as far as its names and layout tell by now. Out of
 * memory it has none. */
void vm_choose_machine(struct vm *vm, const struct machine *maps, size_t n, const char *arch);

/* Aborts of all kinds, exact. */
uint64_t vm_aborts(const struct vm *vm);

/* The worst finding, or NULL. */
const struct finding *vm_worst(const struct vm *vm);

/* The host of @vm: the one that its dossier is from, else @host. */
const struct host *vm_host(const struct vm *vm, const struct host *host);

/* The present, by each of the clocks that times of VMs are of. */
struct vm_now {
	uint64_t ns, of_files_ns;
};

/*
 * Is there something to be done about @vm? It runs; or it has a finding, and ended within
 * @window_ns before @now (or later, where the clock was set back), or hangs on: nobody saw it
 * end, and a VM of its id and name runs.
 */
bool vms_is_open(const struct vms *vms, const struct vm *vm, const struct vm_now *now,
		 uint64_t window_ns);

/* Is @a, a time of @vm, before @b of @other? Files are older than what is seen now. */
bool vm_is_before(const struct vm *vm, uint64_t a, const struct vm *other, uint64_t b);

/* All that is known of @vm and its @host (vm_host()), as of @now_ns: borrowed, until either
 * changes. */
struct evidence vm_evidence(const struct vm *vm, const struct host *host, uint64_t now_ns);

/* Recomputes ->findings if the evidence changed. 0 or -ENOMEM (there are none then, and ->dirty
 * stays). */
int vm_diagnose(struct vm *vm, const struct host *host, uint64_t now_ns);

#define VMS_MATCHES_MAX 16

/*
 * Selects by id, key, UUID, PID or name. An id or key beats the rest; running VMs win over ended
 * ones; of several ended ones of one id the newest with a finding is meant, of several runs of one
 * named VM the newest. Returns the number of matches (0: none, 1: unique; more: ambiguous), the
 * first VMS_MATCHES_MAX of which are in @matches.
 */
size_t vms_select(const struct vms *vms, const char *query, struct vm *matches[VMS_MATCHES_MAX]);

/*
 * The run of @vm that ended last (if @vm has ended: before it), has a finding, and ended within
 * @window_ns before @now, or NULL: for a VM restarted after its crash; or that hangs on as @vm,
 * however long ago that was. Runs are known by a name of their own (and the UUID where both have
 * one): VMs that only share the name of their program are strangers.
 */
struct vm *vms_previous_run(const struct vms *vms, const struct vm *vm, const struct vm_now *now,
			    uint64_t window_ns);

#endif
