/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/api_verify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/core/verify.h"
#include "daemon/edge/api_call.h"
#include "daemon/edge/finding_json.h"
#include "daemon/edge/ingest.h"
#include "daemon/edge/inspect.h"
#include "daemon/edge/json_make.h"
#include "daemon/edge/model_json.h"
#include "daemon/edge/wallclock.h"
#include "include/nisv_api.h"

/*
 * Of all VMs, what is known may be as old as this, and so long are they looked into, as nothing
 * else is done meanwhile; the rest is told as of the last look.
 */
#define ALL_MAX_AGE_NS (60 * API_SECOND_NS)
#define ALL_LOOK_NS    (API_SECOND_NS / 2)

#define REPLY_BYTES_MAX (NISV_MESSAGE_MAX / 2) /* the rest is counted */

/* ---- one VM --------------------------------------------------------------------------------- */

struct result {
	struct findings findings;
	struct verify_check checks[VERIFY_CHECKS_MAX];
	size_t n_checks;
};

static int run(const struct manager *manager, const struct vm *vm, struct result *ret)
{
	const struct evidence evidence = vm_evidence(vm, &manager->host, wallclock_now_ns());

	return verify(&evidence, &ret->findings, ret->checks, &ret->n_checks);
}

static struct json_object *check_to_json(const struct verify_check *check)
{
	struct json_object *object = json_make_object();

	json_add(object, "name", json_make_string(check->name));
	json_add(object, "done", json_make_bool(check->done));
	json_add(object, "reason", model_string(check->reason));
	return object;
}

/* ---- what shows twice ----------------------------------------------------------------------- */

/*
 * The layers are read one after the other, while the VMM may change its memory map: what is found
 * must be found a second time, with everything read anew.
 */
struct sighting {
	struct nisv_vm_key vm;
	char signature[33];
};

struct sightings {
	struct sighting *list; /* owned */
	size_t n;
};

static int remember(struct sightings *sightings, const struct vm *vm,
		    const struct findings *findings)
{
	struct sighting *list;

	if (!findings->n)
		return 0;
	list = reallocarray(sightings->list, sightings->n + findings->n, sizeof(*list));
	if (!list)
		return -ENOMEM;
	sightings->list = list;
	for (size_t i = 0; i < findings->n; i++) {
		struct sighting *added = &list[sightings->n++];

		added->vm = vm->kernel_key;
		memcpy(added->signature, findings->list[i].signature, sizeof(added->signature));
	}
	return 0;
}

static bool is_vm(const struct sighting *sighting, const struct vm *vm)
{
	return sighting->vm.kvm == vm->kernel_key.kvm && sighting->vm.ino == vm->kernel_key.ino;
}

static bool has_any(const struct sightings *sightings, const struct vm *vm)
{
	for (size_t i = 0; i < sightings->n; i++)
		if (is_vm(&sightings->list[i], vm))
			return true;
	return false;
}

static bool was_seen(const struct sightings *sightings, const struct vm *vm,
		     const struct finding *finding)
{
	for (size_t i = 0; i < sightings->n; i++)
		if (is_vm(&sightings->list[i], vm) &&
		    !strcmp(sightings->list[i].signature, finding->signature))
			return true;
	return false;
}

/* ---- all of it ------------------------------------------------------------------------------ */

struct verification {
	struct manager *manager;
	char only[VM_KEY_LEN + 1]; /* the key of the one that is asked for; "": all that run */
	struct sightings sightings;
	struct json_object *vms; /* of the reply */
	size_t bytes;
	uint64_t omitted;
};

static bool is_wanted(const struct verification *v, const struct vm *vm)
{
	return v->only[0] ? !strcmp(vm->key, v->only) : !vm->end;
}

/* One VM that is asked for is looked into however long that takes. */
static void look(const struct verification *v, struct vm *vm, uint64_t max_age_ns,
		 uint64_t begun_ns)
{
	if (v->only[0] || wallclock_now_ns() - begun_ns < ALL_LOOK_NS)
		inspect_vm(v->manager, vm, max_age_ns);
}

static int look_once(struct verification *v)
{
	uint64_t begun_ns = wallclock_now_ns();
	int r = 0;

	for (size_t i = 0; i < v->manager->vms.n && r >= 0; i++) {
		struct vm *vm = v->manager->vms.list[i];
		struct result result = {0};

		if (!is_wanted(v, vm))
			continue;
		look(v, vm, v->only[0] ? INSPECT_QUERY_NS : ALL_MAX_AGE_NS, begun_ns);
		r = run(v->manager, vm, &result);
		if (r < 0)
			break;
		r = remember(&v->sightings, vm, &result.findings);
		findings_clear(&result.findings);
	}
	return r;
}

static int add_vm(struct verification *v, const struct vm *vm)
{
	struct json_object *object, *findings, *checks;
	struct result result = {0};
	size_t length = 0;
	int r = run(v->manager, vm, &result);

	if (r < 0)
		return r;
	findings = json_make_array();
	checks = json_make_array();
	for (size_t i = 0; i < result.findings.n; i++)
		if (was_seen(&v->sightings, vm, &result.findings.list[i]))
			json_append(findings, model_finding(&result.findings.list[i], vm->faults,
							    v->manager->host.arch));
	for (size_t i = 0; i < result.n_checks; i++)
		json_append(checks, check_to_json(&result.checks[i]));
	findings_clear(&result.findings);
	object = json_make_object();
	json_add(object, "vm", model_vm(vm));
	json_add(object, "findings", findings);
	json_add(object, "checks", checks);
	if (!json_text(object, JSON_C_TO_STRING_PLAIN, &length)) {
		json_object_put(object);
		return -ENOMEM;
	}
	if (v->bytes + length > REPLY_BYTES_MAX) {
		v->omitted++;
		json_object_put(object);
		return 0;
	}
	v->bytes += length;
	json_append(v->vms, object);
	return 0;
}

/* Those with findings first: they are what is asked for, should there be no room for all. */
static int add_vms(struct verification *v, bool with_findings)
{
	uint64_t begun_ns = wallclock_now_ns();
	int r = 0;

	for (size_t i = 0; i < v->manager->vms.n && r >= 0; i++) {
		struct vm *vm = v->manager->vms.list[i];

		if (!is_wanted(v, vm) || has_any(&v->sightings, vm) != with_findings)
			continue;
		if (with_findings)
			look(v, vm, 0, begun_ns);
		r = add_vm(v, vm);
	}
	return r;
}

static int verify_vms(struct verification *v)
{
	int r = look_once(v);

	if (r < 0)
		return r;
	/* From here on VMs may have ended, or be forgotten. */
	if (v->sightings.n && v->manager->capture) {
		ingest_discover(v->manager, 0);
		ingest_poll(v->manager);
	}
	r = add_vms(v, true);
	return r < 0 ? r : add_vms(v, false);
}

int api_verify(struct varlink_call *call, struct json_object *parameters, void *userdata)
{
	struct verification v = {.manager = userdata};
	struct json_object *reply;
	const char *query;
	int r;

	if (!api_take_string(parameters, "vm", &query))
		return varlink_invalid_parameter(call, "vm");
	api_refresh(v.manager);
	if (query) {
		const struct vm *vm = api_select_vm(v.manager, call, parameters, "vm");

		if (!vm)
			return 0;
		memcpy(v.only, vm->key, sizeof(v.only));
	}
	v.vms = json_make_array();
	r = verify_vms(&v);
	free(v.sightings.list);
	if (r < 0) {
		json_object_put(v.vms);
		return r;
	}
	reply = json_make_object();
	json_add(reply, "vms", v.vms);
	json_add(reply, "omitted_vms", model_number(v.omitted));
	return varlink_reply(call, reply);
}
