/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/timespec.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define USEC	 1000000ULL
#define USEC_MAX (253402300800ULL * USEC) /* 10000-01-01 */

/* ---- spans: "1h", "2 days 3 min" ---- */

/* systemd.time(7), "PARSING TIME SPANS"; a month is 30.44 days there, a year 365.25. */
static const struct unit {
	const char *name;
	uint64_t usec;
} units[] = {
	{"usec", 1},
	{"us", 1},
	{"msec", 1000},
	{"ms", 1000},
	{"seconds", USEC},
	{"second", USEC},
	{"sec", USEC},
	{"s", USEC},
	{"minutes", 60 * USEC},
	{"minute", 60 * USEC},
	{"min", 60 * USEC},
	{"m", 60 * USEC},
	{"hours", 3600 * USEC},
	{"hour", 3600 * USEC},
	{"hr", 3600 * USEC},
	{"h", 3600 * USEC},
	{"days", 86400 * USEC},
	{"day", 86400 * USEC},
	{"d", 86400 * USEC},
	{"weeks", 7 * 86400 * USEC},
	{"week", 7 * 86400 * USEC},
	{"w", 7 * 86400 * USEC},
	{"months", 2629800 * USEC},
	{"month", 2629800 * USEC},
	{"M", 2629800 * USEC},
	{"years", 31557600 * USEC},
	{"year", 31557600 * USEC},
	{"y", 31557600 * USEC},
};

/* At most nine digits: no sum of them overflows. */
static bool take_number(const char **at, uint64_t *ret)
{
	size_t n = strspn(*at, "0123456789");

	if (!n || n > 9)
		return false;
	*ret = 0;
	for (; n; n--)
		*ret = *ret * 10 + (uint64_t)(*(*at)++ - '0');
	return true;
}

static void skip_blanks(const char **at)
{
	*at += strspn(*at, " \t");
}

static bool take_unit(const char **at, uint64_t *ret_usec)
{
	size_t n = 0;

	while (isalpha((unsigned char)(*at)[n]))
		n++;
	for (size_t i = 0; n && i < sizeof(units) / sizeof(units[0]); i++)
		if (strlen(units[i].name) == n && !strncmp(units[i].name, *at, n)) {
			*at += n;
			*ret_usec = units[i].usec;
			return true;
		}
	return false;
}

/* Up to the end of the text, or of what is left before a word that is no unit. */
static bool take_span(const char **at, uint64_t *ret_usec)
{
	uint64_t sum = 0, number, unit;

	do {
		if (!take_number(at, &number))
			return false;
		skip_blanks(at);
		if (!take_unit(at, &unit))
			return false;
		/* Each is below 1e9 * 3.2e13. */
		if (number > USEC_MAX / unit || sum + number * unit > USEC_MAX)
			return false;
		sum += number * unit;
		skip_blanks(at);
	} while (isdigit((unsigned char)**at));
	*ret_usec = sum;
	return true;
}

static int parse_relative(const char *text, uint64_t now_usec, uint64_t *ret_usec)
{
	bool back = *text == '-', forth = *text == '+';
	uint64_t span;

	text += back || forth;
	skip_blanks(&text);
	if (!take_span(&text, &span))
		return -EINVAL;
	if (!back && !forth && !strcmp(text, "ago"))
		back = true;
	else if (*text || (!back && !forth))
		return -EINVAL;
	if (back ? span > now_usec : now_usec + span > USEC_MAX)
		return -EINVAL;
	*ret_usec = back ? now_usec - span : now_usec + span;
	return 0;
}

/* ---- dates ---- */

/* ".5", and more digits than there are microseconds. */
static bool take_fraction(const char **at, uint64_t *ret_usec)
{
	uint64_t scale = USEC;

	*ret_usec = 0;
	if (**at != '.')
		return true;
	(*at)++;
	if (!isdigit((unsigned char)**at))
		return false;
	for (; isdigit((unsigned char)**at); (*at)++) {
		scale /= 10;
		*ret_usec += scale * (uint64_t)(**at - '0');
	}
	return true;
}

/* @n digits, or fewer where the number may be short. */
static bool take_digits(const char **at, size_t least, size_t most, int *ret)
{
	size_t n = strspn(*at, "0123456789");

	if (n < least || n > most)
		return false;
	*ret = 0;
	for (; n; n--)
		*ret = *ret * 10 + (*(*at)++ - '0');
	return true;
}

static bool take(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

static bool take_day(const char **at, struct tm *tm)
{
	if (!take_digits(at, 4, 4, &tm->tm_year) || !take(at, '-') ||
	    !take_digits(at, 1, 2, &tm->tm_mon) || !take(at, '-') ||
	    !take_digits(at, 1, 2, &tm->tm_mday))
		return false;
	tm->tm_year -= 1900;
	tm->tm_mon -= 1;
	return true;
}

/* "12:00", "12:00:30", "12:00:30.5" */
static bool take_clock(const char **at, struct tm *tm, uint64_t *ret_usec)
{
	*ret_usec = 0;
	if (!take_digits(at, 1, 2, &tm->tm_hour) || !take(at, ':') ||
	    !take_digits(at, 2, 2, &tm->tm_min))
		return false;
	if (take(at, ':') && (!take_digits(at, 2, 2, &tm->tm_sec) || !take_fraction(at, ret_usec)))
		return false;
	return tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec < 60;
}

enum zone {
	ZONE_LOCAL,
	ZONE_UTC, /* and what is to be taken off */
	ZONE_BAD
};

/* "", "Z", " UTC", "+01:00", "-0800" */
static enum zone parse_zone(const char *text, long *ret_offset)
{
	int hours, minutes;
	bool west;

	*ret_offset = 0;
	skip_blanks(&text);
	if (!*text)
		return ZONE_LOCAL;
	if (!strcmp(text, "Z") || !strcmp(text, "UTC"))
		return ZONE_UTC;
	west = *text == '-';
	if (*text != '+' && !west)
		return ZONE_BAD;
	text++;
	/* 0800, or 08:00 */
	if (strspn(text, "0123456789") == 4) {
		minutes = (text[2] - '0') * 10 + (text[3] - '0');
		hours = (text[0] - '0') * 10 + (text[1] - '0');
		text += 4;
	} else if (!take_digits(&text, 2, 2, &hours) || !take(&text, ':') ||
		   !take_digits(&text, 2, 2, &minutes)) {
		return ZONE_BAD;
	}
	if (*text || hours > 14 || minutes > 59)
		return ZONE_BAD;
	*ret_offset = (hours * 60L + minutes) * (west ? -60L : 60L);
	return ZONE_UTC;
}

static int finish(struct tm *tm, uint64_t usec, const char *rest, uint64_t *ret_usec)
{
	const struct tm asked = *tm;
	long offset;
	enum zone zone = parse_zone(rest, &offset);
	time_t seconds;

	if (zone == ZONE_BAD)
		return -EINVAL;
	tm->tm_isdst = -1;
	seconds = zone == ZONE_LOCAL ? mktime(tm) : timegm(tm) - offset;
	/* 31 February would be 3 March. */
	if (tm->tm_mday != asked.tm_mday || tm->tm_mon != asked.tm_mon)
		return -EINVAL;
	if (seconds < 0 || (uint64_t)seconds >= USEC_MAX / USEC)
		return -EINVAL;
	*ret_usec = (uint64_t)seconds * USEC + usec;
	return 0;
}

static int parse_date(const char *text, uint64_t now_usec, uint64_t *ret_usec)
{
	const time_t now = (time_t)(now_usec / USEC);
	uint64_t usec = 0;
	struct tm tm = {};
	const char *at = text;

	if (strspn(text, "0123456789") == 4) {
		if (!take_day(&at, &tm))
			return -EINVAL;
		/* A date alone may be followed by a zone. */
		if (*at == 'T' || (*at == ' ' && isdigit((unsigned char)at[1]))) {
			at++;
			if (!take_clock(&at, &tm, &usec))
				return -EINVAL;
		}
	} else {
		struct tm today;

		if (!localtime_r(&now, &today))
			return -EINVAL;
		tm.tm_year = today.tm_year;
		tm.tm_mon = today.tm_mon;
		tm.tm_mday = today.tm_mday;
		if (!take_clock(&at, &tm, &usec) || *at)
			return -EINVAL;
	}
	return finish(&tm, usec, at, ret_usec);
}

/* 0:00 of the day that is @days after today. */
static int parse_day(int days, uint64_t now_usec, uint64_t *ret_usec)
{
	const time_t now = (time_t)(now_usec / USEC);
	time_t seconds;
	struct tm tm;

	if (!localtime_r(&now, &tm))
		return -EINVAL;
	tm = (struct tm){.tm_year = tm.tm_year,
			 .tm_mon = tm.tm_mon,
			 .tm_mday = tm.tm_mday + days,
			 .tm_isdst = -1};
	seconds = mktime(&tm);
	if (seconds < 0)
		return -EINVAL;
	*ret_usec = (uint64_t)seconds * USEC;
	return 0;
}

/* "@1764500000.25" */
static int parse_seconds(const char *text, uint64_t *ret_usec)
{
	size_t n = strspn(text, "0123456789");
	uint64_t seconds = 0, usec;

	if (!n || n > 12)
		return -EINVAL;
	for (; n; n--)
		seconds = seconds * 10 + (uint64_t)(*text++ - '0');
	if (!take_fraction(&text, &usec) || *text || seconds >= USEC_MAX / USEC)
		return -EINVAL;
	*ret_usec = seconds * USEC + usec;
	return 0;
}

int timespec_parse(const char *text, uint64_t now_usec, uint64_t *ret_usec)
{
	static const struct {
		const char *name;
		int days;
	} days[] = {{"today", 0}, {"yesterday", -1}, {"tomorrow", 1}};

	skip_blanks(&text);
	if (!strcasecmp(text, "now")) {
		*ret_usec = now_usec;
		return 0;
	}
	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++)
		if (!strcasecmp(text, days[i].name))
			return parse_day(days[i].days, now_usec, ret_usec);
	if (*text == '@')
		return parse_seconds(text + 1, ret_usec);
	if (!parse_relative(text, now_usec, ret_usec))
		return 0;
	return parse_date(text, now_usec, ret_usec);
}
