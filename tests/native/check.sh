#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nisvd --check: each source is there or says why not, what is lost, and how to get it; as text and as JSON, and
# in the words of nisvctl status. Here, and where nisvd cannot work.

# shellcheck source=tests/native/common
. "$(dirname "$0")/common"
setup
nobody_setup
common=(--config "$work/none.conf" --check)

# A source has all keys, and words for what it lacks; nothing is lost by what is there.
well_formed='all(.sources[]; (.name | length > 0) and (.gives | length > 0) and
	(.state | IN("attached", "absent", "failed", "off")) and has("loses") and has("how_to_get") and
	(.state == "attached") == (.reason == null) and (.lost == (.loses != null)) and
	(if .state == "attached" then .lost | not else true end)) and (.sources | length > 3)'

# cannot NAME REASON COMMAND...: exit status 2, on standard output nothing but JSON, on standard error nothing; the
# reason is that of all sources but those that are switched off.
cannot() {
	local name=$1 reason=$2
	shift 2

	is "$name: status" 2 "$("$@" "${common[@]}" --json=short >"$work/json" 2>"$work/err"; echo $?)"
	is "$name: one line" 1 "$(wc -l <"$work/json")"
	is "$name: nothing but JSON" '' "$(cat "$work/err")"
	is "$name: well formed" true "$(jq "$well_formed and .result == 2 and (.how_to_get | length > 0)" "$work/json")"
	is "$name: why" "$reason" "$(jq -r '.reason' "$work/json")"
	is "$name: why, of each source" "[\"$reason\"]" "$(jq -c '[.sources[].reason] | unique' "$work/json")"
	contains "$name: in words" "$("$@" "${common[@]}" 2>&1)" "nisvd cannot work here: $reason"
}

# ---- this host ------------------------------------------------------------------------------------

"$build/nisvd" "${common[@]}" --json >"$work/check.json" 2>"$work/err"
is 'status of --check is in its JSON' $? "$(jq .result "$work/check.json")"
is 'nothing but JSON' '' "$(cat "$work/err")"
is 'well formed' true "$(jq "$well_formed and .reason == null and .how_to_get == null" "$work/check.json")"
is '--json in a pipe is one line' 1 "$(wc -l <"$work/check.json")"
is '--json=pretty is the same' '' "$(diff <(jq -S . "$work/check.json") <("$build/nisvd" "${common[@]}" --json=pretty | tee "$work/pretty" | jq -S .))"
is 'in more lines' yes "$( (($(wc -l <"$work/pretty") > 10)) && echo yes)"
"$build/nisvd" "${common[@]}" >"$work/text"
is '--json=off is text' '' "$(diff "$work/text" <("$build/nisvd" "${common[@]}" --json=off))"
# Every source of the JSON is in the text, with its words.
jq -r '.sources[] | .name, .gives, .reason, .loses, .how_to_get | strings' "$work/check.json" | sort -u >"$work/words"
is 'the text says what the JSON says' '' "$(while IFS= read -r words; do grep -qF -- "$words" "$work/text" || echo "$words"; done <"$work/words")"
if [[ ! -e /sys/bus/event_source/devices/kprobe/type ]]; then
	is 'no kprobes: told of each hook that is one' '["this kernel has no kprobes"]' \
		"$(jq -c '[.sources[] | select(.name | IN("kvm_destroy_vm", "kvm_arch_commit_memory_region")).reason] | unique' "$work/check.json")"
fi

launch || exit 1
is 'the running nisvd has the same sources' '' "$(diff <(jq -S .sources "$work/check.json") <(n status --json=short | jq -S .sources))"
n status >"$work/status"
tr -s '\n ' ' ' <"$work/status" >"$work/status.words"
is 'and nisvctl says them in words' '' "$(while IFS= read -r words; do grep -qF -- "$words" "$work/status.words" || echo "$words"; done < <(jq -r '.sources[] | .name, .state, .reason, .loses, .how_to_get | strings' "$work/check.json"))"
stop_daemon

printf '[Capture]\nCountMMIO=no\n' >"$work/quiet.conf"
is 'CountMMIO=no: switched off, and what is lost by it' '["off",true,"switched off in the configuration","set CountMMIO=yes"]' \
	"$("$build/nisvd" --config "$work/quiet.conf" --check --json | jq -c '.sources[] | select(.name == "kvm_mmio") | [.state, .lost, .reason, .how_to_get]')"

# ---- where nisvd cannot work --------------------------------------------------------------------------

cannot 'no privilege' 'no permission: CAP_BPF and CAP_PERFMON are missing' "${nobody[@]}" "$work/nisvd"
cannot 'CAP_BPF alone' 'no permission: CAP_PERFMON is missing' \
	setpriv --reuid nobody --regid nogroup --clear-groups --inh-caps=-all,+bpf --ambient-caps +bpf "$work/nisvd"
cannot 'a user namespace' 'no permission: root of a user namespace may not load these programs' unshare -Ur "$work/nisvd"
cannot 'no BTF' 'no BTF: there is no /sys/kernel/btf/vmlinux' "${no_btf[@]}" "$build/nisvd"
cannot 'no KVM' 'there is no /dev/kvm' "${no_kvm[@]}" "$build/nisvd"

# With both it works, and without CAP_SYS_ADMIN too.
"$build/nisvd" "${common[@]}" --json >"$work/json"
is 'CAP_BPF and CAP_PERFMON are enough' "$(jq -c '[.sources[] | select(.state == "attached").name] - ["kvm_destroy_vm", "kvm_arch_commit_memory_region"]' "$work/json")" \
	"$(setpriv --reuid nobody --regid nogroup --clear-groups --inh-caps=-all,+bpf,+perfmon --ambient-caps +bpf,+perfmon \
		"$work/nisvd" "${common[@]}" --json | jq -c '[.sources[] | select(.state == "attached").name] - ["kvm_destroy_vm", "kvm_arch_commit_memory_region"]')"
finish
