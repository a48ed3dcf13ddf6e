/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_INGEST_COUNTERS_H
#define NISVD_INGEST_COUNTERS_H

/* What BPF counted of a VM, taken into its fault map: the part of ingest.c that polls. */

#include <stdint.h>

struct counters;
struct counters_vm;
struct manager;
struct vm;

/* Adds the sites to the snapshot if a VM has new faults, or answers to them: it may have thousands,
 * which mostly stay as they are. 0 or -errno. */
int ingest_read_sites(const struct manager *manager, struct counters *counters);

/* @from: what @counters has of @vm. */
void ingest_count(struct vm *vm, const struct counters *counters, const struct counters_vm *from,
		  uint64_t now_ns);

#endif
