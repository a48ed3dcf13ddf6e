/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_SITES_JSON_H
#define NISVD_SITES_JSON_H

#include "daemon/core/faultmap.h"

struct json_object;

/*
 * All sites and places of a fault map in address order, as one array that is made while it is
 * printed: 10,000 sites in memory at once are 160,000 objects, and most of the time goes into them.
 * @faults and @arch are borrowed, and must live and stay as they are until then. NULL: no site.
 */
struct json_object *sites_to_json(const struct faultmap *faults, const char *arch);

#endif
