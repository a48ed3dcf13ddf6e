#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Where nisvd cannot work it says what is wrong and what to do, with the right status, and never crashes.

# shellcheck source=tests/native/common
. "$(dirname "$0")/common"
setup
common=(--config "$work/none.conf" --socket "$socket" --state-dir "$work/state" --no-journal)

# refuses NAME STATUS PATTERN COMMAND...: what nisvd does within 20 s; its words hold PATTERN.
refuses() {
	local name=$1 want=$2 pattern=$3 status
	shift 3

	timeout -k 5 20 "$@" >"$work/out" 2>"$work/err" </dev/null
	status=$?
	if [[ $status -eq $want ]] && { [[ -z $pattern ]] || grep -qE -- "$pattern" "$work/out" "$work/err"; }; then
		printf 'ok   %s: %s\n' "$name" "$(grep -hE -m 1 -- "$pattern" "$work/err" "$work/out" | head -n 1)"
	else
		printf 'FAIL %s: status %d, expected %d and "%s" in:\n' "$name" "$status" "$want" "$pattern"
		cat "$work/out" "$work/err"
		failures=$((failures + 1))
	fi
}

nobody_setup
refuses 'no privilege' 69 'as root, or with CAP_BPF and CAP_PERFMON' "${nobody[@]}" "$work/nisvd" "${common[@]}"
refuses 'no privilege, --check' 2 'as root, or with CAP_BPF' "${nobody[@]}" "$work/nisvd" "${common[@]}" --check
refuses 'no BTF' 69 'CONFIG_DEBUG_INFO_BTF=y' "${no_btf[@]}" "$build/nisvd" "${common[@]}"
refuses 'no BTF, --check' 2 'CONFIG_DEBUG_INFO_BTF=y' "${no_btf[@]}" "$build/nisvd" "${common[@]}" --check
refuses 'no /dev/kvm' 69 'no /dev/kvm: switch virtualisation on' "${no_kvm[@]}" "$build/nisvd" "${common[@]}"
refuses 'no /dev/kvm, --check' 2 'nisvd cannot work here' "${no_kvm[@]}" "$build/nisvd" "${common[@]}" --check

# What need not last is tried again by the unit.
for files in 16 17 20 38 60; do
	refuses "$files file descriptors" 1 'Too many open files.*LimitNOFILE=' prlimit --nofile="$files" "$build/nisvd" "${common[@]}"
done

is 'nothing is left running or lying about by --check' '' "$(find "$work/run" "$work/state" -not -type d 2>/dev/null)"

# The socket.
launch || exit 1
first=$daemon
refuses 'socket in use' 1 "$socket.*$first|$first.*$socket" "$build/nisvd" "${common[@]}"
check 'the first one still answers' n status
stop_daemon
is 'and ends as it should' 0 $?
echo text >"$work/file"
refuses 'no socket but a file' 1 "$work/file" "$build/nisvd" "${common[@]}" --socket "$work/file"
is 'the file is not touched' text "$(cat "$work/file")"
refuses 'socket in a folder that is not there' 1 "$work/absent/too/socket" \
	"$build/nisvd" "${common[@]}" --socket "$work/absent/too/socket"
refuses 'socket with a name too long' 1 'socket' "$build/nisvd" "${common[@]}" --socket "$work/$(printf 'x%.0s' {1..200})"

# Folders for dossiers that cannot be written to: nisvd works, and says so at the start.
for state in "$work/file" "$work/absent/state"; do
	: >"$work/nisvd.log"
	nisvd_options=(--state-dir "$state")
	launch || exit 1
	contains "state folder $(basename "$state"): told at the start" "$(cat "$work/nisvd.log")" '--state-dir'
	start_vm "lost$daemon" --guest pxor --slot 0,1M --arg 0=0xd0000000
	report_of "lost$daemon" >/dev/null
	wait "$vmm"
	is 'the VM is explained nevertheless' x86-emulation-failure-mmio "$(vm_json "lost$daemon" .worst.cause)"
	contains 'the dossier that is missing is told' "$(cat "$work/nisvd.log")" 'Cannot write dossiers to'
	is 'and counted' yes "$(n status --json=short | jq -r 'if .lost.dossiers >= 1 then "yes" else .lost end')"
	stop_daemon
done

# The configuration.
printf '[Capture]\nCountMMIO=perhaps\n' >"$work/bad.conf"
refuses 'bad configuration' 78 "$work/bad.conf:2: CountMMIO=perhaps: expected yes or no" "$build/nisvd" "${common[@]}" --config "$work/bad.conf"
refuses 'bad configuration, --test-config' 1 ':2: CountMMIO=perhaps' "$build/nisvd" --config "$work/bad.conf" --test-config
refuses 'good configuration, --test-config' 0 '' "$build/nisvd" --config systemd/nisvd.conf --test-config
refuses 'configuration that is not there' 78 "$work/absent.conf: No such file" "$build/nisvd" "${common[@]}" --config "$work/absent.conf"

# The command line.
refuses 'unknown option' 2 'nisvd --help' "$build/nisvd" --frobnicate
refuses 'argument' 2 'unexpected argument "x"' "$build/nisvd" x
refuses '--json alone' 2 'needs --check' "$build/nisvd" --json
refuses '--json in a format that is none' 2 'pretty, short or off, not "yes"' "$build/nisvd" --check --json=yes
refuses '--replay alone' 2 'needs --offline' "$build/nisvd" --replay x
refuses 'dossier that is not there' 1 'Cannot open .*absent' "$build/nisvd" --offline --replay "$work/absent"
refuses 'dossier that is none' 1 'is no dossier' "$build/nisvd" --offline --replay "$work/file"
refuses 'version' 0 '^nisvd [0-9]' "$build/nisvd" --version
refuses 'help' 0 '^Usage: nisvd' "$build/nisvd" --help

# CountMMIO=no: the frequent program is not attached at all, and that is told.
printf '[Capture]\nCountMMIO=no\n' >"$work/quiet.conf"
nisvd_options=(--config "$work/quiet.conf")
launch || exit 1
is 'CountMMIO=no switches its source off' off "$(n status --json=short | jq -r '.sources[] | select(.name == "kvm_mmio") | .state')"
start_vm quiet --guest mmio-write-long --slot 0,1M --arg 0=0xd0000000 --arg 1=50 --arg 2=1 --linger
report_of quiet >/dev/null
# Without its MMIO only the scan finds it, which nisvd does at most once a second.
until [[ $(vm_json quiet .state) == running ]]; do :; done
is 'nothing is counted' 0 "$(vm_json quiet .mmio.writes)"
finish
