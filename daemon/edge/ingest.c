/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/ingest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-id128.h>

#include "daemon/edge/counters.h"
#include "daemon/edge/discover.h"
#include "daemon/edge/identity.h"
#include "daemon/edge/ingest_counters.h"
#include "daemon/edge/ingest_layout.h"
#include "daemon/edge/ingest_process.h"
#include "daemon/edge/inspect.h"
#include "daemon/edge/ledger.h"
#include "daemon/edge/log.h"
#include "daemon/edge/publish.h"
#include "daemon/edge/wallclock.h"

/*
 * Counters of an ended VM stay in the kernel for a while: a program that was already running when
 * KVM tore the VM down may still add to them (design section 4).
 */
#define FORGET_AFTER_NS	  10000000000ULL
#define FORGET_HEALTHY_NS 1000000000ULL

#define MISSED_NS 2000000000ULL /* how long KVM may take to destroy a VM without files */

/* ---- who is it ---- */

_Static_assert(VM_KEY_LEN + 1 == SD_ID128_STRING_MAX, "a key is such an id");

static int random_key(char key[VM_KEY_LEN + 1])
{
	sd_id128_t id;
	int r = sd_id128_randomize(&id);

	if (r >= 0)
		sd_id128_to_string(id, key);
	return r;
}

/* A VM of the process that started then whose command line is known, or NULL. */
static const struct vm *sibling_of(const struct manager *manager, uint32_t tgid, uint64_t start_ns)
{
	for (size_t i = start_ns ? manager->vms.n : 0; i > 0; i--) {
		const struct vm *vm = manager->vms.list[i - 1];

		if (vm->tgid == tgid && vm->start_ns == start_ns && vm->cmdline_len)
			return vm;
	}
	return NULL;
}

static struct vm *add_vm(struct manager *manager, const struct nisv_rec_hdr *hdr, const char *dir,
			 int vm_fd)
{
	char key[VM_KEY_LEN + 1];
	struct vm *vm = NULL;
	int r = random_key(key);

	if (r >= 0)
		r = vms_add(&manager->vms, &hdr->vm, key, dir, hdr->tgid, vm_fd,
			    hdr->time_ns ? hdr->time_ns : wallclock_now_ns(), &vm);
	if (r == -ENOSPC)
		log_debug("No room for another VM: %d are watched", VMS_MAX);
	else if (r < 0)
		log_error_errno(r, "Cannot watch a VM of process %" PRIu32, hdr->tgid);
	if (!vm)
		return NULL;
	vm->faults->busy_rate = manager->config.mmio_storm_rate;
	return vm;
}

/* The VM of a record; one whose first-sight record was lost gets what /proc still tells. */
static struct vm *vm_of(struct manager *manager, const struct nisv_rec_hdr *hdr)
{
	struct vm *vm = vms_find(&manager->vms, &hdr->vm);

	if (!vm) {
		vm = add_vm(manager, hdr, "", -1);
		if (!vm)
			return NULL;
		identity_take(vm, NULL, NULL);
		ledger_vm(manager, vm);
		ingest_choose_machine(manager, vm);
		publish_vm(manager, vm);
		if (ingest_watch(manager, vm) == -ESRCH)
			ingest_end(manager, vm, VM_END_PROCESS_GONE);
	}
	vm_revive(vm);
	return vm;
}

/* ---- records ---- */

static void on_vm(const struct nisv_rec_vm *rec, void *userdata)
{
	struct manager *manager = userdata;
	struct vm *vm = vms_find(&manager->vms, &rec->hdr.vm);
	const struct vm *sibling;
	char dir[NISV_DIR_LEN + 1];
	uint64_t start_ns;
	bool has_id, is_news;

	snprintf(dir, sizeof(dir), "%.*s", NISV_DIR_LEN, rec->dir);
	if (!vm)
		vm = add_vm(manager, &rec->hdr, dir, rec->vm_fd);
	if (!vm)
		return;
	has_id = vm->has_id;
	start_ns = vm->start_ns;
	/* The counters may have shown it before this record came, without a name. */
	vms_set_id(&manager->vms, vm, dir, rec->vm_fd);
	vm_revive(vm);
	sibling = vm->cmdline_len ? NULL : sibling_of(manager, rec->hdr.tgid, rec->start_ns);
	is_news = identity_take(vm, rec, sibling);
	if (is_news || vm->has_id != has_id || vm->start_ns != start_ns)
		ledger_vm(manager, vm);
	if (is_news) {
		ingest_choose_machine(manager, vm);
		publish_vm(manager, vm);
	}
	if (ingest_watch(manager, vm) == -ESRCH)
		ingest_end(manager, vm, VM_END_PROCESS_GONE);
}

static void on_layout(const struct nisv_rec_layout *rec, void *userdata)
{
	struct vm *vm = vm_of(userdata, &rec->hdr);

	if (vm)
		ingest_layout_take(userdata, vm, rec);
}

static void on_slot(const struct nisv_rec_slot *rec, void *userdata)
{
	struct manager *manager = userdata;
	struct vm *vm = vm_of(manager, &rec->hdr);

	if (!vm || ledger_is_known(manager, &rec->hdr))
		return;
	ingest_layout_change(vm, rec);
	ledger_slot(manager, vm, rec);
}

static void on_fault(const struct nisv_rec_fault *rec, void *userdata)
{
	struct manager *manager = userdata;
	struct vm *vm = vm_of(manager, &rec->hdr);
	struct site *site = NULL;
	int r;

	if (!vm || ledger_is_known(manager, &rec->hdr))
		return;
	r = faultmap_record(vm->faults, rec, &site);
	if (r < 0)
		log_debug("VM %s: no room for the site of a fault at 0x%llx", vm->id,
			  (unsigned long long)rec->ipa);
	if (rec->hdr.time_ns > vm->last_abort_ns)
		vm->last_abort_ns = rec->hdr.time_ns;
	vm->dirty = true;
	if (rec->kind == NISV_KIND_BACKING)
		inspect_backings(manager, vm);
	publish_fault(manager, vm, rec, r > 0 && site->detail);
}

static void on_end(const struct nisv_rec_hdr *hdr, void *userdata)
{
	struct manager *manager = userdata;
	struct vm *vm = vms_find(&manager->vms, &hdr->vm);

	if (vm)
		ingest_end(manager, vm, VM_END_DESTROYED);
}

const struct capture_ops ingest_ops = {
	.on_vm = on_vm,
	.on_layout = on_layout,
	.on_fault = on_fault,
	.on_end = on_end,
	.on_slot = on_slot,
};

int ingest_records(struct manager *manager)
{
	int r;

	if (!manager->capture)
		return 0;
	r = capture_dispatch(manager->capture);
	return r < 0 ? r : 0;
}

/* ---- counters ---- */

/* VMs of the kernel's table that no record told about: their first records were lost on the way. */
static void add_unknown(struct manager *manager, const struct counters *counters)
{
	for (size_t i = 0; i < counters->n_vms; i++) {
		const struct nisv_rec_hdr hdr = {
			.vm = counters->vms[i].key,
			.tgid = counters->vms[i].stat.tgid,
		};

		if (!vms_find(&manager->vms, &hdr.vm))
			vm_of(manager, &hdr);
	}
}

bool ingest_doom_key(struct manager *manager, const struct nisv_vm_key *key)
{
	struct nisv_vm_key *doomed =
		reallocarray(manager->doomed, manager->n_doomed + 1, sizeof(*doomed));

	if (!doomed)
		return false;
	manager->doomed = doomed;
	doomed[manager->n_doomed++] = *key;
	return true;
}

void ingest_doom(struct manager *manager, struct vm *vm)
{
	/* Without memory it is tried again, or found anew and ends again. */
	vm->forgotten = ingest_doom_key(manager, &vm->kernel_key);
}

/* All at once: others may come and go by the hundred, and each time all maps are looked through. */
static int forget_doomed(struct manager *manager)
{
	int r = 0;

	if (manager->n_doomed)
		r = counters_forget(manager->capture, manager->doomed, manager->n_doomed);
	if (r >= 0)
		manager->n_doomed = 0;
	return r;
}

static void doom_ended(struct manager *manager, uint64_t now_ns)
{
	for (size_t i = 0; i < manager->vms.n; i++) {
		struct vm *vm = manager->vms.list[i];

		if (!vm->end || vm->forgotten)
			continue;
		/*
		 * A VM without a fault makes room soon: others may come and go by the hundred. One
		 * that has ended since this poll began has records that are not read yet.
		 */
		if (now_ns < vm->end_ns + (vm_aborts(vm) ? FORGET_AFTER_NS : FORGET_HEALTHY_NS))
			continue;
		/* Told before they are gone from where a killed nisvd leaves them
		 * (forget_doomed()). */
		ingest_doom(manager, vm);
		if (vm->forgotten)
			ledger_counted(manager, vm);
	}
}

int ingest_poll(struct manager *manager)
{
	uint64_t now_ns = wallclock_now_ns();
	struct ingest_sites sites = {.manager = manager};
	struct counters *counters = NULL;
	bool scan = false;
	int r = ingest_records(manager);

	if (!manager->capture)
		return 0;
	manager->n_ends = 0;
	if (r >= 0)
		r = forget_doomed(manager);
	if (r >= 0)
		r = counters_read(manager->capture, &counters);
	if (r >= 0) {
		add_unknown(manager, counters);
		if (ingest_news(manager, counters)) {
			r = counters_each_site(manager->capture, ingest_site, &sites);
			ingest_new_sites(&sites);
		}
	}
	if (r < 0) {
		counters_free(counters);
		return log_error_errno(r, "Cannot read the counters");
	}
	for (size_t i = 0; i < manager->vms.n; i++) {
		struct vm *vm = manager->vms.list[i];
		const struct counters_vm *from =
			vm->forgotten ? NULL : counters_find(counters, &vm->kernel_key);

		if (from)
			ingest_count(vm, counters, from, now_ns);
		vm->counted = vm->end != VM_END_NONE;
		scan |= ingest_layout_poll(manager, vm);
	}
	counters_free(counters);
	ingest_process_ends(manager);
	doom_ended(manager, now_ns);
	forget_doomed(manager);
	if (scan)
		ingest_discover(manager, INGEST_SCAN_NS);
	return 0;
}

/* ---- discovery ---- */

/*
 * A VM's files are gone a little before KVM destroys it. Where KVM's function tells, it gets the
 * time to; a scan has the last word only where that was lost.
 */
static bool is_missed(const struct manager *manager, struct vm *vm, uint64_t now_ns)
{
	if (!vm->missed_ns)
		vm->missed_ns = now_ns;
	return !capture_sees_vm_end(manager->capture) || now_ns - vm->missed_ns >= MISSED_NS;
}

int ingest_discover(struct manager *manager, uint64_t max_age_ns)
{
	uint64_t now_ns = wallclock_now_ns();
	struct discover_result found = {};
	int r;

	if (!manager->capture)
		return 0;
	if (manager->discovered_ns && now_ns - manager->discovered_ns < max_age_ns)
		return 0;
	/* KVM's own word on the end of a VM goes before what a scan misses. */
	ingest_records(manager);
	manager->discovered_ns = now_ns;
	r = discover_run(manager->capture, &found);
	if (r < 0)
		return log_error_errno(r, "Cannot look for running VMs");
	for (size_t i = 0; found.complete && i < manager->vms.n; i++) {
		struct vm *vm = manager->vms.list[i];

		if (vm->end || discover_has(&found, &vm->kernel_key))
			vm->missed_ns = 0;
		else if (is_missed(manager, vm, now_ns))
			ingest_end(manager, vm, VM_END_NOT_FOUND);
	}
	discover_clear(&found);
	return 0;
}
