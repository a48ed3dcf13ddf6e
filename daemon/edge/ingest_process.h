/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_INGEST_PROCESS_H
#define NISVD_INGEST_PROCESS_H

/* The end of VMs, and of the processes that have them. */

#include "daemon/edge/manager.h"

/* @vm has ended now, and who listens is told. */
void ingest_end(struct manager *manager, struct vm *vm, enum vm_end why);

/* Waits for the end of @vm's process, which ends all of its VMs. 0, -ESRCH (it has ended already),
 * or another -errno: its end is not seen. */
int ingest_watch(struct manager *manager, const struct vm *vm);

/* Ends the VMs of processes that have ended: of ingest_poll(), when their last records and counts
 * are taken, which belong to VMs that still run. */
void ingest_process_ends(struct manager *manager);

/* Frees what is kept for watched processes. */
void ingest_watch_stop(struct manager *manager);

#endif
