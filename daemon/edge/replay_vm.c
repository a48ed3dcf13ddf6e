/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a dossier says of a VM itself. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/edge/ingest_layout.h"
#include "daemon/edge/json_read.h"
#include "daemon/edge/replay_internal.h"
#include "daemon/edge/wallclock.h"

#define CGROUP_MAX 1024

static void take_cmdline(struct vm *vm, struct json_object *object)
{
	struct json_object *list = json_read_member(object, "cmdline", json_type_array);
	char cmdline[NISV_CMDLINE_MAX];
	bool cut = false;
	size_t len = 0;

	for (size_t i = 0; list && !cut && i < json_object_array_length(list); i++) {
		struct json_object *item = json_object_array_get_idx(list, i);
		const char *text;
		size_t n;

		if (!json_object_is_type(item, json_type_string))
			continue;
		text = json_object_get_string(item);
		n = strlen(text) + 1;
		/* A command line that was cut fills all the room there is, without an end. */
		cut = n > sizeof(cmdline) - len;
		n = cut ? sizeof(cmdline) - len : n;
		memcpy(cmdline + len, text, n);
		len += n;
	}
	vm_set_cmdline(vm, cmdline, len, cut);
}

/*
 * Who it is was decided on its host, by more than a dossier holds (machined, its executable, its
 * own PID): that is kept.
 */
static void take_name(struct vm *vm, struct json_object *object)
{
	const char *name = json_read_string(object, "name");
	const char *source = vmname_source_of(json_read_string(object, "name_source"));
	const char *vmm = vmname_vmm_of(json_read_string(object, "vmm"));

	/* The name of a program, which a line of arguments may tell better. */
	if (source && strcmp(source, "comm") != 0 && *name) {
		vmname_sanitize(vm->name.name, sizeof(vm->name.name), name, sizeof(vm->name.name));
		vm->name.source = source;
	}
	if (*json_read_string(object, "uuid"))
		vmname_sanitize(vm->name.uuid, sizeof(vm->name.uuid),
				json_read_string(object, "uuid"), sizeof(vm->name.uuid));
	if (vmm && strcmp(vmm, vm->name.vmm) != 0) {
		vm->name.vmm = vmm;
		vmoptions_parse(&vm->options, vmm, vm->cmdline, vm->cmdline_len, vm->cmdline_cut);
	}
}

static void take_cgroup(struct vm *vm, struct json_object *object)
{
	char clean[CGROUP_MAX];

	vmname_sanitize(clean, sizeof(clean), json_read_string(object, "cgroup"), sizeof(clean));
	free(vm->cgroup);
	vm->cgroup = *clean ? strdup(clean) : NULL;
}

void replay_totals(struct nisv_vm_stat *totals, struct json_object *object)
{
	static const char *const names[_NISV_KIND_MAX] = {
		"nisv",	   "exec",	"walk",		"beyond_ipa",
		"backing", "emulation", "memory_fault", "ldst64b",
	};
	struct json_object *aborts = json_read_member(object, "aborts", json_type_object);
	struct json_object *mmio = json_read_member(object, "mmio", json_type_object);

	for (size_t kind = 0; aborts && kind < _NISV_KIND_MAX; kind++)
		totals->faults[kind] = json_read_count(aborts, names[kind]);
	if (mmio) {
		totals->mmio_reads = json_read_count(mmio, "reads");
		totals->mmio_writes = json_read_count(mmio, "writes");
		totals->mmio_user = json_read_count(mmio, "user");
		totals->unplaced_mmio = json_read_count(mmio, "unplaced");
	}
}

static void take_counts(struct vm *vm, struct json_object *object)
{
	replay_totals(&vm->totals, object);
	vm->totals.unplaced_faults = json_read_count(object, "unplaced_aborts");
	vm->totals.suppressed = json_read_count(object, "suppressed");
	vm->faults->dropped_details = json_read_count(object, "dropped_details");
	vm->totals.lost_records = json_read_count(object, "lost_records");
	vm->last_abort_ns = json_read_time(object, "last_abort");
}

static void take_end(struct vm *vm, struct json_object *object)
{
	const char *reason = json_read_string(object, "end_reason");

	for (enum vm_end end = VM_END_DESTROYED; end < _VM_END_MAX; end++)
		if (!strcmp(reason, vm_end_name(end)))
			vm_set_end(vm, end, json_read_time(object, "ended"));
}

/* The dossier of a VM that is known from a trace says no more than the trace. */
static void take_origin(struct replay *replay, struct vm *vm, struct json_object *object)
{
	uint64_t *started_ns = &replay->manager->started_ns;

	vm->origin = VM_ORIGIN_DOSSIER;
	if (strcmp(json_read_string(object, "origin"), vm_origin_name(VM_ORIGIN_TRACE)) != 0)
		return;
	vm->origin = VM_ORIGIN_TRACE;
	if (wallclock_is_trace() && (!*started_ns || vm->first_seen_ns < *started_ns))
		*started_ns = vm->first_seen_ns;
}

/* Among the VMs of this host it keeps the host of then: what is said of it rests on its kernel. */
static int take_host(const struct replay *replay, struct vm *vm)
{
	if (!replay->key)
		return 0;
	vm->host = malloc(sizeof(*vm->host));
	if (!vm->host)
		return -ENOMEM;
	*vm->host = *replay->host;
	return 0;
}

bool replay_is_key(const char *key)
{
	return strlen(key) == VM_KEY_LEN && strspn(key, "0123456789abcdef") == VM_KEY_LEN;
}

int replay_vm(struct replay *replay, const char *key, struct json_object *object)
{
	struct vms *vms = &replay->manager->vms;
	struct vm *vm = vms_by_key(vms, key);
	const struct nisv_vm_key identity = {.kvm = ++replay->next_identity};
	int r;

	if (!replay_is_key(key))
		return -EINVAL;
	if (!vm) {
		r = vms_add(vms, &identity, key, json_read_string(object, "id"),
			    (uint32_t)json_read_count(object, "pid"), -1,
			    json_read_time(object, "since"), &vm);
		if (r < 0)
			return r;
		vmname_sanitize(vm->id, sizeof(vm->id), json_read_string(object, "id"), VM_ID_MAX);
		vm->forgotten = true;
		take_origin(replay, vm, object);
		snprintf(vm->stored.version, sizeof(vm->stored.version), "%s", replay->version);
		vm->stored.redacted = replay->redacted;
		r = take_host(replay, vm);
		if (r < 0)
			return r;
	}
	if (!strcmp(json_read_string(object, "name_source"), "comm"))
		snprintf(vm->comm, sizeof(vm->comm), "%.*s", NISV_COMM_LEN,
			 json_read_string(object, "name"));
	take_cmdline(vm, object);
	take_name(vm, object);
	take_cgroup(vm, object);
	ingest_choose_machine(replay->manager, vm);
	take_counts(vm, object);
	take_end(vm, object);
	return 0;
}
