/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "walk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "daemon/edge/capture.h"
#include "daemon/edge/discover.h"
#include "daemon/edge/log.h"

#define PAGE	  0x10000UL /* the largest page of a host */
#define MAX_SLOTS 500

struct walk walks[] = {
	{.name = "no VM of ours"},
	{.name = "one VM, 5 slots", .vms = 1, .slots = 5},
	{.name = "one VM, 500 slots", .vms = 1, .slots = 500},
	{.name = "1,000 VMs, 5 slots each", .vms = 1000, .slots = 5},
};

const unsigned int n_walks = sizeof(walks) / sizeof(walks[0]);

/* ---- VMs ---- */

/* The files of a VM are all there is of it: closed, it is gone. */
struct vms {
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

static int make_vm(struct vms *vms, int kvm, unsigned int slots)
{
	int *fds = vms->fds[vms->n];
	int r;

	fds[0] = ioctl(kvm, KVM_CREATE_VM, 0);
	if (fds[0] < 0)
		return -errno;
	r = make_slots(fds[0], vms->memory, slots);
	fds[1] = r < 0 ? -1 : ioctl(fds[0], KVM_CREATE_VCPU, 0);
	if (fds[1] < 0) {
		r = r < 0 ? r : -errno;
		close(fds[0]);
		return r;
	}
	vms->n++;
	return 0;
}

static void vms_free(struct vms *vms)
{
	for (unsigned int i = 0; i < vms->n; i++) {
		close(vms->fds[i][1]);
		close(vms->fds[i][0]);
	}
	if (vms->memory)
		munmap(vms->memory, MAX_SLOTS * PAGE);
	free(vms->fds);
}

static int vms_make(struct vms *vms, const struct walk *walk)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), r = 0;

	*vms = (struct vms){};
	if (kvm < 0)
		return -errno;
	vms->fds = calloc(walk->vms + 1, sizeof(*vms->fds));
	vms->memory = mmap(NULL, MAX_SLOTS * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (vms->memory == MAP_FAILED)
		vms->memory = NULL;
	if (!vms->fds || !vms->memory)
		r = -ENOMEM;
	for (unsigned int i = 0; r >= 0 && i < walk->vms; i++)
		r = make_vm(vms, kvm, walk->slots);
	close(kvm);
	return r;
}

/* ---- scans ---- */

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int scan(struct capture *capture, struct walk *walk)
{
	struct discover_result found;
	double began = now_ms();
	int r = discover_run(capture, &found);

	if (r < 0)
		return r;
	sample_add(&walk->ms, now_ms() - began);
	if (found.n_keys < walk->vms)
		r = log_error_errno(ENODATA, "A scan found %zu VMs of %u", found.n_keys, walk->vms);
	discover_clear(&found);
	return r;
}

static int measure(struct capture *capture, struct walk *walk, unsigned int tries)
{
	struct vms vms;
	int r = vms_make(&vms, walk);

	if (r < 0)
		log_error_errno(r, "Cannot make the VMs of \"%s\"", walk->name);
	for (unsigned int i = 0; r >= 0 && i < tries; i++)
		r = scan(capture, walk);
	vms_free(&vms);
	return r;
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

int walks_measure(unsigned int tries)
{
	static const struct capture_options options = {.count_mmio = true};
	static const struct capture_ops ops;
	struct capture *capture;
	int r;

	allow_files();
	r = capture_new(&options, &ops, NULL, &capture);
	if (r < 0)
		return r;
	for (unsigned int i = 0; r >= 0 && i < n_walks; i++)
		r = measure(capture, &walks[i], tries);
	capture_free(capture);
	return r;
}
