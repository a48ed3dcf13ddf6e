#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What nisvd --check says where something stands in the way: the kernel's version, no privilege, a limit on
# locked memory, no BTF, kernel lockdown. All of it real.
#   tests/lab/tests/sources.sh KERNEL

# shellcheck source=tests/lab/tests/lib/host.sh
. "$(dirname "$0")/lib/host.sh"

work=$(mktemp -d "${TMPDIR:-/tmp}/nisvd-sources.XXXXXX")
trap 'rm -rf "$work"' EXIT
aarch64-linux-gnu-gcc -static -Wall -Wextra -Werror -o "$work/as-user" "${tests:?}/sources/as-user.c" || exit
lab_test "${1:?which kernel?}" neoverse-n1 -- --no-daemon --copy "$work/as-user"
