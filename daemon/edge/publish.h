/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_PUBLISH_H
#define NISVD_PUBLISH_H

/* The way out: what changed goes to the journal, the dossier and the subscribers. */

#include "daemon/edge/manager.h"

/* Diagnoses every VM whose evidence changed and tells what is new; then ended ones may be forgotten
 * (vms_trim()). */
void publish_changes(struct manager *manager);

/* After records came in: only VMs whose evidence changed, and one whose diagnosis takes long may
 * wait for the next poll, as what is merely due does: a summary, a dossier whose turn did not come.
 */
void publish_records(struct manager *manager);

/* At the start: makes the folders of dossiers, and says so if there can be none. */
void publish_prepare(struct manager *manager);

/* Once an hour, and when the configuration has changed: dossiers that are too old go. */
void publish_age(struct manager *manager);

/* At the start: takes the VMs of earlier dossiers back (archive_load()). */
void publish_load(struct manager *manager);

/* After a restart: the VMs that the ledger had are diagnosed again; nobody is told of it. */
void publish_restored(struct manager *manager);

/* Is something to be told of @vm, or to be tried again, though nothing happens to it any more? */
bool publish_is_pending(const struct manager *manager, const struct vm *vm);

/* @vm is about to be dropped: what was not told of it is summed up. */
void publish_forget(struct manager *manager, struct vm *vm);

/* At the end: as publish_changes(), and dossiers that changed do not wait for their time. */
void publish_last(struct manager *manager);

/* One event to the subscribers of @vm, and to the ledger: see type Event in
 * io.nisvd.Monitor.varlink. @is_news: the fault map was changed by it, and not just counted on. */
void publish_vm(struct manager *manager, const struct vm *vm);
void publish_layout(struct manager *manager, const struct vm *vm);
void publish_guest(struct manager *manager, const struct vm *vm);
void publish_fault(struct manager *manager, const struct vm *vm, const struct nisv_rec_fault *fault,
		   bool is_news);
void publish_end(struct manager *manager, const struct vm *vm);

#endif
