/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_CONFIG_H
#define NISVD_CONFIG_H

/* nisvd.conf and its drop-ins: nisvd.conf(5) has the meaning of each key. */

#include <stdint.h>

#include "daemon/edge/capture.h"

#define CONFIG_NAME_MAX 64

/* What the rest of nisvd has room for per VM (daemon/core/faultmap.h), and the defaults. */
#define CONFIG_SITES  10240
#define CONFIG_PLACES 2048

struct config {
	/* [Capture] CountMMIO=, InspectGuestMemory=, SitesPerVM=, PlacesPerVM=, RecordsPerSecond=
	 */
	struct capture_options capture;
	unsigned int mmio_storm_rate;	    /* [Capture] MMIOStormRate=, a second, 1..100000000 */
	unsigned int journal_per_minute;    /* [Journal] EntriesPerMinute=, per VM, 1..600 */
	uint64_t dossier_bytes;		    /* [Dossiers] MaxBytes=, of all, 8M..1T */
	uint64_t dossier_age_s;		    /* [Dossiers] MaxAge=, 0: for ever, 1h..10000d */
	char socket_group[CONFIG_NAME_MAX]; /* [Socket] Group=, "" leaves the daemon's own */
	unsigned int clients;		    /* [Socket] Clients=, 1..1024 */
};

void config_defaults(struct config *config);

/*
 * Reads @path and then every *.conf file in the folder "@path.d", in the order of their names;
 * later values win. With @required false an absent @path is no error. Every unknown key and bad
 * value is logged with file and line; the others are still read. Returns 0, or -EINVAL when
 * anything was logged.
 */
int config_read(struct config *config, const char *path, bool required);

#endif
