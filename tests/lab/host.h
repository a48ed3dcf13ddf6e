/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_LAB_HOST_H
#define NISVD_LAB_HOST_H

#include <sys/types.h>

/*
 * `host TIMEOUT VERBOSE QEMU ARGS...`: runs QEMU with the guest's channel and console on its own
 * descriptors, passes COMMAND's output through and returns its exit status; 124 when TIMEOUT
 * (seconds) is over, 1 when there was no COMMAND to have a status, 2 for wrong arguments. VERBOSE
 * is 0 or 1: copy console and nisvd's log to standard error.
 */
int host_main(int argc, char **argv);

/* A running QEMU. (host_qemu.c) */
struct host_qemu {
	pid_t pid;
	int channel; /* frames of frame.h */
	int console; /* the kernel's console and what QEMU itself prints */
};

/*
 * Starts @argv (NULL-terminated) with two options appended: its serial port and a PCI serial port,
 * each on a socket. The kernel kills it when this process ends, however it ends. Returns 0 or
 * -errno; an execution that fails is said on the console, followed by its end.
 */
int host_qemu_start(struct host_qemu *qemu, char *const *argv);

/* Kills QEMU and waits for its end. */
void host_qemu_kill(struct host_qemu *qemu);

#endif
