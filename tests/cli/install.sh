#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make install: an upgrade brings the new program and leaves the administrator's settings as they are.

# shellcheck disable=SC2317 # functions are called by check
# shellcheck source=tests/cli/common
. "$(dirname "$0")/common"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset MAKEFLAGS MFLAGS MAKELEVEL
conf=$work/root/etc/nisvd/nisvd.conf

install_it() {
	make -s install SANITIZE= DESTDIR="$work/root" sysconfdir=/etc prefix=/usr
}

check 'into an empty folder' install_it
check 'the settings are those that are shipped' cmp systemd/nisvd.conf "$conf"
echo 'CountMMIO=no' >"$conf"
echo old >"$work/root/usr/bin/nisvctl"
check 'once more' install_it
check 'the program is new' cmp "$build/nisvctl" "$work/root/usr/bin/nisvctl"
check 'the settings are as they were' grep -qx 'CountMMIO=no' "$conf"

finish
