# SPDX-License-Identifier: GPL-2.0-or-later
"""The unit writes whole files only, as a user of its own, and starts no nisvd that was stopped."""

import lab

output, check = lab.run()

check.equal("the timer is not enabled by itself", "disabled", output.one("enabled"))
check.equal("without node-exporter: no failure", 0, output.one("without.status"))
for run in ("first", "second", "timer"):
    text = [str(line) for line in output.all(f"{run}.text")]
    check.equal(f"{run}: whole", "# EOF", text[-1])
    check.equal(f"{run}: nothing else is there", "nisvd.prom", output.one(f"{run}.files"))
    check.equal(f"{run}: a file for all to read", "nisvd-metrics 644 regular file",
                output.one(f"{run}.owner"))
for run in ("first", "second", "planted"):
    check.equal(f"{run}: status", 0, output.one(f"{run}.status"))
check.equal("another run, another file", True, output.one("first.inode") != output.one("second.inode"))
text = " ".join(str(line) for line in output.all("first.text"))
check.contains("what it says: aborts", 'nisvd_aborts_total{kind="nisv"} 1', text)
check.equal("links of node-exporter's user are not followed", "same", output.one("planted.passwd"))

check.equal("nisvd stopped: no failure", 0, output.one("stopped.status"))
check.equal("nisvd stopped: it is not run", 1, output.one("stopped.skipped"))
check.equal("nisvd stopped: it stays so", "inactive", output.one("stopped.nisvd"))
check.equal("nisvd stopped: its socket listens", "active", output.one("stopped.socket"))
check.equal("no answer: it fails", 1, output.one("failed.status"))
said, user = (output.all("failed.said") or [["", "0"]])[-1]
check.contains("no answer: it says so", "nisvd is not running", said)
check.equal("it runs as a user of its own", str(output.one("failed.uid")), str(user))
for run in ("stopped", "failed"):
    check.true(f"{run}: the file stays", output.one(f"{run}.inode") == output.one("stopped.inode"),
               output.one(f"{run}.inode"))
    check.equal(f"{run}: nothing is left beside it", "nisvd.prom", output.one(f"{run}.files"))
check.finish()
