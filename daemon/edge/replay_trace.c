/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The text of kvm tracepoints: one VM for each process in it, or for each thread where it does not
 * tell the process. */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/vmname.h"
#include "daemon/edge/ingest_layout.h"
#include "daemon/edge/log.h"
#include "daemon/edge/replay_internal.h"
#include "daemon/edge/wallclock.h"

/* A VM of the trace: the owner of its threads. */
struct traced_vm {
	struct vm *vm;
	uint32_t n_threads;
	bool named; /* by the process's main thread */
};

struct trace_replay {
	struct manager *manager;
	struct trace_account *account; /* the manager's */
	struct traced_vm *vms[VMS_MAX];
	size_t n_vms;
	uint64_t lines, first_bad;
};

/* ---- VMs ---- */

static struct traced_vm *find_vm(const struct trace_replay *replay, uint32_t tgid)
{
	for (size_t i = 0; i < replay->n_vms; i++)
		if (replay->vms[i]->vm->tgid == tgid)
			return replay->vms[i];
	return NULL;
}

/* The same trace gives the same key. No real struct kvm is at so low an address. */
static struct traced_vm *add_vm(struct trace_replay *replay, uint32_t tgid, uint64_t time_ns)
{
	struct vms *vms = &replay->manager->vms;
	const struct nisv_vm_key identity = {.kvm = replay->n_vms + 1};
	struct traced_vm *traced;
	char key[VM_KEY_LEN + 1];

	if (replay->n_vms == VMS_MAX) {
		vms->refused++;
		return NULL;
	}
	traced = calloc(1, sizeof(*traced));
	if (!traced)
		return NULL;
	snprintf(key, sizeof(key), "%016" PRIx64 "%08" PRIx32 "%08zx", time_ns, tgid,
		 replay->n_vms + 1);
	if (vms_add(vms, &identity, key, "", tgid, -1, time_ns, &traced->vm) < 0) {
		free(traced);
		return NULL;
	}
	traced->vm->origin = VM_ORIGIN_TRACE;
	traced->vm->forgotten = true;
	replay->vms[replay->n_vms++] = traced;
	return traced;
}

/* The name of a vCPU's thread is that of no program, but may tell one. */
static void take_comm(struct traced_vm *traced, struct trace_thread *thread)
{
	bool is_main = thread->tid == thread->tgid;
	struct vm *vm = traced->vm;
	const char *vmm = NULL;
	uint32_t vcpu;

	if (vmname_of_vcpu(thread->comm, &vmm, &vcpu)) {
		if (!thread->has_vcpu)
			thread->vcpu = vcpu;
		if (vmm && !strcmp(vm->name.vmm, "unknown"))
			vm->name.vmm = vmm;
		return;
	}
	if (!thread->comm[0] || traced->named || (vm->comm[0] && !is_main))
		return;
	traced->named = is_main;
	memcpy(vm->comm, thread->comm, sizeof(thread->comm));
	vmm = vm->name.vmm;
	vm_set_cmdline(vm, "", 0, false);
	if (!strcmp(vm->name.vmm, "unknown"))
		vm->name.vmm = vmm;
}

static bool on_thread(struct trace_thread *thread, const struct trace_event *event, void *userdata)
{
	struct trace_replay *replay = userdata;
	struct traced_vm *traced = find_vm(replay, thread->tgid);

	if (!traced)
		traced = add_vm(replay, thread->tgid, event->time_ns);
	if (!traced)
		return false;
	if (thread->owner != traced && !thread->has_vcpu)
		thread->vcpu = traced->n_threads++;
	thread->owner = traced;
	take_comm(traced, thread);
	return true;
}

/* ---- what happens in them ---- */

static struct vm *vm_of(const struct trace_thread *thread)
{
	const struct traced_vm *traced = thread->owner;

	return traced->vm;
}

static void count_fault(struct vm *vm, enum nisv_kind kind, uint64_t time_ns)
{
	vm->totals.faults[kind]++;
	if (time_ns > vm->last_abort_ns)
		vm->last_abort_ns = time_ns;
	vm->dirty = true;
}

static void on_fault(struct trace_thread *thread, const struct nisv_rec_fault *fault,
		     void *userdata)
{
	struct vm *vm = vm_of(thread);

	(void)userdata;
	count_fault(vm, (enum nisv_kind)fault->kind, fault->hdr.time_ns);
	if (faultmap_record(vm->faults, fault, NULL) < 0)
		vm->totals.unplaced_faults++;
}

static void on_unplaced(struct trace_thread *thread, enum nisv_kind kind, uint64_t time_ns,
			void *userdata)
{
	struct vm *vm = vm_of(thread);

	(void)userdata;
	count_fault(vm, kind, time_ns);
	vm->totals.unplaced_faults++;
}

static void on_access(struct trace_thread *thread, uint64_t ipa, bool is_write, uint64_t time_ns,
		      void *userdata)
{
	struct vm *vm = vm_of(thread);

	(void)userdata;
	if (is_write)
		vm->totals.mmio_writes++;
	else
		vm->totals.mmio_reads++;
	if (faultmap_add_access(vm->faults, ipa, is_write, time_ns) < 0)
		vm->totals.unplaced_mmio++;
}

static void on_user(struct trace_thread *thread, uint64_t ipa, bool is_write, void *userdata)
{
	struct vm *vm = vm_of(thread);

	(void)userdata;
	vm->totals.mmio_user++;
	faultmap_add_user(vm->faults, ipa, is_write);
}

/* ---- the file ---- */

static void take_lines(struct trace_replay *replay, struct tracefold *fold,
		       struct replay_lines *lines)
{
	struct trace_event event;
	size_t len;
	int r;

	while (replay_read_line(lines, &len)) {
		replay->lines++;
		r = traceline_parse(lines->line, len, &event);
		if (r > 0)
			tracefold_event(fold, &event);
		else if (r < 0 && !replay->account->bad_lines++)
			replay->first_bad = replay->lines;
	}
	tracefold_end(fold);
}

static bool has_kvm_events(const struct trace_account *account)
{
	for (size_t kind = TRACE_OTHER + 1; kind < TRACE_LOST; kind++)
		if (account->events[kind])
			return true;
	return false;
}

/* What a trace does not tell is not this machine's either. */
static void take_account(struct trace_replay *replay)
{
	struct manager *manager = replay->manager;
	const struct trace_account *account = replay->account;

	if (account->arch != TRACE_ARCH_UNKNOWN)
		manager->host.arch = account->arch == TRACE_ARCH_ARM64 ? "arm64" : "x86_64";
	snprintf(manager->host.kernel, sizeof(manager->host.kernel), "unknown");
	manager->host.kernel_build[0] = '\0';
	manager->host.page_bytes = 0;
	manager->host.injection_seen = false;
	manager->started_ns = account->from_ns;
	wallclock_go_trace(account->to_ns);
	for (size_t i = 0; i < replay->n_vms; i++)
		ingest_choose_machine(manager, replay->vms[i]->vm);
}

static int take_trace(struct trace_replay *replay, struct tracefold *fold,
		      struct replay_lines *lines, const char *path)
{
	const struct trace_account *account = replay->account;

	take_lines(replay, fold, lines);
	if (!has_kvm_events(account))
		return log_error_errno(
			EINVAL,
			"%s is no dossier, and no trace: no line of it is an event of "
			"kvm that tells about faults",
			path);
	if (account->bad_lines)
		log_warning("%s: %" PRIu64 " of %" PRIu64
			    " lines were not understood, the first one is line %" PRIu64,
			    path, account->bad_lines, replay->lines, replay->first_bad);
	take_account(replay);
	return 0;
}

int replay_trace(struct manager *manager, struct replay_lines *lines, const char *path)
{
	static const struct tracefold_ops ops = {
		.on_thread = on_thread,
		.on_fault = on_fault,
		.on_unplaced = on_unplaced,
		.on_access = on_access,
		.on_user = on_user,
	};
	struct trace_replay *replay = calloc(1, sizeof(*replay));
	struct trace_account *account = calloc(1, sizeof(*account));
	struct tracefold *fold = NULL;
	int r = -ENOMEM;

	if (replay && account) {
		*replay = (struct trace_replay){.manager = manager, .account = account};
		manager->trace = account;
		fold = tracefold_new(&ops, account, replay);
	} else {
		free(account);
	}
	r = fold ? take_trace(replay, fold, lines, path)
		 : log_error_errno(ENOMEM, "Cannot read the trace %s", path);
	tracefold_free(fold);
	for (size_t i = 0; replay && i < replay->n_vms; i++)
		free(replay->vms[i]);
	free(replay);
	return r;
}
