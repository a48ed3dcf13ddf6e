# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The host's half of a lab test: boots a kernel, runs the test's guest part in it and gives what
# that printed to the test's checks. Sourced by tests/lab/tests/NAME.sh, and by tests/lab/tests/x86/NAME.sh
# for what only x86-64 has. The parts of each are beside it:
#   NAME/guest      the scenario, a busybox shell script that sources lib/guest.sh
#   NAME/check.py   what must come out, with lib/lab.py
# What the guest printed stays in build/check/lab: so checks can be run again without a boot. Two
# runs at once do not meet there: each has a file of its own until it is complete.

tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
top=$(cd "$tests/../../.." && pwd)
name=$(basename "$0" .sh)
parts=$(cd "$(dirname "$0")" && pwd)/$name
cpu_x86=max,+svm
outputs=$top/build/check/lab
# For the image: nisvd may look into VMMs.
# shellcheck disable=SC2034 # for the caller
look=(--copy "$top/tests/demo/look.conf:/etc/systemd/system/nisvd.service.d/look.conf")
exit_gone=77 # of tests/lab/lab
seconds=300  # ten times what the longest scenario needs on an idle machine of two cores

# A host is a kernel, or a kernel and how KVM runs on it: bookworm+nvhe, with a value of kvm-arm.mode=
# (Documentation/admin-guide/kernel-parameters.txt).
# lab_run HOST CPU [LAB-OPTIONS...]: one boot; 0, exit_gone or 1.
lab_run() {
	local host=$1 cpu=$2 label output status=0 mode=()
	shift 2
	label=$name.${host//\//_}.$cpu
	case $host in
	*+*) mode=(--append "kvm-arm.mode=${host##*+}") ;;
	esac
	mkdir -p "$outputs"
	output=$(mktemp "$outputs/.$label.XXXXXX")
	echo "# $label"
	"$top/tests/lab/lab" run --kernel "${host%+*}" "${mode[@]}" --cpu "$cpu" --timeout $seconds \
		--copy "$tests/lib/guest.sh:/root/guest.sh" \
		--copy "$parts/guest:/root/scenario" "$@" -- /root/scenario >"$output" ||
		status=$?
	if [ $status -eq 0 ]; then
		PYTHONPATH=$tests/lib PYTHONDONTWRITEBYTECODE=1 \
			python3 "$parts/check.py" "$label" "$cpu" "$host" <"$output" || status=1
	elif [ $status -ne $exit_gone ]; then
		echo "not ok - $label: the scenario runs to its end: expected status 0, got $status"
		status=1
	fi
	mv "$output" "$outputs/$label.out"
	return $status
}

# lab_test HOST CPU... [-- LAB-OPTIONS...]: a boot with each CPU; exits with the worst status.
lab_test() {
	local host=$1 cpus=() cpu status=0 r
	shift
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		cpus+=("$1")
		shift
	done
	[ $# -eq 0 ] || shift
	for cpu in "${cpus[@]}"; do
		r=0
		lab_run "$host" "$cpu" "$@" || r=$?
		[ $r -ne $exit_gone ] || exit $exit_gone
		[ $r -eq 0 ] || status=1
	done
	exit $status
}
