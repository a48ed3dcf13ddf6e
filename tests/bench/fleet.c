/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fleet.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/edge/log.h"

#define PAGE	  0x10000UL /* the largest page of a host */
#define MAX_SLOTS 500

/* The files of a VM are all there is of it: closed, it is gone. */
struct fleet {
	unsigned int n;
	int (*fds)[2];
	char *memory;
};

static int make_slots(int vm, const char *memory, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		const struct kvm_userspace_memory_region region = {
			.slot = i,
			.guest_phys_addr = 0x40000000UL + 2 * i * PAGE,
			.memory_size = PAGE,
			.userspace_addr = (uintptr_t)memory + i * PAGE,
		};

		if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region) < 0)
			return -errno;
	}
	return 0;
}

static int make_vm(struct fleet *fleet, int kvm, unsigned int slots)
{
	int *fds = fleet->fds[fleet->n];
	int r;

	fds[0] = ioctl(kvm, KVM_CREATE_VM, 0);
	if (fds[0] < 0)
		return -errno;
	r = make_slots(fds[0], fleet->memory, slots);
	fds[1] = r < 0 ? -1 : ioctl(fds[0], KVM_CREATE_VCPU, 0);
	if (fds[1] < 0) {
		r = r < 0 ? r : -errno;
		close(fds[0]);
		return r;
	}
	fleet->n++;
	return 0;
}

/* Two descriptors for each VM. */
static void allow_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int make_all(struct fleet *fleet, unsigned int vms, unsigned int slots)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), r = 0;

	if (kvm < 0)
		return -errno;
	fleet->fds = calloc(vms + 1, sizeof(*fleet->fds));
	fleet->memory = mmap(NULL, MAX_SLOTS * PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (fleet->memory == MAP_FAILED)
		fleet->memory = NULL;
	if (!fleet->fds || !fleet->memory)
		r = -ENOMEM;
	for (unsigned int i = 0; r >= 0 && i < vms; i++)
		r = make_vm(fleet, kvm, slots);
	close(kvm);
	return r;
}

int fleet_new(unsigned int vms, unsigned int slots, struct fleet **ret)
{
	struct fleet *fleet = calloc(1, sizeof(*fleet));
	int r = -ENOMEM;

	allow_files();
	if (fleet && slots <= MAX_SLOTS)
		r = make_all(fleet, vms, slots);
	if (r < 0) {
		fleet_free(fleet);
		return log_error_errno(-r, "Cannot make %u VMs of %u slots", vms, slots);
	}
	*ret = fleet;
	return 0;
}

void fleet_free(struct fleet *fleet)
{
	if (!fleet)
		return;
	for (unsigned int i = 0; i < fleet->n; i++) {
		close(fleet->fds[i][1]);
		close(fleet->fds[i][0]);
	}
	if (fleet->memory)
		munmap(fleet->memory, MAX_SLOTS * PAGE);
	free(fleet->fds);
	free(fleet);
}
