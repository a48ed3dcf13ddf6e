/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_INGEST_H
#define NISVD_INGEST_H

/* The way in: capture's records and counters become VMs and fault maps. */

#include "daemon/edge/manager.h"

extern const struct capture_ops ingest_ops; /* userdata: struct manager */

/* Takes all records that wait. 0 or -errno. */
int ingest_records(struct manager *manager);

/* Takes all records that wait and all counters; then every VM's evidence is current. 0 or -errno.
 */
int ingest_poll(struct manager *manager);

/* Scans the host for VMs unless the last scan is younger than @max_age_ns; VMs that a complete scan
 * misses have ended. */
int ingest_discover(struct manager *manager, uint64_t max_age_ns);

/*
 * After a restart, with the VMs of the ledger: what has come of them meanwhile. Takes the records
 * that wait, and the counters. In ingest_resume.c.
 */
void ingest_resume(struct manager *manager);

/* What the kernel still counts of @vm goes before the next reading, which would find it anew. */
void ingest_doom(struct manager *manager, struct vm *vm);

/* The same by the key of a VM that is not known. False: out of memory. */
bool ingest_doom_key(struct manager *manager, const struct nisv_vm_key *key);

#endif
