/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_OTHERWHERE_H
#define NISVD_OTHERWHERE_H

/*
 * What other machines have at an address: boards, and the machines of other VMMs. One device of
 * another machine where this one has nothing may be chance; several are not.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/machine.h"

#define OTHERWHERE_MAPS_MAX 128

struct otherwhere {
	const struct machine *maps;	     /* the registry */
	uint8_t others[OTHERWHERE_MAPS_MAX]; /* indices of those that count, boards first */
	size_t n_others;
	/* For each map, which of its regions were touched: a bit each. */
	uint64_t touched[OTHERWHERE_MAPS_MAX];
};

/* Nothing is touched yet. Of the @n_maps borrowed @maps, those of @arch count, but not the VM's
 * own,
 * @own_id (or ""). */
void otherwhere_set(struct otherwhere *ret, const struct machine *maps, size_t n_maps,
		    const char *arch, const char *own_id);

/* A device of another machine. */
struct other_device {
	size_t map; /* index in ->maps */
	const struct machine_region *region;
};

/*
 * The devices of other machines that have a byte of [@ipa, @ipa + @extent): at most @max of them in
 * @ret, boards before the machines of VMMs. Windows, memory, and what is as large as a window do
 * not count.
 */
size_t otherwhere_at(const struct otherwhere *o, uint64_t ipa, uint64_t extent,
		     struct other_device *ret, size_t max);

/* Enters that the VM touched [@ipa, @ipa + @extent), where it has nothing. */
void otherwhere_touch(struct otherwhere *o, uint64_t ipa, uint64_t extent);

/*
 * Of the devices at the address, the one whose machine was touched at most different devices, with
 * their number in @ret_hits; false: there is none.
 */
bool otherwhere_best(const struct otherwhere *o, uint64_t ipa, uint64_t extent,
		     struct other_device *ret, unsigned int *ret_hits);

#endif
