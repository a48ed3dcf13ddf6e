/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The values of the options that say what a VM is made of. As in value.h, a wrong value ends the
 * process with EXIT_USAGE.
 */
#ifndef NISVD_TESTS_OPTIONS_MACHINE_H
#define NISVD_TESTS_OPTIONS_MACHINE_H

#include "options.h"

/* "ADDR,SIZE[,ro][,BACKING][,smm]" */
void slot_parse(const char *text, struct slot_option *slot);

/* "N[,ADDR,SIZE,STEP]": N slots, each STEP bytes after the one before. */
void slots_parse(const char *text, struct options *options);

/* "ADDR,SIZE[,US]" */
void churn_parse(const char *text, struct options *options);

/* "v3|v2|none[,DIST[,REDIST_OR_CPU]]" */
void vgic_parse(char *text, struct options *options);

/* "ADDR,COUNT" */
void redist_parse(const char *text, struct options *options);

/* "ADDR[,LEN]" */
void ioeventfd_parse(const char *text, struct options *options);

/* "none", "split" or "kernel" */
enum irqchip irqchip_parse(const char *text);

/* "FILE@ADDR": reads the file to its end, so it may be a FIFO. */
void blob_parse(char *text, struct options *options);

#endif
