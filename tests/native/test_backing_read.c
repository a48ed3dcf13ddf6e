/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What backing_read() says of this process's own mappings, which it made itself and so knows. */

#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/edge/backing_read.h"
#include "daemon/edge/procfs.h"
#include "tests/unit/unit.h"

#define SIZE   (1UL << 20)
#define PAGE   4096UL
#define GPA    0x40000000ULL
#define NOBODY 65534
#define SLOTS  16

static struct vm vm;
static struct nisv_slot slots[SLOTS];

static void *map(int protection, int flags, int fd)
{
	void *at = mmap(NULL, SIZE, protection, flags, fd, 0);

	assert_ptr_not_equal(at, MAP_FAILED);
	return at;
}

static struct nisv_slot *add(void *at)
{
	struct nisv_slot *slot = &slots[vm.layout.n_slots];

	assert_true(vm.layout.n_slots < SLOTS);
	*slot = (struct nisv_slot){.gpa = GPA + vm.layout.n_slots * SIZE,
				   .size = SIZE,
				   .hva = (uintptr_t)at,
				   .id = (int16_t)vm.layout.n_slots};
	vm.layout.n_slots++;
	return slot;
}

static int setup(void **state)
{
	(void)state;
	vm = (struct vm){.tgid = (uint32_t)getpid(), .layout = {.known = true, .slots = slots}};
	return procfs_start_ns(vm.tgid, &vm.start_ns);
}

static int teardown(void **state)
{
	(void)state;
	backings_clear(&vm.backings);
	return 0;
}

static void expect(const struct nisv_slot *slot, enum backing_kind kind, const char *permissions,
		   uint64_t covered)
{
	const struct backing *backing = backings_find(&vm.backings, slot);
	char came[4];

	if (!backing)
		fail_msg("nothing is known of slot %d: %s", slot->id, vm.backings.reason);
	snprintf(came, sizeof(came), "%c%c%c", backing->readable ? 'r' : '-',
		 backing->writable ? 'w' : '-', backing->shared ? 's' : 'p');
	assert_string_equal(backing_kind_name(backing->kind), backing_kind_name(kind));
	assert_string_equal(came, permissions);
	assert_int_equal(backing->covered_bytes, covered);
}

static void test_kinds(void **state)
{
	int memfd = memfd_create("guest ram", MFD_CLOEXEC), file = open("/proc/self/exe", O_RDONLY);
	const int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
	struct nisv_slot *slot[8];

	(void)state;
	assert_true(memfd >= 0 && file >= 0);
	assert_int_equal(ftruncate(memfd, SIZE), 0);
	slot[0] = add(map(PROT_READ | PROT_WRITE, anonymous, -1));
	slot[1] = add(map(PROT_READ | PROT_WRITE, MAP_SHARED, memfd));
	slot[2] = add(map(PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1));
	slot[3] = add(map(PROT_READ, MAP_PRIVATE, file));
	slot[4] = add(map(PROT_NONE, anonymous, -1));
	slot[5] = add(map(PROT_READ, anonymous, -1));
	slot[6] = add(map(PROT_READ, anonymous, -1));
	assert_int_equal(munmap((char *)(uintptr_t)slot[6]->hva + 3 * PAGE, 2 * PAGE), 0);
	slot[7] = add(map(PROT_READ, anonymous, -1));
	assert_int_equal(munmap((void *)(uintptr_t)slot[7]->hva, SIZE), 0);

	backing_read(&vm, 42);
	assert_string_equal(vm.backings.reason, "");
	assert_int_equal(vm.backings.read_ns, 42);
	assert_int_equal(vm.backings.n, 8);
	expect(slot[0], BACKING_ANONYMOUS, "rwp", SIZE);
	expect(slot[1], BACKING_MEMFD, "rws", SIZE);
	assert_contains(backings_find(&vm.backings, slot[1])->path, "guest ram");
	expect(slot[2], BACKING_MEMFD, "rws", SIZE);
	expect(slot[3], BACKING_FILE, "r-p", SIZE);
	expect(slot[4], BACKING_ANONYMOUS, "--p", SIZE);
	expect(slot[5], BACKING_ANONYMOUS, "r-p", SIZE);
	expect(slot[6], BACKING_ANONYMOUS, "r-p", SIZE - 2 * PAGE);
	assert_int_equal(backings_find(&vm.backings, slot[6])->gap, slot[6]->gpa + 3 * PAGE);
	expect(slot[7], BACKING_NONE, "--p", 0);
	assert_int_equal(backings_find(&vm.backings, slot[7])->gap, slot[7]->gpa);

	/* What changed is seen the next time. */
	assert_int_equal(mprotect((void *)(uintptr_t)slot[0]->hva, PAGE, PROT_READ), 0);
	backing_read(&vm, 43);
	expect(slot[0], BACKING_ANONYMOUS, "r-p", SIZE);
}

static void test_huge(void **state)
{
	void *at = mmap(NULL, 2UL << 20, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_NORESERVE, -1, 0);

	(void)state;
	if (at == MAP_FAILED)
		skip(); /* no huge pages of 2 MiB here */
	add(at);
	backing_read(&vm, 1);
	expect(&slots[0], BACKING_HUGETLB, "rwp", SIZE);
	munmap(at, 2UL << 20);
}

/* What may be a device by its name is looked at more closely, where little is resident. */
static void test_device(void **state)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), machine, vcpu;
	void *at;

	(void)state;
	if (kvm < 0)
		skip(); /* no KVM here */
	machine = ioctl(kvm, KVM_CREATE_VM, 0);
	vcpu = machine < 0 ? -1 : ioctl(machine, KVM_CREATE_VCPU, 0);
	if (vcpu < 0)
		skip(); /* no permission */
	at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	assert_ptr_not_equal(at, MAP_FAILED);
	add(at)->size = PAGE;
	backing_read(&vm, 1);
	expect(&slots[0], BACKING_PFNMAP, "rws", PAGE);
	assert_int_equal(backings_find(&vm.backings, &slots[0])->page_bytes, getpagesize());
	munmap(at, PAGE);
	close(vcpu);
	close(machine);
	close(kvm);
}

static void test_another_process(void **state)
{
	(void)state;
	add(map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1));
	vm.start_ns += 1000000000;
	backing_read(&vm, 1);
	assert_string_equal(vm.backings.reason, "the VMM has ended");
	assert_null(backings_find(&vm.backings, &slots[0]));
	/* Its start is not known: then nothing speaks against it. */
	vm.start_ns = 0;
	backing_read(&vm, 2);
	expect(&slots[0], BACKING_ANONYMOUS, "rwp", SIZE);
}

static void test_ended(void **state)
{
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(0);
	assert_true(pid > 0);
	add((void *)0x10000);
	vm.tgid = (uint32_t)pid;
	vm.start_ns = 0;
	/* First a zombie, then nothing at all. */
	assert_int_equal(waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED | WNOWAIT), 0);
	backing_read(&vm, 1);
	assert_string_equal(vm.backings.reason, "the VMM has ended");
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	backing_read(&vm, 2);
	assert_string_equal(vm.backings.reason, "the VMM has ended");
}

static void test_not_permitted(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip();
	add(map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1));
	pid = fork();
	if (pid == 0) {
		if (setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
			_exit(2);
		backing_read(&vm, 1);
		_exit(strstr(vm.backings.reason, "CAP_SYS_PTRACE") && !vm.backings.n ? 0 : 1);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_kinds),	    TEST(test_huge),  TEST(test_device),
		TEST(test_another_process), TEST(test_ended), TEST(test_not_permitted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
