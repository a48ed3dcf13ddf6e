/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_LAYERS_TABLE_H
#define NISVCTL_LAYERS_TABLE_H

/* The layers side by side, one line for each stretch, in address order. */

#include "cli/layers.h"
#include "cli/term.h"

/* Never wider than the terminal. Long runs of stretches of one kind are folded. */
void layers_table_print(const struct term *term, const struct options *options,
			const struct layers *layers);

#endif
