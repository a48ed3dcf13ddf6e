/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_VM_CASE_H
#define NISVD_TESTS_VM_CASE_H

/* VMs of a set, with names and findings. */

#include "daemon/core/vm.h"
#include "tests/unit/unit.h"

#define HOUR_NS (3600ULL * 1000000000)

/* The n-th identity and random key of a test: all different. */
static inline struct nisv_vm_key identity(uint64_t n)
{
	return (struct nisv_vm_key){.kvm = 0xffff000000000000ULL + n * 64, .ino = n + 1};
}

static inline struct vm *add(struct vms *vms, uint64_t n, const char *dir, uint32_t tgid)
{
	const struct nisv_vm_key key = identity(n);
	char random_key[VM_KEY_LEN + 1];
	struct vm *vm = NULL;

	snprintf(random_key, sizeof(random_key), "%032llx", (unsigned long long)n + 0xa0);
	assert_int_equal(vms_add(vms, &key, random_key, dir, tgid, -1, 1000 + n, &vm), 0);
	assert_non_null(vm);
	return vm;
}

/* "qemu-system-aarch64 -name NAME -uuid UUID" as the kernel keeps it. */
static inline void name_it(struct vm *vm, const char *name, const char *uuid)
{
	char cmdline[512];
	int len = snprintf(cmdline, sizeof(cmdline), "qemu-system-aarch64%c-name%c%s%c-uuid%c%s", 0,
			   0, name, 0, 0, uuid);

	assert_int_equal(vm_set_cmdline(vm, cmdline, (size_t)len + 1, false), 0);
	assert_string_equal(vm->name.name, name);
}

static inline void give_finding(struct vm *vm)
{
	vm->findings.list = calloc(1, sizeof(*vm->findings.list));
	assert_non_null(vm->findings.list);
	vm->findings.n = 1;
}

#endif
