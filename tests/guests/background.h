/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What goes on beside the vCPUs: slots that come and go, or change as a test orders it, dirty
 * logging, threads that change CPUs.
 */
#ifndef NISVD_TESTS_BACKGROUND_H
#define NISVD_TESTS_BACKGROUND_H

#include "crew.h"

struct background;

/* Starts one thread for each thing the options ask for; the VMs and the crew must outlive it. */
struct background *background_new(struct vm **vms, unsigned int n, struct crew *crew);

/* Stops and joins them; the churn slot is there again afterwards. Takes NULL. */
void background_free(struct background *background);

#endif
