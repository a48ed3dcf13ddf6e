/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_INGEST_LAYOUT_H
#define NISVD_INGEST_LAYOUT_H

/* The memory maps of VMs, kept current from what capture and discovery tell. Part of ingest. */

#include "daemon/edge/manager.h"

/* The least time between two scans that ingest_layout_poll() asks for. */
#define INGEST_SCAN_NS 1000000000ULL

/* Takes a whole map, unless it is older than what is known, and what differs from the last one. */
void ingest_layout_take(struct manager *manager, struct vm *vm, const struct nisv_rec_layout *rec);

/* Takes the change of one slot. It is published at the next ingest_layout_poll(): they come in
 * swarms. */
void ingest_layout_change(struct vm *vm, const struct nisv_rec_slot *rec);

/* Publishes what changed. True if only a scan can tell the rest. */
bool ingest_layout_poll(struct manager *manager, struct vm *vm);

/* No VM is so new, or has had so many changes at once, that only a scan can tell its map. */
bool ingest_layout_is_settled(const struct manager *manager);

/* Makes the VM's reference map anew, from what is known of it by now. */
void ingest_choose_machine(struct manager *manager, struct vm *vm);

#endif
