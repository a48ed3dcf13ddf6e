/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The runs of one VM: which came before, which are still of interest, and whose clock tells. */

#include "tests/unit/vm_case.h"

static struct vm *previous_run(const struct vms *vms, const struct vm *vm, uint64_t now_ns,
			       uint64_t window_ns)
{
	return vms_previous_run(vms, vm, &(struct vm_now){now_ns, now_ns}, window_ns);
}

static void test_previous_run(void **state)
{
	struct vms vms = {};
	struct vm *old = add(&vms, 0, "", 1), *older = add(&vms, 1, "", 2),
		  *now = add(&vms, 2, "", 3);

	(void)state;
	name_it(old, "web", "");
	name_it(older, "web", "");
	name_it(now, "web", "");
	assert_null(previous_run(&vms, now, HOUR_NS, HOUR_NS));
	vm_set_end(older, VM_END_DESTROYED, 1 * HOUR_NS);
	vm_set_end(old, VM_END_DESTROYED, 2 * HOUR_NS);
	assert_null(previous_run(&vms, now, 3 * HOUR_NS, 24 * HOUR_NS)); /* no findings */
	give_finding(older);
	assert_ptr_equal(previous_run(&vms, now, 3 * HOUR_NS, 24 * HOUR_NS), older);
	assert_null(previous_run(&vms, now, 3 * HOUR_NS, HOUR_NS));
	/* The newest is the one that ended last, wherever it stands in the list. */
	give_finding(old);
	assert_ptr_equal(previous_run(&vms, now, 3 * HOUR_NS, 24 * HOUR_NS), old);
	/* Nor does it matter that the clock was set back since. */
	assert_ptr_equal(previous_run(&vms, now, 1 * HOUR_NS, HOUR_NS), old);
	/* Of an ended one, only what went before. */
	vm_set_end(now, VM_END_DESTROYED, 3 * HOUR_NS / 2);
	assert_ptr_equal(previous_run(&vms, now, 3 * HOUR_NS, 24 * HOUR_NS), older);
	name_it(now, "db", "");
	assert_null(previous_run(&vms, now, 3 * HOUR_NS, 24 * HOUR_NS));
	vms_clear(&vms);
}

/* The clock of a dossier's times is another: on a board that starts in 1970 they are all later. */
static void test_times_of_files(void **state)
{
	const struct vm_now now = {.ns = 3 * HOUR_NS, .of_files_ns = 1000 * HOUR_NS};
	struct vms vms = {};
	struct vm *seen = add(&vms, 0, "", 1), *loaded = add(&vms, 1, "", 2),
		  *running = add(&vms, 2, "", 3);

	(void)state;
	loaded->first_seen_ns = 900 * HOUR_NS;
	loaded->host = calloc(1, sizeof(*loaded->host));
	assert_non_null(loaded->host);
	for (size_t i = 0; i < 3; i++)
		name_it(vms.list[i], "web", "");
	give_finding(seen);
	give_finding(loaded);
	vm_set_end(seen, VM_END_DESTROYED, 1 * HOUR_NS);
	vm_set_end(loaded, VM_END_DESTROYED, 990 * HOUR_NS);
	assert_true(vms_is_open(&vms, loaded, &now, 11 * HOUR_NS));
	assert_false(vms_is_open(&vms, loaded, &now, 9 * HOUR_NS));
	assert_true(vms_is_open(&vms, seen, &now, 3 * HOUR_NS));
	assert_false(vms_is_open(&vms, seen, &now, HOUR_NS));
	/* Whatever its times are, a file is older than what was seen since the start. */
	assert_ptr_equal(vms_previous_run(&vms, running, &now, 24 * HOUR_NS), seen);
	vms_sort(&vms);
	assert_ptr_equal(vms.list[0], loaded);
	assert_ptr_equal(vms.list[1], seen);
	vms_clear(&vms);
}

/* nisvd was started again, and what it knew of a VM that hangs is old. */
static void test_runs_on(void **state)
{
	const struct vm_now now = {1000 * HOUR_NS, 1000 * HOUR_NS};
	struct vms vms = {};
	struct vm *hangs = add(&vms, 0, "4711-12", 4711), *running;

	(void)state;
	hangs->origin = VM_ORIGIN_DOSSIER;
	name_it(hangs, "web", "11111111-2222-3333-4444-555555555555");
	give_finding(hangs);
	assert_true(vms_is_open(&vms, hangs, &now, HOUR_NS));
	vm_set_end(hangs, VM_END_NOT_WATCHED, HOUR_NS);
	assert_false(vms_is_open(&vms, hangs, &now, HOUR_NS));
	running = add(&vms, 1, "4711-12", 4711);
	assert_string_equal(running->id, hangs->id);
	name_it(running, "web", "");
	assert_true(vms_is_open(&vms, hangs, &now, HOUR_NS));
	assert_ptr_equal(vms_previous_run(&vms, running, &now, HOUR_NS), hangs);
	/* Not another one whose process got the same number, nor a later run. */
	name_it(running, "web", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee");
	assert_false(vms_is_open(&vms, hangs, &now, HOUR_NS));
	assert_null(vms_previous_run(&vms, running, &now, HOUR_NS));
	name_it(running, "web", "");
	snprintf(running->id, sizeof(running->id), "4712-12");
	assert_false(vms_is_open(&vms, hangs, &now, HOUR_NS));
	assert_null(vms_previous_run(&vms, running, &now, HOUR_NS));
	/* Nor one that was seen to end. */
	snprintf(running->id, sizeof(running->id), "4711-12");
	hangs->end = VM_END_DESTROYED;
	assert_false(vms_is_open(&vms, hangs, &now, HOUR_NS));
	/* When it ends, too, all is over. */
	hangs->end = VM_END_NOT_WATCHED;
	vm_set_end(running, VM_END_DESTROYED, 1000 * HOUR_NS);
	assert_false(vms_is_open(&vms, hangs, &now, HOUR_NS));
	vms_clear(&vms);
}

static void test_no_previous_run_of_strangers(void **state)
{
	struct vms vms = {};
	struct vm *crashed = add(&vms, 0, "", 1), *healthy = add(&vms, 1, "", 2);

	(void)state;
	/* VMs that only share the name of their program: another's crash is not this one's. */
	for (size_t i = 0; i < 2; i++) {
		snprintf(vms.list[i]->comm, sizeof(vms.list[i]->comm), "kvmtool");
		assert_int_equal(vm_set_cmdline(vms.list[i], "", 0, false), 0);
	}
	give_finding(crashed);
	vm_set_end(crashed, VM_END_DESTROYED, 1000);
	assert_null(previous_run(&vms, healthy, 2000, HOUR_NS));
	/* Nor are those of one name whose UUIDs differ. */
	name_it(crashed, "web", "11111111-2222-3333-4444-555555555555");
	name_it(healthy, "web", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee");
	assert_null(previous_run(&vms, healthy, 2000, HOUR_NS));
	name_it(healthy, "web", "11111111-2222-3333-4444-555555555555");
	assert_ptr_equal(previous_run(&vms, healthy, 2000, HOUR_NS), crashed);
	vms_clear(&vms);
}

/* Those that were found at one moment: whichever order they come in. */
static void test_order_of_equals(void **state)
{
	struct vms vms = {};
	struct vm *one = add(&vms, 0, "", 1), *other = add(&vms, 1, "", 2), *first;

	(void)state;
	one->first_seen_ns = other->first_seen_ns = HOUR_NS;
	vms_sort(&vms);
	first = vms.list[0];
	vms.list[0] = vms.list[1];
	vms.list[1] = first;
	vms_sort(&vms);
	assert_ptr_equal(vms.list[0], first);
	vms_clear(&vms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_previous_run),
		cmocka_unit_test(test_times_of_files),
		cmocka_unit_test(test_runs_on),
		cmocka_unit_test(test_order_of_equals),
		cmocka_unit_test(test_no_previous_run_of_strangers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
