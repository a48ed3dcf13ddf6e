/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/report_evidence.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/fault.h"
#include "daemon/core/rules_kit.h"
#include "daemon/core/verdict.h"

/* One line being written; put into the finding when it is complete. */
struct line {
	char buf[320];
	struct text text;
};

static struct text *line_begin(struct line *line)
{
	line->text = text_begin(line->buf, sizeof(line->buf));
	return &line->text;
}

static int line_end(const struct line *line, struct finding *finding)
{
	char *copy;

	if (!line->text.len || finding->n_evidence >= FINDING_LINES_MAX)
		return 0;
	copy = strdup(line->buf);
	if (!copy)
		return -ENOMEM;
	finding->evidence[finding->n_evidence++] = copy;
	return 0;
}

static void traffic_line(const struct scene *s, struct text *text)
{
	if (s->place)
		text_add(text,
			 "MMIO: %" PRIu64 " %s of the 512 bytes from 0x%" PRIx64 ", %" PRIu64
			 " of them served by user space",
			 s->place->count, s->place->is_write ? "writes" : "reads", s->place->ipa,
			 s->place->user);
}

static void syndrome_line(const struct scene *s, struct text *text)
{
	char summary[200];

	if (!s->is_x86 && !s->place)
		text_add(text, "ESR_EL2 0x%08" PRIx64 ": %s", s->site->esr,
			 syndrome_summary(s->site->esr, summary, sizeof(summary)));
}

static void address_line(const struct scene *s, struct text *text)
{
	const char *name = s->is_x86 ? "GPA" : "IPA";

	if (!s->ipa_known) {
		text_add(text, "KVM names no guest-physical address");
		if (s->has_linear)
			text_add(text,
				 "; by the registers the virtual address is 0x%" PRIx64
				 " (segment base taken as zero)",
				 s->linear);
		return;
	}
	text_add(text, "%s 0x%" PRIx64, name, s->ipa);
	if (!s->is_x86 && !s->place)
		text_add(text, " (FAR 0x%" PRIx64 "%s)", s->site->far,
			 s->esr.fnp ? ", not precise" : "");
	if (s->is_derived)
		text_add(text, " (computed from the registers, segment base taken as zero)");
	if (s->slot || s->changing) {
		text_add(text, " is in ");
		rule_slot(s->slot ? s->slot : s->changing, text);
		return;
	}
	if (s->sight == SIGHT_NONE)
		text_add(text, ": the memory map is not known");
	else
		text_add(text, " is in no memslot");
	if (s->vgic)
		text_add(text, "; KVM's vGIC %s is there", s->vgic);
	else if (s->region)
		text_add(text, "; %s of %s is there", s->region->name, s->evidence->machine->id);
	else if (s->reserved)
		text_add(text, "; %s of %s would be there, this VM does not have it",
			 s->reserved->name, s->evidence->machine->id);
}

static void neighbours_line(const struct scene *s, struct text *text)
{
	if (s->slot || s->changing || s->sight == SIGHT_NONE || !s->ipa_known)
		return;
	text_add(text, "Nearest memory: ");
	rule_neighbours(s, text);
}

static void ram_option_line(const struct scene *s, struct text *text)
{
	const struct layout *layout = s->evidence->layout;

	if (!s->evidence->options->ram_bytes || !layout->known ||
	    layout->total_slots > layout->n_slots ||
	    s->evidence->options->ram_bytes <= layout_ram_bytes(layout))
		return;
	text_add(text, "The command line asks for %s of RAM, the memslots hold %s",
		 words_size(s->evidence->options->ram_bytes).s,
		 words_size(layout_ram_bytes(layout)).s);
}

static void instruction_line(const struct scene *s, struct text *text)
{
	const char *why;

	if (!s->insn_text[0])
		return;
	if (s->is_x86) {
		text_add(text, "Instruction");
		for (uint8_t i = 0; i < s->insn.n_bytes; i++)
			text_add(text, " %02x", s->insn.bytes[i]);
		text_add(text, " `%s`", s->insn_text);
		return;
	}
	why = insn_class_why(s->insn.class);
	text_add(text, "Instruction 0x%0*" PRIx32 " `%s`: %s", 2 * s->insn.length, s->insn.raw,
		 s->insn_text, why ? why : insn_class_name(s->insn.class));
}

static bool base_value(const struct scene *s, const struct insn_registers *registers, uint64_t *ret)
{
	int reg = s->insn.base_reg;

	if (reg < 0 || (reg == INSN_REG_SP && !registers->has_sp))
		return false;
	*ret = reg == INSN_REG_SP ? registers->sp : registers->gpr[reg];
	return true;
}

static void base_line(const struct scene *s, struct text *text)
{
	struct insn_registers registers;
	uint64_t value;

	if (!s->rec || !s->has_insn || s->is_x86 ||
	    !fault_registers(s->rec, s->evidence->host->arch, &registers) ||
	    !base_value(s, &registers, &value))
		return;
	if (s->insn.base_reg == INSN_REG_SP)
		text_add(text, "Base register sp");
	else
		text_add(text, "Base register %c%d", s->is_a32 ? 'r' : 'x', s->insn.base_reg);
	text_add(text, " = 0x%" PRIx64, value);
	if (value == s->site->far)
		text_add(text, ", the faulting address itself");
	else if (s->site->far - value < 0x10000)
		text_add(text, ", 0x%" PRIx64 " below the faulting address", s->site->far - value);
	else if (value - s->site->far < 0x10000)
		text_add(text, ", 0x%" PRIx64 " above the faulting address", value - s->site->far);
}

/* That the bytes at the PC are those that faulted; silent where the base has shown it already. */
static void agreement_line(const struct scene *s, struct text *text)
{
	struct insn_registers registers;
	uint64_t address, base;

	if (!s->rec || s->is_x86 || !(s->has_insn || s->insn_is_stale) ||
	    !fault_registers(s->rec, s->evidence->host->arch, &registers) ||
	    !insn_address(&s->insn, 0, &registers, &address))
		return;
	if (s->insn_is_stale)
		text_add(text,
			 "What is at the PC now gives 0x%" PRIx64
			 ", not the faulting address: the code changed since",
			 address);
	else if (insn_agrees(&s->insn, &registers, s->site->far) != INSN_AGREES ||
		 (base_value(s, &registers, &base) && base == s->site->far))
		return;
	else
		text_add(text, "The instruction and its registers give 0x%" PRIx64 ", %s", address,
			 address == s->site->far ? "the faulting address"
						 : "and with its size reach the faulting address");
}

static void state_line(const struct scene *s, struct text *text)
{
	if (s->place)
		return;
	text_add(text, "PC 0x%" PRIx64, s->site->pc);
	if (s->is_a32)
		text_add(text, ", AArch32");
	else if (s->el >= 0)
		text_add(text, ", EL%d", s->el);
	if (s->is_x86 && s->rec && fault_x86_bits(s->rec))
		text_add(text, ", %d-bit code", fault_x86_bits(s->rec));
	if (s->mmu != MMU_UNKNOWN)
		text_add(text, ", %s %s", s->is_x86 ? "paging" : "MMU",
			 s->mmu == MMU_ON ? "on" : "off");
	if (s->rec && s->rec->sysregs_state == NISV_SYSREGS_STALE)
		text_add(text, ", system registers as of an earlier exit");
	if (scene_is_nested(s))
		text_add(text, ", in a nested guest%s",
			 s->is_foreign ? "" : ", whose address KVM translated to this VM's");
}

static void layout_line(const struct scene *s, struct text *text)
{
	const struct layout *layout = s->evidence->layout;
	uint32_t state = s->rec ? s->rec->layout_state : NISV_LAYOUT_NONE;

	if (!s->ipa_known)
		return;
	if (state == NISV_LAYOUT_STABLE)
		text_add(text, "Memory map as the fault saw it (generation %" PRIu64 "%s)",
			 (uint64_t)s->rec->generation & INT64_MAX,
			 s->updating ? ", a change in progress" : "");
	else if (state == NISV_LAYOUT_UNSTABLE)
		text_add(text, "The memory map changed while it was read");
	else if (state == NISV_LAYOUT_AFTER)
		text_add(text, "Memory map as of after the fault");
	else if (layout->known)
		text_add(text, "Memory map as of the last time it was read, not of the fault");
	else
		text_add(text, "The memory map of the VM is not known");
	if (layout->known && layout->total_slots > layout->n_slots)
		text_add(text, "; only %zu of its %" PRIu32 " memslots were read", layout->n_slots,
			 layout->total_slots);
}

static void machine_line(const struct scene *s, struct text *text)
{
	if (!s->evidence->machine && s->is_x86)
		return; /* no rule of x86 asks a reference map */
	if (!s->evidence->machine)
		text_add(text, "No reference map is known for this machine (VMM: %s)",
			 s->evidence->vmm);
	else
		text_add(text, "Reference map %s, known %s", s->evidence->machine->id,
			 s->evidence->machine_confidence >= 0.8 ? "by the command line"
								: "only by the layout's likeness");
}

/* Why it is not known that KVM injected an abort, which it always does for a fetch or a walk. */
static const char *why_unseen(const struct evidence *evidence)
{
	if (evidence->is_traced)
		return "no tracepoint tells it";
	return evidence->host->injection_seen ? "this time it was not seen"
					      : "no hook on this kernel sees it";
}

/* What the VMM then did, as far as it was seen. */
static void answer_line(const struct scene *s, struct text *text)
{
	const struct site *site = s->site;

	if (site->answers) {
		text_add(text, "; %s answered with an external abort",
			 rule_is_vmm(s, "qemu") ? "QEMU" : "the VMM");
		if (site->answers < site->count)
			text_add(text, ", %" PRIu64 " of %" PRIu64 " times", site->answers,
				 site->count);
	} else if (site->outcome == NISV_OUTCOME_VMM_DECIDES &&
		   verdict_ended_vm(s->evidence, site)) {
		text_add(text, "; the VM ended right after");
	}
}

static void outcome_line(const struct scene *s, struct text *text)
{
	const struct site *site = s->site;

	if (s->place)
		return;
	text_add(text, "Outcome: %s", outcome_name(site->outcome));
	if (site->errno_)
		text_add(text, ", KVM_RUN returned %s", words_errno(site->errno_).s);
	else if (s->rec && s->rec->exit_reason)
		text_add(text, ", %s", words_exit(s->rec->exit_reason).s);
	else if (site->outcome == NISV_OUTCOME_UNKNOWN &&
		 (site->kind == NISV_KIND_EXEC || site->kind == NISV_KIND_WALK))
		text_add(text, " (KVM injects an abort; %s)", why_unseen(s->evidence));
	answer_line(s, text);
}

int report_evidence(const struct scene *s, const struct rule *rule, struct finding *finding)
{
	static void (*const lines[])(const struct scene *, struct text *) = {
		traffic_line,	 syndrome_line,	   address_line, neighbours_line,
		ram_option_line, instruction_line, base_line,	 agreement_line,
		state_line,	 layout_line,	   machine_line, outcome_line,
	};
	_Static_assert(sizeof(lines) / sizeof(lines[0]) < FINDING_LINES_MAX, "all lines fit");
	struct line line;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		lines[i](s, line_begin(&line));
		if (line_end(&line, finding) < 0)
			return -ENOMEM;
	}
	if (!rule->prove)
		return 0;
	rule->prove(s, line_begin(&line));
	return line_end(&line, finding);
}
