/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/capture_gates.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/edge/wallclock.h"
#include "gate.skel.h"

int capture_gates_open(struct capture_gates *gates, struct fdstore *store)
{
	gates->kept.store = store;
	gates->skel = gate_bpf__open();
	return gates->skel ? 0 : -ENOEXEC;
}

static int mark(const struct capture_gates *gates, uint64_t abi)
{
	struct nisv_gate_build build = {.abi = abi, .time_base = wallclock_base_ns()};
	const uint32_t zero = 0;

	snprintf(build.version, sizeof(build.version), "%s", NISV_VERSION);
	return bpf_map_update_elem(bpf_map__fd(gates->skel->maps.gate_build), &zero, &build, 0) < 0
		       ? -errno
		       : 0;
}

int capture_gates_load(struct capture_gates *gates, uint64_t abi)
{
	int r = capture_kept_reuse(&gates->kept, gates->skel->obj);
	struct bpf_program *gate;

	/* Those that are attached are not needed twice. */
	bpf_object__for_each_program (gate, gates->skel->obj) {
		const char *name = bpf_program__name(gate);

		bpf_program__set_autoload(gate, !capture_gates_is_attached(gates, name));
	}
	if (r >= 0)
		r = gate_bpf__load(gates->skel);
	/* Those that are there say who made the maps. */
	if (r >= 0 && !gates->kept.is_found)
		r = mark(gates, abi);
	if (r >= 0)
		capture_kept_put_maps(&gates->kept, gates->skel->obj);
	return r;
}

void capture_gates_free(struct capture_gates *gates)
{
	gate_bpf__destroy(gates->skel);
	gates->skel = NULL;
}

int capture_gates_aim(const struct capture_gates *gates, const struct bpf_program *program,
		      int gate)
{
	const struct bpf_map *map = bpf_program__type(program) == BPF_PROG_TYPE_KPROBE
					    ? gates->skel->maps.gate_kprobes
					    : gates->skel->maps.gate_tps;
	int fd = bpf_program__fd(program);

	return bpf_map_update_elem(bpf_map__fd(map), &gate, &fd, BPF_ANY) < 0 ? -errno : 0;
}

bool capture_gates_is_attached(const struct capture_gates *gates, const char *program)
{
	return capture_kept_link(&gates->kept, program) >= 0;
}

int capture_gates_attach(const struct capture_gates *gates, const char *program,
			 struct bpf_link **ret)
{
	struct bpf_program *gate = bpf_object__find_program_by_name(gates->skel->obj, program);

	*ret = bpf_program__attach(gate);
	if (!*ret)
		return -errno;
	capture_kept_put_gate(&gates->kept, program, bpf_program__fd(gate), bpf_link__fd(*ret));
	return 0;
}

void capture_gates_close(struct capture_gates *gates, const char *program)
{
	if (capture_gates_is_attached(gates, program))
		capture_kept_drop_gate(&gates->kept, program);
}

/*
 * It would disable the perf event of a kprobe, which the service manager's copy shares. Linux 6.1
 * runs the program all the same (kprobe_perf_func()), but nobody promises that.
 */
void capture_gates_leave(const struct capture_gates *gates, struct bpf_link *link)
{
	if (gates->kept.store && fdstore_keeps(gates->kept.store))
		bpf_link__disconnect(link);
}

static uint64_t misses_of(int fd)
{
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);

	return fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &size) ? info.recursion_misses : 0;
}

int capture_gates_map_fd(const struct capture_gates *gates, const char *name)
{
	return bpf_object__find_map_fd_by_name(gates->skel->obj, name);
}

uint64_t capture_gates_missed(const struct capture_gates *gates, int n_cpus)
{
	uint64_t *per_cpu = calloc((size_t)n_cpus, sizeof(*per_cpu)), missed = 0;
	const uint32_t zero = 0;
	struct bpf_program *gate;

	if (per_cpu &&
	    !bpf_map_lookup_elem(bpf_map__fd(gates->skel->maps.gate_missed), &zero, per_cpu))
		for (int cpu = 0; cpu < n_cpus; cpu++)
			missed += per_cpu[cpu];
	free(per_cpu);
	bpf_object__for_each_program (gate, gates->skel->obj) {
		missed += misses_of(bpf_program__fd(gate));
		missed += misses_of(capture_kept_gate(&gates->kept, bpf_program__name(gate)));
	}
	return missed;
}
