/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The rule table itself. */

#include "tests/unit/unit.h"

#include "daemon/core/rules_kit.h"
#include "daemon/core/symptoms.h"

static void assert_id(const char *id)
{
	assert_int_equal(strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(id));
}

static void assert_sentences(const char *id, const char *text)
{
	if (!text || !text[0])
		fail_msg("%s has no text", id);
	if (text[strlen(text) - 1] != '.')
		fail_msg("%s: \"%s\" ends in no full stop", id, text);
}

/* What tells a cause from the evidence of a fault needs words for it, and a place in the order. */
static void assert_tells_faults(const struct rule *rule)
{
	if (!rule->score || !rule->place || !rule->where || !rule->how)
		fail_msg("%s is found at faults, but cannot tell of one", rule->id);
}

static void every_rule_is_complete(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_rules; i++) {
		const struct rule *rule = rules[i];

		assert_id(rule->id);
		assert_sentences(rule->id, rule->what);
		assert_sentences(rule->id, rule->known_by);
		assert_sentences(rule->id, rule->example);
		assert_true(rule->from);
		if (rule->from & RULE_FAULT)
			assert_tells_faults(rule);
		else
			assert_null(rule->score);
		assert_int_equal(strncmp(rule->documentation, "https://", 8), 0);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(rule->id, rules[j]->id);
		assert_ptr_equal(rule_find(rule->id), rule);
	}
	assert_null(rule_find("no-such-cause"));
}

/* A less specific cause must be one, and must not lead back. */
static void every_general_cause_exists(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_rules; i++)
		for (size_t j = 0; j < RULE_GENERAL_MAX && rules[i]->general[j]; j++) {
			const struct rule *general = rule_find(rules[i]->general[j]);

			if (!general)
				fail_msg("%s: there is no %s", rules[i]->id, rules[i]->general[j]);
			for (size_t k = 0; k < RULE_GENERAL_MAX && general->general[k]; k++)
				assert_string_not_equal(general->general[k], rules[i]->id);
		}
}

/* What nothing else explains is tried last. */
static void unknown_comes_last(void **state)
{
	size_t unknown = 0;

	(void)state;
	while (rules[unknown] != &rule_unknown)
		unknown++;
	for (size_t i = unknown + 1; i < n_rules; i++)
		assert_null(rules[i]->score);
}

static const char *const vmms[] = {"qemu",    "firecracker", "cloud-hypervisor", "crosvm",
				   "kvmtool", "libkrun",     "gvisor",		 "dragonball"};
static const char *const archs[] = {"arm64", "x86_64"};

static bool is_one_of(const char *name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(name, list[i]))
			return true;
	return false;
}

/* A VMM, an architecture, or one on the other. */
static bool is_somebody(const char *whose)
{
	char vmm[32];
	const char *slash = strchr(whose, '/');

	if (!slash)
		return is_one_of(whose, vmms, ARRAY_SIZE(vmms)) ||
		       is_one_of(whose, archs, ARRAY_SIZE(archs));
	snprintf(vmm, sizeof(vmm), "%.*s", (int)(slash - whose), whose);
	return is_one_of(vmm, vmms, ARRAY_SIZE(vmms)) &&
	       is_one_of(slash + 1, archs, ARRAY_SIZE(archs));
}

static bool has_advice(const struct rule *rule, const char *arch)
{
	for (const struct advice *row = rule->advice; row->text; row++)
		if (advice_is_for(row, "some other VMM", arch))
			return true;
	return false;
}

static void assert_has_source(const char *id, const char *source, const char *revision)
{
	if (!source || !source[0])
		fail_msg("%s: advice without a source", id);
	if (!revision || !strpbrk(revision, "0123456789"))
		fail_msg("%s: %s: no revision was read", id, source);
}

/* Advice that nothing backs is worth nothing; and every cause has some whatever the VMM. */
static void every_advice_has_a_source_and_its_revision(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_rules; i++) {
		assert_non_null(rules[i]->advice);
		for (const struct advice *row = rules[i]->advice; row->text; row++) {
			assert_has_source(rules[i]->id, row->source, row->revision);
			assert_int_equal(row->text[strlen(row->text) - 1], '.');
			if (row->whose && !is_somebody(row->whose))
				fail_msg("%s: nothing is called %s", rules[i]->id, row->whose);
		}
		for (size_t j = 0; j < ARRAY_SIZE(archs); j++)
			if ((!rules[i]->arch || !strcmp(rules[i]->arch, archs[j])) &&
			    !has_advice(rules[i], archs[j]))
				fail_msg("%s has no advice for a VMM that is not known",
					 rules[i]->id);
	}
}

static void advice_is_for_whom_it_says(void **state)
{
	static const struct {
		const char *whose, *vmm, *arch;
		bool is_for;
	} cases[] = {
		{NULL, "qemu", "arm64", true},
		{"qemu", "qemu", "arm64", true},
		{"qemu", "qemu", "x86_64", true},
		{"qemu", "crosvm", "arm64", false},
		{"arm64", "crosvm", "arm64", true},
		{"arm64", "crosvm", "x86_64", false},
		{"qemu/arm64", "qemu", "arm64", true},
		{"qemu/arm64", "qemu", "x86_64", false},
		{"qemu/arm64", "crosvm", "arm64", false},
		{"qemu/arm64", "qem", "arm64", false},
		{"qemu/arm64", "qemu/arm64", "arm64", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct advice row = {.whose = cases[i].whose};

		assert_int_equal(advice_is_for(&row, cases[i].vmm, cases[i].arch), cases[i].is_for);
	}
}

/* Words of one architecture are not for a rule of both. */
static void advice_of_one_architecture_says_so(void **state)
{
	static const char *const words[] = {"dtb", "0xfc000000", "highmem",
					    "MTE", "FWB",	 "gic-version"};

	(void)state;
	for (size_t i = 0; i < n_rules; i++) {
		for (const struct advice *row = rules[i]->advice; row->text; row++) {
			bool is_of_both =
				!rules[i]->arch && !(row->whose && strstr(row->whose, "arm64"));

			for (size_t k = 0; is_of_both && k < ARRAY_SIZE(words); k++)
				if (strstr(row->text, words[k]))
					fail_msg("%s: \"%s\" is for arm64", rules[i]->id,
						 row->text);
		}
	}
}

/* What has no syndrome, or is not emulated, has something to write in its place. LS64 is described,
 * but hardly any VMM serves its exit. */
static void every_instruction_has_an_instead(void **state)
{
	(void)state;
	for (int class = 0; class < _INSN_CLASS_MAX; class ++) {
		const struct advice *instead = rule_instead(class);

		assert_int_equal(instead != NULL, insn_class_why(class) || class == INSN_LS64);
		if (instead)
			assert_has_source(insn_class_name(class), instead->source,
					  instead->revision);
	}
	assert_null(rule_instead(_INSN_CLASS_MAX));
}

static void every_symptom_has_a_source_and_its_revision(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_symptoms; i++) {
		const struct symptom *symptom = &symptoms[i];

		assert_has_source(symptom->text, symptom->source, symptom->revision);
		assert_sentences("a symptom", symptom->text);
		if (symptom->vmm && !is_one_of(symptom->vmm, vmms, ARRAY_SIZE(vmms)))
			fail_msg("no VMM is called %s", symptom->vmm);
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
		cmocka_unit_test(every_general_cause_exists),
		cmocka_unit_test(unknown_comes_last),
		cmocka_unit_test(every_advice_has_a_source_and_its_revision),
		cmocka_unit_test(advice_is_for_whom_it_says),
		cmocka_unit_test(advice_of_one_architecture_says_so),
		cmocka_unit_test(every_instruction_has_an_instead),
		cmocka_unit_test(every_symptom_has_a_source_and_its_revision),
		cmocka_unit_test(bands_fall_one_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
