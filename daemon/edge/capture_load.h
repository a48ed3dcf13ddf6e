/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_CAPTURE_LOAD_H
#define NISVD_CAPTURE_LOAD_H

/* Loading the BPF object, as much of it as this kernel takes. Part of capture. */

#include "daemon/edge/capture_hooks.h"

struct capture_gates;
struct nisvd_bpf;

/*
 * Lists the sources in @hooks, and loads the programs of those that are not switched off: those for
 * older kernels where this one refuses what the others do. Then loads @gates, which are open. Both
 * use what an earlier daemon left, if that can be. A program that the kernel refuses even
 * so is left out, its source says why. Returns 0, or -errno and @why where not one program is
 * loaded. *ret is set in each case but that of a broken object, and freed by the caller.
 */
int capture_load(const struct capture_options *options, int n_cpus, struct capture_hooks *hooks,
		 struct capture_gates *gates, struct nisvd_bpf **ret, struct capture_obstacle *why);

#endif
