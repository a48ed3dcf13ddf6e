/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/fault.h"
#include "daemon/core/overlay.h"
#include "daemon/core/report_evidence.h"
#include "daemon/core/rules_kit.h"
#include "daemon/core/signature.h"
#include "daemon/core/symptoms.h"

uint64_t report_anchor(const struct scene *s)
{
	if (s->slot)
		return s->slot->gpa;
	if (s->changing)
		return s->changing->gpa;
	if (s->region)
		return s->region->base;
	if (s->below)
		return s->below->gpa + s->below->size;
	return 0;
}

/* ---- the answer ----------------------------------------------------------------------------- */

static void add_traffic(const struct scene *s, struct text *text)
{
	text_add(text, "The guest %s 0x%" PRIx64 " %" PRIu64 " time%s",
		 s->site->kind == KIND_MMIO_READ ? "read" : "wrote", s->ipa, s->place->count,
		 s->place->count == 1 ? "" : "s");
}

static void add_access(const struct scene *s, struct text *text)
{
	uint32_t vcpu = s->rec ? s->rec->vcpu_id : s->site->vcpu_id;

	text_add(text, "vCPU %" PRIu32 " ", vcpu);
	if (s->site->kind == NISV_KIND_EXEC || (s->esr.is_iabt && !s->esr.s1ptw))
		text_add(text, "fetched an instruction from");
	else if (s->site->kind == NISV_KIND_WALK)
		text_add(text, "walked its page tables to");
	else if (s->insn_text[0])
		text_add(text, "executed `%s` on", s->insn_text);
	else if (s->is_x86)
		text_add(text, s->rec && fault_is_failed_fetch(s->rec)
				       ? "fetched an instruction from"
				       : "accessed");
	else if (s->esr.cm)
		text_add(text, "accessed");
	else
		text_add(text, s->esr.wnr ? "wrote to" : "read from");
	if (s->ipa_known)
		text_add(text, " 0x%" PRIx64, s->ipa);
	else if (s->has_linear)
		text_add(text, " virtual address 0x%" PRIx64, s->linear);
	else
		text_add(text, " an address that is not known");
	if (s->ipa_known && s->site->kind == NISV_KIND_EXEC && s->site->pc != s->ipa)
		text_add(text, " (PC 0x%" PRIx64 ")", s->site->pc);
}

/* What QEMU does is known before it is seen. */
static void add_decision(const struct scene *s, struct text *text)
{
	bool is_qemu = s->site->kind == NISV_KIND_NISV && rule_is_vmm(s, "qemu");

	text_add(text, "; KVM left it to %s", is_qemu ? "QEMU" : "the VMM");
	if (!is_qemu && s->rec && s->rec->exit_reason)
		text_add(text, " (%s)", words_exit(s->rec->exit_reason).s);
	if (s->site->answers)
		text_add(text, ", which injected an abort into the guest%s",
			 is_qemu ? " and logged nothing" : "");
	else if (is_qemu)
		text_add(text, ", which injects an abort into the guest and logs nothing");
}

static void add_outcome(const struct scene *s, struct text *text)
{
	const struct site *site = s->site;

	switch (site->outcome) {
	case NISV_OUTCOME_VM_KILLED:
		text_add(text, "; %sKVM_RUN failed with %s",
			 site->kind == NISV_KIND_NISV ? "the CPU did not describe the access and "
						      : "",
			 words_errno(site->errno_).s);
		if (site->answers)
			text_add(text, ", and the VMM injected an abort into the guest");
		break;
	case NISV_OUTCOME_VMM_DECIDES:
		add_decision(s, text);
		break;
	case NISV_OUTCOME_ABORT_INJECTED:
		text_add(text, "; KVM injected %s into the guest",
			 s->is_x86 ? "an invalid-opcode exception" : "an abort");
		break;
	default:
		if (site->kind == NISV_KIND_EXEC || site->kind == NISV_KIND_WALK)
			text_add(text, "; KVM answers that with an abort in the guest");
		break;
	}
}

static void write_summary(const struct scene *s, const struct rule *rule, struct finding *finding)
{
	struct text text = text_begin(finding->summary, sizeof(finding->summary));

	if (s->place)
		add_traffic(s, &text);
	else
		add_access(s, &text);
	text_add(&text, ", ");
	rule->place(s, &text);
	if (!s->place)
		add_outcome(s, &text);
	text_add(&text, ".");
}

static void write_region(const struct scene *s, struct finding *finding)
{
	struct text text = text_begin(finding->region, sizeof(finding->region));

	if (!s->ipa_known) {
		text_add(&text, "not known");
	} else if (s->slot || s->changing) {
		rule_slot(s->slot ? s->slot : s->changing, &text);
	} else if (s->vgic) {
		text_add(&text, "vGIC %s", s->vgic);
	} else if (s->region) {
		text_add(&text, "%s, %s", s->region->name,
			 words_range(s->region->base, s->region->size).s);
	} else {
		text_add(&text, "no memslot; ");
		rule_neighbours(s, &text);
	}
}

/* ---- how sure, and what else ---------------------------------------------------------------- */

static void write_confidence(const struct scene *s, const struct rule *rule,
			     struct finding *finding)
{
	struct text text =
		text_begin(finding->confidence_reason, sizeof(finding->confidence_reason));
	struct scene at_fault = *s;
	const char *reason = "";
	double score;

	score = rule->score(s, &reason);
	text_add(&text, "%s", reason);
	at_fault.sight = SIGHT_AT_FAULT;
	if (s->sight == SIGHT_LATER && rule->score(&at_fault, &reason) > score)
		text_add(&text, "; the memory map was read after the fault or while it changed");
}

static int by_confidence(const void *a, const void *b)
{
	const struct alternative *x = a, *y = b;

	return x->confidence > y->confidence ? -1 : x->confidence < y->confidence;
}

static bool is_general(const struct rule *rule, const char *id)
{
	for (size_t i = 0; i < RULE_GENERAL_MAX && rule->general[i]; i++)
		if (!strcmp(rule->general[i], id))
			return true;
	return false;
}

static void write_alternatives(const struct scene *s, const struct rule *rule,
			       struct finding *finding)
{
	struct alternative all[RULES_MAX] = {0};
	size_t n = 0;

	for (size_t i = 0; i < n_rules; i++) {
		const char *reason;
		double score = 0;

		if (rules[i] != rule && rules[i]->score)
			score = rules[i]->score(s, &reason);
		/* What only says less of the same is no other explanation. */
		if (score >= RULE_ALTERNATIVE && !is_general(rule, rules[i]->id))
			all[n++] = (struct alternative){rules[i]->id, score};
	}
	qsort(all, n, sizeof(all[0]), by_confidence);
	finding->n_alternatives = n < FINDING_ALTERNATIVES_MAX ? n : FINDING_ALTERNATIVES_MAX;
	memcpy(finding->alternatives, all, finding->n_alternatives * sizeof(all[0]));
}

/* ---- signature ------------------------------------------------------------------------------ */

/* Where, so that it is equal on VMs of different size: an offset into something that has a name. */
static void sign_place(const struct scene *s, struct signature *signature)
{
	if (s->slot && (s->slot->flags & NISV_SLOT_READONLY)) {
		signature_add_text(signature, "readonly");
		signature_add_number(signature, s->ipa - s->slot->gpa);
	} else if (s->slot || s->changing) {
		signature_add_text(signature, "slot");
		signature_add_number(signature,
				     s->ipa - (s->slot ? s->slot->gpa : s->changing->gpa));
	} else if (s->region) {
		signature_add_text(signature, s->region->name);
		signature_add_number(signature, s->ipa - s->region->base);
	} else if (s->below) {
		signature_add_text(signature, "above");
		signature_add_number(signature, s->ipa - (s->below->gpa + s->below->size));
	} else {
		signature_add_text(signature, "nothing");
		signature_add_number(signature, s->ipa);
	}
}

static void write_signature(const struct scene *s, const struct rule *rule, struct finding *finding)
{
	struct signature signature = signature_begin();

	signature_add_text(&signature, rule->id);
	signature_add_text(&signature, kind_name(s->site->kind));
	sign_place(s, &signature);
	if (s->is_x86)
		for (uint32_t i = 0; s->rec && i < s->insn.length && i < s->rec->insn_len; i++)
			signature_add_number(&signature, s->rec->insn[i]);
	else
		signature_add_number(&signature, s->has_insn ? s->insn.raw : 0);
	signature_add_number(&signature, (uint64_t)s->el + 1);
	signature_end(&signature, finding->signature);
}

/* ---- advice --------------------------------------------------------------------------------- */

static int add_advice(struct finding *finding, const char *line)
{
	char *copy;

	if (finding->n_advice >= FINDING_LINES_MAX)
		return 0;
	copy = strdup(line);
	if (!copy)
		return -ENOMEM;
	finding->advice[finding->n_advice++] = copy;
	return 0;
}

static int write_advice(const struct scene *s, const struct rule *rule, struct finding *finding)
{
	char line[320];
	struct text text = text_begin(line, sizeof(line));
	int r = 0;

	if (rule->advise) {
		rule->advise(s, &text);
		r = text.len ? add_advice(finding, line) : 0;
	}
	for (const struct advice *row = rule->advice; row->text && r >= 0; row++)
		if (advice_is_for(row, s->evidence->vmm, s->evidence->host->arch))
			r = add_advice(finding, row->text);
	for (size_t i = 0; i < finding->n_overlays && r >= 0; i++)
		r = add_advice(finding, finding->overlays[i].rule->advice[0].text);
	return r;
}

/* A device that is there answers, however often it is asked: nobody sees anything of a storm. */
static const struct symptom *find_symptom(const struct scene *s, const struct rule *rule)
{
	enum symptom_of symptom;

	if (rule == &rule_mmio_storm || !symptom_of_site(s->site, &symptom))
		return NULL;
	return symptom_find(s->evidence->vmm, symptom);
}

int report_write(const struct scene *s, const struct rule *rule, struct finding *finding)
{
	struct text where = text_begin(finding->where, sizeof(finding->where));
	struct text how = text_begin(finding->how, sizeof(finding->how));
	int r;

	finding->cause = rule->id;
	finding->documentation = rule->documentation;
	finding->symptom = find_symptom(s, rule);
	finding->has_address = s->ipa_known;
	finding->address = s->ipa;
	rule->where(s, &where);
	rule->how(s, &how);
	write_summary(s, rule, finding);
	write_region(s, finding);
	write_confidence(s, rule, finding);
	write_alternatives(s, rule, finding);
	write_signature(s, rule, finding);
	overlay_find(s, finding);
	r = report_evidence(s, rule, finding);
	if (r < 0)
		return r;
	return write_advice(s, rule, finding);
}

/* Registers as of the fault, or of the one before it that the same exception answered. */
static bool is_vector_of(const struct nisv_rec_fault *rec, uint64_t pc)
{
	return rec && rec->sysregs_state == NISV_SYSREGS_CURRENT && pc - rec->sys.vbar < 0x800;
}

static void add_vector(const struct site *site, const struct site *cause, struct text *text)
{
	const struct nisv_rec_fault *rec = NULL;

	if (is_vector_of(site->detail, site->pc))
		rec = site->detail;
	else if (is_vector_of(cause->detail, site->pc))
		rec = cause->detail;
	text_add(text, "the abort's vector, ");
	if (rec)
		text_add(text, "VBAR_EL1 + 0x%" PRIx64 " = ", (uint64_t)(site->pc - rec->sys.vbar));
	text_add(text, "0x%" PRIx64 ", ", site->pc);
}

static void add_missing_vector(const struct site *site, const struct site *cause, struct text *text)
{
	add_vector(site, cause, text);
	if (site->kind == NISV_KIND_WALK)
		text_add(text, "needs page tables at 0x%" PRIx64 ", outside memory", site->ipa);
	else if (site->kind == NISV_KIND_BEYOND_IPA)
		text_add(text, "is beyond the IPA space, too");
	else
		text_add(text, "is outside memory, too");
}

static void add_handler_fault(const struct site *site, struct text *text)
{
	text_add(text, "the guest's abort handler at 0x%" PRIx64 " ", site->pc);
	if (site->kind == NISV_KIND_WALK)
		text_add(text, "needed page tables at 0x%" PRIx64 ", outside memory", site->ipa);
	else if (site->kind == NISV_KIND_BEYOND_IPA)
		text_add(text, "accessed 0x%" PRIx64 ", beyond the IPA space", site->ipa);
	else
		text_add(text, "accessed 0x%" PRIx64 ", too", site->ipa);
}

void report_consequence(const struct site *site, const struct site *cause,
			struct consequence *consequence)
{
	struct text text = text_begin(consequence->summary, sizeof(consequence->summary));

	consequence->site = site;
	/* The fetch of a vector, or what the handler did after it: see consequence.h. */
	if (syndrome_decode(site->esr).is_iabt)
		add_missing_vector(site, cause, &text);
	else
		add_handler_fault(site, &text);
	text_add(&text, " (after PC 0x%" PRIx64 ")", cause->pc);
	if (site->count > 1)
		text_add(&text, ", %" PRIu64 " times", site->count);
}
