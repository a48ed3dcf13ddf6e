/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_SITES_JSON_H
#define NISVD_SITES_JSON_H

#include "daemon/core/faultmap.h"

struct json_object;

struct sites_json_source {
	const struct faultmap *faults; /* NULL: no site */
	const char *arch;
};

/*
 * All sites and places of a fault map in address order, as one array that is made while it is
 * printed: 10,000 sites in memory at once are 160,000 objects, and most of the time goes into them.
 * @source is borrowed, and must live and stay as it is until then.
 */
struct json_object *sites_to_json(struct sites_json_source *source);

#endif
