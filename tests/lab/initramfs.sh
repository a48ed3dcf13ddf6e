# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The guest's root, as two cpio archives one behind the other: what all runs of a build share, cached by its content,
# and what this run adds (COMMAND and the --copy files). Sourced by tests/lab/lab.
# Not compressed: the emulated CPU would take longer to unpack than QEMU takes to load it.

initramfs_keep=8
library_folders='/usr/lib/aarch64-linux-gnu /lib/aarch64-linux-gnu /usr/aarch64-linux-gnu/lib'
guest_loader=ld-linux-aarch64.so.1

# pack DIR: DIR as a cpio archive on standard output, owned by root whoever runs this.
pack() {
	(cd "$1" && find . -mindepth 1 -print0 | LC_ALL=C sort -z | cpio --quiet -0 -o -H newc -R 0:0)
}

find_library() {
	local folder
	for folder in $library_folders; do
		[ -e "$folder/$1" ] && echo "$folder/$1" && return
	done
	say "no arm64 $1 in $library_folders (make deps installs the libraries)"
	return 1
}

# libraries FILE...: the shared libraries they need, and those need, with the loader.
libraries() {
	local -A seen=()
	local queue=("$@") name path
	while [ ${#queue[@]} -gt 0 ]; do
		for name in $(readelf -d "${queue[0]}" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
			[ -z "${seen[$name]-}" ] || continue
			path=$(find_library "$name") || return 1
			seen[$name]=$path
			queue+=("$path")
		done
		queue=("${queue[@]:1}")
	done
	[ ${#seen[@]} -eq 0 ] || seen[$guest_loader]=$(find_library "$guest_loader") || return 1
	[ ${#seen[@]} -eq 0 ] || printf '%s\n' "${seen[@]}"
}

# base_files BUSYBOX: "HOSTFILE PATH" lines of what all runs share.
base_files() {
	local file programs=() all
	echo "$1 bin/busybox"
	echo "$build/tests/labinit init"
	for file in nisvd:usr/sbin nisvctl:usr/bin; do
		[ -e "$build/${file%:*}" ] || continue
		echo "$build/${file%:*} ${file#*:}/${file%:*}"
		programs+=("$build/${file%:*}")
	done
	[ ! -e "$build/tests/testvmm" ] || echo "$build/tests/testvmm usr/bin/testvmm"
	for file in "$top"/daemon/machines/*.json; do
		[ ! -e "$file" ] || echo "$file usr/share/nisvd/machines/${file##*/}"
	done
	for file in /usr/lib/locale/C.utf8/LC_CTYPE /usr/lib/locale/C.UTF-8/LC_CTYPE; do
		[ ! -e "$file" ] || echo "$file ${file#/}"
	done
	[ ${#programs[@]} -gt 0 ] || return 0
	all=$(libraries "${programs[@]}") || return 1
	for file in $all; do
		case ${file##*/} in
		"$guest_loader") echo "$file lib/$guest_loader" ;;
		*) echo "$file usr/lib/aarch64-linux-gnu/${file##*/}" ;;
		esac
	done
}

# base_etc DIR: what programs expect to find in /etc; the group is the one the socket belongs to.
base_etc() {
	mkdir -p "$1/etc"
	echo 'root:x:0:0:root:/root:/bin/sh' >"$1/etc/passwd"
	printf '%s\n' 'root:x:0:' 'nisv:x:990:' >"$1/etc/group"
	echo '6c61620000004e4953566400000000aa' >"$1/etc/machine-id"
	printf '%s\n' 'ID=nisvd-lab' 'PRETTY_NAME="nisvd lab"' >"$1/etc/os-release"
}

base_build() {
	local from to
	base_etc "$1"
	mkdir -p "$1"/{proc,sys,dev,run,tmp,root,usr/local/bin}
	while read -r from to; do
		install -D -m "$([ -x "$from" ] && echo 755 || echo 644)" "$from" "$1/$to"
	done <<<"$2"
	[ ! -e "$1/lib/$guest_loader" ] || chmod 755 "$1/lib/$guest_loader"
	ln -s busybox "$1/bin/sh"
}

# initramfs_base BUSYBOX OUT: the shared archive, from the cache or made now, into the file OUT.
initramfs_base() {
	local files key dir=$cache/initramfs work
	files=$(base_files "$1") || return 1
	key=$({ cat "${BASH_SOURCE[0]}"; echo "$files"
		cut -d' ' -f1 <<<"$files" | xargs stat -L -c '%n %s %y'; } | sha256sum | cut -c1-32)
	mkdir -p "$dir"
	# One at a time: the folder is small, and a lab never sees another one clear up under it.
	exec {base_lock}>"$dir/.lock"
	flock "$base_lock"
	if [ ! -e "$dir/$key.cpio" ]; then
		work=$(mktemp -d "$dir/.work.XXXXXX")
		base_build "$work/root" "$files" && pack "$work/root" >"$work/cpio" && mv "$work/cpio" "$dir/$key.cpio" || {
			rm -rf "$work"
			return 1
		}
		rm -rf "$work"
	fi
	touch "$dir/$key.cpio"
	cat "$dir/$key.cpio" >"$2"
	find "$dir" -name '*.cpio' -printf '%T@ %p\n' | sort -rn | tail -n +$((initramfs_keep + 1)) |
		cut -d' ' -f2- | xargs -r rm -f
	exec {base_lock}>&-
}

# copy_into ROOT HOSTFILE[:PATH]
copy_into() {
	local from=$2 to=
	# A file whose own name has a colon is taken by its name.
	[ -e "$from" ] || { from=${2%:*} && to=${2##*:}; }
	[ -f "$from" ] && [ -r "$from" ] || {
		say "--copy $2: no file $from that can be read"
		return 1
	}
	if [ -z "$to" ]; then
		to=/root/${from##*/}
		[ ! -x "$from" ] || to=/usr/local/bin/${from##*/}
	fi
	case $to in
	*/) to=$to${from##*/} ;;
	esac
	case /$to/ in
	*/../*) say "--copy $2: no .. in the guest's path" && return 1 ;;
	esac
	# The guest's /proc, /run and the like are mounted over the initramfs.
	case /${to#/} in
	/proc/* | /sys/* | /dev/* | /run/* | /tmp/*)
		say "--copy $2: $to is on a file system of its own in the guest; take another folder" && return 1
		;;
	esac
	install -D -m "$([ -x "$from" ] && echo 755 || echo 644)" "$from" "$1/${to#/}"
}

# run_file MODE COMMAND...: what tests/lab/guest.c reads: strings ended by NUL, so that any argument travels.
run_file() {
	local mode=$1
	shift
	printf '%s\0' "$mode" "$(date +%s)" "$@"
}
