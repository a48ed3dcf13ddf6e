#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Who may include whom. Prints each line that breaks a rule and exits 1, or says that all hold.
# Usage: tests/unit/layering.sh [ROOT]

set -eu

cd "${1:-$(dirname "$0")/../..}"

# Every #include of the product, as FILE<tab>TARGET with its quotes or brackets.
includes=$(mktemp)
broken=$(mktemp)
trap 'rm -f "$includes" "$broken"' EXIT

find include bpf cli daemon -name '*.[ch]' -exec grep -H '^[[:space:]]*#[[:space:]]*include' {} + |
	sed -E 's/^([^:]*):[[:space:]]*#[[:space:]]*include[[:space:]]*([<"][^>"]*[>"]).*/\1\t\2/' >"$includes"

if ! [ -s "$includes" ]; then
	echo "layering: no #include found below $(pwd): wrong folder?" >&2
	exit 1
fi

# may_only FILES TARGETS RULE: what FILES (a pattern) include must match TARGETS.
may_only() {
	awk -F '\t' -v files="$1" -v targets="$2" -v rule="$3" \
		'$1 ~ files && $2 !~ targets { print $1 ": " $2 ": " rule }' "$includes" >>"$broken"
}

# only_in TARGETS FILES RULE: nobody but FILES may include TARGETS.
only_in() {
	awk -F '\t' -v targets="$1" -v files="$2" -v rule="$3" \
		'$2 ~ targets && $1 !~ files { print $1 ": " $2 ": " rule }' "$includes" >>"$broken"
}

may_only '^include/' '^(<linux/types[.]h>|<stdint[.]h>|"include/)' \
	'include/ holds contracts only and includes nothing else of ours'
may_only '^bpf/' '^(<linux/|<bpf/|"include/|"bpf/|"[a-z0-9_]+[.]bpf[.]h")' \
	'bpf/ sees only itself and include/'
may_only '^cli/' '^(<|"cli/|"include/)' 'cli/ sees only itself and include/'
may_only '^daemon/core/' '^("daemon/core/|"include/|<(capstone/capstone|[a-z]+)[.]h>)' \
	'daemon/core/ sees only itself, include/ and the C library'
may_only '^daemon/edge/varlink' \
	'^(<|"daemon/edge/(varlink[a-z_]*|json_make|log)[.]h"|"include/nisv_api[.]h")' \
	'varlink is framing and dispatch: it knows nothing of VMs'

only_in '^<capstone/' '^daemon/core/insn(_x86)?[.]c$' \
	'capstone is used in daemon/core/insn.c, and its details of x86 in insn_x86.c'
only_in '^<libfdt' '^daemon/core/guest_tree[.]c$' 'libfdt is used in daemon/core/guest_tree.c only'
only_in '^<bpf/|[.]skel[.]h"$' '^(bpf/.*|daemon/edge/(capture(_[a-z]+)?|counters(_map)?|discover)[.][ch])$' \
	'libbpf is used in capture, counters and discover only'
only_in '[.]skel[.]h"$' '^daemon/edge/capture(_load|_gates)?[.]c$' 'capture is the only user of the skeleton'
only_in '^<json-c/' \
	'^(cli/.*|daemon/edge/(api[a-z_]*|varlink[a-z_]*|machinefile|dossier[a-z_]*|ledger|offline[a-z_]*|replay[a-z_]*|subscribe|check|json_read|json_make|redact|[a-z]+_json)[.][ch])$' \
	'JSON is made and read at the edges of the API, of dossiers, the ledger and machine files only'
only_in '^<systemd/' '^(daemon/(main[.]c|edge/.*)|cli/(history_[a-z]+|refusal)[.]c)$' \
	'libsystemd is used at the edge, and in cli/ for the journal only'
only_in '^<ini[.]h>' '^daemon/edge/config[.]c$' 'inih is used in config.c only'
only_in '^<libsmartcols/' '^cli/table[.][ch]$' 'libsmartcols is used in cli/table.c only'
only_in '^"daemon/' '^(daemon/.*)$' 'nobody outside daemon/ sees daemon/'

# The core asks nobody: no files, no clock, no environment, no output, no log.
grep -nE '(^|[^a-zA-Z0-9_])(fopen|open|openat|read|write|printf|fprintf|puts|perror|time|clock_gettime|getenv|syslog|log_[a-z_]+|rand|random)\(' \
	daemon/core/*.c | sed 's/$/: daemon\/core\/ does no I\/O and asks no clock/' >>"$broken" || :

if [ -s "$broken" ]; then
	sort -u "$broken" >&2
	exit 1
fi
echo "layering: $(wc -l <"$includes") includes follow the rules"
