/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_UNIT_H
#define NISVD_TESTS_UNIT_H

/* What every unit test includes first: cmocka with the headers it needs, and small helpers. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/draw.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* assert_non_null(strstr()) with a message that shows the text. */
#define assert_contains(text, part)                                             \
	do {                                                                    \
		if (!strstr(text, part))                                        \
			fail_msg("\"%s\" does not contain \"%s\"", text, part); \
	} while (0)

#endif
