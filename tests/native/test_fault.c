/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Faults on this machine's KVM: what capture says of them, complete and counted once. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>

#include "tests/native/watch.h"

#define HOLE 0x10000000ULL

/* Where a guest program starts and what it does there. */
#if defined(__x86_64__)
#define FAULT_GUEST "--guest pxor-long --arg 0=0x10000000 "
#define FOUR_SITES  "--guest jump --arg 0=0x10000000 "
#define FAULT_KIND  NISV_KIND_EMULATION
#define SAW	    "internal_error"
#define RAM_BASE    0x0ULL
#define RAM_SIZE    0x100000ULL
#else
#define FAULT_GUEST "--guest ldp --arg 0=0x50000000 "
#define FOUR_SITES  FAULT_GUEST
#define FAULT_KIND  NISV_KIND_NISV
#define SAW	    "enosys"
#define RAM_BASE    0x40000000ULL
#define RAM_SIZE    0x1000000ULL
#endif

/* The one fault record of a process that must have exactly one. */
static const struct nisv_rec_fault *only_fault(const struct watch *watch, pid_t tgid)
{
	size_t from = 0;
	const struct nisv_rec_fault *fault = watch_fault(watch, tgid, &from);

	assert_non_null(fault);
	assert_null(watch_fault(watch, tgid, &from));
	return fault;
}

/* A VMM that dies at once leaves everything behind. */
static void test_dies_at_once(void **state)
{
	const struct nisv_rec_layout *layout;
	const struct nisv_rec_fault *fault;
	const struct nisv_rec_vm *vm;
	size_t from = 0, layouts = 0;
	struct watch watch;
	struct vmm vmm;

	(void)state;
	watch_start(&watch, NULL);
	vmm_start(&vmm, FAULT_GUEST);
	vmm_wait(&vmm);
	assert_int_equal(vmm.status, 1); /* it is gone before we look */
	watch_take(&watch);

	vm = watch_vm(&watch, vmm.pid, &from);
	assert_non_null(vm);
	assert_string_equal(vm->comm, "testvmm");
	assert_int_equal(vm->cmdline_len, vm->cmdline_total);
	assert_non_null(strstr(vm->cmdline, "testvmm"));
	assert_non_null(memmem(vm->cmdline, vm->cmdline_len, FAULT_GUEST, strlen("--guest")));
	assert_int_equal(vm->cmdline[vm->cmdline_len - 1], '\0');
	assert_true(vm->start_ns > 0);
	assert_true(vm->cgroup_id > 0);

	layout = watch_layout(&watch, vmm.pid, &layouts);
	assert_non_null(layout);
	assert_int_equal(layout->state, NISV_LAYOUT_STABLE);
	assert_int_equal(layout->n_slots, 1);
	assert_int_equal(layout->total_slots, 1);
	assert_true(layout->slots[0].gpa == RAM_BASE);
	assert_true(layout->slots[0].size == RAM_SIZE);
	assert_true(layout->slots[0].hva != 0);
	assert_int_equal(layout->vcpus, 1);

	fault = only_fault(&watch, vmm.pid);
	assert_int_equal(fault->kind, FAULT_KIND);
	assert_int_equal(fault->count, 1);
	assert_int_equal(fault->vcpu_order, 1);
	assert_int_equal(fault->vcpu_id, 0);
	assert_int_equal(fault->layout_state, NISV_LAYOUT_STABLE);
	assert_string_equal(fault->comm, "testvmm");
	assert_int_equal(fault->insn_state, NISV_INSN_OK);
	assert_true(fault->hdr.seq > layout->hdr.seq && layout->hdr.seq > vm->hdr.seq);
	watch_assert_no_loss(&watch);
	vmm_free(&vmm);
	watch_stop(&watch);
}

#if defined(__x86_64__)
/* The bytes of `pxor (%edi), %xmm0` in 64-bit code, and the register that holds the address. */
static void check_pxor(const char *args, size_t prefix)
{
	static const uint8_t pxor[] = {0x66, 0x0f, 0xef, 0x07};
	const struct nisv_rec_fault *fault;
	struct watch watch;
	struct vmm vmm;

	watch_start(&watch, NULL);
	vmm_run(&vmm, &watch, args);
	fault = only_fault(&watch, vmm.pid);
	assert_int_equal(fault->kind, NISV_KIND_EMULATION);
	assert_int_equal(fault->outcome, NISV_OUTCOME_VMM_DECIDES);
	assert_int_equal(fault->exit_reason, KVM_EXIT_INTERNAL_ERROR);
	assert_int_equal(fault->errno_, 0);
	assert_true(fault->pc == 0x8000);
	assert_true(fault->gpr[7] == HOLE); /* rdi */
	assert_true(fault->insn_len >= prefix + sizeof(pxor));
	assert_memory_equal(fault->insn + prefix, pxor, sizeof(pxor));
	assert_int_equal(vmm_saw(&vmm, 0, "internal_error"), 1);
	vmm_free(&vmm);
	watch_stop(&watch);
}

static void test_emulation_real_mode(void **state)
{
	(void)state;
	check_pxor("--guest pxor --arg 0=0x10000000", 1); /* an address-size prefix in front */
}

static void test_emulation_long_mode(void **state)
{
	(void)state;
	check_pxor("--guest pxor-long --arg 0=0x10000000", 1);
}

static void test_jump_into_nothing(void **state)
{
	const struct nisv_rec_fault *fault;
	struct watch watch;
	struct vmm vmm;

	(void)state;
	watch_start(&watch, NULL);
	vmm_run(&vmm, &watch, "--guest jump --arg 0=0x10000000");
	fault = only_fault(&watch, vmm.pid);
	assert_int_equal(fault->kind, NISV_KIND_EMULATION);
	assert_int_equal(fault->insn_len, 0);
	assert_int_equal(fault->insn_state, NISV_INSN_NONE);
	assert_true(fault->pc == HOLE);
	assert_true(fault->ipa == HOLE);
	assert_int_equal(fault->slot.id, -1);
	assert_true(fault->below.gpa == RAM_BASE && fault->below.size == RAM_SIZE);
	assert_int_equal(fault->above.id, -1);
	vmm_free(&vmm);
	watch_stop(&watch);
}
#endif

/* A storm at one place: every fault counted, details at the 1st, 2nd, 4th, 8th, ... */
static void test_storm(void **state)
{
	const uint64_t n = 20000;
	const struct nisv_rec_fault *fault;
	uint64_t told = 0;
	struct watch watch;
	struct totals t;
	struct vmm vmm;
	size_t from = 0;

	(void)state;
	watch_start(&watch, NULL);
	vmm_run(&vmm, &watch, FAULT_GUEST "--on-error rerun --max-exits 20000");
	totals_read(&watch, vmm.pid, &t);
	assert_int_equal(vmm_saw(&vmm, 0, SAW), n);
	assert_int_equal(t.faults[FAULT_KIND], n);
	/* Vital records come first, so not in this order; each number comes once. */
	while ((fault = watch_fault(&watch, vmm.pid, &from))) {
		assert_int_equal(fault->count & (fault->count - 1), 0);
		assert_int_equal(fault->vcpu_order, fault->count);
		assert_int_equal(told & fault->count, 0);
		told |= fault->count;
	}
	/* 16384 is the last below n; none was held back by a budget. */
	assert_int_equal(told, 32767);
	watch_assert_no_loss(&watch);
	vmm_free(&vmm);
	watch_stop(&watch);
}

/* Two VMs storm, a third faults once: it loses nothing. */
static void test_storm_beside_one(void **state)
{
	struct vmm storm, victim;
	struct watch watch;
	size_t from = 0;

	(void)state;
	watch_start(&watch, NULL);
	vmm_start(&storm, FAULT_GUEST "--vms 2 --on-error rerun");
	vmm_wait_ready(&storm);
	vmm_start(&victim, FAULT_GUEST);
	vmm_wait(&victim);
	watch_take(&watch);
	assert_non_null(watch_vm(&watch, victim.pid, &from));
	from = 0;
	assert_non_null(watch_layout(&watch, victim.pid, &from));
	assert_int_equal(only_fault(&watch, victim.pid)->count, 1);
	vmm_stop(&storm);
	watch_take(&watch);
	/* 24 doublings are more than a storm of this test's length can reach. */
	assert_true(watch_count_faults(&watch, storm.pid) <= 2 * 24);
	watch_assert_no_loss(&watch);
	vmm_free(&storm);
	vmm_free(&victim);
	watch_stop(&watch);
}

/* Each VM's faults are its own, whichever thread runs its vCPUs. */
static void check_attribution(const char *args)
{
	struct counters *counters;
	struct watch watch;
	struct vmm vmm;

	watch_start(&watch, NULL);
	vmm_run(&vmm, &watch, args);
	assert_int_equal(counters_read(watch.capture, &counters), 0);
	for (size_t i = 0; i < vmm_n_vms(&vmm); i++) {
		const struct counters_vm *vm;
		char dir[NISV_DIR_LEN];

		snprintf(dir, sizeof(dir), "%d-%d", vmm.pid, (int)vmm_saw(&vmm, i, "fd"));
		vm = counters_of_vm(&watch, counters, vmm.pid, dir);
		assert_non_null(vm);
		assert_true(vmm_saw(&vmm, i, SAW) > 0);
		assert_int_equal(vm->stat.faults[FAULT_KIND], vmm_saw(&vmm, i, SAW));
	}
	counters_free(counters);
	watch_assert_no_loss(&watch);
	vmm_free(&vmm);
	watch_stop(&watch);
}

static void test_two_vms_one_thread(void **state)
{
	(void)state;
	check_attribution(FAULT_GUEST "--vms 2 --one-thread --on-error rerun --max-exits 500");
}

static void test_moved_between_threads(void **state)
{
	(void)state;
	check_attribution(FAULT_GUEST
			  "--vms 2 --vcpus 2 --move-threads --on-error rerun --max-exits 500");
}

static void test_migrating(void **state)
{
	(void)state;
	check_attribution(FAULT_GUEST
			  "--vms 2 --vcpus 2 --migrate --on-error rerun --max-exits 3000");
}

/* What was counted at sites of one VM. */
struct counted {
	const struct nisv_vm_key *vm;
	uint64_t sites, faults;
};

static void count_site(const struct nisv_site_key *key, const struct nisv_site *site,
		       void *userdata)
{
	struct counted *counted = userdata;

	if (memcmp(&key->vm, counted->vm, sizeof(key->vm)) != 0)
		return;
	counted->sites++;
	counted->faults += site->count;
}

/* Past the VM's budget of sites the place is lost, never the count. */
static void test_site_budget(void **state)
{
	const struct capture_options options = {.count_mmio = true, .sites_per_vm = 1};
	const struct counters_vm *counted;
	struct counted at_sites = {};
	const struct nisv_rec_vm *vm;
	struct counters *counters;
	struct watch watch;
	size_t from = 0;
	struct vmm vmm;

	(void)state;
	watch_start(&watch, &options);
	vmm_run(&vmm, &watch,
		FOUR_SITES "--vcpus 4 --vcpu-step 0=0x1000 --on-error rerun --max-exits 40000");
	vm = watch_vm(&watch, vmm.pid, &from);
	assert_non_null(vm);
	assert_int_equal(counters_read(watch.capture, &counters), 0);
	counted = counters_find(counters, &vm->hdr.vm);
	assert_non_null(counted);
	at_sites.vm = &vm->hdr.vm;
	assert_int_equal(counters_each_site(watch.capture, count_site, &at_sites), 0);
	assert_int_equal(at_sites.sites, 1);
	assert_int_equal(counted->stat.sites, 1);
	assert_true(counted->stat.unplaced_faults > 0);
	assert_int_equal(counted->stat.faults[FAULT_KIND], vmm_saw(&vmm, 0, SAW));
	assert_int_equal(at_sites.faults + counted->stat.unplaced_faults, vmm_saw(&vmm, 0, SAW));
	counters_free(counters);
	vmm_free(&vmm);
	watch_stop(&watch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dies_at_once),
#if defined(__x86_64__)
		cmocka_unit_test(test_emulation_real_mode),
		cmocka_unit_test(test_emulation_long_mode),
		cmocka_unit_test(test_jump_into_nothing),
#endif
		cmocka_unit_test(test_storm),
		cmocka_unit_test(test_storm_beside_one),
		cmocka_unit_test(test_two_vms_one_thread),
		cmocka_unit_test(test_moved_between_threads),
		cmocka_unit_test(test_migrating),
		cmocka_unit_test(test_site_budget),
	};

	watch_require_host();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
