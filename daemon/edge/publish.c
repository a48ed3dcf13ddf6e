/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/publish.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/edge/dossier.h"
#include "daemon/edge/event_json.h"
#include "daemon/edge/journal.h"
#include "daemon/edge/ledger.h"
#include "daemon/edge/log.h"
#include "daemon/edge/subscribe.h"
#include "daemon/edge/wallclock.h"

#define DOSSIER_INTERVAL_NS 30000000000ULL /* design section 5: while it changes */

/* Each dossier waits for the disk: those of VMs that fault and end by the hundred take turns. */
#define SAVING_PART	100
#define SAVING_BURST_NS 100000000ULL

#define PATH_SIZE 4096

/*
 * A diagnosis of thousands of sites takes milliseconds, and a guest can have dozens of records sent
 * each second: between two polls it gets no more than this part of the time.
 */
#define DIAGNOSIS_LONG_NS 1000000ULL
#define DIAGNOSIS_PART	  20

static const char *dossier_dir(const struct manager *manager, char buf[PATH_SIZE])
{
	if (!manager->options.state_dir)
		return NULL;
	snprintf(buf, PATH_SIZE, "%s/dossiers", manager->options.state_dir);
	return buf;
}

/* A full disk is told once, and when it is over; each try counts. */
static void tell_writing(struct manager *manager, const char *dir, int r)
{
	if (r < 0) {
		manager->dossiers_failed++;
		if (r != manager->dossier_error)
			log_error_errno(r,
					"Cannot write dossiers to %s: they are tried again as long "
					"as nisvd runs",
					dir);
	} else if (manager->dossier_error) {
		log_notice("Dossiers are written to %s again", dir);
	}
	manager->dossier_error = r < 0 ? r : 0;
}

static bool is_dossier_due(const struct manager *manager, const struct vm *vm)
{
	const struct finding *worst = vm_worst(vm);

	return vm->dossier_due && manager->options.state_dir && vm->origin == VM_ORIGIN_LIVE &&
	       worst && worst->severity >= SEVERITY_ERROR;
}

/* At the first finding of error or worse, again while it changes, and at the VM's end; @at_once: if
 * it changed at all. */
static void write_dossier(struct manager *manager, struct vm *vm, uint64_t now_ns, bool at_once)
{
	char buf[PATH_SIZE];
	const char *dir = dossier_dir(manager, buf);
	int r;

	if (!is_dossier_due(manager, vm))
		return;
	if (vm->dossier_ns && (!vm->end || vm->dossier_failed) && !at_once &&
	    now_ns - vm->dossier_ns < DOSSIER_INTERVAL_NS)
		return;
	if (!at_once && !pace_allows(&manager->saving, SAVING_PART, SAVING_BURST_NS))
		return;
	vm->dossier_ns = now_ns;
	pace_begin(&manager->saving, CLOCK_MONOTONIC);
	r = dossier_write(dir, vm, &manager->host);
	pace_end(&manager->saving);
	vm->dossier_failed = r < 0;
	vm->dossier_due = vm->dossier_failed;
	vm->dossier_saved |= !vm->dossier_failed;
	tell_writing(manager, dir, r);
	if (r >= 0)
		archive_written(manager, dir, vm);
}

/* The file that tells all about @vm, or NULL; in @buf. */
static const char *dossier_of(const struct manager *manager, const struct vm *vm,
			      char buf[PATH_SIZE + VM_KEY_LEN + 16])
{
	char dir_buf[PATH_SIZE];
	const char *dir = dossier_dir(manager, dir_buf);

	return dir && vm->dossier_saved ? dossier_path(dir, vm, buf, PATH_SIZE + VM_KEY_LEN + 16)
					: NULL;
}

static void sum_up(struct manager *manager, struct vm *vm, uint64_t now_ns, bool at_once)
{
	char path[PATH_SIZE + VM_KEY_LEN + 16];
	uint64_t withheld = news_sum_up(&vm->news, now_ns, at_once);

	if (!withheld)
		return;
	if (manager->options.use_journal &&
	    journal_withheld(vm, withheld, dossier_of(manager, vm, path)) < 0)
		vm->news.untold = withheld; /* it is tried again */
	ledger_news(manager, vm);
}

static void tell(struct manager *manager, struct vm *vm, uint64_t now_ns)
{
	char path[PATH_SIZE + VM_KEY_LEN + 16];
	const char *dossier = dossier_of(manager, vm, path);
	struct news_item items[NEWS_MAX];
	uint64_t withheld = vm->news.withheld;
	size_t n = news_collect(&vm->news, &vm->findings, now_ns,
				manager->config.journal_per_minute, items);

	for (size_t i = 0; i < n; i++) {
		bool saved = items[i].finding->severity >= SEVERITY_ERROR;

		if (manager->options.use_journal &&
		    journal_news(vm, &items[i], manager->host.arch, saved ? dossier : NULL) < 0)
			news_withhold(&vm->news);
		if (items[i].type != NEWS_SITE && subscribe_wanted(manager, vm))
			subscribe_send(manager, vm,
				       event_finding(vm, items[i].finding, manager->host.arch));
	}
	manager->journal_withheld += vm->news.withheld - withheld;
	/* Afterwards: what a nisvd that is killed in between has told is told twice, not never. */
	if (n || vm->news.withheld != withheld)
		ledger_news(manager, vm);
}

static int diagnose_vm(struct manager *manager, struct vm *vm)
{
	uint64_t now_ns = wallclock_now_ns();
	int r = vm_diagnose(vm, &manager->host, now_ns);

	if (r < 0)
		log_warning("Out of memory: VM %s is tried again at the next poll", vm->id);
	vm->diagnosed_ns = now_ns;
	vm->diagnosis_ns = wallclock_now_ns() - now_ns;
	return r;
}

static bool is_too_soon(const struct vm *vm, uint64_t now_ns)
{
	return vm->diagnosis_ns >= DIAGNOSIS_LONG_NS &&
	       now_ns - vm->diagnosed_ns < DIAGNOSIS_PART * vm->diagnosis_ns;
}

static void publish(struct manager *manager, bool at_once)
{
	uint64_t now_ns = wallclock_now_ns();

	for (size_t i = 0; i < manager->vms.n; i++) {
		struct vm *vm = manager->vms.list[i];

		/* The rest is not urgent, and of an archive of hundreds there is much. */
		if (!at_once && (!vm->dirty || is_too_soon(vm, now_ns)))
			continue;
		sum_up(manager, vm, now_ns, false);
		if (vm->dirty) {
			if (diagnose_vm(manager, vm) < 0)
				continue;
			vm->dossier_due = true;
			/* The file first: the journal entry names it. */
			write_dossier(manager, vm, now_ns, false);
			tell(manager, vm, now_ns);
		} else {
			write_dossier(manager, vm, now_ns, false);
		}
	}
}

void publish_changes(struct manager *manager)
{
	publish(manager, true);
	vms_trim(&manager->vms);
}

void publish_records(struct manager *manager)
{
	publish(manager, false);
}

void publish_prepare(struct manager *manager)
{
	char buf[PATH_SIZE];
	const char *dir = dossier_dir(manager, buf);
	int r = dir ? dossier_prepare(manager->options.state_dir, dir) : 0;

	if (r < 0)
		log_warning(
			"Dossiers cannot be kept in %s: %s; make it writable, or choose another "
			"folder with --state-dir",
			dir, strerror(-r));
}

void publish_age(struct manager *manager)
{
	char buf[PATH_SIZE];
	const char *dir = dossier_dir(manager, buf);

	if (dir)
		archive_age(manager, dir);
}

void publish_load(struct manager *manager)
{
	char buf[PATH_SIZE];
	const char *dir = dossier_dir(manager, buf);

	if (dir)
		archive_load(manager, dir);
}

/*
 * The dossier of an ended VM is written once more only if that was not done after its end. Whether
 * the clock was set before or after the file was written is not known: the earlier time counts.
 */
static void find_dossier(const struct manager *manager, struct vm *vm)
{
	char dir_buf[PATH_SIZE], path[PATH_SIZE + VM_KEY_LEN + 16];
	const char *dir = dossier_dir(manager, dir_buf);
	int64_t ahead_s = wallclock_stepped_ns() / 1000000000;
	struct stat st;

	vm->dossier_due = true;
	vm->dossier_ns = wallclock_now_ns();
	if (!dir || stat(dossier_path(dir, vm, path, sizeof(path)), &st) < 0)
		return;
	vm->dossier_saved = true;
	vm->dossier_due = !vm->end || st.st_mtim.tv_sec - (ahead_s > 0 ? ahead_s : 0) <
					      (int64_t)(vm->end_ns / 1000000000);
}

void publish_restored(struct manager *manager)
{
	for (size_t i = 0; i < manager->vms.n; i++) {
		struct vm *vm = manager->vms.list[i];

		vm->dirty = true;
		diagnose_vm(manager, vm);
		find_dossier(manager, vm);
	}
}

bool publish_is_pending(const struct manager *manager, const struct vm *vm)
{
	return is_dossier_due(manager, vm) || vm->news.untold;
}

void publish_forget(struct manager *manager, struct vm *vm)
{
	sum_up(manager, vm, wallclock_now_ns(), true);
	/* Its turn never came. */
	if (is_dossier_due(manager, vm) && !vm->dossier_failed)
		manager->dossiers_failed++;
}

void publish_last(struct manager *manager)
{
	publish_changes(manager);
	for (size_t i = 0; i < manager->vms.n; i++) {
		sum_up(manager, manager->vms.list[i], wallclock_now_ns(), true);
		write_dossier(manager, manager->vms.list[i], wallclock_now_ns(), true);
	}
}

/* ---- what becomes known of a VM, at once: to subscribers, and to the ledger ---- */

static bool is_wanted(const struct manager *manager, const struct vm *vm)
{
	return manager->ledger || subscribe_wanted(manager, vm);
}

/* Takes @event. */
static void announce(struct manager *manager, const struct vm *vm, struct json_object *event)
{
	ledger_event(manager, event);
	subscribe_send(manager, vm, event);
}

void publish_vm(struct manager *manager, const struct vm *vm)
{
	if (is_wanted(manager, vm))
		announce(manager, vm, event_vm(vm));
}

void publish_layout(struct manager *manager, const struct vm *vm)
{
	if (is_wanted(manager, vm) && vm->layout.known)
		announce(manager, vm, event_layout(vm));
}

void publish_guest(struct manager *manager, const struct vm *vm)
{
	if (is_wanted(manager, vm))
		announce(manager, vm, event_guest(vm));
}

void publish_fault(struct manager *manager, const struct vm *vm, const struct nisv_rec_fault *fault,
		   bool is_news)
{
	struct json_object *event;

	if (!subscribe_wanted(manager, vm) && !(is_news && manager->ledger))
		return;
	event = event_fault(vm, fault, NULL, manager->host.arch);
	if (is_news)
		ledger_event(manager, event);
	subscribe_send(manager, vm, event);
}

void publish_end(struct manager *manager, const struct vm *vm)
{
	if (is_wanted(manager, vm))
		announce(manager, vm, event_end(vm));
}
