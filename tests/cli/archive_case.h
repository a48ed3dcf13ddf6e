/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_ARCHIVE_CASE_H
#define NISVD_TESTS_ARCHIVE_CASE_H

/* A folder of dossiers that an earlier daemon left, and a later one. */

#include "daemon/edge/archive.h"
#include "tests/cli/sample.h"

#define OTHER_KEY "ffeeddccbbaa99887766554433221100"

#define WRITTEN_NS (SAMPLE_TIME_NS + 3600000000000ULL)

static struct scratch scratch;

static inline int set_up(void **state)
{
	(void)state;
	scratch_open(&scratch);
	assert_int_equal(mkdir(scratch_path(&scratch, "dossiers"), 0755), 0);
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	scratch_close(&scratch);
	return 0;
}

/* As a daemon of this host, before it captures anything: its clock is the live one. */
static inline struct manager *daemon_new(void)
{
	struct manager *manager = sample_manager();

	manager->options.offline = false;
	manager->options.state_dir = scratch.dir;
	manager->host.arch = "arm64";
	/* What it finds is of 2023. */
	manager->config.dossier_age_s = 0;
	return manager;
}

static inline struct manager *restart(void)
{
	struct manager *manager = daemon_new();

	scratch_listen(&scratch);
	archive_load(manager, scratch_path(&scratch, "dossiers"));
	scratch_logged(&scratch);
	return manager;
}

/* The dossier of sample_vm(), written at WRITTEN_NS by a kernel of then; its path. */
static inline const char *leave(bool ended)
{
	struct manager *manager = daemon_new();
	struct vm *vm = sample_vm(manager);
	static char path[512];

	if (ended)
		vm_set_end(vm, VM_END_PROCESS_GONE, SAMPLE_TIME_NS + 60000000000ULL);
	manager->host.saved_ns = WRITTEN_NS;
	assert_int_equal(vm_diagnose(vm, &manager->host, WRITTEN_NS), 0);
	assert_int_equal(dossier_write(scratch_path(&scratch, "dossiers"), vm, &manager->host), 0);
	dossier_path(scratch_path(&scratch, "dossiers"), vm, path, sizeof(path));
	manager_free(manager);
	return path;
}

/* Another file, with each @from in the sample's dossier made @to. */
static inline const char *leave_changed(const char *name, const char *from, const char *to)
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

static inline void assert_time(uint64_t ns, const char *iso)
{
	char buf[WALLCLOCK_ISO_MAX];

	assert_string_equal(wallclock_iso(ns, buf), iso);
}

#endif
