/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/api.h"

#include <errno.h>
#include <json-c/json.h>

#include "daemon/core/regions.h"
#include "daemon/edge/api_call.h"
#include "daemon/edge/api_causes.h"
#include "daemon/edge/api_decode.h"
#include "daemon/edge/api_verify.h"
#include "daemon/edge/dossier.h"
#include "daemon/edge/event_json.h"
#include "daemon/edge/guest_json.h"
#include "daemon/edge/inspect.h"
#include "daemon/edge/json_make.h"
#include "daemon/edge/layout_json.h"
#include "daemon/edge/machine_json.h"
#include "daemon/edge/model_json.h"
#include "daemon/edge/redact.h"
#include "daemon/edge/sites_json.h"
#include "daemon/edge/status_json.h"
#include "daemon/edge/subscribe.h"
#include "include/nisv_api.h"
#include "interface.h"

static int method_get_status(struct varlink_call *call, struct json_object *parameters,
			     void *userdata)
{
	struct manager *manager = userdata;

	(void)parameters;
	api_refresh(manager);
	return varlink_reply(call, status_to_json(manager));
}

static struct json_object *list_reply(struct json_object *vms)
{
	struct json_object *reply = json_make_object();

	json_add(reply, "vms", vms);
	return reply;
}

static int method_list_vms(struct varlink_call *call, struct json_object *parameters,
			   void *userdata)
{
	struct manager *manager = userdata;
	bool all = false, more = varlink_call_wants_more(call);
	struct json_object *list;
	int r = 0;

	if (!api_take_bool(parameters, "all", &all))
		return varlink_invalid_parameter(call, "all");
	list = json_make_array();
	api_refresh(manager);
	for (size_t i = 0; i < manager->vms.n; i++) {
		if (!api_is_listed(manager, manager->vms.list[i], all))
			continue;
		/* One reply per VM, each held back until it is known not to be the last. */
		if (more && json_length(list)) {
			r = varlink_reply_more(call, list_reply(list));
			list = json_make_array();
			if (r < 0)
				break;
		}
		json_append(list, model_vm(manager->vms.list[i]));
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

	api_refresh(manager);
	vm = api_select_vm(manager, call, parameters, "vm");
	if (!vm)
		return 0;
	inspect_vm(manager, vm, INSPECT_QUERY_NS);
	reply = json_make_object();
	json_add(reply, "vm", model_vm(vm));
	json_add(reply, "layout", model_layout(vm));
	json_add(reply, "machine_confidence", model_confidence(vm->choice.confidence));
	json_add(reply, "machine_reason", model_string(vm->choice.reason));
	json_add(reply, "machine", model_machine(vm));
	json_add(reply, "guest", model_guest(vm));
	return varlink_reply(call, reply);
}

static int method_get_fault_map(struct varlink_call *call, struct json_object *parameters,
				void *userdata)
{
	struct manager *manager = userdata;
	struct json_object *reply, *list;
	struct regions regions;
	bool sites = true;
	struct vm *vm;
	int r;

	if (!api_take_bool(parameters, "sites", &sites))
		return varlink_invalid_parameter(call, "sites");
	api_refresh(manager);
	vm = api_select_vm(manager, call, parameters, "vm");
	if (!vm)
		return 0;
	r = regions_build(&vm->layout, vm->machine, vm->faults, &regions);
	if (r < 0)
		return r;
	list = json_make_array();
	for (size_t i = 0; i < regions.n; i++)
		json_append(list, model_region(&regions.list[i]));
	regions_clear(&regions);
	reply = json_make_object();
	json_add(reply, "vm", model_vm(vm));
	json_add(reply, "regions", list);
	json_add(reply, "sites", sites_to_json(sites ? vm->faults : NULL, manager->host.arch));
	return varlink_reply(call, reply);
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
	if (!api_take_string(parameters, "vm", &query))
		return varlink_invalid_parameter(call, "vm");
	api_refresh(manager);
	if (query) {
		vm = api_select_vm(manager, call, parameters, "vm");
		if (!vm)
			return 0;
	}
	r = subscribe_start(manager, call, vm);
	if (r == -EUSERS) {
		struct json_object *details = json_make_object();

		json_add(details, "message", json_make_string("too many subscriptions"));
		return varlink_error(call, NISV_ERROR_BUSY, details);
	}
	return r;
}

/* Each line goes out one late, so that the last one can be the final reply. */
struct dossier_stream {
	struct varlink_call *call;
	bool redact;
	struct json_object *held;
};

static int stream_line(struct json_object *line, void *userdata)
{
	struct dossier_stream *stream = userdata;
	struct json_object *reply, *ready = stream->held;

	if (stream->redact && redact_line(line) < 0) {
		json_object_put(line);
		return -ENOMEM;
	}
	reply = json_make_object();
	json_add(reply, "line", line);
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
	if (!api_take_bool(parameters, "redact", &stream.redact))
		return varlink_invalid_parameter(call, "redact");
	api_refresh(manager);
	vm = api_select_vm(manager, call, parameters, "vm");
	if (!vm)
		return 0;
	inspect_vm(manager, vm, INSPECT_QUERY_NS);
	r = stream_line(dossier_header(vm_host(vm, &manager->host), vm->stored.redacted), &stream);
	if (r >= 0)
		r = event_everything(vm, manager->host.arch, stream_line, &stream);
	if (r < 0) {
		json_object_put(stream.held);
		return r;
	}
	return varlink_reply(call, stream.held);
}

static const struct varlink_method methods[] = {
	{"GetStatus", method_get_status},
	{"ListVMs", method_list_vms},
	{"GetVM", method_get_vm},
	{"GetFaultMap", method_get_fault_map},
	{"Explain", api_explain},
	{"Subscribe", method_subscribe},
	{"GetDossier", method_get_dossier},
	{"Decode", api_decode},
	{"Verify", api_verify},
	{"ListCauses", api_list_causes},
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
