/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_FAULTMAP_H
#define NISVD_FAULTMAP_H

/*
 * Where one VM faulted, how often, since when. Two bounded arrays in address order: abort sites
 * (kind, page, PC) and MMIO places (512 bytes, direction). Counts come from the kernel's cumulative
 * maps and only grow; details come from fault records. Times: CLOCK_MONOTONIC nanoseconds.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "include/nisv_record.h"

#define FAULTMAP_SITES_MAX   4224 /* BPF's budget per VM, and room for deaths past it */
#define FAULTMAP_PLACES_MAX  4096
#define FAULTMAP_DETAILS_MAX 64 /* sites with a full record: the first ones, and deaths */

struct site {
	enum nisv_kind kind;
	uint64_t page; /* ipa >> 12 */
	uint64_t pc;
	uint64_t count;
	uint64_t first_ns, last_ns;
	uint64_t ipa, far, esr; /* of the first fault */
	uint32_t vcpu_id;	/* of the last */
	enum nisv_outcome outcome;
	int errno_;
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
};

struct faultmap {
	size_t n_sites, n_places, n_details;
	struct site *sites;   /* ascending by (ipa page, kind, pc) */
	struct place *places; /* ascending by (ipa, is_write) */
	uint64_t dropped_sites, dropped_places, dropped_details;
};

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
int faultmap_count_place(struct faultmap *map, const struct nisv_place_key *key,
			 const struct nisv_place *value, uint64_t now_ns);

/* One MMIO access more, for who sees each one; 0, -ENOMEM, or -ENOSPC when the map is full
 * (counted). Then, if user space served it, that. */
int faultmap_add_access(struct faultmap *map, uint64_t ipa, bool is_write, uint64_t now_ns);
void faultmap_add_user(struct faultmap *map, uint64_t ipa, bool is_write);

const char *kind_name(enum nisv_kind kind); /* "nisv", "exec", ..., "beyond-ipa", "memory-fault" */
const char *outcome_name(
	enum nisv_outcome outcome); /* "vm-killed", "vmm-decides", "abort-injected", "unknown" */

#endif
