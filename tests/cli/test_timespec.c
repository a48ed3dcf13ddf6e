/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Moments as people write them. What systemd says of each: systemd-analyze timestamp. */

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "cli/timespec.h"
#include "tests/unit/unit.h"

#define SECOND 1000000ULL
#define NOW    (1764504000ULL * SECOND + 250000) /* 2025-11-30 12:00:00.25 UTC, a Sunday */

static void use_zone(const char *zone)
{
	assert_int_equal(setenv("TZ", zone, 1), 0);
	tzset();
}

static void is(const char *text, uint64_t seconds, uint64_t usec)
{
	uint64_t found = 0;

	if (timespec_parse(text, NOW, &found) < 0)
		fail_msg("\"%s\" is not understood", text);
	if (found != seconds * SECOND + usec)
		fail_msg("\"%s\" is %llu, not %llu", text, (unsigned long long)found,
			 (unsigned long long)(seconds * SECOND + usec));
}

static void test_dates(void **state)
{
	(void)state;
	use_zone("UTC");
	is("2025-11-30 12:00", 1764504000, 0);
	is("2025-11-30 12:00:01", 1764504001, 0);
	is("2025-11-30 12:00:01.5", 1764504001, 500000);
	is("2025-11-30 12:00:01.1234567", 1764504001, 123456);
	is("2025-11-30", 1764460800, 0);
	is("2025-1-2 3:04", 1735787040, 0);
	is("12:00", 1764504000, 0);
	is("23:59:59", 1764547199, 0);
	is("2024-02-29", 1709164800, 0);
	is("1970-01-01", 0, 0);
	is("  2025-11-30 ", 1764460800, 0);
	is("@1764500000", 1764500000, 0);
	is("@1764500000.25", 1764500000, 250000);
	is("@0", 0, 0);
}

static void test_zones(void **state)
{
	(void)state;
	/* No file of /usr/share/zoneinfo is needed for these: POSIX has the rules in the value. */
	use_zone("CET-1CEST,M3.5.0,M10.5.0/3");
	is("2025-11-30 13:00", 1764504000, 0);
	is("2025-07-01 14:00", 1751371200, 0);
	is("13:00", 1764504000, 0);
	is("today", 1764457200, 0);
	is("2025-11-30T12:00:00Z", 1764504000, 0);
	is("2025-11-30T12:00:00.123456Z", 1764504000, 123456);
	is("2025-11-30 12:00:00 UTC", 1764504000, 0);
	is("2025-11-30T13:00:00+01:00", 1764504000, 0);
	is("2025-11-30T04:00:00-0800", 1764504000, 0);
	is("2025-11-30 UTC", 1764460800, 0);
	/* A day is not always 24 hours long. */
	use_zone("PST8PDT,M3.2.0,M11.1.0");
	is("2025-11-02 00:00", 1762066800, 0);
	is("2025-11-03 00:00", 1762156800, 0);
	use_zone("UTC");
}

static void test_words(void **state)
{
	(void)state;
	use_zone("UTC");
	is("now", 1764504000, 250000);
	is("today", 1764460800, 0);
	is("Yesterday", 1764374400, 0);
	is("tomorrow", 1764547200, 0);
}

static void test_spans(void **state)
{
	(void)state;
	is("-1h", 1764500400, 250000);
	is("1h ago", 1764500400, 250000);
	is("1 hour ago", 1764500400, 250000);
	is("-1 hour", 1764500400, 250000);
	is("- 90 min", 1764498600, 250000);
	is("2h30min ago", 1764495000, 250000);
	is("1d 2h ago", 1764410400, 250000);
	is("-2 weeks", 1763294400, 250000);
	is("+5m", 1764504300, 250000);
	is("-30s", 1764503970, 250000);
	is("-250ms", 1764504000, 0);
	is("1 month ago", 1761874200, 250000);
	is("-1y", 1732946400, 250000);
}

static void test_refused(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		"soon",
		"nowish",
		"12",
		"1h",
		"1h ago!",
		"ago",
		"-",
		"+",
		"--1h",
		"-1",
		"-1 fortnight",
		"-h",
		"1h2 ago",
		"-9999999999s",
		"-999999999y",
		"-999999999y 999999999y 999999999y",
		"-100y",
		"+9999y",
		"25:00",
		"12:60",
		"12:00:60",
		"12:0",
		"12:00:",
		"12:00 UTC+1",
		"2025-11-31",
		"2025-02-29",
		"2025-13-01",
		"2025-00-10",
		"2025-11-00",
		"25-11-30",
		"2025-11-30T",
		"2025-11-30x",
		"2025-11-30 12",
		"2025-11-30T12:00:00.Z",
		"2025-11-30T12:00:00+1",
		"2025-11-30T12:00:00+25:00",
		"1969-12-31",
		"@",
		"@-1",
		"@1.",
		"@1e9",
		"@9999999999999999999999",
		"@999999999999",
		"\xff",
	};

	(void)state;
	use_zone("UTC");
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		uint64_t found = 4711;

		if (timespec_parse(texts[i], NOW, &found) != -EINVAL || found != 4711)
			fail_msg("\"%s\" is taken for %llu", texts[i], (unsigned long long)found);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dates),	cmocka_unit_test(test_zones),
		cmocka_unit_test(test_words),	cmocka_unit_test(test_spans),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
