/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/unit/unit.h"

#include <errno.h>

#include "daemon/core/faultmap.h"

static struct faultmap *map;

static int setup(void **state)
{
	(void)state;
	map = faultmap_new();
	return map ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	map = faultmap_free(map);
	return map ? -1 : 0;
}

static struct nisv_rec_fault fault(uint64_t ipa, uint64_t pc, uint64_t count, uint64_t order)
{
	return (struct nisv_rec_fault){
		.hdr = {.time_ns = 1000 * order},
		.kind = NISV_KIND_NISV,
		.outcome = NISV_OUTCOME_VM_KILLED,
		.errno_ = -ENOSYS,
		.ipa = ipa,
		.far = ipa,
		.esr = 0x92000005,
		.pc = pc,
		.count = count,
		.vcpu_order = order,
	};
}

static void a_record_opens_a_site_once(void **state)
{
	struct nisv_rec_fault rec = fault(0x41000010, 0x40000004, 1, 7);
	struct site *site = NULL;

	(void)state;
	assert_int_equal(faultmap_record(map, &rec, &site), 1);
	assert_int_equal(site->page, 0x41000);
	assert_int_equal(site->ipa, 0x41000010);
	assert_int_equal(site->first_order, 7);
	assert_int_equal(site->first_ns, 7000);
	assert_non_null(site->detail);

	rec.count = 2;
	rec.ipa = 0x41000020; /* same page and PC: same site, first address stays */
	rec.hdr.time_ns = 9000;
	assert_int_equal(faultmap_record(map, &rec, NULL), 0);
	assert_int_equal(map->n_sites, 1);
	assert_int_equal(map->sites[0].count, 2);
	assert_int_equal(map->sites[0].ipa, 0x41000010);
	assert_int_equal(map->sites[0].last_ns, 9000);
	assert_int_equal(map->n_details, 1);

	rec.count = 1; /* delivered twice, late: never lowers */
	assert_int_equal(faultmap_record(map, &rec, NULL), 0);
	assert_int_equal(map->sites[0].count, 2);
}

static void kinds_and_pcs_are_sites_of_their_own(void **state)
{
	struct nisv_rec_fault rec = fault(0x41000000, 0x40000004, 1, 1);

	(void)state;
	assert_int_equal(faultmap_record(map, &rec, NULL), 1);
	rec.pc += 4;
	assert_int_equal(faultmap_record(map, &rec, NULL), 1);
	rec.kind = NISV_KIND_WALK;
	assert_int_equal(faultmap_record(map, &rec, NULL), 1);
	assert_int_equal(map->n_sites, 3);
}

static void a_changed_outcome_is_told(void **state)
{
	struct nisv_rec_fault rec = fault(0x50000000, 0x50000000, 1, 1);
	struct site *site;

	(void)state;
	rec.kind = NISV_KIND_EXEC;
	rec.outcome = NISV_OUTCOME_UNKNOWN;
	rec.errno_ = 0;
	assert_int_equal(faultmap_record(map, &rec, NULL), 1);
	rec.outcome = NISV_OUTCOME_ABORT_INJECTED;
	assert_int_equal(faultmap_record(map, &rec, &site), 2);
	assert_int_equal(site->detail->outcome, NISV_OUTCOME_ABORT_INJECTED);
	assert_int_equal(faultmap_record(map, &rec, NULL), 0);
	rec.outcome = NISV_OUTCOME_UNKNOWN; /* a candidate does not undo it */
	assert_int_equal(faultmap_record(map, &rec, NULL), 0);
	assert_int_equal(site->outcome, NISV_OUTCOME_ABORT_INJECTED);
}

static void sites_stay_in_address_order(void **state)
{
	uint64_t seed = 42;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		uint64_t ipa = (uint64_t)unit_random(&seed) << 12;
		struct nisv_rec_fault rec = fault(ipa, unit_random(&seed) & 0xfffc, 1, 1);

		assert_in_range(faultmap_record(map, &rec, NULL), 0, 1);
	}
	for (size_t i = 1; i < map->n_sites; i++)
		assert_true(map->sites[i - 1].page < map->sites[i].page ||
			    (map->sites[i - 1].page == map->sites[i].page &&
			     map->sites[i - 1].pc < map->sites[i].pc));
	/* Every one of them is found again. */
	seed = 42;
	for (int i = 0; i < 1000; i++) {
		uint64_t ipa = (uint64_t)unit_random(&seed) << 12;
		struct nisv_rec_fault rec = fault(ipa, unit_random(&seed) & 0xfffc, 1, 1);

		assert_int_equal(faultmap_record(map, &rec, NULL), 0);
	}
}

static void counts_open_sites_and_never_fall(void **state)
{
	struct nisv_site_key key = {.page = 0x41000, .pc = 0x40000004, .kind = NISV_KIND_NISV};
	struct nisv_site value = {.count = 10,
				  .first_ns = 50,
				  .last_ns = 60,
				  .ipa = 0x41000010,
				  .esr = 0x92000005,
				  .outcome = NISV_OUTCOME_VM_KILLED,
				  .errno_ = -ENOSYS,
				  .vcpu_id = 3};
	struct nisv_rec_fault rec = fault(0x41000010, 0x40000004, 4, 2);

	(void)state;
	assert_int_equal(faultmap_count_site(map, &key, &value), 0);
	assert_int_equal(map->sites[0].count, 10);
	assert_int_equal(map->sites[0].vcpu_id, 3);
	assert_null(map->sites[0].detail);
	value.count = 5;
	assert_int_equal(faultmap_count_site(map, &key, &value), 0);
	assert_int_equal(map->sites[0].count, 10);

	/* Its first record is news, its count is not; where it was goes with its registers. */
	rec.ipa = 0x41000018;
	rec.far = 0xffff000041000018;
	assert_int_equal(faultmap_record(map, &rec, NULL), 1);
	assert_int_equal(map->n_sites, 1);
	assert_int_equal(map->sites[0].count, 10);
	assert_non_null(map->sites[0].detail);
	assert_int_equal(map->sites[0].ipa, 0x41000018);
	assert_int_equal(map->sites[0].far, 0xffff000041000018);
	assert_int_equal(map->sites[0].first_ns, 50);
}

static void answers_of_the_vmm_are_seen_or_not_known(void **state)
{
	struct nisv_site_key key = {.page = 0x41000, .pc = 0x40000004, .kind = NISV_KIND_NISV};
	struct nisv_site value = {.count = 3, .outcome = NISV_OUTCOME_VMM_DECIDES};

	(void)state;
	assert_int_equal(faultmap_count_site(map, &key, &value), 0);
	assert_null(site_vmm_answer(&map->sites[0]));
	/* It comes after the fault, and so may be read later. */
	value.answers = 2;
	assert_int_equal(faultmap_count_site(map, &key, &value), 0);
	assert_int_equal(map->sites[0].answers, 2);
	assert_string_equal(site_vmm_answer(&map->sites[0]), "abort-injected");
	assert_int_equal(map->sites[0].outcome, NISV_OUTCOME_VMM_DECIDES);
	value.answers = 1;
	assert_int_equal(faultmap_count_site(map, &key, &value), 0);
	assert_int_equal(map->sites[0].answers, 2);
	/* What KVM does is no answer of the VMM's. */
	key.kind = NISV_KIND_WALK;
	value = (struct nisv_site){.count = 1, .outcome = NISV_OUTCOME_ABORT_INJECTED};
	assert_int_equal(faultmap_count_site(map, &key, &value), 0);
	assert_null(site_vmm_answer(&map->sites[1]));
}

static void the_map_is_bounded(void **state)
{
	struct nisv_rec_fault rec = fault(0, 0x40000004, 1, 1);
	struct nisv_site_key key = {.page = 0x900000, .kind = NISV_KIND_NISV};
	struct nisv_site value = {.count = 1};

	(void)state;
	for (uint64_t i = 0; i < FAULTMAP_SITES_MAX; i++) {
		rec.ipa = i << 12;
		assert_int_equal(faultmap_record(map, &rec, NULL), 1);
	}
	assert_int_equal(map->n_details, FAULTMAP_DETAILS_MAX);
	assert_int_equal(map->dropped_details, FAULTMAP_SITES_MAX - FAULTMAP_DETAILS_MAX);
	rec.ipa = (uint64_t)FAULTMAP_SITES_MAX << 12;
	assert_int_equal(faultmap_record(map, &rec, NULL), -ENOSPC);
	assert_int_equal(faultmap_count_site(map, &key, &value), -ENOSPC);
	assert_int_equal(map->dropped_sites, 2);
	assert_int_equal(map->n_sites, FAULTMAP_SITES_MAX);
	rec.ipa = 0; /* known ones still count */
	rec.count = 9;
	assert_int_equal(faultmap_record(map, &rec, NULL), 0);
	assert_int_equal(map->sites[0].count, 9);
}

/* A guest that survives many aborts first must not hide what kills it. */
static void a_death_takes_the_place_of_another_detail(void **state)
{
	struct nisv_rec_fault rec;
	struct site *death;

	(void)state;
	for (uint64_t i = 1; i <= FAULTMAP_DETAILS_MAX; i++) {
		rec = fault(0x60000000 + i * 0x1000, 0x40000000, 1, i);
		rec.outcome = NISV_OUTCOME_ABORT_INJECTED;
		rec.errno_ = 0;
		assert_int_equal(faultmap_record(map, &rec, NULL), 1);
	}
	rec = fault(0x48000040, 0x40000100, 1, FAULTMAP_DETAILS_MAX + 1);
	assert_int_equal(faultmap_record(map, &rec, &death), 1);
	assert_non_null(death->detail);
	assert_int_equal(map->n_details, FAULTMAP_DETAILS_MAX);
	assert_int_equal(map->dropped_details, 1);
	/* The latest of the others made room, the first ones stay. */
	assert_non_null(map->sites[1].detail);
	assert_null(map->sites[FAULTMAP_DETAILS_MAX].detail);
}

static void hostile_records_are_refused_or_cut(void **state)
{
	struct nisv_rec_fault rec = fault(0x1000, 0, 1, 0);
	struct nisv_site_key key = {.kind = _NISV_KIND_MAX};
	struct nisv_site value = {.count = 1};

	(void)state;
	rec.kind = _NISV_KIND_MAX;
	assert_int_equal(faultmap_record(map, &rec, NULL), -EINVAL);
	rec.kind = NISV_KIND_NISV;
	rec.outcome = _NISV_OUTCOME_MAX;
	assert_int_equal(faultmap_record(map, &rec, NULL), -EINVAL);
	assert_int_equal(faultmap_count_site(map, &key, &value), -EINVAL);
	key.kind = 0;
	value.outcome = 99;
	assert_int_equal(faultmap_count_site(map, &key, &value), -EINVAL);
	assert_int_equal(map->n_sites, 0);

	rec.outcome = 0;
	rec.insn_len = UINT32_MAX;
	memset(rec.comm, 'x', sizeof(rec.comm));
	assert_int_equal(faultmap_record(map, &rec, NULL), 1);
	assert_int_equal(map->sites[0].detail->insn_len, NISV_INSN_MAX);
	assert_int_equal(strlen(map->sites[0].detail->comm), NISV_COMM_LEN - 1);
	assert_int_equal(faultmap_record(map, &rec, NULL), 0); /* order 0 is a record, too */
}

static void places_are_counted_and_bounded(void **state)
{
	struct nisv_place_key key = {.place = 0x09000000 >> NISV_PLACE_SHIFT};
	struct nisv_place value = {.count = 100, .user = 40};

	(void)state;
	assert_int_equal(faultmap_count_place(map, &key, &value, 5), 1); /* a new one */
	key.is_write = 1;
	assert_int_equal(faultmap_count_place(map, &key, &value, 6), 1);
	assert_int_equal(map->n_places, 2);
	assert_int_equal(map->places[0].ipa, 0x09000000);
	assert_false(map->places[0].is_write);
	assert_true(map->places[1].is_write);
	value.count = 90; /* a stale reading */
	value.user = 10;
	assert_int_equal(faultmap_count_place(map, &key, &value, 7), 0);
	assert_int_equal(map->places[1].count, 100);
	assert_int_equal(map->places[1].user, 40);
	assert_int_equal(map->places[1].last_ns, 6);

	for (uint64_t i = 0; i < FAULTMAP_PLACES_MAX; i++) {
		key.place = i * 3;
		faultmap_count_place(map, &key, &value, 8);
	}
	assert_int_equal(map->n_places, FAULTMAP_PLACES_MAX);
	assert_int_equal(map->dropped_places, 2);
	for (size_t i = 1; i < map->n_places; i++)
		assert_true(map->places[i - 1].ipa < map->places[i].ipa || map->places[i].is_write);
}

static int count_at(uint64_t count, uint64_t user, uint64_t ns)
{
	struct nisv_place_key key = {.place = 0x09000000 >> NISV_PLACE_SHIFT};
	struct nisv_place value = {.count = count, .user = user};

	return faultmap_count_place(map, &key, &value, ns);
}

/* What a rule may have something new to say of. */
static void a_place_is_news_by_powers_of_two(void **state)
{
	(void)state;
	assert_int_equal(count_at(1, 0, 1), 1);
	assert_int_equal(count_at(15, 0, 2), 0);
	assert_int_equal(count_at(16, 0, 3), 1);
	assert_int_equal(count_at(31, 0, 4), 0);
	assert_int_equal(count_at(32, 0, 5), 1);
	assert_int_equal(count_at(1000, 0, 6), 1);
	assert_int_equal(count_at(1000, 0, 7), 0);
}

/* Ten seconds in a row above the rate, of what user space served. */
static void a_storm_is_measured(void **state)
{
	const uint64_t second = 1000000000, start = 5 * second;
	struct place *place;

	(void)state;
	count_at(1, 1, start);
	place = faultmap_place(map, 0x09000000, false);
	for (uint64_t i = 1; i < 10; i++)
		count_at(i * 30000, i * 20000 + 1, start + i * second);
	assert_false(place_is_storm(place));
	assert_int_equal(count_at(524287, 200001, start + 10 * second), 1);
	assert_true(place_is_storm(place));
	assert_int_equal(place->busy_since_ns, start);
	assert_int_equal(place->busy_until_ns, start + 10 * second);
	assert_int_equal(place->busy_per_second, 20000);
	/* Of less than half a second no rate is told. */
	count_at(524287, 300000, start + 10 * second + second / 4);
	assert_int_equal(place->busy_until_ns, start + 10 * second);
	/* It ends; a shorter one does not replace it. */
	count_at(524287, 300001, start + 20 * second);
	for (uint64_t i = 1; i < 5; i++)
		count_at(524287, 300000 + i * 90000, start + (20 + i) * second);
	assert_int_equal(place->busy_until_ns, start + 10 * second);
	assert_int_equal(place->busy_per_second, 20000);
}

/* As a trace tells them: each fault and each access for itself. */
static void one_more_each_time(void **state)
{
	struct nisv_rec_fault rec = fault(0xb0000540, 0x40080000, 0, 1);

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_true(faultmap_record(map, &rec, NULL) >= 0);
	assert_int_equal(map->sites[0].count, 3);
	/* A record with a count of its own knows better. */
	rec.count = 8;
	assert_true(faultmap_record(map, &rec, NULL) >= 0);
	assert_int_equal(map->sites[0].count, 8);

	assert_int_equal(faultmap_add_access(map, 0x09000018, false, 5), 0);
	assert_int_equal(faultmap_add_access(map, 0x090001ff, false, 7), 0);
	assert_int_equal(faultmap_add_access(map, 0x09000018, true, 6), 0);
	faultmap_add_user(map, 0x09000004, false);
	faultmap_add_user(map, 0x09000200, false); /* no such place */
	assert_int_equal(map->n_places, 2);
	assert_int_equal(map->places[0].ipa, 0x09000000);
	assert_int_equal(map->places[0].count, 2);
	assert_int_equal(map->places[0].user, 1);
	assert_int_equal(map->places[0].first_ns, 5);
	assert_int_equal(map->places[0].last_ns, 7);
	assert_int_equal(map->places[1].count, 1);
	assert_int_equal(map->places[1].user, 0);
	for (uint64_t i = 2; i < FAULTMAP_PLACES_MAX; i++)
		assert_int_equal(faultmap_add_access(map, 0x10000000 + i * 512, false, 8), 0);
	assert_int_equal(faultmap_add_access(map, 0x20000000, false, 8), -ENOSPC);
	assert_int_equal(map->dropped_places, 1);
}

static void names_are_those_of_the_interface(void **state)
{
	(void)state;
	assert_string_equal(kind_name(NISV_KIND_NISV), "nisv");
	assert_string_equal(kind_name(NISV_KIND_BEYOND_IPA), "beyond-ipa");
	assert_string_equal(kind_name(NISV_KIND_LDST64B), "ldst64b");
	assert_string_equal(kind_name(KIND_MMIO_READ), "mmio-read");
	assert_string_equal(kind_name(KIND_MMIO_WRITE), "mmio-write");
	assert_string_equal(kind_name(KIND_MMIO_WRITE + 1), "unknown");
	assert_string_equal(outcome_name(NISV_OUTCOME_VMM_DECIDES), "vmm-decides");
	assert_string_equal(outcome_name(_NISV_OUTCOME_MAX), "unknown");
	assert_null(faultmap_free(NULL));
}

#define MAP_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MAP_TEST(a_record_opens_a_site_once),
		MAP_TEST(kinds_and_pcs_are_sites_of_their_own),
		MAP_TEST(a_changed_outcome_is_told),
		MAP_TEST(sites_stay_in_address_order),
		MAP_TEST(counts_open_sites_and_never_fall),
		MAP_TEST(answers_of_the_vmm_are_seen_or_not_known),
		MAP_TEST(the_map_is_bounded),
		MAP_TEST(a_death_takes_the_place_of_another_detail),
		MAP_TEST(hostile_records_are_refused_or_cut),
		MAP_TEST(places_are_counted_and_bounded),
		MAP_TEST(a_place_is_news_by_powers_of_two),
		MAP_TEST(a_storm_is_measured),
		MAP_TEST(one_more_each_time),
		cmocka_unit_test(names_are_those_of_the_interface),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
