#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What nisvd does with its capabilities: needs them to attach, has none afterwards, and sees and answers all the
# same; and SIGHUP, by which it reads its configuration again.

# shellcheck disable=SC2317 # functions are called by check
# shellcheck source=tests/native/common
. "$(dirname "$0")/common"
setup
nobody_setup
umask 0 # nobody may notify
chown -R nobody "$work"
install -m 0755 -o nobody -t "$work" "$build/nisvctl" && mkdir "$work/tests" && cp "$build/tests/testvmm" "$work/tests/"
build=$work
config=$work/nisvd.conf
: >"$config"

# with CAPABILITY...: nisvd is started as a user that has these, as a unit with AmbientCapabilities= would.
with() {
	local each list=-all

	for each; do
		list+=,+$each
	done
	wrapper=(setpriv --reuid nobody --regid nogroup --clear-groups
		"--inh-caps=$list" "--ambient-caps=$list")
}

# what SET: the capabilities in a set of nisvd's, such as CapEff, in hexadecimal.
what() {
	awk -v set="$1:" '$1 == set { sub("^0*", "", $2); print $2 == "" ? "none" : $2 }' "/proc/$daemon/status"
}

# refuses NAME PATTERN CAPABILITY...: with no more than these it does not start, and says why.
refuses() {
	local name=$1 pattern=$2
	shift 2

	with "$@"
	check "$name" fails 69 "$pattern" timeout 20 "${wrapper[@]}" "$work/nisvd" --config "$work/none.conf" \
		--socket "$socket" --state-dir "$work/state" --no-journal
}

refuses 'without CAP_BPF' 'no permission: CAP_BPF is missing' perfmon setpcap
refuses 'without CAP_PERFMON' 'no permission: CAP_PERFMON is missing' bpf setpcap

# ---- nothing is left --------------------------------------------------------------------------------

nisvd_options=(--config "$config")
with bpf perfmon sys_admin setpcap
launch || exit 1
for set in CapInh CapPrm CapEff CapBnd CapAmb; do
	is "$set" none "$(what $set)"
done
contains 'that is told' "$(cat "$work/nisvd.log")" 'Attached: all capabilities are given up'
is 'its user' "$(id -u nobody)" "$(stat -c %u "/proc/$daemon")"
sources=$(n status --json=short | jq -c '[.sources[] | select(.state == "failed").name]')
is 'no source is refused' '[]' "$sources"
start_vm one --guest pxor --slot 0,1M --arg 0=0xd0000000
report_of one >/dev/null
wait "$vmm"
is 'a fault is explained' x86-emulation-failure-mmio "$(vm_json one .worst.cause)"
is 'and the end of its VM seen' ended "$(vm_json one .state)"
is 'its dossier is there' 1 "$(find "$work/state/dossiers" -name '*.jsonl' -user nobody -perm 640 | wc -l)"
start_vm two --guest mmio-write --slot 0,1M --arg 0=0xd0000000 --arg 1=1000 --arg 2=4 --arg 3=0 --linger
report_of two >/dev/null
is 'MMIO is counted' 1000 "$(vm_json two .mmio.writes)"
contains 'what cannot be looked at is told' "$(n show "$tag-two")" 'CAP_SYS_PTRACE (CAPABILITIES'

# ---- SIGHUP -----------------------------------------------------------------------------------------

# reload: returns when nisvd says that it has read its configuration again; $said is all that it said.
reload() {
	kill -HUP "$daemon"
	said=
	while IFS= read -r -d = -t 30 -u 7 line; do
		said+=$line=
		[[ $line != *READY ]] || return 0
	done
	return 1
}

began=$(n status --json=short | jq .uptime_seconds)
printf '[Journal]\nEntriesPerMinute=20\n[Socket]\nClients=3\n' >"$config"
reload || exit 1
contains 'it says that it reloads' "$said" $'RELOADING=1\nMONOTONIC_USEC='
is 'the counts are kept' 1000 "$(vm_json two .mmio.writes)"
is 'and the aborts' 1 "$(vm_json one .aborts.emulation)"
check 'it is the same nisvd' test "$(n status --json=short | jq .uptime_seconds)" -ge "$began"
for fd in 20 21 22; do
	mkfifo "$work/hold.$fd"
	eval "exec $fd<>\"\$work/hold.$fd\""
	"$build/nisvctl" --socket "$socket" --bridge <"$work/hold.$fd" >"$work/held.$fd" &
	pids+=($!)
	printf '{"method":"org.varlink.service.GetInfo"}\0' >"$work/hold.$fd"
	timeout 20 bash -c "until [[ -s '$work/held.$fd' ]]; do :; done"
done
check 'one client more than Clients= now says' fails 1 'too many clients' n status
exec 20>&- 21>&- 22>&-
printf '[Capture]\nCountMMIO=no\n' >"$config"
reload || exit 1
contains 'what only a restart can change is told' "$(cat "$work/nisvd.log")" 'comes with the next start'
printf '[Journal]\nEntriesPerMinute=many\n' >"$config"
reload || exit 1
contains 'the error is named' "$(cat "$work/nisvd.log")" "$config:2: EntriesPerMinute=many: expected a number from 1 to 600"
contains 'what becomes of it, too' "$(cat "$work/nisvd.log")" 'The configuration stays as it was'
contains 'STATUS= says so' "${said##*STATUS=}" 'nisvd.conf has errors'
is 'and nothing is lost' 1000 "$(vm_json two .mmio.writes)"
: >"$config"
reload || exit 1
is 'STATUS= says no more of it' '' "$(grep 'has errors' <<<"${said##*STATUS=}")"
kill "$vmm"
stop_daemon
is 'it ends as it should' 0 $?

# ---- what an operator grants for looking into VMMs --------------------------------------------------

with bpf perfmon sys_admin setpcap sys_ptrace dac_read_search
launch || exit 1
is 'CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH stay' 80004 "$(what CapEff)"
is 'and cannot be added to' 80004 "$(what CapBnd)"
start_vm three --guest pxor-long --slot 0,1M --arg 0=0xd0000000 --on-error pause
report_of three >/dev/null
check 'what is behind the memslots is known' jq -e '.layout.slots[0].backing.kind == "anonymous"' < <(n show "$tag-three" --json=short)
kill "$vmm"
stop_daemon

finish
