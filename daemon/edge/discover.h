/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_DISCOVER_H
#define NISVD_DISCOVER_H

#include <stdbool.h>
#include <stddef.h>

#include "include/nisv_record.h"

struct capture;

struct discover_result {
	struct nisv_vm_key *keys; /* of the VMs found, each once, sorted by kvm, then ino */
	size_t n_keys;
	bool complete; /* every open file of every process was looked at */
};

/*
 * Finds the VMs that are alive now, through the files that processes hold open (a task_file
 * iterator), and hands a NISV_REC_VM and a NISV_REC_LAYOUT record of each, once, to the capture's
 * ops: with seq 0, the VM's file descriptor, and no command line. May be called again at any time.
 * 0, or -errno; the caller clears @ret with discover_clear() after success.
 *
 * A VM that a complete scan does not find has ended, or lives on only in its vCPUs' files or in
 * files in flight (SCM_RIGHTS).
 */
int discover_run(struct capture *capture, struct discover_result *ret);
void discover_clear(struct discover_result *result);
bool discover_has(const struct discover_result *result, const struct nisv_vm_key *vm);

#endif
