/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/machined.h"

#include <sys/types.h>
#include <systemd/sd-login.h>

int machined_name(uint32_t pid, char **ret)
{
	char *name;
	int r = sd_pid_get_machine_name((pid_t)pid, &name);

	if (r < 0)
		return r;
	*ret = name;
	return 0;
}
