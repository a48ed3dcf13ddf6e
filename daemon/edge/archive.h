/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_ARCHIVE_H
#define NISVD_ARCHIVE_H

/*
 * The folder of dossiers as a whole: what earlier runs of nisvd left there comes back as ended VMs,
 * and it is kept within its size and age.
 */

#include <stdbool.h>
#include <stdint.h>

struct manager;
struct vm;

/* Of what is loaded at the start, whichever is reached first. As many ended VMs are kept at all
 * (VMS_ENDED_MAX). 512 dossiers of 8 KiB were read in 115 ms, and took 14 MiB of memory. */
#define ARCHIVE_LOAD_BYTES_MAX (64U * 1024 * 1024)
#define ARCHIVE_LOAD_NS_MAX    2000000000ULL

struct archive {
	uint64_t bytes;	   /* of all dossiers; not less than there are */
	uint64_t left_out; /* dossiers that were not loaded: bad ones, and those past the bounds */
	uint64_t removed;  /* to keep within [Dossiers] MaxBytes= */
	bool is_full;	   /* what may not be removed is larger, which was told */
};

/*
 * At the start: adds the VMs of the dossiers in @dir, the newest first, as ended ones; neither the
 * journal nor a subscriber is told of them. Removes what a killed daemon left half written. What is
 * left out is counted and logged; @dir may be absent.
 */
void archive_load(struct manager *manager, const char *dir);

/*
 * Removes the dossiers in @dir that were last written longer than [Dossiers] MaxAge= ago, but never
 * that of a VM that runs. Nothing is logged where there are none.
 */
void archive_age(struct manager *manager, const char *dir);

/*
 * The dossier of @vm was written to @dir. Where all of them are larger than [Dossiers] MaxBytes=,
 * the oldest ones go until an eighth of it is free, so that this is not done at every writing;
 * never this one, nor that of a VM that runs. Each is counted, and a line tells how many.
 */
void archive_written(struct manager *manager, const char *dir, const struct vm *vm);

#endif
