# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Debian's host kernels: which there are, fetched by name with signatures checked, kept in the
# cache. Sourced by tests/lab/lab. A kernel in the cache is one folder, made whole or not at all:
#   $cache/kernels/SPEC/{Image,busybox,modules,version}
# busybox comes along so that a cached kernel needs no network for anything; modules is the folder
# with the modules that make /dev/kvm, where they are not built in, below the name of their version.

# Set by tests/lab/lab and arch.sh.
: "${cache:?}"

# SPEC, other names for it, flavour (of Debian's linux-image-FLAVOUR), suites it is taken from.
kernel_table='
bookworm          12|6.1   cloud-arm64  bookworm bookworm-security
bullseye          11|5.10  cloud-arm64  bullseye bullseye-security
trixie            13|6.12  cloud-arm64  trixie trixie-security
sid               unstable cloud-arm64  sid
trixie-backports  -        cloud-arm64  trixie-backports trixie
trixie-16k        -        arm64-16k    trixie trixie-security
sid-rt            -        rt-arm64     sid
bookworm-amd64    -        cloud-amd64  bookworm bookworm-security
bullseye-amd64    -        cloud-amd64  bullseye bullseye-security
trixie-amd64      -        cloud-amd64  trixie trixie-security
sid-amd64         -        cloud-amd64  sid
'
kernel_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# What "the archive has it no longer" exits with: automake's code for a skipped test.
exit_gone=77

# kernel_name SPEC: its name in the table; fails when there is none.
kernel_name() {
	awk -v want="$1" '
		NF { n = split($2, other, "|"); hit = $1 == want
		     for (i = 1; i <= n; i++) hit = hit || (other[i] == want && want != "-")
		     if (hit) { print $1; found = 1; exit } }
		END { exit !found }' <<<"$kernel_table"
}

kernel_names() {
	awk 'NF { print $1 }' <<<"$kernel_table"
}

kernel_suites() {
	awk -v name="$1" '$1 == name { $1 = $2 = $3 = ""; print }' <<<"$kernel_table"
}

kernel_aliases() {
	awk -v name="$1" '$1 == name { gsub(/[|]/, ","); print $2 }' <<<"$kernel_table"
}

# kernel_package NAME: the metapackage of its flavour.
kernel_package() {
	awk -v name="$1" '$1 == name { print "linux-image-" $3 }' <<<"$kernel_table"
}

# kernel_arch NAME: as the Makefile calls it; every flavour has Debian's word for it in its name.
kernel_arch() {
	awk -v name="$1" '$1 == name { print ($3 ~ /amd64/ ? "x86_64" : "arm64") }' <<<"$kernel_table"
}

# kernel_of_arch ARCH: the first one in the table.
kernel_of_arch() {
	local name
	for name in $(kernel_names); do
		[ "$(kernel_arch "$name")" != "$1" ] || { echo "$name" && return; }
	done
}

kernel_dir() {
	echo "$cache/kernels/$1"
}

# mirrors: the Debian archives in this host's own apt configuration, as lines of URI and suite.
# Which archive is Debian's is known for sure only where the lists were fetched once; a fresh
# container has nothing but names, and there the host's own suites are taken.
mirrors() {
	local sure
	# shellcheck disable=SC2016 # apt's own $(NAME)
	sure=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' \
		'Origin: Debian' 'Component: main')
	if [ -n "$sure" ]; then
		echo "$sure"
		return
	fi
	apt-get update --print-uris | sed -nE "s,^'(.*/)dists/([^']*)/InRelease'.*,\1 \2,p" |
		awk -v host="$(. /etc/os-release && echo "$VERSION_CODENAME")" \
			'$2 == host || $2 == host "-security" || $2 == host "/updates"'
}

# mirror_uri SUITE
mirror_uri() {
	local uri
	case $1 in
	*-security) uri=$(mirrors | awk '$2 ~ /-security$|\/updates$/ { print $1 }') ;;
	*) uri=$(mirrors | awk '$2 !~ /-security$|\/updates$/ { print $1 }') ;;
	esac
	if [ -z "$uri" ]; then
		say "apt on this host knows no Debian mirror for $1; see: apt-get indextargets"
		return 1
	fi
	head -n 1 <<<"$uri"
}

# apt_root_make DIR SUITE...: a private apt for the architecture in use in DIR, so that neither the host's lists nor
# its packages are touched and no privilege is needed. Proxies and the like are the host's: apt
# reads the host's configuration first.
apt_root_make() {
	local root=$1 suite uri
	shift
	mkdir -p "$root"/{lists/partial,archives/partial,etc}
	: >"$root/status"
	for suite; do
		uri=$(mirror_uri "$suite") || return 1
		echo "deb [arch=$debian_arch signed-by=$kernel_keyring] $uri $suite main"
	done >"$root/sources.list"
	cat >"$root/apt.conf" <<-CONF
		#clear APT::Architectures;
		#clear APT::Update;
		#clear APT::NeverAutoRemove;
		#clear Acquire::IndexTargets::deb::Contents-deb;
		#clear DPkg;
		APT::Architecture "$debian_arch";
		APT::Architectures { "$debian_arch"; };
		APT::Sandbox::User "$(id -un)";
		APT::Get::List-Cleanup "false";
		Acquire::Languages "none";
		$(case $1 in *-backports) echo "APT::Default-Release \"$1\";" ;; esac)
		Dir::State "$root";
		Dir::State::lists "$root/lists";
		Dir::State::status "$root/status";
		Dir::Cache "$root";
		Dir::Cache::archives "$root/archives";
		Dir::Etc "$root/etc";
		Dir::Etc::sourcelist "$root/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
	CONF
}

# package_field DIR PACKAGE FIELD: of the candidate version; empty when no suite has the package.
package_field() {
	apt-cache -c "$1/apt.conf" --no-all-versions show "$2" 2>/dev/null |
		sed -n "s/^$3: //p" | head -n 1
}

# kernel_packages DIR PACKAGE: the packages that may hold the Image and the modules. The named one is
# empty and depends on the versioned one; from 7.x that one is empty too and depends on
# linux-binary-VERSION and linux-modules-VERSION.
kernel_packages() {
	local parts='image|binary' depends names
	[ -z "${kvm_modules-}" ] || parts+='|modules'
	depends=$(package_field "$1" "$2" Depends)
	names=$(tr ',|' '\n' <<<"$depends" | sed -nE "s/^ *(linux-($parts)-[0-9][^ ]*).*/\1/p")
	for depends in $names; do
		echo "$depends"
		kernel_packages "$1" "$depends"
	done
}

# package_take DEB DEST MEMBER...: unpacks what matches, if there is any.
package_take() {
	local deb=$1 dest=$2
	shift 2
	dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$dest" --wildcards "$@" 2>/dev/null || true
}

# kernel_unpack DIR DEST: takes what a kernel folder needs from the packages in DIR.
kernel_unpack() {
	local deb tree=$1/tree members=('./boot/vmlinuz-*' './usr/lib/modules/*/vmlinuz'
		./bin/busybox ./usr/bin/busybox) modules=('./lib/modules/*' './usr/lib/modules/*')
	[ -z "$kvm_modules" ] || members+=("${modules[@]}")
	mkdir "$tree" || return 1
	for deb in "$1"/*.deb; do
		package_take "$deb" "$tree" "${members[@]}"
	done
	find "$tree" -name 'vmlinuz*' -type f -exec mv {} "$2/Image" \;
	find "$tree" -name busybox -exec mv {} "$2/busybox" \;
	[ -s "$2/Image" ] && [ -s "$2/busybox" ] && chmod 755 "$2/busybox" || return 1
	[ -z "$kvm_modules" ] || kernel_modules "$tree" "$2"
}

# kernel_modules TREE DEST: those that make /dev/kvm.
kernel_modules() {
	local from
	from=$(find "$1" -type d -path '*/lib/modules/*' -prune)
	# shellcheck disable=SC2086 # words
	modules_take "$from" "$2/modules/${from##*/}" $kvm_modules
}

# kernel_download WORK PACKAGE SUITE...: fills WORK/kernel from these suites. Returns exit_gone when
# the archive answered, but does not have the kernel.
kernel_download() {
	local work=$1 package=$2 root=$1/apt log=$1/apt.log packages
	shift 2
	rm -rf "${work:?}"/*
	mkdir "$work/kernel" || return 1
	apt_root_make "$root" "$@" || return 1
	apt-get -c "$root/apt.conf" -q update >"$log" 2>&1 || true
	# Suites leave the mirrors one by one: when update failed for one, the others will do.
	mapfile -t packages < <(kernel_packages "$root" "$package")
	if [ ${#packages[@]} -eq 0 ]; then
		if grep -q ' 404 ' "$log" || ls "$root"/lists/*InRelease >/dev/null 2>&1; then
			return $exit_gone
		fi
		cat "$log" >&2
		say "cannot fetch the package lists of $* (see apt above); is there a network?"
		return 1
	fi
	packages+=(busybox-static)
	if ! (cd "$root/archives" && apt-get -c ../apt.conf -q download "${packages[@]}") \
		>"$log" 2>&1; then
		! grep -q ' 404 ' "$log" || return $exit_gone
		cat "$log" >&2
		say "cannot download the kernel (see apt above)"
		return 1
	fi
	kernel_unpack "$root/archives" "$work/kernel" || {
		say "no kernel, no KVM or no busybox in the packages ${packages[*]}"
		return 1
	}
	package_field "$root" "${packages[0]}" Version >"$work/kernel/version"
}

# kernel_find NAME WORK: from all its suites or, where a newer version is listed but no longer
# there, from the first one.
kernel_find() {
	local suites package r=0
	package=$(kernel_package "$1")
	read -ra suites <<<"$(kernel_suites "$1")"
	kernel_download "$2" "$package" "${suites[@]}" || r=$?
	if [ $r -eq $exit_gone ] && [ ${#suites[@]} -gt 1 ]; then
		r=0
		kernel_download "$2" "$package" "${suites[0]}" || r=$?
	fi
	[ $r -eq $exit_gone ] || return $r
	say "the Debian archive no longer has the kernel of ${suites[0]}"
	# A check without these is none.
	case $1 in
	bookworm | trixie) return 1 ;;
	*) return $exit_gone ;;
	esac
}

# kernel_fetch NAME [again]: makes sure that the cache has it, and puts its architecture in use. Two
# labs at once fetch it once.
kernel_fetch() {
	local dir work r=0 lock
	arch_use "$(kernel_arch "$1")"
	dir=$(kernel_dir "$1")
	mkdir -p "${dir%/*}" && exec {lock}>"${dir%/*}/.$1.lock" || return 1
	flock "$lock"
	if [ ! -e "$dir/version" ] || [ -n "${2-}" ]; then
		# What a killed fetch left behind: with the lock ours, nobody else's.
		rm -rf "${dir%/*}/.$1".??????
		work=$(mktemp -d "${dir%/*}/.$1.XXXXXX") || return 1
		# shellcheck disable=SC2064 # this folder, now
		trap "rm -rf '$work'" EXIT
		say "fetching the Debian kernel $1 ..."
		kernel_find "$1" "$work" || r=$?
		if [ $r -eq 0 ]; then
			rm -rf "${dir:?}"
			mv "$work/kernel" "$dir"
			say "kernel $1 is $(cat "$dir/version")"
		fi
		rm -rf "$work"
		trap - EXIT
	fi
	exec {lock}>&-
	return $r
}

kernel_list() {
	local name dir
	printf '%-18s %-7s %-10s %-7s %s\n' SPEC ARCH ALSO CACHED VERSION
	for name in $(kernel_names); do
		dir=$(kernel_dir "$name")
		printf '%-18s %-7s %-10s %-7s %s\n' "$name" "$(kernel_arch "$name")" \
			"$(kernel_aliases "$name")" "$([ -e "$dir/version" ] && echo yes || echo no)" \
			"$(cat "$dir/version" 2>/dev/null || echo -)"
	done
}
