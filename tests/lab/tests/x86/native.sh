#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The tests of tests/native on a kernel with kprobes, tracefs and KVM as a module, which the machine that
# builds this need not have: all of them, or those named.
#   tests/lab/tests/x86/native.sh KERNEL [NAME...]

# shellcheck source=tests/lab/tests/lib/host.sh
. "$(dirname "$0")/../lib/host.sh"

kernel=${1:?which kernel?}
shift
[ "$(uname -m)" = x86_64 ] || {
	echo "SKIP: they run in this machine's shell, which is not of the kernel's architecture"
	exit 77
}
# Not here: what needs a machine with its own speed, or a service manager.
without='corpus.sh thousand.sh counts.sh'
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
names=()
for file in tests/native/* build/x86_64/tests/native/test_*; do
	name=${file##*/}
	case $name in
	*.c | *.h) continue ;;
	esac
	bring "${file%/*}" "$file"
	case $name in
	test_* | *.sh) names+=("$file") ;;
	esac
done
for tool in bash jq socat grep setpriv unshare; do
	copies+=(--copy "$(command -v $tool):/usr/local/bin/$tool")
done
wanted=()
for file in "${names[@]}"; do
	name=${file##*/}
	case " ${*:-} " in
	'  ') [[ " $without " == *" $name "* ]] || wanted+=("$file") ;;
	*" $name "*) wanted+=("$file") ;;
	esac
done
exec tests/lab/lab run --kernel "$kernel" --no-daemon --timeout "${seconds:?}" "${copies[@]}" \
	--copy "${parts:?}/guest:/root/scenario" -- /root/scenario "${wanted[@]}"
