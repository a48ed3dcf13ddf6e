/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Dossiers on disk: all there or nothing. */

#include "tests/cli/sample.h"
#include "tests/cli/smalldisk.h"

static struct scratch scratch;

static int set_up(void **state)
{
	(void)state;
	wallclock_go_offline();
	scratch_open(&scratch);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	scratch_close(&scratch);
	return 0;
}

static void test_written_whole(void **state)
{
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);
	char path[256], *text;
	size_t len, lines = 0;
	struct stat st;

	(void)state;
	assert_int_equal(sample_save(manager, vm, scratch_path(&scratch, "dossiers")), 0);
	dossier_path(scratch_path(&scratch, "dossiers"), vm, path, sizeof(path));
	assert_contains(path, "/" SAMPLE_KEY ".jsonl");
	assert_int_equal(stat(path, &st), 0);
	/* Guest registers are in it. */
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(stat(scratch_path(&scratch, "dossiers"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0750);
	text = sample_read(path, &len);
	for (char *save = NULL, *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save), lines++) {
		struct json_object *object = json_tokener_parse(line), *value;

		assert_non_null(object);
		assert_true(json_object_object_get_ex(object, lines ? "event" : "nisv_dossier",
						      &value));
		json_object_put(object);
	}
	/* Header, VM, layout, guest, four faults, sites, and the findings. */
	assert_int_equal(lines, 9 + vm->findings.n);
	free(text);
	manager_free(manager);
}

/* What root runs by hand, below the folder of the service: the service reads it. */
static void test_root_in_the_folder_of_another(void **state)
{
	const uid_t uid = 65534;
	const gid_t gid = 65533;
	struct manager *manager;
	char path[256];
	struct stat st;
	struct vm *vm;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(scratch.dir, uid, gid), 0);
	manager = sample_manager();
	vm = sample_vm(manager);
	assert_int_equal(dossier_prepare(scratch.dir, scratch_path(&scratch, "dossiers")), 0);
	assert_int_equal(stat(scratch_path(&scratch, "dossiers"), &st), 0);
	assert_true(st.st_uid == uid && st.st_gid == gid && (st.st_mode & 07777) == 0750);
	assert_int_equal(sample_save(manager, vm, scratch_path(&scratch, "dossiers")), 0);
	dossier_path(scratch_path(&scratch, "dossiers"), vm, path, sizeof(path));
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_uid == uid && st.st_gid == gid && (st.st_mode & 07777) == 0640);
	manager_free(manager);
}

/* A reader must never see half a file, or none, while it is written again and again. */
static void test_readers_see_all_or_nothing(void **state)
{
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);
	char path[256];
	pid_t writer;
	int status;
	size_t reads = 0;

	(void)state;
	assert_int_equal(sample_save(manager, vm, scratch.dir), 0);
	dossier_path(scratch.dir, vm, path, sizeof(path));
	writer = fork();
	assert_true(writer >= 0);
	if (!writer) {
		for (size_t i = 0; i < 200; i++)
			if (sample_save(manager, vm, scratch.dir) < 0)
				_exit(1);
		_exit(0);
	}
	while (!waitpid(writer, &status, WNOHANG)) {
		size_t len;
		char *text = sample_read(path, &len), *last;

		assert_true(len > 1000);
		assert_int_equal(text[len - 1], '\n');
		text[len - 1] = '\0';
		last = strrchr(text, '\n') + 1;
		assert_contains(last, "\"event\":\"finding\"");
		free(text);
		reads++;
	}
	assert_int_equal(status, 0);
	assert_true(reads > 0);
	manager_free(manager);
}

static size_t count_files(const char *dir, const char *part)
{
	char pattern[512];
	FILE *pipe;
	size_t n = 0;

	snprintf(pattern, sizeof(pattern), "ls -A '%s'", dir);
	pipe = popen(pattern, "r");
	assert_non_null(pipe);
	while (fgets(pattern, sizeof(pattern), pipe))
		n += strstr(pattern, part) != NULL;
	assert_int_equal(pclose(pipe), 0);
	return n;
}

static void test_no_folder(void **state)
{
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);
	const char *file = scratch_text(&scratch, "file", "");
	const char *inside = scratch_path(&scratch, "file/dossiers");
	const char *deep = scratch_path(&scratch, "a/b/dossiers");

	(void)state;
	assert_int_equal(sample_save(manager, vm, deep), -ENOENT);
	assert_int_equal(sample_save(manager, vm, inside), -ENOTDIR);
	assert_int_equal(sample_save(manager, vm, file), -ENOTDIR);
	assert_int_equal(dossier_prepare(file, inside), -ENOTDIR);
	assert_int_equal(dossier_prepare(scratch_path(&scratch, "a/b"), deep), -ENOENT);
	assert_int_equal(dossier_prepare(scratch.dir, scratch_path(&scratch, "d")), 0);
	assert_int_equal(dossier_prepare(scratch.dir, scratch_path(&scratch, "d")), 0);
	assert_int_equal(
		dossier_prepare(scratch_path(&scratch, "e"), scratch_path(&scratch, "e/d")), 0);
	manager_free(manager);
}

/* 0, or what failed. */
static int write_on_full_disk(void)
{
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);
	const char *old = "the old one\n";
	char path[256], *text;
	size_t len;

	dossier_path(scratch.dir, vm, path, sizeof(path));
	scratch_text(&scratch, SAMPLE_KEY ".jsonl", old);
	scratch_write(&scratch, "filler", (char[8192]){}, 8192);
	if (sample_save(manager, vm, scratch.dir) != -ENOSPC)
		return 1;
	text = sample_read(path, &len);
	if (strcmp(text, old) != 0)
		return 2;
	free(text);
	/* No half-written file takes the last of the space. */
	if (count_files(scratch.dir, ".jsonl.") != 0)
		return 3;
	manager_free(manager);
	return 0;
}

static void test_full_disk(void **state)
{
	(void)state;
	on_small_disk(scratch.dir, write_on_full_disk);
}

/* As many slots with as long paths behind them, slot changes and ranges of the guest as there may
 * be. */
static void fill_layers(struct vm *vm)
{
	struct nisv_rec_layout *rec = calloc(1, sizeof(*rec));

	assert_non_null(rec);
	rec->n_slots = rec->total_slots = NISV_SLOTS_MAX;
	for (uint32_t i = 0; i < NISV_SLOTS_MAX; i++)
		rec->slots[i] = (struct nisv_slot){.gpa = ~0ULL << 40 | i << 20,
						   .size = 1U << 20,
						   .hva = ~0ULL << 20,
						   .flags = ~0U,
						   .id = (__s16)i};
	rec->n_bus = rec->total_bus = NISV_BUS_MAX;
	assert_int_equal(layout_from_record(&vm->layout, rec), 0);
	free(rec);
	vm->backings.list =
		reallocarray(vm->backings.list, NISV_SLOTS_MAX, sizeof(*vm->backings.list));
	vm->guest.ranges =
		reallocarray(vm->guest.ranges, GUEST_RANGES_MAX, sizeof(*vm->guest.ranges));
	assert_non_null(vm->backings.list);
	assert_non_null(vm->guest.ranges);
	vm->backings.n = NISV_SLOTS_MAX;
	for (size_t i = 0; i < NISV_SLOTS_MAX; i++) {
		struct backing *backing = &vm->backings.list[i];

		*backing = (struct backing){.slot_id = (int16_t)i, .kind = BACKING_MIXED};
		memset(backing->path, '"', sizeof(backing->path) - 1);
	}
	for (size_t i = 0; i < SLOT_HISTORY_MAX; i++)
		vm->slots.list[i] =
			(struct slot_change){.what = NISV_SLOT_MOVED, .slot = vm->layout.slots[i]};
	vm->slots.n = SLOT_HISTORY_MAX;
	for (size_t i = 0; i < GUEST_RANGES_MAX; i++) {
		struct guest_range *range = &vm->guest.ranges[i];

		*range = (struct guest_range){.base = ~0ULL << 20, .size = 1};
		memset(range->name, '\\', sizeof(range->name) - 1);
		memset(range->compatible, '"', sizeof(range->compatible) - 1);
	}
	vm->guest.n_ranges = GUEST_RANGES_MAX;
}

static void test_as_large_as_it_may_be(void **state)
{
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);
	struct site *site;
	char path[256], *text;
	size_t len;

	(void)state;
	for (uint32_t i = 0; i < FAULTMAP_SITES_MAX + 100; i++) {
		struct nisv_rec_fault fault =
			sample_fault(i, NISV_KIND_NISV, 0x60000000 + i * 0x1000ULL, 0xa9400801);

		faultmap_record(vm->faults, &fault, &site);
	}
	for (uint64_t i = 0; i < FAULTMAP_PLACES_MAX + 100; i++) {
		const struct nisv_place_key key = {.place = i + 7};
		const struct nisv_place place = {.count = UINT64_MAX, .user = UINT64_MAX};

		faultmap_count_place(vm->faults, &key, &place, SAMPLE_TIME_NS);
	}
	assert_int_equal(vm->faults->n_sites, FAULTMAP_SITES_MAX);
	fill_layers(vm);
	vm->dirty = true;
	assert_int_equal(vm_diagnose(vm, &manager->host, manager->started_ns), 0);
	assert_int_equal(sample_save(manager, vm, scratch.dir), 0);
	dossier_path(scratch.dir, vm, path, sizeof(path));
	text = sample_read(path, &len);
	assert_true(len <= DOSSIER_BYTES_MAX);
	assert_null(strstr(text, "\"event\":\"cut\""));
	free(text);
	manager_free(manager);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_written_whole, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_root_in_the_folder_of_another, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_readers_see_all_or_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_folder, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_full_disk, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_as_large_as_it_may_be, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
