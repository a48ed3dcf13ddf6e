/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/format.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

const char *format_bytes(uint64_t bytes, char buf[FORMAT_MAX])
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	unsigned int unit = 0;
	double value = (double)bytes;

	if (bytes >= INT64_MAX) {
		snprintf(buf, FORMAT_MAX, "the rest");
		return buf;
	}
	for (; value >= 1024 && unit < 6; unit++)
		value /= 1024;
	/* Sizes are mostly round: no ".0". */
	if (value - (double)(uint64_t)value < 0.05 || value >= 100)
		snprintf(buf, FORMAT_MAX, "%.0f %s", value, units[unit]);
	else
		snprintf(buf, FORMAT_MAX, "%.1f %s", value, units[unit]);
	return buf;
}

const char *format_duration(uint64_t seconds, char buf[FORMAT_MAX])
{
	uint64_t minutes = seconds / 60, hours = minutes / 60, days = hours / 24;

	if (seconds < 60)
		snprintf(buf, FORMAT_MAX, "%" PRIu64 " s", seconds);
	else if (hours < 1)
		snprintf(buf, FORMAT_MAX, "%" PRIu64 " min", minutes);
	else if (days < 1)
		snprintf(buf, FORMAT_MAX, "%" PRIu64 " h %" PRIu64 " min", hours, minutes % 60);
	else
		snprintf(buf, FORMAT_MAX, "%" PRIu64 " d %" PRIu64 " h", days, hours % 24);
	return buf;
}

static const char *fixed(const char *text, char buf[FORMAT_MAX])
{
	snprintf(buf, FORMAT_MAX, "%s", text);
	return buf;
}

const char *format_iso(time_t seconds, unsigned int usec, char buf[FORMAT_MAX])
{
	struct tm tm;
	size_t n;

	if (!gmtime_r(&seconds, &tm))
		return fixed("", buf);
	n = strftime(buf, FORMAT_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + n, FORMAT_MAX - n, ".%06uZ", usec);
	return buf;
}

static bool parse_iso(const char *iso, time_t *ret, unsigned int *ret_usec)
{
	struct tm tm = {0};
	const char *rest = strptime(iso, "%Y-%m-%dT%H:%M:%S", &tm);

	*ret_usec = 0;
	if (!rest || (*rest != 'Z' && *rest != '.'))
		return false;
	if (*rest == '.' && sscanf(rest, ".%6uZ", ret_usec) != 1)
		return false;
	*ret = timegm(&tm);
	return true;
}

/* Seconds of a trace's clock, "1234.567890": nobody knows their date. */
static bool is_trace_time(const char *text)
{
	size_t seconds = strspn(text, "0123456789");

	return seconds && seconds < 16 && text[seconds] == '.' &&
	       strspn(text + seconds + 1, "0123456789") == strlen(text + seconds + 1) &&
	       strlen(text) < 32;
}

const char *format_ago(const char *iso, char buf[FORMAT_MAX])
{
	char duration[FORMAT_MAX];
	unsigned int usec;
	time_t t, now = time(NULL);

	if (is_trace_time(iso)) {
		snprintf(buf, FORMAT_MAX, "at %.30s", iso);
		return buf;
	}
	if (!parse_iso(iso, &t, &usec))
		return fixed("-", buf);
	if (t >= now)
		return fixed("now", buf);
	snprintf(buf, FORMAT_MAX, "%.40s ago", format_duration((uint64_t)(now - t), duration));
	return buf;
}

static bool local(const char *iso, struct tm *ret, unsigned int *ret_usec)
{
	time_t t;

	return parse_iso(iso, &t, ret_usec) && localtime_r(&t, ret);
}

const char *format_time(const char *iso, char buf[FORMAT_MAX])
{
	unsigned int usec;
	struct tm tm;

	if (!local(iso, &tm, &usec))
		return fixed("-", buf);
	strftime(buf, FORMAT_MAX, "%Y-%m-%d %H:%M:%S", &tm);
	return buf;
}

const char *format_since(const char *iso, char buf[FORMAT_MAX * 2])
{
	char when[FORMAT_MAX], ago[FORMAT_MAX];

	if (is_trace_time(iso))
		snprintf(buf, FORMAT_MAX * 2, "%.30s of the trace's clock", iso);
	else
		snprintf(buf, FORMAT_MAX * 2, "%s (%s)", format_time(iso, when),
			 format_ago(iso, ago));
	return buf;
}

const char *format_clock(const char *iso, char buf[FORMAT_MAX])
{
	unsigned int usec;
	struct tm tm;
	size_t n;

	if (is_trace_time(iso))
		return fixed(iso, buf);
	if (!local(iso, &tm, &usec))
		return fixed("-", buf);
	n = strftime(buf, FORMAT_MAX, "%H:%M:%S", &tm);
	snprintf(buf + n, FORMAT_MAX - n, ".%06u", usec);
	return buf;
}

const char *format_between(const char *since, const char *until, char buf[FORMAT_MAX])
{
	unsigned int from_usec, to_usec;
	int64_t usec;
	time_t from, to;

	if (!parse_iso(since, &from, &from_usec) || !parse_iso(until, &to, &to_usec))
		return fixed("-", buf);
	usec = ((int64_t)to - (int64_t)from) * 1000000 + (int64_t)to_usec - (int64_t)from_usec;
	usec = usec < 0 ? 0 : usec;
	if (usec < 1000)
		snprintf(buf, FORMAT_MAX, "%" PRId64 " us", usec);
	else if (usec < 1000000)
		snprintf(buf, FORMAT_MAX, "%" PRId64 " ms", usec / 1000);
	else if (usec < 60000000)
		snprintf(buf, FORMAT_MAX, "%.1f s", (double)usec / 1e6);
	else
		format_duration((uint64_t)usec / 1000000, buf);
	return buf;
}

const char *format_counted(int64_t count, const char *noun, char buf[FORMAT_MAX])
{
	snprintf(buf, FORMAT_MAX, "%" PRId64 " %s%s", count, noun, count == 1 ? "" : "s");
	return buf;
}

const char *format_times(int64_t count, char buf[FORMAT_MAX])
{
	if (count == 1)
		return fixed("once", buf);
	snprintf(buf, FORMAT_MAX, "%" PRId64 " times", count);
	return buf;
}

const char *format_rate(double per_second, char buf[FORMAT_MAX])
{
	if (per_second <= 0)
		return fixed("0", buf);
	if (per_second < 10)
		snprintf(buf, FORMAT_MAX, "%.1f", per_second);
	else if (per_second < 1e6)
		snprintf(buf, FORMAT_MAX, "%.0f", per_second);
	else
		snprintf(buf, FORMAT_MAX, "%.1fM", per_second / 1e6);
	return buf;
}

const char *format_confidence(double confidence)
{
	return confidence >= 0.9 ? "certain" : confidence >= 0.7 ? "likely" : "possible";
}
