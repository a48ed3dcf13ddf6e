/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The interrupt controller: KVM's own frames used the wrong way, and frames that are not there. */

#include <inttypes.h>
#include <string.h>

#include "daemon/core/rules_kit.h"

/* ---- vgic-access-nisv-instruction ----------------------------------------------------------- */

static double vgic_score(const struct scene *s, const char **reason)
{
	bool its = s->on_bus && s->region && s->region->class == REGION_KERNEL_DEVICE;

	if (!rule_is_nisv(s) || !rule_no_slot(s) || (!s->vgic && !its))
		return 0;
	*reason = s->has_insn ? "KVM's own vGIC is there, and the instruction was read"
			      : "KVM's own vGIC is there; the instruction is not known";
	return rule_by_insn(s, 0.96, 0.75);
}

static uint64_t vgic_base(const struct scene *s)
{
	struct vgic_frame frames[VGIC_FRAMES_MAX];
	size_t n = layout_vgic_frames(s->evidence->layout, frames);

	for (size_t i = 0; i < n; i++)
		if (s->ipa - frames[i].base < frames[i].size)
			return frames[i].base;
	return s->region ? s->region->base : s->ipa;
}

static const char *vgic_name(const struct scene *s)
{
	return s->vgic ? s->vgic : s->region->name;
}

static void vgic_place(const struct scene *s, struct text *text)
{
	text_add(text, "the %s%s + 0x%" PRIx64 ", which KVM emulates", s->vgic ? "vGIC's " : "",
		 vgic_name(s), s->ipa - vgic_base(s));
}

static void vgic_where(const struct scene *s, struct text *text)
{
	text_add(text,
		 "The address is right: KVM's own %s%s is at 0x%" PRIx64
		 ". It is a device, no memory.",
		 s->vgic ? "vGIC " : "", vgic_name(s), vgic_base(s));
}

static const struct advice vgic_advice[] = {
	{NULL,
	 "Access GIC registers with single-register loads and stores without writeback only: "
	 "inline assembly (ldr w, [x] / str w, [x]) or the kernel's readl/writel, not a volatile "
	 "pointer that the compiler may turn into a writeback form.",
	 "195bbcac2e5c, d044d6ba6f02: raw accessors without writeback", REV_LINUX},
	{NULL,
	 "No setting of the VMM helps: it cannot emulate an access to a device that lives in the "
	 "kernel.",
	 "arch/arm64/kvm/mmio.c: io_mem_abort(); c726200dd106", REV_LINUX},
	{0},
};

const struct rule rule_vgic_access = {
	.id = "vgic-access-nisv-instruction",
	.general = {"atomic-or-exclusive-on-device", "simd-memcpy-on-device", "dc-zva-on-device",
		    "mops-on-device", "mte-tag-op-on-device", "sve-on-device",
		    "device-access-nisv-instruction"},
	.arch = "arm64",
	.from = RULE_FAULT,
	.what = "The guest used a register of its interrupt controller, which KVM emulates, with "
		"an instruction that the CPU does not describe. KVM cannot carry it out, and no "
		"VMM can do it in its place.",
	.known_by = "The address is in a frame of the VM's vGIC as KVM has it, and the instruction "
		    "at the PC is of a class without a syndrome.",
	.example = "vCPU 0 executed `str x11, [x13], #8` on 0x8006100, the vGIC's distributor + "
		   "0x6100, which KVM emulates.",
	.score = vgic_score,
	.place = vgic_place,
	.where = vgic_where,
	.how = rule_how,
	.advise = rule_advise_instead,
	.advice = vgic_advice,
	.documentation = DOC_ARM_ARM,
};

/* ---- gic-version-mismatch ------------------------------------------------------------------- */

/* The frame that machines of this kind have there with another version of the GIC. */
static const struct machine_region *other_frame(const struct scene *s)
{
	const struct machine_region *region = s->left_out;

	return region && region->vgic && region->vgic != s->evidence->layout->vgic_model ? region
											 : NULL;
}

/* The guest's own tree names the other version, and has a frame of it there. */
static bool is_believed(const struct scene *s)
{
	const struct guest_view *guest = s->evidence->guest;

	return s->device && guest->gic_version &&
	       guest->gic_version != s->evidence->layout->vgic_model &&
	       (s->device->kind == GUEST_GIC_CPU || s->device->kind == GUEST_GIC_REDIST ||
		s->device->kind == GUEST_GIC_DIST);
}

static bool has_vgic(const struct scene *s)
{
	uint32_t model = s->evidence->layout->vgic_model;

	return model == NISV_VGIC_V2 || model == NISV_VGIC_V3;
}

static double gic_version_score(const struct scene *s, const char **reason)
{
	const struct machine_region *frame = other_frame(s);

	if (!rule_is_access(s, MMIO_FEW) && !(s->place && is_believed(s)))
		return 0;
	if (!rule_no_slot(s) || s->vgic || !has_vgic(s))
		return 0;
	if (is_believed(s)) {
		*reason =
			"the guest's device tree names the other version of the GIC, and has this "
			"frame of it there";
		return rule_told(s, 0.95);
	}
	if (!frame || frame->role == ROLE_V2M || frame->role == ROLE_ITS)
		return 0;
	*reason = "machines of this kind have that frame there with the other version of the GIC";
	return rule_mapped(s, rule_lasting(s, 0.9));
}

static void gic_version_place(const struct scene *s, struct text *text)
{
	uint32_t model = s->evidence->layout->vgic_model;

	if (is_believed(s))
		text_add(text, "where the guest's \"%s\" has a frame of a GICv%" PRIu32,
			 s->device->name, s->evidence->guest->gic_version);
	else
		text_add(text, "where the %s would be", other_frame(s)->name);
	text_add(text, "; this VM has a GICv%" PRIu32, model);
}

static void gic_version_where(const struct scene *s, struct text *text)
{
	uint32_t model = s->evidence->layout->vgic_model;

	text_add(text,
		 "KVM's vGIC is version %" PRIu32 ", its distributor at 0x%" PRIx64
		 ": the %s not there.",
		 model, s->evidence->layout->vgic_dist,
		 model == NISV_VGIC_V2 ? "redistributors of a GICv3 are"
				       : "CPU interface of a GICv2 is");
}

static const struct advice gic_version_advice[] = {
	{"qemu",
	 "Start the VM with the version that the guest is built for (-machine gic-version=2 or 3), "
	 "or drop -dtb so that QEMU makes a tree that fits.",
	 "docs/system/arm/virt.rst: gic-version", REV_QEMU},
	{"kvmtool", "kvmtool takes --irqchip gicv2, gicv2m, gicv3 or gicv3-its.",
	 "arm/gic.c: irqchip_parser()", REV_KVMTOOL},
	{NULL,
	 "Use a tree, or an image, for the version of the interrupt controller that the VM has.",
	 "Documentation/devicetree/bindings/interrupt-controller/arm,gic-v3.yaml", REV_LINUX},
	{0},
};

const struct rule rule_gic_version = {
	.id = "gic-version-mismatch",
	.arch = "arm64",
	.from = RULE_FAULT | RULE_MAP,
	.what = "The guest drives a GIC of another version than the VM has: its CPU interface "
		"(GICv2) or its redistributors (GICv3) are not there, and no interrupt works.",
	.known_by = "KVM tells the version and the frames of the vGIC; the address is in a frame "
		    "that the machine has only with the other version, by its reference map or by "
		    "the guest's own device tree.",
	.example = "vCPU 0 executed `str w1, [x0], #4` on 0x8010000, where the GICv2 CPU interface "
		   "would be; this VM has a GICv3.",
	.score = gic_version_score,
	.place = gic_version_place,
	.where = gic_version_where,
	.how = rule_how,
	.scope = rule_scope_vm,
	.traffic_severity = SEVERITY_ERROR,
	.advice = gic_version_advice,
	.documentation = DOC_GIC,
};

/* ---- redist-beyond-vcpus -------------------------------------------------------------------- */

#define REDISTS_MAX   512 /* KVM_MAX_VCPUS of arm64, arch/arm64/include/asm/kvm_host.h */
#define REDISTS_ABOVE 123 /* QEMU hw/arm/virt.c: VIRT_GIC_REDIST, 0xf60000 bytes */

/*
 * Where the redistributors of more vCPUs would be: behind the last one (QEMU's region goes on), or
 * below the first one, where they grow down from the distributor (Firecracker, Cloud Hypervisor,
 * crosvm, kvmtool, libkrun).
 */
static bool is_redist_space(const struct scene *s, struct range *ret_between)
{
	const struct layout *layout = s->evidence->layout;
	uint64_t first, end;

	if (layout->vgic_model != NISV_VGIC_V3 || !layout->n_redist)
		return false;
	first = layout->redist[0].base;
	end = first + layout_redists(layout, &layout->redist[0]) * VGIC_V3_REDIST_SIZE;
	if (first < layout->vgic_dist) {
		*ret_between = (struct range){s->ipa, first};
		return s->ipa < first && first - s->ipa <= REDISTS_MAX * VGIC_V3_REDIST_SIZE;
	}
	*ret_between = (struct range){end, s->ipa};
	return s->ipa >= end && s->ipa - first < REDISTS_ABOVE * VGIC_V3_REDIST_SIZE;
}

/* A guest that expects more vCPUs begins with the next one, and seldom with many times as many. */
#define REDISTS_MORE 16U

static bool is_some_more(const struct scene *s, const struct range *between)
{
	uint64_t more = REDISTS_MORE + s->evidence->layout->vcpus;

	return between->end - between->start < more * VGIC_V3_REDIST_SIZE;
}

/* Something else of the machine, or memory, is on the way there: but an ITS has its place next to
 * the redistributors. */
static bool is_space_taken(const struct scene *s, const struct range *between)
{
	const struct machine *machine = s->evidence->machine;

	for (size_t i = 0; i < machine->n_regions; i++) {
		const struct machine_region *region = &machine->regions[i];

		if (region->role != ROLE_ITS && region->role != ROLE_REDIST &&
		    region->base < between->end && region->base + region->size > between->start)
			return true;
	}
	return (s->below && s->below->gpa >= between->start) ||
	       (s->above && s->above->gpa < between->end);
}

static double redist_score(const struct scene *s, const char **reason)
{
	bool told = rule_is_told(s, GUEST_GIC_REDIST);
	struct range between;

	if (!rule_is_access(s, MMIO_FEW) && !(s->place && told && scene_is_empty(s)))
		return 0;
	if (!rule_no_slot(s) || s->vgic || s->on_bus || !is_redist_space(s, &between))
		return 0;
	/* A window that may be in the way has nothing to say against the guest's own word. */
	if (s->region && !(told && rule_is_window(s->region) && !s->near_doorbell))
		return 0;
	if (told) {
		*reason = "the guest's device tree has redistributors there, KVM has them only for "
			  "this VM's vCPUs";
		return rule_told(s, 0.92);
	}
	/* An ITS below them is another cause, and so is whatever the map names. */
	if (s->reserved || s->left_out || s->device || !s->evidence->machine ||
	    is_space_taken(s, &between))
		return 0;
	if (!is_some_more(s, &between)) {
		*reason = "where the redistributors of many more vCPUs would be: no more than the "
			  "address speaks for them";
		return rule_mapped(s, rule_lasting(s, 0.4));
	}
	*reason = "where the redistributors of more vCPUs would be, and nothing else is known";
	return rule_mapped(s, rule_lasting(s, 0.85));
}

static void redist_place(const struct scene *s, struct text *text)
{
	text_add(text, "where the redistributor of a further vCPU would be; the VM has %" PRIu64,
		 layout_redists(s->evidence->layout, &s->evidence->layout->redist[0]));
}

static void redist_where(const struct scene *s, struct text *text)
{
	const struct layout *layout = s->evidence->layout;
	uint64_t n = layout_redists(layout, &layout->redist[0]);

	text_add(text, "KVM's redistributors are at %s, for %" PRIu64 " vCPU%s.",
		 words_range(layout->redist[0].base, n * VGIC_V3_REDIST_SIZE).s, n,
		 n == 1 ? "" : "s");
}

static const struct advice redist_advice[] = {
	{"qemu",
	 "Start the VM with as many CPUs (-smp), or drop -dtb so that QEMU makes a tree that fits.",
	 "hw/arm/virt.c: fdt_add_cpu_nodes()", REV_QEMU},
	{"firecracker", "Set vcpu_count in machine-config to what the guest is built for.",
	 "src/firecracker/swagger/firecracker.yaml: MachineConfiguration", REV_FIRECRACKER},
	{"cloud-hypervisor", "Start the VM with as many CPUs: --cpus boot=N.", "docs/cpu.md",
	 REV_CLOUD_HYPERVISOR},
	{"crosvm", "Start the VM with as many CPUs: --cpus N.", "src/crosvm/cmdline.rs: RunCommand",
	 REV_CROSVM},
	{"kvmtool", "Start the VM with as many CPUs: --cpus N.", "builtin-run.c: BUILD_OPTIONS",
	 REV_KVMTOOL},
	{NULL,
	 "Or take the CPU nodes that are too many out of the guest's tree, and shorten the reg of "
	 "its GIC node.",
	 "chapter 3.8: /cpus", REV_DEVICETREE},
	{0},
};

const struct rule rule_redist_beyond_vcpus = {
	.id = "redist-beyond-vcpus",
	.arch = "arm64",
	.from = RULE_FAULT | RULE_MAP,
	.what = "The guest looks for the redistributor of a vCPU that the VM does not have: its "
		"device tree has more CPUs, or a longer GIC node, than the VM was started with.",
	.known_by =
		"KVM tells the redistributors and the vCPUs; the address is where the next ones "
		"would be, behind them (QEMU) or below (VMMs that place them under the "
		"distributor).",
	.example = "vCPU 0 executed `ldp x1, x2, [x0]` on 0x80e0000, where the redistributor of a "
		   "further vCPU would be; the VM has 2.",
	.score = redist_score,
	.place = redist_place,
	.where = redist_where,
	.how = rule_how,
	.scope = rule_scope_vm,
	.traffic_severity = SEVERITY_WARNING,
	.advice = redist_advice,
	.documentation = DOC_GIC,
};

/* ---- memslot-over-vgic ---------------------------------------------------------------------- */

static const struct advice over_advice[] = {
	{NULL,
	 "Move the memory or the interrupt controller: where a memslot is, KVM maps memory, and "
	 "the guest writes to RAM in place of its interrupt controller.",
	 "arch/arm64/kvm/mmu.c: kvm_handle_guest_abort()", REV_LINUX},
	{0},
};

const struct rule rule_slot_over_vgic = {
	.id = "memslot-over-vgic",
	.arch = "arm64",
	.from = RULE_MAP,
	.what = "A memslot lies over a frame of KVM's own interrupt controller: the guest's "
		"accesses to it go to memory, and no interrupt works.",
	.known_by = "KVM tells both: the memslots, and the frames of the vGIC.",
	.example = "Memslot 2 (0x8000000-0x9000000, 16 MiB) hides KVM's vGIC distributor at "
		   "0x8000000.",
	.advice = over_advice,
	.documentation = DOC_GIC,
};
