/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_CAPTURE_ABI_H
#define NISVD_CAPTURE_ABI_H

/* Can the programs of one version work on the maps of another? Part of capture. */

#include <stdint.h>

struct bpf_object;

/*
 * A number for all that two versions must agree on to share their maps: of each map its name, type
 * and sizes, and the types of its keys and values, down to each member's name and place; so of the
 * variables, which are a map, too. Not how many elements it has. The object for older kernels has
 * one map more, and another number. 0 if @object, which need not be loaded, has no BTF.
 */
uint64_t capture_abi(const struct bpf_object *object);

#endif
