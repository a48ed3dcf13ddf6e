/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The set of VMs: ids, bounds and who must go first, the end and what comes after. */

#include <errno.h>

#include "tests/unit/vm_case.h"

static void test_ids(void **state)
{
	struct vms vms = {};
	struct vm *first = add(&vms, 0, "4711-12", 4711), *second = add(&vms, 1, "4711-12", 4711);
	struct vm *third = add(&vms, 2, "4711-12", 4711), *other = add(&vms, 3, "4711-13", 4711);
	const struct nisv_vm_key key = identity(4);
	struct vm *vm = NULL;

	(void)state;
	assert_string_equal(first->id, "4711-12");
	assert_string_equal(second->id, "4711-12.2");
	assert_string_equal(third->id, "4711-12.3");
	assert_string_equal(other->id, "4711-13");
	/* Where the directory is not known, or is no PID-FD, process and descriptor make the id. */
	assert_int_equal(vms_add(&vms, &key, "00", "", 77, 5, 1, &vm), 0);
	assert_string_equal(vm->id, "77-5");
	assert_string_equal(add(&vms, 5, "", 78)->id, "78");
	assert_string_equal(add(&vms, 6, "../../etc", 79)->id, "79");
	assert_string_equal(add(&vms, 7, "", 78)->id, "78.2");
	/* A directory that KVM numbered itself, and the largest numbers there are. */
	assert_string_equal(add(&vms, 8, "4294967295-4294967295.1", 1)->id,
			    "4294967295-4294967295");
	assert_string_equal(add(&vms, 9, "4294967295-4294967295.2", 1)->id,
			    "4294967295-4294967295.2");
	vms_clear(&vms);
	assert_int_equal(vms.n, 0);
}

/* Two VMMs that each make one VM after the other. */
static void test_ids_of_loops(void **state)
{
	struct vms vms = {};

	(void)state;
	for (unsigned int i = 0; i < 6; i++) {
		char want[2][32];

		snprintf(want[0], sizeof(want[0]), i ? "1-3.%u" : "1-3", i + 1);
		snprintf(want[1], sizeof(want[1]), i ? "2-3.%u" : "2-3", i + 1);
		assert_string_equal(add(&vms, 4 * i, "1-3", 1)->id, want[0]);
		assert_string_equal(add(&vms, 4 * i + 1, "2-3", 2)->id, want[1]);
	}
	assert_string_equal(add(&vms, 100, "2-3", 2)->id, "2-3.7");
	assert_string_equal(add(&vms, 101, "2-3", 2)->id, "2-3.8");
	assert_string_equal(add(&vms, 102, "1-3", 1)->id, "1-3.7");
	vms_clear(&vms);
}

/* A fault, or a counter, can overtake the record that introduces its VM. */
static void test_an_id_that_comes_late(void **state)
{
	struct vms vms = {};
	struct vm *vm = add(&vms, 0, "", 4711), *second = add(&vms, 1, "", 4711);

	(void)state;
	assert_false(vm->has_id);
	assert_string_equal(second->id, "4711.2");
	vms_set_id(&vms, vm, "4711-12", -1);
	assert_string_equal(vm->id, "4711-12");
	assert_true(vm->has_id);
	vms_set_id(&vms, second, "4711-12", -1);
	assert_string_equal(second->id, "4711-12.2");
	/* An id that is known stays, and one that is still not known does, too. */
	vms_set_id(&vms, vm, "1-1", 1);
	assert_string_equal(vm->id, "4711-12");
	vm = add(&vms, 2, "", 4712);
	vms_set_id(&vms, vm, "", -1);
	assert_string_equal(vm->id, "4712");
	assert_false(vm->has_id);
	vms_set_id(&vms, vm, "", 7);
	assert_string_equal(vm->id, "4712-7");
	vms_clear(&vms);
}

static void test_an_ended_id_is_not_given_again(void **state)
{
	struct vms vms = {};
	struct vm *first = add(&vms, 0, "1-3", 1);

	(void)state;
	vm_set_end(first, VM_END_DESTROYED, 5000);
	assert_string_equal(add(&vms, 1, "1-3", 1)->id, "1-3.2");
	/* Nor that of one that was forgotten since, while a later one is known; others are in no
	 * way. */
	add(&vms, 2, "1-35", 1);
	add(&vms, 3, "1-3", 1);
	vm_set_end(vms.list[1], VM_END_DESTROYED, 5000);
	assert_string_equal(add(&vms, 4, "1-3", 1)->id, "1-3.4");
	assert_string_equal(add(&vms, 5, "1-35", 1)->id, "1-35.2");
	vms_clear(&vms);
}

static void test_find(void **state)
{
	struct vms vms = {};
	struct vm *vm = add(&vms, 0, "1-3", 1);
	struct nisv_vm_key key = identity(0);

	(void)state;
	assert_ptr_equal(vms_find(&vms, &key), vm);
	vm_set_end(vm, VM_END_DESTROYED, 5000);
	assert_ptr_equal(vms_find(&vms, &key), vm); /* records of its last moments still come */
	vm->forgotten = true;
	assert_null(vms_find(&vms, &key));
	/* The kernel uses the address of a freed struct kvm again at once. */
	key.ino++;
	assert_null(vms_find(&vms, &key));
	vms_clear(&vms);
}

static void count_forgotten(struct vm *vm, void *userdata)
{
	(void)vm;
	++*(size_t *)userdata;
}

/* As a poll does with one that has ended. */
static void end_counted(struct vms *vms, struct vm *vm, uint64_t now_ns)
{
	vm_set_end(vm, VM_END_DESTROYED, now_ns);
	vm->counted = true;
	vms_trim(vms);
}

static void test_ended_are_bounded(void **state)
{
	size_t forgotten = 0;
	struct vms vms = {.forget = count_forgotten, .userdata = &forgotten};
	const struct nisv_vm_key with_finding = identity(0), without = identity(1);
	const struct nisv_vm_key second = identity(2);
	struct vm *vm;

	(void)state;
	for (uint64_t i = 0; i < VMS_ENDED_MAX; i++) {
		vm = add(&vms, i, "", (uint32_t)i + 1);
		if (i != 1)
			give_finding(vm);
		end_counted(&vms, vm, 1000 + i);
	}
	assert_int_equal(vms.n, VMS_ENDED_MAX);
	assert_int_equal(forgotten, 0);
	/* One too many: the one without a finding goes, though others ended before it. */
	vm = add(&vms, VMS_ENDED_MAX, "", 9999);
	give_finding(vm);
	end_counted(&vms, vm, 5000);
	assert_int_equal(vms.n, VMS_ENDED_MAX);
	assert_int_equal(forgotten, 1);
	assert_null(vms_find(&vms, &without));
	assert_non_null(vms_find(&vms, &with_finding));
	/* All have findings now: the oldest end goes. */
	vm = add(&vms, VMS_ENDED_MAX + 1, "", 9998);
	give_finding(vm);
	end_counted(&vms, vm, 5001);
	assert_int_equal(vms.n, VMS_ENDED_MAX);
	assert_null(vms_find(&vms, &with_finding));
	assert_non_null(vms_find(&vms, &second));
	/* A VM ends once: what is said later about why changes nothing. */
	vm_set_end(vms.list[0], VM_END_NOT_FOUND, 9000);
	assert_int_equal(vms.list[0]->end, VM_END_DESTROYED);
	vms_clear(&vms);
}

/* Hundreds may end between two polls: what they did is read before they are forgotten. */
static void test_none_is_forgotten_before_it_is_counted(void **state)
{
	struct vms vms = {};

	(void)state;
	for (uint64_t i = 0; i < 2 * VMS_ENDED_MAX; i++)
		vm_set_end(add(&vms, i, "", (uint32_t)i + 1), VM_END_DESTROYED, 1000 + i);
	vms_trim(&vms);
	assert_int_equal(vms.n, 2 * VMS_ENDED_MAX);
	for (size_t i = 0; i < vms.n; i++)
		vms.list[i]->counted = true;
	vms_trim(&vms);
	assert_int_equal(vms.n, VMS_ENDED_MAX);
	vms_clear(&vms);
}

/* A VMM can make one VM after the other, and let each fault everywhere before it ends. */
static void test_ended_take_bounded_memory(void **state)
{
	const size_t sites = 10000, fit = VMS_ENDED_BYTES_MAX / (sites * sizeof(struct site));
	struct vms vms = {};

	(void)state;
	for (uint64_t i = 0; i < 3 * fit; i++) {
		struct vm *vm = add(&vms, i, "", (uint32_t)i + 1);

		for (size_t k = 0; k < sites; k++) {
			const struct nisv_site_key key = {.page = k, .kind = NISV_KIND_NISV};
			const struct nisv_site value = {.count = 1};

			assert_int_equal(faultmap_count_site(vm->faults, &key, &value), 0);
		}
		give_finding(vm);
		end_counted(&vms, vm, 1000 + i);
	}
	assert_in_range(vms.n, fit - 2, fit);
	/* The last one stays, however large. */
	assert_int_equal(vms.list[vms.n - 1]->end_ns, 1000 + 3 * fit - 1);
	vms_clear(&vms);
}

static void test_all_are_bounded(void **state)
{
	const struct nisv_vm_key key = identity(VMS_MAX), first = identity(0), last = identity(7);
	struct vms vms = {};
	struct vm *vm = NULL;

	(void)state;
	for (uint64_t i = 0; i < VMS_MAX; i++)
		add(&vms, i, "", (uint32_t)i + 1);
	assert_int_equal(vms_running(&vms), VMS_MAX);
	assert_int_equal(vms_add(&vms, &key, "00", "", 1, 1, 1, &vm), -ENOSPC);
	assert_null(vm);
	assert_int_equal(vms.refused, 1);
	/* An ended one makes room, once it is counted; a running one never does. */
	vm_set_end(vms.list[7], VM_END_DESTROYED, 10);
	assert_int_equal(vms_add(&vms, &key, "00", "", 1, 1, 1, &vm), -ENOSPC);
	vms.list[7]->counted = true;
	assert_int_equal(vms_add(&vms, &key, "00", "", 1, 1, 1, &vm), 0);
	assert_int_equal(vms.n, VMS_MAX);
	assert_null(vms_find(&vms, &last));
	assert_non_null(vms_find(&vms, &first));
	vms_clear(&vms);
}

static void test_revive(void **state)
{
	struct vms vms = {};
	struct vm *missed = add(&vms, 0, "", 1), *destroyed = add(&vms, 1, "", 2);

	(void)state;
	vm_set_end(missed, VM_END_NOT_FOUND, 1000);
	vm_set_end(destroyed, VM_END_DESTROYED, 1000);
	assert_int_equal(vms_running(&vms), 0);
	missed->dirty = false;
	vm_revive(missed);
	vm_revive(destroyed);
	assert_int_equal(missed->end, VM_END_NONE);
	assert_int_equal(missed->end_ns, 0);
	assert_true(missed->dirty);
	assert_int_equal(destroyed->end, VM_END_DESTROYED);
	assert_int_equal(vms_running(&vms), 1);
	vms_clear(&vms);
}

static void test_records_after_the_end(void **state)
{
	struct nisv_rec_fault fault = {
		.hdr = {.type = NISV_REC_FAULT, .size = sizeof(fault), .time_ns = 2000},
		.kind = NISV_KIND_NISV,
		.outcome = NISV_OUTCOME_VM_KILLED,
		.errno_ = -ENOSYS,
		.vcpu_order = 1,
		.count = 1,
		.esr = 0x92000005,
		.ipa = 0x50000000,
		.pc = 0x40080000,
		.slot.id = -1,
		.below.id = -1,
		.above.id = -1,
	};
	const struct host host = {.arch = "arm64", .injection_seen = true};
	struct vms vms = {};
	struct vm *vm = add(&vms, 0, "1-2", 1);

	(void)state;
	vm_set_end(vm, VM_END_DESTROYED, 1000);
	assert_int_equal(vm_diagnose(vm, &host, 2000), 0);
	assert_false(vm->dirty);
	assert_null(vm_worst(vm));
	assert_int_equal(faultmap_record(vm->faults, &fault, NULL), 1);
	vm->dirty = true;
	assert_int_equal(vm_diagnose(vm, &host, 2000), 0);
	assert_int_equal(vm->findings.n, 1);
	assert_int_equal(vm_worst(vm)->severity, SEVERITY_FATAL);
	/* Not dirty: the findings stay, and what they point to with them. */
	assert_int_equal(vm_diagnose(vm, &host, 2000), 0);
	assert_int_equal(vm->findings.n, 1);
	vms_clear(&vms);
}

static void test_aborts(void **state)
{
	struct vm vm = {};

	(void)state;
	for (size_t kind = 0; kind < _NISV_KIND_MAX; kind++)
		vm.totals.faults[kind] = 1ULL << (4 * kind);
	vm.totals.mmio_reads = 1ULL << 40;
	assert_int_equal(vm_aborts(&vm), 0x11111111);
}

static void test_cmdline_is_bounded(void **state)
{
	static char long_line[3 * NISV_CMDLINE_MAX];
	struct vms vms = {};
	struct vm *vm = add(&vms, 0, "1-2", 1);

	(void)state;
	memset(long_line, 'x', sizeof(long_line));
	assert_int_equal(vm_set_cmdline(vm, long_line, sizeof(long_line), false), 0);
	assert_int_equal(vm->cmdline_len, NISV_CMDLINE_MAX);
	assert_true(vm->cmdline_cut);
	assert_int_equal(vm->cmdline[vm->cmdline_len], '\0');
	assert_int_equal(vm_set_cmdline(vm, "a\0b", 4, false), 0);
	assert_int_equal(vm->cmdline_len, 4);
	assert_false(vm->cmdline_cut);
	vms_clear(&vms);
}

static void test_end_names(void **state)
{
	(void)state;
	assert_null(vm_end_name(VM_END_NONE));
	assert_string_equal(vm_end_name(VM_END_DESTROYED), "vm-destroyed");
	assert_string_equal(vm_end_name(VM_END_PROCESS_GONE), "process-gone");
	assert_string_equal(vm_end_name(VM_END_NOT_FOUND), "not-found");
	assert_string_equal(vm_end_name(VM_END_NOT_WATCHED), "not-watched");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_ids_of_loops),
		cmocka_unit_test(test_an_id_that_comes_late),
		cmocka_unit_test(test_an_ended_id_is_not_given_again),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_ended_are_bounded),
		cmocka_unit_test(test_none_is_forgotten_before_it_is_counted),
		cmocka_unit_test(test_ended_take_bounded_memory),
		cmocka_unit_test(test_all_are_bounded),
		cmocka_unit_test(test_revive),
		cmocka_unit_test(test_records_after_the_end),
		cmocka_unit_test(test_aborts),
		cmocka_unit_test(test_cmdline_is_bounded),
		cmocka_unit_test(test_end_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
