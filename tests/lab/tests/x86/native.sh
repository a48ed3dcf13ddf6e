#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Tests of tests/native on a kernel with kprobes, tracefs and KVM as a module, which the machine that builds
# this need not have: those that tell the difference, or those named.
#   tests/lab/tests/x86/native.sh KERNEL [NAME...]

# shellcheck source=tests/lab/tests/lib/host.sh
. "$(dirname "$0")/../lib/host.sh"

kernel=${1:?which kernel?}
shift
[ "$(uname -m)" = x86_64 ] || {
	echo "SKIP: they run in this machine's shell, which is not of the kernel's architecture"
	exit 77
}
# What the hooks on slot changes and on the end of a VM give, and the way from the fault to the answer.
[ $# -gt 0 ] || set -- test_slots test_slot_changes test_reuse explain.sh
make -s -C "${top:?}" native-bins || exit 1

copies=()
# bring FOLDER FILE...: of the repository, where the tests look for it.
bring() {
	local folder=/root/nisvd/$1 file
	shift
	for file; do
		copies+=(--copy "$top/$file:$folder/${file##*/}")
	done
}
cd "$top" || exit
bring build/x86_64 build/x86_64/nisvd build/x86_64/nisvctl
bring build/x86_64/tests build/x86_64/tests/testvmm
bring tests/cli tests/cli/common
wanted=()
for file in tests/native/* build/x86_64/tests/native/test_*; do
	name=${file##*/}
	case $name in
	*.c | *.h) continue ;;
	esac
	[[ -f $file ]] || continue
	bring "${file%/*}" "$file"
	[[ " $* " != *" $name "* ]] || wanted+=("$file")
done
[ ${#wanted[@]} -eq $# ] || {
	echo "not ok - not all of these are tests: $*"
	exit 1
}
# What they have in their first line, and where busybox's own is too small.
copies+=(--copy /bin/bash:/bin/bash)
for tool in awk date diff find grep head iconv jq sed setpriv socat sort stat tail timeout tr unshare wc; do
	copies+=(--copy "$(command -v $tool):/usr/local/bin/$tool")
done
exec tests/lab/lab run --kernel "$kernel" --no-daemon --timeout "${seconds:?}" "${copies[@]}" \
	--copy "${parts:?}/guest:/root/scenario" -- /root/scenario "${wanted[@]}"
