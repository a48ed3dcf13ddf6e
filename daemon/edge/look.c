/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/look.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/edge/aside.h"
#include "daemon/edge/backing_read.h"
#include "daemon/edge/guestfind.h"

/* ---- the guest ---- */

/* What of the guest's memory must not be read, or was asked not to be. */
static bool is_off_limits(const struct look_options *options, const struct vm *vm,
			  struct guest_view *ret)
{
	if (!options->inspect_memory)
		guest_view_set(ret, GUEST_OFF, "InspectGuestMemory=no in nisvd.conf");
	else if (vm->layout.is_protected || vm->options.sev_or_cca == VMOPTION_ON)
		guest_view_set(ret, GUEST_PROTECTED, "the memory of a protected VM is not read");
	else
		return false;
	return true;
}

static int find(const char *arch, const struct vm *vm, struct guestmem *memory,
		struct guest_view *ret)
{
	int r = -ENOENT;

	if (vm->guest.state == GUEST_FOUND)
		r = guestfind_again(memory, &vm->guest, ret);
	if (r != -ENOENT)
		return r;
	if (!strcmp(arch, "arm64"))
		return guestfind_tree(memory, &vm->layout, ret);
	return guestfind_e820(memory, ret);
}

static void look_at_guest(const struct look_options *options, const struct vm *vm,
			  struct guest_view *ret)
{
	char reason[sizeof(ret->reason)];
	struct guestmem *memory;
	int r;

	if (is_off_limits(options, vm, ret))
		return;
	r = guestmem_open(vm, &memory, reason, sizeof(reason));
	if (r < 0) {
		guest_view_set(ret, GUEST_UNREADABLE, r == -ENOMEM ? "out of memory" : reason);
		return;
	}
	r = find(options->arch, vm, memory, ret);
	if (r == -EPERM)
		guest_view_set(
			ret, GUEST_UNREADABLE,
			"no permission to read the guest's memory: nisvd needs CAP_SYS_PTRACE "
			"(CAPABILITIES in nisvd(8))");
	else if (r < 0)
		guest_view_set(ret, GUEST_UNREADABLE,
			       r == -ENOMEM ? "out of memory" : "the VMM has ended");
	else if (!guestmem_is_current(memory)) {
		guest_view_clear(ret);
		guest_view_set(ret, GUEST_UNREADABLE, "the VMM has ended");
	}
	guestmem_close(memory);
}

/* ---- there and back ---- */

struct job {
	struct vm *vm;
	const struct look_options *options;
	uint64_t now_ns;
};

/* The child sends a struct look, then the backings' list and the guest's ranges. */
#define ANSWER_MAX (1U << 20)

/* In the child: what it does to the VM, it does to its own copy. */
static void work(int fd, void *userdata)
{
	struct job *job = userdata;
	struct look answer = {0};

	backing_read(job->vm, job->now_ns);
	if (job->options->with_guest)
		look_at_guest(job->options, job->vm, &answer.guest);
	answer.backings = job->vm->backings;
	aside_send(fd, &answer, sizeof(answer));
	aside_send(fd, answer.backings.list, answer.backings.n * sizeof(*answer.backings.list));
	aside_send(fd, answer.guest.ranges, answer.guest.n_ranges * sizeof(*answer.guest.ranges));
}

/* Lists with an element at least, as an empty one may be looked into. */
static void *copy_list(const char *from, size_t n, size_t size)
{
	void *list = calloc(n + 1, size);

	if (list)
		memcpy(list, from, n * size);
	return list;
}

static int take_answer(const char *data, size_t len, struct look *ret)
{
	size_t backings_bytes, ranges_bytes;

	if (len < sizeof(*ret))
		return -ENODATA;
	memcpy(ret, data, sizeof(*ret));
	backings_bytes = ret->backings.n * sizeof(*ret->backings.list);
	ranges_bytes = ret->guest.n_ranges * sizeof(*ret->guest.ranges);
	if (len != sizeof(*ret) + backings_bytes + ranges_bytes)
		return -ENODATA;
	data += sizeof(*ret);
	ret->backings.list = copy_list(data, ret->backings.n, sizeof(*ret->backings.list));
	ret->guest.ranges =
		copy_list(data + backings_bytes, ret->guest.n_ranges, sizeof(*ret->guest.ranges));
	if (ret->backings.list && ret->guest.ranges)
		return 0;
	free(ret->backings.list);
	free(ret->guest.ranges);
	return -ENOMEM;
}

int look_into(struct vm *vm, const struct look_options *options, uint64_t now_ns, struct look *ret)
{
	struct job job = {vm, options, now_ns};
	void *data = NULL;
	size_t len = 0;
	int r = aside_run(work, &job, ANSWER_MAX, &data, &len);

	if (r >= 0)
		r = take_answer(data, len, ret);
	free(data);
	return r;
}
