/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_REPLAY_H
#define NISVD_REPLAY_H

#include <stdio.h>

#include "daemon/edge/manager.h"

/*
 * Makes the VMs of a file, as if their records had just come: the same diagnosis runs over them.
 * The file is a dossier, or text that a tool made of kvm tracepoints (traceline.h); its content
 * tells. It is not trusted: lines that cannot be read are counted and logged, a file that ends
 * early is taken as far as it goes. 0, or -errno (logged).
 */
int replay_file(struct manager *manager, const char *path);

/*
 * Adds the VM with @key, of its dossier @file (closed), to those of this host: as an ended one,
 * with the host as it was then, diagnosed. Not trusted either: a dossier of another VM or
 * architecture, or one that a trace was made of, is refused. @path is for messages. 0, or -errno
 * (logged).
 */
int replay_load(struct manager *manager, FILE *file, const char *path, const char *key);

/* Which of several ledgers (ledger.h) this is; the later one has the larger number. 0 or -errno. */
int replay_ledger_generation(int fd, uint64_t *ret);

/* Restores all that the ledger @fd has, VMs that run as running ones. 0, or -errno (logged). */
int replay_ledger(struct manager *manager, int fd);

#endif
