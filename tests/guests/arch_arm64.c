/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef __aarch64__

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

#include "arch.h"
#include "fail.h"
#include "run.h"

/* Register ids: asm/kvm.h; the encodings of system registers: Arm ARM, their op0..op2 tables. */
#define CORE_REG(field) \
	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(field))
#define REG_PC	     CORE_REG(regs.pc)
#define REG_X(n)     (CORE_REG(regs.regs[0]) + (n) * (sizeof(__u64) / sizeof(__u32)))
#define REG_ELR_EL1  CORE_REG(elr_el1)
#define REG_VBAR_EL1 ARM64_SYS_REG(3, 0, 12, 0, 0)
#define REG_ESR_EL1  ARM64_SYS_REG(3, 0, 5, 2, 0)
#define REG_FAR_EL1  ARM64_SYS_REG(3, 0, 6, 0, 0)

/* ESR_ELx: exception class and the immediate of BRK, Arm ARM "ESR_EL2". */
#define ESR_EC(esr)  ((esr) >> 26 & 0x3f)
#define ESR_IMM(esr) ((esr)&0xffff)
#define EC_BRK64     0x3c

/* Where the vectors go: behind the program, before the page tables that MMU guests build. */
#define VECTORS_OFFSET 0x10000

#define VGIC_IRQS 64

static uint64_t reg_get(struct vcpu *vcpu, uint64_t id)
{
	uint64_t value = 0;
	struct kvm_one_reg reg = {.id = id, .addr = (uintptr_t)&value};

	if (ioctl(vcpu->fd, KVM_GET_ONE_REG, &reg))
		fail(EXIT_SETUP, "cannot read register %#llx: %s", (unsigned long long)id,
		     strerror(errno));
	return value;
}

static void reg_set(struct vcpu *vcpu, uint64_t id, uint64_t value)
{
	struct kvm_one_reg reg = {.id = id, .addr = (uintptr_t)&value};

	if (ioctl(vcpu->fd, KVM_SET_ONE_REG, &reg))
		fail(EXIT_SETUP, "cannot set register %#llx: %s", (unsigned long long)id,
		     strerror(errno));
}

static void device_attribute_set(int fd, uint32_t group, uint64_t attribute, const void *value)
{
	struct kvm_device_attr attr = {
		.group = group,
		.attr = attribute,
		.addr = (uintptr_t)value,
	};

	if (ioctl(fd, KVM_SET_DEVICE_ATTR, &attr))
		fail(EXIT_SETUP, "the vGIC: KVM refuses attribute %u.%llu: %s (addresses aligned?)",
		     group, (unsigned long long)attribute, strerror(errno));
}

static void device_place(int fd, uint64_t type, uint64_t address)
{
	device_attribute_set(fd, KVM_DEV_ARM_VGIC_GRP_ADDR, type, &address);
}

static int device_create(struct vm *vm, uint32_t type)
{
	struct kvm_create_device device = {.type = type};

	if (ioctl(vm->fd, KVM_CREATE_DEVICE, &device))
		fail(EXIT_UNSUPPORTED, "this host cannot do that vGIC: %s", strerror(errno));
	return device.fd;
}

/* Count, base, index: KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION in devices/arm-vgic-v3.rst. */
static void redists_place(struct vm *vm)
{
	const struct options *o = vm->options;

	for (uint64_t i = 0; i < o->n_redists; i++)
		device_place(vm->vgic_fd, KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION,
			     (uint64_t)o->redists[i].count << 52 | o->redists[i].address | i);
	if (!o->n_redists)
		device_place(vm->vgic_fd, KVM_VGIC_V3_ADDR_TYPE_REDIST, o->vgic_cpu);
}

/* The order of Documentation/virt/kvm/devices/arm-vgic-v3.rst: create, addresses, vCPUs, init. */
void arch_vm_prepare(struct vm *vm)
{
	const struct options *o = vm->options;
	struct kvm_enable_cap cap = {.cap = KVM_CAP_ARM_NISV_TO_USER};

	if (o->nisv_cap && ioctl(vm->fd, KVM_ENABLE_CAP, &cap))
		fail(EXIT_UNSUPPORTED, "no KVM_CAP_ARM_NISV_TO_USER: %s", strerror(errno));
	if (o->vgic == VGIC_V3) {
		vm->vgic_fd = device_create(vm, KVM_DEV_TYPE_ARM_VGIC_V3);
		device_place(vm->vgic_fd, KVM_VGIC_V3_ADDR_TYPE_DIST, o->vgic_dist);
		redists_place(vm);
	} else if (o->vgic == VGIC_V2) {
		vm->vgic_fd = device_create(vm, KVM_DEV_TYPE_ARM_VGIC_V2);
		device_place(vm->vgic_fd, KVM_VGIC_V2_ADDR_TYPE_DIST, o->vgic_dist);
		device_place(vm->vgic_fd, KVM_VGIC_V2_ADDR_TYPE_CPU, o->vgic_cpu);
	}
	if (o->has_its) {
		vm->its_fd = device_create(vm, KVM_DEV_TYPE_ARM_VGIC_ITS);
		device_place(vm->its_fd, KVM_VGIC_ITS_ADDR_TYPE, o->its);
	}
}

static uint64_t vectors_load(struct vm *vm)
{
	uint64_t address = vm->entry + VECTORS_OFFSET;
	uint8_t *memory;

	if (!vm->options->vectors)
		return 0;
	memory = vm_memory(vm, address, GUEST_VECTORS_SIZE);
	if (!memory)
		fail(EXIT_USAGE,
		     "no room for the vectors at %#llx: make the slot larger, or say "
		     "--vectors none",
		     (unsigned long long)address);
	memcpy(memory, vm->options->vectors, GUEST_VECTORS_SIZE);
	return address;
}

static void vcpu_start_set(struct vcpu *vcpu, uint64_t vectors)
{
	const struct vm *vm = vcpu->vm;
	const struct options *o = vm->options;
	struct kvm_guest_debug debug = {
		.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP,
	};
	struct kvm_vcpu_init init;
	int sve = KVM_ARM_VCPU_SVE;

	if (ioctl(vm->fd, KVM_ARM_PREFERRED_TARGET, &init))
		fail(EXIT_SETUP, "KVM_ARM_PREFERRED_TARGET: %s", strerror(errno));
	init.features[0] |= 1u << KVM_ARM_VCPU_PSCI_0_2;
	if (o->is_32bit)
		init.features[0] |= 1u << KVM_ARM_VCPU_EL1_32BIT;
	if (o->has_pauth)
		init.features[0] |=
			1u << KVM_ARM_VCPU_PTRAUTH_ADDRESS | 1u << KVM_ARM_VCPU_PTRAUTH_GENERIC;
	if (o->has_sve)
		init.features[0] |= 1u << KVM_ARM_VCPU_SVE;
	if (ioctl(vcpu->fd, KVM_ARM_VCPU_INIT, &init))
		fail(o->is_32bit || o->has_pauth || o->has_sve ? EXIT_UNSUPPORTED : EXIT_SETUP,
		     "KVM_ARM_VCPU_INIT: %s", strerror(errno));
	if (o->has_sve && ioctl(vcpu->fd, KVM_ARM_VCPU_FINALIZE, &sve))
		fail(EXIT_SETUP, "KVM_ARM_VCPU_FINALIZE: %s", strerror(errno));
	if (ioctl(vcpu->fd, KVM_SET_GUEST_DEBUG, &debug))
		fail(EXIT_SETUP, "KVM_SET_GUEST_DEBUG: %s", strerror(errno));
	reg_set(vcpu, REG_PC, vm->entry);
	reg_set(vcpu, REG_VBAR_EL1, vectors);
	for (unsigned int i = 0; i < MAX_ARGS; i++)
		reg_set(vcpu, REG_X(i),
			o->args[i] + vm->index * o->vm_step[i] + vcpu->index * o->vcpu_step[i]);
}

void arch_vm_finish(struct vm *vm)
{
	uint64_t vectors = vectors_load(vm);
	uint32_t irqs = VGIC_IRQS;

	for (unsigned int i = 0; i < vm->n_vcpus; i++)
		vcpu_start_set(&vm->vcpus[i], vectors);
	if (vm->vgic_fd < 0)
		return;
	device_attribute_set(vm->vgic_fd, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &irqs);
	device_attribute_set(vm->vgic_fd, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT,
			     NULL);
	if (vm->its_fd >= 0)
		device_attribute_set(vm->its_fd, KVM_DEV_ARM_VGIC_GRP_CTRL,
				     KVM_DEV_ARM_VGIC_CTRL_INIT, NULL);
}

uint64_t arch_entry_offset(uint64_t slot_size)
{
	return slot_size >= 0x100000 ? 0x80000 : 0;
}

uint64_t arch_pc_get(struct vcpu *vcpu)
{
	return reg_get(vcpu, REG_PC);
}

void arch_instruction_skip(struct vcpu *vcpu)
{
	reg_set(vcpu, REG_PC, reg_get(vcpu, REG_PC) + 4);
}

void arch_abort_inject(struct vcpu *vcpu)
{
	struct kvm_vcpu_events events = {.exception.ext_dabt_pending = 1};

	if (ioctl(vcpu->fd, KVM_SET_VCPU_EVENTS, &events))
		fail(EXIT_UNSUPPORTED, "cannot inject an abort: %s", strerror(errno));
}

bool arch_exit_handle(struct vcpu *vcpu)
{
	struct stats *stats = &vcpu->stats;
	uint64_t esr = vcpu->run->debug.arch.hsr;

	if (vcpu->run->exit_reason != KVM_EXIT_DEBUG || ESR_EC(esr) != EC_BRK64)
		return false;
	switch (ESR_IMM(esr)) {
	case GUEST_CALL_SYNC:
		arch_instruction_skip(vcpu);
		vcpu_sync(vcpu);
		return true;
	case GUEST_CALL_DONE:
		stats->done++;
		break;
	case GUEST_CALL_UNSUPPORTED:
		stats->unsupported++;
		break;
	case GUEST_CALL_EXCEPTION:
		stats->exceptions++;
		stats->exception.esr = reg_get(vcpu, REG_ESR_EL1);
		stats->exception.far = reg_get(vcpu, REG_FAR_EL1);
		stats->exception.elr = reg_get(vcpu, REG_ELR_EL1);
		break;
	default:
		return false;
	}
	vcpu->state = VCPU_DONE;
	return true;
}

#endif
