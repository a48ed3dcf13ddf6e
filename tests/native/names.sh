#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What nisvctl calls the VMs of each VMM and manager, in cgroups as the managers make them, whether the VM was
# there before the daemon or came after it.

# shellcheck source=tests/native/common disable=SC2317 # functions are called by name
. "$(dirname "$0")/common"
setup

# cgroup v2, or the hierarchy of systemd where there is only v1.
hierarchy=$(awk '$3 == "cgroup2" || ($3 == "cgroup" && $4 ~ /name=systemd/) {print $2; exit}' /proc/self/mounts)
top=$hierarchy/$tag
if [[ -z $hierarchy ]] || ! mkdir "$top" 2>"$work/err"; then
	skip "no cgroup can be made here: $(cat "$work/err")"
fi

# VMMs first: a cgroup with processes cannot be removed.
leave() {
	live_cleanup
	find "$top" -depth -type d -exec rmdir {} +
}
trap leave EXIT

id=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
uuid=0f0e0d0c-0b0a-0908-0706-050403020100

# LABEL | cgroup or nothing | name, source, VMM and UUID as listed | command line. TAG makes names ours.
mapfile -t table <<ROWS
libvirt|/machine.slice/machine-qemu\\x2d3\\x2d$tag.scope/libvirt/emulator|$tag libvirt qemu $uuid|qemu-system-x86_64 -name guest=$tag,debug-threads=on -uuid $uuid
rewritten|/machine.slice/machine-qemu\\x2d4\\x2d$tag.b.scope|$tag.b libvirt qemu null|qemu-system-x86_64 -name guest=bank
machine|/machine.slice/machine-$tag.c.scope|$tag.c cgroup qemu null|qemu-kvm -m 64
kubevirt|/kubepods.slice/kubepods-pod1.slice/cri-containerd-$id.scope|${tag}_d libvirt qemu $uuid|/usr/libexec/qemu-kvm -name guest=${tag}_d,debug-threads=on -uuid $uuid
kata||$id cmdline qemu null|qemu-system-x86_64 -name sandbox-$id,debug-threads=on
kata-ch||$tag-e cmdline cloud-hypervisor null|cloud-hypervisor --api-socket /run/vc/vm/$tag-e/clh-api.sock
firecracker||$tag-f cmdline firecracker null|firecracker --id $tag-f --api-sock /run/firecracker.socket
jailer|/firecracker/$tag-g|$tag-g cgroup firecracker null|firecracker --no-api --config-file vm.json
ch||$tag-h cmdline cloud-hypervisor $uuid|cloud-hypervisor --api-socket path=/run/$tag-h.sock --platform uuid=$uuid
crosvm||$tag-i cmdline crosvm null|crosvm run --name $tag-i --mem 512 kernel
kvmtool||$tag-j cmdline kvmtool null|lkvm run --name $tag-j -m 256
krunvm||$tag-k cmdline libkrun null|krunvm start $tag-k
krun|/user.slice/libpod-$id.scope/container|0123456789ab cgroup libkrun null|krun
gvisor||$tag-l cmdline gvisor null|runsc-sandbox --root=/run boot --bundle=/b $tag-l
unit|/system.slice/$tag\\x2dm.service|$tag-m cgroup unknown null|myvmm --name x
plain||myvmm comm unknown null|myvmm --name x
ROWS

declare -A pid_of

# start LABEL CGROUP WORD...
start() {
	local label=$1 cgroup=$2
	shift 2
	mkfifo "$work/$label.ready"
	[[ -z $cgroup ]] || mkdir -p "$top$cgroup" || exit 1
	(
		[[ -z $cgroup ]] || echo "$BASHPID" >"$top$cgroup/cgroup.procs" || exit 1
		exec "$build/tests/testvmm" --idle --report /dev/null --ready "$work/$label.ready" --dress "$@"
	) &
	pid_of[$label]=$!
	pids+=($!)
	read -r -t 20 _ <"$work/$label.ready" || {
		echo "FAIL $label: the test VMM does not start"
		exit 1
	}
}

# start_rows PARITY: each second one.
start_rows() {
	local i label cgroup line words

	for ((i = $1; i < ${#table[@]}; i += 2)); do
		IFS='|' read -r label cgroup _ line <<<"${table[i]}"
		read -ra words <<<"$line"
		start "$label" "$cgroup" "${words[@]}"
	done
}

# of LABEL: as listed, once it is.
of() {
	local found tries

	for ((tries = 0; tries < 50; tries++)); do
		found=$(n list --json=short | jq -r --argjson pid "${pid_of[$1]}" \
			'.vms[] | select(.pid == $pid) | "\(.name) \(.name_source) \(.vmm) \(.uuid)"')
		[[ -z $found ]] || break
	done
	printf '%s\n' "$found"
}

start_rows 0
launch || exit 1
start_rows 1
for row in "${table[@]}"; do
	IFS='|' read -r label _ expected _ <<<"$row"
	is "$label" "$expected" "$(of "$label")"
done

# A name of any kind selects the VM, as does its UUID where that is its own.
is 'by the name of its scope' "${pid_of[rewritten]}" "$(n show "$tag.b" --json=short | jq .vm.pid)"
is 'by the id of its sandbox' "${pid_of[kata]}" "$(n show "$id" --json=short | jq .vm.pid)"
check 'a UUID of several VMs is ambiguous' fails 1 'more than one VM' n show "$uuid"

# Two VMs of one process share its name, and keep ids of their own.
mkfifo "$work/two.ready"
"$build/tests/testvmm" --idle --vms 2 --report /dev/null --ready "$work/two.ready" \
	--dress firecracker --id "$tag-two" &
two=$!
pids+=("$two")
read -r -t 20 _ <"$work/two.ready"
both() {
	json '[mine[] | select(.pid == '"$two"')] | length == 2 and .[0].name == .[1].name and .[0].id != .[1].id' \
		n list --json=short
}
for ((i = 0; i < 50; i++)); do
	both >/dev/null && break
done
check 'two VMs of one process' both

finish
