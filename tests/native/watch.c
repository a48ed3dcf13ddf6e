/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/native/watch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SKIP_STATUS 77

void watch_require_host(void)
{
	if (access("/dev/kvm", R_OK | W_OK) < 0) {
		printf("SKIP: no usable /dev/kvm here: %s\n", strerror(errno));
		exit(SKIP_STATUS);
	}
	if (geteuid() != 0) {
		printf("SKIP: loading BPF programs takes root\n");
		exit(SKIP_STATUS);
	}
}

/* ---- records ---- */

static void *copy(const void *record, size_t size)
{
	void *to = malloc(size);

	assert_non_null(to);
	return memcpy(to, record, size);
}

/* The array with room for one more: the whole host's VMs may be many. */
static void *room(void *array, size_t n)
{
	if (!(n & (n - 1)))
		array = reallocarray(array, n ? 2 * n : 1, sizeof(void *));
	assert_non_null(array);
	return array;
}

static void on_vm(const struct nisv_rec_vm *vm, void *userdata)
{
	struct watch *watch = userdata;

	watch->vms = room(watch->vms, watch->n_vms);
	watch->vms[watch->n_vms++] = copy(vm, sizeof(*vm));
}

static void on_layout(const struct nisv_rec_layout *layout, void *userdata)
{
	struct watch *watch = userdata;

	watch->layouts = room(watch->layouts, watch->n_layouts);
	watch->layouts[watch->n_layouts++] = copy(layout, layout->hdr.size);
}

static void on_fault(const struct nisv_rec_fault *fault, void *userdata)
{
	struct watch *watch = userdata;

	watch->faults = room(watch->faults, watch->n_faults);
	watch->faults[watch->n_faults++] = copy(fault, sizeof(*fault));
}

static void on_slot(const struct nisv_rec_slot *slot, void *userdata)
{
	struct watch *watch = userdata;

	watch->slots = room(watch->slots, watch->n_slots);
	watch->slots[watch->n_slots++] = copy(slot, sizeof(*slot));
}

static void on_end(const struct nisv_rec_hdr *end, void *userdata)
{
	(void)end;
	(void)userdata;
}

static const struct capture_ops ops = {on_vm, on_layout, on_fault, on_end, on_slot};

void watch_start(struct watch *watch, const struct capture_options *options)
{
	static const struct capture_options defaults = {
		.count_mmio = true,
		.inspect_guest_memory = true,
	};

	*watch = (struct watch){};
	assert_int_equal(capture_new(options ? options : &defaults, &ops, watch, &watch->capture),
			 0);
}

void watch_stop(struct watch *watch)
{
	capture_free(watch->capture);
	for (size_t i = 0; i < watch->n_vms; i++)
		free(watch->vms[i]);
	free(watch->vms);
	for (size_t i = 0; i < watch->n_layouts; i++)
		free(watch->layouts[i]);
	free(watch->layouts);
	for (size_t i = 0; i < watch->n_faults; i++)
		free(watch->faults[i]);
	free(watch->faults);
	for (size_t i = 0; i < watch->n_slots; i++)
		free(watch->slots[i]);
	free(watch->slots);
}

void watch_take(struct watch *watch)
{
	assert_true(capture_dispatch(watch->capture) >= 0);
}

const struct nisv_rec_fault *watch_fault(const struct watch *watch, pid_t tgid, size_t *from)
{
	while (*from < watch->n_faults)
		if (watch->faults[(*from)++]->hdr.tgid == (uint32_t)tgid)
			return watch->faults[*from - 1];
	return NULL;
}

const struct nisv_rec_vm *watch_vm(const struct watch *watch, pid_t tgid, size_t *from)
{
	while (*from < watch->n_vms)
		if (watch->vms[(*from)++]->hdr.tgid == (uint32_t)tgid)
			return watch->vms[*from - 1];
	return NULL;
}

const struct nisv_rec_layout *watch_layout(const struct watch *watch, pid_t tgid, size_t *from)
{
	while (*from < watch->n_layouts)
		if (watch->layouts[(*from)++]->hdr.tgid == (uint32_t)tgid)
			return watch->layouts[*from - 1];
	return NULL;
}

const struct nisv_rec_slot *watch_slot(const struct watch *watch, pid_t tgid, size_t *from)
{
	while (*from < watch->n_slots)
		if (watch->slots[(*from)++]->hdr.tgid == (uint32_t)tgid)
			return watch->slots[*from - 1];
	return NULL;
}

size_t watch_count_faults(const struct watch *watch, pid_t tgid)
{
	size_t n = 0, from = 0;

	while (watch_fault(watch, tgid, &from))
		n++;
	return n;
}

void watch_assert_no_loss(const struct watch *watch)
{
	struct capture_losses losses;

	capture_losses(watch->capture, &losses);
	for (int i = 0; i < _NISV_LOSS_MAX; i++) {
		if (losses.by_kind[i])
			print_error("lost %s: %llu\n", capture_loss_to_string(i),
				    (unsigned long long)losses.by_kind[i]);
		assert_int_equal(losses.by_kind[i], 0);
	}
	assert_int_equal(losses.missed_runs, 0);
	assert_int_equal(losses.bad_records, 0);
}

/* ---- the test VMM ---- */

/* This program is build/ARCH/tests/native/NAME, the test VMM build/ARCH/tests/testvmm. */
static void vmm_path(char path[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - sizeof("testvmm"));

	assert_true(n > 0);
	path[n] = '\0';
	for (int up = 0; up < 2; up++)
		*strrchr(path, '/') = '\0';
	strcat(path, "/testvmm");
}

#define ARGV_MAX 64

void vmm_start(struct vmm *vmm, const char *args)
{
	char path[PATH_MAX], *argv[ARGV_MAX], *words = strdup(args), *word;
	char report[16], ready[16];
	int report_pipe[2], ready_pipe[2];
	size_t n = 0;

	assert_non_null(words);
	assert_int_equal(pipe(report_pipe), 0);
	assert_int_equal(pipe(ready_pipe), 0);
	snprintf(report, sizeof(report), "%d", report_pipe[1]);
	snprintf(ready, sizeof(ready), "%d", ready_pipe[1]);
	vmm_path(path);
	argv[n++] = path;
	argv[n++] = "--report";
	argv[n++] = report;
	argv[n++] = "--ready";
	argv[n++] = ready;
	for (word = strtok(words, " "); word && n < ARGV_MAX - 1; word = strtok(NULL, " "))
		argv[n++] = word;
	argv[n] = NULL;
	*vmm = (struct vmm){.report = report_pipe[0], .ready = ready_pipe[0]};
	vmm->pid = fork();
	assert_true(vmm->pid >= 0);
	if (vmm->pid == 0) {
		/* Guests that run for ever must not outlive a test that fails. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(report_pipe[0]);
		close(ready_pipe[0]);
		execv(path, argv);
		_exit(127);
	}
	close(report_pipe[1]);
	close(ready_pipe[1]);
	free(words);
}

void vmm_wait_ready(struct vmm *vmm)
{
	char line[16];

	assert_true(read(vmm->ready, line, sizeof(line)) > 0);
}

/* Reads to the end of the report and parses it. A VMM that dies reports before that. */
static struct json_object *read_report(int fd)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *report = NULL;
	char buffer[4096];
	ssize_t n;

	assert_non_null(tokener);
	while ((n = read(fd, buffer, sizeof(buffer))) > 0) {
		struct json_object *more = json_tokener_parse_ex(tokener, buffer, n);

		if (more)
			report = more;
	}
	json_tokener_free(tokener);
	return report;
}

void vmm_wait(struct vmm *vmm)
{
	int status;

	vmm->saw = read_report(vmm->report);
	assert_int_equal(waitpid(vmm->pid, &status, 0), vmm->pid);
	vmm->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	assert_non_null(vmm->saw);
}

void vmm_stop(struct vmm *vmm)
{
	kill(vmm->pid, SIGTERM);
	vmm_wait(vmm);
}

void vmm_free(struct vmm *vmm)
{
	close(vmm->report);
	close(vmm->ready);
	json_object_put(vmm->saw);
}

void vmm_run(struct vmm *vmm, struct watch *watch, const char *args)
{
	vmm_start(vmm, args);
	vmm_wait(vmm);
	watch_take(watch);
}

static struct json_object *vmm_vms(const struct vmm *vmm)
{
	struct json_object *vms;

	assert_true(json_object_object_get_ex(vmm->saw, "vms", &vms));
	return vms;
}

size_t vmm_n_vms(const struct vmm *vmm)
{
	return json_object_array_length(vmm_vms(vmm));
}

uint64_t vmm_saw(const struct vmm *vmm, size_t i, const char *name)
{
	struct json_object *vm = json_object_array_get_idx(vmm_vms(vmm), i), *value;

	if (!vm || !json_object_object_get_ex(vm, name, &value))
		fail_msg("the VMM says nothing of %s in its VM %zu", name, i);
	return json_object_get_int64(value);
}

/* ---- counters ---- */

const struct counters_vm *counters_of_vm(const struct watch *watch, const struct counters *counters,
					 pid_t tgid, const char *dir)
{
	const struct nisv_rec_vm *vm;
	size_t from = 0;

	while ((vm = watch_vm(watch, tgid, &from)))
		if (!strcmp(vm->dir, dir))
			return counters_find(counters, &vm->hdr.vm);
	return NULL;
}

static void totals_add(struct totals *totals, const struct counters *counters,
		       const struct counters_vm *vm)
{
	const struct counters_place *places;
	size_t n;

	totals->vms++;
	totals->reads += vm->stat.mmio_reads;
	totals->writes += vm->stat.mmio_writes;
	totals->user += vm->stat.mmio_user;
	totals->unplaced += vm->stat.unplaced_mmio;
	for (int kind = 0; kind < _NISV_KIND_MAX; kind++)
		totals->faults[kind] += vm->stat.faults[kind];
	places = counters_places(counters, &vm->key, &n);
	totals->n_places += n;
	for (size_t i = 0; i < n; i++) {
		totals->places_count += places[i].place.count;
		totals->places_user += places[i].place.user;
	}
}

void totals_read(const struct watch *watch, pid_t tgid, struct totals *ret)
{
	struct counters *counters;

	*ret = (struct totals){};
	assert_int_equal(counters_read(watch->capture, &counters), 0);
	for (size_t i = 0; i < counters->n_vms; i++)
		if (counters->vms[i].stat.tgid == (uint32_t)tgid)
			totals_add(ret, counters, &counters->vms[i]);
	counters_free(counters);
}
