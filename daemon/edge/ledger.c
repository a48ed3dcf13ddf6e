/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "daemon/edge/dossier.h"
#include "daemon/edge/event_json.h"
#include "daemon/edge/json_make.h"
#include "daemon/edge/log.h"
#include "daemon/edge/manager.h"
#include "daemon/edge/model_json.h"
#include "daemon/edge/news_json.h"
#include "daemon/edge/replay.h"
#include "daemon/edge/slot_json.h"
#include "daemon/edge/wallclock.h"

#define COMPACT_BYTES (4U << 20)
#define COMPACT_TIMES 4

struct ledger {
	int fd; /* -1: there is none yet */
	uint64_t generation;
	uint64_t bytes, compact_at;
	int64_t stepped_ns; /* wallclock_stepped_ns() of the times in the lines */
	bool has_failed;    /* and that was told */
	bool is_cut;	    /* the last line */
};

/* Two names: one is written anew while the other is kept. */
static const char *name_of(uint64_t generation)
{
	return generation % 2 ? "ledger-1" : "ledger-0";
}

/* ---- lines ---- */

/*
 * All of it, or -errno: memory is written to at once, or there is no more of it. What is left of a
 * line that was cut short is a line of its own.
 */
static int write_line(struct ledger *ledger, const char *text, size_t len)
{
	const struct iovec parts[] = {
		{.iov_base = "\n", .iov_len = ledger->is_cut},
		{.iov_base = (char *)text, .iov_len = len},
		{.iov_base = "\n", .iov_len = 1},
	};
	ssize_t written = writev(ledger->fd, parts, 3);

	ledger->bytes += len + 1;
	if (written < 0)
		return -errno;
	ledger->is_cut = (size_t)written < ledger->is_cut + len + 1;
	return ledger->is_cut ? -ENOSPC : 0;
}

/* Takes @object. */
static int put_text(struct json_object *object, struct ledger *ledger)
{
	size_t len = 0;
	const char *text = object ? json_text(object, JSON_C_TO_STRING_PLAIN, &len) : NULL;
	int r = text ? write_line(ledger, text, len) : -ENOMEM;

	json_object_put(object);
	return r;
}

static struct json_object *line_new(const char *event, const struct vm *vm)
{
	struct json_object *line = json_make_object();

	json_set(line, "event", json_make_string(event));
	if (vm)
		json_set(line, "vm_key", json_make_string(vm->key));
	return line;
}

static int put_clock(struct ledger *ledger)
{
	struct json_object *line = line_new("clock", NULL);

	json_set(line, "stepped_ns", json_make_int(ledger->stepped_ns));
	return put_text(line, ledger);
}

/* Takes @object. */
static int put_line(struct json_object *object, void *userdata)
{
	struct ledger *ledger = userdata;
	int64_t stepped_ns = wallclock_stepped_ns();
	int r = 0;

	if (ledger->stepped_ns != stepped_ns) {
		ledger->stepped_ns = stepped_ns;
		r = put_clock(ledger);
	}
	if (r >= 0)
		return put_text(object, ledger);
	json_object_put(object);
	return r;
}

static struct json_object *kernel_line(const struct vm *vm)
{
	struct json_object *line = line_new("kernel", vm);

	json_set(line, "kvm", model_hex(vm->kernel_key.kvm));
	json_set(line, "ino", model_hex(vm->kernel_key.ino));
	json_set(line, "pid", model_number(vm->tgid));
	json_set(line, "start", model_hex(vm->start_ns));
	json_set(line, "comm", json_make_string(vm->comm));
	json_set(line, "id", json_make_string(vm->id));
	json_set(line, "has_id", json_make_bool(vm->has_id));
	json_set(line, "since", model_time(vm->first_seen_ns));
	return line;
}

static struct json_object *news_line(const struct vm *vm)
{
	struct json_object *line = line_new("news", vm);

	json_set(line, "news", news_to_json(&vm->news));
	return line;
}

static struct json_object *totals_line(const struct nisv_vm_stat *totals)
{
	struct json_object *line = line_new("totals", NULL);

	json_set(line, "aborts", model_aborts(totals->faults));
	json_set(line, "mmio", model_mmio(totals, 0));
	return line;
}

static struct json_object *header_line(const struct manager *manager, uint64_t generation)
{
	struct json_object *line = dossier_header(&manager->host, false);

	json_set(line, "generation", model_number(generation));
	json_set(line, "stepped_ns", json_make_int(wallclock_stepped_ns()));
	json_set(line, "watching", model_time(manager->watching_ns));
	return line;
}

/* ---- writing it anew ---- */

/* What the kernel still counts is asked of it. */
static int put_vm(const struct manager *manager, const struct vm *vm, struct ledger *to)
{
	const char *arch = manager->host.arch;
	int r = put_line(kernel_line(vm), to);

	if (r >= 0)
		r = vm->forgotten ? event_everything(vm, arch, put_line, to)
				  : event_known(vm, arch, put_line, to);
	if (r >= 0 && vm->news.n_known)
		r = put_line(news_line(vm), to);
	if (r >= 0 && vm->forgotten)
		r = put_line(line_new("counted", vm), to);
	return r;
}

static int put_everything(const struct manager *manager, struct ledger *to)
{
	int r;

	to->stepped_ns = wallclock_stepped_ns();
	r = put_line(header_line(manager, to->generation), to);
	if (r >= 0)
		r = put_line(totals_line(&manager->forgotten), to);
	/* Those that run, then the others, the newest first. */
	for (int ended = 0; ended <= 1; ended++)
		for (size_t i = manager->vms.n; r >= 0 && i > 0; i--) {
			const struct vm *vm = manager->vms.list[i - 1];

			if (vm->origin == VM_ORIGIN_LIVE && (vm->end != VM_END_NONE) == ended &&
			    (!ended || to->bytes < LEDGER_BYTES_MAX))
				r = put_vm(manager, vm, to);
		}
	return r;
}

/* The old one goes on; a new one is tried again when it has grown. */
static void discard(struct ledger *old, const struct ledger *fresh, int r)
{
	if (!old->has_failed)
		log_error_errno(r, "What is known of VMs will not outlive this nisvd: the ledger");
	old->has_failed = true;
	if (fresh->fd >= 0)
		close(fresh->fd);
	old->compact_at = old->bytes + COMPACT_BYTES;
}

/* The new one is whole before it is kept, and kept before the old one is not. */
static void compact(struct manager *manager)
{
	struct ledger *old = manager->ledger;
	struct ledger fresh = {.generation = old->generation + 1};
	int r;

	fresh.fd = memfd_create("nisvd-ledger", MFD_CLOEXEC);
	r = fresh.fd < 0 ? -errno : put_everything(manager, &fresh);
	if (r < 0) {
		discard(old, &fresh, r);
		return;
	}
	fresh.compact_at = fresh.bytes * COMPACT_TIMES;
	if (fresh.compact_at < COMPACT_BYTES)
		fresh.compact_at = COMPACT_BYTES;
	/* What has this name is two generations old, or of no use: of two, the store gives the
	 * first. */
	fdstore_drop(manager->store, name_of(fresh.generation));
	r = fdstore_put(manager->store, name_of(fresh.generation), fresh.fd);
	if (r < 0) {
		discard(old, &fresh, r);
		return;
	}
	fdstore_drop(manager->store, name_of(old->generation));
	if (old->fd >= 0)
		close(old->fd);
	*old = fresh;
}

/* ---- opening ---- */

/* Of two the newer one is whole (compact()). -1: there is none. */
static int find_newest(const struct fdstore *store, uint64_t *ret_generation)
{
	int newest = -1;

	for (uint64_t i = 0; i < 2; i++) {
		uint64_t generation;
		int fd = fdstore_find(store, name_of(i));

		if (fd < 0 || replay_ledger_generation(fd, &generation) < 0)
			continue;
		if (newest < 0 || generation > *ret_generation) {
			*ret_generation = generation;
			newest = fd;
		}
	}
	return newest;
}

void ledger_open(struct manager *manager, bool fresh)
{
	struct ledger *ledger;
	int fd;

	if (!fdstore_keeps(manager->store))
		return;
	ledger = calloc(1, sizeof(*ledger));
	if (!ledger) {
		log_error_errno(ENOMEM, "Cannot keep what becomes known");
		return;
	}
	ledger->fd = -1;
	fd = fresh ? -1 : find_newest(manager->store, &ledger->generation);
	if (fd >= 0)
		replay_ledger(manager, fd);
	manager->ledger = ledger;
	/* A new one in each case: lines that were cut short end with the old one. */
	compact(manager);
}

struct ledger *ledger_free(struct ledger *ledger)
{
	if (ledger && ledger->fd >= 0)
		close(ledger->fd);
	free(ledger);
	return NULL;
}

/* ---- what becomes known ---- */

/* Lines were put with the result @r: where one is missing, a new ledger has it. */
static void added(struct manager *manager, int r)
{
	struct ledger *ledger = manager->ledger;

	if ((r < 0 && !ledger->has_failed) || ledger->bytes >= ledger->compact_at)
		compact(manager);
}

static void add(struct manager *manager, struct json_object *line)
{
	added(manager, put_line(line, manager->ledger));
}

void ledger_vm(struct manager *manager, const struct vm *vm)
{
	if (manager->ledger)
		add(manager, kernel_line(vm));
}

void ledger_event(struct manager *manager, struct json_object *event)
{
	if (manager->ledger)
		add(manager, json_object_get(event));
}

void ledger_slot(struct manager *manager, const struct vm *vm, const struct nisv_rec_slot *rec)
{
	struct json_object *line;

	if (!manager->ledger)
		return;
	line = line_new("slot", vm);
	json_set(line, "sequence", model_number(rec->hdr.seq));
	json_set(line, "time", model_time(rec->hdr.time_ns));
	json_set(line, "change", model_number(rec->change));
	json_set(line, "generation", model_hex(rec->generation));
	json_set(line, "before", model_slot(&rec->before, NULL));
	json_set(line, "after", model_slot(&rec->after, NULL));
	add(manager, line);
}

void ledger_news(struct manager *manager, const struct vm *vm)
{
	if (manager->ledger)
		add(manager, news_line(vm));
}

void ledger_counted(struct manager *manager, const struct vm *vm)
{
	int r;

	if (!manager->ledger)
		return;
	r = event_counts(vm, manager->host.arch, put_line, manager->ledger);
	if (r >= 0)
		r = put_line(line_new("counted", vm), manager->ledger);
	added(manager, r);
}

void ledger_dropped(struct manager *manager, const struct vm *vm)
{
	if (manager->ledger)
		add(manager, line_new("dropped", vm));
}

bool ledger_is_known(struct manager *manager, const struct nisv_rec_hdr *hdr)
{
	struct nisv_rec_hdr *last = &manager->restored;
	bool same = hdr->seq && last->seq == hdr->seq && last->vm.kvm == hdr->vm.kvm &&
		    last->vm.ino == hdr->vm.ino;

	if (same)
		last->seq = 0;
	return same;
}
