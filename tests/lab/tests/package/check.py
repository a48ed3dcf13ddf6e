# SPDX-License-Identifier: GPL-2.0-or-later
"""Each step of the package's life leaves what a Debian administrator expects; the last one nothing."""

import lab

SERVICE, SOCKET, TIMER = "nisvd.service", "nisvd.socket", "nisvd-metrics.timer"

output, check = lab.run()


def units(step, service, socket, timer):
    for unit, state in ((SERVICE, service), (SOCKET, socket), (TIMER, timer)):
        check.equal(f"{step}: {unit}", state, output.one(f"{step}.{unit}"))


for step in ("install", "upgrade", "remove", "purge", "locked"):
    check.equal(f"{step}: dpkg succeeds", 0, output.one(f"{step}.status"))

check.equal("AppArmor is enabled, its profiles are loaded", "active Y", output.one("apparmor"))

# Installed.
units("install", "enabled active", "enabled active", "disabled inactive")
check.equal("installed as it was packaged", [], output.all("differs"))
check.true("the smoke test of the package passes", output.one("smoke") == "well", output.all("smoke.said"))
check.equal("a user of its own", "nisvd", output.one("user"))
version, following = (str(output.one(f"{step}.package")).removeprefix("installed ")
                      for step in ("install", "upgrade"))
check.equal("the program's version is the package's", f"nisvd {version}", output.one("version"))
told = output.one("told") or [None] * 4
check.equal("a VM that is killed: the journal tells", ["vm-killed", SERVICE], told[1:3])
check.equal("a member of the group is told", ["victim", "fatal"], output.one("warden"))
check.equal("nobody else is", 4, output.one("stranger.status"))
check.contains("who is refused hears what to do", "usermod -aG nisv stranger", str(output.all("stranger")))

# Upgraded.
units("upgrade", "enabled active", "enabled active", "enabled active")
check.equal("upgrade: the next version", f"{version}+next", following)
check.true("upgrade: another process", output.one("upgrade.from") != output.one("upgrade.to"),
           output.one("upgrade.to"))
check.equal("upgrade: one restart", 1, output.one("upgrade.restarts"))
check.equal("upgrade: the administrator's settings", output.one("conf"), output.one("upgrade.conf"))
check.equal("upgrade: findings of before", told[0], output.one("upgrade.victim"))
check.equal("the VMM runs confined", "vmm (enforce)", output.one("storm.profile"))
made = output.one("storm")["vms"][0]["nisv"]
counted = [vm["aborts"]["nisv"] for vm in output.one("storm.vms")["vms"] if vm["name"] == "storm"]
check.true("a storm worth the name", made > 1000, made)
check.equal("upgrade: every fault is counted once", [made], counted)
check.nothing_lost(output.one("storm.lost"))

# Removed.
units("remove", " inactive", " inactive", " inactive")
check.equal("removed: no unit is known", "not-found", output.one("remove.loaded"))
check.equal("removed: no process", 0, output.one("remove.processes"))
check.equal("removed: settings stay, and nothing in /run", "/etc/nisvd/nisvd.conf", output.one("remove.left"))
check.true("nisvd has BPF programs", len(output.all("running.programs")) > len(output.all("before.programs")),
           output.all("running.programs"))
check.equal("removed: no BPF program or map of it", output.all("before.programs"), output.all("after.programs"))

# Purged.
check.equal("purged: dpkg knows it no more", "", output.one("purge.package"))
check.equal("purged: the only new file is dpkg's log, but for those of journald", ["/var/log/dpkg.log"],
            [path for path in output.all("new") if not path.startswith("/var/log/journal/")])
check.equal("purged: no message in the catalog", 0, output.one("catalog"))
check.equal("purged: its users stay, locked", ["nisvd L /usr/sbin/nologin", "nisvd-metrics L /usr/sbin/nologin"],
            output.all("users"))
# Locked down.
check.equal("kernel lockdown: --check says that nisvd cannot work", 2, output.one("locked.check.status"))
check.contains("kernel lockdown: --check names it", "lockdown (confidentiality)", str(output.all("locked.check")))
check.contains("kernel lockdown: --check knows a way", "lockdown=integrity", str(output.all("locked.check")))
check.equal("kernel lockdown: the service does not pretend", 1, output.one("locked.start"))
check.equal("kernel lockdown: nor is it started again and again", "failed exit-code 69 0",
            output.one("locked.state"))
check.contains("kernel lockdown: systemctl status says why",
               'Status: "Cannot watch KVM: kernel lockdown (confidentiality) forbids BPF to read kernel memory"',
               "\n".join(str(line) for line in output.all("locked.systemctl")))
check.contains("kernel lockdown: its log says why", "lockdown", str(output.all("locked.said")))

check.note(f"{made} faults")
check.finish()
