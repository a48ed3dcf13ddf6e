/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/capture_hooks.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "daemon/edge/log.h"

#define KPROBE_DEVICE "/sys/bus/event_source/devices/kprobe/type"

/* What one program is attached to, and what it is for. */
struct hook {
	const char *program; /* in bpf/nisvd.bpf.c */
	const char *event;   /* tracepoint or function */
	const char *gives;
	const char *how_to_get; /* where it is absent; "" if nothing is lost */
	bool required;
	bool shows_faults; /* false: counts and conveniences, no kind of fault depends on it */
};

static const char need_kprobes[] = "use a kernel with CONFIG_KPROBES and CONFIG_KPROBE_EVENTS";
static const char need_kvm[] = "load the kvm module, or use a kernel with KVM and tracepoints";

/*
 * In the order of attaching: what counts a fault first comes before what would count it later, and
 * MMIO before the exits that credit it to user space. A hook whose program is not in this
 * architecture's object is not listed.
 */
static const struct hook hooks[] = {
	{"on_mmio_nisv", "kvm_mmio_nisv",
	 "faults without a syndrome, when they happen (else: from kvm_guest_fault and the outcome)",
	 "", false, true},
	{"on_inject_dabt", "kvm_inject_dabt",
	 "table walks outside memory confirmed, accesses beyond the IPA limit (until Linux 6.16)",
	 need_kprobes, false, true},
	{"on_inject_pabt", "kvm_inject_pabt",
	 "instruction fetches outside memory confirmed (until Linux 6.16)", need_kprobes, false,
	 true},
	{"on_inject_sea", "kvm_inject_sea",
	 "what kvm_inject_dabt and kvm_inject_pabt give, in later kernels", need_kprobes, false,
	 true},
	{"on_inject_size_fault", "kvm_inject_size_fault", "accesses beyond the host's IPA limit",
	 need_kprobes, false, true},
	{"on_destroy_vm", "kvm_destroy_vm",
	 "the end of a VM at once (else: when the next scan misses it)", need_kprobes, false,
	 false},
	{"on_commit_slot", "kvm_arch_commit_memory_region",
	 "changes of memory slots when they happen, and new VMs at once (else: between two scans)",
	 need_kprobes, false, false},
	{"on_emulate_insn", "kvm_emulate_insn", "instructions that KVM cannot emulate", need_kvm,
	 true, true},
	{"on_guest_fault", "kvm_guest_fault",
	 "instruction fetches and table walks outside memory, the memory map at a fault", need_kvm,
	 true, true},
	{"on_mmio", "kvm_mmio", "MMIO counts by place", "set CountMMIO=yes", false, false},
	{"on_userspace_exit", "kvm_userspace_exit", "outcomes, and MMIO served by user space",
	 need_kvm, true, true},
};

_Static_assert(sizeof(hooks) / sizeof(hooks[0]) == CAPTURE_HOOKS, "a link for each hook");

struct capture_source *capture_hooks_add(struct capture_hooks *all, const char *name,
					 const char *gives)
{
	struct capture_source *source = &all->sources[all->n_sources++];

	*source = (struct capture_source){
		.name = name,
		.state = CAPTURE_ATTACHED,
		.gives = gives,
		.reason = "",
		.how_to_get = "",
	};
	return source;
}

static void explain_attach_error(struct capture_source *source, const struct hook *hook,
				 bool is_kprobe, int err)
{
	source->how_to_get = hook->how_to_get;
	if (err == -EPERM || err == -EACCES) {
		source->state = CAPTURE_FAILED;
		source->reason = "no permission";
		source->how_to_get = is_kprobe
					     ? "run nisvd with CAP_SYS_ADMIN, or with CAP_PERFMON "
					       "and kernel.perf_event_paranoid=2"
					     : "run nisvd as root, or with CAP_BPF and CAP_PERFMON";
	} else if (is_kprobe && access(KPROBE_DEVICE, F_OK) < 0) {
		source->state = CAPTURE_ABSENT;
		source->reason = "this kernel has no kprobes";
	} else if (err == -ENOENT || err == -EINVAL) {
		source->state = CAPTURE_ABSENT;
		source->reason = is_kprobe ? "this kernel has no such function"
					   : "this kernel has no such tracepoint";
		if (is_kprobe)
			source->how_to_get = "";
	} else {
		source->state = CAPTURE_FAILED;
		source->reason = strerror(-err);
	}
}

/* 0 if it could do without, -errno (logged) if not. */
static int attach_hook(struct capture_hooks *all, struct bpf_object *object, bool refused, size_t i)
{
	const struct hook *hook = &hooks[i];
	struct bpf_program *program = bpf_object__find_program_by_name(object, hook->program);
	struct capture_source *source;
	bool is_kprobe;
	int err;

	if (!program)
		return 0;
	source = capture_hooks_add(all, hook->event, hook->gives);
	source->shows_faults = hook->shows_faults;
	if (refused) {
		source->state = CAPTURE_FAILED;
		source->reason = "this kernel refuses the programs";
		source->how_to_get = "use Linux 5.10 or later";
		return 0;
	}
	if (!bpf_program__autoload(program)) {
		source->state = CAPTURE_OFF;
		source->reason = "switched off in the configuration";
		source->how_to_get = hook->how_to_get;
		return 0;
	}
	is_kprobe = bpf_program__type(program) == BPF_PROG_TYPE_KPROBE;
	all->links[i] = bpf_program__attach(program);
	if (all->links[i])
		return 0;
	err = -errno;
	explain_attach_error(source, hook, is_kprobe, err);
	if (!hook->required)
		return 0;
	if (source->state == CAPTURE_ABSENT)
		return log_error_errno(ENOENT, "This kernel has no tracepoint %s: %s", hook->event,
				       hook->how_to_get);
	return log_error_errno(err, "Cannot attach to the tracepoint %s: %s", hook->event,
			       source->how_to_get);
}

bool capture_hooks_has(const struct capture_hooks *all, const char *event)
{
	for (size_t i = 0; i < all->n_sources; i++)
		if (!strcmp(all->sources[i].name, event))
			return all->sources[i].state == CAPTURE_ATTACHED;
	return false;
}

/* The one of two generations of functions that this kernel lacks is no loss. */
static void settle_injection(struct capture_hooks *all)
{
	for (size_t i = 0; i < all->n_sources; i++)
		if (all->sources[i].state == CAPTURE_ABSENT &&
		    !strncmp(all->sources[i].name, "kvm_inject_", strlen("kvm_inject_")))
			all->sources[i].how_to_get = "";
}

int capture_hooks_attach(struct capture_hooks *all, struct bpf_object *object, bool refused,
			 void (*changed)(const struct capture_hooks *all, void *userdata),
			 void *userdata)
{
	for (size_t i = 0; i < CAPTURE_HOOKS; i++) {
		int r = attach_hook(all, object, refused, i);

		if (r < 0)
			return r;
		changed(all, userdata);
	}
	if (capture_hooks_see_injection(all))
		settle_injection(all);
	return 0;
}

bool capture_hooks_see_injection(const struct capture_hooks *all)
{
	return capture_hooks_has(all, "kvm_inject_sea") ||
	       (capture_hooks_has(all, "kvm_inject_dabt") &&
		capture_hooks_has(all, "kvm_inject_pabt"));
}

void capture_hooks_detach(struct capture_hooks *all)
{
	for (size_t i = 0; i < CAPTURE_HOOKS; i++)
		bpf_link__destroy(all->links[i]);
	*all = (struct capture_hooks){};
}
