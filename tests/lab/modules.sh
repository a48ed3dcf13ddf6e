# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A few modules out of a kernel package, with those that they need, in the form that modprobe wants.
# Sourced by tests/lab/lab.

# module_file FOLDER NAME: the module's file; fails where there is none.
module_file() {
	find "$1" -name "${2//[-_]/[-_]}.ko*" | grep .
}

# module_needs FILE: names of the modules that it cannot do without, from its own description
# (depends= in .modinfo, which modpost writes).
module_needs() {
	readelf -p .modinfo "$1" | sed -n 's/.* depends=//p' | tr ',' ' '
}

# module_take FILE FOLDER: copies it, unpacked.
module_take() {
	local name=${1##*/}
	case $name in
	*.xz) xz -dc "$1" >"$2/${name%.xz}" ;;
	*) cp "$1" "$2" ;;
	esac
}

# module_order FOLDER NAME: its file and those of all that it needs, each before what it needs
# itself, as in a line of modules.dep.
module_order() {
	local file need
	file=$(module_file "$1" "$2") || return
	echo "${file##*/}"
	for need in $(module_needs "$file"); do
		module_order "$1" "$need"
	done
}

# modules_take FROM TO NAME...: fills TO with the modules, what they need and its modules.dep. Fails
# when one is not in FROM.
modules_take() {
	local from=$1 to=$2 queue name file
	shift 2
	queue=("$@")
	mkdir -p "$to" || return 1
	while [ ${#queue[@]} -gt 0 ]; do
		name=${queue[0]}
		queue=("${queue[@]:1}")
		file=$(module_file "$to" "$name") && continue
		if ! file=$(module_file "$from" "$name") || ! module_take "$file" "$to"; then
			say "no module $name in the kernel package"
			return 1
		fi
		file=$(module_file "$to" "$name")
		# shellcheck disable=SC2207 # words
		queue+=($(module_needs "$file"))
	done
	for file in "$to"/*.ko; do
		name=${file##*/}
		# What two need comes last: tac, first of each, tac.
		module_order "$to" "${name%.ko}" | tac | awk '!seen[$0]++' | tac | xargs |
			sed 's/\.ko/.ko:/'
	done >"$to/modules.dep"
}
