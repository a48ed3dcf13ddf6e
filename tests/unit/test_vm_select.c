/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Which VMs a word of the user's stands for. */

#include "tests/unit/vm_case.h"

static size_t select_vm(const struct vms *vms, const char *query, struct vm **ret_first)
{
	struct vm *matches[VMS_MATCHES_MAX] = {};
	size_t n = vms_select(vms, query, matches);

	*ret_first = n ? matches[0] : NULL;
	return n;
}

static void test_select(void **state)
{
	struct vms vms = {};
	struct vm *web = add(&vms, 0, "100-9", 100), *db = add(&vms, 1, "200-9", 200), *found;

	(void)state;
	name_it(web, "web", "11111111-2222-3333-4444-555555555555");
	name_it(db, "db", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee");
	assert_int_equal(select_vm(&vms, "100-9", &found), 1);
	assert_ptr_equal(found, web);
	assert_int_equal(select_vm(&vms, "000000000000000000000000000000A1", &found), 1);
	assert_ptr_equal(found, db);
	assert_int_equal(select_vm(&vms, "AAAAAAAA-bbbb-cccc-dddd-eeeeeeeeeeee", &found), 1);
	assert_ptr_equal(found, db);
	assert_int_equal(select_vm(&vms, "200", &found), 1);
	assert_ptr_equal(found, db);
	assert_int_equal(select_vm(&vms, "web", &found), 1);
	assert_ptr_equal(found, web);
	assert_int_equal(select_vm(&vms, "we", &found), 0);
	assert_int_equal(select_vm(&vms, "", &found), 0);
	assert_int_equal(select_vm(&vms, "WEB", &found), 0);
	vms_clear(&vms);
}

static void test_an_id_beats_a_name(void **state)
{
	struct vms vms = {};
	struct vm *impostor = add(&vms, 0, "100-9", 100), *real = add(&vms, 1, "200-9", 200),
		  *found;

	(void)state;
	name_it(impostor, "200-9", "");
	assert_int_equal(select_vm(&vms, "200-9", &found), 1);
	assert_ptr_equal(found, real);
	name_it(impostor, "200", "");
	assert_int_equal(select_vm(&vms, "200", &found), 2); /* a name against a PID: undecided */
	vms_clear(&vms);
}

static void test_running_wins(void **state)
{
	struct vms vms = {};
	struct vm *runs[3], *found;

	(void)state;
	for (uint64_t i = 0; i < 3; i++) {
		runs[i] = add(&vms, i, "", 100 + (uint32_t)i);
		name_it(runs[i], "web", "");
	}
	vm_set_end(runs[0], VM_END_DESTROYED, 1);
	vm_set_end(runs[1], VM_END_PROCESS_GONE, 2);
	assert_int_equal(select_vm(&vms, "web", &found), 1);
	assert_ptr_equal(found, runs[2]);
	/* With all of them ended, the newest run is meant; an older one by its id. */
	vm_set_end(runs[2], VM_END_PROCESS_GONE, 3);
	assert_int_equal(select_vm(&vms, "web", &found), 1);
	assert_ptr_equal(found, runs[2]);
	assert_int_equal(select_vm(&vms, runs[0]->id, &found), 1);
	assert_ptr_equal(found, runs[0]);
	vms_clear(&vms);
}

/* An entry of a former nisvd with the findings, and one of a later one that saw none: one id. */
static void test_one_id_twice(void **state)
{
	struct vm *found, *before, *after;
	struct vms vms = {};

	(void)state;
	before = add(&vms, 0, "145-8", 145);
	before->origin = VM_ORIGIN_DOSSIER;
	vm_set_end(before, VM_END_NOT_WATCHED, 1);
	after = add(&vms, 1, "145-8", 145);
	assert_string_equal(after->id, before->id);
	give_finding(before);
	assert_int_equal(select_vm(&vms, "145-8", &found), 1);
	assert_ptr_equal(found, after); /* it runs */
	vm_set_end(after, VM_END_PROCESS_GONE, 2);
	assert_int_equal(select_vm(&vms, "145-8", &found), 1);
	assert_ptr_equal(found, before);
	give_finding(after);
	assert_int_equal(select_vm(&vms, "145-8", &found), 1);
	assert_ptr_equal(found, after);
	vms_clear(&vms);
}

static void test_ambiguous(void **state)
{
	struct vm *matches[VMS_MATCHES_MAX] = {}, *found;
	struct vms vms = {};

	(void)state;
	for (uint64_t i = 0; i < VMS_MATCHES_MAX + 4; i++)
		name_it(add(&vms, i, "", (uint32_t)i + 1), "twin", "");
	assert_int_equal(vms_select(&vms, "twin", matches), VMS_MATCHES_MAX + 4);
	assert_ptr_equal(matches[0], vms.list[vms.n - 1]);
	for (size_t i = 0; i < VMS_MATCHES_MAX; i++)
		assert_string_equal(matches[i]->name.name, "twin");
	vms_clear(&vms);

	/* Ended VMs that only share the name of their program are different VMs. */
	for (uint64_t i = 0; i < 3; i++) {
		struct vm *vm = add(&vms, i, "", (uint32_t)i + 1);

		snprintf(vm->comm, sizeof(vm->comm), "kvmtool");
		assert_int_equal(vm_set_cmdline(vm, "", 0, false), 0);
		assert_string_equal(vm->name.name, "kvmtool");
		vm_set_end(vm, VM_END_DESTROYED, i + 1);
	}
	assert_int_equal(select_vm(&vms, "kvmtool", &found), 3);
	vms_clear(&vms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_select),	     cmocka_unit_test(test_an_id_beats_a_name),
		cmocka_unit_test(test_running_wins), cmocka_unit_test(test_one_id_twice),
		cmocka_unit_test(test_ambiguous),
	};

	return cmocka_run_group_tests_name("vm_select", tests, NULL, NULL);
}
