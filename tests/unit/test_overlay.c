/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What is said of a finding beside its cause: that the guest goes nowhere, that the compiler chose
 * the instruction. */

#include "tests/unit/scenario_machines.h"

#include "daemon/core/overlay.h"

#define LDR_PRE	 0xb8404c01U /* ldr w1, [x0, #4]! */
#define STR_POST 0xb8004401U /* str w1, [x0], #4 */

/* ---- overlay_is_livelock -------------------------------------------------------------------- */

static void how_fast_a_livelock_is(void **state)
{
	static const struct {
		enum nisv_kind kind;
		uint64_t count, seconds;
		bool is;
	} cases[] = {
		/* Aborts that KVM injects: 512 of them, 100 a second. */
		{NISV_KIND_EXEC, 511, 0, false},
		{NISV_KIND_EXEC, 512, 0, true},
		{NISV_KIND_WALK, 512, 5, true},
		{NISV_KIND_BEYOND_IPA, 512, 6, false},
		{NISV_KIND_EXEC, 100000, 1000, true},
		{NISV_KIND_EXEC, 100000, 1001, false},
		/* With an exit to the VMM each: 1000, and 1000 a second. */
		{NISV_KIND_NISV, 999, 0, false},
		{NISV_KIND_NISV, 1000, 1, true},
		{NISV_KIND_NISV, 1000, 2, false},
		{NISV_KIND_LDST64B, 100000, 100, true},
		{NISV_KIND_LDST64B, 100000, 101, false},
		{NISV_KIND_EMULATION, 5000, 1, true},
		/* MMIO is what devices are for. */
		{KIND_MMIO_READ, 1000000, 1, false},
		{KIND_MMIO_WRITE, 1000000, 1, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct site site = {
			.kind = cases[i].kind,
			.count = cases[i].count,
			.first_ns = SECOND,
			.last_ns = SECOND + cases[i].seconds * SECOND,
		};

		if (overlay_is_livelock(&site) != cases[i].is)
			fail_msg("case %zu", i);
	}
}

static void times_that_run_backwards(void **state)
{
	struct site site = {.kind = NISV_KIND_NISV, .count = 1000, .first_ns = 9 * SECOND};

	(void)state;
	assert_true(overlay_is_livelock(&site));
}

/* ---- ext-abort-livelock --------------------------------------------------------------------- */

static const struct overlay *overlay_of(const struct finding *f, const struct rule *rule)
{
	for (size_t i = 0; i < f->n_overlays; i++)
		if (f->overlays[i].rule == rule)
			return &f->overlays[i];
	return NULL;
}

static void an_access_that_repeats_for_ever(void **state)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(RAM_END, LDP);
	const struct overlay *overlay;
	struct site *site;

	(void)state;
	rec.count = 412000;
	site = scenario_add(&rec);
	site->last_ns = site->first_ns + 8 * SECOND;
	overlay = overlay_of(scenario_diagnose(), &rule_livelock);
	assert_non_null(overlay);
	assert_string_equal(overlay->summary, "The same access repeated 412000 times, 51500 a "
					      "second: the guest does nothing else.");
	assert_true(overlay->confidence == 0.95);
	assert_int_equal(sc.findings.list[0].severity, SEVERITY_HANG);
	assert_string_equal(sc.findings.list[0].cause, "access-past-ram-end");
	assert_advice(&sc.findings.list[0], "Stop the VM");
	site->last_ns = site->first_ns + 1000 * SECOND;
	assert_null(overlay_of(scenario_diagnose(), &rule_livelock));
	assert_no_advice(&sc.findings.list[0], "Stop the VM");
}

/* All at one time, as far as the clock tells. */
static void a_livelock_of_no_time(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x50000000);
	const struct overlay *overlay;

	(void)state;
	rec.count = 1000;
	scenario_add(&rec);
	overlay = overlay_of(scenario_diagnose(), &rule_livelock);
	assert_non_null(overlay);
	assert_string_equal(overlay->summary,
			    "The same fetch repeated 1000 times: the guest does nothing else.");
}

/* The worst of its sites speaks; and what follows from it counts as well. */
static void a_livelock_among_others(void **state)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(RAM_END, LDP);
	const struct overlay *overlay;

	(void)state;
	scenario_add(&rec);
	rec = scenario_injected_nisv(RAM_END + 0x1000, LDP);
	rec.count = 2000;
	scenario_add(&rec)->last_ns += SECOND;
	rec = scenario_injected_nisv(RAM_END + 0x2000, LDP);
	rec.count = 3000;
	scenario_add(&rec)->last_ns += SECOND;
	overlay = overlay_of(scenario_diagnose(), &rule_livelock);
	assert_int_equal(sc.findings.n, 1);
	assert_non_null(overlay);
	assert_contains(overlay->summary, "repeated 3000 times");
}

static void a_livelock_of_a_consequence(void **state)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(RAM_END, LDP), next;
	const struct overlay *overlay;

	(void)state;
	scenario_add(&rec);
	next = scenario_exec(0x200);
	next.gpr[0] = rec.gpr[0];
	next.count = 4000;
	scenario_add(&next)->last_ns += 2 * SECOND;
	scenario_diagnose();
	assert_int_equal(sc.findings.n, 1);
	assert_int_equal(sc.findings.list[0].n_consequences, 1);
	assert_int_equal(sc.findings.list[0].severity, SEVERITY_HANG);
	overlay = overlay_of(&sc.findings.list[0], &rule_livelock);
	assert_non_null(overlay);
	assert_contains(overlay->summary, "The same fetch repeated 4000 times, 2000 a second");
}

/* One that goes slowly follows from the cause as well, but hangs nothing. */
static void a_slow_consequence_is_no_livelock(void **state)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(RAM_END, LDP), next;

	(void)state;
	rec.count = 2000;
	scenario_add(&rec)->last_ns += SECOND;
	next = scenario_exec(0x200);
	next.gpr[0] = rec.gpr[0];
	next.count = 3000;
	scenario_add(&next)->last_ns += 3000 * SECOND;
	scenario_diagnose();
	assert_int_equal(sc.findings.list[0].n_consequences, 1);
	assert_int_equal(sc.findings.list[0].n_overlays, 1);
	assert_contains(sc.findings.list[0].overlays[0].summary,
			"The same access repeated 2000 times");
}

/* ---- compiler-writeback --------------------------------------------------------------------- */

static void a_writeback_on_a_device(void **state)
{
	static const struct {
		uint32_t raw;
		const char *summary;
	} cases[] = {
		{LDR_POST, "`ldr w1, [x0], #4` writes its base register back: compilers make it of "
			   "a volatile read and an increment."},
		{LDR_PRE, "`ldr w1, [x0, #4]!` writes its base register back: compilers make it of "
			  "a volatile read and an increment."},
		{STR_POST, "`str w1, [x0], #4` writes its base register back: compilers make it of "
			   "a volatile write and an increment."},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct nisv_rec_fault rec;
		const struct overlay *overlay;

		scenario_reset();
		scenario_qemu_virt();
		rec = scenario_injected_nisv(0x09000000, cases[i].raw);
		rec.gpr[0] -= cases[i].raw == LDR_PRE ? 4 : 0;
		overlay = overlay_of(scenario_explain(&rec), &rule_compiler_writeback);
		assert_non_null(overlay);
		assert_string_equal(overlay->summary, cases[i].summary);
		assert_true(overlay->confidence == 0.95);
		assert_advice(&sc.findings.list[0], "-fno-auto-inc-dec");
	}
}

static void writebacks_on_every_kind_of_device(void **state)
{
	static const uint64_t addresses[] = {0x08000000, 0x08080000, 0x10000000, 0x30003000};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		struct nisv_rec_fault rec;

		scenario_reset();
		scenario_qemu_virt_v3();
		scenario_bus(0x30003050, 4, true);
		rec = scenario_injected_nisv(addresses[i], LDR_POST);
		assert_non_null(overlay_of(scenario_explain(&rec), &rule_compiler_writeback));
	}
}

static void what_is_no_writeback_on_a_device(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	rec = scenario_nisv(RAM_END, LDR_POST); /* no device */
	assert_int_equal(scenario_explain(&rec)->n_overlays, 0);
	scenario_reset();
	scenario_qemu_virt();
	rec = scenario_injected_nisv(0x09000000, LDP); /* no writeback */
	assert_int_equal(scenario_explain(&rec)->n_overlays, 0);
	scenario_forget();
	rec = scenario_injected_nisv(0x09000000, 0); /* not known */
	assert_int_equal(scenario_explain(&rec)->n_overlays, 0);
	scenario_forget();
	rec = scenario_injected_nisv(0x09000000, LDR_POST); /* not A64 */
	rec.pstate = A32_SVC;
	assert_null(overlay_of(scenario_explain(&rec), &rule_compiler_writeback));
}

static void both_at_once(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_qemu_virt();
	rec = scenario_injected_nisv(0x09000000, LDR_POST);
	rec.count = 5000;
	scenario_add(&rec)->last_ns += SECOND;
	scenario_diagnose();
	assert_int_equal(sc.findings.list[0].n_overlays, FINDING_OVERLAYS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(how_fast_a_livelock_is),
		cmocka_unit_test(times_that_run_backwards),
		SCENARIO_TEST(an_access_that_repeats_for_ever),
		SCENARIO_TEST(a_livelock_of_no_time),
		SCENARIO_TEST(a_livelock_among_others),
		SCENARIO_TEST(a_livelock_of_a_consequence),
		SCENARIO_TEST(a_slow_consequence_is_no_livelock),
		SCENARIO_TEST(a_writeback_on_a_device),
		SCENARIO_TEST(writebacks_on_every_kind_of_device),
		SCENARIO_TEST(what_is_no_writeback_on_a_device),
		SCENARIO_TEST(both_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
