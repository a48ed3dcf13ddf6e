#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Reads everything without running it: format, shell, C analysis, man pages, licence lines.
set -u
cd "$(dirname "$0")/.." || exit 1
status=0
build=build/$(uname -m | sed s/aarch64/arm64/)

complain() {
	printf 'lint: %s\n' "$*" >&2
	status=1
}

mapfile -t sources < <(git ls-files '*.c' '*.h')
mapfile -t scripts < <(git ls-files -s | awk '$1 == "100755" {print $4}' | xargs grep -lE '^#!.*(sh|bash)$')
mapfile -t analysed < <(git ls-files 'daemon/*.c' 'cli/*.c')

clang-format --dry-run -Werror "${sources[@]}" || complain "run: make format"

shellcheck -x "${scripts[@]}" || complain "shellcheck"

make -s man >/dev/null || complain "cannot make the man pages"
for page in "$build"/man/*.[1-8]; do
	mandoc -T lint "$page" || complain "$page"
done

for file in $(git ls-files | grep -vE '\.json$|^LICENSE$|^README|\.md$|\.varlink$|^tests/(fuzz/)?corpus/|^debian/(changelog|copyright|source/format)$'); do
	head -n 3 "$file" | grep -q 'SPDX-License-Identifier: GPL-2.0-or-later' ||
		complain "$file: no SPDX line"
done

make -s "$build"/{interface.h,nisvd.skel.h,nisvd-older.skel.h,gate.skel.h} >/dev/null || complain "cannot build the generated headers"
flags=(-std=gnu11 -D_GNU_SOURCE '-DNISV_VERSION="0"' '-DNISV_DATADIR="/usr/share/nisvd"'
	'-DNISV_SYSCONFDIR="/etc/nisvd"' -I. -isystem "$build")
printf '%s\n' "${analysed[@]}" |
	xargs -P "$(nproc)" -n 4 sh -c 'clang-tidy --quiet "$@" -- '"$(printf '%q ' "${flags[@]}")"' 2>/dev/null' sh ||
	complain "clang-tidy"

cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 --enable=warning,portability \
	--suppressions-list=tests/cppcheck.suppress -j "$(nproc)" -D_GNU_SOURCE '-DNISV_VERSION="0"' \
	'-DNISV_DATADIR="/usr"' '-DNISV_SYSCONFDIR="/etc"' -I. daemon cli || complain "cppcheck"

exit $status
