/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What earlier runs of nisvd left in its folder comes back, and nothing else does. */

#include "daemon/edge/publish.h"
#include "tests/cli/archive_case.h"

static void test_ended_unseen(void **state)
{
	struct stat before, after;
	struct manager *manager;
	const char *path = leave(false);
	struct vm *vm;

	(void)state;
	assert_int_equal(stat(path, &before), 0);
	manager = restart();
	assert_int_equal(manager->vms.n, 1);
	vm = manager->vms.list[0];
	assert_string_equal(vm->key, SAMPLE_KEY);
	assert_string_equal(vm->id, "4711-9");
	assert_string_equal(vm_end_name(vm->end), "not-watched");
	/* Of another boot, long before this one. */
	assert_time(vm->first_seen_ns, "2023-11-14T22:13:20.123456Z");
	assert_time(vm->end_ns, "2023-11-14T23:13:20.123456Z");
	assert_time(vm->last_abort_ns, "2023-11-14T22:13:20.131456Z");
	assert_true(vm->findings.n >= 3);
	assert_string_equal(vm_worst(vm)->cause, "access-past-ram-end");
	/* By the kernel of then. */
	assert_string_equal(vm_host(vm, &manager->host)->kernel, "6.12.0-test");
	assert_string_not_equal(manager->host.kernel, "6.12.0-test");
	assert_contains(scratch.log, "Loaded the newest 1 of 1 dossiers");
	/* It is no news. */
	publish_changes(manager);
	assert_int_equal(vm->news.n_known, 0);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(after.st_ino, before.st_ino);
	manager_free(manager);
}

static void test_end_that_was_seen(void **state)
{
	struct manager *manager;

	(void)state;
	leave(true);
	manager = restart();
	assert_int_equal(manager->vms.n, 1);
	assert_int_equal(manager->vms.list[0]->end, VM_END_PROCESS_GONE);
	assert_time(manager->vms.list[0]->end_ns, "2023-11-14T22:14:20.123456Z");
	manager_free(manager);
}

/* The time of the fault map is that of the writing. */
static char *without_its_time(char *text)
{
	char *time = strstr(text, "\"event\":\"sites\",\"time\":\"");

	assert_non_null(time);
	memset(time, 'x', strlen("\"event\":\"sites\",\"time\":\"2026-01-31T12:34:56.123456Z"));
	return text;
}

/* The next daemon writes no second dossier of it, but who asks for it gets the same one. */
static void test_the_same_again(void **state)
{
	const char *path = leave(true);
	struct manager *manager = restart();
	char *before, *after;
	size_t len;

	(void)state;
	assert_int_equal(manager->vms.n, 1);
	before = sample_read(path, &len);
	assert_int_equal(dossier_write(scratch.dir, manager->vms.list[0],
				       vm_host(manager->vms.list[0], &manager->host)),
			 0);
	after = sample_read(scratch_path(&scratch, SAMPLE_KEY ".jsonl"), &len);
	assert_string_equal(without_its_time(after), without_its_time(before));
	free(before);
	free(after);
	manager_free(manager);
}

static void test_order(void **state)
{
	const struct nisv_vm_key identity = {.kvm = 0xffff0000c0000000ULL, .ino = 8};
	struct vm *matches[VMS_MATCHES_MAX], *running;
	struct manager *manager;

	(void)state;
	/* A later run of the same name and id. */
	leave_changed("dossiers/" OTHER_KEY ".jsonl", SAMPLE_KEY, OTHER_KEY);
	leave_changed("dossiers/" SAMPLE_KEY ".jsonl", "2023-11-14T", "2023-11-15T");
	manager = restart();
	assert_int_equal(manager->vms.n, 2);
	assert_string_equal(manager->vms.list[0]->key, OTHER_KEY);
	assert_string_equal(manager->vms.list[1]->key, SAMPLE_KEY);
	assert_int_equal(vms_select(&manager->vms, "4711-9", matches), 1);
	assert_string_equal(matches[0]->key, SAMPLE_KEY);
	assert_int_equal(vms_select(&manager->vms, OTHER_KEY, matches), 1);
	assert_string_equal(matches[0]->key, OTHER_KEY);
	/* What runs now has its proper id, and is meant by it. */
	assert_int_equal(vms_add(&manager->vms, &identity, "0123456789abcdef0123456789abcdef",
				 "4711-9", 4711, 9, wallclock_now_ns(), &running),
			 0);
	assert_string_equal(running->id, "4711-9");
	assert_int_equal(vms_select(&manager->vms, "4711-9", matches), 1);
	assert_ptr_equal(matches[0], running);
	manager_free(manager);
}

static void assert_left_out(uint64_t n, const char *name, const char *why)
{
	struct manager *manager = restart();

	assert_int_equal(manager->vms.n, 1);
	assert_string_equal(manager->vms.list[0]->key, SAMPLE_KEY);
	assert_int_equal(manager->archive.left_out, n);
	if (name)
		assert_contains(scratch.log, scratch_path(&scratch, name));
	if (why)
		assert_contains(scratch.log, why);
	manager_free(manager);
}

static void test_bad_files(void **state)
{
	const char *name = "dossiers/" OTHER_KEY ".jsonl", *path = scratch_path(&scratch, name);
	const size_t large = DOSSIER_BYTES_MAX + 4096;
	char *zeroes = calloc(1, large);

	(void)state;
	assert_non_null(zeroes);
	leave(false);
	scratch_text(&scratch, name, "");
	assert_left_out(1, name, "does not tell of the VM " OTHER_KEY);
	scratch_text(&scratch, name, "{}\n");
	assert_left_out(1, name, "is no dossier: its first line lacks nisv_dossier");
	scratch_text(&scratch, name, "{\"nisv_dossier\":2}\n");
	assert_left_out(1, name, "has dossier schema 2; this nisvd reads 1");
	scratch_text(&scratch, name, "\x7f\x45LF\n");
	assert_left_out(1, name, "is no dossier");
	scratch_write(&scratch, name, zeroes, large);
	assert_left_out(1, name, "larger than");
	/* Another VM's, which it must not change. */
	leave_changed(name, "2023-11-14T", "2023-11-16T");
	assert_left_out(1, name, "does not tell of the VM " OTHER_KEY);
	leave_changed(name, "\"arch\":\"arm64\"", "\"arch\":\"x86_64\"");
	assert_left_out(1, name, "of an x86_64 host, this one is arm64");
	leave_changed(name, "\"clock\":\"utc\"", "\"clock\":\"trace\"");
	assert_left_out(1, name, "its header has no date");
	assert_false(wallclock_is_trace());
	/* What is no file is none of ours: no word about it. */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(SAMPLE_KEY ".jsonl", path), 0);
	assert_left_out(0, NULL, NULL);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_left_out(0, NULL, NULL);
	scratch_text(&scratch, "dossiers/notes.jsonl", "x");
	scratch_text(&scratch, "dossiers/" SAMPLE_KEY ".jsonl~", "x");
	assert_left_out(0, NULL, NULL);
	free(zeroes);
}

/* What was written before the disk was full, or the power went: as far as it goes. */
static void test_cut_file(void **state)
{
	struct manager *manager;
	const char *path = leave(false);
	struct stat st;

	(void)state;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(truncate(path, st.st_size / 2), 0);
	manager = restart();
	assert_int_equal(manager->vms.n, 1);
	assert_string_equal(vm_end_name(manager->vms.list[0]->end), "not-watched");
	assert_contains(scratch.log, "1 lines could not be read");
	manager_free(manager);
}

static void test_half_written(void **state)
{
	static const char *const stays[] = {
		"dossiers/" SAMPLE_KEY ".jsonl", "dossiers/" SAMPLE_KEY ".jsonl.abcdefg",
		"dossiers/" SAMPLE_KEY ".jsonl-abcdef", "dossiers/readme.jsonl.abcdef"};

	(void)state;
	leave(false);
	for (size_t i = 1; i < ARRAY_SIZE(stays); i++)
		scratch_text(&scratch, stays[i], "x");
	scratch_text(&scratch, "dossiers/" OTHER_KEY ".jsonl.abcdef", "{\"nisv_dossier\":1");
	manager_free(restart());
	assert_contains(scratch.log, "Removed 1 half-written dossiers");
	assert_int_equal(
		access(scratch_path(&scratch, "dossiers/" OTHER_KEY ".jsonl.abcdef"), F_OK), -1);
	for (size_t i = 0; i < ARRAY_SIZE(stays); i++)
		assert_int_equal(access(scratch_path(&scratch, stays[i]), F_OK), 0);
}

static void test_no_folder(void **state)
{
	struct manager *manager = daemon_new();

	(void)state;
	scratch_listen(&scratch);
	archive_load(manager, scratch_path(&scratch, "nowhere"));
	assert_string_equal(scratch_logged(&scratch), "");
	assert_int_equal(manager->vms.n, 0);
	manager_free(manager);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_ended_unseen, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_end_that_was_seen, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_same_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bad_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cut_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_half_written, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_folder, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
