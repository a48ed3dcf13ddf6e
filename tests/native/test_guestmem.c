/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Reading a guest's memory through its VMM, which may end, or not let us. */

#include "tests/native/guestmem_case.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

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

#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
