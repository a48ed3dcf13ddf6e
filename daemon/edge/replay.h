/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_REPLAY_H
#define NISVD_REPLAY_H

#include "daemon/edge/manager.h"

/*
 * Makes the VMs of a file, as if their records had just come: the same diagnosis runs over them.
 * The file is a dossier, or text that a tool made of kvm tracepoints (traceline.h); its content
 * tells. It is not trusted: lines that cannot be read are counted and logged, a file that ends
 * early is taken as far as it goes. 0, or -errno (logged).
 */
int replay_file(struct manager *manager, const char *path);

#endif
