/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/native/qemu_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

size_t qemu_line(const char *base, const char *options, const char *firmware, char *line,
		 size_t size, char *args[QEMU_ARGS_MAX])
{
	size_t len = 0, n = 0;
	char *copy, *rest, *word;

	assert_true(asprintf(&copy, "qemu-system-aarch64 %s %s", base, options) > 0);
	rest = copy;
	while ((word = strsep(&rest, " "))) {
		const char *text = strcmp(word, "FIRMWARE") ? word : firmware;

		if (!*word)
			continue;
		assert_true(n + 1 < QEMU_ARGS_MAX && len + strlen(text) + 1 <= size);
		args[n++] = line + len;
		len += (size_t)snprintf(line + len, size - len, "%s", text) + 1;
	}
	args[n] = NULL;
	free(copy);
	return len;
}
