/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/finding_json.h"

#include <stdio.h>
#include <string.h>

#include "daemon/core/fault.h"
#include "daemon/core/insn_names.h"
#include "daemon/core/rules.h"
#include "daemon/core/symptoms.h"
#include "daemon/edge/context_json.h"
#include "daemon/edge/json_make.h"
#include "daemon/edge/model_json.h"

#define SCTLR_M (1ULL << 0)  /* Arm ARM DDI 0487, SCTLR_EL1 */
#define CR0_PG	(1ULL << 31) /* Intel SDM vol. 3, 2.5 "Control Registers" */

/* "target/arm/kvm.c: kvm_arch_handle_exit(), QEMU 10.2.2" */
static struct json_object *source_text(const char *source, const char *revision)
{
	char text[320];

	snprintf(text, sizeof(text), "%s, %s", source, revision);
	return json_make_string(text);
}

/* ---- the context ---------------------------------------------------------------------------- */

static bool is_arm64(const char *arch)
{
	return !strcmp(arch, "arm64");
}

static const char *code_name(const struct nisv_rec_fault *fault, const char *arch)
{
	if (fault->code_mode != NISV_CODE_UNKNOWN)
		return code_mode_name(fault->code_mode);
	switch (fault_isa(fault, arch)) {
	case ISA_A64:
		return "a64";
	case ISA_A32:
		return "a32";
	case ISA_T32:
		return "t32";
	case ISA_X86_16:
		return code_mode_name(NISV_CODE_16);
	case ISA_X86_32:
		return code_mode_name(NISV_CODE_32);
	case ISA_X86_64:
		return code_mode_name(NISV_CODE_64);
	default:
		return "unknown";
	}
}

/* A walk that explains the fault shows the state of the MMU, too, however old the registers are. */
static const char *mmu_name(const struct nisv_rec_fault *fault, const char *arch)
{
	if (fault->sysregs_state == NISV_SYSREGS_CURRENT)
		return fault->sys.sctlr & (is_arm64(arch) ? SCTLR_M : CR0_PG) ? "on" : "off";
	if (fault->walk.agrees)
		return fault->walk.state == NISV_WALK_MMU_OFF ? "off" : "on";
	return NULL;
}

static const char *side_name(const struct nisv_rec_fault *fault, const char *arch)
{
	switch (fault_side(fault, arch)) {
	case FAULT_SIDE_KERNEL:
		return "kernel";
	case FAULT_SIDE_USER:
		return "user";
	default:
		return NULL;
	}
}

static struct json_object *backtrace(const struct nisv_rec_fault *fault, const char *arch)
{
	struct json_object *list = json_make_array();
	uint64_t frames[NISV_FRAMES_MAX];
	size_t n = fault_frames(fault, arch, frames);

	for (size_t i = 0; i < n; i++) {
		struct json_object *frame = json_make_object();

		json_set(frame, "address", model_hex(frames[i]));
		json_append(list, frame);
	}
	return list;
}

/* A record without system registers has no others either: it was made of a trace. */
static struct json_object *named_registers(const struct nisv_rec_fault *fault, const char *arch)
{
	struct json_object *array = json_make_array();
	struct insn insn = fault_insn(fault, arch);
	struct insn_named named[INSN_NAMED_MAX];
	struct insn_registers registers;
	size_t n = 0;

	if (fault->sysregs_state != NISV_SYSREGS_NONE && fault_registers(fault, arch, &registers))
		n = insn_named_registers(&insn, &registers, named);
	for (size_t i = 0; i < n; i++) {
		struct json_object *object = json_make_object();

		json_set(object, "name", json_make_string(named[i].name));
		json_set(object, "value", model_hex(named[i].value));
		json_append(array, object);
	}
	return array;
}

static struct json_object *context(const struct nisv_rec_fault *fault, const char *arch)
{
	bool known = fault->sysregs_state != NISV_SYSREGS_NONE, arm64 = is_arm64(arch);
	bool current = fault->sysregs_state == NISV_SYSREGS_CURRENT;
	struct json_object *object = json_make_object();

	json_set(object, "el", known && arm64 ? json_make_int(fault_el(fault)) : NULL);
	json_set(object, "side", known ? model_string(side_name(fault, arch)) : NULL);
	json_set(object, "mmu", model_string(mmu_name(fault, arch)));
	json_set(object, "code", json_make_string(known ? code_name(fault, arch) : "unknown"));
	json_set(object, "vbar", current && arm64 ? model_hex(fault->sys.vbar) : NULL);
	json_set(object, "registers", named_registers(fault, arch));
	json_set(object, "walk", context_walk(&fault->walk));
	json_set(object, "backtrace", backtrace(fault, arch));
	json_set(object, "backtrace_end",
		 fault->backtrace.end == NISV_BACKTRACE_NONE
			 ? NULL
			 : model_string(backtrace_end_name(fault->backtrace.end)));
	return object;
}

/* ---- the parts of a finding ----------------------------------------------------------------- */

static struct json_object *lines(char *const *list, size_t n)
{
	struct json_object *array = json_make_array();

	for (size_t i = 0; i < n; i++)
		json_append(array, json_make_string(list[i]));
	return array;
}

static struct json_object *alternatives(const struct finding *finding)
{
	struct json_object *array = json_make_array();

	for (size_t i = 0; i < finding->n_alternatives; i++) {
		struct json_object *object = json_make_object();

		json_set(object, "cause", json_make_string(finding->alternatives[i].cause));
		json_set(object, "confidence",
			 model_confidence(finding->alternatives[i].confidence));
		json_append(array, object);
	}
	return array;
}

static struct json_object *overlays(const struct finding *finding)
{
	struct json_object *array = json_make_array();

	for (size_t i = 0; i < finding->n_overlays; i++) {
		const struct overlay *overlay = &finding->overlays[i];
		struct json_object *object = json_make_object();

		json_set(object, "cause", json_make_string(overlay->rule->id));
		json_set(object, "confidence", model_confidence(overlay->confidence));
		json_set(object, "summary", json_make_string(overlay->summary));
		json_append(array, object);
	}
	return array;
}

static struct json_object *symptom(const struct symptom *symptom)
{
	struct json_object *object;

	if (!symptom)
		return NULL;
	object = json_make_object();
	json_set(object, "text", json_make_string(symptom->text));
	json_set(object, "source", source_text(symptom->source, symptom->revision));
	return object;
}

static struct json_object *consequences(const struct finding *finding)
{
	struct json_object *array = json_make_array();

	for (size_t i = 0; i < finding->n_consequences; i++) {
		const struct consequence *from = &finding->consequences[i];
		struct json_object *object = json_make_object();

		json_set(object, "kind", json_make_string(kind_name(from->site->kind)));
		json_set(object, "ipa", model_hex(from->site->ipa));
		json_set(object, "pc", model_hex(from->site->pc));
		json_set(object, "count", model_number(from->site->count));
		json_set(object, "summary", json_make_string(from->summary));
		json_append(array, object);
	}
	return array;
}

static struct json_object *sites(const struct finding *finding, const struct faultmap *faults,
				 const char *arch)
{
	size_t listed = finding->n_sites < FINDING_SITES_MAX ? finding->n_sites : FINDING_SITES_MAX;
	struct json_object *array = json_make_array();

	for (size_t i = 0; i < listed; i++) {
		const struct site *site = finding->sites[i];
		const struct place *place = NULL;

		if (site->kind == KIND_MMIO_READ || site->kind == KIND_MMIO_WRITE)
			place = faultmap_place(faults, site->ipa, site->kind == KIND_MMIO_WRITE);
		json_append(array, place ? model_place(place) : model_site(site, arch));
	}
	return array;
}

struct json_object *model_finding(const struct finding *finding, const struct faultmap *faults,
				  const char *arch)
{
	const struct site *first = finding->n_sites ? finding->sites[0] : NULL;
	struct json_object *object = json_make_object();

	json_set(object, "cause", json_make_string(finding->cause));
	json_set(object, "severity", json_make_string(severity_name(finding->severity)));
	json_set(object, "confidence", model_confidence(finding->confidence));
	json_set(object, "address", finding->has_address ? model_hex(finding->address) : NULL);
	json_set(object, "confidence_reason", json_make_string(finding->confidence_reason));
	json_set(object, "where", json_make_string(finding->where));
	json_set(object, "how", json_make_string(finding->how));
	json_set(object, "region", json_make_string(finding->region));
	json_set(object, "signature", json_make_string(finding->signature));
	json_set(object, "summary", json_make_string(finding->summary));
	json_set(object, "symptom", symptom(finding->symptom));
	json_set(object, "overlays", overlays(finding));
	json_set(object, "evidence", lines(finding->evidence, finding->n_evidence));
	json_set(object, "advice", lines(finding->advice, finding->n_advice));
	json_set(object, "documentation", model_string(finding->documentation));
	json_set(object, "alternatives", alternatives(finding));
	json_set(object, "consequences", consequences(finding));
	json_set(object, "total_consequences",
		 model_number(finding->n_consequences + finding->n_consequences_omitted));
	json_set(object, "sites", sites(finding, faults, arch));
	json_set(object, "total_sites", model_number(finding->n_sites));
	json_set(object, "context", first && first->detail ? context(first->detail, arch) : NULL);
	return object;
}

/* ---- the rule table ------------------------------------------------------------------------- */

static struct json_object *found_names(unsigned int from)
{
	static const struct {
		enum rule_from from;
		const char *name;
	} names[] = {
		{RULE_FAULT, "fault"},
		{RULE_MAP, "map"},
		{RULE_OVERLAY, "overlay"},
	};
	struct json_object *array = json_make_array();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (from & names[i].from)
			json_append(array, json_make_string(names[i].name));
	return array;
}

static struct json_object *advice_rows(const struct advice *advice)
{
	struct json_object *array = json_make_array();

	for (; advice && advice->text; advice++) {
		struct json_object *object = json_make_object();

		json_set(object, "whose", model_string(advice->whose));
		json_set(object, "text", json_make_string(advice->text));
		json_set(object, "source", source_text(advice->source, advice->revision));
		json_append(array, object);
	}
	return array;
}

struct json_object *model_cause(const struct rule *rule)
{
	struct json_object *object = json_make_object(), *general = json_make_array();

	for (size_t i = 0; i < RULE_GENERAL_MAX && rule->general[i]; i++)
		json_append(general, json_make_string(rule->general[i]));
	json_set(object, "id", json_make_string(rule->id));
	json_set(object, "architecture", model_string(rule->arch));
	json_set(object, "found", found_names(rule->from));
	json_set(object, "what", json_make_string(rule->what));
	json_set(object, "known_by", json_make_string(rule->known_by));
	json_set(object, "example", json_make_string(rule->example));
	json_set(object, "general", general);
	json_set(object, "advice", advice_rows(rule->advice));
	json_set(object, "documentation", json_make_string(rule->documentation));
	return object;
}
