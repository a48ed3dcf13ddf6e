/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of the VMs' slots that a test orders while they run: --control and --acks. */
#ifndef NISVD_TESTS_CONTROL_H
#define NISVD_TESTS_CONTROL_H

#include "vm.h"

struct control;

/*
 * Opens the files that the options name; the VMs must outlive it. NULL without --control. Ends the
 * process with EXIT_USAGE when a file cannot be opened.
 */
struct control *control_new(struct vm **vms, unsigned int n);

/*
 * Carries out commands as they come, until stop_fd is readable. A command that cannot be read ends
 * the process with EXIT_USAGE; one that KVM refuses is answered with the errno.
 */
void control_run(struct control *control, int stop_fd);

/* Takes NULL. */
void control_free(struct control *control);

#endif
