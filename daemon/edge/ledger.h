/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_LEDGER_H
#define NISVD_LEDGER_H

/*
 * What the daemon knows beyond what BPF counts, kept where one that is killed leaves it: a file
 * without a name (memfd_create(2)) in the service manager's fd store. Lines of JSON, as in a
 * dossier but of all VMs, one for each thing as it becomes known; and some of its own:
 *   kernel   the identity of a VM in the kernel: it opens the VM; another one says more
 *   slot     one memslot changed
 *   news     what the journal was told
 *   counted  the kernel no longer counts for it: it has ended, what is in the lines is all
 *   dropped  the VM is no longer remembered
 *   clock    was stepped: how times are to be read from here on (the first line has it, too)
 *   totals   what VMs were counted that are no longer remembered
 * A record that capture hands over is in it before capture is told that it was taken: what a killed
 * daemon has not written, the next one is handed again. Each call does nothing where no service
 * manager keeps anything.
 */

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/core/vm.h"
#include "daemon/edge/fdstore.h"

struct manager;

/*
 * It is written anew, with what is still of use, at four times what that takes, from 4 MiB on. Then
 * ended VMs beyond this size are left out, the oldest first: their dossiers are on disk.
 */
#define LEDGER_BYTES_MAX (8U << 20)

struct ledger;

/*
 * The ledger of an earlier daemon, which restores into @manager all that is in it; or, where there
 * is none or @fresh, a new one. Before any record is taken, after capture is attached.
 */
void ledger_open(struct manager *manager, bool fresh);
struct ledger *ledger_free(struct ledger *ledger); /* takes NULL, returns NULL */

/* A VM was added, or got an id or a start of its process; its events come after this. */
void ledger_vm(struct manager *manager, const struct vm *vm);

/* An event about @vm (event_json.h); @event stays the caller's. */
void ledger_event(struct manager *manager, struct json_object *event);

void ledger_slot(struct manager *manager, const struct vm *vm, const struct nisv_rec_slot *rec);
void ledger_news(struct manager *manager, const struct vm *vm);
void ledger_counted(struct manager *manager, const struct vm *vm);
void ledger_dropped(struct manager *manager, const struct vm *vm);

/* Is this the last record that an earlier daemon took, which it was killed before it could say?
 * True once. */
bool ledger_is_known(struct manager *manager, const struct nisv_rec_hdr *hdr);

#endif
