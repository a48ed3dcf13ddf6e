#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Writing a dossier goes wrong at each of its steps: the call fails, the disk is full, the process is killed
# there, memory is lacking. Whatever it was, the old dossier or the new one is there, whole, is read at the next start, and
# nothing else is left then.

# shellcheck disable=SC2317 # functions are called by check
# shellcheck source=tests/cli/common
. "$(dirname "$0")/common"

save=$build/tests/faults/save_dossier
command -v strace >/dev/null || skip "no strace"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export work save

mkdir "$work/1" "$work/2"
check 'the old one' "$save" "$work/1" 1
check 'the new one' "$save" "$work/2" 2
file=$(ls "$work/1")
export file

# begin OLD: the folder is empty, but for the old dossier (old, none)
begin() {
	rm -rf "$work/dir"
	mkdir "$work/dir"
	[[ $1 == none ]] || cp -p "$work/1/$file" "$work/dir/"
}

# Two dossiers are the same but for when their findings were told.
same() {
	cmp -s <(sed 's/"time":"[^"]*"//g' "$1") <(sed 's/"time":"[^"]*"//g' "$2")
}

# whole OLD: what is in the folder now, and after a start
whole() {
	local n=0 found

	if [[ -e $work/dir/$file ]]; then
		if same "$work/dir/$file" "$work/2/$file"; then
			n=2
		elif [[ $1 == old ]] && same "$work/dir/$file" "$work/1/$file"; then
			n=1
		else
			echo "neither the old nor the new one is there"
			return 1
		fi
	elif [[ $1 == old ]]; then
		echo "the old one is gone"
		return 1
	fi
	found=$("$save" "$work/dir" 2>"$work/log") || return 1
	if [[ $found != "${n#0}" ]]; then
		echo "the next start finds \"$found\", not \"${n#0}\""
		cat "$work/log"
		return 1
	fi
	if [[ $(ls "$work/dir") != "$([[ $n -eq 0 ]] || echo "$file")" ]]; then
		echo "left after a start: $(ls "$work/dir")"
		return 1
	fi
	echo "$n" >"$work/which"
}

# The calls that write it, as "NAME NTH": those on the temporary file.
steps() {
	begin old
	strace -y -o "$work/trace" "$save" "$work/dir" 2 || return 1
	awk -F'(' '{n[$1]++} /jsonl\./ && $1 ~ /^(openat|fchmod|write|fsync|close|rename)$/ {print $1, n[$1]}' \
		"$work/trace"
}

# A call fails: nothing but the old one may be there, and at once: a failure is no reason to leave a file.
failing() {
	local call=$1 nth=$2 error=$3 old=$4 status

	begin "$old"
	strace -o /dev/null -e "inject=$call:error=$error:when=$nth" "$save" "$work/dir" 2 2>"$work/err"
	status=$?
	if [[ $status -ne 1 || ! -s $work/err || $(ls "$work/dir") == *.jsonl.* ]]; then
		echo "$call, the ${nth}th, fails with $error: status $status, $(ls "$work/dir")"
		cat "$work/err"
		return 1
	fi
	whole "$old" && [[ $(<"$work/which") -ne 2 ]]
}

killed() {
	begin "$3"
	strace -o /dev/null -e "inject=$1:signal=KILL:when=$2" "$save" "$work/dir" 2 2>/dev/null
	[[ $? -eq 137 ]] || return 1
	whole "$3"
}

mapfile -t all < <(steps)
check 'there are steps' test "${#all[@]}" -ge 6
for step in "${all[@]}"; do
	read -r call nth <<<"$step"
	for old in old none; do
		check "$call $nth: killed, $old" killed "$call" "$nth" "$old"
	done
	case $call in
	openat) errors='ENOSPC EMFILE EROFS' ;;
	write) errors='ENOSPC EIO' ;;
	fsync) errors='EIO ENOSPC' ;;
	close) errors=EIO ;;
	*) errors='EIO EPERM' ;;
	esac
	for error in $errors; do
		check "$call $nth: $error" failing "$call" "$nth" "$error" old
	done
	check "$call $nth: ${errors%% *}, the first dossier" failing "$call" "$nth" "${errors%% *}" none
done

# Memory is lacking at one place, and from there on; see tests/faults/failalloc.c.
starving() {
	local points at

	begin "$1"
	starve FAILALLOC_LIST="$work/points" || return 1
	mapfile -t points < <(cut -d' ' -f1 "$work/points")
	[[ ${#points[@]} -ge 100 ]] || return 1
	for ((i = ${#1}; i < ${#points[@]}; i += ${EVERY:-30})); do
		for at in "${points[i]}" "${points[i]}+"; do
			begin "$1"
			starve FAILALLOC="$at"
			if [[ $? -gt 1 || $(ls "$work/dir") == *.jsonl.* ]] || ! whole "$1"; then
				echo "allocation $at"
				cat "$work/err"
				return 1
			fi
		done
	done
}

starve() {
	env LD_PRELOAD="$build/tests/faults/failalloc.so" FAILALLOC_WAIT=1 "$1" "$save" "$work/dir" 2 2>"$work/err"
}

check 'memory is lacking' starving old
check 'memory is lacking, the first dossier' starving none

# A disk that is full after so many KiB: what is written there is short first, then fails.
full() {
	begin "$1"
	mkdir -p "$work/disk"
	# shellcheck disable=SC2016 # expanded in the namespace
	old=$1 size=$2 unshare -m sh -c '
		mount -t tmpfs -o "size=${size}k" tmpfs "$work/disk" || exit 77
		cp "$work"/dir/* "$work/disk/" 2>/dev/null
		"$save" "$work/disk" 2 2>"$work/err"
		echo $? >"$work/status"
		cp "$work"/disk/* "$work/dir/" 2>/dev/null'
	case $? in 77) return 77 ;; esac
	if [[ $(<"$work/status") -eq 1 ]]; then
		[[ $(ls "$work/dir") != *.jsonl.* ]] && grep -q 'No space left' "$work/err" || return 1
	fi
	whole "$1"
}

kib=$(($(stat -c %s "$work/2/$file") / 1024))
for ((size = 4; size <= 2 * kib + 16; size += 8)); do
	check "a disk of $size KiB" full none "$size"
done
check 'the largest of them had room' test "$(<"$work/which")" -eq 2
for ((size = kib + 8; size <= 2 * kib + 16; size += 4)); do
	check "a disk of $size KiB, with the old one" full old "$size"
done
check 'the largest of them had room for both' test "$(<"$work/which")" -eq 2

finish
