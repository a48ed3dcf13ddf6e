/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/core/vm.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *vm_origin_name(enum vm_origin origin)
{
	static const char *const names[_VM_ORIGIN_MAX] = {"live", "dossier", "trace"};

	return origin < _VM_ORIGIN_MAX ? names[origin] : "unknown";
}

const char *vm_end_name(enum vm_end end)
{
	switch (end) {
	case VM_END_DESTROYED:
		return "vm-destroyed";
	case VM_END_PROCESS_GONE:
		return "process-gone";
	case VM_END_NOT_FOUND:
		return "not-found";
	case VM_END_NOT_WATCHED:
		return "not-watched";
	case VM_END_NONE:
	case _VM_END_MAX:
		break;
	}
	return NULL;
}

static struct vm *vm_free(struct vm *vm)
{
	if (!vm)
		return NULL;
	findings_clear(&vm->findings);
	faultmap_free(vm->faults);
	layout_clear(&vm->layout);
	slot_history_clear(&vm->slots);
	guest_view_clear(&vm->guest);
	backings_clear(&vm->backings);
	news_clear(&vm->news);
	stored_clear(&vm->stored);
	free(vm->machine);
	free(vm->host);
	free(vm->cmdline);
	free(vm->cgroup);
	free(vm);
	return NULL;
}

uint64_t vm_aborts(const struct vm *vm)
{
	uint64_t sum = 0;

	for (size_t kind = 0; kind < _NISV_KIND_MAX; kind++)
		sum += vm->totals.faults[kind];
	return sum;
}

const struct finding *vm_worst(const struct vm *vm)
{
	return vm->findings.n ? &vm->findings.list[0] : NULL;
}

int vm_set_cmdline(struct vm *vm, const char *cmdline, size_t len, bool cut)
{
	char *copy;

	if (len > NISV_CMDLINE_MAX) {
		len = NISV_CMDLINE_MAX;
		cut = true;
	}
	copy = malloc(len + 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, cmdline, len);
	copy[len] = '\0';
	free(vm->cmdline);
	vm->cmdline = copy;
	vm->cmdline_len = len;
	vm->cmdline_cut = cut;
	vmname_parse(&vm->name, copy, len, vm->comm);
	vmoptions_parse(&vm->options, vm->name.vmm, copy, len, cut);
	vm->dirty = true;
	return 0;
}

void vm_choose_machine(struct vm *vm, const struct machine *maps, size_t n, const char *arch)
{
	const struct machine_facts facts = {
		.arch = arch,
		.vmm = vm->name.vmm,
		.options = &vm->options,
		.layout = &vm->layout,
	};
	struct machine *machine = malloc(sizeof(*machine));

	free(vm->machine);
	vm->machine = NULL;
	vm->dirty = true;
	if (machine && machine_choose(maps, n, &facts, machine, &vm->choice))
		vm->machine = machine;
	else
		free(machine);
}

const struct host *vm_host(const struct vm *vm, const struct host *host)
{
	return vm->host ? vm->host : host;
}

struct evidence vm_evidence(const struct vm *vm, const struct host *host, uint64_t now_ns)
{
	host = vm_host(vm, host);
	return (struct evidence){
		.host = host,
		.vmm = vm->name.vmm,
		.options = &vm->options,
		.layout = &vm->layout,
		.machine = vm->machine,
		.machine_confidence = vm->choice.confidence,
		.guest = &vm->guest,
		.backings = &vm->backings,
		.slots = &vm->slots,
		.faults = vm->faults,
		.now_ns = host->saved_ns ? host->saved_ns : now_ns,
		.ended = vm->end != VM_END_NONE && vm->end != VM_END_NOT_WATCHED,
		.ended_ns = vm->end_ns,
		.is_redacted = vm->stored.redacted,
		.is_traced = vm->origin == VM_ORIGIN_TRACE,
	};
}

int vm_diagnose(struct vm *vm, const struct host *host, uint64_t now_ns)
{
	struct evidence evidence;
	struct findings fresh = {};
	int r;

	if (!vm->dirty)
		return 0;
	/* The old ones point to sites that may have moved: they must not outlive a failure. */
	findings_clear(&vm->findings);
	evidence = vm_evidence(vm, host, now_ns);
	r = diagnose(&evidence, &fresh);
	if (r < 0)
		return r;
	vm->findings = fresh;
	vm->dirty = false;
	return 0;
}

/* ---- the set ---- */

static int compare_kernel_keys(const struct nisv_vm_key *a, const struct nisv_vm_key *b)
{
	if (a->kvm != b->kvm)
		return a->kvm < b->kvm ? -1 : 1;
	return a->ino < b->ino ? -1 : a->ino > b->ino;
}

/* The place in ->by_kernel behind all VMs up to @key, and so behind those of @key itself. */
static size_t kernel_end(const struct vms *vms, const struct nisv_vm_key *key)
{
	size_t low = 0, high = vms->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_kernel_keys(&vms->by_kernel[middle]->kernel_key, key) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void take_out(struct vm **list, size_t n, size_t i)
{
	memmove(&list[i], &list[i + 1], (n - i - 1) * sizeof(*list));
}

static void vms_remove(struct vms *vms, size_t i)
{
	struct vm *vm = vms->list[i];
	size_t at = kernel_end(vms, &vm->kernel_key) - 1;

	if (vms->forget)
		vms->forget(vm, vms->userdata);
	while (vms->by_kernel[at] != vm)
		at--;
	take_out(vms->by_kernel, vms->n, at);
	take_out(vms->list, vms->n, i);
	vms->n--;
	vm_free(vm);
}

void vms_drop(struct vms *vms, struct vm *vm)
{
	for (size_t i = 0; i < vms->n; i++)
		if (vms->list[i] == vm) {
			vms_remove(vms, i);
			return;
		}
}

void vms_clear(struct vms *vms)
{
	while (vms->n)
		vms_remove(vms, vms->n - 1);
	free(vms->list);
	free(vms->by_kernel);
	vms->list = vms->by_kernel = NULL;
}

struct vm *vms_find(const struct vms *vms, const struct nisv_vm_key *key)
{
	for (size_t i = vms->n ? kernel_end(vms, key) : 0; i > 0; i--) {
		struct vm *vm = vms->by_kernel[i - 1];

		if (compare_kernel_keys(&vm->kernel_key, key) != 0)
			break;
		if (!vm->forgotten)
			return vm;
	}
	return NULL;
}

void vm_revive(struct vm *vm)
{
	if (vm->end != VM_END_NOT_FOUND)
		return;
	vm->end = VM_END_NONE;
	vm->end_ns = 0;
	vm->dirty = true;
}

size_t vms_running(const struct vms *vms)
{
	size_t n = 0;

	for (size_t i = 0; i < vms->n; i++)
		n += !vms->list[i]->end;
	return n;
}

/* The ended VM that is missed least; vms->n if there is none. */
static size_t vms_least_useful(const struct vms *vms)
{
	size_t best = vms->n;

	for (size_t i = 0; i < vms->n; i++) {
		const struct vm *vm = vms->list[i];

		if (!vm->end || (vm->origin == VM_ORIGIN_LIVE && !vm->counted))
			continue;
		if (!vm->findings.n)
			return i;
		if (best == vms->n ||
		    vm_is_before(vm, vm->end_ns, vms->list[best], vms->list[best]->end_ns))
			best = i;
	}
	return best;
}

/* What @vm takes, but for small change. */
static size_t vm_bytes(const struct vm *vm)
{
	const struct faultmap *faults = vm->faults;

	return sizeof(*vm) + faults->n_sites * sizeof(*faults->sites) +
	       faults->n_places * sizeof(*faults->places) +
	       faults->n_details * sizeof(struct nisv_rec_fault) +
	       vm->findings.n * sizeof(*vm->findings.list) +
	       (vm->news.known ? NEWS_KNOWN_MAX * sizeof(*vm->news.known) : 0) +
	       vm->layout.n_slots * sizeof(*vm->layout.slots) + vm->cmdline_len +
	       (vm->machine ? sizeof(*vm->machine) : 0);
}

size_t vms_ended_bytes(const struct vms *vms)
{
	size_t bytes = 0;

	for (size_t i = 0; i < vms->n; i++)
		bytes += vms->list[i]->end ? vm_bytes(vms->list[i]) : 0;
	return bytes;
}

void vms_trim(struct vms *vms)
{
	size_t ended = vms->n - vms_running(vms), bytes = vms_ended_bytes(vms), victim;

	while ((ended > VMS_ENDED_MAX || bytes > VMS_ENDED_BYTES_MAX) &&
	       (victim = vms_least_useful(vms)) < vms->n) {
		ended--;
		bytes -= vm_bytes(vms->list[victim]);
		vms_remove(vms, victim);
	}
}

void vm_set_end(struct vm *vm, enum vm_end why, uint64_t now_ns)
{
	if (vm->end)
		return;
	vm->end = why;
	vm->end_ns = now_ns;
	vm->counted = false;
	vm->mmio_per_second = 0;
	vm->dirty = true;
}

/* The highest N of the VMs that are called @base.N, 1 where one is @base itself, 0: there is none.
 */
static unsigned long last_number(const struct vms *vms, const char *base)
{
	size_t len = strlen(base);
	unsigned long last = 0;

	for (size_t i = 0; i < vms->n; i++) {
		const char *id = vms->list[i]->id;
		unsigned long number = 1;
		char *end = NULL;

		if (vms->list[i]->origin == VM_ORIGIN_DOSSIER || strncmp(id, base, len) != 0)
			continue;
		if (id[len] == '.')
			number = strtoul(id + len + 1, &end, 10);
		if (id[len] && (!end || *end))
			continue;
		if (number > last)
			last = number;
	}
	return last;
}

void vms_set_id(struct vms *vms, struct vm *vm, const char *dir, int vm_fd)
{
	char base[VM_ID_MAX - 12];
	unsigned int pid, fd;
	unsigned long last;

	if (vm->has_id)
		return;
	vm->has_id = true;
	if (sscanf(dir, "%u-%u", &pid, &fd) == 2) {
		snprintf(base, sizeof(base), "%u-%u", pid, fd);
	} else if (vm_fd >= 0) {
		snprintf(base, sizeof(base), "%" PRIu32 "-%d", vm->tgid, vm_fd);
	} else {
		snprintf(base, sizeof(base), "%" PRIu32, vm->tgid);
		vm->has_id = false;
	}
	/* PID-FD repeats as soon as a VMM makes a second VM; the id must not. */
	vm->id[0] = '\0';
	last = !strcmp(base, vms->last_base) ? vms->last_number : last_number(vms, base);
	if (last && vm->has_id) {
		snprintf(vms->last_base, sizeof(vms->last_base), "%s", base);
		vms->last_number = last + 1;
	}
	if (last)
		snprintf(vm->id, sizeof(vm->id), "%s.%lu", base, last + 1);
	else
		snprintf(vm->id, sizeof(vm->id), "%s", base);
}

int vms_add(struct vms *vms, const struct nisv_vm_key *key, const char *random_key, const char *dir,
	    uint32_t tgid, int vm_fd, uint64_t now_ns, struct vm **ret)
{
	struct vm **list, *vm;
	size_t at;

	if (vms->n >= VMS_MAX) {
		size_t victim = vms_least_useful(vms);

		if (victim == vms->n) {
			vms->refused++;
			return -ENOSPC;
		}
		vms_remove(vms, victim);
	}
	list = reallocarray(vms->list, vms->n + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	vms->list = list;
	list = reallocarray(vms->by_kernel, vms->n + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	vms->by_kernel = list;
	vm = calloc(1, sizeof(*vm));
	if (!vm)
		return -ENOMEM;
	vm->faults = faultmap_new();
	if (!vm->faults) {
		free(vm);
		return -ENOMEM;
	}
	vm->kernel_key = *key;
	vm->tgid = tgid;
	vm->first_seen_ns = now_ns;
	snprintf(vm->key, sizeof(vm->key), "%s", random_key);
	vms_set_id(vms, vm, dir, vm_fd);
	vmname_parse(&vm->name, "", 0, "");
	at = kernel_end(vms, key);
	memmove(&vms->by_kernel[at + 1], &vms->by_kernel[at], (vms->n - at) * sizeof(*list));
	vms->by_kernel[at] = vm;
	vms->list[vms->n++] = vm;
	*ret = vm;
	return 0;
}
