/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Reading a guest's memory through its VMM, and finding in it what the guest believes. The VMM is
 * this process, or a child: what is read is a process's memory, with or without a VM around it.
 */

#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/edge/guestfind.h"
#include "daemon/edge/procfs.h"
#include "tests/unit/tree.h"

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

static int setup(void **state)
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

static int teardown(void **state)
{
	(void)state;
	guestmem_close(t.memory);
	munmap(t.ram, RAM_SIZE);
	return 0;
}

static int try_open(void)
{
	t.memory = guestmem_close(t.memory);
	return guestmem_open(&t.vm, &t.memory, t.reason, sizeof(t.reason));
}

static size_t pages_present(void)
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

static void present_memory_is_read(void **state)
{
	char text[16];

	(void)state;
	assert_int_equal(try_open(), 0);
	memcpy(t.ram + 2 * PAGE - 4, "across a page", 14);
	assert_int_equal(guestmem_read(t.memory, RAM + 2 * PAGE - 4, text, 14), 0);
	assert_string_equal(text, "across a page");
	memcpy(t.ram + RAM_SIZE - 8, "the end", 8);
	assert_int_equal(guestmem_read(t.memory, RAM + RAM_SIZE - 8, text, 8), 0);
	assert_string_equal(text, "the end");
	/* Past the end, below the beginning, in no slot, nothing, and more than there is. */
	assert_int_equal(guestmem_read(t.memory, RAM + RAM_SIZE - 8, text, 9), -ENODATA);
	assert_int_equal(guestmem_read(t.memory, RAM - 1, text, 2), -ENODATA);
	assert_int_equal(guestmem_read(t.memory, 0, text, 1), -ENODATA);
	assert_int_equal(guestmem_read(t.memory, RAM, text, 0), -ENODATA);
	assert_int_equal(guestmem_read(t.memory, RAM, text, SIZE_MAX), -ENODATA);
	assert_int_equal(guestmem_read(t.memory, UINT64_MAX, text, 2), -ENODATA);
	assert_true(guestmem_is_current(t.memory));
}

static void absent_pages_stay_absent(void **state)
{
	uint64_t ipas[1500], words[1500];
	unsigned char buf[64];
	size_t before;

	(void)state;
	assert_int_equal(try_open(), 0);
	for (size_t i = 0; i < ARRAY_SIZE(ipas); i++) {
		ipas[i] = RAM + i * 3 * PAGE;
		if (i % 7 == 0)
			memcpy(t.ram + i * 3 * PAGE, &ipas[i], 8);
	}
	before = pages_present();
	assert_int_equal(before, (ARRAY_SIZE(ipas) + 6) / 7);
	assert_int_equal(guestmem_read(t.memory, RAM + PAGE, buf, sizeof(buf)), -ENODATA);
	/* One page there, the next one not. */
	assert_int_equal(guestmem_read(t.memory, RAM + PAGE - 8, buf, 16), -ENODATA);
	assert_int_equal(guestmem_read_words(t.memory, ipas, ARRAY_SIZE(ipas), words), 0);
	for (size_t i = 0; i < ARRAY_SIZE(ipas); i++)
		assert_true(words[i] == (i % 7 ? 0 : ipas[i]));
	assert_int_equal(pages_present(), before);
}

static void words_that_cannot_be_read_do_not_stop_the_others(void **state)
{
	uint64_t ipas[6], words[6];

	(void)state;
	assert_int_equal(try_open(), 0);
	for (size_t i = 0; i < 6; i++) {
		ipas[i] = RAM + i * 16 * PAGE;
		memcpy(t.ram + i * 16 * PAGE, &ipas[i], 8);
	}
	/* Present, and not to be read: as the VMM itself could not. */
	assert_int_equal(mprotect(t.ram + 2 * 16 * PAGE, 16 * PAGE, PROT_NONE), 0);
	assert_int_equal(mprotect(t.ram + 5 * 16 * PAGE, 16 * PAGE, PROT_NONE), 0);
	ipas[4] = 0x1000; /* in no slot */
	assert_int_equal(guestmem_read_words(t.memory, ipas, 6, words), 0);
	for (size_t i = 0; i < 6; i++)
		assert_true(words[i] == (i == 2 || i >= 4 ? 0 : ipas[i]));
	assert_int_equal(guestmem_read(t.memory, ipas[2], words, 8), -ENODATA);
}

/* By what is behind it: a slot of a device is never read, nor one that nobody knows. */
static void only_plain_memory_is_read(void **state)
{
	static const struct {
		enum backing_kind kind;
		uint32_t flags;
		uint16_t as_id;
		bool readable;
	} rows[] = {
		{BACKING_ANONYMOUS, 0, 0, true},
		{BACKING_MEMFD, NISV_SLOT_LOG_DIRTY, 0, true},
		{BACKING_HUGETLB, 0, 0, true},
		{BACKING_FILE, NISV_SLOT_READONLY, 0, true},
		{BACKING_UNKNOWN, 0, 0, false},
		{BACKING_NONE, 0, 0, false},
		{BACKING_VFIO, 0, 0, false},
		{BACKING_PFNMAP, 0, 0, false},
		{BACKING_MIXED, 0, 0, false},
		{BACKING_ANONYMOUS, NISV_SLOT_INVALID, 0, false},
		{BACKING_ANONYMOUS, NISV_SLOT_GUEST_MEMFD, 0, false},
		{BACKING_ANONYMOUS, 0, 1, false},
	};
	char c;

	(void)state;
	t.ram[0] = 'x';
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		t.backings[0].kind = rows[i].kind;
		t.backings[0].as_id = t.slots[0].as_id = rows[i].as_id;
		t.slots[0].flags = rows[i].flags;
		if (rows[i].readable) {
			assert_int_equal(try_open(), 0);
			assert_int_equal(guestmem_read(t.memory, RAM, &c, 1), 0);
			assert_int_equal(guestmem_read(t.memory, BAR, &c, 1), -ENODATA);
		} else {
			assert_int_equal(try_open(), -ENODATA);
			assert_contains(t.reason, "plain memory");
		}
	}
	t.vm.backings = (struct backings){.reason = "no backings today"};
	assert_int_equal(try_open(), -ENODATA);
	assert_string_equal(t.reason, "no backings today");
}

static pid_t start_child(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid)
		for (;;)
			pause();
	t.vm.tgid = (uint32_t)pid;
	assert_int_equal(procfs_start_ns(t.vm.tgid, &t.vm.start_ns), 0);
	return pid;
}

static void the_end_of_the_vmm_is_noticed(void **state)
{
	pid_t pid;
	char c;

	(void)state;
	t.ram[0] = 'x';
	pid = start_child();
	assert_int_equal(try_open(), 0);
	assert_int_equal(guestmem_read(t.memory, RAM, &c, 1), 0);
	assert_true(guestmem_is_current(t.memory));
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(guestmem_read(t.memory, RAM, &c, 1), -ESRCH);
	assert_false(guestmem_is_current(t.memory));
	assert_int_equal(try_open(), -ESRCH);
	assert_contains(t.reason, "ended");
}

static void another_process_of_its_number_is_not_read(void **state)
{
	(void)state;
	t.vm.start_ns -= 1000000000;
	assert_int_equal(try_open(), -ESRCH);
	t.vm.start_ns = 0; /* not known */
	assert_int_equal(try_open(), 0);
}

static void without_permission_it_says_what_is_needed(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	if (getuid() != 0)
		skip();
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		int r;

		/* The VMM, its parent, is root's. */
		if (setgid(65534) || setuid(65534))
			_exit(1);
		r = try_open();
		_exit(r == -EPERM && strstr(t.reason, "CAP_SYS_PTRACE") ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* ---- what the guest believes --------------------------------------------------------------- */

static struct tree tree;
static struct guest_view view;

/* Puts a tree for @ram bytes of RAM to @ipa. */
static size_t put_virt(uint64_t ipa, uint64_t ram)
{
	size_t len = tree_virt(&tree, 1, ram);

	memcpy(t.ram + (ipa - RAM), tree.blob, len);
	return len;
}

static void find(enum guest_state expected)
{
	size_t before = pages_present();

	assert_int_equal(try_open(), 0);
	guest_view_clear(&view);
	assert_int_equal(guestfind_tree(t.memory, &t.vm.layout, &view), 0);
	assert_int_equal(view.state, expected);
	assert_int_equal(pages_present(), before);
}

static void trees_are_found_wherever_they_are(void **state)
{
	static const uint64_t places[] = {
		RAM,				  /* Cloud Hypervisor */
		RAM + PAGE,			  /* libkrun */
		RAM + RAM_SIZE - 2 * MIB,	  /* Firecracker, crosvm */
		RAM + 254 * MIB,		  /* kvmtool */
		RAM + 128 * MIB,		  /* QEMU */
		RAM + 172 * MIB,		  /* QEMU, after its initrd */
		RAM + 17 * MIB + 5 * PAGE,	  /* by search */
		RAM + RAM_SIZE - 63 * MIB - PAGE, /* by search from the end */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		size_t len = put_virt(places[i], 0x12345000 + i);

		find(GUEST_FOUND);
		assert_int_equal(view.address, places[i]);
		assert_int_equal(view.bytes, len);
		assert_int_equal(view.ranges[view.n_ranges - 3].size, 0x12345000 + i);
		assert_int_equal(madvise(t.ram, RAM_SIZE, MADV_DONTNEED), 0);
	}
	find(GUEST_NOT_FOUND);
	assert_contains(view.reason, "no device tree");
}

/* QEMU's tree says it has 1 MiB, of which the most is room that may never have been touched. */
static void the_room_behind_a_tree_need_not_be_there(void **state)
{
	fdt32_t size = cpu_to_fdt32(1 << 20);

	(void)state;
	put_virt(RAM, RAM_SIZE);
	memcpy(t.ram + 4, &size, sizeof(size));
	find(GUEST_FOUND);
	assert_int_equal(view.bytes, 1 << 20);
}

static void the_tree_that_was_booted_from_is_preferred(void **state)
{
	size_t len;

	(void)state;
	/* A broken one where it is looked for first, a boot loader's without /chosen, a piece. */
	len = put_virt(RAM, RAM_SIZE);
	memset(t.ram + len - 300, 0xee, 100);
	tree_begin(&tree);
	tree_put(&tree, "#address-cells", 2);
	tree_put(&tree, "#size-cells", 2);
	tree_memory(&tree, "memory@40000000", RAM, 1 * MIB);
	len = tree_finish(&tree);
	memcpy(t.ram + 2 * MIB, tree.blob, len);
	tree_begin(&tree);
	tree_device(&tree, "fragment@0", "x", 0, 0);
	len = tree_finish(&tree);
	memcpy(t.ram + 4 * MIB, tree.blob, len);
	find(GUEST_FOUND);
	assert_int_equal(view.address, RAM + 2 * MIB);
	put_virt(RAM + 128 * MIB, RAM_SIZE);
	find(GUEST_FOUND);
	assert_int_equal(view.address, RAM + 128 * MIB);
}

static void a_broken_tree_is_told_and_a_piece_is_none(void **state)
{
	size_t len;

	(void)state;
	len = put_virt(RAM, RAM_SIZE);
	memset(t.ram + 56, 0xee, 16);
	find(GUEST_BAD);
	assert_int_equal(view.address, RAM);
	assert_contains(view.reason, "broken");
	memset(t.ram, 0, len);
	tree_begin(&tree);
	tree_device(&tree, "fragment@0", "x", 0, 0);
	len = tree_finish(&tree);
	memcpy(t.ram, tree.blob, len);
	find(GUEST_NOT_FOUND);
}

/* After some trees that are none the search ends: a good one behind them is not found any more. */
static void bait_is_bounded(void **state)
{
	size_t len = tree_virt(&tree, 1, RAM_SIZE);

	(void)state;
	memset(tree.blob + 56, 0xee, 16);
	for (uint64_t at = 0; at < 64 * MIB; at += 2 * PAGE)
		memcpy(t.ram + at, tree.blob, len);
	put_virt(RAM + 128 * MIB, RAM_SIZE);
	find(GUEST_BAD);
}

static void it_is_found_again_until_it_goes(void **state)
{
	struct guest_view again = {0};

	(void)state;
	put_virt(RAM + 128 * MIB, RAM_SIZE);
	find(GUEST_FOUND);
	put_virt(RAM + 128 * MIB, 2 * RAM_SIZE);
	assert_int_equal(guestfind_again(t.memory, &view, &again), 0);
	assert_int_equal(again.address, view.address);
	assert_int_equal(again.n_ranges, view.n_ranges);
	guest_view_clear(&again);
	t.ram[128 * MIB] = 0;
	assert_int_equal(guestfind_again(t.memory, &view, &again), -ENOENT);
}

static void put(uint64_t at, uint64_t value, size_t bytes)
{
	memcpy(t.ram + at, &value, bytes);
}

static void find_e820(enum guest_state expected)
{
	assert_int_equal(try_open(), 0);
	guest_view_clear(&view);
	assert_int_equal(guestfind_e820(t.memory, &view), 0);
	assert_int_equal(view.state, expected);
}

static void e820_is_found_by_both_ways_of_booting(void **state)
{
	struct guest_view again = {0};

	(void)state;
	t.slots[0].gpa = 0;
	find_e820(GUEST_NOT_FOUND);
	/* The header of a kernel image, before anyone filled it in. */
	memcpy(t.ram + 0x2000 + 0x202, "HdrS", 4);
	put(0x2000 + 0x1fe, 0xaa55, 2);
	find_e820(GUEST_NOT_FOUND);
	/* PVH: as Firecracker lays it out. */
	put(0x6000, 0x336ec578, 4);
	put(0x6004, 1, 4);
	put(0x6000 + 40, 0x8000, 8);
	put(0x6000 + 48, 1, 4);
	put(0x8000, 0x100000, 8);
	put(0x8008, RAM_SIZE, 8);
	put(0x8010, 1, 4);
	find_e820(GUEST_FOUND);
	assert_int_equal(view.address, 0x6000);
	assert_int_equal(view.n_ranges, 1);
	assert_int_equal(view.ranges[0].size, RAM_SIZE);
	assert_int_equal(guestfind_again(t.memory, &view, &again), 0);
	assert_int_equal(again.n_ranges, 1);
	guest_view_clear(&again);
	/* Boot parameters. */
	memcpy(t.ram + 0x7000 + 0x202, "HdrS", 4);
	put(0x7000 + 0x1fe, 0xaa55, 2);
	put(0x7000 + 0x1e8, 1, 1);
	put(0x7000 + 0x2d0, 0x100000, 8);
	put(0x7000 + 0x2d8, 2 * RAM_SIZE, 8);
	put(0x7000 + 0x2e0, 1, 4);
	find_e820(GUEST_FOUND);
	assert_int_equal(view.address, 0x7000);
	assert_int_equal(view.ranges[0].size, 2 * RAM_SIZE);
	assert_int_equal(guestfind_again(t.memory, &view, &again), 0);
	guest_view_clear(&again);
	guest_view_clear(&view);
}

static int clear_view(void **state)
{
	guest_view_clear(&view);
	return teardown(state);
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, clear_view)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		test(present_memory_is_read),
		test(absent_pages_stay_absent),
		test(words_that_cannot_be_read_do_not_stop_the_others),
		test(only_plain_memory_is_read),
		test(the_end_of_the_vmm_is_noticed),
		test(another_process_of_its_number_is_not_read),
		test(without_permission_it_says_what_is_needed),
		test(trees_are_found_wherever_they_are),
		test(the_room_behind_a_tree_need_not_be_there),
		test(the_tree_that_was_booted_from_is_preferred),
		test(a_broken_tree_is_told_and_a_piece_is_none),
		test(bait_is_bounded),
		test(it_is_found_again_until_it_goes),
		test(e820_is_found_by_both_ways_of_booting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
