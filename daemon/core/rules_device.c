/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A device is there, and only the instruction is wrong. */

#include <inttypes.h>
#include <string.h>

#include "daemon/core/rules.h"

/* A window whose content the guest's own BAR settings decide: a device may or may not be there. */

/* The instruction is of a class that ISV = 0 follows from. Bytes that say otherwise may be stale.
 */
static double by_insn(const struct scene *s, double known, double unknown)
{
	if (!s->has_insn)
		return unknown;
	return insn_class_why(s->insn.class) ? known : rule_lower(unknown);
}

/* ---- vgic-access-nisv-instruction ----------------------------------------------------------- */

static double vgic_score(const struct scene *s, const char **reason)
{
	bool its = s->on_bus && s->region && s->region->class == REGION_KERNEL_DEVICE;

	if (!rule_is_nisv(s) || !rule_no_slot(s) || (!s->vgic && !its))
		return 0;
	*reason = s->has_insn ? "KVM's own vGIC is there, and the instruction was read"
			      : "KVM's own vGIC is there; the instruction is not known";
	return by_insn(s, 0.95, 0.75);
}

static uint64_t vgic_base(const struct scene *s)
{
	const struct layout *layout = s->evidence->layout;
	uint64_t best = 0;

	if (!s->vgic)
		return s->region->base;
	if (!strcmp(s->vgic, "distributor"))
		return layout->vgic_dist;
	if (!strcmp(s->vgic, "CPU interface"))
		return layout->vgic_cpu;
	for (size_t i = 0; i < layout->n_redist; i++)
		if (layout->redist[i].base <= s->ipa && layout->redist[i].base > best)
			best = layout->redist[i].base;
	return best;
}

static void vgic_place(const struct scene *s, struct text *text)
{
	text_add(text, "the %s%s + 0x%" PRIx64 ", which KVM emulates", s->vgic ? "vGIC's " : "",
		 s->vgic ? s->vgic : s->region->name, s->ipa - vgic_base(s));
}

static void vgic_where(const struct scene *s, struct text *text)
{
	text_add(text,
		 "The address is right: KVM's own %s%s is at 0x%" PRIx64
		 ". It is a device, no memory.",
		 s->vgic ? "vGIC " : "", s->vgic ? s->vgic : s->region->name, vgic_base(s));
}

static const struct advice vgic_advice[] = {
	{NULL,
	 "Access GIC registers with single-register loads and stores without writeback only: "
	 "inline "
	 "assembly (ldr w, [x] / str w, [x]) or the kernel's readl/writel, not a volatile pointer "
	 "that "
	 "the compiler may turn into a writeback form.",
	 "Arm ARM DDI 0487, ISS encoding for a Data Abort: ISV; Linux 195bbcac2e5c, d044d6ba6f02"},
	{NULL,
	 "No setting of the VMM helps: it cannot emulate an access to a device that lives in the "
	 "kernel.",
	 "Linux arch/arm64/kvm/mmio.c: io_mem_abort(); c726200dd106"},
	{0},
};

const struct rule rule_vgic_access = {
	.id = "vgic-access-nisv-instruction",
	.score = vgic_score,
	.place = vgic_place,
	.where = vgic_where,
	.how = rule_how_nisv,
	.advice = vgic_advice,
	.documentation = DOC_ARM_ARM,
};

/* ---- device-access-nisv-instruction --------------------------------------------------------- */

/* The reference map names the very device: what else shows it makes it no surer. */
static bool is_named(const struct scene *s)
{
	return s->region && !rule_is_window(s->region) && s->evidence->machine_confidence >= 0.8;
}

static double device_score(const struct scene *s, const char **reason)
{
	if (!rule_is_nisv(s) || !rule_no_slot(s) || s->vgic)
		return 0;
	if (s->on_bus && !is_named(s)) {
		*reason = "a device is registered on KVM's MMIO bus at this address";
		return by_insn(s, 0.85, 0.7);
	}
	if (s->near_doorbell && !is_named(s)) {
		*reason = "an ioeventfd in the same 512 bytes shows that a device is there";
		return by_insn(s, 0.8, 0.6);
	}
	if (s->near_traffic && !is_named(s)) {
		*reason = "other accesses to the same 512 bytes were served as MMIO: a device "
			  "answers there";
		return by_insn(s, 0.8, 0.6);
	}
	if (!s->region)
		return 0;
	if (rule_is_window(s->region)) {
		*reason = "the address is in a window for devices, but nothing shows that one "
			  "answers there";
		return by_insn(s, 0.5, 0.45);
	}
	if (s->evidence->machine_confidence < 0.8) {
		*reason = "the machine's reference map has a device there; the machine is known "
			  "only by "
			  "its likeness";
		return by_insn(s, 0.7, 0.55);
	}
	*reason =
		s->has_insn
			? "the machine's reference map has a device there, and the instruction was "
			  "read"
			: "the machine's reference map has a device there; the instruction is not "
			  "known";
	return by_insn(s, 0.9, 0.7);
}

static void device_place(const struct scene *s, struct text *text)
{
	if (s->region)
		text_add(text, "%s + 0x%" PRIx64, s->region->name, s->ipa - s->region->base);
	else
		text_add(text, "no memory");
	text_add(text, ", %s: only accesses that the CPU describes can be emulated",
		 s->region && rule_is_window(s->region) ? "a window for devices" : "a device");
}

static void device_where(const struct scene *s, struct text *text)
{
	if (s->region && rule_is_window(s->region))
		text_add(text, "The address is in the %s of %s (0x%" PRIx64 "-0x%" PRIx64 ")%s.",
			 s->region->name, s->evidence->machine->id, s->region->base,
			 s->region->base + s->region->size,
			 scene_has_device(s)
				 ? ": devices, no memory"
				 : ". Nothing shows a device at this address: the guest may as "
				   "well expect memory where the VM has none");
	else if (s->region)
		text_add(text,
			 "The address is right: %s of %s is at 0x%" PRIx64
			 ". It is a device, no memory.",
			 s->region->name, s->evidence->machine->id, s->region->base);
	else
		text_add(text, "The address belongs to a device: KVM has %s there.",
			 s->on_bus	    ? "one on its MMIO bus"
			 : s->near_doorbell ? "an ioeventfd"
					    : "counted MMIO in the same 512 bytes");
}

static const struct advice device_advice[] = {
	{NULL,
	 "Access the device with single-register loads and stores without writeback: the kernel's "
	 "readl/writel, inline assembly, Rust's safe-mmio, not memcpy or a volatile pointer that "
	 "the "
	 "compiler may turn into a writeback, pair or SIMD form.",
	 "Arm ARM DDI 0487, ISS encoding for a Data Abort: ISV; rust-lang/rust#131894"},
	{"qemu", "QEMU cannot emulate it either. No option changes that.",
	 "QEMU target/arm/kvm.c: kvm_arm_handle_dabt_nisv()"},
	{"firecracker",
	 "Firecracker does not ask for KVM_EXIT_ARM_NISV: the VM ends with \"Received ENOSYS "
	 "error\". "
	 "Only the guest can be changed.",
	 "Firecracker src/vmm/src/vstate/vcpu.rs"},
	{NULL, "Copies to and from device memory belong into memcpy_fromio/memcpy_toio.",
	 "Linux arch/arm64/kernel/io.c"},
	{0},
};

const struct rule rule_device_access = {
	.id = "device-access-nisv-instruction",
	.score = device_score,
	.place = device_place,
	.where = device_where,
	.how = rule_how_nisv,
	.advice = device_advice,
	.documentation = DOC_ARM_ARM,
};
