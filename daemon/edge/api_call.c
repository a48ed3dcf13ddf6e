/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/api_call.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/edge/ingest.h"
#include "daemon/edge/ingest_layout.h"
#include "daemon/edge/json_make.h"
#include "daemon/edge/model_json.h"
#include "daemon/edge/publish.h"
#include "daemon/edge/varlink.h"
#include "daemon/edge/wallclock.h"
#include "include/nisv_api.h"

#define REFRESH_PART	 4
#define REFRESH_BURST_NS 200000000ULL

bool api_take_string(struct json_object *parameters, const char *name, const char **ret)
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

bool api_take_bool(struct json_object *parameters, const char *name, bool *ret)
{
	struct json_object *value;

	if (!json_object_object_get_ex(parameters, name, &value) || !value)
		return true;
	if (!json_object_is_type(value, json_type_boolean))
		return false;
	*ret = json_object_get_boolean(value);
	return true;
}

static int bad_input(struct varlink_call *call, const char *parameter, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int bad_input(struct varlink_call *call, const char *parameter, const char *format, ...)
{
	struct json_object *details = json_make_object();
	char message[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(message, sizeof(message), format, ap);
	va_end(ap);
	json_add(details, "parameter", json_make_string(parameter));
	json_add(details, "message", json_make_string(message));
	return varlink_error(call, NISV_ERROR_BAD_INPUT, details);
}

int api_take_address(struct varlink_call *call, struct json_object *parameters, const char *name,
		     bool *ret_set, uint64_t *ret)
{
	const char *text;
	char *end;

	if (!api_take_string(parameters, name, &text))
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

void api_refresh(struct manager *manager)
{
	/* Who asks all the time must not keep the others waiting: records are few, counters many.
	 */
	if (!pace_allows(&manager->refreshing, REFRESH_PART, REFRESH_BURST_NS)) {
		ingest_records(manager);
		publish_records(manager);
		return;
	}
	pace_begin(&manager->refreshing, CLOCK_THREAD_CPUTIME_ID);
	ingest_discover(manager, ingest_layout_is_settled(manager) ? API_SECOND_NS : 0);
	ingest_poll(manager);
	publish_changes(manager);
	pace_end(&manager->refreshing);
}

static int no_such_vm(struct varlink_call *call, const char *query)
{
	struct json_object *details = json_make_object();

	json_add(details, "vm", json_make_string(query));
	return varlink_error(call, NISV_ERROR_NO_SUCH_VM, details);
}

struct vm *api_select_vm(struct manager *manager, struct varlink_call *call,
			 struct json_object *parameters, const char *name)
{
	struct vm *matches[VMS_MATCHES_MAX];
	struct json_object *details, *list;
	const char *query;
	size_t n;

	if (!api_take_string(parameters, name, &query) || !query) {
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
	list = json_make_array();
	for (size_t i = 0; i < n && i < VMS_MATCHES_MAX; i++)
		json_append(list, model_vm(matches[i]));
	details = json_make_object();
	json_add(details, "vm", json_make_string(query));
	json_add(details, "matches", list);
	varlink_error(call, NISV_ERROR_AMBIGUOUS_VM, details);
	return NULL;
}

struct vm_now api_now(const struct manager *manager)
{
	if (manager->host.saved_ns)
		return (struct vm_now){manager->host.saved_ns, manager->host.saved_ns};
	return (struct vm_now){wallclock_now_ns(), wallclock_now_of_files_ns()};
}

bool api_is_listed(const struct manager *manager, const struct vm *vm, bool all)
{
	const struct vm_now now = api_now(manager);

	return all || vms_is_open(&manager->vms, vm, &now, API_DAY_NS);
}
