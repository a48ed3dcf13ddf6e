/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/words.h"
#include "daemon/edge/api_call.h"
#include "daemon/edge/finding_json.h"
#include "daemon/edge/json_make.h"
#include "daemon/edge/model_json.h"
#include "daemon/edge/status_json.h"
#include "daemon/edge/trace_json.h"
#include "daemon/edge/varlink.h"

/* On x86 KVM does not tell the address of a site; that of the finding may be derived. */
static bool finding_is_at(const struct finding *finding, uint64_t address)
{
	if (finding->has_address && finding->address >> 12 == address >> 12)
		return true;
	for (size_t i = 0; i < finding->n_sites && i < FINDING_SITES_MAX; i++)
		if (site_has_address(finding->sites[i]) &&
		    finding->sites[i]->ipa >> 12 == address >> 12)
			return true;
	return false;
}

/* 0: they are not seen yet. */
static uint64_t watched_since(const struct manager *manager)
{
	uint64_t since_ns = manager->started_ns;

	if (manager->capture || manager->unattached)
		return manager->watching_ns;
	/* Somebody has watched what a dossier tells. */
	for (size_t i = 0; i < manager->vms.n; i++)
		if (manager->vms.list[i]->first_seen_ns < since_ns)
			since_ns = manager->vms.list[i]->first_seen_ns;
	return since_ns;
}

/* What the nisvd that wrote the dossier of @vm said, beside what this one says. */
static struct json_object *stored_to_json(const struct vm *vm)
{
	const struct stored *stored = &vm->stored;
	struct json_object *object, *list;

	if (!*stored->version)
		return NULL;
	list = json_make_array();
	for (size_t i = 0; i < stored->n; i++) {
		struct json_object *finding = json_make_object();

		json_add(finding, "cause", json_make_string(stored->list[i].cause));
		json_add(finding, "severity",
			 json_make_string(severity_name(stored->list[i].severity)));
		json_add(finding, "confidence", model_confidence(stored->list[i].confidence));
		json_append(list, finding);
	}
	object = json_make_object();
	json_add(object, "version", json_make_string(stored->version));
	json_add(object, "redacted", json_make_bool(stored->redacted));
	json_add(object, "differs", json_make_bool(stored_differ(stored, &vm->findings)));
	json_add(object, "findings", list);
	return object;
}

static struct json_object *explain_reply(struct manager *manager, const struct vm *vm,
					 struct json_object *findings, struct json_object *groups,
					 uint64_t omitted, const char *note)
{
	struct json_object *reply = json_make_object(), *watched = json_make_object();

	json_add(watched, "since", model_time(watched_since(manager)));
	json_add(watched, "sources", sources_to_json(manager));
	json_add(watched, "lost", losses_to_json(manager));
	json_add(reply, "vm", vm ? model_vm(vm) : NULL);
	json_add(reply, "findings", findings);
	json_add(reply, "groups", groups);
	json_add(reply, "omitted_findings", json_make_int((int64_t)omitted));
	json_add(reply, "watched", watched);
	json_add(reply, "stored", vm ? stored_to_json(vm) : NULL);
	json_add(reply, "note", model_string(note));
	return reply;
}

/* What is told of @previous, for want of a finding of @vm. */
static void previous_note(const struct vm *vm, const struct vm *previous, char *note, size_t size)
{
	const char *was = vm->end ? "ended" : "runs";

	if (previous->end != VM_END_NOT_WATCHED)
		snprintf(note, size,
			 "%s %s%s as %s, without a finding; this is about its run %s, which has "
			 "ended",
			 vm->name.name, was, vm->end ? "" : " again", vm->id, previous->id);
	else
		snprintf(note, size,
			 "%s %s as %s, without a finding since nisvd was started; this is what "
			 "nisvd knew before of %s",
			 vm->name.name, was, vm->id, previous->id);
}

/* Of @n redacted dossiers, that of @vm is one. */
static void redacted_note(const struct vm *vm, size_t n, char *note, size_t size)
{
	char others[40] = "";

	if (n > 1)
		snprintf(others, sizeof(others), " and %zu more", n - 1);
	snprintf(note, size,
		 "the dossier of %s%s was redacted: registers, instructions, page tables and "
		 "callers are not in it, and what rests on them was not found again",
		 vm->name.name, others);
}

/* In the order of the findings, as many as a note has room for. */
#define ADDRESSES_TOLD 6

/* @vm has findings, but none at @address: at which ones it has some. */
static void elsewhere_note(const struct vm *vm, uint64_t address, struct text *note)
{
	uint64_t told[ADDRESSES_TOLD];
	size_t n = 0, more = 0;

	text_add(note, "%s has no finding at 0x%" PRIx64, vm->name.name, address);
	for (size_t i = 0; i < vm->findings.n; i++) {
		const struct finding *finding = &vm->findings.list[i];
		size_t k = 0;

		while (k < n && told[k] != finding->address)
			k++;
		if (!finding->has_address || k < n)
			continue;
		if (n == ADDRESSES_TOLD) {
			more++;
			continue;
		}
		text_add(note, "%s 0x%" PRIx64, n ? "," : "; it has some at", finding->address);
		told[n++] = finding->address;
	}
	if (more)
		text_add(note, " and %zu more", more);
	if (!n)
		text_add(note, "; what it has is not about an address that is known");
}

static int explain_vm(struct manager *manager, struct varlink_call *call, struct vm *vm,
		      bool has_address, uint64_t address)
{
	struct json_object *findings = json_make_array();
	char note[256 + VMNAME_MAX + 2 * VM_ID_MAX] = "";
	const struct vm_now now = api_now(manager);
	struct vm *previous = NULL;

	if (!vm->findings.n)
		previous = vms_previous_run(&manager->vms, vm, &now, API_DAY_NS);
	if (previous) {
		previous_note(vm, previous, note, sizeof(note));
		vm = previous;
	} else if (vm->end == VM_END_NOT_WATCHED) {
		snprintf(note, sizeof(note),
			 "nisvd did not see what became of %s; this is what it knew last",
			 vm->name.name);
	}
	if (vm->stored.redacted)
		redacted_note(vm, 1, note, sizeof(note));
	if (vm->origin == VM_ORIGIN_TRACE)
		snprintf(note, sizeof(note), "%s is %s", vm->id, trace_note(manager->trace));
	for (size_t i = 0; i < vm->findings.n; i++)
		if (!has_address || finding_is_at(&vm->findings.list[i], address))
			json_append(findings, model_finding(&vm->findings.list[i], vm->faults,
							    manager->host.arch));
	if (vm->findings.n && !json_length(findings)) {
		struct text text = text_begin(note, sizeof(note));

		elsewhere_note(vm, address, &text);
	}
	return varlink_reply(call, explain_reply(manager, vm, findings, json_make_array(),
						 vm->findings.n_omitted, note));
}

struct group {
	const struct finding *finding; /* the worst of those with its signature */
	const struct vm *vm;	       /* whose that is */
	const struct vm **vms;	       /* owned */
	size_t n_vms;
};

static int worst_first(const void *a, const void *b)
{
	const struct finding *x = ((const struct group *)a)->finding;
	const struct finding *y = ((const struct group *)b)->finding;

	if (x->severity != y->severity)
		return x->severity > y->severity ? -1 : 1;
	return x->confidence > y->confidence ? -1 : x->confidence < y->confidence;
}

static int add_to_group(struct group **groups, size_t *n, const struct finding *finding,
			const struct vm *vm)
{
	struct group *list;
	const struct vm **vms;
	size_t at;

	for (at = 0; at < *n; at++)
		if (!strcmp((*groups)[at].finding->signature, finding->signature))
			break;
	if (at == *n) {
		list = reallocarray(*groups, *n + 1, sizeof(*list));
		if (!list)
			return -ENOMEM;
		*groups = list;
		list[(*n)++] = (struct group){.finding = finding, .vm = vm};
	}
	vms = reallocarray((*groups)[at].vms, (*groups)[at].n_vms + 1, sizeof(*vms));
	if (!vms)
		return -ENOMEM;
	vms[(*groups)[at].n_vms++] = vm;
	(*groups)[at].vms = vms;
	if (finding->severity > (*groups)[at].finding->severity) {
		(*groups)[at].finding = finding;
		(*groups)[at].vm = vm;
	}
	return 0;
}

static struct json_object *group_to_json(const struct group *group, const char *arch)
{
	struct json_object *object = json_make_object(), *vms = json_make_array();

	for (size_t i = 0; i < group->n_vms; i++) {
		struct json_object *vm = json_make_object();

		json_add(vm, "id", json_make_string(group->vms[i]->id));
		json_add(vm, "key", json_make_string(group->vms[i]->key));
		json_add(vm, "name", json_make_string(group->vms[i]->name.name));
		json_add(vm, "origin", json_make_string(vm_origin_name(group->vms[i]->origin)));
		json_append(vms, vm);
	}
	json_add(object, "signature", json_make_string(group->finding->signature));
	json_add(object, "vms", vms);
	json_add(object, "finding", model_finding(group->finding, group->vm->faults, arch));
	return object;
}

/* The host's open findings: of running VMs, of those that ended within a day, or may hang on. */
static int explain_host(struct manager *manager, struct varlink_call *call, bool has_address,
			uint64_t address)
{
	struct json_object *findings, *list;
	uint64_t omitted = 0;
	struct group *groups = NULL;
	const struct vm *redacted = NULL;
	size_t n = 0, n_redacted = 0;
	char note[256 + VMNAME_MAX];
	int r = 0;

	for (size_t i = 0; i < manager->vms.n && r >= 0; i++) {
		const struct vm *vm = manager->vms.list[i];

		if (!api_is_listed(manager, vm, false))
			continue;
		if (vm->stored.redacted && !n_redacted++)
			redacted = vm;
		omitted += vm->findings.n_omitted;
		for (size_t f = 0; f < vm->findings.n && r >= 0; f++)
			if (!has_address || finding_is_at(&vm->findings.list[f], address))
				r = add_to_group(&groups, &n, &vm->findings.list[f], vm);
	}
	if (n)
		qsort(groups, n, sizeof(*groups), worst_first);
	findings = json_make_array();
	list = json_make_array();
	for (size_t i = 0; i < n; i++) {
		json_append(findings, model_finding(groups[i].finding, groups[i].vm->faults,
						    manager->host.arch));
		json_append(list, group_to_json(&groups[i], manager->host.arch));
		free(groups[i].vms);
	}
	free(groups);
	if (r < 0) {
		json_object_put(findings);
		json_object_put(list);
		return r;
	}
	snprintf(note, sizeof(note), "%s%s", manager->trace ? "every VM here is " : "",
		 manager->trace ? trace_note(manager->trace) : "");
	if (redacted)
		redacted_note(redacted, n_redacted, note, sizeof(note));
	return varlink_reply(call, explain_reply(manager, NULL, findings, list, omitted, note));
}

int api_explain(struct varlink_call *call, struct json_object *parameters, void *userdata)
{
	struct manager *manager = userdata;
	uint64_t address = 0;
	const char *query;
	bool has_address;
	struct vm *vm;

	if (!api_take_string(parameters, "vm", &query))
		return varlink_invalid_parameter(call, "vm");
	if (api_take_address(call, parameters, "address", &has_address, &address) < 0)
		return 0;
	api_refresh(manager);
	if (!query)
		return explain_host(manager, call, has_address, address);
	vm = api_select_vm(manager, call, parameters, "vm");
	return vm ? explain_vm(manager, call, vm, has_address, address) : 0;
}
