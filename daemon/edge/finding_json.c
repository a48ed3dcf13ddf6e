/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/finding_json.h"

#include <stdio.h>
#include <string.h>

#include "daemon/core/fault.h"
#include "daemon/core/insn_names.h"
#include "daemon/core/rules.h"
#include "daemon/core/symptoms.h"
#include "daemon/edge/context_json.h"
#include "daemon/edge/model_json.h"

#define SCTLR_M (1ULL << 0)  /* Arm ARM DDI 0487, SCTLR_EL1 */
#define CR0_PG	(1ULL << 31) /* Intel SDM vol. 3, 2.5 "Control Registers" */

static void set(struct json_object *object, const char *name, struct json_object *value)
{
	json_object_object_add_ex(object, name, value,
				  JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_ADD_CONSTANT_KEY);
}

/* "target/arm/kvm.c: kvm_arch_handle_exit(), QEMU 10.2.2" */
static struct json_object *source_text(const char *source, const char *revision)
{
	char text[320];

	snprintf(text, sizeof(text), "%s, %s", source, revision);
	return json_object_new_string(text);
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
	struct json_object *list = json_object_new_array();
	uint64_t frames[NISV_FRAMES_MAX];
	size_t n = fault_frames(fault, arch, frames);

	for (size_t i = 0; i < n; i++) {
		struct json_object *frame = json_object_new_object();

		set(frame, "address", model_hex(frames[i]));
		json_object_array_add(list, frame);
	}
	return list;
}

/* A record without system registers has no others either: it was made of a trace. */
static struct json_object *named_registers(const struct nisv_rec_fault *fault, const char *arch)
{
	struct json_object *array = json_object_new_array();
	struct insn insn = fault_insn(fault, arch);
	struct insn_named named[INSN_NAMED_MAX];
	struct insn_registers registers;
	size_t n = 0;

	if (fault->sysregs_state != NISV_SYSREGS_NONE && fault_registers(fault, arch, &registers))
		n = insn_named_registers(&insn, &registers, named);
	for (size_t i = 0; i < n; i++) {
		struct json_object *object = json_object_new_object();

		set(object, "name", json_object_new_string(named[i].name));
		set(object, "value", model_hex(named[i].value));
		json_object_array_add(array, object);
	}
	return array;
}

static struct json_object *context(const struct nisv_rec_fault *fault, const char *arch)
{
	bool known = fault->sysregs_state != NISV_SYSREGS_NONE, arm64 = is_arm64(arch);
	bool current = fault->sysregs_state == NISV_SYSREGS_CURRENT;
	struct json_object *object = json_object_new_object();

	set(object, "el", known && arm64 ? json_object_new_int(fault_el(fault)) : NULL);
	set(object, "side", known ? model_string(side_name(fault, arch)) : NULL);
	set(object, "mmu", model_string(mmu_name(fault, arch)));
	set(object, "code", json_object_new_string(known ? code_name(fault, arch) : "unknown"));
	set(object, "vbar", current && arm64 ? model_hex(fault->sys.vbar) : NULL);
	set(object, "registers", named_registers(fault, arch));
	set(object, "walk", context_walk(&fault->walk));
	set(object, "backtrace", backtrace(fault, arch));
	set(object, "backtrace_end",
	    fault->backtrace.end == NISV_BACKTRACE_NONE
		    ? NULL
		    : model_string(backtrace_end_name(fault->backtrace.end)));
	return object;
}

/* ---- the parts of a finding ----------------------------------------------------------------- */

static struct json_object *lines(char *const *list, size_t n)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < n; i++)
		json_object_array_add(array, json_object_new_string(list[i]));
	return array;
}

static struct json_object *alternatives(const struct finding *finding)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < finding->n_alternatives; i++) {
		struct json_object *object = json_object_new_object();

		set(object, "cause", json_object_new_string(finding->alternatives[i].cause));
		set(object, "confidence", model_confidence(finding->alternatives[i].confidence));
		json_object_array_add(array, object);
	}
	return array;
}

static struct json_object *overlays(const struct finding *finding)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < finding->n_overlays; i++) {
		const struct overlay *overlay = &finding->overlays[i];
		struct json_object *object = json_object_new_object();

		set(object, "cause", json_object_new_string(overlay->rule->id));
		set(object, "confidence", model_confidence(overlay->confidence));
		set(object, "summary", json_object_new_string(overlay->summary));
		json_object_array_add(array, object);
	}
	return array;
}

static struct json_object *symptom(const struct symptom *symptom)
{
	struct json_object *object;

	if (!symptom)
		return NULL;
	object = json_object_new_object();
	set(object, "text", json_object_new_string(symptom->text));
	set(object, "source", source_text(symptom->source, symptom->revision));
	return object;
}

static struct json_object *consequences(const struct finding *finding)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < finding->n_consequences; i++) {
		const struct consequence *from = &finding->consequences[i];
		struct json_object *object = json_object_new_object();

		set(object, "kind", json_object_new_string(kind_name(from->site->kind)));
		set(object, "ipa", model_hex(from->site->ipa));
		set(object, "pc", model_hex(from->site->pc));
		set(object, "count", model_number(from->site->count));
		set(object, "summary", json_object_new_string(from->summary));
		json_object_array_add(array, object);
	}
	return array;
}

static struct json_object *sites(const struct finding *finding, const struct faultmap *faults,
				 const char *arch)
{
	size_t listed = finding->n_sites < FINDING_SITES_MAX ? finding->n_sites : FINDING_SITES_MAX;
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < listed; i++) {
		const struct site *site = finding->sites[i];
		const struct place *place = NULL;

		if (site->kind == KIND_MMIO_READ || site->kind == KIND_MMIO_WRITE)
			place = faultmap_place(faults, site->ipa, site->kind == KIND_MMIO_WRITE);
		json_object_array_add(array, place ? model_place(place) : model_site(site, arch));
	}
	return array;
}

struct json_object *model_finding(const struct finding *finding, const struct faultmap *faults,
				  const char *arch)
{
	const struct site *first = finding->n_sites ? finding->sites[0] : NULL;
	struct json_object *object = json_object_new_object();

	set(object, "cause", json_object_new_string(finding->cause));
	set(object, "severity", json_object_new_string(severity_name(finding->severity)));
	set(object, "confidence", model_confidence(finding->confidence));
	set(object, "address", finding->has_address ? model_hex(finding->address) : NULL);
	set(object, "confidence_reason", json_object_new_string(finding->confidence_reason));
	set(object, "where", json_object_new_string(finding->where));
	set(object, "how", json_object_new_string(finding->how));
	set(object, "region", json_object_new_string(finding->region));
	set(object, "signature", json_object_new_string(finding->signature));
	set(object, "summary", json_object_new_string(finding->summary));
	set(object, "symptom", symptom(finding->symptom));
	set(object, "overlays", overlays(finding));
	set(object, "evidence", lines(finding->evidence, finding->n_evidence));
	set(object, "advice", lines(finding->advice, finding->n_advice));
	set(object, "documentation", model_string(finding->documentation));
	set(object, "alternatives", alternatives(finding));
	set(object, "consequences", consequences(finding));
	set(object, "total_consequences",
	    model_number(finding->n_consequences + finding->n_consequences_omitted));
	set(object, "sites", sites(finding, faults, arch));
	set(object, "total_sites", model_number(finding->n_sites));
	set(object, "context", first && first->detail ? context(first->detail, arch) : NULL);
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
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (from & names[i].from)
			json_object_array_add(array, json_object_new_string(names[i].name));
	return array;
}

static struct json_object *advice_rows(const struct advice *advice)
{
	struct json_object *array = json_object_new_array();

	for (; advice && advice->text; advice++) {
		struct json_object *object = json_object_new_object();

		set(object, "whose", model_string(advice->whose));
		set(object, "text", json_object_new_string(advice->text));
		set(object, "source", source_text(advice->source, advice->revision));
		json_object_array_add(array, object);
	}
	return array;
}

struct json_object *model_cause(const struct rule *rule)
{
	struct json_object *object = json_object_new_object(), *general = json_object_new_array();

	for (size_t i = 0; i < RULE_GENERAL_MAX && rule->general[i]; i++)
		json_object_array_add(general, json_object_new_string(rule->general[i]));
	set(object, "id", json_object_new_string(rule->id));
	set(object, "architecture", model_string(rule->arch));
	set(object, "found", found_names(rule->from));
	set(object, "what", json_object_new_string(rule->what));
	set(object, "known_by", json_object_new_string(rule->known_by));
	set(object, "example", json_object_new_string(rule->example));
	set(object, "general", general);
	set(object, "advice", advice_rows(rule->advice));
	set(object, "documentation", json_object_new_string(rule->documentation));
	return object;
}
