/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_GATE_H
#define NISV_GATE_H

/*
 * What a daemon leaves attached, and its successor, perhaps of another version, takes over: gates.
 * A gate is a program that does nothing but hand its event on (bpf_tail_call()) to the program of
 * the version that runs, which is element NISV_GATE_* of a BPF_MAP_TYPE_PROG_ARRAY. An attached
 * program cannot be exchanged (bpf_link_update() on raw_tp: -EINVAL), an element of the array can,
 * between two events. So these numbers are for ever: a gate that is gone leaves its own unused.
 */

#include <linux/types.h>

#include "include/nisv_record.h"

enum nisv_gate {
	NISV_GATE_MMIO_NISV = 0,
	NISV_GATE_INJECT_DABT = 1,
	NISV_GATE_INJECT_PABT = 2,
	NISV_GATE_INJECT_SEA = 3,
	NISV_GATE_INJECT_SIZE_FAULT = 4,
	NISV_GATE_DESTROY_VM = 5,
	NISV_GATE_COMMIT_SLOT = 6,
	NISV_GATE_EMULATE_INSN = 7,
	NISV_GATE_GUEST_FAULT = 8,
	NISV_GATE_MMIO = 9,
	NISV_GATE_USERSPACE_EXIT = 10,
	_NISV_GATE_MAX = 32,
};

#define NISV_VERSION_LEN 32

/* Map `gate_build`, its one element: whose maps these are. Never changes its layout. */
struct nisv_gate_build {
	__u64 abi;	 /* of the maps (capture_abi.h): who has another one cannot use them */
	__u64 time_base; /* what stamped times are ahead of CLOCK_MONOTONIC, in nanoseconds */
	char version[NISV_VERSION_LEN]; /* of the nisvd that made them */
};

NISV_ASSERT_SIZE(struct nisv_gate_build, 48);

#endif
