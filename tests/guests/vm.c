/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arch.h"
#include "fail.h"
#include "vm.h"

int vm_slot_set(struct vm *vm, struct slot *slot, bool present)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot->id | (uint32_t)slot->option.smm << 16,
		.flags = slot->flags,
		.guest_phys_addr = slot->option.address,
		.memory_size = present ? slot->option.size : 0,
		.userspace_addr = (uintptr_t)slot->memory,
	};

	return ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region) ? -errno : 0;
}

struct slot *vm_slot_find(struct vm *vm, uint64_t address)
{
	for (unsigned int i = 0; i < vm->n_slots; i++) {
		struct slot *slot = &vm->slots[i];

		if (slot->memory && !slot->option.smm &&
		    address - slot->option.address < slot->option.size)
			return slot;
	}
	return NULL;
}

uint8_t *vm_memory(struct vm *vm, uint64_t address, uint64_t size)
{
	struct slot *slot = vm_slot_find(vm, address);
	uint64_t offset;

	if (!slot || slot->option.backing != BACKING_RAM)
		return NULL;
	offset = address - slot->option.address;
	return size <= slot->option.size - offset ? slot->memory + offset : NULL;
}

int vm_dirty_log_clear(struct vm *vm, struct slot *slot)
{
	/* One bit a page, in whole 64-bit words: KVM_GET_DIRTY_LOG in api.rst. */
	size_t words = (slot->option.size / 4096 + 63) / 64;
	uint64_t *bitmap = calloc(words, sizeof(*bitmap));
	struct kvm_dirty_log log = {.slot = slot->id, .dirty_bitmap = bitmap};
	int ret;

	if (!bitmap)
		return -ENOMEM;
	ret = ioctl(vm->fd, KVM_GET_DIRTY_LOG, &log) ? -errno : 0;
	free(bitmap);
	return ret;
}

int vm_slot_add(struct vm *vm, const struct slot_option *option, struct slot **ret)
{
	const struct options *o = vm->options;
	struct slot *slot = vm->slots;
	int error;

	while (slot < vm->slots + vm->n_slots && slot->memory)
		slot++;
	if (slot == vm->slots + sizeof(vm->slots) / sizeof(vm->slots[0]))
		return -ENOSPC;
	*slot = (struct slot){.option = *option, .id = slot - vm->slots};
	if (option->readonly)
		slot->flags |= KVM_MEM_READONLY;
	if (o->has_dirty && o->dirty_address - option->address < option->size)
		slot->flags |= KVM_MEM_LOG_DIRTY_PAGES;
	slot->memory = backing_map(option->backing, option->size);
	if (!slot->memory)
		return -errno;
	error = vm_slot_set(vm, slot, true);
	if (error < 0) {
		backing_unmap(option->backing, slot->memory, option->size);
		slot->memory = NULL;
		return error;
	}
	backing_spoil(option->backing, slot->memory, option->size);
	if (slot->id == vm->n_slots)
		vm->n_slots++;
	*ret = slot;
	return 0;
}

int vm_slot_remove(struct vm *vm, struct slot *slot)
{
	int ret = vm_slot_set(vm, slot, false);

	if (ret < 0)
		return ret;
	backing_unmap(slot->option.backing, slot->memory, slot->option.size);
	slot->memory = NULL;
	return 0;
}

/* As vm_slot_add(), for a VM that cannot do without the slot. */
static struct slot *slot_add(struct vm *vm, struct slot_option option)
{
	struct slot *slot;
	int ret;

	option.address += vm->index * vm->options->vm_slot_step;
	ret = vm_slot_add(vm, &option, &slot);
	if (ret < 0)
		fail(EXIT_SETUP, "no slot %#llx,%#llx: %s (whole pages, no overlap?)",
		     (unsigned long long)option.address, (unsigned long long)option.size,
		     strerror(-ret));
	return slot;
}

static void slots_add(struct vm *vm)
{
	const struct options *o = vm->options;
	bool has_smm = ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_MULTI_ADDRESS_SPACE) > 1;

	for (unsigned int i = 0; i < o->n_slots; i++) {
		if (o->slots[i].smm && !has_smm)
			fail(EXIT_UNSUPPORTED, "this kernel has no System Management Mode");
		slot_add(vm, o->slots[i]);
	}
	if (o->churn.size)
		vm->churn = slot_add(vm, o->churn);
	if (o->has_dirty && !vm_slot_find(vm, o->dirty_address))
		fail(EXIT_USAGE, "--dirty-log: no slot at %#llx",
		     (unsigned long long)o->dirty_address);
}

static void ioeventfds_add(struct vm *vm)
{
	const struct options *o = vm->options;

	for (unsigned int i = 0; i < o->n_ioeventfds; i++) {
		struct kvm_ioeventfd args = {
			.addr = o->ioeventfds[i].address,
			.len = o->ioeventfds[i].length,
		};

		vm->ioeventfds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		args.fd = vm->ioeventfds[i];
		if (args.fd < 0 || ioctl(vm->fd, KVM_IOEVENTFD, &args))
			fail(EXIT_SETUP, "no ioeventfd at %#llx: %s", (unsigned long long)args.addr,
			     strerror(errno));
	}
}

static void vcpus_add(struct vm *vm)
{
	for (unsigned int i = 0; i < vm->options->n_vcpus; i++) {
		struct vcpu *vcpu = &vm->vcpus[vm->n_vcpus++];

		vcpu->vm = vm;
		vcpu->index = i;
		vcpu->fd = ioctl(vm->fd, KVM_CREATE_VCPU, i);
		if (vcpu->fd < 0)
			fail(EXIT_SETUP, "no vCPU %u: %s", i, strerror(errno));
		vcpu->run =
			mmap(NULL, vm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
		if (vcpu->run == MAP_FAILED)
			fail(EXIT_SETUP, "no kvm_run of vCPU %u: %s", i, strerror(errno));
	}
}

/* The first slot that a program can be in decides where it goes. */
static uint64_t entry_default(struct vm *vm)
{
	for (unsigned int i = 0; i < vm->n_slots; i++) {
		const struct slot_option *slot = &vm->slots[i].option;

		if (!slot->readonly && slot->backing == BACKING_RAM)
			return slot->address + arch_entry_offset(slot->size);
	}
	fail(EXIT_USAGE, "no slot can hold the guest program: all are ro or without memory");
}

static void file_load(struct vm *vm, const char *name, uint64_t address)
{
	struct stat st;
	uint8_t *memory;
	int fd = open(name, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st))
		fail(EXIT_USAGE, "--load %s: %s", name, strerror(errno));
	memory = vm_memory(vm, address, st.st_size);
	if (!memory)
		fail(EXIT_USAGE, "--load %s: no slot holds its %lld bytes at %#llx", name,
		     (long long)st.st_size, (unsigned long long)address);
	for (off_t done = 0; done < st.st_size;) {
		ssize_t n = read(fd, memory + done, st.st_size - done);

		if (n <= 0)
			fail(EXIT_USAGE, "--load %s: cannot read it", name);
		done += n;
	}
	close(fd);
}

static void program_load(struct vm *vm)
{
	const struct options *o = vm->options;
	uint64_t address;

	if (!o->guest && !o->load_file)
		return;
	vm->entry = o->has_entry ? o->entry : entry_default(vm);
	if (o->load_file) {
		address = o->has_load_address ? o->load_address : vm->entry;
		file_load(vm, o->load_file, address);
		if (!o->has_entry)
			vm->entry = address;
	} else {
		size_t size = o->guest->end - o->guest->start;
		uint8_t *memory = vm_memory(vm, vm->entry, size);

		if (!memory)
			fail(EXIT_USAGE, "no slot holds the guest program at %#llx; see --entry",
			     (unsigned long long)vm->entry);
		memcpy(memory, o->guest->start, size);
	}
}

static void blobs_load(struct vm *vm)
{
	const struct options *o = vm->options;

	for (unsigned int i = 0; i < o->n_blobs; i++) {
		const struct blob *blob = &o->blobs[i];
		uint64_t address = blob->address + vm->index * o->vm_slot_step;
		uint8_t *memory = vm_memory(vm, address, blob->size);

		if (!memory)
			fail(EXIT_USAGE, "--blob %s: no slot holds its %zu bytes at %#llx",
			     blob->name, blob->size, (unsigned long long)address);
		memcpy(memory, blob->data, blob->size);
	}
}

struct vm *vm_new(const struct options *options, unsigned int index, unsigned int round)
{
	struct vm *vm = calloc(1, sizeof(*vm));

	if (!vm)
		fail(EXIT_SETUP, "out of memory for a VM");
	vm->options = options;
	vm->index = index;
	vm->round = round;
	vm->vgic_fd = -1;
	vm->its_fd = -1;
	vm->kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (vm->kvm_fd < 0)
		fail(EXIT_UNSUPPORTED, "cannot open /dev/kvm: %s (is KVM there, may you use it?)",
		     strerror(errno));
	vm->fd = ioctl(vm->kvm_fd, KVM_CREATE_VM, options->ipa_bits);
	if (vm->fd < 0)
		fail(EXIT_SETUP, "KVM_CREATE_VM: %s", strerror(errno));
	vm->run_size = ioctl(vm->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	arch_vm_prepare(vm);
	slots_add(vm);
	ioeventfds_add(vm);
	program_load(vm);
	blobs_load(vm);
	vcpus_add(vm);
	arch_vm_finish(vm);
	return vm;
}

void vm_free(struct vm *vm)
{
	if (!vm)
		return;
	for (unsigned int i = 0; i < vm->n_vcpus; i++) {
		munmap(vm->vcpus[i].run, vm->run_size);
		close(vm->vcpus[i].fd);
		stats_clear(&vm->vcpus[i].stats);
	}
	for (unsigned int i = 0; i < vm->options->n_ioeventfds; i++)
		close(vm->ioeventfds[i]);
	if (vm->its_fd >= 0)
		close(vm->its_fd);
	if (vm->vgic_fd >= 0)
		close(vm->vgic_fd);
	close(vm->fd);
	close(vm->kvm_fd);
	for (unsigned int i = 0; i < vm->n_slots; i++)
		if (vm->slots[i].memory)
			backing_unmap(vm->slots[i].option.backing, vm->slots[i].memory,
				      vm->slots[i].option.size);
	free(vm);
}
