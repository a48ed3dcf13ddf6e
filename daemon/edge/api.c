/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/api.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/regions.h"
#include "daemon/core/syndrome.h"
#include "daemon/edge/dossier.h"
#include "daemon/edge/event_json.h"
#include "daemon/edge/ingest.h"
#include "daemon/edge/manager.h"
#include "daemon/edge/model_json.h"
#include "daemon/edge/publish.h"
#include "daemon/edge/status_json.h"
#include "daemon/edge/subscribe.h"
#include "daemon/edge/wallclock.h"
#include "include/nisv_api.h"
#include "interface.h"

#define SECOND_NS 1000000000ULL
#define DAY_NS	  (24ULL * 3600 * SECOND_NS)

/* ---- parameters and common answers -------------------------------------------------------------
 */

/* An absent or null string is NULL; false if it is something else. */
static bool take_string(struct json_object *parameters, const char *name, const char **ret)
{
	struct json_object *value;

	*ret = NULL;
	if (!json_object_object_get_ex(parameters, name, &value) || !value)
		return true;
	if (!json_object_is_type(value, json_type_string))
		return false;
	*ret = json_object_get_string(value);
	return true;
}

static int bad_input(struct varlink_call *call, const char *parameter, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int bad_input(struct varlink_call *call, const char *parameter, const char *format, ...)
{
	struct json_object *details = json_object_new_object();
	char message[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(message, sizeof(message), format, ap);
	va_end(ap);
	json_object_object_add(details, "parameter", json_object_new_string(parameter));
	json_object_object_add(details, "message", json_object_new_string(message));
	return varlink_error(call, NISV_ERROR_BAD_INPUT, details);
}

/* An absent number is *ret_set = false. Decimal or 0x hexadecimal, at most 64 bits. */
static int take_address(struct varlink_call *call, struct json_object *parameters, const char *name,
			bool *ret_set, uint64_t *ret)
{
	const char *text;
	char *end;

	if (!take_string(parameters, name, &text))
		return varlink_invalid_parameter(call, name) < 0 ? -EIO : -EINVAL;
	*ret_set = text;
	if (!text)
		return 0;
	errno = 0;
	*ret = strtoull(text, &end, 0);
	if (*text >= '0' && *text <= '9' && !*end && !errno)
		return 0;
	bad_input(call, name, "\"%.64s\" is no address: expected 0x and hexadecimal digits", text);
	return -EINVAL;
}

/* What capture has ready, diagnosed: after this every VM is current. */
static void refresh(struct manager *manager)
{
	ingest_discover(manager, SECOND_NS);
	ingest_poll(manager);
	publish_changes(manager);
}

static int no_such_vm(struct varlink_call *call, const char *query)
{
	struct json_object *details = json_object_new_object();

	json_object_object_add(details, "vm", json_object_new_string(query));
	return varlink_error(call, NISV_ERROR_NO_SUCH_VM, details);
}

/* Finds the VM that @name of @parameters selects, or answers with the error: then NULL. */
static struct vm *select_vm(struct manager *manager, struct varlink_call *call,
			    struct json_object *parameters, const char *name)
{
	struct vm *matches[VMS_MATCHES_MAX];
	struct json_object *details, *list;
	const char *query;
	size_t n;

	if (!take_string(parameters, name, &query) || !query) {
		varlink_invalid_parameter(call, name);
		return NULL;
	}
	n = vms_select(&manager->vms, query, matches);
	if (n == 1)
		return matches[0];
	if (!n) {
		no_such_vm(call, query);
		return NULL;
	}
	list = json_object_new_array();
	for (size_t i = 0; i < n && i < VMS_MATCHES_MAX; i++)
		json_object_array_add(list, model_vm(matches[i]));
	details = json_object_new_object();
	json_object_object_add(details, "vm", json_object_new_string(query));
	json_object_object_add(details, "matches", list);
	varlink_error(call, NISV_ERROR_AMBIGUOUS_VM, details);
	return NULL;
}

/* ---- methods ------------------------------------------------------------------------------------
 */

static int method_get_status(struct varlink_call *call, struct json_object *parameters,
			     void *userdata)
{
	struct manager *manager = userdata;

	(void)parameters;
	refresh(manager);
	return varlink_reply(call, status_to_json(manager));
}

/* Ended VMs are shown for a day if they explain something (design 6.5, list). */
static bool is_listed(const struct vm *vm, bool all, uint64_t now_ns)
{
	return all || !vm->end || (vm->findings.n && now_ns - vm->end_ns < DAY_NS);
}

static struct json_object *list_reply(struct json_object *vms)
{
	struct json_object *reply = json_object_new_object();

	json_object_object_add(reply, "vms", vms);
	return reply;
}

static int method_list_vms(struct varlink_call *call, struct json_object *parameters,
			   void *userdata)
{
	struct manager *manager = userdata;
	uint64_t now_ns = wallclock_monotonic_ns();
	struct json_object *value = NULL, *list = json_object_new_array();
	bool all, more = varlink_call_wants_more(call);
	int r = 0;

	json_object_object_get_ex(parameters, "all", &value);
	if (value && !json_object_is_type(value, json_type_boolean)) {
		json_object_put(list);
		return varlink_invalid_parameter(call, "all");
	}
	all = json_object_get_boolean(value);
	refresh(manager);
	for (size_t i = 0; i < manager->vms.n; i++) {
		if (!is_listed(manager->vms.list[i], all, now_ns))
			continue;
		/* One reply per VM, each held back until it is known not to be the last. */
		if (more && json_object_array_length(list)) {
			r = varlink_reply_more(call, list_reply(list));
			list = json_object_new_array();
			if (r < 0)
				break;
		}
		json_object_array_add(list, model_vm(manager->vms.list[i]));
	}
	if (r < 0) {
		json_object_put(list);
		return r;
	}
	return varlink_reply(call, list_reply(list));
}

static int method_get_vm(struct varlink_call *call, struct json_object *parameters, void *userdata)
{
	struct manager *manager = userdata;
	struct json_object *reply;
	struct vm *vm;

	refresh(manager);
	vm = select_vm(manager, call, parameters, "vm");
	if (!vm)
		return 0;
	reply = json_object_new_object();
	json_object_object_add(reply, "vm", model_vm(vm));
	json_object_object_add(reply, "layout", model_layout(&vm->layout));
	json_object_object_add(reply, "machine_confidence",
			       json_object_new_double(vm->machine_confidence));
	json_object_object_add(reply, "machine_reason", model_string(vm->machine_reason));
	return varlink_reply(call, reply);
}

static int method_get_fault_map(struct varlink_call *call, struct json_object *parameters,
				void *userdata)
{
	struct manager *manager = userdata;
	struct json_object *reply, *list, *sites;
	struct regions regions;
	struct vm *vm;
	int r;

	refresh(manager);
	vm = select_vm(manager, call, parameters, "vm");
	if (!vm)
		return 0;
	r = regions_build(&vm->layout, vm->machine, vm->faults, &regions);
	if (r < 0)
		return r;
	list = json_object_new_array();
	for (size_t i = 0; i < regions.n; i++)
		json_object_array_add(list, model_region(&regions.list[i]));
	regions_clear(&regions);
	sites = json_object_new_array();
	for (size_t i = 0; i < vm->faults->n_sites; i++)
		json_object_array_add(sites, model_site(&vm->faults->sites[i], manager->arch));
	for (size_t i = 0; i < vm->faults->n_places; i++)
		json_object_array_add(sites, model_place(&vm->faults->places[i]));
	reply = json_object_new_object();
	json_object_object_add(reply, "vm", model_vm(vm));
	json_object_object_add(reply, "regions", list);
	json_object_object_add(reply, "sites", sites);
	return varlink_reply(call, reply);
}

static bool finding_is_at(const struct finding *finding, uint64_t address)
{
	for (size_t i = 0; i < finding->n_sites && i < FINDING_SITES_MAX; i++)
		if (finding->sites[i]->ipa >> 12 == address >> 12)
			return true;
	return false;
}

static struct json_object *explain_reply(struct manager *manager, const struct vm *vm,
					 struct json_object *findings, struct json_object *groups,
					 const char *note)
{
	struct json_object *reply = json_object_new_object(), *watched = json_object_new_object();

	json_object_object_add(watched, "since", model_time(manager->started_ns));
	json_object_object_add(watched, "sources", sources_to_json(manager));
	json_object_object_add(watched, "lost", losses_to_json(manager));
	json_object_object_add(reply, "vm", vm ? model_vm(vm) : NULL);
	json_object_object_add(reply, "findings", findings);
	json_object_object_add(reply, "groups", groups);
	json_object_object_add(reply, "watched", watched);
	json_object_object_add(reply, "note", model_string(note));
	return reply;
}

static int explain_vm(struct manager *manager, struct varlink_call *call, struct vm *vm,
		      bool has_address, uint64_t address)
{
	struct json_object *findings = json_object_new_array();
	char note[192 + VMNAME_MAX + 2 * VM_ID_MAX] = "", iso[WALLCLOCK_ISO_MAX];

	if (!vm->end && !vm->findings.n) {
		struct vm *previous =
			vms_previous_run(&manager->vms, vm, wallclock_monotonic_ns(), DAY_NS);

		if (previous) {
			snprintf(
				note, sizeof(note),
				"%s runs again as %s, without a finding; this is about its run %s, "
				"which ended at %s",
				vm->name.name, vm->id, previous->id,
				wallclock_iso(previous->end_ns, iso));
			vm = previous;
		}
	}
	for (size_t i = 0; i < vm->findings.n; i++)
		if (!has_address || finding_is_at(&vm->findings.list[i], address))
			json_object_array_add(findings,
					      model_finding(&vm->findings.list[i], manager->arch));
	return varlink_reply(call,
			     explain_reply(manager, vm, findings, json_object_new_array(), note));
}

struct group {
	const struct finding *finding; /* the worst of those with its signature */
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
		list[(*n)++] = (struct group){.finding = finding};
	}
	vms = reallocarray((*groups)[at].vms, (*groups)[at].n_vms + 1, sizeof(*vms));
	if (!vms)
		return -ENOMEM;
	vms[(*groups)[at].n_vms++] = vm;
	(*groups)[at].vms = vms;
	if (finding->severity > (*groups)[at].finding->severity)
		(*groups)[at].finding = finding;
	return 0;
}

static struct json_object *group_to_json(const struct group *group, const char *arch)
{
	struct json_object *object = json_object_new_object(), *vms = json_object_new_array();

	for (size_t i = 0; i < group->n_vms; i++) {
		struct json_object *vm = json_object_new_object();

		json_object_object_add(vm, "id", json_object_new_string(group->vms[i]->id));
		json_object_object_add(vm, "name",
				       json_object_new_string(group->vms[i]->name.name));
		json_object_array_add(vms, vm);
	}
	json_object_object_add(object, "signature",
			       json_object_new_string(group->finding->signature));
	json_object_object_add(object, "vms", vms);
	json_object_object_add(object, "finding", model_finding(group->finding, arch));
	return object;
}

/* The host's open findings: of running VMs, and of those that ended within a day. */
static int explain_host(struct manager *manager, struct varlink_call *call, bool has_address,
			uint64_t address)
{
	struct json_object *findings, *list;
	uint64_t now_ns = wallclock_monotonic_ns();
	struct group *groups = NULL;
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < manager->vms.n && r >= 0; i++) {
		const struct vm *vm = manager->vms.list[i];

		if (!is_listed(vm, false, now_ns))
			continue;
		for (size_t f = 0; f < vm->findings.n && r >= 0; f++)
			if (!has_address || finding_is_at(&vm->findings.list[f], address))
				r = add_to_group(&groups, &n, &vm->findings.list[f], vm);
	}
	if (n)
		qsort(groups, n, sizeof(*groups), worst_first);
	findings = json_object_new_array();
	list = json_object_new_array();
	for (size_t i = 0; i < n; i++) {
		json_object_array_add(findings, model_finding(groups[i].finding, manager->arch));
		json_object_array_add(list, group_to_json(&groups[i], manager->arch));
		free(groups[i].vms);
	}
	free(groups);
	if (r < 0) {
		json_object_put(findings);
		json_object_put(list);
		return r;
	}
	return varlink_reply(call, explain_reply(manager, NULL, findings, list, NULL));
}

static int method_explain(struct varlink_call *call, struct json_object *parameters, void *userdata)
{
	struct manager *manager = userdata;
	uint64_t address = 0;
	const char *query;
	bool has_address;
	struct vm *vm;

	if (!take_string(parameters, "vm", &query))
		return varlink_invalid_parameter(call, "vm");
	if (take_address(call, parameters, "address", &has_address, &address) < 0)
		return 0;
	refresh(manager);
	if (!query)
		return explain_host(manager, call, has_address, address);
	vm = select_vm(manager, call, parameters, "vm");
	return vm ? explain_vm(manager, call, vm, has_address, address) : 0;
}

static int method_subscribe(struct varlink_call *call, struct json_object *parameters,
			    void *userdata)
{
	struct manager *manager = userdata;
	struct vm *vm = NULL;
	const char *query;
	int r;

	if (!varlink_call_wants_more(call))
		return varlink_error(call, VARLINK_ERROR_EXPECTED_MORE, NULL);
	if (!take_string(parameters, "vm", &query))
		return varlink_invalid_parameter(call, "vm");
	refresh(manager);
	if (query) {
		vm = select_vm(manager, call, parameters, "vm");
		if (!vm)
			return 0;
	}
	r = subscribe_start(manager, call, vm);
	if (r == -EUSERS) {
		struct json_object *details = json_object_new_object();

		json_object_object_add(details, "message",
				       json_object_new_string("too many subscriptions"));
		return varlink_error(call, NISV_ERROR_BUSY, details);
	}
	return r;
}

/* Each line goes out one late, so that the last one can be the final reply. */
struct dossier_stream {
	struct varlink_call *call;
	struct json_object *held;
};

static int stream_line(struct json_object *line, void *userdata)
{
	struct dossier_stream *stream = userdata;
	struct json_object *reply = json_object_new_object(), *ready = stream->held;

	json_object_object_add(reply, "line", line);
	stream->held = reply;
	return ready ? varlink_reply_more(stream->call, ready) : 0;
}

static int method_get_dossier(struct varlink_call *call, struct json_object *parameters,
			      void *userdata)
{
	struct manager *manager = userdata;
	struct dossier_stream stream = {.call = call};
	struct vm *vm;
	int r;

	if (!varlink_call_wants_more(call))
		return varlink_error(call, VARLINK_ERROR_EXPECTED_MORE, NULL);
	refresh(manager);
	vm = select_vm(manager, call, parameters, "vm");
	if (!vm)
		return 0;
	r = stream_line(dossier_header(manager->kernel, manager->arch), &stream);
	if (r >= 0)
		r = event_everything(vm, manager->arch, stream_line, &stream);
	if (r < 0) {
		json_object_put(stream.held);
		return r;
	}
	return varlink_reply(call, stream.held);
}

static struct json_object *field_to_json(const struct syndrome_field *field)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "name", json_object_new_string(field->name));
	json_object_object_add(object, "value", json_object_new_string(field->value));
	json_object_object_add(object, "meaning", json_object_new_string(field->meaning));
	return object;
}

static int method_decode(struct varlink_call *call, struct json_object *parameters, void *userdata)
{
	struct syndrome_field fields[SYNDROME_FIELDS_MAX];
	struct json_object *reply, *list;
	bool has_esr, has_far, has_ipa;
	uint64_t esr = 0, far = 0, ipa = 0;
	char summary[320];
	size_t n;

	(void)userdata;
	if (take_address(call, parameters, "esr", &has_esr, &esr) < 0 ||
	    take_address(call, parameters, "far", &has_far, &far) < 0 ||
	    take_address(call, parameters, "ipa", &has_ipa, &ipa) < 0)
		return 0;
	if (!has_esr)
		return varlink_invalid_parameter(call, "esr");
	n = syndrome_fields(esr, fields);
	list = json_object_new_array();
	for (size_t i = 0; i < n; i++)
		json_object_array_add(list, field_to_json(&fields[i]));
	reply = json_object_new_object();
	json_object_object_add(reply, "esr", model_hex(esr));
	json_object_object_add(reply, "exception",
			       json_object_new_string(syndrome_ec_name(syndrome_decode(esr).ec)));
	json_object_object_add(reply, "fields", list);
	json_object_object_add(
		reply, "summary",
		json_object_new_string(syndrome_summary(esr, summary, sizeof(summary))));
	json_object_object_add(reply, "far", has_far ? model_hex(far) : NULL);
	json_object_object_add(reply, "ipa", has_ipa ? model_hex(ipa) : NULL);
	return varlink_reply(call, reply);
}

static const struct varlink_method methods[] = {
	{"GetStatus", method_get_status},   {"ListVMs", method_list_vms},
	{"GetVM", method_get_vm},	    {"GetFaultMap", method_get_fault_map},
	{"Explain", method_explain},	    {"Subscribe", method_subscribe},
	{"GetDossier", method_get_dossier}, {"Decode", method_decode},
};

const struct varlink_interface api_interface = {
	.name = NISV_INTERFACE,
	.description = interface_text,
	.methods = methods,
	.n_methods = sizeof(methods) / sizeof(methods[0]),
};

const struct varlink_info api_info = {
	.vendor = "nisvd",
	.product = "nisvd",
	.version = NISV_VERSION,
	.url = "man:nisvd(8)",
	.busy_error = NISV_ERROR_BUSY,
};
