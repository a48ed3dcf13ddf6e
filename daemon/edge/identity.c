/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/identity.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/edge/aside.h"
#include "daemon/edge/machined.h"
#include "daemon/edge/procfs.h"
#include "daemon/edge/wallclock.h"

/*
 * Whether /proc/TGID is the VM's process. Its start tells; without one, the number must do, and
 * does not in another PID namespace. There comm must be right, too: many processes start at once
 * when containers do.
 */
static bool is_its_process(const struct vm *vm)
{
	bool initial = procfs_is_initial();
	char comm[NISV_COMM_LEN + 1];

	if (!procfs_is_process(vm->tgid, vm->start_ns))
		return false;
	return initial || (vm->start_ns && procfs_comm(vm->tgid, comm, sizeof(comm)) == 0 &&
			   !strcmp(comm, vm->comm));
}

/* A process that did not answer is not asked at each scan: each time costs a deadline. */
static bool is_silent(const struct vm *vm)
{
	return wallclock_now_ns() < vm->silent_ns;
}

static void note_silence(struct vm *vm, int error)
{
	if (error == -ETIMEDOUT)
		vm->silent_ns = wallclock_now_ns() + ASIDE_SILENT_NS;
}

static void read_cmdline(struct vm *vm)
{
	char cmdline[NISV_CMDLINE_MAX];
	ssize_t len;

	if (is_silent(vm))
		return;
	len = procfs_cmdline(vm->tgid, cmdline, sizeof(cmdline));
	note_silence(vm, (int)len);
	if (len > 0)
		vm_set_cmdline(vm, cmdline, (size_t)len, (size_t)len == sizeof(cmdline));
}

/* ---- the name ---- */

static void decide_by(struct vm *vm, const struct vmname_facts *facts)
{
	vmname_decide(&vm->name, facts);
	vmoptions_parse(&vm->options, vm->name.vmm, facts->cmdline, facts->cmdline_len,
			facts->cmdline_cut);
	vm->dirty = true;
}

static struct vmname_facts facts_of(const struct vm *vm)
{
	return (struct vmname_facts){
		.cmdline = vm->cmdline ? vm->cmdline : "",
		.cmdline_len = vm->cmdline_len,
		.cmdline_cut = vm->cmdline_cut,
		.comm = vm->comm,
		.cgroup = vm->cgroup,
	};
}

static void decide_alive(struct vm *vm)
{
	struct vmname_facts facts = facts_of(vm);
	char *exe = NULL, *machined = NULL;

	procfs_exe(vm->tgid, &exe);
	machined_name(vm->tgid, &machined);
	facts.exe = exe;
	facts.machined = machined;
	procfs_own_pid(vm->tgid, &facts.pid);
	decide_by(vm, &facts);
	/* Any program may be a VMM by libkrun; the maps are read of those that are no other. */
	if (!strcmp(vm->name.vmm, "unknown") && !is_silent(vm)) {
		int found = procfs_maps_file(vm->tgid, "/libkrun.so");

		note_silence(vm, found);
		facts.has_libkrun = found > 0;
		if (facts.has_libkrun)
			decide_by(vm, &facts);
	}
	free(exe);
	free(machined);
}

/* ---- which of two names ---- */

/* Which source tells more: what the process cannot choose, and who names VMs for a living. */
static unsigned int strength(const char *source)
{
	static const char *const sources[] = {"comm", "cgroup", "cmdline"};

	for (unsigned int i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		if (!strcmp(source, sources[i]))
			return i;
	return sizeof(sources) / sizeof(sources[0]); /* a manager of VMs */
}

/* Whether @vm's name tells more (1), as much (0) or less (-1) than @old does. */
static int compare(const struct vm *vm, const struct vmname *old)
{
	bool knew = strcmp(old->vmm, "unknown") != 0, knows = strcmp(vm->name.vmm, "unknown") != 0;
	unsigned int was = strength(old->source), is = strength(vm->name.source);

	if (knew != knows)
		return knows ? 1 : -1;
	return (is > was) - (is < was);
}

static void restore(struct vm *vm, const struct vmname *old)
{
	vm->name = *old;
	vmoptions_parse(&vm->options, old->vmm, vm->cmdline ? vm->cmdline : "", vm->cmdline_len,
			vm->cmdline_cut);
}

/* ---- first sight ---- */

static void look(struct vm *vm)
{
	struct vmname_facts facts;

	if (!is_its_process(vm)) {
		facts = facts_of(vm);
		decide_by(vm, &facts);
		return;
	}
	if (!vm->comm[0])
		procfs_comm(vm->tgid, vm->comm, sizeof(vm->comm));
	if (!vm->cgroup)
		procfs_cgroup(vm->tgid, &vm->cgroup);
	if (!vm->cmdline_len)
		read_cmdline(vm);
	decide_alive(vm);
}

static void take_record(struct vm *vm, const struct nisv_rec_vm *rec)
{
	vm->start_ns = rec->start_ns;
	if (!vm->comm[0])
		snprintf(vm->comm, sizeof(vm->comm), "%.*s", NISV_COMM_LEN, rec->comm);
	if (rec->cmdline_len && rec->cmdline_len <= NISV_CMDLINE_MAX)
		vm_set_cmdline(vm, rec->cmdline, rec->cmdline_len,
			       rec->cmdline_total > rec->cmdline_len);
}

/*
 * May @sibling's name be @vm's, without another look at the process that they share? Its command
 * line is then what it was: a process that has called execve() is the same one to the kernel. And
 * the name is none that a second look may improve (identity_refresh()).
 */
static bool is_named_by(const struct vm *vm, const struct vm *sibling)
{
	return sibling && vm->cmdline && sibling->cmdline &&
	       strength(sibling->name.source) > strength("cgroup") &&
	       vm->cmdline_len == sibling->cmdline_len && !strcmp(vm->comm, sibling->comm) &&
	       !memcmp(vm->cmdline, sibling->cmdline, vm->cmdline_len);
}

static void take_name(struct vm *vm, const struct vm *sibling)
{
	if (!vm->cgroup && sibling->cgroup)
		vm->cgroup = strdup(sibling->cgroup);
	restore(vm, &sibling->name);
	vm->dirty = true;
}

bool identity_take(struct vm *vm, const struct nisv_rec_vm *rec, const struct vm *sibling)
{
	const struct vmname old = vm->name;
	bool is_first = !vm->cmdline;

	if (!is_first && vm->cmdline_len && (!rec || vm->start_ns))
		return false;
	if (rec)
		take_record(vm, rec);
	if (is_named_by(vm, sibling)) {
		take_name(vm, sibling);
	} else {
		if (!vm->cmdline_len && sibling)
			vm_set_cmdline(vm, sibling->cmdline, sibling->cmdline_len,
				       sibling->cmdline_cut);
		if (!vm->cmdline)
			vm_set_cmdline(vm, "", 0, false);
		look(vm);
	}
	/* It may have ended since /proc was looked at, which told more. */
	if (!is_first && compare(vm, &old) < 0) {
		restore(vm, &old);
		return false;
	}
	return true;
}

/* ---- a second look ---- */

static void renew_cgroup(struct vm *vm)
{
	char *cgroup = NULL;

	if (procfs_cgroup(vm->tgid, &cgroup) < 0)
		return;
	free(vm->cgroup);
	vm->cgroup = cgroup;
}

bool identity_refresh(struct vm *vm)
{
	const struct vmname old = vm->name;

	if (strength(old.source) > strength("cgroup") || !is_its_process(vm))
		return false;
	renew_cgroup(vm);
	if (!vm->cmdline_len)
		read_cmdline(vm);
	decide_alive(vm);
	if (compare(vm, &old) > 0)
		return true;
	restore(vm, &old);
	return false;
}
