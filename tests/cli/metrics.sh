#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nisvctl metrics against a live nisvd: promtool takes the text, it says what status, list and explain say, a
# file is replaced as a whole; and the alerts and the dashboard name only what it prints.

# shellcheck disable=SC2317,SC2016 # functions are called by check; $ of jq filters
# shellcheck source=tests/cli/common
. "$(dirname "$0")/common"

live_setup
start_daemon

stuck=$tag-stuck twin=$tag-twin thrice=$tag-thrice gone=$tag-gone odd="$tag \"a\\b\" ü"
vm "$stuck" --guest jump --arg 0=0x300000 --on-error pause
# To the IOAPIC, to the HPET, and where nothing is: three findings of one cause.
vm "$thrice" --guest jump --arg 0=0xfec00000 --vcpus 3 --vcpu-step 0=0x100000 --on-error pause
subscribe
vm "$gone" --guest jump --arg 0=0x300000
check 'a VM ends' await_event ".vm.name == \"$gone\" and .vm.state == \"ended\""
gone_id=$(n -j list -a | jq -r --arg n "$gone" '.vms[] | select(.name == $n) | .id')
vm "$twin" --guest mmio-write --arg 0=0x400000 --arg 1=5000 --arg 2=40 --arg 3=0x200 --linger
vm "$twin" --guest mmio-write --arg 0=0x400000 --arg 1=300 --arg 2=40 --arg 3=0x200 --linger
vm "$odd" --guest mmio-write --arg 0=0x400000 --arg 1=7 --arg 2=1 --arg 3=0x200 --linger

# ---- the text -----------------------------------------------------------------------------------------

n metrics >"$work/text"
check 'promtool finds nothing to say' bash -c "promtool check metrics <'$work/text' 2>&1 | diff /dev/null -"
check 'it ends with # EOF' test "$(tail -n 1 "$work/text")" = '# EOF'
# Prometheus itself takes it as OpenMetrics: promtool makes blocks of it, which need a time.
openmetrics() {
	sed 's/^[^#].*/& 1700000000/' "$work/text" >"$work/openmetrics"
	promtool tsdb create-blocks-from openmetrics "$work/openmetrics" "$work/blocks"
}
check 'Prometheus takes it as OpenMetrics, too' openmetrics
whole() {
	awk '/^# EOF/ {next} /^# HELP / {name = $3; help[name]++; next} /^# TYPE / {if ($3 != name) bad = $0
		if ($4 == "counter" && name !~ /_total$/ || $4 != "counter" && name ~ /_total$/) bad = $0
		type[name]++; next} /^# UNIT / {if ($3 != name || name !~ "_" $4 "(_total)?$") bad = $0; next}
		{metric = $0; sub(/[{ ].*/, "", metric); if (metric != name) bad = $0; if (seen[$0]++) bad = $0}
		END {for (m in help) if (help[m] != 1 || type[m] != 1) bad = m; if (bad) {print bad; exit 1}}' "$work/text"
}
check 'each metric has one HELP and TYPE, its samples behind them' whole
check 'each series once' test -z "$(sed '/^#/d; s/ [^ ]*$//' "$work/text" | sort | uniq -d)"
check 'no address' bash -c "! grep -n 0x '$work/text'"
series() {
	grep -qxF -- "$1" "$work/text" && return
	cat "$work/text"
	return 1
}
ids=$(n -j list | jq -r --arg n "$twin" '.vms[] | select(.name == $n) | .id')
check 'two VMs of one name' test "$(grep -c "^nisvd_vm_mmio_accesses_total{vm=\"$twin\",id=.*,direction=\"write\"}" "$work/text")" -eq 2
for id in $ids; do
	count=$(n -j show "$id" | jq .vm.mmio.writes)
	check "MMIO of a VM: $id" series "nisvd_vm_mmio_accesses_total{vm=\"$twin\",id=\"$id\",direction=\"write\"} $count"
	check "MMIO of a VM that user space served: $id" series "nisvd_vm_mmio_user_accesses_total{vm=\"$twin\",id=\"$id\"} $count"
done
stuck_id=$(n -j show "$stuck" | jq -r .vm.id)
odd_id=$(n -j show "$odd" | jq -r .vm.id)
check 'aborts of a VM' series "nisvd_vm_aborts_total{vm=\"$stuck\",id=\"$stuck_id\",kind=\"emulation\"} 1"
check 'kinds as they are called elsewhere' grep -q 'kind="memory-fault"' "$work/text"
escaped=${odd//\\/\\\\}
escaped=${escaped//\"/\\\"}
check 'a name that must be escaped' series "nisvd_vm_mmio_user_accesses_total{vm=\"$escaped\",id=\"$odd_id\"} 7"
check 'in every locale' test "$(LC_ALL=C n metrics | grep -cF "vm=\"$escaped\"")" -gt 5
# VMs and causes the other way round than the metric has them: for each VM, what it has.
n -j explain >"$work/explained"
check 'a VM in three groups of one cause' jq -e --arg n "$thrice" '[.groups[] | select(any(.vms[]; .name == $n)) |
	[.finding.cause, .finding.severity]] | length == 3 and (unique | length) == 1' "$work/explained"
jq -r '[.groups[] | .finding as $f | .vms[] | {key, label: "cause=\"\($f.cause)\",severity=\"\($f.severity)\""}] | unique |
	group_by(.label)[] | "nisvd_findings{\(.[0].label)} \(length)"' "$work/explained" >"$work/findings"
check 'findings: VMs, by cause and severity' diff <(sort "$work/findings") <(grep '^nisvd_findings{' "$work/text" | sort)
n -j status >"$work/status"
check 'what was lost, all kinds' diff <(grep -o '^nisvd_lost_total{kind="[^"]*' "$work/text" | sed 's/.*"//') \
	<(jq -r '.lost | keys_unsorted[] | gsub("_"; "-")' "$work/status")
check 'sources: each is in one state' test "$(grep -c '^nisvd_source_state.* 1$' "$work/text")" -eq \
	"$(jq '.sources | length' "$work/status")"
check 'sources: which one' series "nisvd_source_state{source=\"kvm_mmio\",state=\"attached\"} 1"
check 'the version' series "nisvd_build_info{version=\"$(jq -r .version "$work/status")\",kernel=\"$(uname -r)\",arch=\"x86_64\"} 1"
check 'no VM that ended' bash -c "[[ -n '$gone_id' ]] && ! grep -F 'id=\"$gone_id\"' '$work/text'"
check 'dossiers that were removed as configured are no loss' bash -c "! grep '^nisvd_lost_total.*dossiers-' '$work/text' &&
	grep -x 'nisvd_dossiers_removed_total 0' '$work/text' && grep -x 'nisvd_dossiers_left_out 0' '$work/text'"

# ---- JSON -------------------------------------------------------------------------------------------------

# The text, made of the JSON by other means: the two have one model.
from_json='.metrics[] | "# HELP \(.name) \(.help)", "# TYPE \(.name) \(.type)",
	(.name as $name | .samples[] | $name + ((.labels | to_entries | map("\(.key)=\(.value | tojson)") | join(",")) |
		if . == "" then . else "{\(.)}" end) + " \(.value)")'
# The two are of two moments: without the time since the start, and the values of rates.
steady() {
	sed '/EOF\|uptime/d; s/\(per_second{.*}\) .*/\1/'
}
check 'JSON: the same model' diff <(n -j metrics | jq -r "$from_json" | steady) <(steady <"$work/text")
check 'JSON: shape' json '.metrics | length > 10 and all(.name and (.type | IN("gauge", "counter")) and has("unit") and .help and
	(.samples | all((.labels | type) == "object" and (.value | type) == "number")))' n -j metrics

# ---- a file -------------------------------------------------------------------------------------------------

folder=$work/textfile
mkdir "$folder"
echo old >"$folder/nisvd.prom"
ln "$folder/nisvd.prom" "$work/old"
only_file() {
	[[ $(ls -A "$folder") == nisvd.prom ]] && return
	ls -la "$folder"
	return 1
}
check '--output' exits 0 n metrics --output "$folder/nisvd.prom"
check '--output: nothing on standard output' test ! -s "$work/out"
check '--output: another file in its place, not another content' test "$(cat "$work/old")" = old
check '--output: all of it' test "$(tail -n 1 "$folder/nisvd.prom")" = '# EOF'
check '--output: for everybody to read' test "$(stat -c %a "$folder/nisvd.prom")" = 644
check '--output: nothing else' only_file
cp "$folder/nisvd.prom" "$work/whole"
# A disk that is full, as far as this process can tell.
check '--output: no room' says 'cannot write .*nisvd.prom: File too large' bash -c \
	"trap '' XFSZ; (ulimit -f 0; '$build/nisvctl' --socket '$socket' metrics -o '$folder/nisvd.prom') 2>&1 | cat"
check '--output: no room: it stays as it was' cmp "$folder/nisvd.prom" "$work/whole"
check '--output: no room: nothing is left' only_file
check '--output: no such folder' fails 1 'cannot write /nonexistent/x: No such file' n metrics -o /nonexistent/x
check '--output: JSON' exits 0 n --json=short metrics -o "$folder/nisvd.prom"
check '--output: JSON: it is' jq -e .metrics "$folder/nisvd.prom"
check 'of another verb' fails 2 'list has no option -o' n list -o x
check 'standard output that cannot be written' fails 1 'No space left' bash -c "'$build/nisvctl' --socket '$socket' metrics >/dev/full"
n export "$stuck" >"$work/dossier"
check 'of a dossier' says '^nisvd_vms 1$' n --file "$work/dossier" metrics

# ---- alerts and dashboard -----------------------------------------------------------------------------------

rules=systemd/metrics/nisvd.rules.yml dashboard=systemd/metrics/nisvd-dashboard.json
check 'the rules are right' promtool check rules "$rules"
check 'the rules fire when they should' promtool test rules tests/cli/metrics.rules.yml
check 'the dashboard is JSON' jq -e '.panels | length > 5 and all(.title and .description and (.targets | length) > 0) and
	([.[].id] | length == (unique | length))' "$dashboard"
# Metrics with the labels that are asked of each, METRIC{LABEL LABEL}, out of expressions; what comes from
# Prometheus and its node-exporter is no matter of ours.
asked() {
	grep -oE '[a-z_]+\{[^}]*\}' <<<"$1" | sed -E 's/"([^"\\]|\\.)*"//g; s/(=~|!=|!~|=)//g; s/,/ /g'
	grep -oE '\bnisvd_[a-z_]+' <<<"$1" | sed 's/$/{}/'
	# Labels of what comes out, of a sum or in words: of some metric.
	grep -oE 'by \([^)]*\)|\$labels\.[a-z_]+|\{\{[a-z_]+\}\}' <<<"$1" | sed -E 's/^by|\$labels\.//; s/[][(){},]/ /g; s/.*/ANY{&}/'
}
exists() {
	local line metric label labels bad=0
	while IFS= read -r line; do
		metric=${line%%\{*} labels=${line#*\{}
		case $metric in
		node_textfile_mtime_seconds | label_values) continue ;;
		ANY) metric='nisvd_[a-z_]*' ;;
		*) grep -qE "^# TYPE $metric " "$work/text" || {
			echo "no metric $metric"
			bad=1
		} ;;
		esac
		for label in ${labels%\}}; do
			[[ $label =~ ^(instance|job|file)$ ]] && continue
			grep -qE "^$metric\{(.*,)?$label=" "$work/text" || {
				echo "no label $label of $metric"
				bad=1
			}
		done
	done < <(asked "$1")
	return "$bad"
}
check 'the rules name what there is' exists "$(grep -vE '^ *#' "$rules")"
check 'the dashboard names what there is' exists "$(jq -r '.. | .expr?, .legendFormat?, (.query? | objects | .query) | strings' "$dashboard")"
unknown_is_told() {
	! exists "$1" >/dev/null
}
check 'a metric that is not there would be told' unknown_is_told 'rate(nisvd_nothing[5m])'
check 'a label that is not there would be told' unknown_is_told 'nisvd_vms{colour="red"}'
limit=$(sed -nE 's/^#MMIOStormRate=([0-9]+).*/\1/p' systemd/nisvd.conf)
check 'a storm is what nisvd calls one' grep -q "\[2m\]) > $limit$" "$rules"

# ---- without nisvd --------------------------------------------------------------------------------------------

kill "$daemon"
wait "$daemon"
daemon=
cp "$work/whole" "$folder/nisvd.prom"
check 'no nisvd' fails 4 'not running' n metrics -o "$folder/nisvd.prom"
check 'no nisvd: the file stays' cmp "$folder/nisvd.prom" "$work/whole"
check 'no nisvd: nothing is left' only_file

finish
