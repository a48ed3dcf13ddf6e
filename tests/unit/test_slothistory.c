/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/unit/unit.h"

#include "daemon/core/slothistory.h"

#define MIB 0x100000ULL
#define MS  1000000ULL

static struct slot_history history;
static struct nisv_rec_layout rec;
static struct layout before, after;

static int setup(void **state)
{
	(void)state;
	memset(&rec, 0, sizeof(rec));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	slot_history_clear(&history);
	layout_clear(&before);
	layout_clear(&after);
	return 0;
}

static struct nisv_slot slot(int id, uint64_t gpa, uint64_t size, uint32_t flags)
{
	return (struct nisv_slot){
		.id = (int16_t)id,
		.gpa = gpa,
		.size = size,
		.hva = 0x7f0000000000 + ((uint64_t)id << 36),
		.flags = flags,
	};
}

static const struct nisv_slot none = {.id = -1};

static void told(enum nisv_slot_change what, struct nisv_slot was, struct nisv_slot is, uint64_t ns)
{
	const struct nisv_rec_slot change = {
		.hdr = {.time_ns = ns},
		.change = what,
		.before = was,
		.after = is,
	};

	slot_history_record(&history, &change);
}

static void reading(struct layout *layout, size_t n, const struct nisv_slot *slots)
{
	memset(&rec, 0, sizeof(rec));
	rec.state = NISV_LAYOUT_STABLE;
	for (size_t i = 0; i < n; i++)
		rec.slots[i] = slots[i];
	rec.n_slots = rec.total_slots = (uint32_t)n;
	assert_int_equal(layout_from_record(layout, &rec), 0);
}

static void told_changes_keep_their_moment(void **state)
{
	(void)state;
	told(NISV_SLOT_CREATED, none, slot(1, 0, MIB, 0), 10 * MS);
	told(NISV_SLOT_FLAGS, slot(1, 0, MIB, 0), slot(1, 0, MIB, NISV_SLOT_LOG_DIRTY), 20 * MS);
	told(NISV_SLOT_MOVED, slot(1, 0, MIB, 0), slot(1, 4 * MIB, MIB, 0), 30 * MS);
	told(NISV_SLOT_DELETED, slot(1, 4 * MIB, MIB, 0), none, 40 * MS);
	assert_int_equal(history.n, 4);
	assert_int_equal(history.total, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(history.list[i].from_ns, (i + 1) * 10 * MS);
		assert_int_equal(history.list[i].until_ns, (i + 1) * 10 * MS);
		assert_int_equal(history.list[i].slot.id, 1);
	}
	assert_int_equal(history.list[0].what, NISV_SLOT_CREATED);
	assert_int_equal(history.list[1].slot.flags, NISV_SLOT_LOG_DIRTY);
	assert_int_equal(history.list[2].gpa_before, 0);
	assert_int_equal(history.list[2].slot.gpa, 4 * MIB);
	assert_int_equal(history.list[3].slot.gpa, 4 * MIB);
}

static void late_records_find_their_place(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 40; i++)
		told(NISV_SLOT_CREATED, none, slot((int)i, i * MIB, MIB, 0), (i ^ 5) * MS);
	for (unsigned i = 0; i < 40; i++)
		assert_int_equal(history.list[i].from_ns, i * MS);
}

static void the_newest_are_kept(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3 * SLOT_HISTORY_MAX; i++)
		told(NISV_SLOT_CREATED, none, slot(1, i * MIB, MIB, 0), i * MS);
	assert_int_equal(history.n, SLOT_HISTORY_MAX);
	assert_int_equal(history.total, 3 * SLOT_HISTORY_MAX);
	assert_int_equal(history.list[0].from_ns, 2 * SLOT_HISTORY_MAX * MS);
	assert_int_equal(history.list[SLOT_HISTORY_MAX - 1].from_ns,
			 (3 * SLOT_HISTORY_MAX - 1) * MS);
}

static void what_makes_no_sense_is_dropped(void **state)
{
	(void)state;
	told((enum nisv_slot_change)77, slot(1, 0, MIB, 0), slot(1, 0, MIB, 0), MS);
	told(NISV_SLOT_CREATED, none, none, MS);
	told(NISV_SLOT_DELETED, none, none, MS);
	assert_int_equal(history.n, 0);
	assert_int_equal(history.total, 0);
	assert_string_equal(slot_change_name((enum nisv_slot_change)77), "unknown");
	assert_string_equal(slot_change_name(NISV_SLOT_MOVED), "moved");
}

static void two_readings_tell_what_differs(void **state)
{
	const struct nisv_slot was[] = {
		slot(0, 0, MIB, 0),	  slot(1, 2 * MIB, MIB, 0), slot(2, 4 * MIB, MIB, 0),
		slot(3, 6 * MIB, MIB, 0), slot(4, 8 * MIB, MIB, 0),
	};
	const struct nisv_slot is[] = {
		slot(0, 0, MIB, 0),			   /* as it was */
		slot(2, 5 * MIB, MIB, 0),		   /* moved */
		slot(3, 6 * MIB, MIB, NISV_SLOT_READONLY), /* flags */
		slot(4, 8 * MIB, 2 * MIB, 0),		   /* deleted and made anew */
		slot(5, 12 * MIB, MIB, 0),		   /* new */
	};
	static const struct {
		enum nisv_slot_change what;
		int id;
		uint64_t gpa_before;
	} want[] = {
		{NISV_SLOT_DELETED, 1, 2 * MIB}, {NISV_SLOT_DELETED, 4, 8 * MIB},
		{NISV_SLOT_MOVED, 2, 4 * MIB},	 {NISV_SLOT_FLAGS, 3, 6 * MIB},
		{NISV_SLOT_CREATED, 4, 0},	 {NISV_SLOT_CREATED, 5, 0},
	};

	(void)state;
	reading(&before, 5, was);
	reading(&after, 5, is);
	slot_history_compare(&history, &before, &after, 10 * MS, 20 * MS);
	assert_int_equal(history.n, ARRAY_SIZE(want));
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		assert_int_equal(history.list[i].what, want[i].what);
		assert_int_equal(history.list[i].slot.id, want[i].id);
		assert_int_equal(history.list[i].gpa_before, want[i].gpa_before);
		assert_int_equal(history.list[i].from_ns, 10 * MS);
		assert_int_equal(history.list[i].until_ns, 20 * MS);
	}
}

static void equal_readings_tell_nothing(void **state)
{
	const struct nisv_slot valid[] = {slot(0, 0, MIB, 0)};
	const struct nisv_slot changing[] = {slot(0, 0, MIB, NISV_SLOT_INVALID)};

	(void)state;
	reading(&before, 1, valid);
	reading(&after, 1, changing);
	slot_history_compare(&history, &before, &before, MS, 2 * MS);
	slot_history_compare(&history, &before, &after, MS, 2 * MS);
	slot_history_compare(&history, &after, &before, MS, 2 * MS);
	assert_int_equal(history.total, 0);

	/* Deleted after all: what it was before counts. */
	reading(&before, 0, NULL);
	slot_history_compare(&history, &after, &before, MS, 2 * MS);
	assert_int_equal(history.total, 1);
	assert_int_equal(history.list[0].slot.flags, 0);
}

/* Ids are numbered in each address space by itself. */
static void address_spaces_are_apart(void **state)
{
	struct nisv_slot was[] = {slot(1, 0, MIB, 0), slot(1, 4 * MIB, MIB, 0)};

	(void)state;
	was[1].as_id = 1;
	reading(&before, 2, was);
	reading(&after, 1, was);
	slot_history_compare(&history, &before, &after, MS, 2 * MS);
	assert_int_equal(history.n, 1);
	assert_int_equal(history.list[0].slot.as_id, 1);
}

/* A reading that may lack slots proves nothing. */
static void unsure_readings_tell_nothing(void **state)
{
	const struct nisv_slot one[] = {slot(0, 0, MIB, 0)};

	(void)state;
	reading(&before, 1, one);
	reading(&after, 0, NULL);
	after.state = NISV_LAYOUT_UNSTABLE;
	slot_history_compare(&history, &before, &after, MS, 2 * MS);
	slot_history_compare(&history, &after, &before, MS, 2 * MS);
	after = (struct layout){.slots = after.slots, .bus = after.bus};
	slot_history_compare(&history, &before, &after, MS, 2 * MS); /* not known at all */
	assert_int_equal(history.total, 0);
}

/* Behind the last slot of a reading that was cut nothing is known. */
static void cut_readings_tell_what_they_show(void **state)
{
	const struct nisv_slot three[] = {
		slot(0, 0, MIB, 0),
		slot(1, 2 * MIB, MIB, 0),
		slot(2, 9 * MIB, MIB, 0),
	};
	const struct nisv_slot pushed[] = {three[0], slot(3, 4 * MIB, MIB, 0)};

	(void)state;
	reading(&before, 3, three);
	reading(&after, 2, pushed);
	after.total_slots = 3;
	slot_history_compare(&history, &before, &after, MS, 2 * MS);
	/* 1 was before the cut, 2 may still be there. */
	assert_int_equal(history.n, 2);
	assert_int_equal(history.list[0].what, NISV_SLOT_DELETED);
	assert_int_equal(history.list[0].slot.id, 1);
	assert_int_equal(history.list[1].what, NISV_SLOT_CREATED);
	assert_int_equal(history.list[1].slot.id, 3);
	slot_history_clear(&history);
	slot_history_compare(&history, &after, &before, MS, 2 * MS);
	assert_int_equal(history.n, 2); /* 2 may have been there already */
	assert_int_equal(history.list[0].slot.id, 3);
	assert_int_equal(history.list[1].slot.id, 1);
}

/* A change that two readings showed first is told once, with its moment. */
static void a_moment_replaces_an_interval(void **state)
{
	const struct nisv_slot two[] = {slot(0, 0, MIB, 0), slot(1, 2 * MIB, MIB, 0)};

	(void)state;
	reading(&before, 2, two);
	reading(&after, 1, two);
	slot_history_compare(&history, &before, &after, 10 * MS, 20 * MS);
	told(NISV_SLOT_DELETED, two[1], none, 13 * MS);
	assert_int_equal(history.n, 1);
	assert_int_equal(history.total, 1);
	assert_int_equal(history.list[0].from_ns, 13 * MS);
	assert_int_equal(history.list[0].until_ns, 13 * MS);

	/* The map was seen changed before KVM told: still the same change. */
	slot_history_clear(&history);
	slot_history_compare(&history, &before, &after, 10 * MS, 20 * MS);
	told(NISV_SLOT_DELETED, two[1], none, 21 * MS);
	assert_int_equal(history.n, 1);
	assert_int_equal(history.list[0].from_ns, 21 * MS);

	/* Another slot, and the same one once more, are changes of their own. */
	told(NISV_SLOT_DELETED, two[0], none, 22 * MS);
	told(NISV_SLOT_CREATED, none, two[1], 23 * MS);
	told(NISV_SLOT_DELETED, two[1], none, 24 * MS);
	assert_int_equal(history.n, 4);
	assert_int_equal(history.total, 4);
}

/* Deleted and made anew between two readings: two changes, each with a record of its own. */
static void each_interval_has_its_moment(void **state)
{
	const struct nisv_slot was = slot(1, 0, MIB, 0), is = slot(1, 4 * MIB, 2 * MIB, 0);

	(void)state;
	reading(&before, 1, &was);
	reading(&after, 1, &is);
	slot_history_compare(&history, &before, &after, 10 * MS, 20 * MS);
	assert_int_equal(history.n, 2);
	told(NISV_SLOT_DELETED, was, none, 12 * MS);
	told(NISV_SLOT_CREATED, none, is, 14 * MS);
	assert_int_equal(history.n, 2);
	assert_int_equal(history.total, 2);
	assert_int_equal(history.list[0].what, NISV_SLOT_DELETED);
	assert_int_equal(history.list[0].until_ns, 12 * MS);
	assert_int_equal(history.list[1].what, NISV_SLOT_CREATED);
	assert_int_equal(history.list[1].until_ns, 14 * MS);

	/* Had they not been told, the next deletion would be another one. */
	slot_history_clear(&history);
	slot_history_compare(&history, &before, &after, 10 * MS, 20 * MS);
	told(NISV_SLOT_DELETED, is, none, 30 * MS);
	assert_int_equal(history.n, 3);
	told(NISV_SLOT_CREATED, none, was, 31 * MS);
	told(NISV_SLOT_DELETED, was, none, 32 * MS);
	assert_int_equal(history.n, 5);
}

static void a_removal_between_two_readings_has_both_times(void **state)
{
	const struct nisv_slot one[] = {slot(0, 0, MIB, 0)};

	(void)state;
	reading(&before, 1, one);
	reading(&after, 0, NULL);
	slot_history_compare(&history, &before, &after, 10 * MS, 20 * MS);
	assert_int_equal(history.n, 1);
	assert_int_equal(history.list[0].what, NISV_SLOT_DELETED);
	assert_int_equal(history.list[0].from_ns, 10 * MS);
	assert_int_equal(history.list[0].until_ns, 20 * MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(told_changes_keep_their_moment, setup, teardown),
		cmocka_unit_test_setup_teardown(late_records_find_their_place, setup, teardown),
		cmocka_unit_test_setup_teardown(the_newest_are_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(what_makes_no_sense_is_dropped, setup, teardown),
		cmocka_unit_test_setup_teardown(two_readings_tell_what_differs, setup, teardown),
		cmocka_unit_test_setup_teardown(equal_readings_tell_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(address_spaces_are_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(unsure_readings_tell_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(cut_readings_tell_what_they_show, setup, teardown),
		cmocka_unit_test_setup_teardown(a_moment_replaces_an_interval, setup, teardown),
		cmocka_unit_test_setup_teardown(each_interval_has_its_moment, setup, teardown),
		cmocka_unit_test_setup_teardown(a_removal_between_two_readings_has_both_times,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
