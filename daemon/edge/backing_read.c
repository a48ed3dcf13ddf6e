/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/backing_read.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/edge/procfs.h"

/*
 * smaps counts every page of every mapping under the VMM's mmap lock: with more memory present than
 * this, it is not worth the wait.
 */
#define SMAPS_RESIDENT_MAX (1ULL << 30)

#define TRIES 3 /* mappings that come and go while they are read leave the text inconsistent */

struct buffer {
	char *data; /* owned */
	size_t len, room;
};

static int read_all(int fd, struct buffer *buffer)
{
	for (;;) {
		char *more;
		ssize_t n;

		if (buffer->len == buffer->room) {
			if (buffer->room >= BACKING_MAPS_BYTES_MAX)
				return -EFBIG;
			buffer->room = buffer->room ? 2 * buffer->room : 64U << 10;
			more = realloc(buffer->data, buffer->room);
			if (!more)
				return -ENOMEM;
			buffer->data = more;
		}
		n = read(fd, buffer->data + buffer->len, buffer->room - buffer->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		buffer->len += (size_t)n;
	}
}

static int read_file(uint32_t pid, const char *name, struct buffer *ret)
{
	char path[48];
	int fd, r;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = read_all(fd, ret);
	close(fd);
	return r;
}

static int read_vmas(uint32_t pid, const char *name, struct vmas *ret)
{
	struct buffer text = {0};
	int r = read_file(pid, name, &text);

	if (r >= 0)
		r = text.len ? vmas_parse(text.data, text.len, ret) : -ESRCH;
	free(text.data);
	if (r < 0 || !ret->dropped)
		return r;
	r = ret->n >= VMAS_MAX ? -EFBIG : -EAGAIN;
	vmas_clear(ret);
	return r;
}

static int read_maps(uint32_t pid, struct vmas *ret)
{
	int r = -EAGAIN;

	for (int i = 0; i < TRIES && r == -EAGAIN; i++)
		r = read_vmas(pid, "maps", ret);
	return r;
}

static uint64_t resident_bytes(uint32_t pid)
{
	struct buffer text = {0};
	uint64_t pages = UINT64_MAX;

	if (read_file(pid, "statm", &text) < 0 || text.len == text.room)
		goto out;
	text.data[text.len] = '\0';
	if (sscanf(text.data, "%*u %" SCNu64, &pages) != 1) /* NOLINT(cert-err34-c): the kernel's */
		pages = UINT64_MAX;
out:
	free(text.data);
	return pages > UINT64_MAX >> 20 ? UINT64_MAX : pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static bool wants_smaps(const struct vm *vm, const struct vmas *vmas)
{
	bool may_be_device = false;

	for (size_t i = 0; i < vm->layout.n_slots && !may_be_device; i++) {
		const struct nisv_slot *slot = &vm->layout.slots[i];
		size_t at = vmas_from(vmas, slot->hva);

		may_be_device = at < vmas->n && vmas->list[at].start <= slot->hva &&
				vma_may_be_device(&vmas->list[at]);
	}
	return may_be_device && resident_bytes(vm->tgid) <= SMAPS_RESIDENT_MAX;
}

static int fill(const struct vm *vm, struct backings *ret)
{
	struct vmas vmas = {0}, details = {0};
	int r = read_maps(vm->tgid, &vmas);

	if (r < 0)
		return r;
	/* smaps has all that maps has, and more; what maps told does if it cannot be read. */
	if (wants_smaps(vm, &vmas) && read_vmas(vm->tgid, "smaps", &details) >= 0) {
		vmas_clear(&vmas);
		vmas = details;
	}
	/* After the reading: so it was that process that was read. */
	if (!procfs_is_process(vm->tgid, vm->start_ns)) {
		vmas_clear(&vmas);
		return -ESRCH;
	}
	ret->list = calloc(vm->layout.n_slots + 1, sizeof(*ret->list));
	if (!ret->list) {
		vmas_clear(&vmas);
		return -ENOMEM;
	}
	for (size_t i = 0; i < vm->layout.n_slots; i++)
		backing_of_slot(&vmas, &vm->layout.slots[i], &ret->list[ret->n++]);
	vmas_clear(&vmas);
	return 0;
}

static const char *reason_of(int error)
{
	switch (error) {
	case -EACCES:
	case -EPERM:
		return "no permission to read the VMM's mappings: nisvd needs CAP_SYS_PTRACE "
		       "(CAPABILITIES in nisvd(8))";
	case -ENOENT:
	case -ESRCH:
		return "the VMM has ended";
	case -EFBIG:
		return "the VMM has more mappings than are read";
	case -EAGAIN:
		return "the VMM's mappings changed while they were read";
	case -ENOMEM:
		return "out of memory";
	default:
		return NULL;
	}
}

void backing_read(struct vm *vm, uint64_t now_ns)
{
	struct backings fresh = {.read_ns = now_ns};
	int r = fill(vm, &fresh);

	/* What was behind the slots of a VMM that ends just now is still worth knowing. */
	if ((r == -ESRCH || r == -ENOENT) && vm->backings.n)
		return;
	if (r < 0) {
		const char *reason = reason_of(r);

		snprintf(fresh.reason, sizeof(fresh.reason), "%s%s",
			 reason ? reason : "the VMM's mappings cannot be read: ",
			 reason ? "" : strerror(-r));
	}
	backings_clear(&vm->backings);
	vm->backings = fresh;
}
