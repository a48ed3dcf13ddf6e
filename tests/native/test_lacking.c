/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A kernel whose structures are not those that nisvd knows: this one, with a member that has
 * another name. What needs the member is missing and says why; everything else works as ever, and
 * nothing is misread.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/native/lacking.h"
#include "tests/native/watch.h"

#define BTF_FILE "/tmp/nisvd-lacking.XXXXXX"

#if defined(__x86_64__)
#define FAULT_GUEST "--guest pxor-long --arg 0=0x10000000"
#define FAULT_KIND  NISV_KIND_EMULATION
#define MMIO_GUEST  "--guest mmio-write --arg 0=0xd0000000 --arg 1=5 --arg 2=1"
#define SYSREG_TYPE "kvm_vcpu_arch"
#define SYSREG	    "cr3"
#else
#define FAULT_GUEST "--guest ldp --arg 0=0x50000000"
#define FAULT_KIND  NISV_KIND_NISV
#define MMIO_GUEST  "--guest mmio-write --arg 0=0x10000000 --arg 1=5 --arg 2=1"
#define SYSREG_TYPE "kvm_cpu_context"
#define SYSREG	    "sys_regs"
#endif

/* Capture on this kernel with its own layout, to compare with. */
struct whole {
	enum capture_state states[64];
	size_t n;
};

static int start_whole(void **state)
{
	static struct whole whole;
	const struct capture_source *sources;
	struct watch watch;

	watch_start(&watch, NULL);
	sources = capture_sources(watch.capture, &whole.n);
	for (size_t i = 0; i < whole.n; i++)
		whole.states[i] = sources[i].state;
	watch_stop(&watch);
	*state = &whole;
	return 0;
}

static const struct capture_source *source_named(const struct watch *watch, const char *name)
{
	size_t n;
	const struct capture_source *sources = capture_sources(watch->capture, &n);

	for (size_t i = 0; i < n; i++)
		if (!strcmp(sources[i].name, name))
			return &sources[i];
	fail_msg("there is no source %s", name);
	return NULL;
}

static void start_without(struct watch *watch, const char *type, const char *member)
{
	char path[] = BTF_FILE;
	const struct capture_options options = {
		.count_mmio = true,
		.inspect_guest_memory = true,
		.btf_path = path,
	};

	btf_without(type, member, path);
	watch_start(watch, &options);
	unlink(path);
}

static void says_why(const struct capture_source *source, const char *type, const char *member)
{
	char want[128];

	snprintf(want, sizeof(want),
		 "this kernel's struct %s has no member %s: nisvd does not know this layout", type,
		 member);
	assert_string_equal(source->reason, want);
	assert_true(*source->loses && *source->how_to_get);
}

/* All sources but @other are as they are with the whole layout. */
static void others_work(const struct watch *watch, const struct whole *whole, const char *other)
{
	size_t n;
	const struct capture_source *sources = capture_sources(watch->capture, &n);

	for (size_t i = 0; i < whole->n; i++)
		if (strcmp(sources[i].name, other))
			assert_int_equal(sources[i].state, whole->states[i]);
}

/* One fault and five MMIO writes, each in a VM of its own: what was counted of them. */
static void run_both(struct watch *watch, struct totals *faults, struct totals *mmio,
		     const struct nisv_rec_fault **ret, const struct nisv_rec_vm **ret_vm)
{
	struct vmm vmm;
	size_t from = 0;

	vmm_run(&vmm, watch, FAULT_GUEST);
	totals_read(watch, vmm.pid, faults);
	*ret = watch_fault(watch, vmm.pid, &from);
	from = 0;
	*ret_vm = watch_vm(watch, vmm.pid, &from);
	vmm_free(&vmm);
	vmm_run(&vmm, watch, MMIO_GUEST);
	totals_read(watch, vmm.pid, mmio);
	assert_int_equal(vmm_saw(&vmm, 0, "mmio_writes"), 5);
	vmm_free(&vmm);
	watch_assert_no_loss(watch);
}

#if defined(__x86_64__)
/* The count of reads needs it: MMIO is not counted at all, faults are. */
static void test_one_program(void **state)
{
	const struct capture_source *source;
	const struct nisv_rec_fault *fault;
	const struct nisv_rec_vm *vm;
	struct totals faults, mmio;
	struct watch watch;

	start_without(&watch, "kvm_vcpu", "mmio_read_completed");
	source = source_named(&watch, "kvm_mmio");
	assert_int_equal(source->state, CAPTURE_FAILED);
	says_why(source, "kvm_vcpu", "mmio_read_completed");
	others_work(&watch, *state, "kvm_mmio");
	run_both(&watch, &faults, &mmio, &fault, &vm);
	assert_int_equal(faults.faults[FAULT_KIND], 1);
	assert_non_null(fault);
	assert_int_equal(mmio.reads + mmio.writes, 0);
	watch_stop(&watch);
}

/* Where a failed emulation was is not known: it is not told at all, MMIO is. */
static void test_fault_program(void **state)
{
	const struct capture_source *source;
	const struct nisv_rec_fault *fault;
	const struct nisv_rec_vm *vm;
	struct totals faults, mmio;
	struct watch watch;

	start_without(&watch, "x86_emulate_ctxt", "eip");
	source = source_named(&watch, "kvm_emulate_insn");
	assert_int_equal(source->state, CAPTURE_FAILED);
	assert_true(source->shows_faults);
	says_why(source, "x86_emulate_ctxt", "eip");
	others_work(&watch, *state, "kvm_emulate_insn");
	run_both(&watch, &faults, &mmio, &fault, &vm);
	assert_int_equal(faults.faults[FAULT_KIND], 0);
	assert_null(fault);
	assert_int_equal(mmio.writes, 5);
	assert_int_equal(mmio.places_user, 5);
	watch_stop(&watch);
}
#endif

/* What can be done without is a source of its own that is absent; all programs are attached. */
static void optional_is_absent(const struct watch *watch, const struct whole *whole,
			       const char *type, const char *member)
{
	const struct capture_source *source = source_named(watch, member);

	assert_int_equal(source->state, CAPTURE_ABSENT);
	assert_false(source->shows_faults);
	says_why(source, type, member);
	others_work(watch, whole, member);
}

/* The records that come without it say so; everything else in them is there. */
static void test_cgroup(void **state)
{
	const struct nisv_rec_fault *fault;
	const struct nisv_rec_vm *vm;
	struct totals faults, mmio;
	struct watch watch;

	start_without(&watch, "css_set", "dfl_cgrp");
	optional_is_absent(&watch, *state, "css_set", "dfl_cgrp");
	run_both(&watch, &faults, &mmio, &fault, &vm);
	assert_int_equal(vm->cgroup_id, 0);
	assert_true(vm->cmdline_len > 0);
	assert_int_equal(faults.faults[FAULT_KIND], 1);
	assert_int_equal(mmio.writes, 5);
	watch_stop(&watch);
}

static void test_cmdline(void **state)
{
	const struct nisv_rec_fault *fault;
	const struct nisv_rec_vm *vm;
	struct totals faults, mmio;
	struct watch watch;

	start_without(&watch, "mm_struct", "arg_end");
	optional_is_absent(&watch, *state, "mm_struct", "arg_end");
	run_both(&watch, &faults, &mmio, &fault, &vm);
	assert_int_equal(vm->cmdline_len, 0);
	assert_true(vm->cgroup_id > 0);
	assert_int_equal(faults.faults[FAULT_KIND], 1);
	assert_int_equal(mmio.writes, 5);
	watch_stop(&watch);
}

/* A map without the in-kernel devices would have holes in their places: there is none. */
static void test_map(void **state)
{
	const struct nisv_rec_layout *layout;
	const struct nisv_rec_fault *fault;
	const struct nisv_rec_vm *vm;
	struct totals faults, mmio;
	struct watch watch;
	size_t from = 0;

	start_without(&watch, "kvm_io_bus", "dev_count");
	optional_is_absent(&watch, *state, "kvm_io_bus", "dev_count");
	run_both(&watch, &faults, &mmio, &fault, &vm);
	layout = watch_layout(&watch, (pid_t)vm->hdr.tgid, &from);
	assert_non_null(layout);
	assert_int_equal(layout->state, NISV_LAYOUT_NONE);
	assert_int_equal(layout->n_slots + layout->total_slots + layout->n_bus + layout->vcpus, 0);
	/* Around the fault it is known. */
	assert_int_equal(fault->layout_state, NISV_LAYOUT_STABLE);
	assert_true(fault->slot.id >= 0 || fault->below.id >= 0);
	assert_int_equal(mmio.writes, 5);
	watch_stop(&watch);
}

/* Without the registers nothing that they translate is read. */
static void test_sysregs(void **state)
{
	const struct nisv_rec_fault *fault;
	const struct nisv_rec_vm *vm;
	struct totals faults, mmio;
	struct watch watch;

	start_without(&watch, SYSREG_TYPE, SYSREG);
	optional_is_absent(&watch, *state, SYSREG_TYPE, SYSREG);
	run_both(&watch, &faults, &mmio, &fault, &vm);
	assert_non_null(fault);
	assert_int_equal(fault->sysregs_state, NISV_SYSREGS_NONE);
	assert_int_equal(fault->sys.ttbr0, 0);
	assert_int_equal(fault->backtrace.n, 0);
	assert_int_equal(mmio.writes, 5);
	watch_stop(&watch);
}

static void test_mapping(void **state)
{
	const struct nisv_rec_fault *fault;
	const struct nisv_rec_vm *vm;
	struct totals faults, mmio;
	struct watch watch;

	start_without(&watch, "vm_area_struct", "vm_pgoff");
	optional_is_absent(&watch, *state, "vm_area_struct", "vm_pgoff");
	run_both(&watch, &faults, &mmio, &fault, &vm);
	assert_int_equal(faults.faults[FAULT_KIND], 1);
	assert_int_equal(fault->vma.state, NISV_VMA_NOT_ASKED);
	watch_stop(&watch);
}

static void cannot_work(const char *path, struct capture **ret)
{
	static const struct capture_ops ignore = {};
	const struct capture_options options = {.count_mmio = true, .btf_path = path};
	const struct capture_source *sources;
	size_t n;

	assert_true(capture_new(&options, &ignore, NULL, ret) < 0);
	assert_non_null(*ret);
	assert_true(capture_obstacle(*ret)->err < 0);
	assert_true(*capture_obstacle(*ret)->reason);
	sources = capture_sources(*ret, &n);
	assert_true(n > 0);
	for (size_t i = 0; i < n; i++) {
		assert_int_not_equal(sources[i].state, CAPTURE_ATTACHED);
		assert_true(*sources[i].reason && *sources[i].loses);
	}
}

/* Nothing works without the slots, and each source that needs them says why. */
static void test_everything(void **state)
{
	const struct capture_source *sources;
	struct capture *capture;
	char path[] = BTF_FILE;
	size_t n;

	(void)state;
	btf_without("kvm", "memslots", path);
	cannot_work(path, &capture);
	unlink(path);
	sources = capture_sources(capture, &n);
	for (size_t i = 0; i < n; i++)
		if (strcmp(sources[i].name, "kvm_destroy_vm"))
			says_why(&sources[i], "kvm", "memslots");
	capture_free(capture);
}

static void test_no_btf(void **state)
{
	struct capture *capture;
	char path[] = BTF_FILE;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "no BTF", 6), 6);
	close(fd);
	cannot_work(path, &capture);
	unlink(path);
	capture_free(capture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#if defined(__x86_64__)
		cmocka_unit_test(test_one_program),
		cmocka_unit_test(test_fault_program),
#endif
		cmocka_unit_test(test_cgroup),
		cmocka_unit_test(test_cmdline),
		cmocka_unit_test(test_map),
		cmocka_unit_test(test_sysregs),
		cmocka_unit_test(test_mapping),
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_no_btf),
	};

	watch_require_host();
	return cmocka_run_group_tests(tests, start_whole, NULL);
}
