/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/capture_hooks.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "daemon/edge/capture_fields.h"
#include "daemon/edge/capture_gates.h"
#include "include/nisv_gate.h"

#define KPROBE_DEVICE "/sys/bus/event_source/devices/kprobe/type"

#define NO_GATE (-1) /* it is attached itself: a scan, which no event depends on */

/* What one program is attached to, and what it is for. */
struct hook {
	const char *program; /* in bpf/nisvd.bpf.c, and its gate in bpf/gate.bpf.c */
	int gate;	     /* enum nisv_gate, or NO_GATE */
	const char *event;   /* tracepoint or function */
	const char *gives;
	const char *loses;  /* what is lost without it; "": nothing */
	const char *absent; /* why a kernel may not have it; NULL: all that nisvd knows have it */
	bool required;	    /* no kernel with KVM is without it */
	bool is_aid;	    /* tells nothing without the others */
	bool shows_faults;  /* false: counts and conveniences, no kind of fault depends on it */
};

static const char need_kprobes[] = "use a kernel with CONFIG_KPROBES and CONFIG_KPROBE_EVENTS";
static const char need_kvm[] = "load the kvm module, or use a kernel with KVM and tracepoints";
static const char until_616[] = "this kernel has no such function: Linux 6.17 and later have "
				"kvm_inject_sea in its place";

/*
 * In the order of attaching: what counts a fault first comes before what would count it later, and
 * MMIO before the exits that credit it to user space. A hook whose program is not in this
 * architecture's object is not listed.
 */
static const struct hook hooks[] = {
	{.program = "on_mmio_nisv",
	 .gate = NISV_GATE_MMIO_NISV,
	 .event = "kvm_mmio_nisv",
	 .gives = "faults without a syndrome, when they happen",
	 .loses = "", /* recognised by kvm_guest_fault and the outcome */
	 .absent = "this kernel has no such tracepoint: it came with Linux 6.7",
	 .shows_faults = true},
	{.program = "on_inject_dabt",
	 .gate = NISV_GATE_INJECT_DABT,
	 .event = "kvm_inject_dabt",
	 .gives = "table walks outside memory confirmed, accesses beyond the IPA limit, aborts "
		  "that the VMM injects (until Linux 6.16)",
	 .loses = "accesses beyond the IPA limit and aborts that the VMM injects are not seen, "
		  "table walks outside memory are told from the fault alone",
	 .absent = until_616,
	 .shows_faults = true},
	{.program = "on_inject_pabt",
	 .gate = NISV_GATE_INJECT_PABT,
	 .event = "kvm_inject_pabt",
	 .gives = "instruction fetches outside memory confirmed (until Linux 6.16)",
	 .loses = "fetches beyond the IPA limit are not seen, those outside memory are told from "
		  "the fault alone",
	 .absent = until_616,
	 .shows_faults = true},
	{.program = "on_inject_sea",
	 .gate = NISV_GATE_INJECT_SEA,
	 .event = "kvm_inject_sea",
	 .gives = "what kvm_inject_dabt and kvm_inject_pabt give, in later kernels",
	 .loses = "accesses beyond the IPA limit and aborts that the VMM injects are not seen, "
		  "fetches and table walks outside memory are told from the fault alone",
	 .absent = "this kernel has no such function: it came with Linux 6.17",
	 .shows_faults = true},
	{.program = "on_inject_size_fault",
	 .gate = NISV_GATE_INJECT_SIZE_FAULT,
	 .event = "kvm_inject_size_fault",
	 .gives = "accesses beyond the host's IPA limit",
	 .loses = "accesses beyond the host's IPA limit are not seen",
	 .absent = "this kernel has no such function: it shows such accesses as any other fault",
	 .shows_faults = true},
	{.program = "on_destroy_vm",
	 .gate = NISV_GATE_DESTROY_VM,
	 .event = "kvm_destroy_vm",
	 .is_aid = true,
	 .gives = "the end of a VM at once",
	 .loses = "the end of a VM whose VMM lives on is noticed by the next scan, within about a "
		  "second"},
	{.program = "on_commit_slot",
	 .gate = NISV_GATE_COMMIT_SLOT,
	 .event = "kvm_arch_commit_memory_region",
	 .is_aid = true,
	 .gives = "changes of memory slots when they happen, and new VMs at once",
	 .loses = "changes of memory slots are noticed between two scans, and new VMs at their "
		  "first fault or MMIO access"},
	{.program = "on_emulate_insn",
	 .gate = NISV_GATE_EMULATE_INSN,
	 .event = "kvm_emulate_insn",
	 .gives = "instructions that KVM cannot emulate",
	 .loses = "instructions that KVM cannot emulate are not seen",
	 .required = true,
	 .shows_faults = true},
	{.program = "on_guest_fault",
	 .gate = NISV_GATE_GUEST_FAULT,
	 .event = "kvm_guest_fault",
	 .gives = "instruction fetches and table walks outside memory, the memory map at a fault",
	 .loses = "fetches and table walks outside memory are not seen, unless KVM's injection of "
		  "aborts is; the memory map is that after a fault",
	 .required = true,
	 .shows_faults = true},
	{.program = "on_mmio",
	 .gate = NISV_GATE_MMIO,
	 .event = "kvm_mmio",
	 .gives = "MMIO counts by place",
	 .loses = "no MMIO access is counted, and new VMs may be noticed later"},
	{.program = "on_userspace_exit",
	 .gate = NISV_GATE_USERSPACE_EXIT,
	 .event = "kvm_userspace_exit",
	 .gives = "outcomes, and MMIO served by user space",
	 .loses =
		 "outcomes are unknown, and what only an exit to the VMM shows is not seen: memory "
		 "that is not there behind a slot",
	 .required = true,
	 .shows_faults = true},
	{.program = "find_vms",
	 .gate = NO_GATE,
	 .event = "task_file iterator",
	 .gives = "VMs that ran before nisvd, and the end of VMs",
	 .loses = "VMs that ran before nisvd are seen at their first fault or MMIO access, and the "
		  "end of a VM may not be"},
};

_Static_assert(sizeof(hooks) / sizeof(hooks[0]) == CAPTURE_HOOKS, "a link for each hook");

static struct bpf_program *program_of(const struct capture_hooks *all, size_t i,
				      const struct bpf_object *object)
{
	return bpf_object__find_program_by_name(object, all->hooks[i]->program);
}

void capture_hooks_list(struct capture_hooks *all, const struct bpf_object *object)
{
	for (size_t i = 0; i < CAPTURE_HOOKS; i++) {
		if (!bpf_object__find_program_by_name(object, hooks[i].program))
			continue;
		all->hooks[all->n_hooks++] = &hooks[i];
		all->sources[all->n_sources++] = (struct capture_source){
			.name = hooks[i].event,
			.state = CAPTURE_FAILED,
			.gives = hooks[i].gives,
			.reason = "",
			.loses = hooks[i].loses,
			.how_to_get = "",
			.shows_faults = hooks[i].shows_faults,
		};
	}
}

static struct capture_source *find_source(struct capture_hooks *all, const char *event)
{
	for (size_t i = 0; i < all->n_hooks; i++)
		if (!strcmp(all->sources[i].name, event))
			return &all->sources[i];
	return NULL;
}

void capture_hooks_switch_off(struct capture_hooks *all, const char *event)
{
	struct capture_source *source = find_source(all, event);

	source->state = CAPTURE_OFF;
	source->reason = "switched off in the configuration";
	source->how_to_get = "set CountMMIO=yes";
}

static void set_obstacle(struct capture_hooks *all, size_t i, enum capture_state state,
			 const struct capture_obstacle *why)
{
	all->obstacles[i] = *why;
	all->sources[i].state = state;
	all->sources[i].reason = all->obstacles[i].reason;
	all->sources[i].how_to_get = why->how_to_get;
}

bool capture_hooks_want(const struct capture_hooks *all, const struct bpf_program *program)
{
	for (size_t i = 0; i < all->n_hooks; i++)
		if (!strcmp(all->hooks[i]->program, bpf_program__name(program)))
			return all->sources[i].state != CAPTURE_OFF && !all->obstacles[i].err;
	return true;
}

void capture_hooks_refuse(struct capture_hooks *all, const struct bpf_program *program,
			  const struct capture_obstacle *why)
{
	for (size_t i = 0; i < all->n_hooks; i++)
		if (program ? !strcmp(all->hooks[i]->program, bpf_program__name(program))
			    : all->sources[i].state != CAPTURE_OFF)
			set_obstacle(all, i, why->err == -ENXIO ? CAPTURE_ABSENT : CAPTURE_FAILED,
				     why);
}

void capture_hooks_tell_fields(struct capture_hooks *all, const uint32_t lacking[_NISV_GROUP_MAX])
{
	for (size_t group = 0; group < _NISV_GROUP_MAX; group++) {
		size_t i = all->n_sources;
		struct capture_obstacle why;

		if (!capture_field_lacking(group, lacking[group], &all->sources[i], &why))
			continue;
		all->n_sources++;
		set_obstacle(all, i, CAPTURE_ABSENT, &why);
	}
}

/* ---- attaching ---- */

static void explain_attach_error(struct capture_hooks *all, size_t i, bool is_kprobe, int err)
{
	const struct hook *hook = all->hooks[i];
	struct capture_obstacle why;

	if (err == -EPERM || err == -EACCES) {
		capture_obstacle_of_permission(&why, err, is_kprobe);
		set_obstacle(all, i, CAPTURE_FAILED, &why);
		return;
	}
	if (is_kprobe && access(KPROBE_DEVICE, F_OK) < 0) {
		capture_obstacle_set(&why, err, need_kprobes, "this kernel has no kprobes");
	} else if (err == -ENOENT || err == -EINVAL) {
		capture_obstacle_set(&why, err, is_kprobe || hook->absent ? "" : need_kvm, "%s",
				     hook->absent ? hook->absent
				     : is_kprobe  ? "this kernel has no such function"
						  : "this kernel has no such tracepoint");
	} else {
		capture_obstacle_of_attaching(&why, err);
		set_obstacle(all, i, CAPTURE_FAILED, &why);
		return;
	}
	set_obstacle(all, i, CAPTURE_ABSENT, &why);
}

/* Through its gate, which may be there already. 0 or -errno. */
static int attach_gated(struct capture_hooks *all, size_t i, const struct bpf_program *program)
{
	const struct hook *hook = all->hooks[i];
	int r = capture_gates_aim(all->gates, program, hook->gate);

	if (r >= 0 && !capture_gates_is_attached(all->gates, hook->program))
		r = capture_gates_attach(all->gates, hook->program, &all->links[i]);
	return r;
}

/* 0 if it could do without, -errno if not, or if another start may have it. */
static int attach_hook(struct capture_hooks *all, const struct bpf_object *object, size_t i)
{
	struct bpf_program *program = program_of(all, i, object);
	int r = 0;

	if (!capture_hooks_want(all, program)) {
		capture_gates_close(all->gates, all->hooks[i]->program);
		return 0;
	}
	if (all->hooks[i]->gate != NO_GATE) {
		r = attach_gated(all, i, program);
	} else {
		all->links[i] = bpf_program__attach(program);
		r = all->links[i] ? 0 : -errno;
	}
	if (r >= 0) {
		all->sources[i].state = CAPTURE_ATTACHED;
		return 0;
	}
	explain_attach_error(all, i, bpf_program__type(program) == BPF_PROG_TYPE_KPROBE, r);
	return all->hooks[i]->required || !capture_obstacle_lasts(&all->obstacles[i]) ? r : 0;
}

bool capture_hooks_has(const struct capture_hooks *all, const char *event)
{
	for (size_t i = 0; i < all->n_hooks; i++)
		if (!strcmp(all->sources[i].name, event))
			return all->sources[i].state == CAPTURE_ATTACHED;
	return false;
}

const struct bpf_link *capture_hooks_iterator(const struct capture_hooks *all)
{
	for (size_t i = 0; i < all->n_hooks; i++)
		if (all->hooks[i]->gate == NO_GATE)
			return all->links[i];
	return NULL;
}

/*
 * The one of two generations of functions that this kernel lacks is no loss, and neither is the
 * limit of a host whose kernel has no function for it.
 */
static void settle_injection(struct capture_hooks *all)
{
	for (size_t i = 0; i < all->n_hooks; i++)
		if (all->sources[i].state == CAPTURE_ABSENT &&
		    !strncmp(all->sources[i].name, "kvm_inject_", strlen("kvm_inject_")))
			all->sources[i].loses = "";
}

int capture_hooks_attach(struct capture_hooks *all, const struct bpf_object *object,
			 void (*changed)(const struct capture_hooks *all, void *userdata),
			 void *userdata, struct capture_obstacle *why)
{
	bool works = false;
	int r = 0;

	for (size_t i = 0; i < all->n_hooks; i++) {
		int err = attach_hook(all, object, i);

		if (err < 0 && r == 0) {
			*why = all->obstacles[i];
			r = err;
		}
		works = works ||
			(all->sources[i].state == CAPTURE_ATTACHED && !all->hooks[i]->is_aid);
		changed(all, userdata);
	}
	if (r == 0 && !works) {
		*why = all->obstacles[all->n_hooks - 1];
		r = why->err;
	}
	if (capture_hooks_see_injection(all))
		settle_injection(all);
	return r;
}

bool capture_hooks_see_injection(const struct capture_hooks *all)
{
	return capture_hooks_has(all, "kvm_inject_sea") ||
	       (capture_hooks_has(all, "kvm_inject_dabt") &&
		capture_hooks_has(all, "kvm_inject_pabt"));
}

void capture_hooks_detach(struct capture_hooks *all)
{
	for (size_t i = 0; i < all->n_hooks; i++) {
		if (all->links[i] && all->hooks[i]->gate != NO_GATE)
			capture_gates_leave(all->gates, all->links[i]);
		bpf_link__destroy(all->links[i]);
		all->links[i] = NULL;
	}
}
