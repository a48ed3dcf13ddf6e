# SPDX-License-Identifier: GPL-2.0-or-later
# A VMM that may do what it needs and nothing else, and lets nobody look into it: what libvirt's profiles do.
profile vmm /usr/local/bin/testvmm flags=(attach_disconnected) {
  /usr/local/bin/testvmm mrix,
  /dev/kvm rw,
  /dev/null rw,
  /tmp/*/** rw,
  /proc/** r,
  /sys/** r,
  signal peer=vmm,
  signal (receive) peer=unconfined,
}
