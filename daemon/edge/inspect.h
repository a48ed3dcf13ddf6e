/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_INSPECT_H
#define NISVD_INSPECT_H

/*
 * When a VM is looked into, beyond what KVM tells: what it is called by now, what backs its
 * memslots, and what its guest believes its machine to be.
 */

#include <stdint.h>

#include "daemon/edge/manager.h"

#define INSPECT_QUERY_NS 5000000000ULL /* what an answer may be old */

/*
 * Brings names, ->backings and ->guest of @vm up to date, unless they were read less than
 * @max_age_ns ago, and tells subscribers what is new. What cannot be read says why; an ended VM, or
 * one from a saved file, stays as it is.
 */
void inspect_vm(struct manager *manager, struct vm *vm, uint64_t max_age_ns);

/* ->backings alone, if they are more than a second old: after a fault of kind `backing`. */
void inspect_backings(struct manager *manager, struct vm *vm);

/*
 * Once a second: looks into the VMs whose time has come (2 s, 10 s and 60 s after they were first
 * seen: a guest may take its time to boot), a few at a time, so that the loop never waits long.
 */
void inspect_due(struct manager *manager, uint64_t now_ns);

#endif
