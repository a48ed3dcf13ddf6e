/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_FAULTMAP_H
#define NISVD_FAULTMAP_H

/*
 * Where one VM faulted, how often, since when. Two bounded arrays in address order: abort sites
 * (kind, page, PC) and MMIO places (512 bytes, direction). Counts come from the kernel's cumulative
 * maps and only grow; details come from fault records. Times: nanoseconds of one clock.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "include/nisv_maps.h"

#define FAULTMAP_SITES_MAX   10368 /* BPF's budget per VM, and room for deaths past it */
#define FAULTMAP_PLACES_MAX  4096
#define FAULTMAP_DETAILS_MAX 64 /* sites with a full record: the first ones, and deaths */

/*
 * MMIO is traffic, and no kind of abort; where a place is told as a site (struct findings), these
 * stand for it.
 */
#define KIND_MMIO_READ	((enum nisv_kind)_NISV_KIND_MAX)
#define KIND_MMIO_WRITE ((enum nisv_kind)(_NISV_KIND_MAX + 1))

struct site {
	enum nisv_kind kind;
	uint64_t page; /* ipa >> 12 */
	uint64_t pc;
	uint64_t count;
	uint64_t answers; /* of these, which the VMM answered with an abort: struct nisv_site */
	uint64_t first_ns, last_ns;
	uint64_t ipa, far, esr; /* of the first record, which its registers belong to; without one
				   of the first fault */
	uint32_t vcpu_id;	/* of the last */
	enum nisv_outcome outcome;
	int errno_;
	uint64_t user;		       /* of MMIO: how many of count user space served */
	uint64_t first_order;	       /* lowest vcpu_order of its records; 0: no record */
	struct nisv_rec_fault *detail; /* owned; the first full record of the site, its outcome kept
					  current, its memslots those of the first record that
					  caught one being changed; NULL: counts only */
};

struct place {
	uint64_t ipa; /* of its first byte: multiple of 1 << NISV_PLACE_SHIFT */
	bool is_write;
	uint64_t count, user;
	uint64_t first_ns, last_ns; /* as fine as the polling */
	/* The longest time in a row in which more than the map's busy_rate accesses a second were
	 * served by user space, and the most in one interval of it. */
	uint64_t busy_since_ns, busy_until_ns, busy_per_second;
	/* Of the interval that is being measured, and of the busy time that it may go on. */
	uint64_t rate_user, rate_ns, run_since_ns, run_per_second;
};

/* A place is busy for long enough to cost the guest. */
#define PLACE_STORM_NS 10000000000ULL
bool place_is_storm(const struct place *place);

/* A storm of which nothing was seen any more for so long is over. */
#define PLACE_QUIET_NS 2000000000ULL
bool place_is_over(const struct place *place, uint64_t now_ns);

struct faultmap {
	size_t n_sites, n_places, n_details;
	struct site *sites;   /* ascending by (ipa page, kind, pc) */
	struct place *places; /* ascending by (ipa, is_write) */
	uint64_t dropped_sites, dropped_places, dropped_details;
	uint64_t busy_rate; /* accesses a second that user space serves; 0: FAULTMAP_BUSY_RATE */
};

/*
 * A guest that polls a register in a loop makes more than 100,000 exits to user space a second
 * (131,600 measured with an empty VMM on an AMD host, 2,306 ns each on an arm64 server by
 * kvm-unit-tests); a console, a NIC or a disk at work stays well below this, at one place and for
 * long.
 */
#define FAULTMAP_BUSY_RATE 20000

struct faultmap *faultmap_new(void);
struct faultmap *faultmap_free(struct faultmap *map); /* takes NULL, returns NULL */

/*
 * Enters a fault record. Its count is that of the site so far; with 0 it stands for itself, for one
 * fault more. Returns 1 if it opened a new site, 2 if it changed the outcome of a known
 * one, 0 if it only confirmed one, -ENOMEM, -ENOSPC when the map is full (counted). @ret_site may
 * be NULL; the site pointer is valid until the next call that adds.
 */
int faultmap_record(struct faultmap *map, const struct nisv_rec_fault *rec, struct site **ret_site);

/* Cumulative counts from the kernel: never lower a count; sites and places not seen before are
 * added. */
int faultmap_count_site(struct faultmap *map, const struct nisv_site_key *key,
			const struct nisv_site *value);
/* Is there such a site already? Many new ones are added best in the order of page, kind and PC. */
bool faultmap_has_site(const struct faultmap *map, const struct nisv_site_key *key);
/* Returns 1 where a rule may have something new to say of the place: it is new, its count passed a
 * power of two, or a storm of it began, lasted twice as long as when that was said last, or is
 * over. */
int faultmap_count_place(struct faultmap *map, const struct nisv_place_key *key,
			 const struct nisv_place *value, uint64_t now_ns);

/* The place that holds @ipa, or NULL; valid until the next call that adds. */
struct place *faultmap_place(const struct faultmap *map, uint64_t ipa, bool is_write);

/* One MMIO access more, for who sees each one; 0, -ENOMEM, or -ENOSPC when the map is full
 * (counted). Then, if user space served it, that. */
int faultmap_add_access(struct faultmap *map, uint64_t ipa, bool is_write, uint64_t now_ns);
void faultmap_add_user(struct faultmap *map, uint64_t ipa, bool is_write);

/* "nisv", "exec", ..., "beyond-ipa", "memory-fault", "mmio-read", "mmio-write" */
const char *kind_name(enum nisv_kind kind);
const char *outcome_name(
	enum nisv_outcome outcome); /* "vm-killed", "vmm-decides", "abort-injected", "unknown" */

/* false: x86 KVM did not tell what address its emulator failed on; ->ipa is 0 then. */
bool site_has_address(const struct site *site);

/* What the VMM was seen to do about a fault that ended its KVM_RUN: "abort-injected"; else NULL. */
const char *site_vmm_answer(const struct site *site);

#endif
