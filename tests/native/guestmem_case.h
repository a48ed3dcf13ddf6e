/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_GUESTMEM_CASE_H
#define NISVD_TESTS_GUESTMEM_CASE_H

/*
 * A VM whose VMM is this process: what is read is a process's memory, with or without a VM around
 * it. Its RAM is there one page at a time.
 */

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/edge/guestmem.h"
#include "daemon/edge/procfs.h"

#define MIB	 (1ULL << 20)
#define RAM	 0x40000000ULL
#define RAM_SIZE (640 * MIB)
#define PAGE	 4096ULL
#define BAR	 0x8000000000ULL

static struct {
	struct vm vm;
	struct nisv_slot slots[2];
	struct backing backings[2];
	unsigned char *ram; /* what slot 0 maps */
	struct guestmem *memory;
	char reason[128];
} t;

static inline int setup(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	t.ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_true(t.ram != MAP_FAILED);
	/* One page present at a time. */
	assert_int_equal(madvise(t.ram, RAM_SIZE, MADV_NOHUGEPAGE), 0);
	t.slots[0] = (struct nisv_slot){.gpa = RAM, .size = RAM_SIZE, .hva = (uintptr_t)t.ram};
	t.slots[1] = (struct nisv_slot){.gpa = BAR, .size = 2 * MIB, .id = 1};
	t.backings[0] = (struct backing){.kind = BACKING_ANONYMOUS};
	t.backings[1] = (struct backing){.slot_id = 1, .kind = BACKING_VFIO};
	t.vm.tgid = (uint32_t)getpid();
	assert_int_equal(procfs_start_ns(t.vm.tgid, &t.vm.start_ns), 0);
	t.vm.layout =
		(struct layout){.known = true, .slots = t.slots, .n_slots = 2, .total_slots = 2};
	t.vm.backings = (struct backings){.list = t.backings, .n = 2, .read_ns = 1};
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	guestmem_close(t.memory);
	munmap(t.ram, RAM_SIZE);
	return 0;
}

static inline int try_open(void)
{
	t.memory = guestmem_close(t.memory);
	return guestmem_open(&t.vm, &t.memory, t.reason, sizeof(t.reason));
}

static inline size_t pages_present(void)
{
	static uint64_t entries[RAM_SIZE / PAGE];
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	size_t n = 0, step = (size_t)sysconf(_SC_PAGESIZE);

	assert_true(fd >= 0);
	assert_true(pread(fd, entries, RAM_SIZE / step * 8, (off_t)((uintptr_t)t.ram / step * 8)) >
		    0);
	close(fd);
	for (size_t i = 0; i < RAM_SIZE / step; i++)
		n += entries[i] >> 63;
	return n;
}

#endif
