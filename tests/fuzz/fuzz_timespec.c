/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A moment as people write it: timespec_parse(). The first byte chooses the time zone. */
#include <errno.h>
#include <time.h>

#include "cli/timespec.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const zones[] = {"UTC", "Europe/Berlin", "America/St_Johns",
					    "Pacific/Apia"};
	const uint64_t now_usec = 1764500000000000ULL, untouched = 7;
	struct input input = {data, size};
	uint64_t usec = untouched;
	char *text;
	int r;

	setenv("TZ", zones[input_byte(&input) % 4], 1);
	tzset();
	text = strndup((const char *)input.data, input.size);
	MUST(text);
	r = timespec_parse(text, now_usec, &usec);
	MUST(r == 0 || (r == -EINVAL && usec == untouched));
	/* The end of the year 9999. */
	MUST(r < 0 || usec < 253402300800000000ULL);
	free(text);
	return 0;
}
