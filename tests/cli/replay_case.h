/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_REPLAY_CASE_H
#define NISVD_TESTS_REPLAY_CASE_H

/* A dossier that is saved and read again. */

#include "tests/cli/sample.h"

static struct scratch scratch;

static inline int set_up(void **state)
{
	(void)state;
	wallclock_go_offline();
	scratch_open(&scratch);
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	scratch_close(&scratch);
	return 0;
}

/* A manager that read @path; NULL if it refused. What was logged is in the scratch. */
static inline struct manager *replay(const char *path)
{
	struct manager *manager = sample_manager();
	int r;

	/* Not what this host has, but what the file says. */
	manager->host.injection_seen = true;
	scratch_listen(&scratch);
	r = replay_file(manager, path);
	scratch_logged(&scratch);
	if (r < 0)
		return manager_free(manager);
	for (size_t i = 0; i < manager->vms.n; i++)
		assert_int_equal(
			vm_diagnose(manager->vms.list[i], &manager->host, manager->started_ns), 0);
	return manager;
}

static inline void refuse(const char *path, const char *why)
{
	assert_null(replay(path));
	assert_contains(scratch.log, path);
	assert_contains(scratch.log, why);
}

/* All that is known about a VM as text, one line for each event but its fault map's time. */
struct lines {
	char *text;
	size_t len, size;
};

static inline int add_line(struct json_object *event, void *userdata)
{
	struct lines *lines = userdata;
	const char *text;
	size_t len;

	json_object_object_add(event, "time", NULL);
	text = json_object_to_json_string_length(event, JSON_C_TO_STRING_PLAIN, &len);
	if (lines->len + len + 2 > lines->size) {
		lines->size = 2 * (lines->size + len + 2);
		lines->text = realloc(lines->text, lines->size);
		assert_non_null(lines->text);
	}
	memcpy(lines->text + lines->len, text, len);
	lines->len += len;
	lines->text[lines->len++] = '\n';
	lines->text[lines->len] = '\0';
	json_object_put(event);
	return 0;
}

static inline char *everything(const struct manager *manager, const struct vm *vm)
{
	struct lines lines = {};

	assert_int_equal(event_everything(vm, manager->host.arch, add_line, &lines), 0);
	return lines.text;
}

static inline const char *save(const struct manager *manager, const struct vm *vm)
{
	static char path[256];

	assert_int_equal(sample_save(manager, vm, scratch.dir), 0);
	return dossier_path(scratch.dir, vm, path, sizeof(path));
}

/* It is no part of a dossier: the same command line and layout must make the same one again. */
static inline void assert_same_machine(const struct machine *a, const struct machine *b)
{
	assert_int_equal(!a, !b);
	if (!a)
		return;
	assert_string_equal(a->id, b->id);
	assert_int_equal(a->n_regions, b->n_regions);
	for (size_t i = 0; i < a->n_regions; i++) {
		assert_string_equal(a->regions[i].name, b->regions[i].name);
		assert_int_equal(a->regions[i].base, b->regions[i].base);
		assert_int_equal(a->regions[i].size, b->regions[i].size);
	}
}

static inline void assert_comes_back(struct manager *manager, struct vm *vm)
{
	struct manager *again;
	char *before, *after;

	vm_choose_machine(vm, manager->machines.list, manager->machines.n, manager->host.arch);
	assert_int_equal(vm_diagnose(vm, &manager->host, manager->started_ns), 0);
	before = everything(manager, vm);
	again = replay(save(manager, vm));
	assert_non_null(again);
	assert_string_equal(scratch.log, "");
	assert_int_equal(again->vms.n, 1);
	assert_string_equal(again->host.arch, manager->host.arch);
	assert_string_equal(again->host.kernel, manager->host.kernel);
	assert_string_equal(again->vms.list[0]->choice.reason, vm->choice.reason);
	assert_same_machine(again->vms.list[0]->machine, vm->machine);
	after = everything(again, again->vms.list[0]);
	assert_string_equal(after, before);
	free(before);
	free(after);
	manager_free(again);
}

#endif
