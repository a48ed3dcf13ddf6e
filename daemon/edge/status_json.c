/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/status_json.h"

#include "daemon/edge/json_make.h"
#include "daemon/edge/model_json.h"
#include "daemon/edge/trace_json.h"
#include "daemon/edge/wallclock.h"

static void set_number(struct json_object *object, const char *name, uint64_t value)
{
	json_add(object, name, json_make_int((int64_t)value));
}

struct json_object *source_to_json(const struct capture_source *source)
{
	struct json_object *object = json_make_object();
	bool lost = capture_source_is_lost(source);

	json_add(object, "name", json_make_string(source->name));
	json_add(object, "state", json_make_string(capture_state_to_string(source->state)));
	json_add(object, "gives", json_make_string(source->gives));
	json_add(object, "reason", model_string(source->reason));
	json_add(object, "lost", json_make_bool(lost));
	json_add(object, "loses", model_string(lost ? source->loses : ""));
	json_add(object, "how_to_get", model_string(lost ? source->how_to_get : ""));
	return object;
}

struct json_object *sources_to_json(const struct manager *manager)
{
	const struct capture *capture = manager->capture ? manager->capture : manager->unattached;
	struct json_object *list = json_make_array();
	const struct capture_source *sources;
	size_t n;

	if (manager->trace)
		trace_add_sources(manager->trace, list);
	if (!capture)
		return list;
	sources = capture_sources(capture, &n);
	for (size_t i = 0; i < n; i++)
		json_append(list, source_to_json(&sources[i]));
	return list;
}

struct json_object *losses_to_json(const struct manager *manager)
{
	struct json_object *object = json_make_object();
	struct capture_losses losses = {};
	struct varlink_stats stats = {};

	if (manager->capture)
		capture_losses(manager->capture, &losses);
	if (manager->server)
		varlink_server_get_stats(manager->server, &stats);
	for (size_t i = 0; i < _NISV_LOSS_MAX; i++) {
		uint64_t value = losses.by_kind[i];

		if (i == NISV_LOSS_VMS)
			value += manager->vms.refused;
		if (i == NISV_LOSS_NO_VCPU && manager->trace)
			value += manager->trace->crowded_events;
		set_number(object, capture_loss_to_string((enum nisv_loss)i), value);
	}
	set_number(object, "missed_runs", losses.missed_runs);
	set_number(object, "bad_records", losses.bad_records);
	set_number(object, "journal", manager->journal_withheld);
	set_number(object, "dossiers", manager->dossiers_failed);
	set_number(object, "subscribers", stats.dropped);
	set_number(object, "clients", stats.rejected + stats.cut);
	set_number(object, "trace_events", manager->trace ? manager->trace->lost_events : 0);
	set_number(object, "trace_lines", manager->trace ? manager->trace->bad_lines : 0);
	return object;
}

static struct json_object *unknown_exit(const struct manager *manager)
{
	uint32_t reason = manager->capture ? capture_unknown_exit(manager->capture) : 0;

	return reason ? json_make_int(reason) : NULL;
}

bool status_counts(const struct manager *manager, const struct vm *vm)
{
	return manager->options.offline || vm->origin == VM_ORIGIN_LIVE;
}

void status_add_up(struct nisv_vm_stat *sum, const struct nisv_vm_stat *more)
{
	for (size_t kind = 0; kind < _NISV_KIND_MAX; kind++)
		sum->faults[kind] += more->faults[kind];
	sum->mmio_reads += more->mmio_reads;
	sum->mmio_writes += more->mmio_writes;
	sum->mmio_user += more->mmio_user;
	sum->unplaced_mmio += more->unplaced_mmio;
}

struct json_object *status_to_json(const struct manager *manager)
{
	struct json_object *object = json_make_object();
	struct nisv_vm_stat sum = manager->forgotten;
	uint64_t per_second = 0;

	for (size_t i = 0; i < manager->vms.n; i++) {
		if (status_counts(manager, manager->vms.list[i]))
			status_add_up(&sum, &manager->vms.list[i]->totals);
		per_second += manager->vms.list[i]->mmio_per_second;
	}
	json_add(object, "version", json_make_string(NISV_VERSION));
	json_add(object, "kernel", json_make_string(manager->host.kernel));
	json_add(object, "arch", json_make_string(manager->host.arch));
	json_add(object, "sources", sources_to_json(manager));
	set_number(object, "vms", vms_running(&manager->vms));
	json_add(object, "aborts", model_aborts(sum.faults));
	json_add(object, "mmio", model_mmio(&sum, per_second));
	json_add(object, "lost", losses_to_json(manager));
	set_number(object, "dossiers_removed", manager->archive.removed);
	set_number(object, "dossiers_left_out", manager->archive.left_out);
	json_add(object, "unknown_exit", unknown_exit(manager));
	set_number(object, "uptime_seconds",
		   (wallclock_now_ns() - manager->started_ns) / 1000000000);
	return object;
}
