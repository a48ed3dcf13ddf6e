#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Reads daemon and nisvctl with gcc -fanalyzer: nothing but what tests/analyzer.accepted has may be found.
# It takes minutes, and other versions of gcc find other things: those of Debian 12 count.
set -u
cd "$(dirname "$0")/.." || exit 1
build=build/$(uname -m | sed s/aarch64/arm64/)
make -s NO_DEPS=1 "$build/interface.h" "$build/nisvd.skel.h" "$build/nisvd-older.skel.h" || exit 1

# shellcheck disable=SC2317 # xargs calls it
analyse() {
	LC_ALL=C gcc -D_GNU_SOURCE '-DNISV_VERSION="0"' '-DNISV_DATADIR="/usr/share/nisvd"' \
		'-DNISV_SYSCONFDIR="/etc/nisvd"' -I. "-I$build" -std=gnu11 -O2 -fanalyzer -c -o /dev/null "$1" 2>&1 |
		awk '/: In function / {gsub(/[^a-z0-9_]/, "", $NF); sub(/:.*/, "", $1); name = $1 " " $NF}
			/ warning: / {match($0, /-W[a-z-]+\]$/); print name, substr($0, RSTART, RLENGTH - 1)}' | sort -u
}
export -f analyse
export build

mapfile -t found < <(git ls-files 'daemon/*.c' 'cli/*.c' | xargs -P "$(nproc)" -I{} bash -c 'analyse {}')
status=0
for one in "${found[@]}"; do
	grep -qxF "$one" tests/analyzer.accepted && continue
	echo "analyzer: $one"
	status=1
done
printf '%d found, all but these accepted\n' "${#found[@]}"
exit $status
