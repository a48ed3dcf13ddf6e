/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Memory maps as the kernel has them against what was made with KVM's own calls, in this process:
 * hundreds of slots, KVM's own slots, doorbells. Slots that change: test_slot_changes.c.
 */

#include "tests/native/slots_case.h"

#include <sys/eventfd.h>

#include "daemon/core/layout.h"

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
	};

	watch_require_host();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
