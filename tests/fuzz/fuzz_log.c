/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line of anybody's log: logline_parse(), regline_parse(), regline_bare(), logline_is_part(). */
#include "daemon/core/logline.h"
#include "fuzz.h"

static void values_must_hold(const struct named_value *values, size_t n)
{
	MUST(n <= NAMED_VALUES_MAX);
	for (size_t i = 0; i < n; i++) {
		must_be_printable(values[i].name, sizeof(values[i].name));
		MUST(values[i].name[0]);
		MUST(named_value_find(values, n, values[i].name));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct named_value values[NAMED_VALUES_MAX], bare[3];
	const char *line = (const char *)data;
	struct logline found = {};
	size_t n;

	if (logline_parse(line, size, &found)) {
		MUST(found.row && found.row->source && found.row->revision);
		values_must_hold(found.values, found.n_values);
	}
	values_must_hold(values, regline_parse(line, size, values));
	n = regline_bare(line, size, bare);
	MUST(n <= 3);
	values_must_hold(bare, n);
	logline_is_part(line, size);
	return 0;
}
