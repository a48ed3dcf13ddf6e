/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/inspect.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/edge/aside.h"
#include "daemon/edge/backing_read.h"
#include "daemon/edge/guestfind.h"
#include "daemon/edge/identity.h"
#include "daemon/edge/ingest_layout.h"
#include "daemon/edge/log.h"
#include "daemon/edge/publish.h"
#include "daemon/edge/wallclock.h"

#define BACKINGS_NS 1000000000ULL /* a VM can fault often, and its VMM have many mappings */
#define DUE_VMS_MAX 4U
#define DUE_NS_MAX  20000000ULL /* a look that has begun is not cut off */

static const uint64_t due_after_ns[] = {2000000000ULL, 10000000000ULL, 60000000000ULL};

static void set_state(struct guest_view *view, enum guest_state state, const char *reason)
{
	*view = (struct guest_view){.state = state};
	snprintf(view->reason, sizeof(view->reason), "%s", reason);
}

/* What of the guest's memory must not be read, or was asked not to be. */
static bool is_off_limits(const struct manager *manager, const struct vm *vm,
			  struct guest_view *ret)
{
	if (!manager->config.inspect_guest_memory)
		set_state(ret, GUEST_OFF, "InspectGuestMemory=no in nisvd.conf");
	else if (vm->layout.is_protected || vm->options.sev_or_cca == VMOPTION_ON)
		set_state(ret, GUEST_PROTECTED, "the memory of a protected VM is not read");
	else
		return false;
	return true;
}

static int find(const struct manager *manager, const struct vm *vm, struct guestmem *memory,
		struct guest_view *ret)
{
	int r = -ENOENT;

	if (vm->guest.state == GUEST_FOUND)
		r = guestfind_again(memory, &vm->guest, ret);
	if (r != -ENOENT)
		return r;
	if (!strcmp(manager->arch, "arm64"))
		return guestfind_tree(memory, &vm->layout, ret);
	return guestfind_e820(memory, ret);
}

static void look(const struct manager *manager, const struct vm *vm, struct guest_view *ret)
{
	char reason[sizeof(ret->reason)];
	struct guestmem *memory;
	int r;

	if (is_off_limits(manager, vm, ret))
		return;
	r = guestmem_open(vm, &memory, reason, sizeof(reason));
	if (r < 0) {
		set_state(ret, GUEST_UNREADABLE, r == -ENOMEM ? "out of memory" : reason);
		return;
	}
	r = find(manager, vm, memory, ret);
	if (r == -EPERM)
		set_state(ret, GUEST_UNREADABLE,
			  "no permission to read the guest's memory: nisvd needs CAP_SYS_PTRACE");
	else if (r < 0)
		set_state(ret, GUEST_UNREADABLE,
			  r == -ENOMEM ? "out of memory" : "the VMM has ended");
	else if (!guestmem_is_current(memory)) {
		guest_view_clear(ret);
		set_state(ret, GUEST_UNREADABLE, "the VMM has ended");
	}
	guestmem_close(memory);
}

static bool is_same_range(const struct guest_range *a, const struct guest_range *b)
{
	return a->kind == b->kind && a->base == b->base && a->size == b->size &&
	       a->disabled == b->disabled && !strcmp(a->name, b->name) &&
	       !strcmp(a->compatible, b->compatible);
}

static bool is_same(const struct guest_view *a, const struct guest_view *b)
{
	if (a->state != b->state || a->source != b->source || a->address != b->address ||
	    a->cpus != b->cpus || a->gic_version != b->gic_version || a->dropped != b->dropped ||
	    a->n_ranges != b->n_ranges || strcmp(a->reason, b->reason) != 0)
		return false;
	for (size_t i = 0; i < a->n_ranges; i++)
		if (!is_same_range(&a->ranges[i], &b->ranges[i]))
			return false;
	return true;
}

/* Takes over @fresh. */
static void set_guest(struct manager *manager, struct vm *vm, struct guest_view fresh,
		      uint64_t now_ns)
{
	bool changed;

	/* A kernel that has read its table may use the memory for something else: what it once
	 * believed, it goes on believing. */
	if (vm->guest.state == GUEST_FOUND && fresh.state != GUEST_FOUND &&
	    fresh.state != GUEST_OFF) {
		guest_view_clear(&fresh);
		vm->guest.read_ns = now_ns;
		return;
	}
	changed = !is_same(&vm->guest, &fresh);
	guest_view_clear(&vm->guest);
	vm->guest = fresh;
	vm->guest.read_ns = now_ns;
	if (!changed)
		return;
	vm->dirty = true;
	publish_guest(manager, vm);
}

/* Only a VM that is there, on this host, can be looked into, and not while its VMM lets us wait. */
static bool is_here(const struct manager *manager, const struct vm *vm, uint64_t now_ns)
{
	return manager->capture && vm->end == VM_END_NONE && vm->layout.known &&
	       now_ns >= vm->silent_ns;
}

/* ---- a look, aside ---- */

struct job {
	const struct manager *manager;
	struct vm *vm;
	uint64_t now_ns;
	bool with_guest;
};

/* What a child sends first; then the backings' list and the guest's ranges. */
struct answer {
	struct backings backings;
	struct guest_view guest;
};

#define ANSWER_MAX (1U << 20)

static void work(int fd, void *userdata)
{
	struct job *job = userdata;
	struct answer answer = {0};

	backing_read(job->vm, job->now_ns);
	if (job->with_guest)
		look(job->manager, job->vm, &answer.guest);
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

static int take_answer(const char *data, size_t len, struct answer *ret)
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

/* No VM of that process is asked again for a while: each time would cost the deadline. */
static void set_silent(struct manager *manager, struct vm *vm, uint64_t now_ns)
{
	static const char reason[] = "the VMM's memory did not answer in time (its mmap lock is "
				     "held): it is asked again in 10 minutes";
	struct guest_view unreadable;

	log_warning("VM %s: %s", vm->id, reason);
	for (size_t i = 0; i < manager->vms.n; i++)
		if (manager->vms.list[i]->tgid == vm->tgid)
			manager->vms.list[i]->silent_ns = now_ns + ASIDE_SILENT_NS;
	if (!vm->backings.n)
		snprintf(vm->backings.reason, sizeof(vm->backings.reason), "%s", reason);
	set_state(&unreadable, GUEST_UNREADABLE, reason);
	set_guest(manager, vm, unreadable, now_ns);
}

static void look_aside(struct manager *manager, struct vm *vm, uint64_t now_ns, bool with_guest)
{
	struct job job = {manager, vm, now_ns, with_guest};
	struct answer answer;
	void *data = NULL;
	size_t len = 0;
	int r = aside_run(work, &job, ANSWER_MAX, &data, &len);

	if (r >= 0)
		r = take_answer(data, len, &answer);
	free(data);
	if (r == -ETIMEDOUT) {
		set_silent(manager, vm, now_ns);
		return;
	}
	if (r < 0) {
		log_debug("VM %s cannot be looked into: %s", vm->id, strerror(-r));
		return;
	}
	backings_clear(&vm->backings);
	vm->backings = answer.backings;
	if (with_guest)
		set_guest(manager, vm, answer.guest, now_ns);
	else
		guest_view_clear(&answer.guest);
}

/* A process may have many VMs, and many mappings: it is asked once for all of them. */
static bool was_asked(const struct manager *manager, const struct vm *vm, uint64_t now_ns)
{
	for (size_t i = 0; i < manager->vms.n; i++) {
		const struct vm *other = manager->vms.list[i];

		if (other->tgid == vm->tgid && other->backings.read_ns &&
		    now_ns - other->backings.read_ns < BACKINGS_NS)
			return true;
	}
	return false;
}

void inspect_backings(struct manager *manager, struct vm *vm)
{
	uint64_t now_ns = wallclock_monotonic_ns();

	if (is_here(manager, vm, now_ns) && !was_asked(manager, vm, now_ns))
		look_aside(manager, vm, now_ns, false);
}

void inspect_vm(struct manager *manager, struct vm *vm, uint64_t max_age_ns)
{
	uint64_t now_ns = wallclock_monotonic_ns();

	if (!is_here(manager, vm, now_ns) ||
	    (vm->guest.read_ns && now_ns - vm->guest.read_ns < max_age_ns))
		return;
	if (identity_refresh(vm)) {
		ingest_choose_machine(manager, vm);
		publish_vm(manager, vm);
	}
	look_aside(manager, vm, now_ns, true);
}

static bool is_due(const struct manager *manager, const struct vm *vm, uint64_t now_ns)
{
	if (!is_here(manager, vm, now_ns))
		return false;
	for (size_t i = 0; i < sizeof(due_after_ns) / sizeof(due_after_ns[0]); i++) {
		uint64_t due_ns = vm->first_seen_ns + due_after_ns[i];

		if (now_ns >= due_ns && vm->guest.read_ns < due_ns)
			return true;
	}
	return false;
}

void inspect_due(struct manager *manager, uint64_t now_ns)
{
	unsigned int looked = 0;

	for (size_t i = 0; i < manager->vms.n && looked < DUE_VMS_MAX; i++) {
		struct vm *vm = manager->vms.list[i];

		if (!is_due(manager, vm, now_ns))
			continue;
		inspect_vm(manager, vm, 0);
		looked++;
		if (wallclock_monotonic_ns() - now_ns > DUE_NS_MAX)
			break;
	}
}
