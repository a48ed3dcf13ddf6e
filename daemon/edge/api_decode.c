/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/api_decode.h"

#include <errno.h>
#include <string.h>

#include "daemon/edge/api_call.h"
#include "daemon/edge/decode_json.h"
#include "daemon/edge/json_make.h"
#include "daemon/edge/model_json.h"
#include "include/nisv_api.h"

#define READ_MAX	 32768 /* lines that are looked at: a live daemon has more to do */
#define LINES_MAX	 128   /* understood lines in a reply; more are counted */
#define UNKNOWN_MAX	 8     /* quoted lines that are not understood; more are counted */
#define SYNDROMES_MAX	 32
#define INSTRUCTIONS_MAX 16

/* The addresses of a syndrome, which an oops or a dump tells in lines around it. */
enum address {
	ADDRESS_FAR,
	ADDRESS_IPA,
	ADDRESS_PC,
	_ADDRESS_MAX
};

static const char *const address_names[_ADDRESS_MAX] = {"far", "ipa", "pc"};

struct addresses {
	bool has[_ADDRESS_MAX];
	uint64_t value[_ADDRESS_MAX];
};

struct decode {
	struct json_object *lines, *syndromes, *instructions, *unknown;
	struct json_object *last; /* the syndrome that lines without one belong to; borrowed */
	struct addresses before;  /* told before there was a syndrome */
	uint64_t esrs[SYNDROMES_MAX];
	size_t n_lines, n_unknown, n_parts;
	bool is_guest; /* the last message was a guest's: so are the registers below it */
};

/* ---- syndromes ---- */

static void fill(struct json_object *syndrome, const struct addresses *addresses)
{
	if (!syndrome)
		return;
	for (int i = 0; i < _ADDRESS_MAX; i++) {
		struct json_object *value = NULL;

		json_object_object_get_ex(syndrome, address_names[i], &value);
		if (addresses->has[i] && !value)
			json_add(syndrome, address_names[i], model_hex(addresses->value[i]));
	}
}

/* The syndrome of @esr, made at its first sight; NULL if there are too many. */
static struct json_object *syndrome_of(struct decode *d, uint64_t esr, bool is_guest)
{
	size_t n = json_length(d->syndromes);
	struct json_object *syndrome;

	for (size_t i = 0; i < n; i++)
		if (d->esrs[i] == esr)
			return json_object_array_get_idx(d->syndromes, i);
	if (n == SYNDROMES_MAX)
		return NULL;
	syndrome = decode_syndrome(esr, is_guest);
	d->esrs[n] = esr;
	json_append(d->syndromes, syndrome);
	return syndrome;
}

static void set_esr(struct json_object *line, struct json_object *syndrome)
{
	struct json_object *esr;

	if (line && json_object_object_get_ex(syndrome, "esr", &esr))
		json_add(line, "esr", json_object_get(esr));
}

static void take_instruction(struct decode *d, uint64_t word, uint64_t pc)
{
	if (word <= UINT32_MAX && json_length(d->instructions) < INSTRUCTIONS_MAX)
		json_append(d->instructions, decode_instruction((uint32_t)word, pc));
}

/* What a line of a message, dump or oops tells; @line NULL: it is beyond LINES_MAX. */
static void take_values(struct decode *d, struct json_object *line,
			const struct named_value *values, size_t n, bool is_guest)
{
	const struct named_value *esr = named_value_find(values, n, "esr");
	const struct named_value *word = named_value_find(values, n, "instruction");
	struct addresses addresses = {};

	for (int i = 0; i < _ADDRESS_MAX; i++) {
		const struct named_value *found = named_value_find(values, n, address_names[i]);

		if (!found && i == ADDRESS_PC)
			found = named_value_find(values, n, "elr");
		addresses.has[i] = found;
		addresses.value[i] = found ? found->value : 0;
		if (found && !esr && !d->last && !d->before.has[i]) {
			d->before.has[i] = true;
			d->before.value[i] = found->value;
		}
	}
	if (esr) {
		struct json_object *syndrome = syndrome_of(d, esr->value, is_guest);

		fill(syndrome, &addresses);
		fill(syndrome, &d->before);
		d->before = (struct addresses){};
		d->last = syndrome;
		set_esr(line, syndrome);
	} else if (d->last) {
		fill(d->last, &addresses);
	}
	if (word)
		take_instruction(d, word->value, addresses.value[ADDRESS_PC]);
}

/* ---- lines ---- */

/* A new line of the reply; NULL where there are too many. */
static struct json_object *line_add(struct decode *d, const char *kind, const char *text,
				    size_t len)
{
	struct json_object *line;

	if (d->n_lines++ >= LINES_MAX)
		return NULL;
	line = decode_line(kind, text, len);
	json_append(d->lines, line);
	return line;
}

/* An event stands for itself: its addresses are no other line's. */
static void take_event(struct decode *d, const struct trace_event *event, const char *text,
		       size_t len)
{
	const struct addresses addresses = {
		.has = {true, true, true},
		.value = {event->far, event->ipa, event->pc},
	};
	struct json_object *syndrome, *line;

	if (!*trace_kind_name(event->kind))
		return;
	line = line_add(d, "trace", text, len);
	if (line)
		decode_line_trace(line, event);
	if (event->kind != TRACE_GUEST_FAULT && event->kind != TRACE_MMIO_NISV)
		return;
	syndrome = syndrome_of(d, event->esr, false);
	fill(syndrome, &addresses);
	set_esr(line, syndrome);
}

static void take_message(struct decode *d, struct logline *message, const char *text, size_t len)
{
	struct json_object *line = line_add(d, "message", text, len);

	if (line)
		decode_line_message(line, message);
	d->is_guest = message->row->is_guest;
	take_values(d, line, message->values, message->n_values, d->is_guest);
}

static void take_registers(struct decode *d, const struct named_value *values, size_t n,
			   const char *text, size_t len)
{
	struct json_object *line = line_add(d, "registers", text, len);

	if (line)
		decode_line_values(line, values, n);
	take_values(d, line, values, n, d->is_guest);
}

static bool is_blank(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!strchr(" \t\r", text[i]))
			return false;
	return true;
}

static void take_line(struct decode *d, const char *text, size_t len)
{
	struct named_value values[NAMED_VALUES_MAX];
	struct trace_event event;
	struct logline message;
	size_t n;

	int traced;

	if (is_blank(text, len))
		return;
	traced = traceline_parse(text, len, &event);
	if (traced > 0) {
		take_event(d, &event, text, len);
	} else if (logline_parse(text, len, &message)) {
		take_message(d, &message, text, len);
	} else if ((n = regline_parse(text, len, values)) > 0) {
		take_registers(d, values, n, text, len);
	} else if (logline_is_part(text, len)) {
		d->n_parts++;
	} else if (traced < 0) {
		if (d->n_unknown++ < UNKNOWN_MAX)
			json_append(d->unknown, decode_quote(text, len));
	}
}

typedef void (*line_t)(struct decode *d, const char *text, size_t len);

static void each_line(struct decode *d, const char *text, size_t len, line_t take)
{
	for (size_t read = 0; len; read++) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;

		if (read < READ_MAX)
			take(d, text, n);
		else
			d->n_unknown++;
		n += end ? 1 : 0;
		text += n;
		len -= n;
	}
}

/* ---- numbers alone ---- */

static void take_numbers(struct decode *d, const char *text, size_t len)
{
	struct named_value values[3];
	size_t n = regline_bare(text, len, values);
	struct json_object *line = n ? line_add(d, "numbers", text, len) : NULL;

	if (!n)
		return;
	if (line)
		decode_line_values(line, values, n);
	d->last = NULL;
	take_values(d, line, values, n, false);
}

/* Is every line one to three numbers? Only then they are ESR, FAR and IPA, and not part of a dump.
 */
static bool is_numbers(const char *text, size_t len)
{
	struct named_value values[3];
	bool some = false;

	while (len) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;

		if (!is_blank(text, n)) {
			if (!regline_bare(text, n, values))
				return false;
			some = true;
		}
		n += end ? 1 : 0;
		text += n;
		len -= n;
	}
	return some;
}

/* ---- the method ---- */

/* What was there before Decode took text: the first syndrome. */
static void add_first(struct json_object *reply, struct json_object *syndromes)
{
	static const char *const members[] = {"esr",	 "exception", "fields",
					      "summary", "far",	      "ipa"};
	struct json_object *first =
		json_length(syndromes) ? json_object_array_get_idx(syndromes, 0) : NULL;

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		struct json_object *value = NULL;

		if (first)
			json_object_object_get_ex(first, members[i], &value);
		else if (!strcmp(members[i], "fields"))
			value = json_make_array();
		json_add(reply, members[i], first ? json_object_get(value) : value);
	}
}

static struct json_object *reply_of(struct decode *d)
{
	struct json_object *reply = json_make_object();

	add_first(reply, d->syndromes);
	json_add(reply, "syndromes", d->syndromes);
	json_add(reply, "instructions", d->instructions);
	json_add(reply, "lines", d->lines);
	json_add(reply, "omitted_lines",
		 model_number(d->n_lines > LINES_MAX ? d->n_lines - LINES_MAX : 0));
	json_add(reply, "part_lines", model_number(d->n_parts));
	json_add(reply, "not_understood", model_number(d->n_unknown));
	json_add(reply, "unknown", d->unknown);
	return reply;
}

static struct decode decode_new(void)
{
	return (struct decode){
		.lines = json_make_array(),
		.syndromes = json_make_array(),
		.instructions = json_make_array(),
		.unknown = json_make_array(),
	};
}

static int decode_numbers(struct varlink_call *call, struct json_object *parameters)
{
	struct addresses addresses = {};
	struct decode d;
	bool has_esr;
	uint64_t esr;

	if (api_take_address(call, parameters, "esr", &has_esr, &esr) < 0 ||
	    api_take_address(call, parameters, "far", &addresses.has[ADDRESS_FAR],
			     &addresses.value[ADDRESS_FAR]) < 0 ||
	    api_take_address(call, parameters, "ipa", &addresses.has[ADDRESS_IPA],
			     &addresses.value[ADDRESS_IPA]) < 0)
		return 0;
	if (!has_esr)
		return varlink_invalid_parameter(call, "esr");
	d = decode_new();
	fill(syndrome_of(&d, esr, false), &addresses);
	return varlink_reply(call, reply_of(&d));
}

int api_decode(struct varlink_call *call, struct json_object *parameters, void *userdata)
{
	struct json_object *value = NULL;
	const char *text;
	struct decode d;
	size_t len;

	(void)userdata;
	if (!api_take_string(parameters, "text", &text))
		return varlink_invalid_parameter(call, "text");
	if (!text)
		return decode_numbers(call, parameters);
	json_object_object_get_ex(parameters, "text", &value);
	len = (size_t)json_object_get_string_len(value); /* a NUL in it is no end */
	d = decode_new();
	each_line(&d, text, len, is_numbers(text, len) ? take_numbers : take_line);
	return varlink_reply(call, reply_of(&d));
}
