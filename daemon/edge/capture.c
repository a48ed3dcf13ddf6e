/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/capture.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/edge/capture_gates.h"
#include "daemon/edge/capture_hooks.h"
#include "daemon/edge/capture_load.h"
#include "daemon/edge/capture_record.h"
#include "nisvd.skel.h"

struct capture {
	struct nisvd_bpf *skel;
	struct ring_buffer *records;
	const struct capture_ops *ops;
	void *userdata;
	int n_cpus;
	uint64_t bad_records;
	struct capture_gates gates;
	struct capture_hooks hooks;
	struct capture_obstacle obstacle;
};

/*
 * Which event counts a fault depends on which there are: told to the programs as soon as one is
 * attached. One fault that both see in between is still counted once (struct vcpu_state).
 */
static void tell_attached(const struct capture_hooks *hooks, void *userdata)
{
	struct capture *capture = userdata;

	capture->skel->bss->has_inject = capture_hooks_see_injection(hooks);
	capture->skel->bss->has_mmio_nisv = capture_hooks_has(hooks, "kvm_mmio_nisv");
	capture->skel->bss->has_destroy = capture_hooks_has(hooks, "kvm_destroy_vm");
}

/* ---- records ---- */

int capture_deliver(struct capture *capture, const void *data, size_t size)
{
	int r = capture_record_deliver(capture->ops, capture->userdata, data, size);

	if (r < 0)
		capture->bad_records++;
	return r;
}

static int on_record(void *userdata, void *data, size_t size)
{
	capture_deliver(userdata, data, size);
	return 0;
}

/* The vital ring comes first: ring_buffer__consume() takes the rings in this order. */
static int open_rings(struct capture *capture)
{
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): capture_load() has set it */
	const struct bpf_map *vital = capture->skel->maps.ring_vital;
	const struct bpf_map *ring = capture->skel->maps.ring;

	capture->records = ring_buffer__new(bpf_map__fd(vital), on_record, capture, NULL);
	return capture->records
		       ? ring_buffer__add(capture->records, bpf_map__fd(ring), on_record, capture)
		       : -errno;
}

static int start(struct capture *capture, const struct capture_options *options)
{
	struct capture_obstacle *why = &capture->obstacle;
	int r;

	capture->n_cpus = libbpf_num_possible_cpus();
	if (capture->n_cpus <= 0)
		return capture_obstacle_set(why, capture->n_cpus ? capture->n_cpus : -EIO,
					    "mount sysfs",
					    "the number of CPUs cannot be learned from sysfs (%s)",
					    strerror(-capture->n_cpus));
	r = capture_load(options, capture->n_cpus, &capture->hooks, &capture->gates, &capture->skel,
			 why);
	if (r < 0)
		return r;
	capture->hooks.gates = &capture->gates;
	r = open_rings(capture);
	if (r < 0)
		return capture_obstacle_set(why, r, "free memory", "the ring buffers: %s",
					    strerror(-r));
	return capture_hooks_attach(&capture->hooks, capture->skel->obj, tell_attached, capture,
				    why);
}

int capture_new(const struct capture_options *options, const struct capture_ops *ops,
		void *userdata, struct capture **ret)
{
	struct capture *capture = calloc(1, sizeof(*capture));
	int r;

	*ret = capture;
	if (!capture)
		return -ENOMEM;
	capture->ops = ops;
	capture->userdata = userdata;
	r = start(capture, options);
	/* libbpf freed the kernel's type information, megabytes of small pieces: give them back. */
	malloc_trim(0);
	if (r < 0)
		capture_hooks_detach(&capture->hooks);
	return r;
}

bool capture_is_taken_over(const struct capture *capture)
{
	return capture->gates.kept.is_found;
}

const struct capture_obstacle *capture_obstacle(const struct capture *capture)
{
	return &capture->obstacle;
}

void capture_free(struct capture *capture)
{
	if (!capture)
		return;
	capture_hooks_detach(&capture->hooks);
	ring_buffer__free(capture->records);
	capture_gates_free(&capture->gates);
	nisvd_bpf__destroy(capture->skel);
	free(capture);
}

bool capture_is_readable(const struct capture *capture)
{
	uint64_t *per_cpu = calloc(capture->n_cpus, sizeof(*per_cpu));
	const uint32_t first = 0;
	bool is = per_cpu && bpf_map_lookup_elem(bpf_map__fd(capture->skel->maps.losses), &first,
						 per_cpu) == 0;

	free(per_cpu);
	return is;
}

int capture_fd(const struct capture *capture)
{
	return ring_buffer__epoll_fd(capture->records);
}

int capture_dispatch(struct capture *capture)
{
	return ring_buffer__consume(capture->records);
}

/* ---- what there is, what was lost ---- */

bool capture_sees_injection(const struct capture *capture)
{
	return capture_hooks_see_injection(&capture->hooks);
}

bool capture_sees_vm_end(const struct capture *capture)
{
	return capture_hooks_has(&capture->hooks, "kvm_destroy_vm");
}

bool capture_sees_slot_changes(const struct capture *capture)
{
	return capture_hooks_has(&capture->hooks, "kvm_arch_commit_memory_region");
}

const struct capture_source *capture_sources(const struct capture *capture, size_t *ret_n)
{
	*ret_n = capture->hooks.n_sources;
	return capture->hooks.sources;
}

const char *capture_state_to_string(enum capture_state state)
{
	static const char *const names[] = {
		[CAPTURE_ATTACHED] = "attached",
		[CAPTURE_ABSENT] = "absent",
		[CAPTURE_FAILED] = "failed",
		[CAPTURE_OFF] = "off",
	};

	return names[state];
}

bool capture_source_is_lost(const struct capture_source *source)
{
	return source->state != CAPTURE_ATTACHED && *source->loses;
}

bool capture_source_hides_faults(const struct capture_source *source)
{
	return source->shows_faults && capture_source_is_lost(source);
}

const char *capture_loss_to_string(enum nisv_loss loss)
{
	static const char *const names[_NISV_LOSS_MAX] = {
		[NISV_LOSS_RING] = "records",
		[NISV_LOSS_VITAL] = "vital_records",
		[NISV_LOSS_VMS] = "vms",
		[NISV_LOSS_SITES] = "sites",
		[NISV_LOSS_PLACES] = "places",
		[NISV_LOSS_VCPUS] = "vcpus",
		[NISV_LOSS_NO_VCPU] = "events",
		[NISV_LOSS_WALK] = "slot_walks",
		[NISV_LOSS_EXIT] = "unknown_exits",
	};

	return loss < _NISV_LOSS_MAX ? names[loss] : "unknown";
}

void capture_losses(const struct capture *capture, struct capture_losses *ret)
{
	int fd = bpf_map__fd(capture->skel->maps.losses);
	uint64_t *per_cpu = calloc(capture->n_cpus, sizeof(*per_cpu));

	*ret = (struct capture_losses){
		.bad_records = capture->bad_records,
		.missed_runs = capture_gates_missed(&capture->gates, capture->n_cpus),
	};
	for (uint32_t loss = 0; per_cpu && loss < _NISV_LOSS_MAX; loss++) {
		if (bpf_map_lookup_elem(fd, &loss, per_cpu) < 0)
			continue;
		for (int cpu = 0; cpu < capture->n_cpus; cpu++)
			ret->by_kind[loss] += per_cpu[cpu];
	}
	free(per_cpu);
}

uint32_t capture_unknown_exit(const struct capture *capture)
{
	return capture->skel->bss->unknown_exit;
}

int capture_map_fd(const struct capture *capture, const char *name)
{
	int fd = bpf_object__find_map_fd_by_name(capture->skel->obj, name);

	return fd < 0 ? capture_gates_map_fd(&capture->gates, name) : fd;
}

int capture_n_cpus(const struct capture *capture)
{
	return capture->n_cpus;
}

int capture_open_iterator(const struct capture *capture)
{
	const struct bpf_link *link = capture_hooks_iterator(&capture->hooks);
	int fd;

	if (!link)
		return -EOPNOTSUPP;
	fd = bpf_iter_create(bpf_link__fd(link));
	return fd < 0 ? -errno : fd;
}
