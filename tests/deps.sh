#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Installs with apt what the build, the tests and the lab need and this machine lacks; does nothing
# and asks no network when all is there.
#   tests/deps.sh [bench]    what `make bench` needs, too
set -eu

arch=$(dpkg --print-architecture)
case $arch in
amd64) other=arm64 cross=gcc-aarch64-linux-gnu libc=libc6-dev-arm64-cross ;;
arm64) other=amd64 cross=gcc-x86-64-linux-gnu libc=libc6-dev-amd64-cross ;;
*)
	echo "deps: no package list for architecture $arch" >&2
	exit 1
	;;
esac

build="gcc make clang llvm bpftool scdoc"
libraries="libbpf-dev libelf-dev zlib1g-dev libsystemd-dev libjson-c-dev libcapstone-dev
	libsmartcols-dev libinih-dev libcmocka-dev pkgconf"
package="debhelper dpkg-dev lintian rpm rpmlint"
# Of these a test needs programs: promtool, and an sshd of its own.
servers="openssh-server prometheus"
check="libclang-rt-dev clang-format clang-tidy cppcheck shellcheck git mandoc jq expect socat python3
	bsdutils zsh less procps mount strace valgrind systemd systemd-journal-remote $servers"
lab="mmdebstrap arch-test qemu-system-arm qemu-system-x86 binutils util-linux findutils qemu-user-static cpio gzip xz-utils debian-archive-keyring"

case ${1-} in
'') tools= ;;
bench) tools="bpftrace linux-perf trace-cmd" ;;
*)
	echo "deps: what is \"$1\"? Say nothing, or bench" >&2
	exit 2
	;;
esac

# The two architectures' libfdt-dev exclude each other; their headers are the same (see Makefile).
want="$build $cross $libc $package $check $lab $tools libfdt-dev:$arch libfdt1:$other"
for library in $libraries; do
	want="$want $library:$arch $library:$other"
done

unit_of() {
	case $1 in
	openssh-server) echo ssh ;;
	*) echo "$1" ;;
	esac
}

missing=
for package in $want; do
	status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
	[ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
	echo "deps: missing packages; run as root: apt-get install$missing" >&2
	exit 1
fi
echo "deps: installing$missing"
dpkg --print-foreign-architectures | grep -qx "$other" || dpkg --add-architecture "$other"
apt-get update -q
# No server becomes one of this machine, now or at its next boot.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	trap 'rm -f "$policy"' EXIT
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
fi
# shellcheck disable=SC2086 # one word per package
DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
for server in $servers; do
	case $missing in
	*" $server"*) systemctl --quiet disable "$(unit_of "$server")" 2>/dev/null || true ;;
	esac
done
