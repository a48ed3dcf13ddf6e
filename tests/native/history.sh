#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nisvctl history out of a real journald that runs in a mount namespace of this test's own: what nisvd found,
# and nothing that others say in its name.
# shellcheck disable=SC2016,SC2317 # $ of jq filters; functions are called by check

[[ -n ${IN_NAMESPACE-} ]] || IN_NAMESPACE=1 exec unshare --mount --propagation private "$0"

# shellcheck source=tests/native/common
. "$(dirname "$0")/common"
setup
mkdir -p /var/log/journal && mount -t tmpfs tmpfs /var/log/journal || exit 1
start_journald

# It asks no daemon: --socket is nowhere.
h() {
	journalctl --sync
	timeout 20 "$build/nisvctl" --socket /nonexistent history "$@"
}

# seen FILTER ARGUMENT...: of the entries about this test's VMs.
seen() {
	local filter=$1
	shift
	h --json=short "$@" | jq -c --arg tag "$tag" "[.entries[] | select(.vm_name // \"\" | startswith(\$tag))] | $filter"
}

# as NAME UID: tells journald the fields on standard input as a program of that name and user, which is
# still there when journald looks who it was.
as() {
	python3 -c '
import os, socket, subprocess, sys
name, uid, fields = sys.argv[1], int(sys.argv[2]), sys.stdin.buffer.read()
sent, done = os.pipe(), os.pipe()
if os.fork() == 0:
    os.close(done[1])
    open("/proc/self/comm", "w").write(name)
    os.setuid(uid)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.sendto(fields, "/run/systemd/journal/socket")
    os.close(sent[1])
    os.read(done[0], 1)
    os._exit(0)
os.close(sent[1])
os.read(sent[0], 1)
subprocess.run(["journalctl", "--sync"], check=True)' "$1" "$2"
}

# ---- what nisvd found -------------------------------------------------------------------------------

check 'nothing yet' says 'the journal has no finding' h
is 'nothing yet, as JSON' '{"entries":[]}' "$(h --json=short)"
launch || exit 1
for name in one two; do
	start_vm $name --guest pxor --slot 0,1M --arg 0=0xd0000000
	report_of $name >/dev/null
	wait "$vmm"
	# nisvd answers after it has told the journal.
	is "$name has ended" ended "$(vm_json $name .state)"
done
start_vm three --guest jump --slot 0,1M --arg 0=0x300000
report_of three >/dev/null
wait "$vmm"
id=$(vm_json one .id)
key=$(vm_json one .key)
is 'three has ended' ended "$(vm_json three .state)"
cause=x86-emulation-failure-mmio
stop_daemon

is 'the oldest first' "[\"$tag-one\",\"$tag-two\",\"$tag-three\"]" "$(seen 'map(.vm_name) | unique_by(.) | sort_by({"'"$tag"'-one": 1, "'"$tag"'-two": 2, "'"$tag"'-three": 3}[.])')"
is 'in the order of time' true "$(seen 'map(.time) | . == sort')"
is 'the newest first' true "$(seen 'map(.time) | . == (sort | reverse)' -r)"
is 'the newest one' "[\"$tag-three\"]" "$(seen 'map(.vm_name)' -n 1)"
is 'no more than asked for' 2 "$(seen length -n 2 -r)"
is 'each field' true "$(seen 'map(select(.vm_name == $tag + "-one"))[0] | .type == "finding" and .vm == "'"$id"'" and .vm_key == "'"$key"'" and
	.vmm == "qemu" and .kind == "emulation" and .pc == "0x8000" and .cause == "'$cause'" and .severity != null and .confidence > 0.5 and
	(.signature | length) == 32 and .count == 1 and .pid == ("'"${id%-*}"'" | tonumber) and .instruction == "pxor xmm0, xmmword ptr [edi]" and
	.outcome == "vmm-decides" and .dossier == "'"$work/state/dossiers/$key.jsonl"'" and .dossier_present == true and .overlays == [] and
	(.time | test("^20..-..-..T..:..:..\\.......Z$")) and (.boot_id | length) == 32 and .host and .errno == null and
	has("esr") and .esr == null and has("cgroup") and has("unit") and has("vmm_answer") and has("symptom") and (.message | length) > 20')"
for by in "$tag-one" "$id" "$key" "${id%-*}"; do
	is "by $by" "[\"$tag-one\"]" "$(seen 'map(.vm_name) | unique' "$by")"
done
check 'by an unknown name' says "no finding about nobody" h nobody
is 'by cause' "[\"$tag-one\",\"$tag-two\"]" "$(seen 'map(.vm_name) | unique' --cause "$cause")"
is 'by kind' 0 "$(seen length --kind walk)"
is 'by several' "[\"$tag-two\"]" "$(seen 'map(.vm_name) | unique' "$tag-two" --cause "$cause" --kind emulation)"
middle=$(seen 'map(select(.vm_name == $tag + "-two"))[0].time' | tr -d '"')
is 'since' "[\"$tag-three\",\"$tag-two\"]" "$(seen 'map(.vm_name) | unique' --since "$middle")"
is 'until' "[\"$tag-one\",\"$tag-two\"]" "$(seen 'map(.vm_name) | unique' --until "$middle")"
is 'since and until' "[\"$middle\"]" "$(seen 'map(.time)' --since "$middle" --until "$middle")"
is 'since today' 3 "$(seen 'map(.vm_name) | unique | length' --since today)"
check 'nothing since' says 'no finding that matches' h --since +1h

check 'table' says "^20..-..-.. ..:..:.. $tag-one +finding +[a-z]+ +$cause +0xd0000000 +1 +present" h
check 'table: no heading' bash -c '! grep TIME' < <(h --no-legend)
rm "$work/state/dossiers/$key.jsonl"
check 'table: a dossier that is gone' says "$tag-one .* missing" h
is 'JSON: a dossier that is gone' '[false]' "$(seen 'map(.dossier_present) | unique' "$tag-one")"

# ---- what others say --------------------------------------------------------------------------------

forged() {
	printf 'MESSAGE=forged\nMESSAGE_ID=%s\nPRIORITY=3\nNISV_VM=1-1\nNISV_VM_NAME=%s-forged\nNISV_CAUSE=access-past-ram-end\nNISV_SEVERITY=fatal\n_UID=0\n_COMM=nisvd\n_SYSTEMD_UNIT=nisvd.service\n' "$(message_id FINDING)" "$tag"
}
forged | as docker 65534
forged | as nisvd 65534
forged | as docker 0
is 'no user, and no other program, speaks for nisvd' 0 "$(seen 'map(select(.vm_name == $tag + "-forged")) | length')"
is 'though the journal has it' 3 "$(journalctl --sync; journalctl -q -o cat "NISV_VM_NAME=$tag-forged" | wc -l)"

# Root as nisvd could: what it says is still no more than text.
long=$(head -c 70000 /dev/zero | tr '\0' x)
{
	printf 'MESSAGE=%s\nMESSAGE_ID=%s\nNISV_VM_NAME=%s-h\033[31m\nNISV_VM=\033]0;x\007\n' "$long" "$(message_id STORM)" "$tag"
	printf 'NISV_IPA=0x1 <script>\nNISV_COUNT=-99999999999999999999\nNISV_CONFIDENCE=1e999\nOBJECT_PID=x\n'
	printf 'NISV_CAUSE=\302\233\377\nNISV_SEVERITY=%%s%%n\nNISV_DOSSIER=/etc/\n'
} | as nisvd 0
h >"$work/out" 2>&1
is 'hostile: nothing for the terminal to obey' 0 "$(grep -cP '[\x00-\x08\x0b-\x1f\x7f]' "$work/out")"
contains 'hostile: harmless' "$(cat "$work/out")" "$tag-h [31m"
is 'hostile: what is no number is none' '[null,null,null,null]' "$(seen 'map(select(.type == "storm"))[0] | [.ipa, .count, .confidence, .pid]')"
is 'hostile: cut' true "$(seen 'map(select(.type == "storm"))[0].message | length <= 4096')"

# ---- another journal --------------------------------------------------------------------------------

journalctl --sync
mkdir "$work/carried"
cp -r /run/log/journal/. "$work/carried" 2>/dev/null
cp -r /var/log/journal/. "$work/carried" 2>/dev/null
is '--directory: the same' "$(seen 'map(.time)')" "$(seen 'map(.time)' --directory "$work/carried")"
check '--merge: host and boot' says '^TIME +HOST +BOOT +VM ' h --merge
is '--merge: the same' "$(seen 'map(.time)')" "$(seen 'map(.time)' --merge)"
mkdir "$work/empty"
check '--directory: no journal in it' fails 1 'there is no journal in .*/empty: files \*\.journal' h --directory "$work/empty"
check '--directory: not there' fails 1 'cannot open the journal in /nonexistent' h --directory /nonexistent
head -c 100000 /dev/urandom >"$work/empty/system.journal"
check '--directory: a file that is none' exits 0 h --directory "$work/empty"

# ---- who may not, and what may not ------------------------------------------------------------------

install -m 0755 "$build/nisvctl" "$work/nisvctl"
check 'without permission' fails 1 'may not read all of the journal: use sudo, or join the group' "${nobody[@]}" "$work/nisvctl" history
check 'without permission, as JSON' exits 1 "${nobody[@]}" "$work/nisvctl" history --json=short
is 'which is JSON' yes "$(jq -r 'if .message then "yes" else "no" end' "$work/err")"
check '-H' fails 2 '"ssh web1 nisvctl history"' h -H web1
check '--file' fails 2 '--directory' h --file x
check '--since' fails 2 'does not understand "soon": it takes "2026-11-30 12:00"' h --since soon
check '--since after --until' fails 2 'later than' h --since now --until -1h
check '--lines' fails 2 '-n takes a number of 1 or more, not "x"' h -n x
check 'options of history only' fails 2 'since' n list --since today
finish
