/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A memslot whose memory the host cannot give: unmapped, without the right, private. */

#include <inttypes.h>
#include <string.h>

#include "daemon/core/rules_kit.h"

static bool is_backing(const struct scene *s)
{
	return s->site->kind == NISV_KIND_BACKING && s->slot && !s->is_foreign;
}

static uint64_t host_address(const struct scene *s)
{
	return s->slot->hva + (s->ipa - s->slot->gpa);
}

/* What is known of the host's mapping: at the fault, else as of the last look at the VMM. */
enum mapping {
	MAPPING_UNKNOWN = 0,
	MAPPING_NONE,	  /* nothing is mapped there */
	MAPPING_CUT,	  /* a file is, but it ends before */
	MAPPING_DEVICE,	  /* device memory of the host */
	MAPPING_UNUSABLE, /* it is there, but not with the right that the access needs */
	MAPPING_USABLE,	  /* by its rights; KVM refused it for another reason */
};

static enum mapping mapping_at_fault(const struct scene *s, const struct nisv_vma *vma)
{
	uint32_t right = s->esr.is_iabt ? NISV_VMA_READ
			 : s->esr.wnr	? NISV_VMA_WRITE
					: NISV_VMA_READ;

	if (vma->flags & (NISV_VMA_IO | NISV_VMA_PFNMAP))
		return MAPPING_DEVICE;
	if (vma->flags & NISV_VMA_REGULAR && vma->file_offset >= vma->file_size)
		return MAPPING_CUT;
	return vma->flags & right ? MAPPING_USABLE : MAPPING_UNUSABLE;
}

static enum mapping mapping_by_look(const struct scene *s)
{
	const struct backing *backing = backings_find(s->evidence->backings, s->slot);

	if (!backing || backing->kind == BACKING_UNKNOWN)
		return MAPPING_UNKNOWN;
	if (backing->kind == BACKING_NONE)
		return MAPPING_NONE;
	if (backing->covered_bytes < s->slot->size)
		return s->ipa - backing->gap < s->slot->size - backing->covered_bytes
			       ? MAPPING_NONE
			       : MAPPING_UNKNOWN;
	if (backing->kind == BACKING_VFIO || backing->kind == BACKING_PFNMAP)
		return MAPPING_DEVICE;
	return !backing->readable || (s->esr.wnr && !backing->writable) ? MAPPING_UNUSABLE
									: MAPPING_USABLE;
}

/* Capture asks at the fault itself; the VMM may be gone a moment later. */
static enum mapping mapping_of(const struct scene *s, bool *ret_at_fault)
{
	const struct nisv_vma *vma = s->rec ? &s->rec->vma : NULL;

	*ret_at_fault = vma && (vma->state == NISV_VMA_FOUND || vma->state == NISV_VMA_ABSENT);
	if (!*ret_at_fault)
		return mapping_by_look(s);
	return vma->state == NISV_VMA_ABSENT ? MAPPING_NONE : mapping_at_fault(s, vma);
}

static double unless_later(bool at_fault, double score)
{
	return at_fault ? score : rule_lower(score);
}

static void mapping_prove(const struct scene *s, struct text *text)
{
	static const char *const words[] = {
		[MAPPING_NONE] = "nothing is mapped there",
		[MAPPING_CUT] = "a file is mapped there, but it ends before",
		[MAPPING_DEVICE] = "device memory of the host is mapped there",
		[MAPPING_UNUSABLE] = "what is mapped there lacks the right that the access needs",
		[MAPPING_USABLE] = "memory is mapped there with the right that the access needs",
	};
	const struct nisv_vma *vma = s->rec ? &s->rec->vma : NULL;
	bool at_fault;
	enum mapping mapping = mapping_of(s, &at_fault);

	if (mapping == MAPPING_UNKNOWN)
		return;
	text_add(text, "Host address 0x%" PRIx64 " in the VMM: %s%s", host_address(s),
		 words[mapping], at_fault ? "" : ", as of the last look");
	if (at_fault && vma->state == NISV_VMA_FOUND)
		text_add(text, " (0x%" PRIx64 "-0x%" PRIx64 " %s%s%s%s)", (uint64_t)vma->start,
			 (uint64_t)vma->end, vma->flags & NISV_VMA_READ ? "r" : "-",
			 vma->flags & NISV_VMA_WRITE ? "w" : "-",
			 vma->flags & NISV_VMA_EXEC ? "x" : "-",
			 vma->flags & NISV_VMA_SHARED ? "s" : "p");
	if (mapping == MAPPING_CUT)
		text_add(text, "; the file has %s, the address is at 0x%" PRIx64 " in it",
			 words_size(vma->file_size).s, (uint64_t)vma->file_offset);
}

static void backing_place(const struct scene *s, struct text *text)
{
	text_add(text, "inside memslot %d, behind which the VMM has no usable memory at 0x%" PRIx64,
		 s->slot->id, host_address(s));
}

static void backing_advise(const struct scene *s, struct text *text)
{
	text_add(text,
		 "Look at the host mapping: grep for 0x%" PRIx64 " in /proc/PID/maps of the VMM, "
		 "and at its flags in /proc/PID/smaps.",
		 host_address(s));
}

/* ---- backing-gone --------------------------------------------------------------------------- */

static double gone_score(const struct scene *s, const char **reason)
{
	bool at_fault;

	if (!is_backing(s))
		return 0;
	switch (mapping_of(s, &at_fault)) {
	case MAPPING_NONE:
		*reason = "KVM_RUN failed with EFAULT inside a memslot, and nothing is mapped "
			  "behind it on the host";
		return unless_later(at_fault, 0.97);
	case MAPPING_CUT:
		*reason =
			"KVM_RUN failed with EFAULT inside a memslot, and the file behind it ends "
			"before the address";
		return 0.93;
	case MAPPING_UNKNOWN:
		/* KVM answers EFAULT only inside a slot: when it was looked up matters little. */
		*reason =
			"KVM_RUN failed with EFAULT inside a memslot; whether the host mapping is "
			"gone or only not usable is not known";
		return 0.6;
	default:
		return 0;
	}
}

static void gone_where(const struct scene *s, struct text *text)
{
	text_add(text, "The address is in ");
	rule_slot(s->slot, text);
	text_add(text, "; its host address 0x%" PRIx64 " has no memory behind it.",
		 host_address(s));
}

static const struct advice gone_advice[] = {
	{NULL,
	 "The VMM must keep every memslot's memory mapped until it deletes the slot: this is its "
	 "defect, not the guest's, or a file behind it that shrank.",
	 "Documentation/virt/kvm/api.rst: KVM_SET_USER_MEMORY_REGION", REV_LINUX},
	{"qemu",
	 "Memory from a file (memory-backend-file) must not be truncated while the VM runs; with "
	 "huge pages, reserve enough of them: prealloc=on fails early instead.",
	 "backends/hostmem.c: prealloc, reserve; hostmem-file.c", REV_QEMU},
	{"cloud-hypervisor", "--memory size=S,prefault=on,reserve=on takes all memory at start.",
	 "vmm/src/config.rs: MemoryConfig", REV_CLOUD_HYPERVISOR},
	{"firecracker",
	 "After a snapshot is restored its memory file, or the handler of its page faults, must "
	 "live as long as the VM.",
	 "docs/snapshotting/handling-page-faults-on-snapshot-resume.md", REV_FIRECRACKER},
	{"kvmtool", "With --hugetlbfs, enough free huge pages must be there.",
	 "builtin-run.c: hugetlbfs", REV_KVMTOOL},
	{0},
};

const struct rule rule_backing_gone = {
	.id = "backing-gone",
	.from = RULE_FAULT | RULE_MAP,
	.what = "A memslot has lost its memory on the host: the VMM unmapped it, the file behind "
		"it was truncated, or huge pages ran out. The first access ends the VM.",
	.known_by = "KVM_RUN failed with EFAULT inside a memslot, and at that moment nothing was "
		    "mapped at its host address, or the file there ended before.",
	.example =
		"vCPU 0 executed `ldr w1, [x0]` on 0x60000040, inside memslot 1, behind which the "
		"VMM has no usable memory at 0x7f2c00000040; KVM_RUN failed with EFAULT.",
	.score = gone_score,
	.place = backing_place,
	.where = gone_where,
	.how = rule_how,
	.prove = mapping_prove,
	.advise = backing_advise,
	.advice = gone_advice,
	.documentation = DOC_KVM_API,
};

/* ---- backing-not-faultable ------------------------------------------------------------------ */

/* A process that is killed while it waits for a page ends like this, too, up to Linux 6.1. */
static void unfaultable_advise(const struct scene *s, struct text *text)
{
	bool at_fault;

	if (mapping_of(s, &at_fault) != MAPPING_USABLE) {
		backing_advise(s, text);
		return;
	}
	text_add(text, "The mapping is right, so the host may have had no page: look for free huge "
		       "pages (HugePages_Free in /proc/meminfo), the memory limit of the VMM's "
		       "cgroup and I/O errors in the host's log, or whether the VMM was killed.");
}

static double unfaultable_score(const struct scene *s, const char **reason)
{
	bool at_fault;

	if (!is_backing(s))
		return 0;
	switch (mapping_of(s, &at_fault)) {
	case MAPPING_UNUSABLE:
		*reason =
			"KVM_RUN failed with EFAULT inside a memslot, and what is mapped behind it "
			"lacks the right that the access needs";
		return unless_later(at_fault, 0.95);
	case MAPPING_DEVICE:
		*reason = "KVM_RUN failed with EFAULT inside a memslot, and device memory of the "
			  "host is mapped behind it";
		return unless_later(at_fault, 0.88);
	case MAPPING_USABLE:
		*reason =
			"KVM_RUN failed with EFAULT inside a memslot, although memory is mapped "
			"behind it: KVM or the file system refused the page, or the host had none "
			"to give";
		return at_fault ? 0.65 : 0.5;
	case MAPPING_UNKNOWN:
		*reason = "the mapping behind the memslot may be there, but not usable";
		return 0.4;
	default:
		return 0;
	}
}

static void unfaultable_where(const struct scene *s, struct text *text)
{
	text_add(text, "The address is in ");
	rule_slot(s->slot, text);
	text_add(text,
		 "; its host address 0x%" PRIx64 " is mapped, but KVM cannot get the page for this "
		 "access.",
		 host_address(s));
}

static const struct advice unfaultable_advice[] = {
	{NULL,
	 "Map the memory with the rights that its memslot promises (mprotect(), a file opened for "
	 "writing), or make the memslot read-only (KVM_MEM_READONLY).",
	 "Documentation/virt/kvm/api.rst: KVM_SET_USER_MEMORY_REGION", REV_LINUX},
	{"arm64",
	 "Device memory (\"pf\" or \"io\" in smaps) mapped as cacheable needs a CPU with FWB and "
	 "CTR_EL0.DIC, and a kernel that allows it; GPU buffers among them changed with Linux 7.x.",
	 "arch/arm64/kvm/mmu.c: kvm_supports_cacheable_pfnmap()", REV_LINUX},
	{"qemu/arm64",
	 "A guest with MTE needs memory that can have tags, anonymous or memfd: no file system, no "
	 "assigned device. Switch it off with -machine mte=off.",
	 "hw/arm/virt.c: mte; Linux arch/arm64/kvm/mmu.c: mte_allowed", REV_QEMU},
	{"libkrun",
	 "GPU memory that is shared with the guest: software rendering does without (muvm "
	 "--gpu-mode=software).",
	 "libkrun issues 803 and 832", REV_LIBKRUN},
	{0},
};

const struct rule rule_backing_not_faultable = {
	.id = "backing-not-faultable",
	.from = RULE_FAULT | RULE_MAP,
	.what = "The memory behind a memslot is mapped on the host, but not so that KVM can give "
		"it to the guest: without the right to write, as device memory, or without tags.",
	.known_by = "KVM_RUN failed with EFAULT inside a memslot, and at that moment a mapping was "
		    "there that lacks the right, or is device memory.",
	.example =
		"vCPU 0 executed `str w1, [x0]` on 0x60000040, inside memslot 1, behind which the "
		"VMM has no usable memory at 0x7f2c00000040; KVM_RUN failed with EFAULT.",
	.score = unfaultable_score,
	.place = backing_place,
	.where = unfaultable_where,
	.how = rule_how,
	.prove = mapping_prove,
	.advise = unfaultable_advise,
	.advice = unfaultable_advice,
	.documentation = DOC_KVM_API,
};

/* ---- private-memory-fault ------------------------------------------------------------------- */

static double private_score(const struct scene *s, const char **reason)
{
	if (s->site->kind != NISV_KIND_MEMORY_FAULT || s->is_foreign)
		return 0;
	*reason = "KVM_RUN ended with KVM_EXIT_MEMORY_FAULT in a memslot with private memory";
	return 0.92;
}

/* Only x86 asks for a page as private or shared: kvm_mmu_faultin_pfn(), and gmem_abort() of arm64.
 */
static const char *private_fault(const struct scene *s)
{
	return s->is_x86 ? "a page that is not as private or shared as the guest asked for it"
			 : "a page that the slot's guest_memfd does not give";
}

static void private_place(const struct scene *s, struct text *text)
{
	if (s->slot)
		text_add(text, "inside memslot %d, ", s->slot->id);
	text_add(text, "%s", private_fault(s));
}

static void private_where(const struct scene *s, struct text *text)
{
	if (s->slot) {
		text_add(text, "The address is in ");
		rule_slot(s->slot, text);
		text_add(text, ", which has private memory (guest_memfd).");
	} else {
		text_add(text, "KVM could not give the guest the page at 0x%" PRIx64 ".", s->ipa);
	}
}

static const struct advice private_advice[] = {
	{"qemu",
	 "QEMU before 9.1 does not know this exit: use 9.1 or later for VMs with private memory. "
	 "\"Convert non guest_memfd backed memory region\" in its log names a range without any.",
	 "accel/kvm/kvm-all.c: kvm_convert_memory()", REV_QEMU},
	{"cloud-hypervisor", "Only builds with the sev_snp feature handle it.",
	 "hypervisor/src/kvm/mod.rs: run()", REV_CLOUD_HYPERVISOR},
	{"libkrun", "Only the builds for TEEs convert memory.",
	 "src/vmm/src/linux/vstate.rs: run_emulation()", REV_LIBKRUN},
	{NULL,
	 "The VMM must convert the page (KVM_SET_MEMORY_ATTRIBUTES) and run the vCPU again; on "
	 "arm64 it means that no page could be taken from the guest_memfd.",
	 "Documentation/virt/kvm/api.rst: KVM_EXIT_MEMORY_FAULT", REV_LINUX},
	{0},
};

const struct rule rule_private_memory = {
	.id = "private-memory-fault",
	.from = RULE_FAULT,
	.what = "The guest accessed a page as private that is shared, or the other way round, or "
		"(arm64) its guest_memfd gave none. The VMM has to convert the page: where it did, "
		"the guest went on, and nothing is wrong.",
	.known_by = "KVM_RUN ended with KVM_EXIT_MEMORY_FAULT (39) in a memslot with guest_memfd.",
	.example =
		"vCPU 0 accessed 0x1000, inside memslot 0, a page that is not as private or shared "
		"as the guest asked for it; KVM left it to the VMM (KVM_EXIT_MEMORY_FAULT).",
	.score = private_score,
	.place = private_place,
	.where = private_where,
	.how = rule_how,
	.advice = private_advice,
	.documentation = DOC_KVM_API,
};
