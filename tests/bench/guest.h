/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_BENCH_GUEST_H
#define NISVD_BENCH_GUEST_H

/*
 * A guest of one vCPU that does one thing over and over, a slice at a time: so that what is measured
 * with and without programs is the same VM on the same pages.
 */

#include <stdbool.h>
#include <stddef.h>

struct guest;

struct guest_kind {
	const char *what;
	const char *unit;    /* what is counted */
	const void *code;    /* position independent; its last turn of a slice exits to the VMM */
	size_t code_size;
	unsigned turns;	     /* of the guest's loop in one slice; a register of the guest */
	unsigned per_turn;   /* events per turn */
	bool doorbells;	     /* the kernel serves the MMIO writes (ioeventfd) */
	bool dirty_log;	     /* pages are write-protected before each slice */
	bool real_mode;	     /* x86: KVM emulates it where the CPU cannot run it */
	bool stops_each_turn; /* each turn is an exit: the slice ends after `turns` of them */
};

extern const struct guest_kind guest_kinds[];
extern const size_t n_guest_kinds;

/* 0 or -errno; says on stderr what failed. */
int guest_new(const struct guest_kind *kind, struct guest **ret);
void guest_free(struct guest *guest); /* takes NULL */

/* Runs one slice; CPU time of this thread per event in nanoseconds, or -1. */
double guest_slice(struct guest *guest);

#endif
