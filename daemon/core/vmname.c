/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Which of a VM's names counts. */

#include "daemon/core/vmname.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "daemon/core/cgroupname.h"
#include "daemon/core/vmname_internal.h"
#include "include/nisv_record.h"

static void set(struct vmname *vm, const char *source, const char *name)
{
	snprintf(vm->name, sizeof(vm->name), "%s", name);
	vm->source = source;
}

/*
 * Letters and digits only, which libvirt leaves of a name in every case, without the escapes that
 * are ours. Returns the length.
 */
static size_t squeeze(char out[VMNAME_MAX], const char *name)
{
	size_t n = 0;

	for (; *name; name++) {
		if (name[0] == '\\' && name[1] == 'x' && name[2] && name[3])
			name += 3;
		else if ((unsigned char)*name < 0x80 && isalnum((unsigned char)*name))
			out[n++] = *name;
	}
	out[n] = '\0';
	return n;
}

/*
 * Can the name on the command line be that of this domain? libvirt leaves out what a host name
 * cannot hold, and cuts (src/util/virsystemd.c, virSystemdAppendValidMachineName()). If not, the
 * process has rewritten its arguments.
 */
static bool is_of_domain(const struct line *line, const struct cgroupname *cgroup)
{
	char given[VMNAME_MAX], kept[VMNAME_MAX];
	size_t n;

	if (line->kind == LINE_NOTHING)
		return false;
	squeeze(given, line->name);
	n = squeeze(kept, cgroup->name);
	return cgroup->is_cut ? !strncmp(given, kept, n) : !strcmp(given, kept);
}

static void decide_libvirt(struct vmname *vm, const struct line *line,
			   const struct cgroupname *cgroup)
{
	set(vm, "libvirt", is_of_domain(line, cgroup) ? line->name : cgroup->name);
}

/* A name by its manager. */
static bool decide_managed(struct vmname *vm, const struct vmname_facts *facts,
			   const struct line *line, const struct cgroupname *cgroup)
{
	if (cgroup->kind == CGROUPNAME_LIBVIRT && (cgroup->name[0] || line->kind != LINE_NOTHING)) {
		decide_libvirt(vm, line, cgroup);
		return true;
	}
	if (line->kind == LINE_KATA) {
		set(vm, "cmdline", line->name);
		return true;
	}
	/* KubeVirt, by a libvirt of its own: pkg/virt-launcher/virtwrap/api, VMINamespaceKeyFunc(),
	 * NAMESPACE_NAME */
	if (cgroup->in_pod && line->kind == LINE_DOMAIN && strchr(line->name, '_')) {
		set(vm, "libvirt", line->name);
		return true;
	}
	if (cgroup->kind == CGROUPNAME_KATA) {
		set(vm, "cgroup", cgroup->name);
		return true;
	}
	if (facts->machined && facts->machined[0]) {
		vmname_sanitize(vm->name, sizeof(vm->name), facts->machined,
				strlen(facts->machined));
		vm->source = "machined";
		return true;
	}
	return false;
}

static bool decide_line(struct vmname *vm, const struct vmname_facts *facts,
			const struct line *line)
{
	if (line->kind != LINE_NOTHING) {
		set(vm, "cmdline", line->name);
		return true;
	}
	/* What kvmtool calls a guest without --name (builtin-run.c, kvm_cmd_run_init()), and `lkvm
	 * list` shows. */
	if (strcmp(vm->vmm, "kvmtool") != 0 || !facts->pid)
		return false;
	snprintf(vm->name, sizeof(vm->name), "guest-%u", facts->pid);
	vm->source = "cmdline";
	return true;
}

static bool decide_cgroup(struct vmname *vm, const struct cgroupname *cgroup)
{
	if (cgroup->kind == CGROUPNAME_NONE || !cgroup->name[0])
		return false;
	if (cgroup->kind == CGROUPNAME_JAIL && strcmp(vm->vmm, "firecracker") != 0)
		return false;
	set(vm, "cgroup", cgroup->name);
	return true;
}

static void decide_comm(struct vmname *vm, const struct vmname_facts *facts)
{
	if (facts->comm)
		vmname_sanitize(vm->name, sizeof(vm->name), facts->comm,
				strnlen(facts->comm, NISV_COMM_LEN));
	if (!vm->name[0])
		memcpy(vm->name, "vm", sizeof("vm"));
	vm->source = "comm";
}

void vmname_decide(struct vmname *ret, const struct vmname_facts *facts)
{
	struct cgroupname cgroup = {};
	struct line line;

	*ret = (struct vmname){.vmm = vmname_vmm(facts)};
	vmname_read_line(&line, ret->vmm,
			 cmdline_begin(facts->cmdline, facts->cmdline_len, facts->cmdline_cut));
	memcpy(ret->uuid, line.uuid, sizeof(ret->uuid));
	if (facts->cgroup)
		cgroupname_parse(&cgroup, facts->cgroup, strlen(facts->cgroup));
	if (!decide_managed(ret, facts, &line, &cgroup) && !decide_line(ret, facts, &line) &&
	    !decide_cgroup(ret, &cgroup))
		decide_comm(ret, facts);
}

void vmname_parse(struct vmname *ret, const char *cmdline, size_t len, const char *comm)
{
	vmname_decide(ret, &(struct vmname_facts){
				   .cmdline = cmdline,
				   .cmdline_len = len,
				   .cmdline_cut = len >= NISV_CMDLINE_MAX,
				   .comm = comm,
			   });
}

/* ---- what a name can be of ---- */

static const char *find(const char *const *list, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(list[i], text))
			return list[i];
	return NULL;
}

const char *vmname_source_of(const char *text)
{
	static const char *const sources[] = {"libvirt", "machined", "cmdline", "cgroup", "comm"};

	return find(sources, sizeof(sources) / sizeof(sources[0]), text);
}

const char *vmname_vmm_of(const char *text)
{
	static const char *const vmms[] = {
		"qemu",	   "firecracker", "cloud-hypervisor", "crosvm",	 "kvmtool",
		"libkrun", "dragonball",  "gvisor",	      "unknown",
	};

	return find(vmms, sizeof(vmms) / sizeof(vmms[0]), text);
}
