/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_LAB_GUEST_H
#define NISVD_LAB_GUEST_H

#include <sys/types.h>

enum guest_role {
	GUEST_INIT,    /* PID 1 of the minimal guest: mounts, and starts nisvd itself */
	GUEST_SERVICE, /* lab.service of the image, where systemd does both */
};

/* The guest's end of the line. Never returns: it powers the guest off. */
int guest_main(enum guest_role role);

/*
 * Mounts what a host run by systemd has mounted when nisvd starts, and makes the folders its unit
 * would give it. What a kernel does not know is said on the console and left out. (guest_mount.c)
 */
void guest_mount(void);

/*
 * Makes a VM that lives as long as this process, has one vCPU that never runs, and that nobody
 * sees. Returns 0 or -errno, such as that of a kernel without KVM. (guest_vm.c)
 */
int guest_vm_keep(void);

/*
 * The UART on PCI, raw and 8 bit clean; the first one that the 8250 driver made real and that is
 * not the console. It is built into every Debian kernel (SERIAL_8250_PCI=y), while virtio is a
 * module on 5.10 and 6.1. Returns the fd or -errno. (guest_channel.c)
 */
int guest_channel_open(void);

/* A process started by PID 1. */
struct guest_child {
	const char *const *argv; /* argv[0] is looked up in PATH */
	int out, err;		 /* its standard output and error */
	const char *notify;	 /* its NOTIFY_SOCKET (sd_notify(3)), or NULL */
};

/*
 * Starts @child in a session of its own with standard input from /dev/null. When it cannot be
 * executed the child says why on its standard error and exits as a shell does: 127 not found, 126
 * otherwise. Returns the pid or -errno. (guest_spawn.c)
 */
pid_t guest_spawn(const struct guest_child *child);

#endif
