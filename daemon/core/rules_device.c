/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A device is there, and only the instruction is wrong: the general cause, and the 64-byte access.
 */

#include <inttypes.h>
#include <string.h>

#include "daemon/core/rules_kit.h"

/* ---- device-access-nisv-instruction --------------------------------------------------------- */

/* In a window: a look at what is not there takes a few accesses, a driver more. */
static bool is_driven(const struct scene *s)
{
	return s->on_bus || s->near_doorbell || s->near_count >= MMIO_FEW;
}

/*
 * Other accesses to the same 512 bytes were described, and answered: by a device, or by the VMM
 * for what is not there. Where the map has nothing, and is known for certain, it was the VMM.
 */
static double by_traffic(const struct scene *s, const char **reason)
{
	if (!s->near_count)
		return 0;
	if (s->region && scene_has_device(s)) {
		/* A transport would have a doorbell, too. */
		bool is_dumb = s->region->role == ROLE_VIRTIO_MMIO &&
			       rule_rings_from_the_start(s->evidence->vmm);

		if (!is_dumb && (!rule_is_window(s->region) || is_driven(s))) {
			*reason = "other accesses to the same 512 bytes were served as MMIO: a "
				  "device answers there";
			return rule_by_insn(s, 0.8, 0.6);
		}
		*reason = "some other accesses to the same 512 bytes of a window for devices were "
			  "answered, by a device or by the VMM for what is not there";
		return rule_by_insn(s, 0.65, 0.5);
	}
	if (s->region || rule_is_charted(s))
		return 0;
	*reason = "other accesses to the same 512 bytes were answered, by a device or by the VMM: "
		  "what this machine has there is not known";
	return rule_by_insn(s, 0.65, 0.5);
}

double rule_device(const struct scene *s, const char **reason)
{
	bool is_named =
		s->region && !rule_is_window(s->region) && s->evidence->machine_confidence >= 0.8;
	double score;

	if (!rule_is_nisv(s) || !rule_no_slot(s) || s->vgic)
		return 0;
	if (s->on_bus && !is_named) {
		*reason = "a device is registered on KVM's MMIO bus at this address";
		return rule_by_insn(s, 0.85, 0.7);
	}
	if (s->near_doorbell && !is_named) {
		*reason = "an ioeventfd beside it shows that a device is there";
		return rule_by_insn(s, 0.8, 0.6);
	}
	score = is_named ? 0 : by_traffic(s, reason);
	if (score)
		return score;
	if (!s->region)
		return 0;
	if (rule_is_window(s->region)) {
		*reason = "the address is in a window for devices, but nothing shows that one "
			  "answers there";
		return rule_by_insn(s, 0.5, 0.45);
	}
	if (s->evidence->machine_confidence < 0.8) {
		*reason = "the machine's reference map has a device there; the machine is known "
			  "only by its likeness";
		return rule_by_insn(s, 0.7, 0.55);
	}
	*reason = s->has_insn
			  ? "the machine's reference map has a device there, and the "
			    "instruction was read"
			  : "the machine's reference map has a device there; the instruction is "
			    "not known";
	return rule_by_insn(s, 0.9, 0.7);
}

void rule_device_place(const struct scene *s, struct text *text)
{
	if (s->region)
		rule_offset(s, s->region, text);
	else
		text_add(text, "no memory");
	text_add(text, ", %s: only accesses that the CPU describes can be emulated",
		 s->region && rule_is_window(s->region) ? "a window for devices" : "a device");
}

void rule_device_where(const struct scene *s, struct text *text)
{
	if (s->vgic)
		text_add(text, "The address is right: KVM's own vGIC %s is there.", s->vgic);
	else if (s->region && rule_is_window(s->region))
		text_add(text, "The address is in the %s of %s (0x%" PRIx64 "-0x%" PRIx64 ")%s.",
			 s->region->name, rule_machine(s), s->region->base,
			 s->region->base + s->region->size,
			 is_driven(s) || s->region->role == ROLE_ECAM
				 ? ": devices, no memory"
				 : ". Nothing proves a device at this address: the guest may as "
				   "well expect memory where the VM has none");
	else if (s->region)
		text_add(text,
			 "The address is right: %s of %s is at 0x%" PRIx64
			 ". It is a device, no memory.",
			 s->region->name, rule_machine(s), s->region->base);
	else if (scene_has_device(s))
		text_add(text, "The address belongs to a device: KVM has %s there.",
			 s->on_bus ? "one on its MMIO bus" : "an ioeventfd");
	else
		text_add(text, "What this VM has there is not known; other accesses to the same "
			       "512 bytes were answered, as those to a device are.");
}

static const struct advice device_advice[] = {
	{NULL,
	 "Access the device with single-register loads and stores without writeback: the kernel's "
	 "readl/writel, inline assembly, Rust's safe-mmio, not memcpy or a volatile pointer that "
	 "the compiler may turn into a writeback, pair or SIMD form.",
	 "ISS encoding for an exception from a Data Abort: ISV; rust-lang/rust#131894",
	 REV_ARM_ARM},
	{"qemu", "QEMU cannot emulate it either. No option changes that.",
	 "target/arm/kvm.c: kvm_arm_handle_dabt_nisv()", REV_QEMU},
	{"firecracker",
	 "Firecracker does not ask for KVM_EXIT_ARM_NISV: the VM ends with \"Received ENOSYS "
	 "error\". Only the guest can be changed.",
	 "src/vmm/src/vstate/vcpu.rs: handle_kvm_exit()", REV_FIRECRACKER},
	{NULL, "Copies to and from device memory belong into memcpy_fromio/memcpy_toio.",
	 "arch/arm64/include/asm/io.h", REV_LINUX},
	{0},
};

const struct rule rule_device_access = {
	.id = "device-access-nisv-instruction",
	.arch = "arm64",
	.from = RULE_FAULT,
	.what = "The guest used a device with an instruction that the CPU does not describe to the "
		"hypervisor, mostly one that writes its base register back. The address is right; "
		"nobody can emulate the access.",
	.known_by = "The machine's reference map, KVM's MMIO bus, a doorbell or other MMIO shows a "
		    "device at the address, and the instruction at the PC is of a class for which "
		    "ESR_EL2.ISV is 0.",
	.example =
		"vCPU 0 executed `ldr w1, [x0], #4` on 0x9000fe0, UART0 PL011 + 0xfe0, a device: "
		"only accesses that the CPU describes can be emulated.",
	.score = rule_device,
	.place = rule_device_place,
	.where = rule_device_where,
	.how = rule_how,
	.advise = rule_advise_instead,
	.advice = device_advice,
	.documentation = DOC_ARM_ARM,
};

/* ---- ls64-on-device ------------------------------------------------------------------------- */

static double ls64_score(const struct scene *s, const char **reason)
{
	if (s->site->kind != NISV_KIND_LDST64B || s->is_foreign)
		return 0;
	*reason = "KVM left the access to the VMM as one of 64 bytes (KVM_EXIT_ARM_LDST64B)";
	return 0.95;
}

static void ls64_place(const struct scene *s, struct text *text)
{
	if (s->region)
		rule_offset(s, s->region, text);
	else
		text_add(text, "no memory");
	text_add(text, ", with a 64-byte access that the VMM would have to emulate");
}

static void ls64_where(const struct scene *s, struct text *text)
{
	if (s->region)
		rule_device_where(s, text);
	else
		rule_where_nothing(s, text);
}

static const struct advice ls64_advice[] = {
	{"qemu",
	 "QEMU does not know that exit and runs the vCPU again: it spins. There is no option to "
	 "hide FEAT_LS64 from the guest; stop the VM.",
	 "target/arm/kvm.c: kvm_arch_handle_exit()", REV_QEMU},
	{"firecracker",
	 "A custom CPU template can hide FEAT_LS64: reg_modifiers for ID_AA64ISAR1_EL1 "
	 "(0x603000000013c031) with bits 63 to 60 cleared.",
	 "docs/cpu_templates/cpu-templates.md: reg_modifiers", REV_FIRECRACKER},
	{NULL,
	 "Use single-register accesses on this device, or a VMM that emulates LD64B and ST64B.",
	 "Documentation/virt/kvm/api.rst: KVM_EXIT_ARM_LDST64B", REV_LINUX},
	{0},
};

const struct rule rule_ls64 = {
	.id = "ls64-on-device",
	.arch = "arm64",
	.from = RULE_FAULT,
	.what = "The guest used LD64B or ST64B where no memory is. The CPU describes it, but KVM "
		"leaves it to the VMM, and most VMMs do not emulate it.",
	.known_by = "KVM_RUN ended with KVM_EXIT_ARM_LDST64B.",
	.example =
		"vCPU 0 executed `ld64b x0, [x8]` on 0x8000000000, PCIe MMIO window (high) + 0x0, "
		"with a 64-byte access that the VMM would have to emulate.",
	.score = ls64_score,
	.place = ls64_place,
	.where = ls64_where,
	.how = rule_how,
	.advise = rule_advise_instead,
	.advice = ls64_advice,
	.documentation = DOC_KVM_API,
};
