#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs test programs one after the other and keeps the score of the whole `make check`.
#   runner.sh begin                    forget earlier results
#   runner.sh run PART COMMAND...      each COMMAND is one test; its words are split by the shell.
#                                      What PART gave before is forgotten
#   runner.sh end                      print the sum; status 1 if anything failed or nothing ran
# A test passes with status 0 and is skipped with 77; a skipped one says why in its output.
set -u

results=${NISVD_RESULTS:-build/check/results}
mkdir -p "$(dirname "$results")"

case "${1-}" in
begin)
	: >"$results"
	;;
run)
	part=$2
	shift 2
	touch "$results"
	sed -i "/^[A-Z]*	$part	/d" "$results"
	for command in "$@"; do
		printf '== %s: %s\n' "$part" "$command"
		began=$(date +%s)
		sh -c "$command" </dev/null
		status=$?
		took=$(($(date +%s) - began))
		case $status in
		0) verdict=PASS ;;
		77) verdict=SKIP ;;
		*) verdict=FAIL ;;
		esac
		printf '%s %s: %s (%d s, status %d)\n' "$verdict" "$part" "$command" "$took" "$status"
		printf '%s\t%s\t%s\n' "$verdict" "$part" "$command" >>"$results"
	done
	! grep -q "^FAIL	$part	" "$results"
	;;
end)
	printf '\n'
	grep -v '^PASS' "$results"
	passed=$(grep -c '^PASS' "$results")
	failed=$(grep -c '^FAIL' "$results")
	skipped=$(grep -c '^SKIP' "$results")
	printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
	[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
	;;
*)
	echo "usage: runner.sh begin | run PART COMMAND... | end" >&2
	exit 2
	;;
esac
