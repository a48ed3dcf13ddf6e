/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_BENCH_ANSWERS_H
#define NISV_BENCH_ANSWERS_H

/* What scans, answers and diagnoses take: each measures, @tries times, and prints. */

#define ANSWERS_SCANS "scan of the host"
#define ANSWERS_SCALE "1,000 VMs"
#define ANSWERS_SITES "10,000 sites of one VM"

/* 0 or -errno, logged. */
int answers_scans(unsigned int tries);
int answers_scale(unsigned int tries);
int answers_explain(unsigned int tries);
int answers_judgements(unsigned int tries);
int answers_latency(unsigned int tries);

#endif
