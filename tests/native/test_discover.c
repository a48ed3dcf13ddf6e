/* SPDX-License-Identifier: GPL-2.0-or-later */

/* VMs that were there before capture, and their end. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/edge/discover.h"
#include "tests/native/watch.h"

#if defined(__x86_64__)
#define TWO_SLOTS "--guest uart-long --slot 0,1M --slot 0x40000000,2M,ro "
#define SECOND	  0x40000000ULL
#else
#define TWO_SLOTS "--guest wfi --slot 0x40000000,16M --slot 0x48000000,2M,ro "
#define SECOND	  0x48000000ULL
#endif

static void scan(struct watch *watch, struct discover_result *found)
{
	assert_int_equal(discover_run(watch->capture, found), 0);
	assert_true(found->complete);
}

static void test_running_vm(void **state)
{
	const struct nisv_rec_layout *layout;
	const struct nisv_rec_vm *vm;
	struct discover_result found;
	size_t from = 0, layouts = 0;
	char dir[NISV_DIR_LEN];
	struct watch watch;
	struct vmm vmm;

	(void)state;
	vmm_start(&vmm, TWO_SLOTS "--vcpus 2 --idle");
	vmm_wait_ready(&vmm);
	watch_start(&watch, NULL);
	scan(&watch, &found);

	vm = watch_vm(&watch, vmm.pid, &from);
	assert_non_null(vm);
	assert_null(watch_vm(&watch, vmm.pid, &from)); /* once, in spite of its vCPUs' files */
	assert_int_equal(vm->hdr.seq, 0);
	assert_string_equal(vm->comm, "testvmm");
	assert_true(vm->start_ns > 0);
	assert_int_equal(vm->cmdline_len, 0);
	assert_true(discover_has(&found, &vm->hdr.vm));
	snprintf(dir, sizeof(dir), "%d-%d", vmm.pid, vm->vm_fd);
	assert_string_equal(vm->dir, dir);

	layout = watch_layout(&watch, vmm.pid, &layouts);
	assert_non_null(layout);
	assert_int_equal(layout->n_slots, 2);
	assert_int_equal(layout->vcpus, 2);
	assert_true(layout->slots[0].gpa < layout->slots[1].gpa);
	assert_true(layout->slots[1].gpa == SECOND);
	assert_true(layout->slots[1].size == 2 << 20);
	assert_true(layout->slots[1].flags & NISV_SLOT_READONLY);
	assert_false(layout->slots[0].flags & NISV_SLOT_READONLY);
	discover_clear(&found);
	vmm_stop(&vmm);
	assert_int_equal((int)vmm_saw(&vmm, 0, "fd"), vm->vm_fd);

	/* A later scan finds it gone. */
	scan(&watch, &found);
	assert_false(discover_has(&found, &vm->hdr.vm));
	discover_clear(&found);
	watch_assert_no_loss(&watch);
	vmm_free(&vmm);
	watch_stop(&watch);
}

/* Found by a scan and seen by an event it is one VM: the keys agree. */
static void test_same_key(void **state)
{
	const struct nisv_rec_vm *scanned, *seen;
	struct discover_result found;
	struct watch watch;
	size_t from = 0;
	struct vmm vmm;

	(void)state;
#if defined(__x86_64__)
	vmm_start(
		&vmm,
		"--guest mmio-write-long --arg 0=0x10000000 --arg 1=10 --arg 2=1 --delay 1 --hold");
#else
	vmm_start(&vmm,
		  "--guest mmio-write --arg 0=0x50000000 --arg 1=10 --arg 2=1 --delay 1 --hold");
#endif
	vmm_wait_ready(&vmm);
	watch_start(&watch, NULL);
	scan(&watch, &found);
	scanned = watch_vm(&watch, vmm.pid, &from);
	assert_non_null(scanned);
	assert_int_equal(kill(vmm.pid, SIGUSR1), 0);
	vmm_wait(&vmm);
	watch_take(&watch);
	seen = watch_vm(&watch, vmm.pid, &from);
	assert_non_null(seen);
	assert_memory_equal(&scanned->hdr.vm, &seen->hdr.vm, sizeof(seen->hdr.vm));
	assert_string_equal(scanned->dir, seen->dir);
	assert_true(scanned->start_ns == seen->start_ns);
	assert_true(scanned->cgroup_id == seen->cgroup_id);
	assert_int_equal(seen->hdr.seq, 1);
	assert_true(seen->cmdline_len > 0);
	discover_clear(&found);
	vmm_free(&vmm);
	watch_stop(&watch);
}

static void test_many_vms(void **state)
{
	struct discover_result found;
	struct watch watch;
	size_t from = 0, n = 0;
	struct vmm vmm;

	(void)state;
	vmm_start(&vmm, TWO_SLOTS "--vms 20 --idle");
	vmm_wait_ready(&vmm);
	watch_start(&watch, NULL);
	scan(&watch, &found);
	while (watch_vm(&watch, vmm.pid, &from))
		n++;
	assert_int_equal(n, 20);
	assert_true(found.n_keys >= 20);
	discover_clear(&found);
	vmm_stop(&vmm);
	vmm_free(&vmm);
	watch_stop(&watch);
}

/* A file of that name elsewhere is no VM. */
static void test_file_of_that_name(void **state)
{
	char dir[] = "/tmp/nisvd-test-XXXXXX", path[64];
	struct discover_result found;
	struct watch watch;
	size_t from = 0;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/kvm-vm", dir);
	fd = open(path, O_CREAT | O_RDWR, 0600);
	assert_true(fd >= 0);
	watch_start(&watch, NULL);
	scan(&watch, &found);
	assert_null(watch_vm(&watch, getpid(), &from));
	discover_clear(&found);
	watch_stop(&watch);
	close(fd);
	unlink(path);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_running_vm),
		cmocka_unit_test(test_same_key),
		cmocka_unit_test(test_many_vms),
		cmocka_unit_test(test_file_of_that_name),
	};

	watch_require_host();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
