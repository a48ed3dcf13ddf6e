/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arch.h"
#include "daemon/edge/log.h"
#include "include/nisv_maps.h"

/* One place of nisvd's MMIO counters each. */
#define MMIO_STRIDE (1UL << NISV_PLACE_SHIFT)

#define CODE_ID 0
#define RAM_ID	1

struct machine {
	struct machine_setup setup;
	struct arch_vm arch;
	struct range range;
	uint32_t exit_reason;
	struct kvm_run *run;
	size_t run_size;
	uint8_t *ram;
	size_t ram_size;
	uint64_t *dirty; /* one bit per page of ram */
	int eventfd;
	unsigned int failures;
};

static int slot_add(struct machine *m, uint32_t id, uint64_t address, size_t size, uint32_t flags,
		    uint8_t **ret)
{
	struct kvm_userspace_memory_region region = {
		.slot = id,
		.flags = flags,
		.guest_phys_addr = address,
		.memory_size = size,
	};
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return log_error_errno(errno, "No memory for the guest");
	/* With dirty logging KVM maps small pages; so does the host, that all faults are alike. */
	madvise(memory, size, MADV_NOHUGEPAGE);
	memset(memory, 0, size);
	*ret = memory;
	region.userspace_addr = (uintptr_t)memory;
	if (ioctl(m->arch.vm_fd, KVM_SET_USER_MEMORY_REGION, &region))
		return log_error_errno(errno, "KVM refuses a memory slot");
	return 0;
}

static int ram_add(struct machine *m)
{
	m->ram_size = m->setup.places * m->range.stride;
	m->dirty = calloc((m->setup.places + 63) / 64, sizeof(*m->dirty));
	if (!m->dirty)
		return log_error_errno(ENOMEM, "No memory for the dirty log");
	return slot_add(m, RAM_ID, RAM_SLOT, m->ram_size, KVM_MEM_LOG_DIRTY_PAGES, &m->ram);
}

/* One event for all places: nobody waits for it, KVM only adds to it. */
static int ioeventfds_add(struct machine *m)
{
	m->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (m->eventfd < 0)
		return log_error_errno(errno, "No eventfd");
	for (unsigned int i = 0; i < m->setup.places; i++) {
		struct kvm_ioeventfd args = {
			.fd = m->eventfd,
			.addr = MMIO_BASE + i * m->range.stride,
			.len = 4,
		};

		if (ioctl(m->arch.vm_fd, KVM_IOEVENTFD, &args))
			return log_error_errno(errno, "KVM refuses ioeventfd %u", i);
	}
	return 0;
}

static int vm_create(struct machine *m)
{
	int r;

	m->arch.kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (m->arch.kvm_fd < 0)
		return log_error_errno(errno, "Cannot open /dev/kvm (is KVM there, may you use "
					      "it?)");
	m->arch.vm_fd = ioctl(m->arch.kvm_fd, KVM_CREATE_VM, 0);
	if (m->arch.vm_fd < 0)
		return log_error_errno(errno, "KVM_CREATE_VM");
	r = arch_vm_prepare(&m->arch, m->setup.program);
	if (r >= 0)
		r = slot_add(m, CODE_ID, CODE_SLOT, CODE_SIZE, 0, &m->arch.code);
	if (r >= 0 && m->setup.ram)
		r = ram_add(m);
	if (r >= 0 && m->setup.ioeventfds)
		r = ioeventfds_add(m);
	return r;
}

static int vcpu_create(struct machine *m)
{
	void *run;

	m->arch.vcpu_fd = ioctl(m->arch.vm_fd, KVM_CREATE_VCPU, 0);
	if (m->arch.vcpu_fd < 0)
		return log_error_errno(errno, "KVM_CREATE_VCPU");
	m->run_size = ioctl(m->arch.kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	run = mmap(NULL, m->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, m->arch.vcpu_fd, 0);
	if (run == MAP_FAILED)
		return log_error_errno(errno, "Cannot map kvm_run");
	m->run = run;
	return arch_vcpu_start(&m->arch, &m->setup, &m->range);
}

int machine_new(const struct machine_setup *setup, struct machine **ret)
{
	int exit_reason = arch_exit_reason(setup->program);
	struct machine *m;
	int r;

	if (exit_reason < 0)
		return exit_reason;
	m = calloc(1, sizeof(*m));
	if (!m)
		return log_error_errno(ENOMEM, "No memory for a VM");
	m->setup = *setup;
	m->exit_reason = exit_reason;
	m->range.base = setup->ram ? RAM_SLOT : MMIO_BASE;
	m->range.stride = setup->ram ? (uint64_t)sysconf(_SC_PAGESIZE) : MMIO_STRIDE;
	m->eventfd = m->arch.kvm_fd = m->arch.vm_fd = m->arch.vcpu_fd = -1;
	r = vm_create(m);
	if (r >= 0) {
		arch_program_write(&m->arch, &m->setup, &m->range);
		r = vcpu_create(m);
	}
	if (r < 0) {
		machine_free(m);
		return r;
	}
	*ret = m;
	return 0;
}

static void fd_close(int fd)
{
	if (fd >= 0)
		close(fd);
}

void machine_free(struct machine *m)
{
	if (!m)
		return;
	if (m->run)
		munmap(m->run, m->run_size);
	fd_close(m->arch.vcpu_fd);
	fd_close(m->arch.vm_fd);
	fd_close(m->arch.kvm_fd);
	fd_close(m->eventfd);
	if (m->arch.code)
		munmap(m->arch.code, CODE_SIZE);
	if (m->ram)
		munmap(m->ram, m->ram_size);
	free(m->dirty);
	free(m);
}

int machine_run(struct machine *m)
{
	int r = 0;

	if (m->setup.elsewhere)
		r = arch_failure_move(&m->arch, m->failures++ % PROGRAM_MAX_RUN, &m->range);
	if (r < 0)
		return r;
	if (ioctl(m->arch.vcpu_fd, KVM_RUN, 0) < 0)
		return log_error_errno(errno, "KVM_RUN");
	if (m->run->exit_reason != m->exit_reason)
		return log_error_errno(EPROTO, "The guest exits with reason %u, not %u",
				       m->run->exit_reason, m->exit_reason);
	return 0;
}

/* KVM_GET_DIRTY_LOG write-protects the pages that it reports. */
int machine_protect(struct machine *m)
{
	struct kvm_dirty_log log = {.slot = RAM_ID, .dirty_bitmap = m->dirty};

	if (ioctl(m->arch.vm_fd, KVM_GET_DIRTY_LOG, &log))
		return log_error_errno(errno, "KVM_GET_DIRTY_LOG");
	return 0;
}

int machine_fd(const struct machine *m)
{
	return m->arch.vm_fd;
}
