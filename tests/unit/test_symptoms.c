/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the operator saw: which outcome a site is, and the row of each VMM for it. */

#include "tests/unit/unit.h"

#include <errno.h>

#include "daemon/core/symptoms.h"

/* ---- symptom_of_site ------------------------------------------------------------------------ */

#define NOTHING _SYMPTOM_MAX

static void what_a_site_looks_like(void **state)
{
	static const struct {
		enum nisv_kind kind;
		enum nisv_outcome outcome;
		int error;
		enum symptom_of of;
	} cases[] = {
		{NISV_KIND_NISV, NISV_OUTCOME_VM_KILLED, -ENOSYS, SYMPTOM_ENOSYS},
		{NISV_KIND_NISV, NISV_OUTCOME_VM_KILLED, ENOSYS, SYMPTOM_ENOSYS},
		{NISV_KIND_NISV, NISV_OUTCOME_VMM_DECIDES, 0, SYMPTOM_NISV_EXIT},
		{NISV_KIND_NISV, NISV_OUTCOME_ABORT_INJECTED, 0, SYMPTOM_INJECTED},
		{NISV_KIND_NISV, NISV_OUTCOME_UNKNOWN, 0, NOTHING},
		{NISV_KIND_EXEC, NISV_OUTCOME_ABORT_INJECTED, 0, SYMPTOM_INJECTED},
		{NISV_KIND_EXEC, NISV_OUTCOME_UNKNOWN, 0, SYMPTOM_INJECTED},
		{NISV_KIND_WALK, NISV_OUTCOME_UNKNOWN, 0, SYMPTOM_INJECTED},
		{NISV_KIND_BEYOND_IPA, NISV_OUTCOME_ABORT_INJECTED, 0, SYMPTOM_INJECTED},
		{NISV_KIND_BACKING, NISV_OUTCOME_VM_KILLED, -EFAULT, SYMPTOM_EFAULT},
		/* Other errors than the usual one of their kind. */
		{NISV_KIND_EXEC, NISV_OUTCOME_VM_KILLED, -EFAULT, SYMPTOM_EFAULT},
		{NISV_KIND_NISV, NISV_OUTCOME_VM_KILLED, -EFAULT, SYMPTOM_EFAULT},
		{NISV_KIND_EXEC, NISV_OUTCOME_VM_KILLED, -ENOEXEC, NOTHING},
		{NISV_KIND_NISV, NISV_OUTCOME_VM_KILLED, 0, NOTHING},
		{NISV_KIND_EMULATION, NISV_OUTCOME_VMM_DECIDES, 0, SYMPTOM_INTERNAL_ERROR},
		{NISV_KIND_EMULATION, NISV_OUTCOME_ABORT_INJECTED, 0, NOTHING},
		{NISV_KIND_MEMORY_FAULT, NISV_OUTCOME_VMM_DECIDES, 0, SYMPTOM_MEMORY_FAULT},
		{NISV_KIND_LDST64B, NISV_OUTCOME_VMM_DECIDES, 0, SYMPTOM_LDST64B},
		{KIND_MMIO_READ, NISV_OUTCOME_UNKNOWN, 0, SYMPTOM_UNASSIGNED},
		{KIND_MMIO_WRITE, NISV_OUTCOME_UNKNOWN, 0, SYMPTOM_UNASSIGNED},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct site site = {.kind = cases[i].kind,
				    .outcome = cases[i].outcome,
				    .errno_ = cases[i].error};
		enum symptom_of of = NOTHING;

		if (!symptom_of_site(&site, &of))
			of = NOTHING;
		if (of != cases[i].of)
			fail_msg("case %zu is %d", i, of);
	}
}

/* ---- symptom_find --------------------------------------------------------------------------- */

/* A word of the row that must be found; NULL: the VMM has none of its own. */
static const struct {
	const char *vmm;
	const char *words[_SYMPTOM_MAX];
} rows[] = {
	{"qemu",
	 {[SYMPTOM_ENOSYS] = "kvm run failed Function not implemented",
	  [SYMPTOM_NISV_EXIT] = "it injects an external abort",
	  [SYMPTOM_EFAULT] = "kvm run failed Bad address",
	  [SYMPTOM_INTERNAL_ERROR] = "KVM internal error. Suberror: 1",
	  [SYMPTOM_MEMORY_FAULT] = "Convert non guest_memfd backed memory region",
	  [SYMPTOM_LDST64B] = "un-handled exit reason 42",
	  [SYMPTOM_UNASSIGNED] = "Invalid read at addr"}},
	{"firecracker",
	 {[SYMPTOM_ENOSYS] = "Received ENOSYS error because KVM failed to emulate",
	  [SYMPTOM_EFAULT] = "Failure during vcpu run: Bad address (os error 14)",
	  [SYMPTOM_INTERNAL_ERROR] = "Received KVM_EXIT_INTERNAL_ERROR signal",
	  [SYMPTOM_MEMORY_FAULT] = "MemoryFault {...}",
	  [SYMPTOM_LDST64B] = "Unsupported(42)",
	  [SYMPTOM_UNASSIGNED] = "Invalid MMIO read @"}},
	{"cloud-hypervisor",
	 {[SYMPTOM_ENOSYS] = "Error(38)",
	  [SYMPTOM_EFAULT] = "Error(14)",
	  [SYMPTOM_INTERNAL_ERROR] = "InternalError",
	  [SYMPTOM_MEMORY_FAULT] = "MemoryFault {...}",
	  [SYMPTOM_LDST64B] = "Unsupported(42)",
	  [SYMPTOM_UNASSIGNED] = "Guest MMIO read from unregistered address"}},
	{"crosvm",
	 {[SYMPTOM_ENOSYS] = "Function not implemented (os error 38)",
	  [SYMPTOM_EFAULT] = "Bad address (os error 14)",
	  [SYMPTOM_INTERNAL_ERROR] = "unexpected vcpu exit: InternalError",
	  [SYMPTOM_MEMORY_FAULT] = "Bad address (os error 14)",
	  [SYMPTOM_LDST64B] = "unknown kvm exit reason: 42",
	  [SYMPTOM_UNASSIGNED] = "crosvm logs nothing"}},
	{"kvmtool",
	 {[SYMPTOM_ENOSYS] = "KVM_RUN failed: Function not implemented",
	  [SYMPTOM_EFAULT] = "KVM_RUN failed: Bad address",
	  [SYMPTOM_INTERNAL_ERROR] = "KVM exit reason: 17",
	  [SYMPTOM_MEMORY_FAULT] = "KVM_RUN failed: Bad address",
	  [SYMPTOM_LDST64B] = "KVM exit reason: 42",
	  [SYMPTOM_UNASSIGNED] = "Ignoring MMIO"}},
	{"libkrun",
	 {[SYMPTOM_ENOSYS] = "Failure during vcpu run",
	  [SYMPTOM_EFAULT] = "Failure during vcpu run",
	  [SYMPTOM_INTERNAL_ERROR] = "Received KVM_EXIT_INTERNAL_ERROR signal",
	  [SYMPTOM_MEMORY_FAULT] = "MemoryFault {...}",
	  [SYMPTOM_LDST64B] = "Unsupported(42)",
	  [SYMPTOM_UNASSIGNED] = "libkrun logs nothing"}},
	{"gvisor", {[SYMPTOM_NISV_EXIT] = "injects", [SYMPTOM_ENOSYS] = "injects"}},
	{"dragonball", {NULL}},
};

static void each_vmm_has_its_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (int of = 0; of < _SYMPTOM_MAX; of++) {
			const struct symptom *symptom =
				symptom_find(rows[i].vmm, (enum symptom_of)of);

			if (rows[i].words[of]) {
				assert_non_null(symptom);
				assert_string_equal(symptom->vmm ? symptom->vmm : "", rows[i].vmm);
				assert_contains(symptom->text, rows[i].words[of]);
			} else if (symptom) {
				assert_null(symptom->vmm); /* the row for any */
			}
		}
}

/* Whatever the VMM, something is told of what ends a VM. */
static void every_outcome_has_a_row_for_any_vmm(void **state)
{
	(void)state;
	for (int of = 0; of < _SYMPTOM_MAX; of++) {
		const struct symptom *symptom = symptom_find("dragonball", (enum symptom_of)of);

		if (of != SYMPTOM_UNASSIGNED)
			assert_non_null(symptom);
	}
}

static void a_row_of_a_vmm_comes_before_that_for_any(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_symptoms; i++)
		for (size_t k = 0; k < i; k++) {
			if (symptoms[i].of != symptoms[k].of)
				continue;
			if (!symptoms[k].vmm)
				fail_msg("\"%s\" is never found", symptoms[i].text);
			if (symptoms[i].vmm && !strcmp(symptoms[i].vmm, symptoms[k].vmm))
				fail_msg("%s has two rows of one outcome", symptoms[i].vmm);
		}
}

/* ---- symptom_unassigned --------------------------------------------------------------------- */

static void what_is_not_there_is_answered(void **state)
{
	(void)state;
	assert_contains(symptom_unassigned("qemu"), "all ones in a PCI window");
	assert_contains(symptom_unassigned("firecracker"), "with 0 and drops writes");
	assert_contains(symptom_unassigned("cloud-hypervisor"), "all ones (before v53");
	assert_contains(symptom_unassigned("crosvm"), "with 0 and drops writes");
	assert_contains(symptom_unassigned("kvmtool"), "leaves what was there");
	assert_contains(symptom_unassigned("libkrun"), "stale bytes");
	assert_contains(symptom_unassigned("dragonball"), "the VMM makes up the answer");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_site_looks_like),
		cmocka_unit_test(each_vmm_has_its_row),
		cmocka_unit_test(every_outcome_has_a_row_for_any_vmm),
		cmocka_unit_test(a_row_of_a_vmm_comes_before_that_for_any),
		cmocka_unit_test(what_is_not_there_is_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
