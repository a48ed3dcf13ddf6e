/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Memory maps as the kernel has them against what was made with KVM's own calls, in this process:
 * hundreds of slots, slots that change, KVM's own slots, doorbells.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/core/slothistory.h"
#include "daemon/edge/discover.h"
#include "tests/native/watch.h"

#define PAGE	  0x10000UL /* the largest page of a host */
#define BASE	  0x40000000UL
#define ALL_SLOTS 1000

struct host {
	struct watch watch;
	int kvm, vm;
	char *memory; /* ALL_SLOTS pages */
};

static void host_start(struct host *host)
{
	*host = (struct host){.kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC)};
	assert_true(host->kvm >= 0);
	host->vm = ioctl(host->kvm, KVM_CREATE_VM, 0);
	assert_true(host->vm >= 0);
	host->memory = mmap(NULL, ALL_SLOTS * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_ptr_not_equal(host->memory, MAP_FAILED);
	watch_start(&host->watch, NULL);
}

static void host_stop(struct host *host)
{
	watch_stop(&host->watch);
	munmap(host->memory, ALL_SLOTS * PAGE);
	close(host->vm);
	close(host->kvm);
}

static uint64_t gpa_of(unsigned id)
{
	/* Neither ascending nor adjoining: 619 and ALL_SLOTS have no common divisor. */
	return BASE + (uint64_t)(id * 619 % ALL_SLOTS) * 2 * PAGE;
}

static int try_slot(const struct host *host, unsigned id, uint64_t gpa, uint64_t size,
		    uint32_t flags)
{
	const struct kvm_userspace_memory_region region = {
		.slot = id,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)host->memory + id * PAGE,
		.flags = flags,
	};

	return ioctl(host->vm, KVM_SET_USER_MEMORY_REGION, &region);
}

static void set_slot(const struct host *host, unsigned id, uint64_t gpa, uint64_t size,
		     uint32_t flags)
{
	assert_int_equal(try_slot(host, id, gpa, size, flags), 0);
}

/* The map of the only VM of this process, as a scan shows it. */
static const struct nisv_rec_layout *scan(struct host *host)
{
	const struct nisv_rec_layout *layout = NULL, *next;
	size_t from = host->watch.n_layouts;
	struct discover_result found;

	watch_take(&host->watch);
	from = host->watch.n_layouts;
	assert_int_equal(discover_run(host->watch.capture, &found), 0);
	discover_clear(&found);
	while ((next = watch_layout(&host->watch, getpid(), &from)))
		layout = next;
	assert_non_null(layout);
	return layout;
}

static void make_slots(const struct host *host, unsigned first, unsigned end)
{
	for (unsigned id = first; id < end; id++)
		set_slot(host, id, gpa_of(id), PAGE, id % 5 == 1 ? KVM_MEM_READONLY : 0);
}

static void check_slots(const struct host *host, const struct nisv_rec_layout *layout, unsigned n)
{
	assert_int_equal(layout->state, NISV_LAYOUT_STABLE);
	assert_int_equal(layout->total_slots, n);
	assert_int_equal(layout->n_slots, n < NISV_SLOTS_MAX ? n : NISV_SLOTS_MAX);
	assert_int_equal(layout->hdr.size, NISV_LAYOUT_SIZE(layout->n_slots));
	for (unsigned i = 0; i < layout->n_slots; i++) {
		const struct nisv_slot *slot = &layout->slots[i];

		assert_in_range(slot->id, 0, n - 1);
		assert_int_equal(slot->gpa, gpa_of((unsigned)slot->id));
		assert_int_equal(slot->size, PAGE);
		assert_int_equal(slot->hva, (uintptr_t)host->memory + (unsigned)slot->id * PAGE);
		assert_int_equal(slot->flags, slot->id % 5 == 1 ? NISV_SLOT_READONLY : 0);
		assert_int_equal(slot->as_id, 0);
		if (i)
			assert_true(layout->slots[i - 1].gpa < slot->gpa);
	}
}

static void test_hundreds_of_slots(void **state)
{
	static const unsigned counts[] = {0, 1, 5, 200, 500, NISV_SLOTS_MAX, ALL_SLOTS};
	unsigned made = 0, most;
	struct host host;

	(void)state;
	host_start(&host);
	/* 512 until Linux 5.10. */
	most = (unsigned)ioctl(host.kvm, KVM_CHECK_EXTENSION, KVM_CAP_NR_MEMSLOTS);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]) && counts[i] <= most; i++) {
		make_slots(&host, made, counts[i]);
		made = counts[i];
		check_slots(&host, scan(&host), made);
	}
	watch_assert_no_loss(&host.watch);
	host_stop(&host);
}

static void test_generation_moves_with_each_change(void **state)
{
	uint64_t before, after;
	struct host host;

	(void)state;
	host_start(&host);
	before = scan(&host)->generation;
	assert_true(scan(&host)->generation == before);
	set_slot(&host, 0, BASE, PAGE, 0);
	after = scan(&host)->generation;
	assert_true(layout_compare_generations(before, after) < 0);
	host_stop(&host);
}

static void make_doorbell(const struct host *host, uint64_t addr, int fd)
{
	const struct kvm_ioeventfd doorbell = {.addr = addr, .len = 4, .fd = fd};

	assert_int_equal(ioctl(host->vm, KVM_IOEVENTFD, &doorbell), 0);
}

static void test_doorbells(void **state)
{
	const struct nisv_rec_layout *layout;
	struct host host;
	int fd = eventfd(0, EFD_CLOEXEC);
	const unsigned n = NISV_BUS_MAX + 44;

	(void)state;
	assert_true(fd >= 0);
	host_start(&host);
	make_doorbell(&host, 0xa000000, fd);
	make_doorbell(&host, 0x9000050, fd);
	layout = scan(&host);
	assert_int_equal(layout->n_bus, 2);
	assert_int_equal(layout->total_bus, 2);
	assert_int_equal(layout->bus[0].addr, 0x9000050);
	assert_int_equal(layout->bus[1].addr, 0xa000000);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(layout->bus[i].len, 4);
		assert_int_equal(layout->bus[i].is_ioeventfd, 1);
	}
	for (unsigned i = 2; i < n; i++)
		make_doorbell(&host, 0xb000000 + i * 0x200, fd);
	layout = scan(&host);
	assert_int_equal(layout->n_bus, NISV_BUS_MAX);
	assert_int_equal(layout->total_bus, n);
	watch_assert_no_loss(&host.watch);
	host_stop(&host);
	close(fd);
}

#if defined(__x86_64__)
/* What KVM makes for itself is in the map, with ids that no VMM can use. */
static void test_internal_slots(void **state)
{
	const struct nisv_rec_layout *rec;
	struct layout layout = {};
	unsigned internal = 0;
	struct host host;

	(void)state;
	host_start(&host);
	set_slot(&host, 0, 0, PAGE, 0);
	if (ioctl(host.vm, KVM_SET_TSS_ADDR, 0xfffbd000UL) < 0) {
		host_stop(&host);
		print_message("SKIP: this CPU's KVM has no KVM_SET_TSS_ADDR\n");
		skip();
	}
	rec = scan(&host);
	assert_int_equal(layout_from_record(&layout, rec), 0);
	for (size_t i = 0; i < layout.n_slots; i++)
		internal += layout_slot_is_internal(&layout, &layout.slots[i]);
	print_message("%zu slots, %u of them KVM's own\n", layout.n_slots, internal);
	assert_int_equal(layout.n_slots, 1 + internal);
	assert_int_equal(layout_ram_bytes(&layout), PAGE);
	layout_clear(&layout);
	host_stop(&host);
}
#endif

#if defined(__aarch64__)
static void make_vcpu(const struct host *host, unsigned i, uint32_t features)
{
	int vcpu = ioctl(host->vm, KVM_CREATE_VCPU, i);
	struct kvm_vcpu_init init;

	assert_true(vcpu >= 0);
	assert_int_equal(ioctl(host->vm, KVM_ARM_PREFERRED_TARGET, &init), 0);
	init.features[0] |= features;
	assert_int_equal(ioctl(vcpu, KVM_ARM_VCPU_INIT, &init), 0);
	close(vcpu);
}

/* What is no slot: vCPUs (one is kept otherwise than several), IPA size, capabilities. */
static void test_properties(void **state)
{
	struct kvm_enable_cap nisv = {.cap = KVM_CAP_ARM_NISV_TO_USER};
	const struct nisv_rec_layout *layout;
	struct host host;

	(void)state;
	host_start(&host);
	layout = scan(&host);
	assert_int_equal(layout->vcpus, 0);
	assert_int_equal(layout->ipa_bits, 40);
	assert_int_equal(layout->nisv_to_user, 0);
	assert_int_equal(layout->is_32bit, 0);
	assert_int_equal(layout->is_protected, 0);
	assert_int_equal(layout->vgic_model, NISV_VGIC_NONE);
	assert_int_equal(ioctl(host.vm, KVM_ENABLE_CAP, &nisv), 0);
	for (unsigned i = 0; i < 3; i++) {
		make_vcpu(&host, i, 0);
		layout = scan(&host);
		assert_int_equal(layout->vcpus, i + 1);
		assert_int_equal(layout->nisv_to_user, 1);
		assert_int_equal(layout->is_32bit, 0);
	}
	host_stop(&host);
}

static void test_32bit(void **state)
{
	struct host host;

	(void)state;
	host_start(&host);
	if (ioctl(host.kvm, KVM_CHECK_EXTENSION, KVM_CAP_ARM_EL1_32BIT) <= 0) {
		host_stop(&host);
		print_message("SKIP: this CPU has no AArch32 at EL1\n");
		skip();
	}
	for (unsigned i = 0; i < 2; i++) {
		make_vcpu(&host, i, 1U << KVM_ARM_VCPU_EL1_32BIT);
		assert_int_equal(scan(&host)->is_32bit, 1);
	}
	host_stop(&host);
}
#endif

/* ---- changes ---- */

struct expected {
	enum nisv_slot_change what;
	unsigned id;
	uint64_t gpa, gpa_before;
};

/* Each kind of change, alone. */
static void change(const struct host *host, unsigned i)
{
	switch (i) {
	case 0:
		set_slot(host, 1, BASE, 2 * PAGE, 0);
		break;
	case 1:
		set_slot(host, 1, BASE, 2 * PAGE, KVM_MEM_LOG_DIRTY_PAGES);
		break;
	case 2:
		set_slot(host, 1, BASE + 8 * PAGE, 2 * PAGE, KVM_MEM_LOG_DIRTY_PAGES);
		break;
	default:
		set_slot(host, 1, BASE + 8 * PAGE, 0, 0);
		break;
	}
}

static const struct expected expected[] = {
	{NISV_SLOT_CREATED, 1, BASE, 0},
	{NISV_SLOT_FLAGS, 1, BASE, BASE},
	{NISV_SLOT_MOVED, 1, BASE + 8 * PAGE, BASE},
	{NISV_SLOT_DELETED, 1, BASE + 8 * PAGE, BASE + 8 * PAGE},
};

#define N_EXPECTED (sizeof(expected) / sizeof(expected[0]))

static void check_changes(const struct slot_history *history)
{
	assert_int_equal(history->n, N_EXPECTED);
	for (size_t i = 0; i < N_EXPECTED; i++) {
		const struct slot_change *seen = &history->list[i];

		assert_int_equal(seen->what, expected[i].what);
		assert_int_equal(seen->slot.id, expected[i].id);
		assert_int_equal(seen->slot.gpa, expected[i].gpa);
		assert_int_equal(seen->gpa_before, expected[i].gpa_before);
		assert_int_equal(seen->slot.size, 2 * PAGE);
		assert_int_equal(seen->slot.flags & NISV_SLOT_LOG_DIRTY,
				 i == 0 ? 0 : NISV_SLOT_LOG_DIRTY);
	}
}

/* Without a hook: each change shows between two scans, and in no other interval. */
static void test_changes_by_scans(void **state)
{
	const struct nisv_rec_layout *rec, *last;
	struct layout before = {}, after = {};
	struct slot_history history = {};
	struct host host;

	(void)state;
	host_start(&host);
	set_slot(&host, 0, 0, PAGE, 0);
	last = scan(&host);
	assert_int_equal(layout_from_record(&before, last), 0);
	for (unsigned i = 0; i < N_EXPECTED; i++) {
		change(&host, i);
		rec = scan(&host);
		assert_int_equal(layout_from_record(&after, rec), 0);
		slot_history_compare(&history, &before, &after, last->hdr.time_ns,
				     rec->hdr.time_ns);
		assert_int_equal(history.n, i + 1);
		assert_true(history.list[i].from_ns == last->hdr.time_ns);
		assert_true(history.list[i].until_ns == rec->hdr.time_ns);
		assert_int_equal(layout_from_record(&before, rec), 0);
		last = rec;
	}
	check_changes(&history);
	assert_int_equal(before.n_slots, 1);
	slot_history_clear(&history);
	layout_clear(&before);
	layout_clear(&after);
	watch_assert_no_loss(&host.watch);
	host_stop(&host);
}

/* With it: each change has a record with its moment, and the map is current without a scan. */
static void test_changes_by_records(void **state)
{
	struct slot_history history = {};
	const struct nisv_rec_slot *rec;
	struct layout layout = {}, scanned = {};
	size_t from = 0, layouts = 0;
	struct host host;

	(void)state;
	host_start(&host);
	if (!capture_sees_slot_changes(host.watch.capture)) {
		host_stop(&host);
		print_message("SKIP: nothing tells of slot changes on this kernel\n");
		skip();
	}
	set_slot(&host, 0, 0, PAGE, 0);
	for (unsigned i = 0; i < N_EXPECTED; i++)
		change(&host, i);
	watch_take(&host.watch);
	/* The first one brought the VM and its map. */
	assert_non_null(watch_vm(&host.watch, getpid(), &from));
	assert_int_equal(layout_from_record(&layout, watch_layout(&host.watch, getpid(), &layouts)),
			 0);
	from = 0;
	rec = watch_slot(&host.watch, getpid(), &from);
	assert_non_null(rec);
	assert_int_equal(rec->after.id, 0);
	assert_int_equal(rec->before.id, -1);
	assert_true(rec->generation == layout.generation);
	while ((rec = watch_slot(&host.watch, getpid(), &from))) {
		slot_history_record(&history, rec);
		assert_int_equal(layout_apply(&layout, rec), 0);
		assert_int_equal(rec->hdr.tid, getpid());
	}
	check_changes(&history);
	for (size_t i = 1; i < history.n; i++)
		assert_true(history.list[i - 1].until_ns < history.list[i].from_ns);
	assert_int_equal(layout_from_record(&scanned, scan(&host)), 0);
	assert_true(layout_equal(&layout, &scanned));
	slot_history_clear(&history);
	layout_clear(&layout);
	layout_clear(&scanned);
	watch_assert_no_loss(&host.watch);
	host_stop(&host);
}

/* Whoever changes slots all the time is counted exactly and told a bounded number of times. */
static void test_changes_are_limited(void **state)
{
	const struct capture_options options = {.slots_per_second = 10};
	struct counters *counters;
	const struct nisv_rec_vm *vm;
	size_t from = 0, told = 0;
	struct host host;
	uint64_t changes;

	(void)state;
	host_start(&host);
	watch_stop(&host.watch);
	watch_start(&host.watch, &options);
	if (!capture_sees_slot_changes(host.watch.capture)) {
		host_stop(&host);
		print_message("SKIP: nothing tells of slot changes on this kernel\n");
		skip();
	}
	for (unsigned i = 0; i < 200; i++)
		set_slot(&host, 1, BASE, i % 2 ? 0 : PAGE, 0);
	watch_take(&host.watch);
	vm = watch_vm(&host.watch, getpid(), &from);
	assert_non_null(vm);
	from = 0;
	while (watch_slot(&host.watch, getpid(), &from))
		told++;
	assert_int_equal(counters_read(host.watch.capture, &counters), 0);
	changes = counters_find(counters, &vm->hdr.vm)->stat.slot_changes;
	assert_int_equal(changes, 200);
	assert_int_equal(told + counters_find(counters, &vm->hdr.vm)->stat.slot_changes_dropped,
			 changes);
	assert_true(told >= 10 && told < 200);
	counters_free(counters);
	watch_assert_no_loss(&host.watch);
	host_stop(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hundreds_of_slots),
		cmocka_unit_test(test_generation_moves_with_each_change),
		cmocka_unit_test(test_doorbells),
#if defined(__x86_64__)
		cmocka_unit_test(test_internal_slots),
#endif
#if defined(__aarch64__)
		cmocka_unit_test(test_properties),
		cmocka_unit_test(test_32bit),
#endif
		cmocka_unit_test(test_changes_by_scans),
		cmocka_unit_test(test_changes_by_records),
		cmocka_unit_test(test_changes_are_limited),
	};

	watch_require_host();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
