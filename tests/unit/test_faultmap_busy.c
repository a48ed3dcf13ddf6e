/* SPDX-License-Identifier: GPL-2.0-or-later */

/* How busy a place of MMIO is, and for how long: what makes a storm, and when that is news. */

#include "daemon/core/faultmap.h"
#include "tests/unit/unit.h"

#define START_NS  1000000000000ULL
#define SECOND_NS 1000000000ULL
#define IPA	  0x9000000ULL

static struct faultmap *map;
static uint64_t now_ns, count;

static int set_up(void **state)
{
	(void)state;
	map = faultmap_new();
	assert_non_null(map);
	now_ns = START_NS;
	count = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	map = faultmap_free(map);
	return 0;
}

static int look(void)
{
	const struct nisv_place_key key = {.place = IPA >> NISV_PLACE_SHIFT};
	const struct nisv_place value = {.count = count, .user = count};
	int r = faultmap_count_place(map, &key, &value, now_ns);

	assert_true(r >= 0);
	return r;
}

static const struct place *place(void)
{
	return faultmap_place(map, IPA, false);
}

/* Looks once a second for so long, at @rate accesses a second. How often was it news? */
static unsigned int run(uint64_t seconds, uint64_t rate)
{
	unsigned int news = 0;

	for (uint64_t i = 0; i < seconds; i++) {
		now_ns += SECOND_NS;
		count += rate;
		news += look() > 0;
	}
	return news;
}

static void test_storm(void **state)
{
	(void)state;
	look();
	run(9, FAULTMAP_BUSY_RATE);
	assert_false(place_is_storm(place()));
	run(1, FAULTMAP_BUSY_RATE);
	assert_true(place_is_storm(place()));
	assert_int_equal(place()->busy_since_ns, START_NS);
	assert_int_equal(place()->busy_until_ns, START_NS + 10 * SECOND_NS);
	assert_int_equal(place()->busy_per_second, FAULTMAP_BUSY_RATE);
	run(10, FAULTMAP_BUSY_RATE - 1);
	assert_int_equal(place()->busy_until_ns, START_NS + 10 * SECOND_NS);
}

static void test_rate_of_its_own(void **state)
{
	(void)state;
	map->busy_rate = 100;
	look();
	run(10, 100);
	assert_true(place_is_storm(place()));
}

static void test_interrupted(void **state)
{
	(void)state;
	look();
	for (int i = 0; i < 5; i++) {
		run(9, 2 * FAULTMAP_BUSY_RATE);
		run(1, 0);
	}
	assert_false(place_is_storm(place()));
}

/* News while it goes on is as rare as doublings, and its end is news, once. */
static void test_what_is_news(void **state)
{
	unsigned int news;

	(void)state;
	count = 1ULL << 40; /* past all doublings of the count itself */
	look();
	assert_int_equal(run(9, FAULTMAP_BUSY_RATE), 0);
	assert_int_equal(run(1, FAULTMAP_BUSY_RATE), 1);
	assert_int_equal(run(9, FAULTMAP_BUSY_RATE), 0);
	assert_int_equal(run(1, FAULTMAP_BUSY_RATE), 1);
	news = run(1000, FAULTMAP_BUSY_RATE);
	assert_true(news >= 5 && news <= 6);
	assert_false(place_is_over(place(), now_ns));
	assert_int_equal(run(2, 0), 0);
	assert_int_equal(run(1, 0), 1);
	assert_true(place_is_over(place(), now_ns));
	assert_int_equal(run(100, 0), 0);
	/* A short one after it changes nothing that is said. */
	assert_int_equal(run(20, FAULTMAP_BUSY_RATE), 0);
}

/* What never was a storm is not over. */
static void test_over(void **state)
{
	(void)state;
	look();
	run(5, FAULTMAP_BUSY_RATE);
	run(100, 0);
	assert_false(place_is_over(place(), now_ns));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_storm, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rate_of_its_own, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_interrupted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_news, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_over, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
