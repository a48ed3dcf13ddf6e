/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_FACTS_H
#define NISVD_FACTS_H

/* What holds for the whole VM, found once for each diagnosis: so that judging one site is cheap. */

#include "daemon/core/evidence.h"
#include "daemon/core/otherwhere.h"

struct facts {
	const struct evidence *evidence;
	bool is_x86;
	bool has_all_slots;	/* the memslots are known, and all of them */
	bool has_ram;		/* the main RAM is known */
	struct range ram;	/* it: the largest stretch of memory that is no device's */
	uint64_t ram_bytes;	/* of all memslots that can be RAM; 0 unknown */
	bool has_guest;		/* what the guest believes can be rested on */
	bool guest_may_be_file; /* but it may be another VM's, in a file in this one's memory */
	struct otherwhere otherwhere;
	bool has_sibling;
	struct machine sibling; /* what the VM's machine would be with other options */
};

/* Nothing is allocated; @evidence is borrowed, and must outlive @ret. */
void facts_set(struct facts *ret, const struct evidence *evidence);

/* A memslot that can be the guest's RAM by its size and place, rather than a BAR or a ROM; @slot
 * may be NULL. */
bool facts_slot_is_ram(const struct facts *facts, const struct nisv_slot *slot);

/* What of the guest's own view holds @ipa or a byte of the @extent bytes from there: the narrowest
 * one of @kinds (a bit for each enum guest_kind); NULL: none, or the view cannot be rested on. */
const struct guest_range *facts_guest_at(const struct facts *facts, unsigned int kinds,
					 uint64_t ipa, uint64_t extent);
#define GUEST_BIT(kind) (1U << (kind))

#endif
