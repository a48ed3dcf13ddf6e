/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_PUBLISH_H
#define NISVD_PUBLISH_H

/* The way out: what changed goes to the journal, the dossier and the subscribers. */

#include "daemon/edge/manager.h"

/* Diagnoses every VM whose evidence changed and tells what is new. */
void publish_changes(struct manager *manager);

/* One event to the subscribers of @vm: see type Event in io.nisvd.Monitor.varlink. */
void publish_vm(struct manager *manager, const struct vm *vm);
void publish_layout(struct manager *manager, const struct vm *vm);
void publish_fault(struct manager *manager, const struct vm *vm,
		   const struct nisv_rec_fault *fault);
void publish_end(struct manager *manager, const struct vm *vm);

#endif
