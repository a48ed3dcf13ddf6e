/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What earlier runs of nisvd left in its folder comes back, and nothing else does. */

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <utime.h>

#include "daemon/edge/archive.h"
#include "daemon/edge/publish.h"
#include "tests/cli/sample.h"

#define WRITTEN_NS (SAMPLE_TIME_NS + 3600000000000ULL)

static struct scratch scratch;

static int set_up(void **state)
{
	(void)state;
	scratch_open(&scratch);
	assert_int_equal(mkdir(scratch_path(&scratch, "dossiers"), 0755), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	scratch_close(&scratch);
	return 0;
}

/* As a daemon of this host, before it captures anything: its clock is the live one. */
static struct manager *daemon_new(void)
{
	struct manager *manager = sample_manager();

	manager->options.offline = false;
	manager->options.state_dir = scratch.dir;
	manager->host.arch = "arm64";
	return manager;
}

static struct manager *restart(void)
{
	struct manager *manager = daemon_new();

	scratch_listen(&scratch);
	archive_load(manager, scratch_path(&scratch, "dossiers"));
	scratch_logged(&scratch);
	return manager;
}

/* The dossier of sample_vm(), written at WRITTEN_NS by a kernel of then; its path. */
static const char *leave(bool ended)
{
	struct manager *manager = daemon_new();
	struct vm *vm = sample_vm(manager);
	static char path[512];

	if (ended)
		vms_end(&manager->vms, vm, VM_END_PROCESS_GONE, SAMPLE_TIME_NS + 60000000000ULL);
	manager->host.saved_ns = WRITTEN_NS;
	assert_int_equal(vm_diagnose(vm, &manager->host, WRITTEN_NS), 0);
	assert_int_equal(dossier_write(scratch_path(&scratch, "dossiers"), vm, &manager->host), 0);
	dossier_path(scratch_path(&scratch, "dossiers"), vm, path, sizeof(path));
	manager_free(manager);
	return path;
}

/* Another file, with each @from in the sample's dossier made @to. */
static const char *leave_changed(const char *name, const char *from, const char *to)
{
	size_t len, n = 0, at = 0;
	char *text, *changed;
	const char *path;

	if (access(scratch_path(&scratch, "dossiers/" SAMPLE_KEY ".jsonl"), F_OK) < 0)
		leave(false);
	text = sample_read(scratch_path(&scratch, "dossiers/" SAMPLE_KEY ".jsonl"), &len);
	changed = calloc(len + 1, 1 + strlen(to));
	assert_non_null(changed);
	while (at < len) {
		if (!strncmp(text + at, from, strlen(from))) {
			n += (size_t)sprintf(changed + n, "%s", to);
			at += strlen(from);
		} else {
			changed[n++] = text[at++];
		}
	}
	path = scratch_write(&scratch, name, changed, n);
	free(changed);
	free(text);
	return path;
}

static void assert_time(uint64_t ns, const char *iso)
{
	char buf[WALLCLOCK_ISO_MAX];

	assert_string_equal(wallclock_iso(ns, buf), iso);
}

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

#define OTHER_KEY "ffeeddccbbaa99887766554433221100"

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

/* The VM whose dossier is the oldest. */
static struct vm *add_vm(struct manager *manager, uint64_t ino, const char *key)
{
	const struct nisv_vm_key identity = {.kvm = 1, .ino = ino};
	struct vm *vm;

	assert_int_equal(vms_add(&manager->vms, &identity, key, "", 1, 3, 1, &vm), 0);
	vm->dossier_saved = true;
	return vm;
}

static void test_removed_at_a_writing(void **state)
{
	struct manager *manager = crowded();
	struct vm *vm = sample_vm(manager), *oldest = add_vm(manager, 1, NAME(1)),
		  *ended = add_vm(manager, 2, NAME(2));

	(void)state;
	vms_end(&manager->vms, ended, VM_END_DESTROYED, 2);
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
	if (*scratch_logged(&scratch) || manager->dossiers_failed != 2 || !publish_is_pending(vm))
		return 2;
	unlink(scratch_path(&scratch, "dossiers/filler"));
	if (mount(NULL, scratch_path(&scratch, "dossiers"), NULL, MS_REMOUNT, "size=1m") < 0)
		return 3;
	vm->dossier_ns = 1;
	scratch_listen(&scratch);
	publish_changes(manager);
	log = scratch_logged(&scratch);
	if (!strstr(log, "Dossiers are written to") || !vm->dossier_saved || publish_is_pending(vm))
		return 4;
	manager_free(manager);
	return 0;
}

static void test_full_disk(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	assert_true(child >= 0);
	if (!child) {
		if (unshare(CLONE_NEWNS) < 0 ||
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		    mount("tmpfs", scratch_path(&scratch, "dossiers"), "tmpfs", 0, "size=16k") < 0)
			_exit(77);
		_exit(fill_and_free());
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77) {
		print_message("SKIP: no privilege to mount a small file system\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
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
		cmocka_unit_test_setup_teardown(test_more_than_there_is_room_for, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_removed_at_the_start, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_removed_at_a_writing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_full_disk, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_folder, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
