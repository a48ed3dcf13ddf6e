/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_KVMWATCH_H
#define NISVD_KVMWATCH_H

/* Watching KVM: capture is attached, and what it brings is taken in, and told, in time. */

struct manager;

/*
 * Attaches, goes on from an earlier nisvd, drops the privileges that this took, and looks for VMs
 * that run already; or, where the kvm module is not loaded, waits for it and does so then. Logs
 * every error itself, and sets manager->cannot_work where the reason of one lasts. 0 or -errno.
 */
int kvmwatch_start(struct manager *manager);

#endif
