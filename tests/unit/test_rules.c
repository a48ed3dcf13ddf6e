/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The rule table itself. */

#include "tests/unit/unit.h"

#include "daemon/core/rules.h"

static void every_rule_is_complete(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_rules; i++) {
		const struct rule *rule = rules[i];

		assert_int_equal(strspn(rule->id, "abcdefghijklmnopqrstuvwxyz0123456789-"),
				 strlen(rule->id));
		assert_true(rule->score && rule->place && rule->where && rule->how);
		assert_int_equal(strncmp(rule->documentation, "https://", 8), 0);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(rule->id, rules[j]->id);
	}
	assert_string_equal(rules[n_rules - 1]->id, "unknown");
}

static bool is_known_vmm(const char *vmm)
{
	static const char *const vmms[] = {"qemu",   "firecracker", "cloud-hypervisor",
					   "crosvm", "kvmtool",	    "libkrun"};

	for (size_t i = 0; i < ARRAY_SIZE(vmms); i++)
		if (!strcmp(vmm, vmms[i]))
			return true;
	return false;
}

/* Advice that nothing backs is worth nothing; and every cause has some whatever the VMM. */
static void every_advice_has_a_source(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_rules; i++) {
		size_t general = 0;

		assert_non_null(rules[i]->advice);
		for (const struct advice *row = rules[i]->advice; row->text; row++) {
			assert_true(row->source && row->source[0]);
			assert_int_equal(row->text[strlen(row->text) - 1], '.');
			general += row->vmm == NULL;
			if (row->vmm && !is_known_vmm(row->vmm))
				fail_msg("%s: no VMM is called %s", rules[i]->id, row->vmm);
		}
		assert_true(general > 0);
	}
}

static void bands_fall_one_by_one(void **state)
{
	static const double from[] = {0.97, 0.9, 0.85, 0.7, 0.6, 0.5, 0.4};
	static const double to[] = {0.8, 0.8, 0.6, 0.6, 0.4, 0.4, 0.2};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(from); i++)
		assert_true(rule_lower(from[i]) == to[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rule_is_complete),
		cmocka_unit_test(every_advice_has_a_source),
		cmocka_unit_test(bands_fall_one_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
