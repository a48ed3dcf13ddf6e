/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_BENCH_MACHINE_H
#define NISV_BENCH_MACHINE_H

/*
 * A VM of one vCPU on raw KVM whose guest does one thing for ever.
 */

#include <stdbool.h>
#include <stdint.h>

#define PROGRAM_MAX_RUN 10240

enum program {
	PROGRAM_STORE,	    /* 32-bit stores over the places, then an exit to user space */
	PROGRAM_STORE_LOAD, /* a store to, then a load from each place */
	PROGRAM_EXIT,	    /* exits to user space without any memory access */
	PROGRAM_EMULATE,    /* x86: instructions that KVM emulates without an exit, then one */
	PROGRAM_FAIL,	    /* an access that KVM can neither do nor describe */
};

struct machine_setup {
	enum program program;
	unsigned int places;  /* one after the other, from the first again after the last */
	unsigned int per_run; /* accesses or instructions in one KVM_RUN, up to PROGRAM_MAX_RUN */
	bool ioeventfds;      /* stores to the places are served in the kernel */
	bool ram;	      /* the places are pages with dirty logging, not MMIO */
	bool elsewhere;	      /* PROGRAM_FAIL: each KVM_RUN at another page or instruction, of
				 PROGRAM_MAX_RUN; else the same again */
};

struct machine;

/*
 * 0 or -errno, after logging what is wrong: -EOPNOTSUPP where this architecture has no such
 * program. The caller frees it.
 */
int machine_new(const struct machine_setup *setup, struct machine **ret);
void machine_free(struct machine *machine); /* takes NULL */

/* One KVM_RUN. 0 or -errno, after logging what the guest did instead of what its program says. */
int machine_run(struct machine *machine);

/* Write-protects the pages of a setup with `ram`, so that the next store to each faults. */
int machine_protect(struct machine *machine);

/* The VM's file descriptor: with the PID it makes nisvd's id of the VM. */
int machine_fd(const struct machine *machine);

#endif
