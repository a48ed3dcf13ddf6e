/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_BENCH_LATENCY_H
#define NISV_BENCH_LATENCY_H

#include "sample.h"

/*
 * How long after the return of a failing KVM_RUN `nisvctl explain` has printed its cause: with a
 * real nisvd, the first it sees of each of @tries VMs. Adds milliseconds to @sample. 0 or -errno,
 * logged.
 */
int latency_measure(unsigned int tries, struct sample *sample);

#endif
