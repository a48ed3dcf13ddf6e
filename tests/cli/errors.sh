#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every way that nisvctl can fail: the exit status, the message with what to do, the same as JSON on
# standard error.

# shellcheck disable=SC2317,SC2016 # functions are called by check; $ of jq filters
# shellcheck source=tests/cli/common
. "$(dirname "$0")/common"

live_setup
check 'no daemon' fails 4 'not running.*systemctl start nisvd' n list
check 'no daemon: JSON' fails 4 '^\{"error":null,"message":".*systemctl.*"parameters":\{\}\}$' n --json=short list
start_daemon

vm="$tag-vm" twin=$tag-twin
vm "$vm" --guest jump --arg 0=0x300000 --on-error pause
vm "$twin" --guest jump --arg 0=0x500000 --on-error pause
vm "$twin" --guest jump --arg 0=0x500000 --on-error pause
twin_id=$(n -j list | jq -r --arg n "$twin" '[.vms[] | select(.name == $n) | .id][0]')

# ---- which VM -----------------------------------------------------------------------------------

for verb in show map explain events export 'events -f'; do
	# shellcheck disable=SC2086 # events -f are two words
	check "no such VM: $verb" fails 3 'no VM is called "nope".*list -a' n $verb nope
	# shellcheck disable=SC2086
	check "no such VM: $verb, JSON" fails 3 '^\{"error":"io.nisvd.Monitor.NoSuchVM",.*"parameters":\{"vm":"nope"\}\}$' \
		n --json=short $verb nope
done
check 'no such VM: a name that is near' fails 3 "no VM is called \"${vm}x\": did you mean \"$vm\"\?" n show "${vm}x"
check 'no such VM: a name that is near, of a stream' fails 3 "did you mean \"$vm\"\?" n events -f "${vm}x"
check 'no such VM: a name that is near, JSON' fails 3 'did you mean' n --json=short export "${vm}x"
check 'no such VM: a name that is near, JSON, whole' jq -e --arg vm "${vm}x" '.parameters == {vm: $vm}' "$work/err"
for verb in show map explain verify events export; do
	check "empty name: $verb" fails 2 'name is empty' n "$verb" ''
done
check 'ambiguous VM' fails 1 'more than one VM; say which by its id:' n show "$twin"
check 'ambiguous VM: lists the matches' grep -q "^  $twin_id .*$twin, qemu, running" "$work/err"
check 'ambiguous VM: JSON' fails 1 '^\{"error":"io.nisvd.Monitor.AmbiguousVM"' n --json=short show "$twin"
check 'ambiguous VM: JSON has the matches' jq -e '.parameters.matches | length == 2' "$work/err"
check 'no address' fails 2 'no guest address' n explain "$vm" 300000f
check 'address too large' fails 2 'no guest address' n explain "$vm" 0x10000000000000000
check 'address negative' fails 2 'no guest address' n explain -- "$vm" -1

# ---- access -------------------------------------------------------------------------------------

cp "$build/nisvctl" "$work/nisvctl" # the build tree may be closed to others
nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups "$work/nisvctl" --socket "$socket" "$@"
}
check 'no permission' fails 4 'sudo.*usermod -aG nisv nobody' nobody list
check 'no permission: JSON' fails 4 '^\{"error":null,"message":"no permission' nobody --json=short list
check 'no permission: events -f does not wait' fails 4 'no permission' nobody events -f
check '--socket too long' fails 4 'File name too long' n --socket "$(printf '/%0200d' 0)" list

# ---- usage --------------------------------------------------------------------------------------

check 'unknown verb' fails 2 'did you mean "explain"' n explian
check 'unknown verb: beginning of one' fails 2 'did you mean "status"' n stat
check 'unknown verb, nothing near' fails 2 'is no verb.*--help' n frobnicate
check 'unknown verb: JSON' fails 2 '^\{.*did you mean' n explian --json=short
check 'a verb of a later version' fails 2 'is no verb' n rewind
check 'unknown option' fails 2 '"--frob" is no option: .*--help' n list --frob
check 'unknown option, mistyped' fails 2 '"--exitcode" is no option: did you mean "--exit-code"' n list --exitcode
check 'unknown option, mistyped, with a value' fails 2 'did you mean "--socket"' n list --sokcet=/x
check 'unknown option: a letter' fails 2 '"-x" is no option' n list -x
check 'unknown option: a letter among others' fails 2 '"-x" is no option' n list -qxa
check 'unknown option: more than one begin so' fails 2 '"--no" is no option: did you mean "--no-' n list --no
check 'a value that is not taken' fails 2 '^nisvctl: --all takes no value' n list --all=x
check 'unknown option: JSON, wherever it stands' fails 2 '^\{' n --frob list --json=short
check 'option of another verb' fails 2 'show has no option -a' n show -a "$vm"
check 'unknown JSON mode' fails 2 'pretty, short or off' n --json=yaml list
check 'missing argument' fails 2 'show needs a VM' n show
check 'extra argument' fails 2 'no further argument "b"' n show a b
check 'missing value' fails 2 '^nisvctl: --socket needs a value: "--socket PATH"' "$build/nisvctl" list --socket
check 'missing value of a letter' fails 2 '^nisvctl: -H needs a value: "-H HOST"' n list -H
check '--host and --file' fails 2 'exclude' n -H h --file x list
check '--bridge and a verb' fails 2 'bridge' n --bridge list
check '--help' exits 0 n --help
check '--help: nothing on standard error' test ! -s "$work/err"
check '--version' says '^nisvctl [0-9.]+$' n --version
check 'options before and after the verb' json '.vm' n -j show --no-pager "$vm" --no-legend
check '--json=off is text' says '^Name' n --json=off show "$vm"
check '--json=pretty' says '^  "vms"' n --json=pretty list
check '--json=short' test "$(n --json=short list | wc -l)" -eq 1
check 'output that cannot be written' fails 1 'No space left' bash -c \
	"'$build/nisvctl' --socket '$socket' list >/dev/full"

# ---- the other side of --host (more in remote.sh) ----------------------------------------------------

check '--bridge: raw varlink' test "$(printf '{"method":"org.varlink.service.GetInfo"}\0' | n --bridge |
	tr -d '\0' | jq -r .parameters.product)" = nisvd
describe='{"method":"org.varlink.service.GetInterfaceDescription","parameters":{"interface":"io.nisvd.Monitor"}}'
check 'the interface text is served as it is written' diff daemon/edge/io.nisvd.Monitor.varlink \
	<(printf '%s\0' "$describe" | n --bridge | tr -d '\0' | jq -rj .parameters.description)

finish
