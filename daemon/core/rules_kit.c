/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/rules_kit.h"

#include <inttypes.h>
#include <string.h>

#include "daemon/core/fault.h"
#include "daemon/core/symptoms.h"

#define MIB	   (1ULL << 20)
#define WINDOW_MIN (16 * MIB)

/* ---- confidence ----------------------------------------------------------------------------- */

double rule_lower(double score)
{
	if (score >= 0.9)
		return 0.8;
	if (score >= 0.7)
		return 0.6;
	return score >= 0.5 ? 0.4 : score / 2;
}

double rule_sighted(const struct scene *s, double score)
{
	/* MMIO is counted as it goes on: that no memory is there KVM itself has shown each time. */
	if (s->place)
		return score;
	switch (s->sight) {
	case SIGHT_AT_FAULT:
		return score;
	case SIGHT_LATER:
		return rule_lower(score);
	default:
		return 0;
	}
}

double rule_lasting(const struct scene *s, double score)
{
	bool is_passing = s->appeared || (s->removed && !s->restored);

	return is_passing && score > 0.35 ? 0.35 : rule_sighted(s, score);
}

double rule_told(const struct scene *s, double score)
{
	return rule_lasting(s, s->facts->guest_may_be_file && score > 0.6 ? 0.6 : score);
}

double rule_mapped(const struct scene *s, double score)
{
	if (!s->evidence->machine || s->evidence->machine_confidence < 0.8)
		return rule_lower(score);
	return s->evidence->machine->doubt && score > 0.85 ? 0.85 : score;
}

double rule_charted(const struct scene *s, double score)
{
	if (rule_is_charted(s))
		return score;
	if (s->place)
		return 0;
	return score < 0.6 ? score : 0.6;
}

double rule_by_insn(const struct scene *s, double known, double unknown)
{
	if (!s->has_insn)
		return unknown;
	return insn_class_why(s->insn.class) ? known : rule_lower(unknown);
}

double rule_unless_device(const struct scene *s, double score, const char **reason)
{
	double limit = score;

	if (s->region) {
		limit = 0.35;
		*reason = "no memslot, but the machine has a window for devices there";
	} else if (s->device) {
		limit = 0.35;
		*reason = "no memslot, but the guest was told of a device there";
	} else if (s->reserved && s->reserved->optional) {
		limit = 0.6;
		*reason = "no memslot, but the machine can have a device there with an option";
	} else if (rule_is_uncharted(s)) {
		limit = 0.6;
		if (score > limit)
			*reason = "no memslot there, but no reference map tells whether a device "
				  "is";
	}
	return score < limit ? score : limit;
}

/* ---- questions ------------------------------------------------------------------------------ */

bool rule_is_nisv(const struct scene *s)
{
	return s->site->kind == NISV_KIND_NISV && !s->is_foreign && !s->esr.s1ptw && !s->esr.cm;
}

bool rule_is_access(const struct scene *s, uint64_t least)
{
	if (!s->place)
		return rule_is_nisv(s);
	/* Flash has no memslot while it takes commands: firmware makes thousands of accesses. */
	if (s->reserved && (s->reserved->optional || s->reserved->role == ROLE_FLASH))
		return false;
	return s->place->count >= least && rule_is_charted(s) && scene_is_empty(s);
}

bool rule_is_emulated(const struct scene *s)
{
	return s->is_x86 && s->site->kind == NISV_KIND_EMULATION && s->has_insn && s->ipa_known &&
	       rule_no_slot(s);
}

bool rule_is_use(const struct scene *s, uint64_t least)
{
	return rule_is_access(s, least) || (!s->is_foreign && (s->site->kind == NISV_KIND_EXEC ||
							       s->site->kind == NISV_KIND_WALK));
}

bool rule_is_window(const struct machine_region *region)
{
	return region->is_window || region->size >= WINDOW_MIN;
}

bool rule_no_slot(const struct scene *s)
{
	return !s->slot && !s->changing && !s->is_foreign;
}

bool rule_is_device(const struct scene *s)
{
	return s->vgic || scene_has_device(s) || (s->region && !rule_is_window(s->region));
}

bool rule_is_uncharted(const struct scene *s)
{
	return !s->evidence->machine;
}

bool rule_is_charted(const struct scene *s)
{
	const struct evidence *e = s->evidence;

	return e->machine && !e->machine->doubt && e->machine_confidence >= 0.8;
}

bool rule_has_bus(const struct scene *s)
{
	const struct layout *layout = s->evidence->layout;

	return layout->known && layout->total_bus <= layout->n_bus;
}

bool rule_is_told(const struct scene *s, enum guest_kind kind)
{
	return s->device && s->device->kind == kind;
}

bool rule_base_register(const struct scene *s, uint64_t *ret)
{
	struct insn_registers registers;

	if (!s->has_insn || s->is_x86 || !s->rec || s->insn.base_reg < 0 ||
	    s->insn.base_reg >= NISV_GPRS ||
	    !fault_registers(s->rec, s->evidence->host->arch, &registers))
		return false;
	*ret = registers.gpr[s->insn.base_reg];
	return true;
}

bool rule_is_vmm(const struct scene *s, const char *vmm)
{
	return !strcmp(s->evidence->vmm, vmm);
}

bool rule_is_early(const struct scene *s)
{
	return s->mmu == MMU_OFF && s->el > 0 && !scene_is_nested(s);
}

/* ---- phrases -------------------------------------------------------------------------------- */

static const char *insn_missing(const struct scene *s)
{
	if (!s->rec)
		return "no detailed record of this fault was kept";
	if (s->insn_is_stale)
		return "what is at its PC now does not access the faulting address";
	switch (s->rec->insn_state) {
	case NISV_INSN_OK:
		return "only a part of it could be read";
	case NISV_INSN_STAGE1:
		return "the guest's page tables do not map the PC";
	case NISV_INSN_NO_SLOT:
		return "the PC or one of its page tables is in no memslot";
	case NISV_INSN_UNREADABLE:
		return "its page was not present on the host";
	case NISV_INSN_IO_MEMORY:
		return "the PC is in device memory of the host, which is never read";
	case NISV_INSN_PROTECTED:
		return "the VM is protected, its memory is not the host's to read";
	case NISV_INSN_NO_SYSREGS:
		return "the state of the guest's MMU was not known";
	case NISV_INSN_UNSAFE:
		return "this kernel cannot tell device memory, so it was not read";
	case NISV_INSN_LEFT_OUT:
		return "it is not in what was saved";
	default:
		return "its bytes were not read";
	}
}

static void how_nisv(const struct scene *s, struct text *text)
{
	const char *why = s->has_insn ? insn_class_why(s->insn.class) : NULL;

	if (why)
		text_add(text,
			 "The CPU does not describe `%s` to the hypervisor (ESR_EL2.ISV = 0): %s.",
			 s->insn_text, why);
	else if (s->has_insn && s->insn.isv_possible)
		text_add(text,
			 "The CPU did not describe the access (ESR_EL2.ISV = 0), although `%s`, "
			 "now at the PC, is of a form that it describes: the code may have changed "
			 "since.",
			 s->insn_text);
	else if (s->has_insn)
		text_add(text,
			 "The CPU did not describe the access (ESR_EL2.ISV = 0); `%s` at the PC is "
			 "of no known class.",
			 s->insn_text);
	else
		text_add(text,
			 "The CPU did not describe the access (ESR_EL2.ISV = 0). The instruction "
			 "is not known: %s.",
			 insn_missing(s));
}

static void how_traffic(const struct scene *s, struct text *text)
{
	text_add(text,
		 "KVM could tell the access to the VMM (KVM_EXIT_MMIO), so nothing aborts: %s",
		 symptom_unassigned(s->evidence->vmm));
}

void rule_how(const struct scene *s, struct text *text)
{
	if (s->place) {
		how_traffic(s, text);
		return;
	}
	switch (s->site->kind) {
	case NISV_KIND_NISV:
		if (s->esr.cm)
			text_add(text,
				 "The access is a cache maintenance operation, which transfers no "
				 "register (ESR_EL2.CM = 1, ISV = 0).");
		else
			how_nisv(s, text);
		break;
	case NISV_KIND_EXEC:
		text_add(text, "An instruction fetch is never emulated: KVM answers it with an "
			       "Instruction Abort in the guest.");
		break;
	case NISV_KIND_WALK:
		text_add(text, "The access of a stage-1 table walk is never emulated: KVM answers "
			       "it with an abort in the guest.");
		break;
	case NISV_KIND_BEYOND_IPA:
		text_add(text, "Not a matter of the instruction: KVM answers any access beyond the "
			       "limit with an abort in the guest.");
		break;
	case NISV_KIND_EMULATION:
		text_add(text, "KVM's instruction emulator gave up on the instruction.");
		break;
	case NISV_KIND_MEMORY_FAULT:
		text_add(text,
			 "Not a matter of the instruction: KVM could not give the guest the page "
			 "that it asked for, private or shared, and told the VMM "
			 "(KVM_EXIT_MEMORY_FAULT).");
		break;
	case NISV_KIND_LDST64B:
		text_add(text, "A 64-byte access (LD64B, ST64B) outside memory is left to the VMM "
			       "(KVM_EXIT_ARM_LDST64B).");
		break;
	case NISV_KIND_BACKING:
		text_add(text, "Not a matter of the instruction: KVM could not get the host page "
			       "and failed KVM_RUN with EFAULT.");
		break;
	default:
		text_add(text, "KVM could not complete the access.");
	}
}

void rule_slot(const struct nisv_slot *slot, struct text *text)
{
	text_add(text, "memslot %d, %s, %s", slot->id, words_range(slot->gpa, slot->size).s,
		 slot->flags & NISV_SLOT_READONLY ? "read-only" : "writable");
	if (slot->flags & NISV_SLOT_INVALID)
		text_add(text, ", being changed");
}

void rule_guest_table(const struct guest_view *guest, struct text *text)
{
	text_add(text, "The guest's %s",
		 guest->source == GUEST_E820 ? "E820 table" : "device tree");
	if (guest->bytes)
		text_add(text, ", %" PRIu32 " bytes", guest->bytes);
	text_add(text, " at 0x%" PRIx64, guest->address);
}

void rule_neighbours(const struct scene *s, struct text *text)
{
	if (s->sight == SIGHT_NONE) {
		text_add(text, "the VM's memory map is not known");
		return;
	}
	if (s->below)
		text_add(text, "%s %s ends %s below",
			 s->below->flags & NISV_SLOT_READONLY ? "ROM" : "RAM",
			 words_range(s->below->gpa, s->below->size).s,
			 words_size(s->ipa - (s->below->gpa + s->below->size)).s);
	else
		text_add(text, "no memory below");
	if (s->above)
		text_add(text, "; %s %s begins %s above",
			 s->above->flags & NISV_SLOT_READONLY ? "ROM" : "RAM",
			 words_range(s->above->gpa, s->above->size).s,
			 words_size(s->above->gpa - s->ipa).s);
	else
		text_add(text, "; no memory above");
}

void rule_where_nothing(const struct scene *s, struct text *text)
{
	text_add(text, "No memslot holds the address: ");
	rule_neighbours(s, text);
	text_add(text, ".");
}

const char *rule_machine(const struct scene *s)
{
	return s->evidence->machine ? s->evidence->machine->id : s->evidence->vmm;
}

void rule_offset(const struct scene *s, const struct machine_region *region, struct text *text)
{
	text_add(text, "%s", region->name);
	if (s->ipa >= region->base)
		text_add(text, " + 0x%" PRIx64, s->ipa - region->base);
}

/* The options that set a VM's RAM: what stands before and after the number of MiB. */
struct ram_option {
	const char *vmm, *before, *after, *source, *revision;
};

static const struct ram_option ram_options[] = {
	{"qemu", "-m ", "M", "qemu-options.hx: -m", REV_QEMU},
	{"firecracker", "mem_size_mib = ", " in machine-config",
	 "src/firecracker/swagger/firecracker.yaml: MachineConfiguration", REV_FIRECRACKER},
	{"cloud-hypervisor", "--memory size=", "M", "docs/memory.md", REV_CLOUD_HYPERVISOR},
	{"crosvm", "--mem ", "", "src/crosvm/cmdline.rs: RunCommand", REV_CROSVM},
	{"kvmtool", "--mem ", "", "builtin-run.c: BUILD_OPTIONS", REV_KVMTOOL},
	{"libkrun", "krun_set_vm_config() with ram_mib = ", "", "include/libkrun.h", REV_LIBKRUN},
};

void rule_ram_option(const char *vmm, uint64_t bytes, struct text *text)
{
	const char *before = "", *after = " MiB of RAM";

	for (size_t i = 0; i < sizeof(ram_options) / sizeof(ram_options[0]); i++)
		if (!strcmp(ram_options[i].vmm, vmm)) {
			before = ram_options[i].before;
			after = ram_options[i].after;
		}
	text_add(text, "%s%" PRIu64 "%s", before, (uint64_t)((bytes + MIB - 1) / MIB), after);
}

/* ---- scopes --------------------------------------------------------------------------------- */

uint64_t rule_scope_vm(const struct scene *s)
{
	(void)s;
	return 0;
}
