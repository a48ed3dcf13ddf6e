# SPDX-License-Identifier: GPL-2.0-or-later
"""The unit writes whole files only, as nobody in particular, and nothing where it has no business."""

import lab

output, check = lab.run()

check.equal("the timer is not enabled by itself", "disabled", output.one("enabled"))
check.equal("without node-exporter: no failure", 0, output.one("without.status"))
check.equal("without node-exporter: it is left alone", "no", output.one("without.condition"))
for run in ("first", "second", "timer"):
    text = [str(line) for line in output.all(f"{run}.text")]
    check.equal(f"{run}: whole", "# EOF", text[-1])
    check.equal(f"{run}: nothing else is there", "nisvd.prom", output.one(f"{run}.files"))
    check.equal(f"{run}: a file for all to read", "root 644 regular file", output.one(f"{run}.owner"))
for run in ("first", "second"):
    check.equal(f"{run}: status", 0, output.one(f"{run}.status"))
check.equal("another run, another file", True, output.one("first.inode") != output.one("second.inode"))
text = " ".join(str(line) for line in output.all("first.text"))
check.contains("what it says: aborts", 'nisvd_aborts_total{kind="nisv"} 1', text)
check.equal("without nisvd: it fails", 1, output.one("failed.status"))
said, user = (output.all("failed.said") or [["", "0"]])[-1]
check.contains("without nisvd: it says so", "nisvd is not running", said)
# Of systemd's dynamic users: systemd.exec(5), DynamicUser=.
check.true("it runs as nobody in particular", 61184 <= int(user) <= 65519, user)
check.equal("without nisvd: the file stays", output.one("second.inode"), output.one("failed.inode"))
check.equal("without nisvd: nothing is left beside it", "nisvd.prom", output.one("failed.files"))
check.finish()
