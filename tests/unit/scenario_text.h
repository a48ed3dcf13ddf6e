/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_SCENARIO_TEXT_H
#define NISVD_TESTS_SCENARIO_TEXT_H

/* What every finding must be: told to its end, in whole sentences; and what it is asked for. */

#include "tests/unit/unit.h"

#include "daemon/core/diagnose.h"
#include "daemon/core/rules.h"
#include "daemon/core/symptoms.h"

static inline bool scenario_has_line(char *const *lines, size_t n, const char *part)
{
	for (size_t i = 0; i < n; i++)
		if (strstr(lines[i], part))
			return true;
	return false;
}

/* A number of one with a plural behind it, and what only a gap in a format leaves behind. */
static inline void assert_clean(const char *text)
{
	static const char *const bad[] = {"  ",		" .",	     " ,",
					  "..",		" 1 vCPUs",  " 1 times",
					  " 1 devices", "(1 ranges", "(null)"};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (strstr(text, bad[i]) && !strstr(text, "..."))
			fail_msg("\"%s\" in \"%s\"", bad[i], text);
}

static inline void assert_sentence(const char *text, size_t size)
{
	size_t length = strlen(text);

	if (!length || length + 1 >= size || text[length - 1] != '.')
		fail_msg("no whole sentence of less than %zu bytes: \"%s\"", size, text);
	assert_clean(text);
}

static inline void assert_phrase(const char *text, size_t size)
{
	size_t length = strlen(text);

	if (!length || length + 1 >= size)
		fail_msg("nothing, or cut at %zu bytes: \"%s\"", size, text);
	assert_clean(text);
}

#define FINDING_LINE 320 /* bytes of a line that is put together */

static inline void assert_alternatives(const struct finding *f)
{
	double last = 1;

	for (size_t i = 0; i < f->n_alternatives; i++) {
		const struct alternative *alternative = &f->alternatives[i];

		assert_non_null(rule_find(alternative->cause));
		assert_string_not_equal(alternative->cause, f->cause);
		assert_true(alternative->confidence >= 0.3 && alternative->confidence <= last);
		last = alternative->confidence;
	}
}

static inline void assert_complete(const struct finding *f)
{
	assert_non_null(rule_find(f->cause));
	assert_true(f->confidence > 0 && f->confidence <= 1);
	assert_sentence(f->summary, sizeof(f->summary));
	assert_sentence(f->where, sizeof(f->where));
	assert_sentence(f->how, sizeof(f->how));
	assert_phrase(f->region, sizeof(f->region));
	assert_phrase(f->confidence_reason, sizeof(f->confidence_reason));
	assert_int_equal(strlen(f->signature), 32);
	assert_int_equal(strspn(f->signature, "0123456789abcdef"), 32);
	assert_in_range(f->n_evidence, 1, FINDING_LINES_MAX);
	assert_in_range(f->n_advice, 1, FINDING_LINES_MAX);
	for (size_t i = 0; i < f->n_evidence; i++)
		assert_phrase(f->evidence[i], FINDING_LINE);
	for (size_t i = 0; i < f->n_advice; i++)
		assert_sentence(f->advice[i], 2 * FINDING_LINE);
	for (size_t i = 0; i < f->n_overlays; i++)
		assert_sentence(f->overlays[i].summary, sizeof(f->overlays[i].summary));
	for (size_t i = 0; i < f->n_consequences; i++)
		assert_phrase(f->consequences[i].summary, sizeof(f->consequences[i].summary));
	assert_alternatives(f);
}

#define assert_evidence(finding, part)                                                    \
	do {                                                                              \
		if (!scenario_has_line((finding)->evidence, (finding)->n_evidence, part)) \
			fail_msg("no line of evidence contains \"%s\"", part);            \
	} while (0)

#define assert_no_evidence(finding, part)                                                \
	do {                                                                             \
		if (scenario_has_line((finding)->evidence, (finding)->n_evidence, part)) \
			fail_msg("a line of evidence contains \"%s\"", part);            \
	} while (0)

#define assert_advice(finding, part)                                                  \
	do {                                                                          \
		if (!scenario_has_line((finding)->advice, (finding)->n_advice, part)) \
			fail_msg("no line of advice contains \"%s\"", part);          \
	} while (0)

#define assert_no_advice(finding, part)                                              \
	do {                                                                         \
		if (scenario_has_line((finding)->advice, (finding)->n_advice, part)) \
			fail_msg("a line of advice contains \"%s\"", part);          \
	} while (0)

/* Confidences are sums of a few decimals: compared with a tolerance. */
#define assert_confidence(finding, expected)                                                   \
	do {                                                                                   \
		double _d = (finding)->confidence - (expected);                                \
		if (_d < -0.001 || _d > 0.001)                                                 \
			fail_msg("confidence %.3f, expected %.3f (%s)", (finding)->confidence, \
				 (double)(expected), (finding)->cause);                        \
	} while (0)

#define assert_finding(finding, expected_cause, expected_confidence)                         \
	do {                                                                                 \
		assert_non_null(finding);                                                    \
		if (strcmp((finding)->cause, expected_cause))                                \
			fail_msg("%s (%.2f), expected %s: %s", (finding)->cause,             \
				 (finding)->confidence, expected_cause, (finding)->summary); \
		assert_confidence(finding, expected_confidence);                             \
	} while (0)

/* The confidence of a cause that another one beat; 0: it is none of the alternatives. */
static inline double alternative_of(const struct finding *f, const char *cause)
{
	for (size_t i = 0; i < f->n_alternatives; i++)
		if (!strcmp(f->alternatives[i].cause, cause))
			return f->alternatives[i].confidence;
	return 0;
}

#define assert_alternative(finding, expected_cause, expected_confidence)                     \
	do {                                                                                 \
		double _d = alternative_of(finding, expected_cause) - (expected_confidence); \
		if (_d < -0.001 || _d > 0.001)                                               \
			fail_msg("alternative %s %.3f, expected %.3f", expected_cause,       \
				 alternative_of(finding, expected_cause),                    \
				 (double)(expected_confidence));                             \
	} while (0)

#endif
