/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Slots that are not the VMM's memory alone, made by this machine's KVM: known for what they are.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/core/regions.h"
#include "daemon/edge/discover.h"
#include "tests/native/watch.h"

/* include/uapi/linux/kvm.h of Linux 6.8 and later: Debian 12 has no such header. */
struct create_memfd {
	uint64_t size, flags, reserved[6];
};

struct region2 {
	uint32_t slot, flags;
	uint64_t gpa, size, hva, memfd_offset;
	uint32_t memfd, pad1;
	uint64_t pad2[14];
};

#define CREATE_MEMFD _IOWR(KVMIO, 0xd4, struct create_memfd)
#define SET_REGION2  _IOW(KVMIO, 0x49, struct region2)

#define SIZE  0x10000UL
#define RAM   0x0UL
#define MEMFD 0x100000UL
#define TSS   0xfffbd000UL

static int add_memfd_slot(int vm, void *memory)
{
	struct create_memfd create = {.size = SIZE};
	struct region2 region = {
		.slot = 1,
		.flags = NISV_SLOT_GUEST_MEMFD,
		.gpa = MEMFD,
		.size = SIZE,
		.hva = (uintptr_t)memory,
	};
	int fd = ioctl(vm, CREATE_MEMFD, &create);

	if (fd < 0)
		return -1;
	region.memfd = (uint32_t)fd;
	return ioctl(vm, SET_REGION2, &region);
}

static void scan(struct watch *watch, struct layout *ret)
{
	const struct nisv_rec_layout *rec;
	struct discover_result found;
	size_t from = 0;

	watch_start(watch, NULL);
	assert_int_equal(discover_run(watch->capture, &found), 0);
	discover_clear(&found);
	rec = watch_layout(watch, getpid(), &from);
	assert_non_null(rec);
	assert_int_equal(layout_from_record(ret, rec), 0);
}

static void test_slots(void **state)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm = ioctl(kvm, KVM_CREATE_VM, 0);
	void *memory =
		mmap(NULL, 2 * SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const struct kvm_userspace_memory_region ram = {
		.guest_phys_addr = RAM, .memory_size = SIZE, .userspace_addr = (uintptr_t)memory};
	struct layout layout = {};
	struct regions regions = {};
	const struct nisv_slot *slot;
	struct watch watch;
	bool has_tss = false;

	(void)state;
	assert_true(kvm >= 0 && vm >= 0 && memory != MAP_FAILED);
	assert_int_equal(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &ram), 0);
	if (add_memfd_slot(vm, (char *)memory + SIZE) < 0) {
		print_message("SKIP: this KVM has no guest_memfd for such a VM\n");
		skip();
	}
#if defined(__x86_64__)
	has_tss = ioctl(vm, KVM_SET_TSS_ADDR, TSS) == 0;
#endif
	scan(&watch, &layout);
	slot = layout_slot_at(&layout, MEMFD);
	assert_non_null(slot);
	assert_int_equal(slot->flags, NISV_SLOT_GUEST_MEMFD);
	assert_int_equal(layout_ram_bytes(&layout), 2 * SIZE);
	assert_int_equal(regions_build(&layout, NULL, NULL, &regions), 0);
	assert_string_equal(regions_at(&regions, MEMFD)->name, "RAM");
	assert_int_equal(regions_at(&regions, MEMFD)->class, REGION_RAM);
	assert_int_equal(regions_at(&regions, MEMFD + SIZE)->class, REGION_HOLE);
	/* Whether KVM makes slots of its own there is its CPU's affair. */
	slot = layout_slot_at(&layout, TSS);
	if (has_tss && slot) {
		assert_true(layout_slot_is_internal(&layout, slot));
		assert_string_equal(regions_at(&regions, TSS)->name, "KVM's own memory");
	}
	regions_clear(&regions);
	layout_clear(&layout);
	watch_stop(&watch);
	close(vm);
	close(kvm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_slots)};

	watch_require_host();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
