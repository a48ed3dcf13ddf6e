# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The root of `lab run --image`: a Debian arm64 system with systemd, journald and real VMMs, made once
# with mmdebstrap and kept in the cache as one cpio archive. Our package comes on top of it at every run.
# Sourced by tests/lab/lab.
#   $cache/image/{root.cpio,recipe,packages}

# Set by tests/lab/lab, tests/lab/kernels.sh and tests/lab/initramfs.sh.
: "${here:?}" "${top:?}" "${cache:?}" "${kernel_keyring:?}" "${lab_machine_id:?}"

image_suite=bookworm
# nisvd's libraries, as its package depends on them; VMMs and firmware for guests; what tests call.
image_packages='systemd systemd-sysv dbus
	libbpf1 libelf1 zlib1g libsystemd0 libjson-c5 libcapstone4 libsmartcols1 libinih1 libfdt1
	qemu-system-arm qemu-utils u-boot-qemu qemu-efi-aarch64
	apparmor bpftool busybox-static cpio jq less man-db passwd procps socat util-linux'
# All of it is in the guest's memory: what no test looks at is left out.
image_without='/usr/share/doc/* /usr/share/locale/* /usr/share/info/* /usr/share/man/*/man*
	/usr/share/AAVMF/* /usr/bin/qemu-system-arm /usr/lib/u-boot/qemu-x86*'
# Units that wait for what a lab has not: a network, a terminal, a day.
image_masked='apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer
	fstrim.timer man-db.timer getty.target systemd-networkd.service e2scrub_reap.service'
binfmt=/proc/sys/fs/binfmt_misc

# image_recipe: changes when the image must be made anew.
image_recipe() {
	sha256sum <"$here/image.sh" | cut -c1-32
}

# image_bootstrap DIR: a Debian arm64 system in DIR/root. Runs in a mount namespace of its own: on a host
# of another architecture the kernel must run arm64 programs with qemu-user, which is registered for as
# long as it takes, unless it is already.
image_bootstrap() {
	local root=$1/root suite sources=() options=() pattern setting registered='' r=0
	for suite in $image_suite $image_suite-security; do
		sources+=("deb [signed-by=$kernel_keyring] $(mirror_uri "$suite") $suite main") || return 1
	done
	set -f
	for pattern in $image_without; do
		options+=(--dpkgopt="path-exclude=$pattern")
	done
	set +f
	# Proxies and the like are the host's.
	while IFS= read -r setting; do
		options+=(--aptopt="$setting")
	done < <(apt-config dump | grep '^Acquire::')
	if [ "$(uname -m)" != aarch64 ]; then
		[ -e $binfmt/register ] || mount -t binfmt_misc none $binfmt || return 1
		if [ ! -e $binfmt/qemu-aarch64 ]; then
			registered=yes
			cat /usr/lib/binfmt.d/qemu-aarch64.conf >$binfmt/register || return 1
		fi
	fi
	mmdebstrap --quiet --mode=root --architectures=arm64 --variant=minbase \
		--include="$(xargs <<<"$image_packages" | tr ' ' ,)" "${options[@]}" \
		$image_suite "$root" "${sources[@]}" || r=1
	[ -z "$registered" ] || echo -1 >$binfmt/qemu-aarch64
	return $r
}

# image_settle ROOT: what makes it a lab: fixed identity, nothing that waits, a journal that is kept.
image_settle() {
	local unit
	echo "$lab_machine_id" >"$1/etc/machine-id"
	echo nisvd-lab >"$1/etc/hostname"
	: >"$1/etc/fstab"
	for unit in $image_masked; do
		ln -sf /dev/null "$1/etc/systemd/system/$unit"
	done
	ln -sf multi-user.target "$1/usr/lib/systemd/system/default.target"
	mkdir -p "$1/var/log/journal"
	# Nobody asks apropos, and each package that is installed would make its database anew.
	rm "$1/var/lib/man-db/auto-update"
	rm -rf "${1:?}"/var/cache/apt/*.bin "$1"/var/lib/apt/lists/* "$1"/var/log/{apt,dpkg.log}
	cp "$here"/lab*.service "$1/usr/lib/systemd/system/"
	systemctl -q --root="$1" enable lab.service lab-package.service
	# Its profiles take seconds to compile: tests/package.sh starts it.
	# Not by systemctl, which would run the system's own update-rc.d for it.
	rm -f "$1"/etc/systemd/system/*.wants/apparmor.service "$1"/etc/rc?.d/S*apparmor
}

# image_make WORK: WORK/image, whole.
image_make() {
	local root=$1/root
	mkdir "$1/image" && image_bootstrap "$1" && image_settle "$root" || return 1
	dpkg-query --admindir="$root/var/lib/dpkg" -W >"$1/image/packages" || return 1
	pack "$root" >"$1/image/root.cpio" && image_recipe >"$1/image/recipe"
}

# image_fetch [again]: makes sure that the cache has it. Two labs at once make it once.
image_fetch() {
	local dir=$cache/image work lock r=0
	mkdir -p "$cache" && exec {lock}>"$cache/.image.lock" || return 1
	flock "$lock"
	if [ "$(cat "$dir/recipe" 2>/dev/null)" != "$(image_recipe)" ] || [ -n "${1-}" ]; then
		need_tools mmdebstrap arch-test qemu-aarch64-static unshare
		if [ "$(id -u)" -ne 0 ]; then
			say "the image is not in the cache, and only root can make it:" \
				"run once as root: tests/lab/lab fetch --image"
			return 1
		fi
		rm -rf "$cache"/.image.??????
		work=$(mktemp -d "$cache/.image.XXXXXX") || return 1
		# shellcheck disable=SC2064 # this folder, now
		trap "rm -rf '$work'" EXIT
		say "making the Debian image, once: some minutes ..."
		if unshare -m "$here/lab" make-image "$work" >"$work/log" 2>&1; then
			rm -rf "${dir:?}"
			mv "$work/image" "$dir"
			say "the image has $(wc -l <"$dir/packages") packages," \
				"$(($(stat -c %s "$dir/root.cpio") / 1048576)) MiB"
		else
			tail -n 20 "$work/log" >&2
			say "cannot make the image (see above)"
			r=1
		fi
		rm -rf "$work"
		trap - EXIT
	fi
	exec {lock}>&-
	return $r
}

# image_helpers ROOT: the test VMM, and the lab's own end of the line.
image_helpers() {
	put "${build:?}/tests/testvmm" "$1/usr/local/bin/testvmm"
	put "$build/tests/labinit" "$1/lab/labinit"
	ln -s /usr/lib/systemd/systemd "$1/init"
}

# image_package ROOT MODE: what is in our package, its units enabled unless MODE is bare. What its installation does
# beside, lab-package.service does at boot: dpkg's scripts take 20 seconds of an emulated CPU, and tests/package.sh
# looks at them.
image_package() {
	# The image's /lib is a link, which a folder of this name would take the place of.
	mkdir -p "$1/usr/lib" && ln -s usr/lib "$1/lib" || return 1
	dpkg-deb --fsys-tarfile "$top"/build/package/arm64/nisvd_*.deb |
		tar -C "$1" -x --keep-directory-symlink || return 1
	rm "$1/lib"
	[ "$2" = bare ] || systemctl -q --root="$1" enable nisvd.service nisvd.socket
}
