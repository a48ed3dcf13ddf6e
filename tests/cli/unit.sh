#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The units: systemd takes them as they are written, and what it says of their exposure.

# shellcheck disable=SC2317 # functions are called by check
# shellcheck source=tests/cli/common
. "$(dirname "$0")/common"

command -v systemd-analyze >/dev/null || skip 'there is no systemd-analyze'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
not() {
	! "$@"
}
unset MAKEFLAGS MFLAGS MAKELEVEL
make -s install SANITIZE= DESTDIR="$work/root" sysconfdir=/etc prefix=/usr >/dev/null || exit 1
units=$work/root/usr/lib/systemd/system

for unit in nisvd.service nisvd-metrics.service; do
	check "$unit: exposure at most 1.5" systemd-analyze security --offline=true --no-pager --threshold=15 "$units/$unit"
done

# What they call is not installed here.
check 'systemd finds no other fault in them' not grep -v ' is not executable: ' < <(systemd-analyze verify --man=no \
	"$units"/nisvd{.service,.socket,-metrics.service,-metrics.timer} 2>&1)

# Each VMM is a file, so is each client.
vms=$(sed -n 's/^#define VMS_MAX[^0-9]*\([0-9]*\).*/\1/p' daemon/core/vm.h)
check "files for $vms VMMs" test "$(sed -n 's/^LimitNOFILE=//p' "$units/nisvd.service")" -ge $((2 * vms))

check 'users and groups' systemd-sysusers --root="$work/root" nisvd.conf
check 'nisvd is a user of its own' grep -qE '^nisvd:x:[0-9]+:[0-9]+:.*:/usr/sbin/nologin$' "$work/root/etc/passwd"
check 'who may ask is a group' grep -q '^nisv:' "$work/root/etc/group"
finish
