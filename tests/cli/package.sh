#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The Debian package as dpkg-buildpackage builds it, and the spec for Fedora: one version everywhere, accepted by
# lintian and rpmlint, hardened, all of `make install` in it, and the same bytes wherever it is built.

# shellcheck disable=SC2317 # functions are called by check
# shellcheck source=tests/cli/common
. "$(dirname "$0")/common"

command -v dpkg-buildpackage lintian rpmlint >/dev/null || skip 'needs debhelper, lintian and rpmlint (make deps)'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset MAKEFLAGS MFLAGS MAKELEVEL
export LC_ALL=C
version=$(sed -n 's/^VERSION := //p' Makefile)
folder=build/package/${build##*/}
deb=$folder/nisvd_${version}_$(dpkg --print-architecture).deb

same_version() {
	local changelog spec
	changelog=$(dpkg-parsechangelog -S Version)
	spec=$(sed -n 's/^Version: *//p' rpm/nisvd.spec)
	echo "Makefile $version, debian/changelog $changelog, rpm/nisvd.spec $spec"
	[[ $changelog == "$version" && $spec == "$version" ]]
}

# quiet COMMAND...: it succeeds and has nothing to say.
quiet() {
	local said
	said=$("$@" 2>&1)
	local status=$?
	[[ $status -eq 0 && -z $said ]] || {
		echo "status $status: $said"
		return 1
	}
}

# files ROOT: what is installed, by the names that both installations have.
files() {
	(cd "$1" && find . -type f) | grep -v ^./usr/share/doc/ | sed 's|^\./lib/|./usr/lib/|; s|\.gz$||' | sort
}

whole() {
	make -s install SANITIZE= DESTDIR="$work/installed" sysconfdir=/etc prefix=/usr &&
		dpkg-deb -x "$deb" "$work/package" &&
		diff <(files "$work/installed") <(files "$work/package")
}

# What dpkg-buildflags asks for with hardening=+all, seen in the program.
hardened() {
	local program=$work/package/$1
	readelf -hW "$program" | grep -q 'Type: *DYN' || { echo 'no PIE' && return 1; }
	readelf -dW "$program" | grep -q 'FLAGS_1.*NOW' || { echo 'no immediate binding' && return 1; }
	readelf -lW "$program" | grep -q GNU_RELRO || { echo 'no RELRO' && return 1; }
	readelf -sW --dyn-syms "$program" | grep -q __stack_chk_fail || { echo 'no stack protector' && return 1; }
	readelf -sW --dyn-syms "$program" | grep -q '_chk@GLIBC' || { echo 'no fortified function' && return 1; }
}

# Somewhere else, without a network, by somebody with other habits.
again() {
	local else=$work/somewhere/else
	mkdir -p "$else" && cp -a "$folder/nisvd" "$else/source" || return
	if ! (cd "$else/source" && umask 027 && TZ=Asia/Tokyo DEB_BUILD_OPTIONS='nocheck parallel=1' \
		unshare --net dpkg-buildpackage -us -uc -b) >"$else/log" 2>&1; then
		tail -n 20 "$else/log"
		return 1
	fi
	cmp "$deb" "$else/${deb##*/}"
}

# Every file has its line in %files: rpmbuild fails where one has not. Debian's rpm knows no folders of systemd, and
# packages of Fedora have their completions elsewhere.
spec_whole() {
	local lib=/usr/lib file line status=0 lines
	mapfile -t lines < <(rpmspec -P -D "_unitdir $lib/systemd/system" -D "_sysusersdir $lib/sysusers.d" \
		-D "_tmpfilesdir $lib/tmpfiles.d" -D "_journalcatalogdir $lib/systemd/catalog" \
		-D 'bash_completions_dir /usr/share/bash-completion/completions' \
		-D 'zsh_completions_dir /usr/share/zsh/vendor-completions' rpm/nisvd.spec |
		sed -n '/^%files/,/^%changelog/ { /^%dir/d; s|^[^/]*\(/.*\)|\1|p }')
	while read -r file; do
		for line in "${lines[@]}"; do
			# shellcheck disable=SC2053 # a pattern
			[[ ${file#.} == ${line/%\//\/*} ]] && continue 2
		done
		echo "no line for ${file#.}"
		status=1
	done < <(files "$work/installed")
	return "$status"
}

check 'one version' same_version
check 'the package builds' make -s package
check 'lintian has nothing to say' quiet lintian --allow-root --pedantic "$folder"/nisvd_*.changes
check 'scripts' shellcheck debian/nisvd.prerm debian/nisvd.postrm
check 'all that make install installs, and no more' whole
check 'nisvd is hardened' hardened usr/sbin/nisvd
check 'nisvctl is hardened' hardened usr/bin/nisvctl
check 'the same bytes once more' again
check 'the spec has all of it' spec_whole
check 'rpmlint' grep -q ' 0 errors, 0 warnings' <(rpmlint -r rpm/nisvd.rpmlintrc rpm/nisvd.spec)

finish
