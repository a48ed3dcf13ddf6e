/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/core/tracewords.h"

#include <errno.h>
#include <stddef.h>

#include "daemon/core/syndrome.h"

#define REVISION "Linux 5.10, 6.12"

#define MMU_SOURCE  "arch/arm64/kvm/mmu.c kvm_handle_guest_abort()"
#define MMIO_SOURCE "arch/arm64/kvm/mmio.c io_mem_abort()"
#define RUN_SOURCE  "virt/kvm/kvm_main.c kvm_vcpu_ioctl(), include/trace/events/kvm.h"
#define X86_SOURCE  "arch/x86/kvm/x86.c, arch/x86/kvm/trace.h"

static struct trace_words guest_fault(const struct trace_event *event)
{
	struct syndrome s = syndrome_decode(event->esr);
	struct trace_words words = {.source = MMU_SOURCE, .revision = REVISION};

	words.caution =
		"It comes for ordinary memory as well, at the first access to each page. The "
		"IPA is that of the page.";
	if (s.s1ptw) {
		words.meaning =
			"The walk of the guest's own page tables was aborted at stage 2: the "
			"IPA is that of a table.";
		words.next =
			"KVM maps the page, or, where there is no memory, injects an abort into "
			"the guest, which no tracepoint tells.";
	} else if (s.is_iabt) {
		words.meaning = "A guest's instruction fetch was aborted at stage 2.";
		words.next =
			"KVM maps the page, or, where there is no memory, injects an abort into "
			"the guest, which no tracepoint tells.";
	} else if (s.isv) {
		words.meaning =
			"A guest's access was aborted at stage 2, and the CPU describes it.";
		words.next = "KVM maps the page, or, where there is no memory, takes it for MMIO "
			     "(kvm_mmio).";
	} else {
		words.meaning =
			"A guest's access was aborted at stage 2, and the CPU does not describe "
			"it (ISV = 0).";
		words.next = "KVM maps the page, or, where there is no memory, cannot go on: "
			     "kvm_mmio_nisv (Linux 6.7), and kvm_userspace_exit with error 38 or "
			     "reason 28.";
	}
	return words;
}

static struct trace_words mmio(const struct trace_event *event)
{
	static const char *const meanings[] = {
		"A guest's read of an address without memory goes to a device; its value is not "
		"known yet.",
		"The value of a guest's MMIO read.",
		"A guest's write to an address without memory goes to a device.",
	};

	return (struct trace_words){
		.meaning = meanings[event->type <= TRACE_MMIO_WRITE ? event->type : 0],
		.next = "A device of KVM serves it, or the VMM does (kvm_userspace_exit, reason "
			"6).",
		.caution = "It is ordinary traffic of a healthy guest, too.",
		.source = "include/trace/events/kvm.h kvm_mmio",
		.revision = REVISION,
	};
}

/* Reasons of include/uapi/linux/kvm.h, KVM_EXIT_*. */
static const struct exit_words {
	uint32_t reason;
	enum nisv_outcome outcome;
	const char *meaning, *next;
} exits[] = {
	{6, NISV_OUTCOME_UNKNOWN, "KVM_RUN returned for an MMIO access that the VMM serves.",
	 "The VMM does it, and runs the vCPU again."},
	{17, NISV_OUTCOME_VMM_DECIDES,
	 "KVM_RUN returned with KVM_EXIT_INTERNAL_ERROR: on x86 mostly that the instruction "
	 "emulator gave up.",
	 "The VMM stops the vCPU, or the VM."},
	{28, NISV_OUTCOME_VMM_DECIDES,
	 "KVM_RUN returned with KVM_EXIT_ARM_NISV: an access outside memory that the CPU does not "
	 "describe.",
	 "The VMM decides: QEMU injects an abort into the guest and prints nothing."},
	{39, NISV_OUTCOME_VMM_DECIDES,
	 "KVM_RUN returned with KVM_EXIT_MEMORY_FAULT: the memory is not as the guest wants it, "
	 "private or shared, or is not there.",
	 "The VMM converts it, or ends."},
	{41, NISV_OUTCOME_VMM_DECIDES,
	 "KVM_RUN returned with KVM_EXIT_ARM_SEA: the host's memory has an error.",
	 "The VMM decides."},
	{42, NISV_OUTCOME_VMM_DECIDES,
	 "KVM_RUN returned with KVM_EXIT_ARM_LDST64B: a 64-byte access outside memory.",
	 "The VMM decides."},
};

static struct trace_words userspace_exit(const struct trace_event *event)
{
	struct trace_words words = {.meaning = "KVM_RUN returned to the VMM.",
				    .source = RUN_SOURCE,
				    .revision = REVISION};

	for (size_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++) {
		if (exits[i].reason != event->reason || event->errno_)
			continue;
		words.meaning = exits[i].meaning;
		words.next = exits[i].next;
		words.outcome = exits[i].outcome;
	}
	if (event->errno_lost) {
		words.meaning =
			"KVM_RUN returned without a reason: on arm64 that is a failure, mostly "
			"ENOSYS or EFAULT.";
		words.caution = "trace-cmd and perf script print an errno so; the text of ftrace "
				"itself has it.";
	} else if (event->errno_ == -ENOSYS) {
		words.meaning =
			"KVM_RUN failed with ENOSYS: on arm64 an access outside memory that "
			"the CPU does not describe.";
		words.next = "The VMM ends, or pauses the VM.";
		words.outcome = NISV_OUTCOME_VM_KILLED;
	} else if (event->errno_ == -EFAULT) {
		words.meaning =
			"KVM_RUN failed with EFAULT: the VMM's memory behind a memslot is gone "
			"or does not allow the access.";
		words.next = "The VMM ends, or pauses the VM.";
		words.outcome = NISV_OUTCOME_VM_KILLED;
	} else if (event->errno_ == -EINTR) {
		words.meaning = "KVM_RUN was interrupted by a signal: nothing is wrong.";
	} else if (event->errno_) {
		words.meaning = "KVM_RUN failed.";
		words.outcome = NISV_OUTCOME_VM_KILLED;
	}
	return words;
}

static struct trace_words emulate_insn(const struct trace_event *event)
{
	if (!event->failed)
		return (struct trace_words){
			.meaning = "KVM emulates an instruction of the guest.",
			.source = X86_SOURCE,
			.revision = REVISION,
		};
	return (struct trace_words){
		.meaning = "KVM's instruction emulator gave up: the guest ran code, or used an "
			   "operand, where no memory is, or with an instruction that it does not "
			   "know.",
		.next = "KVM_EXIT_INTERNAL_ERROR to the VMM (kvm_userspace_exit, reason 17), or "
			"#UD in the guest's user space.",
		.caution = "The bytes are what the emulator had read by then, not the whole "
			   "instruction.",
		.source = X86_SOURCE,
		.revision = REVISION,
	};
}

struct trace_words trace_words_of(const struct trace_event *event)
{
	switch (event->kind) {
	case TRACE_GUEST_FAULT:
		return guest_fault(event);
	case TRACE_MMIO_NISV:
		return (struct trace_words){
			.meaning = "A guest accessed an address outside its memory, or a read-only "
				   "memslot, with an instruction that the CPU does not describe "
				   "(ISV = 0).",
			.next = "KVM_EXIT_ARM_NISV to a VMM that asked for it "
				"(KVM_CAP_ARM_NISV_TO_USER), else KVM_RUN fails with ENOSYS; a "
				"protected VM gets an abort.",
			.source = MMIO_SOURCE,
			.revision = "Linux 6.12; d11974dc5f20 added it (6.7)",
		};
	case TRACE_MMIO:
		return mmio(event);
	case TRACE_USERSPACE_EXIT:
		return userspace_exit(event);
	case TRACE_EMULATE_INSN:
		return emulate_insn(event);
	case TRACE_PAGE_FAULT:
		return (struct trace_words){
			.meaning = "A guest's access was refused by the page tables that KVM keeps "
				   "for it.",
			.next = "KVM maps the page, or emulates the instruction as MMIO.",
			.caution = "It comes for ordinary memory as well. The address is "
				   "guest-physical only with nested paging (bit 32 of the error "
				   "code).",
			.source = X86_SOURCE,
			.revision = REVISION,
		};
	case TRACE_ACCESS_FAULT:
		return (struct trace_words){
			.meaning = "KVM notes that the guest uses a page.",
			.caution = "It comes for ordinary memory only: nothing is wrong.",
			.source = "arch/arm64/kvm/mmu.c handle_access_fault()",
			.revision = REVISION,
		};
	case TRACE_EXIT:
		return (struct trace_words){
			.meaning = "The vCPU left the guest.",
			.source = "arch/arm64/kvm/arm.c, arch/x86/kvm/trace.h kvm_exit",
			.revision = REVISION,
		};
	case TRACE_ENTRY:
		return (struct trace_words){
			.meaning = "The vCPU enters the guest.",
			.source = "arch/arm64/kvm/arm.c, arch/x86/kvm/trace.h kvm_entry",
			.revision = REVISION,
		};
	default:
		return (struct trace_words){};
	}
}
