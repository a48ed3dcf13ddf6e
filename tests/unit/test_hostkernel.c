/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Whether the host's kernel has a fix, by its version. */

#include "tests/unit/unit.h"

#include "daemon/core/hostkernel.h"

static void assert_fix(const char *release, const char *build, enum hostkernel_fix expected)
{
	enum hostkernel_fix fix = hostkernel_s1ptw(release, build);

	if (fix != expected)
		fail_msg("%s (%s) is %d, expected %d", release, build, fix, expected);
}

/* 406504c7b040 is in 6.2, 6.1.7, 5.15.89, 5.10.164, 5.4.229. */
static void kernels_of_kernel_org(void **state)
{
	static const char *const has[] = {
		"6.2.0",   "6.2.16",   "6.12.0",   "7.0.0",    "7.1.8",	  "6.1.7",   "6.1.192",
		"5.15.89", "5.15.199", "5.10.164", "5.10.223", "5.4.229", "5.4.300",
	};
	static const char *const lacks[] = {
		"6.1.6",  "6.1.1",    "6.0.19", "6.0.7",  "5.19.17", "5.16.20",	 "5.15.88",
		"5.15.1", "5.10.163", "5.9.16", "5.5.19", "5.4.228", "4.19.325", "4.14.336",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(has); i++)
		assert_fix(has[i], "#1 SMP", HOSTKERNEL_HAS);
	for (size_t i = 0; i < ARRAY_SIZE(lacks); i++)
		assert_fix(lacks[i], "#1 SMP", HOSTKERNEL_LACKS);
	/* A name of somebody's own behind a version that has it anyway. */
	assert_fix("6.6.1-mine", "", HOSTKERNEL_HAS);
	assert_fix("6.1.12-android", "", HOSTKERNEL_HAS);
}

/* The stable version is in the build string. */
static void kernels_of_debian(void **state)
{
	(void)state;
	assert_fix("6.1.0-56-cloud-arm64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-3 (2026-11-02)",
		   HOSTKERNEL_HAS);
	assert_fix("6.1.0-1-arm64", "#1 SMP Debian 6.1.4-1 (2023-01-07)", HOSTKERNEL_LACKS);
	assert_fix("6.1.0-2-arm64", "#1 SMP Debian 6.1.7-1 (2023-01-18)", HOSTKERNEL_HAS);
	assert_fix("5.10.0-20-arm64", "#1 SMP Debian 5.10.158-2 (2022-12-13)", HOSTKERNEL_LACKS);
	assert_fix("5.10.0-21-arm64", "#1 SMP Debian 5.10.162-1 (2023-01-21)", HOSTKERNEL_LACKS);
	assert_fix("5.10.0-32-cloud-arm64", "#1 SMP Debian 5.10.223-1 (2024-08-10)",
		   HOSTKERNEL_HAS);
	assert_fix("6.0.0-6-arm64", "#1 SMP Debian 6.0.12-1 (2022-12-09)", HOSTKERNEL_LACKS);
	assert_fix("6.12.9+bpo-arm64", "#1 SMP Debian 6.12.9-1~bpo12+1 (2025-01-19)",
		   HOSTKERNEL_HAS);
	/* A release candidate tells less than three numbers. */
	assert_fix("6.1.0-0-arm64", "#1 SMP Debian 6.1~rc3-1~exp1 (2022-11-02)",
		   HOSTKERNEL_UNKNOWN);
	/* A version beats that of the build's name. */
	assert_fix("6.1.0-9-arm64", "#1 SMP Debian 6.1.27-1 (2023-05-08)", HOSTKERNEL_HAS);
}

/* Numbers of their own, with or without backports. */
static void kernels_of_other_distributions(void **state)
{
	static const char *const unknown[] = {
		"5.15.0-91-generic",		/* Ubuntu */
		"5.14.0-362.8.1.el9_3.aarch64", /* RHEL */
		"6.1.0-18-arm64",		/* Debian, the build string is lost */
		"5.14.21-150500.55.39-default", /* SUSE */
		"6.0.18-300.fc37.aarch64",	/* Fedora */
		"6.1.0",			/* any 6.1 */
		"5.10.0",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		assert_fix(unknown[i], "#101-Ubuntu SMP", HOSTKERNEL_UNKNOWN);
	assert_fix("6.5.0-14-generic", "#14-Ubuntu SMP", HOSTKERNEL_HAS);
}

static void what_is_no_version(void **state)
{
	static const char *const unknown[] = {"", "x", "6", "6.1", "6.1.x", "linux-6.1.5", "."};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		assert_fix(unknown[i], "", HOSTKERNEL_UNKNOWN);
	assert_fix("", "#1 SMP Debian 6.1.4-1", HOSTKERNEL_LACKS);
	assert_fix("6.1.5", "Debian", HOSTKERNEL_LACKS);
	assert_fix("6.1.5", "Debian GNU/Linux", HOSTKERNEL_LACKS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernels_of_kernel_org),
		cmocka_unit_test(kernels_of_debian),
		cmocka_unit_test(kernels_of_other_distributions),
		cmocka_unit_test(what_is_no_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
