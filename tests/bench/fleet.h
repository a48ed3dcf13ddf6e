/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_BENCH_FLEET_H
#define NISV_BENCH_FLEET_H

/* Many VMs in this process that do nothing. */
struct fleet;

/* @vms VMs of one vCPU and @slots (up to 500) slots each. 0 or -errno, logged. */
int fleet_new(unsigned int vms, unsigned int slots, struct fleet **ret);
void fleet_free(struct fleet *fleet); /* takes NULL */

#endif
