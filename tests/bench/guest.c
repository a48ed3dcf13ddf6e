/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/bench/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/guest_arch.h"

struct guest {
	const struct guest_kind *kind;
	int kvm, vm, vcpu, doorbell;
	void *memory;
	struct kvm_run *run;
	size_t run_size;
	unsigned long dirty[GUEST_MEMORY / 4096 / (8 * sizeof(long))];
};

static int fail(const char *what)
{
	int err = errno;

	fprintf(stderr, "bench: %s: %s\n", what, strerror(err));
	return -err;
}

static int set_memory(struct guest *guest)
{
	struct kvm_userspace_memory_region region = {
		.flags = guest->kind->dirty_log ? KVM_MEM_LOG_DIRTY_PAGES : 0,
		.guest_phys_addr = GUEST_BASE,
		.memory_size = GUEST_MEMORY,
	};

	guest->memory = mmap(NULL, GUEST_MEMORY, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (guest->memory == MAP_FAILED) {
		guest->memory = NULL;
		return fail("mmap");
	}
	region.userspace_addr = (uintptr_t)guest->memory;
	if (ioctl(guest->vm, KVM_SET_USER_MEMORY_REGION, &region) < 0)
		return fail("KVM_SET_USER_MEMORY_REGION");
	memcpy((char *)guest->memory + GUEST_ENTRY - GUEST_BASE, guest->kind->code,
	       guest->kind->code_size);
	return 0;
}

static int set_doorbells(struct guest *guest)
{
	guest->doorbell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (guest->doorbell < 0)
		return fail("eventfd");
	for (int i = 0; i < GUEST_PLACES; i++) {
		struct kvm_ioeventfd bell = {
			.addr = GUEST_MMIO + i * GUEST_STRIDE,
			.len = 4,
			.fd = guest->doorbell,
		};

		if (ioctl(guest->vm, KVM_IOEVENTFD, &bell) < 0)
			return fail("KVM_IOEVENTFD");
	}
	return 0;
}

static int set_vcpu(struct guest *guest)
{
	int size, r;

	guest->vcpu = ioctl(guest->vm, KVM_CREATE_VCPU, 0);
	if (guest->vcpu < 0)
		return fail("KVM_CREATE_VCPU");
	size = ioctl(guest->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (size < 0)
		return fail("KVM_GET_VCPU_MMAP_SIZE");
	guest->run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, guest->vcpu, 0);
	if (guest->run == MAP_FAILED) {
		guest->run = NULL;
		return fail("mmap of the vCPU");
	}
	guest->run_size = size;
	r = guest_arch_setup(guest->vm, guest->vcpu, guest->memory, guest->kind);
	return r < 0 ? fail("setting the vCPU's registers") : 0;
}

int guest_new(const struct guest_kind *kind, struct guest **ret)
{
	struct guest *guest = calloc(1, sizeof(*guest));
	int r;

	if (!guest)
		return -ENOMEM;
	guest->kind = kind;
	guest->vm = guest->vcpu = guest->doorbell = -1;
	guest->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	r = guest->kvm < 0 ? fail("/dev/kvm") : 0;
	if (r >= 0) {
		guest->vm = ioctl(guest->kvm, KVM_CREATE_VM, 0);
		r = guest->vm < 0 ? fail("KVM_CREATE_VM") : set_memory(guest);
	}
	if (r >= 0 && kind->doorbells)
		r = set_doorbells(guest);
	if (r >= 0)
		r = set_vcpu(guest);
	if (r < 0) {
		guest_free(guest);
		return r;
	}
	*ret = guest;
	return 0;
}

void guest_free(struct guest *guest)
{
	if (!guest)
		return;
	if (guest->run)
		munmap(guest->run, guest->run_size);
	for (int i = 0; i < 4; i++) {
		int fd = (int[]){guest->vcpu, guest->vm, guest->doorbell, guest->kvm}[i];

		if (fd >= 0)
			close(fd);
	}
	if (guest->memory)
		munmap(guest->memory, GUEST_MEMORY);
	free(guest);
}

static double thread_cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

/* Reading the log write-protects the pages again. */
static int protect(struct guest *guest)
{
	struct kvm_dirty_log log = {.dirty_bitmap = guest->dirty};

	return guest->kind->dirty_log && ioctl(guest->vm, KVM_GET_DIRTY_LOG, &log) < 0
		       ? fail("KVM_GET_DIRTY_LOG")
		       : 0;
}

double guest_slice(struct guest *guest)
{
	const struct guest_kind *kind = guest->kind;
	unsigned stops = kind->stops_each_turn ? kind->turns : 1;
	double began;

	if (protect(guest) < 0)
		return -1;
	began = thread_cpu_ns();
	while (stops) {
		if (ioctl(guest->vcpu, KVM_RUN, 0) < 0) {
			fail("KVM_RUN");
			return -1;
		}
		if (guest_arch_stopped(guest->run)) {
			stops--;
		} else if (guest->run->exit_reason != KVM_EXIT_MMIO) {
			fprintf(stderr, "bench: exit reason %u\n", guest->run->exit_reason);
			return -1;
		}
	}
	return (thread_cpu_ns() - began) / ((double)kind->turns * kind->per_turn);
}
