#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs the cases of x86_64.cases on this machine's KVM, all or those named, as root; the dossier of each as
# tagged lines.
#   tests/corpus/native.sh [NAME...]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
corpus=$(mktemp -d "${TMPDIR:-/tmp}/nisvd-corpus.XXXXXX")
trap 'kill $(jobs -p) 2>/dev/null; wait; rm -rf "$corpus"' EXIT

# shellcheck source=tests/native/zeropage
. "$top/tests/native/zeropage"
mkdir "$corpus/trees"
zero_page $((255 << 20)) >"$corpus/trees/larger.zeropage"
# Half as fast as a machine of its own may be enough for a virtual one.
printf "[Capture]\nMMIOStormRate=1000\n" >"$corpus/nisvd.conf"
mkfifo "$corpus/notify.fifo"
exec 3<>"$corpus/notify.fifo"
socat -u "UNIX-RECV:$corpus/notify" - >&3 &
until [[ -S $corpus/notify ]]; do :; done
NOTIFY_SOCKET=$corpus/notify NISVD_MACHINE_PATH=$top/daemon/machines "$top/build/x86_64/nisvd" --config "$corpus/nisvd.conf" \
	--socket "$corpus/socket" --state-dir "$corpus/state" --no-journal 2>"$corpus/log" &
while IFS= read -r -d = -u 3 line; do
	[[ $line != *READY ]] || break
done

PATH=$top/build/x86_64:$top/build/x86_64/tests:$PATH bash -s "$@" <<END
. "$here/run.sh"
corpus=$corpus trees=$corpus/trees
nisvctl() { command nisvctl --socket "$corpus/socket" "\$@"; }
tell() {
	printf 'case\t{"name":"%s","cause":"%s"}\n' "\$1" "\$2"
	nisvctl export "\$case_pid" | sed "s/^/dossier.\$1	/"
}
cases "$here/x86_64.cases" tell "\$@"
END
