/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_MACHINEFILE_CASE_H
#define NISVD_TESTS_MACHINEFILE_CASE_H

/* Folders of reference maps, and what is logged of them. */

#include "daemon/edge/machinefile.h"
#include "tests/cli/scratch.h"

#define UART                                                                              \
	"{\"name\":\"UART\",\"source\":\"s\",\"base\":\"0x9000000\",\"size\":\"0x1000\"," \
	"\"class\":\"device\"}"

static struct scratch scratch;

static inline int set_up(void **state)
{
	(void)state;
	scratch_open(&scratch);
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	scratch_close(&scratch);
	return 0;
}

static inline const char *board(const char *id, const char *regions)
{
	static char text[16384];

	snprintf(text, sizeof(text),
		 "{\"id\":\"%s\",\"vmm\":\"qemu\",\"arch\":\"arm64\",\"match\":\"x\",\"regions\":[%"
		 "s]}",
		 id, regions);
	return text;
}

/* Loads @path and returns what was logged. */
static inline const char *load(const char *path, struct machines *ret)
{
	int r;

	scratch_listen(&scratch);
	r = machinefile_load(path, ret);
	scratch_logged(&scratch);
	assert_int_equal(r, 0);
	return scratch.log;
}

static inline const struct machine *find_map(const struct machines *machines, const char *id)
{
	for (size_t i = 0; i < machines->n; i++)
		if (!strcmp(machines->list[i].id, id))
			return &machines->list[i];
	fail_msg("there is no map %s", id);
	return NULL;
}

#endif
