/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/core/machine.h"

const struct machine_kind machine_libkrun[] = {
	{NULL, NULL, NULL},
};
