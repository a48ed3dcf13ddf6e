/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/replay_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/edge/dossier.h"
#include "daemon/edge/fault_json.h"
#include "daemon/edge/guest_json.h"
#include "daemon/edge/ingest_layout.h"
#include "daemon/edge/json_read.h"
#include "daemon/edge/layout_json.h"
#include "daemon/edge/log.h"
#include "daemon/edge/wallclock.h"

#define DEPTH_MAX 16

static int get_errno(struct json_object *object)
{
	int64_t err = json_read_int(object, "errno");

	return err < 0 && err > -4096 ? (int)err : 0; /* MAX_ERRNO */
}

static enum nisv_outcome outcome_of(const char *name)
{
	for (enum nisv_outcome outcome = 0; outcome < _NISV_OUTCOME_MAX; outcome++)
		if (!strcmp(name, outcome_name(outcome)))
			return outcome;
	return NISV_OUTCOME_UNKNOWN;
}

/* How fast it was, and for how long, was measured on its host, by the rate set there. */
static void take_busy(struct place *place, struct json_object *object)
{
	uint64_t since_ns = json_read_time(object, "busy_since"),
		 until_ns = json_read_time(object, "busy_until");
	bool known = since_ns && until_ns > since_ns;

	place->busy_since_ns = known ? since_ns : 0;
	place->busy_until_ns = known ? until_ns : 0;
	place->busy_per_second = known ? json_read_count(object, "busy_per_second") : 0;
}

static void take_place(struct vm *vm, struct json_object *object, uint64_t ipa, bool is_write)
{
	const struct nisv_place_key key = {.place = ipa >> NISV_PLACE_SHIFT, .is_write = is_write};
	const struct nisv_place value = {.count = json_read_count(object, "count"),
					 .user = json_read_count(object, "user")};
	struct place *place;

	/* Seen first before it was seen last. */
	faultmap_count_place(vm->faults, &key, &(struct nisv_place){},
			     json_read_time(object, "first"));
	faultmap_count_place(vm->faults, &key, &value, json_read_time(object, "last"));
	place = faultmap_place(vm->faults, ipa, is_write);
	if (place)
		take_busy(place, object);
}

static void take_site(struct vm *vm, struct json_object *object)
{
	const char *kind = json_read_string(object, "kind");
	uint64_t ipa = json_read_hex(object, "ipa"), last_ns = json_read_time(object, "last");

	if (!strncmp(kind, "mmio-", 5)) {
		take_place(vm, object, ipa, !strcmp(kind, "mmio-write"));
		return;
	}
	for (enum nisv_kind k = 0; k < _NISV_KIND_MAX; k++) {
		const struct nisv_site_key key = {
			.page = ipa >> 12,
			.pc = json_read_hex(object, "pc"),
			.kind = k,
		};
		const struct nisv_site site = {
			.count = json_read_count(object, "count"),
			.answers = json_read_count(object, "vmm_answers"),
			.first_ns = json_read_time(object, "first"),
			.last_ns = last_ns,
			.ipa = ipa,
			.far = json_read_hex(object, "far"),
			.esr = json_read_hex(object, "esr"),
			.vcpu_id = (__u32)json_read_count(object, "vcpu"),
			.outcome = outcome_of(json_read_string(object, "outcome")),
			.errno_ = get_errno(object),
		};

		if (!strcmp(kind, kind_name(k)))
			faultmap_count_site(vm->faults, &key, &site);
	}
}

/* Findings are made anew from the evidence; these are kept to be held against them. */
static int take_finding(struct vm *vm, struct json_object *object)
{
	const char *severity = json_read_string(object, "severity");
	struct stored_finding finding = {.confidence = json_read_real(object, "confidence")};

	if (!object)
		return -EINVAL;
	vmname_sanitize(finding.cause, sizeof(finding.cause), json_read_string(object, "cause"),
			sizeof(finding.cause));
	for (enum severity s = SEVERITY_INFO; s < _SEVERITY_MAX; s++)
		if (!strcmp(severity, severity_name(s)))
			finding.severity = s;
	return stored_add(&vm->stored, &finding);
}

int replay_event(struct replay *replay, struct json_object *event)
{
	const char *type = json_read_string(event, "event"),
		   *key = json_read_string(event, "vm_key");
	struct json_object *object;
	struct nisv_rec_fault fault;
	struct vm *vm;
	int r;

	if (replay->key && strcmp(key, replay->key) != 0)
		return -EINVAL;
	if (!strcmp(type, "vm") || !strcmp(type, "end")) {
		object = json_read_member(event, "vm", json_type_object);
		return object ? replay_vm(replay, key, object) : -EINVAL;
	}
	vm = vms_by_key(&replay->manager->vms, key);
	if (!vm)
		return -EINVAL;
	if (!strcmp(type, "layout")) {
		object = json_read_member(event, "layout", json_type_object);
		if (!object)
			return -EINVAL;
		r = layout_from_json(object, json_read_time(event, "time"), vm);
		if (r < 0)
			return r;
		ingest_choose_machine(replay->manager, vm);
	} else if (!strcmp(type, "guest")) {
		r = guest_from_json(json_read_member(event, "guest", json_type_object),
				    json_read_time(event, "time"), vm);
		if (r < 0)
			return r;
	} else if (!strcmp(type, "fault")) {
		r = fault_from_json(json_read_member(event, "fault", json_type_object), &fault);
		if (r < 0)
			return r;
		faultmap_record(vm->faults, &fault, NULL);
	} else if (!strcmp(type, "sites")) {
		object = json_read_member(event, "sites", json_type_array);
		for (size_t i = 0; object && i < json_object_array_length(object); i++)
			take_site(vm, json_object_array_get_idx(object, i));
	} else if (!strcmp(type, "finding")) {
		r = take_finding(vm, json_read_member(event, "finding", json_type_object));
		if (r < 0)
			return r;
	}
	/* Unknown events are of a later version. */
	vm->dirty = true;
	return 0;
}

/* A trace's clock has no date; the file was written at its end. */
static void take_clock(struct replay *replay, struct json_object *header)
{
	if (strcmp(json_read_string(header, "clock"), "trace") != 0)
		return;
	wallclock_go_trace(1);
	wallclock_go_trace(json_read_time(header, "written"));
	replay->manager->started_ns = 0;
}

static int take_header(struct replay *replay, struct json_object *header, const char *path)
{
	struct json_object *schema = json_read_member(header, "nisv_dossier", json_type_int);
	struct host *host = replay->host;

	if (!schema)
		return log_error_errno(EINVAL,
				       "%s is no dossier: its first line lacks nisv_dossier", path);
	if (json_object_get_int(schema) != DOSSIER_SCHEMA)
		return log_error_errno(EINVAL, "%s has dossier schema %d; this nisvd reads %d",
				       path, json_object_get_int(schema), DOSSIER_SCHEMA);
	vmname_sanitize(replay->version, sizeof(replay->version),
			json_read_string(header, "version"), sizeof(replay->version));
	replay->redacted = json_read_bool(header, "redacted");
	host->injection_seen = json_read_bool(header, "injection_seen");
	host->arch = strcmp(json_read_string(header, "arch"), "arm64") ? "x86_64" : "arm64";
	vmname_sanitize(host->kernel, sizeof(host->kernel), json_read_string(header, "kernel"), 64);
	vmname_sanitize(host->kernel_build, sizeof(host->kernel_build),
			json_read_string(header, "kernel_build"), 64);
	/* Zero in dossiers of older versions: unknown. */
	host->page_bytes = json_read_count(header, "page_bytes");
	host->saved_ns = json_read_time(header, "written");
	if (!replay->key)
		take_clock(replay, header);
	return 0;
}

/* May it be among the VMs of this host? */
static int check_header(const struct replay *replay, struct json_object *header, const char *path)
{
	const char *arch = replay->manager->host.arch;

	if (strcmp(replay->host->arch, arch) != 0)
		return log_error_errno(EINVAL,
				       "%s is left out: it is of an %s host, this one is %s "
				       "(nisvctl --file reads it)",
				       path, replay->host->arch, arch);
	if (!strcmp(json_read_string(header, "clock"), "trace") || !replay->host->saved_ns)
		return log_error_errno(EINVAL,
				       "%s is left out: its header has no date (nisvctl --file "
				       "reads it)",
				       path);
	return 0;
}

/* @vm is as its dossier has it: one without an end did not end before nisvd's eyes. */
static int finish(struct replay *replay, const char *path)
{
	struct vms *vms = &replay->manager->vms;
	struct vm *vm = vms_by_key(vms, replay->key);

	if (!vm)
		return log_error_errno(EINVAL, "%s is left out: it does not tell of the VM %s",
				       path, replay->key);
	vm_set_end(vm, VM_END_NOT_WATCHED, replay->host->saved_ns);
	return vm_diagnose(vm, replay->host, replay->host->saved_ns);
}

struct json_object *replay_parse(const char *line, size_t len)
{
	struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
	struct json_object *object;

	if (!tokener)
		return NULL;
	object = json_tokener_parse_ex(tokener, line, (int)len);
	if (json_tokener_get_error(tokener) != json_tokener_success ||
	    !json_object_is_type(object, json_type_object)) {
		json_object_put(object);
		object = NULL;
	}
	json_tokener_free(tokener);
	return object;
}

int replay_dossier(struct manager *manager, struct replay_lines *lines, const char *path,
		   const char *key)
{
	struct host loaded = manager->host;
	struct replay replay = {
		.manager = manager, .key = key, .host = key ? &loaded : &manager->host};
	struct json_object *object;
	bool header = true;
	size_t len;
	int r = 0;

	while (r >= 0 && replay_read_line(lines, &len)) {
		object = len ? replay_parse(lines->line, len) : NULL;
		if (header) {
			r = take_header(&replay, object, path);
			if (r >= 0 && key)
				r = check_header(&replay, object, path);
			header = false;
		} else if (!object || replay_event(&replay, object) < 0) {
			replay.bad_lines++;
		}
		json_object_put(object);
	}
	if (replay.bad_lines)
		log_warning("%s: %" PRIu64 " lines could not be read", path, replay.bad_lines);
	return r >= 0 && key ? finish(&replay, path) : r;
}
