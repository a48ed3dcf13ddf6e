/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Memslots that change while nisvd looks: by scans, by the kernel's hook, and more than are kept.
 */

#include "tests/native/slots_case.h"

#include "daemon/core/slothistory.h"

struct expected {
	enum nisv_slot_change what;
	unsigned id;
	uint64_t gpa, gpa_before;
};

/* Each kind of change, alone. */
static void change(const struct host *host, unsigned i)
{
	switch (i) {
	case 0:
		set_slot(host, 1, BASE, 2 * PAGE, 0);
		break;
	case 1:
		set_slot(host, 1, BASE, 2 * PAGE, KVM_MEM_LOG_DIRTY_PAGES);
		break;
	case 2:
		set_slot(host, 1, BASE + 8 * PAGE, 2 * PAGE, KVM_MEM_LOG_DIRTY_PAGES);
		break;
	default:
		set_slot(host, 1, BASE + 8 * PAGE, 0, 0);
		break;
	}
}

static const struct expected expected[] = {
	{NISV_SLOT_CREATED, 1, BASE, 0},
	{NISV_SLOT_FLAGS, 1, BASE, BASE},
	{NISV_SLOT_MOVED, 1, BASE + 8 * PAGE, BASE},
	{NISV_SLOT_DELETED, 1, BASE + 8 * PAGE, BASE + 8 * PAGE},
};

#define N_EXPECTED (sizeof(expected) / sizeof(expected[0]))

static void check_changes(const struct slot_history *history)
{
	assert_int_equal(history->n, N_EXPECTED);
	for (size_t i = 0; i < N_EXPECTED; i++) {
		const struct slot_change *seen = &history->list[i];

		assert_int_equal(seen->what, expected[i].what);
		assert_int_equal(seen->slot.id, expected[i].id);
		assert_int_equal(seen->slot.gpa, expected[i].gpa);
		assert_int_equal(seen->gpa_before, expected[i].gpa_before);
		assert_int_equal(seen->slot.size, 2 * PAGE);
		assert_int_equal(seen->slot.flags & NISV_SLOT_LOG_DIRTY,
				 i == 0 ? 0 : NISV_SLOT_LOG_DIRTY);
	}
}

/* Without a hook: each change shows between two scans, and in no other interval. */
static void test_changes_by_scans(void **state)
{
	const struct nisv_rec_layout *rec, *last;
	struct layout before = {}, after = {};
	struct slot_history history = {};
	struct host host;

	(void)state;
	host_start(&host);
	set_slot(&host, 0, 0, PAGE, 0);
	last = scan(&host);
	assert_int_equal(layout_from_record(&before, last), 0);
	for (unsigned i = 0; i < N_EXPECTED; i++) {
		change(&host, i);
		rec = scan(&host);
		assert_int_equal(layout_from_record(&after, rec), 0);
		slot_history_compare(&history, &before, &after, last->hdr.time_ns,
				     rec->hdr.time_ns);
		assert_int_equal(history.n, i + 1);
		assert_true(history.list[i].from_ns == last->hdr.time_ns);
		assert_true(history.list[i].until_ns == rec->hdr.time_ns);
		assert_int_equal(layout_from_record(&before, rec), 0);
		last = rec;
	}
	check_changes(&history);
	assert_int_equal(before.n_slots, 1);
	slot_history_clear(&history);
	layout_clear(&before);
	layout_clear(&after);
	watch_assert_no_loss(&host.watch);
	host_stop(&host);
}

/* With it: each change has a record with its moment, and the map is current without a scan. */
static void test_changes_by_records(void **state)
{
	struct slot_history history = {};
	const struct nisv_rec_slot *rec;
	struct layout layout = {}, scanned = {};
	size_t from = 0, layouts = 0;
	struct host host;

	(void)state;
	host_start(&host);
	if (!capture_sees_slot_changes(host.watch.capture)) {
		host_stop(&host);
		print_message("SKIP: nothing tells of slot changes on this kernel\n");
		skip();
	}
	set_slot(&host, 0, 0, PAGE, 0);
	for (unsigned i = 0; i < N_EXPECTED; i++)
		change(&host, i);
	watch_take(&host.watch);
	/* The first one brought the VM and its map. */
	assert_non_null(watch_vm(&host.watch, getpid(), &from));
	assert_int_equal(layout_from_record(&layout, watch_layout(&host.watch, getpid(), &layouts)),
			 0);
	from = 0;
	rec = watch_slot(&host.watch, getpid(), &from);
	assert_non_null(rec);
	assert_int_equal(rec->after.id, 0);
	assert_int_equal(rec->before.id, -1);
	assert_true(rec->generation == layout.generation);
	while ((rec = watch_slot(&host.watch, getpid(), &from))) {
		slot_history_record(&history, rec);
		assert_int_equal(layout_apply(&layout, rec), 0);
		assert_int_equal(rec->hdr.tid, getpid());
	}
	check_changes(&history);
	for (size_t i = 1; i < history.n; i++)
		assert_true(history.list[i - 1].until_ns < history.list[i].from_ns);
	assert_int_equal(layout_from_record(&scanned, scan(&host)), 0);
	assert_true(layout_equal(&layout, &scanned));
	slot_history_clear(&history);
	layout_clear(&layout);
	layout_clear(&scanned);
	watch_assert_no_loss(&host.watch);
	host_stop(&host);
}

/* Whoever changes slots all the time is counted exactly and told a bounded number of times. */
static void test_changes_are_limited(void **state)
{
	const struct capture_options options = {.slots_per_second = 10};
	struct counters *counters;
	const struct nisv_rec_vm *vm;
	size_t from = 0, told = 0;
	struct host host;
	uint64_t changes;

	(void)state;
	host_start(&host);
	watch_stop(&host.watch);
	watch_start(&host.watch, &options);
	if (!capture_sees_slot_changes(host.watch.capture)) {
		host_stop(&host);
		print_message("SKIP: nothing tells of slot changes on this kernel\n");
		skip();
	}
	for (unsigned i = 0; i < 200; i++)
		set_slot(&host, 1, BASE, i % 2 ? 0 : PAGE, 0);
	watch_take(&host.watch);
	vm = watch_vm(&host.watch, getpid(), &from);
	assert_non_null(vm);
	from = 0;
	while (watch_slot(&host.watch, getpid(), &from))
		told++;
	assert_int_equal(counters_read(host.watch.capture, &counters), 0);
	changes = counters_find(counters, &vm->hdr.vm)->stat.slot_changes;
	assert_int_equal(changes, 200);
	assert_int_equal(told + counters_find(counters, &vm->hdr.vm)->stat.slot_changes_dropped,
			 changes);
	assert_true(told >= 10 && told < 200);
	counters_free(counters);
	watch_assert_no_loss(&host.watch);
	host_stop(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes_by_scans),
		cmocka_unit_test(test_changes_by_records),
		cmocka_unit_test(test_changes_are_limited),
	};

	watch_require_host();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
