#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The operator's own reference maps: one that replaces a shipped one, one that is new, and bad ones
# beside them, which nisvd names and does without.

# shellcheck disable=SC2317 # functions are called by check
# shellcheck source=tests/cli/common
. "$(dirname "$0")/common"

live_setup
own=$work/machines
mkdir "$own"
cat >"$own/broken.json" <<-END
	{
		"id": "broken",
		"vmm": "qemu"
		"arch": "x86_64"
	}
END
cat >"$own/wrong.json" <<-END
	{"id": "wrong", "vmm": "qemu", "arch": "x86_64", "match": "q35", "regions": [
		{"name": "a", "base": "0x1000", "size": "0x1000", "class": "device", "source": "s"},
		{"name": "b", "base": "0x1800", "size": "0x1000", "class": "device", "source": "s"}
	]}
END
mkfifo "$own/fifo.json"
cat >"$own/q35.json" <<-END
	{"id": "qemu-q35-x86_64", "vmm": "qemu", "arch": "x86_64", "match": "q35", "regions": [
		{"name": "house device", "base": "0xfe000000", "size": "0x1000", "class": "device",
		 "source": "the house's manual"}
	]}
END
cat >"$own/house.json" <<-END
	{"id": "house-x86_64", "vmm": "qemu", "arch": "x86_64", "match": "house", "regions": [
		{"name": "house UART", "base": "0xfe100000", "size": "0x1000", "class": "device",
		 "optionl": true, "source": "the house's manual"}
	]}
END
export NISVD_MACHINE_PATH=daemon/machines:$own
start_daemon

logged() {
	grep -qF -- "$1" "$work/nisvd.log" && return
	cat "$work/nisvd.log"
	return 1
}

check 'a syntax error, with line and column' \
	logged "Ignoring the machine map $own/broken.json: line 4, column 1: "
check 'a region that overlaps, with line, number and name' \
	logged "Ignoring the machine map $own/wrong.json: line 3: region 2 (b): overlaps \"a\", 0x1000-0x1fff"
check 'a FIFO does not hold the daemon up' \
	logged "Ignoring the machine map $own/fifo.json: it is no regular file"
check 'a misspelt key' logged "Machine map $own/house.json: line 3: unknown key \"optionl\""
check 'a shipped map is not mentioned' bash -c "! grep -q daemon/machines '$work/nisvd.log'"

# As vm of common, with a machine option.
vm_of_type() {
	local report=$work/report

	rm -f "$report"
	mkfifo "$report"
	"$build/tests/testvmm" --report "$report" --guest jump --arg 0=0x300000 --on-error pause \
		--dress qemu-system-x86_64 -name "$tag-$1" -machine "$1" >/dev/null 2>&1 &
	pids+=($!)
	timeout 20 jq -e . "$report" >/dev/null || {
		printf 'FAIL no report of the VM %s\n' "$1"
		exit 1
	}
}

for type in q35 house pc microvm; do
	vm_of_type "$type"
done

# map_of TYPE ID FILTER: what show tells of the VM with that machine option.
map_of() {
	json ".vm.machine == \"$2\" and ($3)" n --json=short show "$tag-$1"
}

named() {
	printf '[.machine.regions[].name] | index("%s")' "$1"
}

check 'an own map replaces the shipped one' \
	map_of q35 qemu-q35-x86_64 "($(named 'house device')) != null and ($(named HPET)) == null"
check 'what depends on the VM is still added' \
	map_of q35 qemu-q35-x86_64 "($(named 'PCI MMIO window (below ECAM)')) != null"
check 'an own map for a machine of its own' \
	map_of house house-x86_64 "($(named 'house UART')) != null"
check 'shipped maps beside them: pc' map_of pc qemu-pc-x86_64 "($(named HPET)) != null"
check 'shipped maps beside them: microvm' \
	map_of microvm qemu-microvm-x86_64 "($(named virtio-mmio)) != null"
check 'every region cites its source' \
	map_of pc qemu-pc-x86_64 '[.machine.regions[].source] | all(length > 0)'

finish
