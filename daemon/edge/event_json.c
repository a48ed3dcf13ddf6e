/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/event_json.h"

#include <errno.h>
#include <string.h>

#include "daemon/edge/fault_json.h"
#include "daemon/edge/finding_json.h"
#include "daemon/edge/guest_json.h"
#include "daemon/edge/json_make.h"
#include "daemon/edge/layout_json.h"
#include "daemon/edge/model_json.h"
#include "daemon/edge/sites_json.h"
#include "daemon/edge/wallclock.h"

/*
 * @value is that of @member. Absent values are null, never left out: each event has every member.
 */
static struct json_object *event_new(const struct vm *vm, const char *type, uint64_t time_ns,
				     const char *member, struct json_object *value)
{
	static const char *const members[] = {"vm", "layout", "guest", "fault", "sites", "finding"};
	struct json_object *event = json_make_object();

	json_set(event, "event", json_make_string(type));
	json_set(event, "time", model_time(time_ns));
	json_set(event, "vm_key", json_make_string(vm->key));
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		json_set(event, members[i], strcmp(members[i], member) ? NULL : value);
	return event;
}

struct json_object *event_vm(const struct vm *vm)
{
	return event_new(vm, "vm", vm->first_seen_ns, "vm", model_vm(vm));
}

struct json_object *event_layout(const struct vm *vm)
{
	if (!vm->layout.known)
		return NULL;
	return event_new(vm, "layout", vm->layout_ns, "layout", model_layout(vm));
}

struct json_object *event_guest(const struct vm *vm)
{
	return event_new(vm, "guest", vm->guest.read_ns, "guest", model_guest(vm));
}

struct json_object *event_fault(const struct vm *vm, const struct nisv_rec_fault *fault,
				const char *vmm_answer, const char *arch)
{
	struct json_object *object = fault_to_json(fault, arch);

	json_set(object, "vmm_answer", model_string(vmm_answer));
	return event_new(vm, "fault", fault->hdr.time_ns, "fault", object);
}

static struct json_object *event_sites(const struct vm *vm, const char *arch)
{
	return event_new(vm, "sites", wallclock_now_ns(), "sites", sites_to_json(vm->faults, arch));
}

struct json_object *event_finding(const struct vm *vm, const struct finding *finding,
				  const char *arch)
{
	return event_new(vm, "finding", vm->last_abort_ns, "finding",
			 model_finding(finding, vm->faults, arch));
}

struct json_object *event_end(const struct vm *vm)
{
	return event_new(vm, "end", vm->end_ns, "vm", model_vm(vm));
}

static int everything(const struct vm *vm, const char *arch, bool counts, event_sink_t sink,
		      void *userdata)
{
	int r = sink(event_vm(vm), userdata);

	if (r >= 0 && vm->layout.known)
		r = sink(event_layout(vm), userdata);
	if (r >= 0 && vm->guest.state != GUEST_UNREAD)
		r = sink(event_guest(vm), userdata);
	for (size_t i = 0; r >= 0 && i < vm->faults->n_sites; i++) {
		const struct site *site = &vm->faults->sites[i];

		if (site->detail)
			r = sink(event_fault(vm, site->detail, site_vmm_answer(site), arch),
				 userdata);
	}
	if (r >= 0 && counts)
		r = sink(event_sites(vm, arch), userdata);
	for (size_t i = 0; r >= 0 && counts && i < vm->findings.n; i++)
		r = sink(event_finding(vm, &vm->findings.list[i], arch), userdata);
	if (r >= 0 && vm->end)
		r = sink(event_end(vm), userdata);
	return r < 0 ? r : 0;
}

int event_everything(const struct vm *vm, const char *arch, event_sink_t sink, void *userdata)
{
	return everything(vm, arch, true, sink, userdata);
}

int event_known(const struct vm *vm, const char *arch, event_sink_t sink, void *userdata)
{
	return everything(vm, arch, false, sink, userdata);
}

int event_counts(const struct vm *vm, const char *arch, event_sink_t sink, void *userdata)
{
	int r = sink(event_vm(vm), userdata);

	return r < 0 ? r : sink(event_sites(vm, arch), userdata);
}
