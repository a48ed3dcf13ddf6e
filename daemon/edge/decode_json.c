/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/decode_json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/core/faultmap.h"
#include "daemon/core/insn.h"
#include "daemon/core/rules_kit.h"
#include "daemon/core/syndrome.h"
#include "daemon/core/tracewords.h"
#include "daemon/core/vmname.h"
#include "daemon/core/words.h"
#include "daemon/edge/json_make.h"
#include "daemon/edge/model_json.h"

#define QUOTE_MAX 256 /* bytes of a line that are quoted */

/* ---- syndromes ---- */

/* RES0, Arm ARM "ESR_ELx": bits 63:56. */
#define ESR_RESERVED (0xffULL << 56)
#define ESR_UPPER    0xffffffff00000000ULL
#define ESR_SIGN     (1ULL << 31)

static struct json_object *field_to_json(const struct syndrome_field *field)
{
	struct json_object *object = json_make_object();

	json_add(object, "name", json_make_string(field->name));
	json_add(object, "value", json_make_string(field->value));
	json_add(object, "meaning", json_make_string(field->meaning));
	return object;
}

/* Linux 6.1 gives the guest a sign-extended ESR_EL1, 0xffffffff96000010 (measured). */
static bool is_sign_extended(uint64_t esr)
{
	return (esr & ESR_UPPER) == ESR_UPPER && esr & ESR_SIGN;
}

static const char *esr_note(uint64_t esr, bool is_guest)
{
	if (is_sign_extended(esr))
		return "bits 63:32 are the sign of bit 31, as KVM of Linux 6.1 writes it into a "
		       "guest's ESR_EL1: left out";
	if (esr & ESR_RESERVED)
		return "bits 63:56 are reserved: is it an ESR?";
	return is_guest ? "as the guest sees it (ESR_EL1); the host's ESR_EL2 of the same access "
			  "says more"
			: NULL;
}

struct json_object *decode_syndrome(uint64_t esr, bool is_guest)
{
	struct json_object *object = json_make_object(), *list = json_make_array();
	struct syndrome_field fields[SYNDROME_FIELDS_MAX];
	uint64_t value = is_sign_extended(esr) ? esr & ~ESR_UPPER : esr;
	char summary[320];
	size_t n = syndrome_fields(value, fields);

	for (size_t i = 0; i < n; i++)
		json_append(list, field_to_json(&fields[i]));
	json_add(object, "esr", model_hex(value));
	json_add(object, "exception",
		 json_make_string(syndrome_ec_name(syndrome_decode(value).ec)));
	json_add(object, "fields", list);
	json_add(object, "summary",
		 json_make_string(syndrome_summary(value, summary, sizeof(summary))));
	json_add(object, "note", model_string(esr_note(esr, is_guest)));
	json_add(object, "far", NULL);
	json_add(object, "ipa", NULL);
	json_add(object, "pc", NULL);
	return object;
}

struct json_object *decode_instruction(uint32_t word, uint64_t pc)
{
	const uint8_t bytes[] = {word & 0xff, word >> 8 & 0xff, word >> 16 & 0xff, word >> 24};
	struct insn insn = insn_decode(ISA_A64, bytes, sizeof(bytes), pc);
	const struct advice *instead = rule_instead(insn.class);
	struct json_object *object = json_make_object();
	char hex[16];

	snprintf(hex, sizeof(hex), "0x%08" PRIx32, word);
	json_add(object, "word", json_make_string(hex));
	json_add(object, "text", model_string(insn.text));
	json_add(object, "class", json_make_string(insn_class_name(insn.class)));
	json_add(object, "described", json_make_bool(insn.isv_possible));
	json_add(object, "why", model_string(insn_class_why(insn.class)));
	json_add(object, "instead", model_string(instead ? instead->text : NULL));
	return object;
}

/* ---- lines ---- */

struct json_object *decode_quote(const char *text, size_t len)
{
	char quote[4 * QUOTE_MAX + 1]; /* a byte becomes four at most, as \xNN */
	size_t n = 0;

	while (n < len && text[n] != '\0' && text[n] != '\n' && text[n] != '\r')
		n++;
	if (n > QUOTE_MAX)
		n = QUOTE_MAX;
	vmname_sanitize(quote, sizeof(quote), text, n);
	return json_make_string(quote);
}

struct json_object *decode_line(const char *kind, const char *text, size_t len)
{
	static const char *const members[] = {"source",	 "versions", "event",	  "meaning", "next",
					      "caution", "outcome",  "reference", "esr"};
	struct json_object *line = json_make_object();

	json_add(line, "text", decode_quote(text, len));
	json_add(line, "kind", json_make_string(kind));
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		json_add(line, members[i], NULL);
	json_add(line, "values", json_make_array());
	return line;
}

static void set(struct json_object *line, const char *name, const char *text)
{
	json_add(line, name, model_string(text));
}

static void set_outcome(struct json_object *line, enum nisv_outcome outcome)
{
	if (outcome != NISV_OUTCOME_UNKNOWN)
		set(line, "outcome", outcome_name(outcome));
}

static void set_reference(struct json_object *line, const char *source, const char *revision)
{
	char text[320];

	snprintf(text, sizeof(text), "%s (%s)", source, revision);
	set(line, "reference", text);
}

static void add_value(struct json_object *line, const char *name, struct json_object *value)
{
	struct json_object *object = json_make_object(), *list = NULL;

	json_add(object, "name", json_make_string(name));
	json_add(object, "value", value);
	if (json_object_object_get_ex(line, "values", &list))
		json_append(list, object);
}

static struct json_object *decimal(uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	return json_make_string(text);
}

static void add_hex(struct json_object *line, const char *name, uint64_t value)
{
	add_value(line, name, model_hex(value));
}

static void add_decimal(struct json_object *line, const char *name, uint64_t value)
{
	add_value(line, name, decimal(value));
}

static void add_errno(struct json_object *line, int err)
{
	if (err)
		add_value(line, "errno", json_make_string(words_errno(err).s));
}

void decode_line_values(struct json_object *line, const struct named_value *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (values[i].decimal)
			add_decimal(line, values[i].name, values[i].value);
		else
			add_hex(line, values[i].name, values[i].value);
}

void decode_line_message(struct json_object *line, const struct logline *message)
{
	const struct logline_row *row = message->row;

	set(line, "source", row->who);
	set(line, "versions", row->versions);
	set(line, "meaning", row->meaning);
	set(line, "next", row->next);
	set(line, "caution", row->caution);
	set_outcome(line, row->outcome);
	set_reference(line, row->source, row->revision);
	decode_line_values(line, message->values, message->n_values);
	add_errno(line, row->err);
}

static void add_thread(struct json_object *line, const struct trace_event *event)
{
	char comm[4 * NISV_COMM_LEN + 1], time[32];

	if (event->comm[0]) {
		vmname_sanitize(comm, sizeof(comm), event->comm, sizeof(event->comm));
		add_value(line, "comm", json_make_string(comm));
	}
	if (event->has_tgid)
		add_decimal(line, "pid", event->tgid);
	if (event->has_tid)
		add_decimal(line, "tid", event->tid);
	if (event->has_vcpu)
		add_decimal(line, "vcpu", event->vcpu);
	if (!event->has_time)
		return;
	snprintf(time, sizeof(time), "%" PRIu64 ".%06" PRIu64, event->time_ns / 1000000000,
		 event->time_ns % 1000000000 / 1000);
	add_value(line, "time", json_make_string(time));
}

static void add_insn(struct json_object *line, const struct trace_event *event)
{
	char hex[2 * NISV_INSN_MAX + 1];

	words_hex(hex, event->insn, event->insn_len);
	if (hex[0])
		add_value(line, "instruction", json_make_string(hex));
}

static void add_event(struct json_object *line, const struct trace_event *event)
{
	switch (event->kind) {
	case TRACE_GUEST_FAULT:
	case TRACE_MMIO_NISV:
		add_hex(line, "esr", event->esr);
		add_hex(line, "far", event->far);
		add_hex(line, "ipa", event->ipa);
		add_hex(line, "pc", event->pc);
		break;
	case TRACE_MMIO:
		add_hex(line, "ipa", event->ipa);
		add_decimal(line, "size", event->len);
		add_hex(line, "value", event->value);
		break;
	case TRACE_USERSPACE_EXIT:
		if (event->errno_)
			add_errno(line, event->errno_);
		else
			add_decimal(line, "reason", event->reason);
		break;
	case TRACE_ACCESS_FAULT:
		add_hex(line, "ipa", event->ipa);
		break;
	case TRACE_PAGE_FAULT:
		add_hex(line, "pc", event->pc);
		add_hex(line, "address", event->ipa);
		add_hex(line, "error_code", event->value);
		break;
	case TRACE_EMULATE_INSN:
		add_insn(line, event);
		/* fall through */
	default:
		add_hex(line, "pc", event->pc);
	}
}

void decode_line_trace(struct json_object *line, const struct trace_event *event)
{
	struct trace_words words = trace_words_of(event);

	set(line, "source", "kernel");
	set(line, "event", trace_kind_name(event->kind));
	set(line, "meaning", words.meaning);
	set(line, "next", words.next);
	set(line, "caution", words.caution);
	set_outcome(line, words.outcome);
	set_reference(line, words.source, words.revision);
	add_thread(line, event);
	add_event(line, event);
}
