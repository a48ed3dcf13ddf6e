/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_SLOTS_CASE_H
#define NISVD_TESTS_SLOTS_CASE_H

/* A VM of this process, made with KVM's own calls, and its memory map as a scan of nisvd shows it.
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
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

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

static inline void host_start(struct host *host)
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

static inline void host_stop(struct host *host)
{
	watch_stop(&host->watch);
	munmap(host->memory, ALL_SLOTS * PAGE);
	close(host->vm);
	close(host->kvm);
}

static inline uint64_t gpa_of(unsigned id)
{
	/* Neither ascending nor adjoining: 619 and ALL_SLOTS have no common divisor. */
	return BASE + (uint64_t)(id * 619 % ALL_SLOTS) * 2 * PAGE;
}

static inline int try_slot(const struct host *host, unsigned id, uint64_t gpa, uint64_t size,
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

static inline void set_slot(const struct host *host, unsigned id, uint64_t gpa, uint64_t size,
			    uint32_t flags)
{
	assert_int_equal(try_slot(host, id, gpa, size, flags), 0);
}

/* The map of the only VM of this process, as a scan shows it. */
static inline const struct nisv_rec_layout *scan(struct host *host)
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

#endif
