/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What an earlier daemon left in its ledger (ledger.h): its VMs go on as this daemon's own. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/edge/dossier.h"
#include "daemon/edge/ingest_layout.h"
#include "daemon/edge/json_read.h"
#include "daemon/edge/log.h"
#include "daemon/edge/news_json.h"
#include "daemon/edge/replay_internal.h"
#include "daemon/edge/slot_json.h"
#include "daemon/edge/wallclock.h"

static int open_lines(int fd, struct replay_lines *ret)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	*ret = (struct replay_lines){};
	if (copy < 0)
		return -errno;
	ret->file = fdopen(copy, "r");
	if (!ret->file) {
		close(copy);
		return -errno;
	}
	rewind(ret->file);
	ret->line = malloc(REPLAY_LINE_MAX);
	if (ret->line)
		return 0;
	fclose(ret->file);
	return -ENOMEM;
}

static void close_lines(struct replay_lines *lines)
{
	fclose(lines->file);
	free(lines->line);
}

static struct json_object *read_object(struct replay_lines *lines)
{
	size_t len;

	return replay_read_line(lines, &len) && len ? replay_parse(lines->line, len) : NULL;
}

int replay_ledger_generation(int fd, uint64_t *ret)
{
	struct replay_lines lines;
	struct json_object *header;
	int r = open_lines(fd, &lines);

	if (r < 0)
		return r;
	header = read_object(&lines);
	if (json_read_int(header, "nisv_dossier") != DOSSIER_SCHEMA)
		r = -EINVAL;
	*ret = json_read_count(header, "generation");
	json_object_put(header);
	close_lines(&lines);
	return r;
}

/* ---- its own lines ---- */

static int take_kernel(struct manager *manager, const char *key, struct json_object *line)
{
	const struct nisv_vm_key identity = {
		.kvm = json_read_hex(line, "kvm"),
		.ino = json_read_hex(line, "ino"),
	};
	struct vm *vm = vms_by_key(&manager->vms, key);
	int r = 0;

	if (!replay_is_key(key))
		return -EINVAL;
	if (!vm)
		r = vms_add(&manager->vms, &identity, key, "",
			    (uint32_t)json_read_count(line, "pid"), -1,
			    json_read_time(line, "since"), &vm);
	if (r < 0)
		return r;
	vmname_sanitize(vm->id, sizeof(vm->id), json_read_string(line, "id"), VM_ID_MAX);
	vm->has_id = json_read_bool(line, "has_id");
	vm->start_ns = json_read_hex(line, "start");
	snprintf(vm->comm, sizeof(vm->comm), "%.*s", NISV_COMM_LEN, json_read_string(line, "comm"));
	vm->faults->busy_rate = manager->config.mmio_storm_rate;
	return 0;
}

static int take_slot(struct vm *vm, struct json_object *line)
{
	struct nisv_rec_slot rec = {
		.hdr.time_ns = json_read_time(line, "time"),
		.change = (__u32)json_read_count(line, "change"),
		.generation = json_read_hex(line, "generation"),
	};

	if (rec.change >= _NISV_SLOT_CHANGE_MAX)
		return -EINVAL;
	slot_from_json(json_read_member(line, "before", json_type_object), &rec.before);
	slot_from_json(json_read_member(line, "after", json_type_object), &rec.after);
	/* There is none, which JSON has no number for. */
	if (rec.change == NISV_SLOT_CREATED)
		rec.before.id = -1;
	if (rec.change == NISV_SLOT_DELETED)
		rec.after.id = -1;
	ingest_layout_change(vm, &rec);
	return 0;
}

static int take_dropped(struct manager *manager, struct vm *vm)
{
	/* What was withheld of it was told when it was dropped. */
	vm->news.untold = 0;
	vms_drop(&manager->vms, vm);
	return 0;
}

static void remember_record(struct manager *manager, const struct vm *vm, uint64_t sequence)
{
	manager->restored = (struct nisv_rec_hdr){.vm = vm->kernel_key, .seq = sequence};
}

static int take_line(struct replay *replay, struct json_object *line)
{
	struct manager *manager = replay->manager;
	const char *type = json_read_string(line, "event"), *key = json_read_string(line, "vm_key");
	struct vm *vm;

	if (!strcmp(type, "kernel"))
		return take_kernel(manager, key, line);
	if (!strcmp(type, "clock")) {
		wallclock_read_own(json_read_int(line, "stepped_ns"));
		return 0;
	}
	if (!strcmp(type, "totals")) {
		replay_totals(&manager->forgotten, line);
		return 0;
	}
	vm = vms_by_key(&manager->vms, key);
	if (!vm)
		return -EINVAL;
	if (!strcmp(type, "news"))
		return news_from_json(json_read_member(line, "news", json_type_object), &vm->news);
	if (!strcmp(type, "slot")) {
		remember_record(manager, vm, json_read_count(line, "sequence"));
		return take_slot(vm, line);
	}
	if (!strcmp(type, "dropped"))
		return take_dropped(manager, vm);
	if (!strcmp(type, "counted")) {
		vm->forgotten = true;
		return 0;
	}
	if (!strcmp(type, "fault"))
		remember_record(manager, vm,
				json_read_count(json_read_member(line, "fault", json_type_object),
						"sequence"));
	return replay_event(replay, line);
}

int replay_ledger(struct manager *manager, int fd)
{
	struct replay replay = {.manager = manager, .host = &manager->host};
	struct json_object *line;
	struct replay_lines lines;
	size_t len;
	int r = open_lines(fd, &lines);

	if (r < 0)
		return log_error_errno(r, "Cannot read what an earlier nisvd knew of VMs");
	line = read_object(&lines);
	wallclock_read_own(json_read_int(line, "stepped_ns"));
	if (json_read_time(line, "watching"))
		manager->watching_ns = json_read_time(line, "watching");
	json_object_put(line);
	while (replay_read_line(&lines, &len)) {
		line = len ? replay_parse(lines.line, len) : NULL;
		/* The last one may be cut short. */
		if (!line || take_line(&replay, line) < 0)
			replay.bad_lines++;
		json_object_put(line);
	}
	wallclock_read_files();
	close_lines(&lines);
	/* The newest one comes first (ledger.c). */
	vms_sort(&manager->vms);
	if (replay.bad_lines)
		log_warning("Of what an earlier nisvd knew of VMs, %" PRIu64
			    " lines could not be read",
			    replay.bad_lines);
	return 0;
}
