/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kept.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/edge/capture.h"
#include "daemon/edge/log.h"

#define MAX_PROGRAMS 8

struct kept {
	size_t n;
	const char *const *programs;
	int fds[MAX_PROGRAMS];
	int gates_fd, ring_fds[2];
	struct ring_buffer *rings;
	uint64_t faults;
};

static uint32_t map_id(int fd)
{
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &size) ? 0 : info.id;
}

/* Is this the gate of that name which hands on by the array with this id? */
static bool is_gate(int fd, const char *name, uint32_t array_id)
{
	uint32_t ids[32] = {};
	struct bpf_prog_info info = {
		.nr_map_ids = sizeof(ids) / sizeof(ids[0]),
		.map_ids = (uintptr_t)ids,
	};
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size) ||
	    strncmp(info.name, name, sizeof(info.name) - 1) != 0)
		return false;
	for (uint32_t i = 0; i < info.nr_map_ids && i < sizeof(ids) / sizeof(ids[0]); i++)
		if (ids[i] == array_id)
			return true;
	return false;
}

/* The array empties itself when no file descriptor of it is left (map_release()). */
static int keep_programs(struct kept *kept, const struct capture *capture)
{
	uint32_t array_id;
	uint32_t id = 0;

	kept->gates_fd = fcntl(capture_map_fd(capture, "gate_tps"), F_DUPFD_CLOEXEC, 0);
	if (kept->gates_fd < 0)
		return log_error_errno(errno, "nisvd has no map \"gate_tps\"");
	array_id = map_id(kept->gates_fd);
	while (!bpf_prog_get_next_id(id, &id)) {
		int fd = bpf_prog_get_fd_by_id(id);

		if (fd < 0)
			continue;
		for (size_t i = 0; i < kept->n; i++)
			if (kept->fds[i] < 0 && is_gate(fd, kept->programs[i], array_id)) {
				kept->fds[i] = fd;
				fd = -1;
				break;
			}
		if (fd >= 0)
			close(fd);
	}
	return 0;
}

/* ---- records ---- */

static int on_record(void *userdata, void *data, size_t size)
{
	const struct nisv_rec_hdr *hdr = data;
	struct kept *kept = userdata;

	kept->faults += size >= sizeof(*hdr) && hdr->type == NISV_REC_FAULT;
	return 0;
}

static int keep_rings(struct kept *kept, const struct capture *capture)
{
	static const char *const names[] = {"ring", "ring_vital"};

	for (size_t i = 0; i < 2; i++) {
		kept->ring_fds[i] = fcntl(capture_map_fd(capture, names[i]), F_DUPFD_CLOEXEC, 0);
		if (kept->ring_fds[i] < 0)
			return log_error_errno(errno, "nisvd has no map \"%s\"", names[i]);
	}
	kept->rings = ring_buffer__new(kept->ring_fds[0], on_record, kept, NULL);
	if (!kept->rings)
		return log_error_errno(errno, "Cannot read nisvd's records");
	return ring_buffer__add(kept->rings, kept->ring_fds[1], on_record, kept);
}

uint64_t kept_records(struct kept *kept)
{
	kept->faults = 0;
	ring_buffer__consume(kept->rings);
	return kept->faults;
}

/* ---- from capture ---- */

/* The programs live on when capture has ended: to attach them takes less than to load them. */
static int load(struct kept *kept)
{
	static const struct capture_options options = {
		.count_mmio = true,
		.inspect_guest_memory = true,
		/* A row is about faults that each have a record. */
		.details_per_second = UINT32_MAX,
	};
	static const struct capture_ops ops = {};
	struct capture *capture;
	int r = capture_new(&options, &ops, NULL, &capture);

	if (r >= 0)
		r = keep_rings(kept, capture);
	if (r >= 0)
		r = keep_programs(kept, capture);
	capture_free(capture);
	return r;
}

int kept_new(const char *const *programs, size_t n, struct kept **ret)
{
	struct kept *kept = calloc(1, sizeof(*kept));
	int r;

	if (!kept)
		return log_error_errno(ENOMEM, "No memory for the programs");
	kept->programs = programs;
	kept->n = n < MAX_PROGRAMS ? n : MAX_PROGRAMS;
	kept->gates_fd = kept->ring_fds[0] = kept->ring_fds[1] = -1;
	for (size_t i = 0; i < MAX_PROGRAMS; i++)
		kept->fds[i] = -1;
	r = load(kept);
	if (r < 0) {
		kept_free(kept);
		return r;
	}
	*ret = kept;
	return 0;
}

static void fd_close(int fd)
{
	if (fd >= 0)
		close(fd);
}

void kept_free(struct kept *kept)
{
	if (!kept)
		return;
	ring_buffer__free(kept->rings);
	fd_close(kept->gates_fd);
	for (size_t i = 0; i < 2; i++)
		fd_close(kept->ring_fds[i]);
	for (size_t i = 0; i < MAX_PROGRAMS; i++)
		fd_close(kept->fds[i]);
	free(kept);
}

int kept_fd(const struct kept *kept, size_t program)
{
	return kept->fds[program];
}
