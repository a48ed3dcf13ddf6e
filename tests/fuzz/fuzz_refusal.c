/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libbpf and the kernel's verifier say of a program: capture_obstacle_of_program(). */
#include "daemon/edge/capture_obstacle.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	struct capture_obstacle why = {};

	MUST(text);
	capture_obstacle_of_program(&why, -22, text);
	MUST(why.err < 0 && why.how_to_get);
	MUST(memchr(why.reason, 0, sizeof(why.reason)));
	free(text);
	return 0;
}
