/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/hostkernel.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct version {
	unsigned int major, minor, patch;
};

static bool read_version(const char *text, struct version *ret)
{
	return sscanf(text, "%4u.%4u.%4u", &ret->major, &ret->minor, &ret->patch) == 3;
}

/* "#1 SMP PREEMPT Debian 6.1.192-3 (2026-11-02)": release itself is 6.1.0-56-cloud-arm64. */
static bool read_build(const char *build, struct version *ret)
{
	static const char mark[] = "Debian ";
	const char *at = strstr(build, mark);

	return at && read_version(at + strlen(mark), ret);
}

/* The first release with the fix, of mainline and of each stable series that was alive. */
static const struct version s1ptw_fixed[] = {
	{6, 2, 0}, {6, 1, 7}, {5, 15, 89}, {5, 10, 164}, {5, 4, 229},
};

static bool is_at_least(const struct version *v, const struct version *fixed)
{
	if (v->major != fixed->major)
		return v->major > fixed->major;
	if (v->minor != fixed->minor)
		return v->minor > fixed->minor;
	return v->patch >= fixed->patch;
}

enum hostkernel_fix hostkernel_s1ptw(const char *release, const char *build)
{
	struct version v;
	bool is_stable = read_build(build, &v);

	if (!is_stable && !read_version(release, &v))
		return HOSTKERNEL_UNKNOWN;
	for (size_t i = 0; i < sizeof(s1ptw_fixed) / sizeof(s1ptw_fixed[0]); i++) {
		const struct version *fixed = &s1ptw_fixed[i];
		bool same_series = v.major == fixed->major && v.minor == fixed->minor;

		if (i == 0 ? is_at_least(&v, fixed) : same_series && is_at_least(&v, fixed))
			return HOSTKERNEL_HAS;
	}
	/* 6.1.0-18 may be any 6.1: a distribution's own numbering, with or without backports. */
	if (!is_stable && (v.patch == 0 || strchr(release, '-')))
		return HOSTKERNEL_UNKNOWN;
	return HOSTKERNEL_LACKS;
}
