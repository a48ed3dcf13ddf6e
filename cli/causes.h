/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_CAUSES_H
#define NISVCTL_CAUSES_H

/* explain --list-causes: what nisvd can find, from its rule table. */

#include "cli/cli.h"

/* All of them, or everything about the one that argv[0] names. An exit status. */
int causes_run(const struct options *options, int argc, char **argv);

#endif
