/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_HOST_H
#define NISVD_HOST_H

/* The host whose VMs these are: this machine, or the one that a saved file is from. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/machine.h"

struct host {
	const char *arch; /* "arm64" or "x86_64", static */
	/* uname -r and -v; "": unknown. Debian's release does not tell the stable version, "#1 SMP
	 * Debian 6.1.192-3" does. */
	char kernel[96], kernel_build[96];
	uint64_t page_bytes; /* 0: unknown */
	bool injection_seen; /* a hook tells injected aborts: exec and walk faults are confirmed */
	const struct machine *maps; /* the registry, alien boards included; borrowed */
	size_t n_maps;
	uint64_t saved_ns; /* when the file that its VMs are from was written; 0: they are live */
};

#endif
