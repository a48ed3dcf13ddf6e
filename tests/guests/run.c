/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "arch.h"
#include "crew.h"
#include "run.h"

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

void vcpu_console(struct vcpu *vcpu, uint64_t address, const uint8_t *data)
{
	const struct options *o = vcpu->vm->options;

	if (o->has_console && address == o->console) {
		putchar(data[0]);
		fflush(stdout);
	}
}

void vcpu_sync(struct vcpu *vcpu)
{
	const struct options *o = vcpu->vm->options;

	vcpu->stats.syncs++;
	if (o->has_dirty && !o->dirty_us)
		vm_dirty_log_clear(vcpu->vm, vm_slot_find(vcpu->vm, o->dirty_address));
	if (o->inject_at_sync)
		arch_abort_inject(vcpu);
}

/* Notes the first fault; with kind "nisv" run->arm_nisv tells more. */
static void fault_note(struct vcpu *vcpu, const char *kind)
{
	struct first_fault *first = &vcpu->stats.first;

	if (first->kind)
		return;
	*first = (struct first_fault){
		.kind = kind,
		.vcpu = vcpu->index,
		.pc = arch_pc_get(vcpu),
		.when_ns = now_ns(),
	};
	if (!strcmp(kind, "nisv")) {
		first->has_ipa = true;
		first->ipa = vcpu->run->arm_nisv.fault_ipa;
		first->esr_iss = vcpu->run->arm_nisv.esr_iss;
	}
}

static bool limit_reached(atomic_ullong *count, uint64_t limit)
{
	return limit && atomic_fetch_add(count, 1) + 1 >= limit;
}

static bool nisv_limit_reached(struct vm *vm)
{
	return limit_reached(&vm->nisv, vm->options->max_nisv);
}

static void react(struct vcpu *vcpu, enum reaction reaction, const char *message)
{
	switch (reaction) {
	case REACT_EXIT:
		vcpu->state = VCPU_DONE;
		if (message)
			crew_die(vcpu->vm->crew, message);
		break;
	case REACT_RERUN:
		break;
	case REACT_SKIP:
		arch_instruction_skip(vcpu);
		break;
	case REACT_INJECT:
		arch_abort_inject(vcpu);
		break;
	case REACT_PAUSE:
		vcpu->state = VCPU_PAUSED;
		break;
	}
}

static void errno_handle(struct vcpu *vcpu, int error)
{
	struct stats *stats = &vcpu->stats;
	char message[128];

	switch (error) {
	case EINTR:
		/* A kick: whoever set immediate_exit has set what the caller looks at before. */
		__atomic_store_n(&vcpu->run->immediate_exit, 0, __ATOMIC_RELAXED);
		stats->interrupted++;
		return;
	case ENOSYS:
		stats->enosys++;
		fault_note(vcpu, "enosys");
		if (nisv_limit_reached(vcpu->vm) && vcpu->vm->options->on_error != REACT_EXIT) {
			crew_stop_vm(vcpu->vm);
			return;
		}
		break;
	case EFAULT:
		stats->efault++;
		fault_note(vcpu, "efault");
		break;
	default:
		stats->other_errnos++;
		fault_note(vcpu, "errno");
	}
	snprintf(message, sizeof(message), "KVM_RUN failed: %s", strerror(error));
	react(vcpu, vcpu->vm->options->on_error, message);
}

static void mmio_handle(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	stats_mmio(&vcpu->stats, run->mmio.phys_addr, run->mmio.is_write);
	if (run->mmio.is_write)
		vcpu_console(vcpu, run->mmio.phys_addr, run->mmio.data);
	else
		memset(run->mmio.data, 0, sizeof(run->mmio.data));
}

static void exit_handle(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	struct stats *stats = &vcpu->stats;
	char message[128];

	switch (run->exit_reason) {
	case KVM_EXIT_MMIO:
		mmio_handle(vcpu);
		return;
	case KVM_EXIT_ARM_NISV:
		stats->nisv++;
		fault_note(vcpu, "nisv");
		if (nisv_limit_reached(vcpu->vm))
			crew_stop_vm(vcpu->vm);
		else
			react(vcpu, vcpu->vm->options->on_nisv, NULL);
		return;
	case KVM_EXIT_INTERNAL_ERROR:
		stats->internal_errors++;
		fault_note(vcpu, "internal_error");
		snprintf(message, sizeof(message), "KVM internal error, suberror %u",
			 run->internal.suberror);
		react(vcpu, vcpu->vm->options->on_error, message);
		return;
	}
	if (arch_exit_handle(vcpu))
		return;
	stats->reasons[run->exit_reason < MAX_REASONS ? run->exit_reason : 0]++;
	vcpu->state = VCPU_DONE;
	/* PSCI SYSTEM_OFF, a triple fault: the whole machine is off, KVM runs its other vCPUs no
	 * more. */
	if (run->exit_reason == KVM_EXIT_SYSTEM_EVENT || run->exit_reason == KVM_EXIT_SHUTDOWN)
		crew_stop_vm(vcpu->vm);
}

bool vcpu_step(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;

	if (vcpu->state != VCPU_RUNNABLE || vm->stop)
		return false;
	/*
	 * run->exit_reason is left alone between exits: KVM looks at it to complete an MMIO access,
	 * and would repeat the access if it were overwritten.
	 */
	int ret = ioctl(vcpu->fd, KVM_RUN, 0);

	vcpu->stats.exits++;
	if (ret < 0)
		errno_handle(vcpu, errno);
	else
		exit_handle(vcpu);
	if (limit_reached(&vm->exits, vm->options->max_exits))
		crew_stop_vm(vm);
	return vcpu->state == VCPU_RUNNABLE && !vm->stop;
}
