/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The folder of dossiers is kept within its size, and a full disk is no end of it. */

#include <sys/mount.h>
#include <sys/stat.h>
#include <utime.h>

#include "daemon/edge/publish.h"
#include "tests/cli/archive_case.h"
#include "tests/cli/smalldisk.h"

static void test_more_than_there_is_room_for(void **state)
{
	struct manager *manager;

	(void)state;
	for (unsigned int i = 0; i < VMS_ENDED_MAX + 3; i++) {
		const time_t written = 1700000000 + i;
		char name[64], key[VM_KEY_LEN + 1];

		snprintf(key, sizeof(key), "%032x", i);
		snprintf(name, sizeof(name), "dossiers/%s.jsonl", key);
		assert_int_equal(utime(leave_changed(name, SAMPLE_KEY, key),
				       &(struct utimbuf){written, written}),
				 0);
	}
	assert_int_equal(unlink(scratch_path(&scratch, "dossiers/" SAMPLE_KEY ".jsonl")), 0);
	manager = restart();
	assert_int_equal(manager->archive.left_out + manager->vms.n, VMS_ENDED_MAX + 3);
	assert_true(manager->vms.n > 0);
	assert_true(manager->archive.left_out >= 3);
	/* The oldest ones are. */
	for (size_t i = 0; i < manager->vms.n; i++)
		assert_true(strtoul(manager->vms.list[i]->key, NULL, 16) >=
			    manager->archive.left_out);
	manager_free(manager);
}

#define NAME(n) "0000000000000000000000000000000" #n

/* Three dossiers of 3 MiB, which the newest of says nothing; the sample's own, and room for eight
 * MiB. */
static struct manager *crowded(void)
{
	static const char *const names[] = {"dossiers/" NAME(1) ".jsonl",
					    "dossiers/" NAME(2) ".jsonl",
					    "dossiers/" NAME(3) ".jsonl"};
	const size_t size = 3U << 20;
	char *zeroes = calloc(1, size);

	assert_non_null(zeroes);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const time_t written = 1700000000 + (time_t)i;

		assert_int_equal(utime(scratch_write(&scratch, names[i], zeroes, size),
				       &(struct utimbuf){written, written}),
				 0);
	}
	free(zeroes);
	return daemon_new();
}

static bool is_there(const char *name)
{
	return !access(scratch_path(&scratch, name), F_OK);
}

static void test_removed_at_the_start(void **state)
{
	struct manager *manager = crowded();

	(void)state;
	manager->config.dossier_bytes = 8U << 20;
	leave(false);
	scratch_listen(&scratch);
	archive_load(manager, scratch_path(&scratch, "dossiers"));
	assert_contains(scratch_logged(&scratch), "Removed the oldest 1 dossiers");
	assert_false(is_there("dossiers/" NAME(1) ".jsonl"));
	assert_true(is_there("dossiers/" NAME(2) ".jsonl"));
	assert_true(is_there("dossiers/" NAME(3) ".jsonl"));
	assert_int_equal(manager->archive.removed, 1);
	assert_int_equal(manager->archive.left_out, 2);
	assert_int_equal(manager->vms.n, 1);
	manager_free(manager);
}

/* A VM whose dossier is there. */
static struct vm *add_vm(struct manager *manager, uint64_t ino, const char *key)
{
	const struct nisv_vm_key identity = {.kvm = 1, .ino = ino};
	struct vm *vm;

	assert_int_equal(vms_add(&manager->vms, &identity, key, "", 1, 3, 1, &vm), 0);
	vm->dossier_saved = true;
	return vm;
}

static void test_too_old(void **state)
{
	const time_t now = time(NULL);
	struct manager *manager = crowded();
	struct vm *runs;

	(void)state;
	for (int i = 1; i <= 3; i++) {
		char name[64];

		snprintf(name, sizeof(name), "dossiers/%032x.jsonl", i);
		assert_int_equal(utime(scratch_path(&scratch, name),
				       &(struct utimbuf){now, now - i * 3600 + 60}),
				 0);
	}
	runs = add_vm(manager, 1, NAME(3));
	manager->options.state_dir = scratch.dir;
	manager->config.dossier_age_s = 0;
	publish_age(manager);
	assert_true(is_there("dossiers/" NAME(2) ".jsonl"));
	manager->config.dossier_age_s = 3600;
	scratch_listen(&scratch);
	publish_age(manager);
	assert_contains(scratch_logged(&scratch), "Removed 1 dossiers");
	assert_true(is_there("dossiers/" NAME(1) ".jsonl"));
	assert_false(is_there("dossiers/" NAME(2) ".jsonl"));
	assert_true(is_there("dossiers/" NAME(3) ".jsonl"));
	assert_true(runs->dossier_saved);
	/* That is not for want of room. */
	assert_int_equal(manager->archive.removed, 0);
	vm_set_end(runs, VM_END_DESTROYED, 2);
	publish_age(manager);
	assert_false(is_there("dossiers/" NAME(3) ".jsonl"));
	assert_false(runs->dossier_saved);
	manager_free(manager);
}

static void test_removed_at_a_writing(void **state)
{
	struct manager *manager = crowded();
	struct vm *vm = sample_vm(manager), *oldest = add_vm(manager, 1, NAME(1)),
		  *ended = add_vm(manager, 2, NAME(2));

	(void)state;
	vm_set_end(ended, VM_END_DESTROYED, 2);
	vm->origin = VM_ORIGIN_LIVE;
	vm->dossier_due = vm->dirty = true;
	manager->archive.bytes = 9U << 20;
	manager->config.dossier_bytes = 8U << 20;
	scratch_listen(&scratch);
	publish_changes(manager);
	assert_contains(scratch_logged(&scratch), "Removed the oldest 1 dossiers");
	/* The oldest one's VM runs; the next one's does not. */
	assert_true(is_there("dossiers/" NAME(1) ".jsonl"));
	assert_true(oldest->dossier_saved);
	assert_false(is_there("dossiers/" NAME(2) ".jsonl"));
	assert_false(ended->dossier_saved);
	assert_true(is_there("dossiers/" NAME(3) ".jsonl"));
	assert_true(is_there("dossiers/" SAMPLE_KEY ".jsonl"));
	assert_int_equal(manager->archive.removed, 1);
	/* Where none may go it is said once. */
	manager->config.dossier_bytes = 1;
	add_vm(manager, 3, NAME(3));
	for (int i = 0; i < 2; i++) {
		vm->dirty = vm->dossier_due = true;
		vm->dossier_ns = 0;
		scratch_listen(&scratch);
		publish_changes(manager);
		scratch_logged(&scratch);
		if (i == 0)
			assert_contains(scratch.log, "none may be removed: their VMs run");
		else
			assert_string_equal(scratch.log, "");
	}
	assert_true(is_there("dossiers/" SAMPLE_KEY ".jsonl"));
	assert_int_equal(manager->archive.removed, 1);
	manager_free(manager);
}

/* In a mount namespace of its own, on a file system of 16 KiB. 0, or what failed. */
static int fill_and_free(void)
{
	struct manager *manager = daemon_new();
	struct vm *vm = sample_vm(manager);
	const char *log;

	vm->origin = VM_ORIGIN_LIVE;
	vm->dirty = true;
	scratch_write(&scratch, "dossiers/filler", (char[8192]){}, 8192);
	scratch_listen(&scratch);
	publish_changes(manager);
	log = scratch_logged(&scratch);
	if (!strstr(log, "Cannot write dossiers") || manager->dossiers_failed != 1 ||
	    vm->dossier_saved)
		return 1;
	/* It is tried again, but not at once, and it is not told again. */
	scratch_listen(&scratch);
	publish_changes(manager);
	vm->dossier_ns = 1;
	publish_changes(manager);
	if (*scratch_logged(&scratch) || manager->dossiers_failed != 2 ||
	    !publish_is_pending(manager, vm))
		return 2;
	unlink(scratch_path(&scratch, "dossiers/filler"));
	if (mount(NULL, scratch_path(&scratch, "dossiers"), NULL, MS_REMOUNT, "size=1m") < 0)
		return 3;
	vm->dossier_ns = 1;
	scratch_listen(&scratch);
	publish_changes(manager);
	log = scratch_logged(&scratch);
	if (!strstr(log, "Dossiers are written to") || !vm->dossier_saved ||
	    publish_is_pending(manager, vm))
		return 4;
	manager_free(manager);
	return 0;
}

static void test_full_disk(void **state)
{
	(void)state;
	on_small_disk(scratch_path(&scratch, "dossiers"), fill_and_free);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_more_than_there_is_room_for, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_removed_at_the_start, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_removed_at_a_writing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_too_old, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_full_disk, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
