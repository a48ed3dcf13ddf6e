/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host memory behind a slot: as it should be, or in one of the ways that go wrong. */
#ifndef NISVD_TESTS_BACKING_H
#define NISVD_TESTS_BACKING_H

#include <stdint.h>

enum backing {
	BACKING_RAM,
	BACKING_CLOSED,	   /* PROT_NONE */
	BACKING_READONLY,  /* PROT_READ, under a slot that the guest may write to */
	BACKING_UNMAPPED,  /* nothing is mapped there */
	BACKING_TRUNCATED, /* a file that ends after the first page */
	N_BACKINGS,
};

/* What "--slot ADDR,SIZE,WORD" calls it; "" for RAM. */
extern const char *const backing_words[N_BACKINGS];

/* New memory for a slot, or NULL with errno set. Of what is not RAM nothing may be touched. */
uint8_t *backing_map(enum backing backing, uint64_t size);

/* Once KVM has the slot: takes away what it is not to have. */
void backing_spoil(enum backing backing, uint8_t *memory, uint64_t size);

void backing_unmap(enum backing backing, uint8_t *memory, uint64_t size);

#endif
