/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nisvd.conf: config_read(). */
#include <errno.h>

#include "daemon/edge/config.h"
#include "daemon/edge/log.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config config;
	int r;

	log_set_level(-1);
	config_defaults(&config);
	r = config_read(&config, input_path(data, size), true);
	MUST(r == 0 || r == -EINVAL);
	MUST(config.mmio_storm_rate >= 1 && config.mmio_storm_rate <= 100000000);
	MUST(config.journal_per_minute >= 1 && config.journal_per_minute <= 600);
	MUST(config.clients >= 1 && config.clients <= 1024);
	MUST(config.dossier_bytes >= 8ULL << 20 && config.dossier_bytes <= 1ULL << 40);
	MUST(memchr(config.socket_group, 0, sizeof(config.socket_group)));
	return 0;
}
