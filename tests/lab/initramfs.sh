# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The guest's root, as two cpio archives one behind the other: what all runs of a build share,
# cached by its content, and what this run adds (COMMAND and the --copy files). Sourced by
# tests/lab/lab.
# Not compressed: the emulated CPU would take longer to unpack than QEMU takes to load it.

# Set by tests/lab/lab.
: "${here:?}" "${top:?}" "${cache:?}"

initramfs_keep=8
# So that LANG=C.UTF-8 works in the guest; the file is the same on every architecture.
utf8_locale=usr/lib/locale/C.utf8/LC_CTYPE

# Tests compare entries and dossiers of two boots: one host is always the same machine.
lab_machine_id=6c61620000004e4953566400000000aa

# pack DIR [OPTION...]: DIR as a cpio archive on standard output.
pack() {
	local dir=$1
	shift
	(cd "$dir" && find . -mindepth 1 -print0 | LC_ALL=C sort -z | cpio --quiet -0 -o -H newc "$@")
}

# pack_for_root DIR: the same, owned by root whoever runs this.
pack_for_root() {
	pack "$1" -R 0:0
}

# put FROM TO: copies one file; of its mode only "may be run" is kept.
put() {
	install -D -m "$([ -x "$1" ] && echo 755 || echo 644)" "$1" "$2"
}

# put_files ROOT: copies what standard input has lines of: HOSTFILE, a tab and PATH.
put_files() {
	local from to
	while IFS=$'\t' read -r from to; do
		put "$from" "$1/$to" || return 1
	done
}

find_library() {
	local folder folders="/usr/lib/${triplet:?} /lib/$triplet /usr/$triplet/lib"
	for folder in $folders; do
		[ -e "$folder/$1" ] && echo "$folder/$1" && return
	done
	say "no $arch $1 in $folders (make deps installs the libraries)"
	return 1
}

# libraries PROGRAM...: the shared libraries they need, and those need, and the loader; as lines of
# base_files.
libraries() {
	local -A seen=()
	local queue=("$@") names name path
	while [ ${#queue[@]} -gt 0 ]; do
		names=$(readelf -d "${queue[0]}" 2>/dev/null | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
		queue=("${queue[@]:1}")
		for name in $names; do
			[ -z "${seen[$name]-}" ] || continue
			path=$(find_library "$name") || return 1
			seen[$name]=$path
			queue+=("$path")
		done
	done
	[ ${#seen[@]} -gt 0 ] || return 0
	unset "seen[${loader##*/}]"
	for name in "${!seen[@]}"; do
		printf '%s\t%s\n' "${seen[$name]}" "usr/lib/$triplet/$name"
	done | sort
	path=$(find_library "${loader##*/}") || return 1
	printf '%s\t%s\n' "$path" "$loader"
}

# base_files BUSYBOX MODULES: lines of HOSTFILE, a tab and PATH: what all runs share.
base_files() {
	local file programs=()
	printf '%s\t%s\n' "$1" bin/busybox "${build:?}/tests/labinit" init
	for file in "$2"/*/*; do
		[ ! -e "$file" ] || printf '%s\t%s\n' "$file" "lib/modules/${file#"$2/"}"
	done
	for file in nisvd:usr/sbin nisvctl:usr/bin tests/testvmm:usr/bin; do
		[ -e "$build/${file%:*}" ] || continue
		printf '%s\t%s\n' "$build/${file%:*}" "${file#*:}/$(basename "${file%:*}")"
		programs+=("$build/${file%:*}")
	done
	for file in "$top"/daemon/machines/*.json; do
		[ ! -e "$file" ] || printf '%s\t%s\n' "$file" "usr/share/nisvd/machines/${file##*/}"
	done
	[ ! -e /$utf8_locale ] || printf '%s\t%s\n' /$utf8_locale $utf8_locale
	[ ${#programs[@]} -eq 0 ] || libraries "${programs[@]}"
}

# base_etc DIR: what programs expect to find in /etc; the group is the one the socket belongs to.
base_etc() {
	mkdir -p "$1/etc"
	echo 'root:x:0:0:root:/root:/bin/sh' >"$1/etc/passwd"
	printf '%s\n' 'root:x:0:' 'nisv:x:990:' >"$1/etc/group"
	echo $lab_machine_id >"$1/etc/machine-id"
	printf '%s\n' 'ID=nisvd-lab' 'PRETTY_NAME="nisvd lab"' >"$1/etc/os-release"
}

# base_build WORK FILES: the archive WORK/cpio.
base_build() {
	local root=$1/root
	mkdir -p "$root"/{proc,sys,dev,run,tmp,root,usr/local/bin} && base_etc "$root" || return 1
	put_files "$root" <<<"$2" || return 1
	ln -s busybox "$root/bin/sh" && pack_for_root "$root" >"$1/cpio"
}

# initramfs_base BUSYBOX MODULES OUT: the shared archive, from the cache or made now, into the file OUT.
initramfs_base() {
	local files key dir=$cache/initramfs r=0 lock
	files=$(base_files "$1" "$2") || return 1
	key=$({
		cat "$here/initramfs.sh"
		echo "$files"
		cut -f1 <<<"$files" | xargs -d '\n' stat -L -c '%n %s %y'
	} | sha256sum | cut -c1-32)
	# One lab at a time: making it takes a second, and none sees another one clear up under it.
	mkdir -p "$dir" && exec {lock}>"$dir/.lock" || return 1
	flock "$lock"
	if [ ! -e "$dir/$key.cpio" ]; then
		rm -rf "$dir/.work"
		mkdir "$dir/.work" && base_build "$dir/.work" "$files" &&
			mv "$dir/.work/cpio" "$dir/$key.cpio" || r=1
		rm -rf "$dir/.work"
	fi
	[ $r -ne 0 ] || { touch "$dir/$key.cpio" && cat "$dir/$key.cpio" >"$3"; } || r=1
	find "$dir" -name '*.cpio' -printf '%T@\t%p\n' | sort -rn |
		tail -n +$((initramfs_keep + 1)) | cut -f2- | xargs -d '\n' -r rm -f
	exec {lock}>&-
	return $r
}

# copy_into ROOT HOSTFILE[:PATH]
copy_into() {
	local from=$2 to=
	# A file whose own name has a colon is taken by its name.
	[ -e "$from" ] || { from=${2%:*} && to=${2##*:}; }
	if [ ! -f "$from" ] || [ ! -r "$from" ]; then
		say "--copy $2: no file $from that can be read"
		return 1
	fi
	if [ -z "$to" ]; then
		to=/root/${from##*/}
		[ ! -x "$from" ] || to=/usr/local/bin/${from##*/}
	fi
	case $to in
	*/) to=$to${from##*/} ;;
	/*) ;;
	*)
		say "--copy $2: the guest's path must be absolute"
		return 1
		;;
	esac
	case $to/ in
	*/../*)
		say "--copy $2: the guest's path must not contain .."
		return 1
		;;
	esac
	# The guest's /proc, /run and the like are mounted over the initramfs.
	case $to in
	/proc/* | /sys/* | /dev/* | /run/* | /tmp/*)
		say "--copy $2: $to would be hidden by a mount in the guest; take another folder"
		return 1
		;;
	esac
	put "$from" "$1/${to#/}"
}

# copy_libraries ROOT: what the programs there need.
copy_libraries() {
	local programs files
	mapfile -t programs < <(find "$1" -type f -perm -u+x)
	files=$(libraries "${programs[@]}") || return 1
	[ -z "$files" ] || put_files "$1" <<<"$files"
}

# run_file MODE MODULES COMMAND...: what tests/lab/guest.c reads: strings ended by NUL, so that any argument
# travels.
run_file() {
	printf '%s\0' "$@"
}
