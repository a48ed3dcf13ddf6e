#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The life of the package on a Debian host with AppArmor: installed, used, upgraded under a storm, removed, purged,
# and what is left of it then, which is nothing. Then once more on a kernel that is locked down.
#   tests/lab/tests/package.sh KERNEL

# shellcheck source=tests/lab/tests/lib/host.sh
. "$(dirname "$0")/lib/host.sh"

# shellcheck disable=SC2034 # of host.sh
seconds=900
work=$(mktemp -d "${TMPDIR:-/tmp}/nisvd-package.XXXXXX")
trap 'rm -rf "$work"' EXIT
make -s -C "${top:?}" ARCH=arm64 SANITIZE= package >/dev/null || exit
deb=$(echo "$top"/build/package/arm64/nisvd_*_arm64.deb)

# The next version is the same with another number.
dpkg-deb -R "$deb" "$work/next" && sed -i 's/^Version: .*/&+next/' "$work/next/DEBIAN/control" &&
	dpkg-deb --root-owner-group -b "$work/next" "$work/next.deb" >/dev/null || exit

lab_test "${1:?which kernel?}" neoverse-n1 -- --image --no-package \
	--copy "$deb:/root/first.deb" --copy "$work/next.deb:/root/next.deb" \
	--copy "$top/debian/tests/smoke:/root/smoke" --copy "${tests:?}/package/vmm.profile:/root/vmm.profile"
