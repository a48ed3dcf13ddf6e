/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a VMM saw of one vCPU: exactly what KVM_RUN returned, counted where it returned. */
#ifndef NISVD_TESTS_STATS_H
#define NISVD_TESTS_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_PLACES  65536 /* in one vCPU; beyond it accesses count as unplaced */
#define PLACE_SHIFT 9	  /* 512 bytes, as nisvd counts MMIO: a virtio-mmio transport each */
#define MAX_REASONS 64	  /* KVM_EXIT_* numbers counted one by one */

struct place {
	uint64_t key; /* (address >> PLACE_SHIFT) + 1; 0: free */
	uint64_t reads, writes;
};

/* The first thing that went wrong, with what the VMM can know of it. */
struct first_fault {
	const char *kind; /* NULL: nothing went wrong yet */
	unsigned int vcpu;
	uint64_t pc;
	bool has_ipa; /* ipa and esr_iss come with KVM_EXIT_ARM_NISV only */
	uint64_t ipa, esr_iss;
	uint64_t when_ns; /* CLOCK_MONOTONIC */
};

/* arm64: what the "stop" vectors caught, from the guest's own registers. */
struct guest_exception {
	uint64_t esr, far, elr;
};

struct stats {
	uint64_t exits; /* returns of KVM_RUN */
	uint64_t nisv;	/* KVM_EXIT_ARM_NISV */
	uint64_t enosys, efault, interrupted, other_errnos;
	uint64_t mmio_reads, mmio_writes, unplaced;
	uint64_t internal_errors, syncs, exceptions, unsupported, done;
	uint64_t reasons[MAX_REASONS]; /* exits that have no counter above; [0]: numbers beyond */
	struct first_fault first;
	struct guest_exception exception;
	struct place *places; /* open addressing, n_buckets a power of two */
	size_t n_places, n_buckets;
	struct place *last; /* most accesses hit the place of the one before */
};

/* Counts one MMIO access by its place. */
void stats_mmio(struct stats *stats, uint64_t address, bool write);

/* Adds from to *into (the counts, the places, and the earlier first fault). */
void stats_add(struct stats *into, const struct stats *from);

/* Sorts the places by address, for reading; no stats_mmio() may follow. */
void stats_places_sort(struct stats *stats);

/* Frees what stats owns, not stats itself. */
void stats_clear(struct stats *stats);

#endif
