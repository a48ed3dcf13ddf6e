/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/capture_load.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <syslog.h>
#include <unistd.h>

#include "daemon/edge/capture_abi.h"
#include "daemon/edge/capture_gates.h"
#include "daemon/edge/log.h"
#include "daemon/edge/wallclock.h"
#include "gate.skel.h"
#include "nisvd-older.skel.h"
#include "nisvd.skel.h"

static void log_lines(const char *text)
{
	while (log_enabled(LOG_DEBUG) && *text) {
		size_t n = strcspn(text, "\n");

		if (n)
			log_debug("%.*s", (int)n, text);
		text += n + (text[n] == '\n');
	}
}

static int on_libbpf_print(enum libbpf_print_level level, const char *format, va_list args)
{
	char *text;

	(void)level;
	if (!log_enabled(LOG_DEBUG) || vasprintf(&text, format, args) < 0)
		return 0;
	log_lines(text);
	free(text);
	return 0;
}

/* ---- the object ---- */

static void set_options(struct nisvd_bpf *skel, const struct capture_options *options)
{
	if (options->sites_per_vm)
		skel->rodata->sites_per_vm = options->sites_per_vm;
	if (options->places_per_vm)
		skel->rodata->places_per_vm = options->places_per_vm;
	if (options->details_per_second)
		skel->rodata->details_per_second = options->details_per_second;
	if (options->vital_per_second)
		skel->rodata->vital_per_second = options->vital_per_second;
	if (options->slots_per_second)
		skel->rodata->slots_per_second = options->slots_per_second;
	skel->rodata->host_page_shift = (uint32_t)__builtin_ctzl((unsigned long)getpagesize());
	skel->rodata->time_base = wallclock_base_ns();
	skel->rodata->count_mmio = options->count_mmio;
	skel->rodata->inspect_guest_memory = options->inspect_guest_memory;
}

/*
 * The programs come twice, with the same maps, variables and names (bpf/older.bpf.h): the skeleton
 * of the one object opens the other, too.
 */
static int open_skeleton(struct nisvd_bpf *skel, const char *btf_path, bool older)
{
	DECLARE_LIBBPF_OPTS(bpf_object_open_opts, open);
	int r = nisvd_bpf__create_skeleton(skel);

	if (r < 0)
		return r;
	if (older)
		skel->skeleton->data = (void *)nisvd_older_bpf__elf_bytes(&skel->skeleton->data_sz);
	open.btf_custom_path = btf_path;
	return bpf_object__open_skeleton(skel->skeleton, &open);
}

static struct nisvd_bpf *open_object(int n_cpus, bool older, const char *btf_path)
{
	struct nisvd_bpf *skel = calloc(1, sizeof(*skel));

	if (!skel)
		return NULL;
	if (open_skeleton(skel, btf_path, older) < 0)
		goto fail;
	if (bpf_map__set_max_entries(skel->maps.mmio_cache, (uint32_t)n_cpus) < 0)
		goto fail;
	return skel;
fail:
	nisvd_bpf__destroy(skel);
	return NULL;
}

/* ---- what the verifier says ---- */

/*
 * One part of this for each program: libbpf has the verifier write there only when it has refused a
 * program, and so tells which one. The most that any kernel takes (bpf_verifier_log_attr_valid());
 * only what is written to is memory.
 */
#define LOG_BYTES ((1U << 24) - 4096)

struct logs {
	char *data;
	size_t n;
};

static bool logs_open(struct logs *logs, const struct bpf_object *object)
{
	struct bpf_program *program;
	void *data;

	bpf_object__for_each_program (program, object) {
		logs->n++;
	}
	data = mmap(NULL, logs->n * LOG_BYTES, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	logs->data = data == MAP_FAILED ? NULL : data;
	return logs->data;
}

static void logs_close(struct logs *logs)
{
	if (logs->data)
		munmap(logs->data, logs->n * LOG_BYTES);
}

/* The program that was refused, and what the verifier said; NULL: it was not asked. */
static const struct bpf_program *refused_program(const struct logs *logs,
						 const struct bpf_object *object, char **ret_log)
{
	struct bpf_program *program;
	char *log = logs->data;

	bpf_object__for_each_program (program, object) {
		if (*log) {
			*ret_log = log;
			return program;
		}
		log += LOG_BYTES;
	}
	return NULL;
}

/* ---- loading ---- */

/*
 * What follows from the refusal of one program: -EAGAIN if another attempt may succeed, with the
 * object for older kernels (*@older), or else without the program; -errno if none will.
 */
static int settle_refusal(struct capture_hooks *hooks, const struct bpf_program *refused, int err,
			  char *words, bool *older, struct capture_obstacle *why)
{
	enum capture_refusal refusal;
	bool all;

	log_lines(words);
	refusal = capture_obstacle_of_program(why, err, words);
	if (refusal == CAPTURE_REFUSED_PROGRAM && !*older) {
		*older = true;
		return -EAGAIN;
	}
	all = refusal == CAPTURE_REFUSED_LOCKDOWN || refusal == CAPTURE_REFUSED_FOR_NOW;
	capture_hooks_refuse(hooks, all ? NULL : refused, why);
	/* tell_fields is of no source, so it cannot be left out: nothing starts without it. */
	if (all || !strcmp(bpf_program__name(refused), "tell_fields"))
		return why->err;
	return -EAGAIN;
}

/* Load what is wanted. 0, -errno, or -EAGAIN: to be tried again with what is wanted now. */
static int try_load(struct nisvd_bpf *skel, struct capture_hooks *hooks, bool *older,
		    struct capture_obstacle *why)
{
	const struct bpf_program *refused;
	struct bpf_program *program;
	struct logs logs = {};
	char *words;
	int r, i = 0;

	if (!logs_open(&logs, skel->obj))
		return capture_obstacle_set(why, -ENOMEM, "free memory", "there is no memory");
	bpf_object__for_each_program (program, skel->obj) {
		bpf_program__set_autoload(program, capture_hooks_want(hooks, program));
		bpf_program__set_log_buf(program, logs.data + (size_t)i++ * LOG_BYTES, LOG_BYTES);
	}
	r = nisvd_bpf__load(skel);
	refused = r < 0 ? refused_program(&logs, skel->obj, &words) : NULL;
	if (refused) {
		r = settle_refusal(hooks, refused, r, words, older, why);
	} else if (r < 0) {
		capture_obstacle_of_load(why, r);
		capture_hooks_refuse(hooks, NULL, why);
	}
	logs_close(&logs);
	return r;
}

static bool wants_any(const struct capture_hooks *hooks)
{
	for (size_t i = 0; i < hooks->n_hooks; i++)
		if (hooks->sources[i].state != CAPTURE_OFF && !hooks->obstacles[i].err)
			return true;
	return false;
}

static void tell_fields(const struct nisvd_bpf *skel, struct capture_hooks *hooks)
{
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, run);

	if (!bpf_prog_test_run_opts(bpf_program__fd(skel->progs.tell_fields), &run))
		capture_hooks_tell_fields(hooks, skel->bss->lacking);
}

/* Loads as much of the object as this kernel takes; *@skel may be another one afterwards. */
static int load_programs(const struct capture_options *options, int n_cpus,
			 struct capture_hooks *hooks, const struct capture_kept *kept,
			 struct nisvd_bpf **skel, struct capture_obstacle *why)
{
	bool older = false;
	int r;

	for (;;) {
		set_options(*skel, options);
		r = capture_kept_reuse(kept, (*skel)->obj);
		if (r < 0)
			return capture_obstacle_set(why, r, "start nisvd again",
						    "the maps of an earlier nisvd: %s",
						    strerror(-r));
		r = try_load(*skel, hooks, &older, why);
		if (r != -EAGAIN || !wants_any(hooks))
			return r == -EAGAIN ? why->err : r;
		nisvd_bpf__destroy(*skel);
		*skel = open_object(n_cpus, older, options->btf_path);
		if (!*skel)
			return capture_obstacle_set(why, -ENOMEM, "free memory",
						    "there is no memory");
	}
}

int capture_load(const struct capture_options *options, int n_cpus, struct capture_hooks *hooks,
		 struct capture_gates *gates, struct nisvd_bpf **ret, struct capture_obstacle *why)
{
	uint64_t abi;
	int r;

	libbpf_set_print(on_libbpf_print);
	*ret = open_object(n_cpus, false, options->btf_path);
	/* libelf does not say what it lacked, if not memory. */
	if (!*ret || capture_gates_open(gates, options->store) < 0)
		return capture_obstacle_set(
			why, -ENOMEM, "free memory; if that does not help, install nisvd anew",
			"the BPF object in the program cannot be opened");
	abi = capture_abi((*ret)->obj);
	capture_hooks_list(hooks, (*ret)->obj);
	if (!options->count_mmio)
		capture_hooks_switch_off(hooks, "kvm_mmio");
	r = capture_obstacle_of_host(why);
	if (r < 0) {
		capture_hooks_refuse(hooks, NULL, why);
		return r;
	}
	capture_kept_look(&gates->kept, (*ret)->obj, gates->skel->obj);
	r = load_programs(options, n_cpus, hooks, &gates->kept, ret, why);
	if (r < 0)
		return r;
	capture_kept_put_maps(&gates->kept, (*ret)->obj);
	r = capture_gates_load(gates, abi);
	if (r < 0) {
		capture_obstacle_of_load(why, r);
		capture_hooks_refuse(hooks, NULL, why);
		return r;
	}
	*why = (struct capture_obstacle){};
	tell_fields(*ret, hooks);
	return 0;
}
