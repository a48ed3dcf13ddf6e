/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_HOSTKERNEL_H
#define NISVD_HOSTKERNEL_H

/*
 * Whether the host's kernel has a certain fix, by its version: of those few that explain a fault of
 * a guest that did nothing wrong.
 */

enum hostkernel_fix {
	HOSTKERNEL_UNKNOWN = 0, /* a distribution's kernel that hides the stable version it is of */
	HOSTKERNEL_HAS,
	HOSTKERNEL_LACKS,
};

/*
 * Linux 406504c7b040, "KVM: arm64: Fix S1PTW handling on RO memslots": without it a table walk's
 * translation fault on a read-only memslot was taken for a write. @release: uname -r; @build: uname
 * -v, where Debian tells the stable version; either may be "".
 */
enum hostkernel_fix hostkernel_s1ptw(const char *release, const char *build);

#endif
