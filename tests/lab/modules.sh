# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A few modules out of a kernel package, with those that they need, in the form that modprobe wants.
# Sourced by tests/lab/lab.

# module_file FOLDER NAME: the module's file; nothing where it is built into the kernel.
module_file() {
	find "$1" -name "${2//[-_]/[-_]}.ko*"
}

# module_needs FILE: names of the modules that it cannot do without, from its own description
# (depends= in .modinfo, which modpost writes).
module_needs() {
	readelf -p .modinfo "$1" | sed -n 's/.* depends=//p' | tr ',' ' '
}

# module_take FROM TO NAME: copies it, unpacked, unless it is there.
module_take() {
	local file to
	file=$(module_file "$1" "$3")
	[ -n "$file" ] || return 0
	to=${file##*/}
	to=$2/${to%.xz}
	[ ! -e "$to" ] || return 0
	case $file in
	*.xz) xz -dc "$file" >"$to" ;;
	*) cp "$file" "$to" ;;
	esac
}

# module_order FOLDER NAME: its file and those of all that it needs, each before what it needs
# itself, as in a line of modules.dep.
module_order() {
	local file need
	file=$(module_file "$1" "$2")
	[ -n "$file" ] || return 0
	echo "${file##*/}"
	for need in $(module_needs "$file"); do
		module_order "$1" "$need"
	done
}

# modules_take FROM TO NAME...: fills TO with the modules and its modules.dep. Fails when one of
# those named, or what one of them needs, is not in FROM and not built in either.
modules_take() {
	local from=$1 to=$2 queue name file
	shift 2
	queue=("$@")
	mkdir -p "$to" || return 1
	while [ ${#queue[@]} -gt 0 ]; do
		name=${queue[0]}
		queue=("${queue[@]:1}")
		module_take "$from" "$to" "$name" || return 1
		file=$(module_file "$to" "$name")
		if [ -n "$file" ]; then
			mapfile -t -O ${#queue[@]} queue < <(module_needs "$file" | xargs -r -n 1)
		elif ! grep -q "/${name//[-_]/[-_]}\.ko" "$from/modules.builtin"; then
			say "no module $name in the kernel package"
			return 1
		fi
	done
	for file in "$to"/*.ko; do
		name=${file##*/}
		# What two need comes last: tac, first of each, tac.
		module_order "$to" "${name%.ko}" | tac | awk '!seen[$0]++' | tac | xargs |
			sed 's/\.ko/.ko:/'
	done >"$to/modules.dep"
}
