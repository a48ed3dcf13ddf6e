/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/inspect.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/edge/aside.h"
#include "daemon/edge/identity.h"
#include "daemon/edge/ingest_layout.h"
#include "daemon/edge/log.h"
#include "daemon/edge/look.h"
#include "daemon/edge/publish.h"
#include "daemon/edge/wallclock.h"

#define BACKINGS_NS 1000000000ULL /* a VM can fault often, and its VMM have many mappings */
#define DUE_VMS_MAX 4U
#define DUE_NS_MAX  20000000ULL /* a look that has begun is not cut off */

static const uint64_t due_after_ns[] = {2000000000ULL, 10000000000ULL, 60000000000ULL};

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
	changed = !guest_view_equal(&vm->guest, &fresh);
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

/* No VM of that process is asked again for a while: each time would cost the deadline. */
static void set_silent(struct manager *manager, struct vm *vm, uint64_t now_ns)
{
	static const char reason[] =
		"the VMM's memory did not answer in time: its mmap lock is "
		"held, or the host is overloaded; it is asked again in 10 minutes";
	struct guest_view unreadable;

	log_warning("VM %s: %s", vm->id, reason);
	for (size_t i = 0; i < manager->vms.n; i++)
		if (manager->vms.list[i]->tgid == vm->tgid)
			manager->vms.list[i]->silent_ns = now_ns + ASIDE_SILENT_NS;
	if (!vm->backings.n)
		snprintf(vm->backings.reason, sizeof(vm->backings.reason), "%s", reason);
	guest_view_set(&unreadable, GUEST_UNREADABLE, reason);
	set_guest(manager, vm, unreadable, now_ns);
}

static void look(struct manager *manager, struct vm *vm, uint64_t now_ns, bool with_guest)
{
	const struct look_options options = {
		.arch = manager->host.arch,
		.with_guest = with_guest,
		.inspect_memory = manager->config.capture.inspect_guest_memory,
	};
	struct look seen;
	int r = look_into(vm, &options, now_ns, &seen);

	if (r == -ETIMEDOUT) {
		set_silent(manager, vm, now_ns);
		return;
	}
	if (r < 0) {
		log_debug("VM %s cannot be looked into: %s", vm->id, strerror(-r));
		/* Its turn is over: others are due, too. */
		vm->guest.read_ns = now_ns;
		return;
	}
	backings_clear(&vm->backings);
	vm->backings = seen.backings;
	if (with_guest)
		set_guest(manager, vm, seen.guest, now_ns);
	else
		guest_view_clear(&seen.guest);
}

/* A process may have many VMs, and many mappings: it is asked once for all of them. */
static bool was_asked(const struct manager *manager, const struct vm *vm, uint64_t now_ns)
{
	for (size_t i = 0; i < manager->vms.n; i++) {
		const struct vm *other = manager->vms.list[i];

		if (!other->end && other->tgid == vm->tgid && other->backings.read_ns &&
		    now_ns - other->backings.read_ns < BACKINGS_NS)
			return true;
	}
	return false;
}

void inspect_backings(struct manager *manager, struct vm *vm)
{
	uint64_t now_ns = wallclock_now_ns();

	if (is_here(manager, vm, now_ns) && !was_asked(manager, vm, now_ns))
		look(manager, vm, now_ns, false);
}

void inspect_vm(struct manager *manager, struct vm *vm, uint64_t max_age_ns)
{
	uint64_t now_ns = wallclock_now_ns();

	if (!is_here(manager, vm, now_ns) ||
	    (vm->guest.read_ns && now_ns - vm->guest.read_ns < max_age_ns))
		return;
	if (identity_refresh(vm)) {
		ingest_choose_machine(manager, vm);
		publish_vm(manager, vm);
	}
	look(manager, vm, now_ns, true);
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
		if (wallclock_now_ns() - now_ns > DUE_NS_MAX)
			break;
	}
}
