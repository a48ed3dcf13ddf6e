/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/inspect.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/edge/backing_read.h"
#include "daemon/edge/guestfind.h"
#include "daemon/edge/identity.h"
#include "daemon/edge/layouts.h"
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

static void inspect_guest(struct manager *manager, struct vm *vm, uint64_t now_ns)
{
	struct guest_view fresh = {0};
	bool changed;

	look(manager, vm, &fresh);
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

/* Only a VM that is there, on this host, can be looked into. */
static bool is_here(const struct manager *manager, const struct vm *vm)
{
	return manager->capture && vm->end == VM_END_NONE && vm->layout.known;
}

void inspect_backings(struct manager *manager, struct vm *vm)
{
	uint64_t now_ns = wallclock_monotonic_ns();

	if (is_here(manager, vm) &&
	    (!vm->backings.read_ns || now_ns - vm->backings.read_ns >= BACKINGS_NS))
		backing_read(vm, now_ns);
}

void inspect_vm(struct manager *manager, struct vm *vm, uint64_t max_age_ns)
{
	uint64_t now_ns = wallclock_monotonic_ns();

	if (!is_here(manager, vm) || (vm->guest.read_ns && now_ns - vm->guest.read_ns < max_age_ns))
		return;
	if (identity_refresh(vm)) {
		layouts_choose_machine(manager, vm);
		publish_vm(manager, vm);
	}
	backing_read(vm, now_ns);
	inspect_guest(manager, vm, now_ns);
}

static bool is_due(const struct manager *manager, const struct vm *vm, uint64_t now_ns)
{
	if (!is_here(manager, vm))
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
