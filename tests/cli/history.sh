#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nisvctl history out of journal files: times that run backwards, many entries, types, wrong kinds. The
# files are journald's own, made of entries as nisvd on another host would write them.

# shellcheck disable=SC2317,SC2016 # functions are called by check; $ of jq filters
# shellcheck source=tests/cli/common
. "$(dirname "$0")/common"

# The build with sanitizers, where there is one, sees more.
[[ -x $build-san/nisvctl ]] && build=$build-san
remote=/usr/lib/systemd/systemd-journal-remote
[[ -x $remote ]] || skip "no systemd-journal-remote"
work=$(mktemp -d)
tag=
trap 'rm -rf "$work"' EXIT
export TZ=UTC LC_ALL=C.UTF-8
unset NO_COLOR LINES

declare -A ids
ids[finding]=$(sed -n 's/^#define NISV_MSGID_FINDING "\(.*\)"/\1/p' include/nisv_journal.h)
ids[storm]=$(sed -n 's/^#define NISV_MSGID_STORM "\(.*\)"/\1/p' include/nisv_journal.h)

# write NAME: lines "TIME TYPE VM" on standard input, in the order of writing, to a journal of that name
write() {
	local n=0 time type vm usec

	mkdir -p "$work/$1"
	while read -r time type vm; do
		usec=$(date -d "$time" +%s)000000
		printf '%s\n' "__REALTIME_TIMESTAMP=$usec" "__MONOTONIC_TIMESTAMP=$((++n * 1000000))" \
			_BOOT_ID=11111111111111111111111111111111 _MACHINE_ID=22222222222222222222222222222222 \
			_HOSTNAME=far _UID=0 _COMM=nisvd "MESSAGE_ID=${ids[$type]}" PRIORITY=3 \
			"MESSAGE=$vm: killed" "NISV_VM_NAME=$vm" NISV_KIND=nisv NISV_CAUSE=access-past-ram-end \
			NISV_OVERLAY=one NISV_OVERLAY=two NISV_SEVERITY=fatal NISV_CONFIDENCE=0.95 \
			NISV_IPA=0x48000010 NISV_COUNT=1 NISV_COUNT=2 ''
	done | "$remote" --split-mode=none -o "$work/$1/remote.journal" - 2>"$work/remote" || cat "$work/remote" >&2
}

h() {
	"$build/nisvctl" history --directory "$work/$journal" "$@"
}

# names EXPECTED OPTION...: the VMs of the entries that are shown
names() {
	local expected=$1
	shift
	h --json=short "$@" >"$work/json" && [[ $(jq -r '[.entries[].vm_name] | join(" ")' "$work/json") == "$expected" ]] && return
	cat "$work/json"
	return 1
}

# ---- the clock was wrong for a while, and set right -------------------------------------------

journal=clock
write clock <<'END'
2026-03-01T12:00:00Z finding first
2026-03-02T12:00:00Z finding second
2019-01-01T00:00:30Z finding past
2031-01-01T00:00:30Z finding future
2026-03-03T12:00:00Z storm third
END
check 'all, as they were written' names 'first second past future third'
check 'an entry that is too old hides none before it' names 'first second future third' --since 2026-01-01
check 'one that is too new hides none either' names 'first second past third' --until 2026-04-01
check 'both' names 'second third' --since 2026-03-02 --until 2026-04-01
check 'the newest of them' names 'second third' --since 2026-01-01 --until 2026-04-01 -n 2
check 'what is of no time' names '' --since 2040-01-01

# ---- what an entry says -----------------------------------------------------------------------

check 'members: all of the fields' json '.entries[0] | .type == "storm" and .host == "far" and .cause == "access-past-ram-end"
	and .confidence == 0.95 and .ipa == "0x48000010" and .overlays == ["one", "two"] and .pid == null
	and .dossier_present == null' h -n 1 --json=short
check 'members: of several fields the first' json '.entries[0].count == 1' h -n 1 --json=short

# table COLUMNS PATTERN
table() {
	local columns=$1
	script -qec "stty cols $columns rows 24; '$build/nisvctl' history --no-pager --directory '$work/$journal'" /dev/null \
		</dev/null >"$work/table"
	grep -qE "$2" "$work/table" && return
	cat "$work/table"
	return 1
}
check 'wide: a column of types' table 132 'third +storm '
check 'narrow: no new finding' table 80 'third .*storm: access'
check 'narrow: a finding' table 80 'second [^:]* access-past-ram-end'
check 'narrow: fits' bash -c '! sed "s/\x1b\[[0-9;]*m//g" "$1" | tr -d "\r" | grep -E "^.{81}"' - "$work/table"

# ---- what there is not ------------------------------------------------------------------------

check 'an unknown kind' fails 2 '"bogus" is no kind of fault: the kinds are nisv, ' h --kind bogus
check 'a kind that was mistyped' fails 2 'did you mean "mmio-read"' h --kind mmio-raed
check 'a cause that was mistyped' fails 0 'did you mean "access-past-ram-end"' h --cause access-past-ram-edn
check 'a cause that the journal has, but not then' fails 0 'has no finding that matches$' h --cause access-past-ram-end --since 2040-01-01
check 'it is not said to be mistyped' bash -c '! grep "did you mean" "$1"' - "$work/err"
check 'a cause that no entry has' fails 0 'has no finding that matches$' h --cause gic-its-absent
check 'nor this one' bash -c '! grep "did you mean" "$1"' - "$work/err"

# ---- who says it ------------------------------------------------------------------------------

# said FIELD...: an entry with these, of the time that is next
at=1772000000
said() {
	printf '%s\n' "__REALTIME_TIMESTAMP=$((at++))000000" "__MONOTONIC_TIMESTAMP=$((at))000000" \
		_BOOT_ID=11111111111111111111111111111111 "MESSAGE_ID=${ids[finding]}" "$@" ''
}
journal=speakers
mkdir -p "$work/speakers"
"$remote" --split-mode=none -o "$work/speakers/remote.journal" - 2>"$work/remote" < <(
	said NISV_VM_NAME=unit _UID=996 _COMM=nisvd _SYSTEMD_UNIT=nisvd.service
	said NISV_VM_NAME=root _UID=0 _COMM=nisvd _SYSTEMD_UNIT=session-1.scope
	said NISV_VM_NAME=user _UID=1000 _COMM=nisvd _SYSTEMD_UNIT=user@1000.service _SYSTEMD_USER_UNIT=nisvd.service
	said NISV_VM_NAME=same-number _UID=996 _COMM=nisvd _SYSTEMD_UNIT=other.service
	said NISV_VM_NAME=service _UID=0 _COMM=dockerd _SYSTEMD_UNIT=docker.service
)
check 'the unit, as its own user, and root by hand; nobody else' names 'unit root'

# ---- many -------------------------------------------------------------------------------------

most=$(sed -n 's/^#define HISTORY_MAX \([0-9]*\)$/\1/p' cli/history.h)
journal=many
mkdir -p "$work/many"
# As the first of the others, one a second.
"$remote" --split-mode=none -o "$work/many/remote.journal" - 2>"$work/remote" < <(awk -v n=$((most + 1)) -v id="${ids[finding]}" '
	BEGIN { for (i = 0; i < n; i++) printf "__REALTIME_TIMESTAMP=%d000000\n__MONOTONIC_TIMESTAMP=%d000000\n_BOOT_ID=11111111111111111111111111111111\n_UID=0\n_COMM=nisvd\nMESSAGE_ID=%s\nNISV_VM_NAME=vm%d\n\n", 1764000000 + i, 1 + i, id, i }')
check 'many: the newest' json ".entries | length == $most and .[0].vm_name == \"vm1\" and .[-1].vm_name == \"vm$most\"" h --json=short
check 'many: it is told' bash -c '"$@" 2>&1 >/dev/null | grep -q "these are the newest $0:"' "$most" "$build/nisvctl" history --directory "$work/many" --no-pager
check 'many: the man page tells' grep -q "At most the newest ${most::-3},${most: -3} entries" man/nisvctl.1.scd
check 'many: all there were' bash -c '! "$@" 2>&1 >/dev/null | grep -q newest' - "$build/nisvctl" history --directory "$work/many" --no-pager --since @1764000001
finish
