/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "cli/format.h"
#include "cli/history.h"
#include "cli/json_make.h"
#include "cli/reply.h"
#include "include/nisv_journal.h"

enum field_type {
	FIELD_TEXT,
	FIELD_NUMBER,
	FIELD_REAL,
	FIELD_ADDRESS
};

static const struct field {
	const char *field, *member;
	enum field_type type;
} fields[] = {
	{"_HOSTNAME", "host", FIELD_TEXT},
	{"_MACHINE_ID", "machine_id", FIELD_TEXT},
	{"_BOOT_ID", "boot_id", FIELD_TEXT},
	{"PRIORITY", "priority", FIELD_NUMBER},
	{"MESSAGE", "message", FIELD_TEXT},
	{"OBJECT_PID", "pid", FIELD_NUMBER},
	{NISV_FIELD_VM, "vm", FIELD_TEXT},
	{NISV_FIELD_VM_KEY, "vm_key", FIELD_TEXT},
	{NISV_FIELD_VM_NAME, "vm_name", FIELD_TEXT},
	{NISV_FIELD_VM_UUID, "vm_uuid", FIELD_TEXT},
	{NISV_FIELD_VMM, "vmm", FIELD_TEXT},
	{NISV_FIELD_KIND, "kind", FIELD_TEXT},
	{NISV_FIELD_IPA, "ipa", FIELD_ADDRESS},
	{NISV_FIELD_PC, "pc", FIELD_ADDRESS},
	{NISV_FIELD_ESR, "esr", FIELD_ADDRESS},
	{NISV_FIELD_INSN, "instruction", FIELD_TEXT},
	{NISV_FIELD_CAUSE, "cause", FIELD_TEXT},
	{NISV_FIELD_SEVERITY, "severity", FIELD_TEXT},
	{NISV_FIELD_CONFIDENCE, "confidence", FIELD_REAL},
	{NISV_FIELD_SIGNATURE, "signature", FIELD_TEXT},
	{NISV_FIELD_SYMPTOM, "symptom", FIELD_TEXT},
	{NISV_FIELD_ERRNO, "errno", FIELD_NUMBER},
	{NISV_FIELD_CGROUP, "cgroup", FIELD_TEXT},
	{NISV_FIELD_UNIT, "unit", FIELD_TEXT},
	{NISV_FIELD_OUTCOME, "outcome", FIELD_TEXT},
	{NISV_FIELD_VMM_ANSWER, "vmm_answer", FIELD_TEXT},
	{NISV_FIELD_COUNT, "count", FIELD_NUMBER},
	{NISV_FIELD_SINCE_LAST, "count_since", FIELD_NUMBER},
	{NISV_FIELD_WITHHELD, "withheld", FIELD_NUMBER},
	{NISV_FIELD_DOSSIER, "dossier", FIELD_TEXT},
};

static const struct {
	const char *id, *name;
} types[] = {
	{NISV_MSGID_FINDING, "finding"},   {NISV_MSGID_OUTCOME, "outcome"},
	{NISV_MSGID_MMIO, "mmio"},	   {NISV_MSGID_STORM, "storm"},
	{NISV_MSGID_WITHHELD, "withheld"},
};

/* ---- values ---- */

/* A copy of at most HISTORY_VALUE_MAX bytes, fit for JSON. NULL: it is none of text. */
static char *copy_value(const char *value, size_t len)
{
	char *text;

	len = len < HISTORY_VALUE_MAX ? len : HISTORY_VALUE_MAX;
	if (memchr(value, 0, len))
		return NULL;
	text = strndup(value, len);
	if (text)
		reply_mend_text(text, len);
	return text;
}

static struct json_object *number(const char *text)
{
	const char *digits = text + (*text == '-');
	size_t n = strspn(digits, "0123456789");

	if (!n || n > 18 || digits[n])
		return NULL;
	return json_make_int(strtoll(text, NULL, 10));
}

/* "0.85", as nisvd writes it in every locale. */
static struct json_object *real(const char *text)
{
	unsigned int whole, hundredths;
	char end;

	if (strspn(text, "0123456789.") != strlen(text) ||
	    sscanf(text, "%1u.%2u%c", &whole, &hundredths, &end) != 2 || strlen(text) != 4)
		return NULL;
	return json_make_real_as(whole + hundredths / 100.0, text);
}

static struct json_object *address(const char *text)
{
	size_t n;

	if (strncmp(text, "0x", 2) != 0)
		return NULL;
	n = strspn(text + 2, "0123456789abcdef");
	return n && n <= 16 && !text[2 + n] ? json_make_string(text) : NULL;
}

static struct json_object *to_json(const char *text, enum field_type type)
{
	switch (type) {
	case FIELD_NUMBER:
		return number(text);
	case FIELD_REAL:
		return real(text);
	case FIELD_ADDRESS:
		return address(text);
	default:
		return json_make_string(text);
	}
}

/* ---- members that are more than a field ---- */

static struct json_object *type_of(const char *message_id)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(message_id, types[i].id))
			return json_make_string(types[i].name);
	return NULL;
}

static struct json_object *time_of(sd_journal *journal)
{
	char text[FORMAT_MAX];
	uint64_t usec;

	if (sd_journal_get_realtime_usec(journal, &usec) < 0)
		return NULL;
	format_iso((time_t)(usec / 1000000), (unsigned int)(usec % 1000000), text);
	return *text ? json_make_string(text) : NULL;
}

/* Null where that cannot be known here: of another host, or in a folder that this user may not
 * read. */
static struct json_object *is_there(struct json_object *entry)
{
	const char *path = reply_string(entry, "dossier");
	char machine[33];
	sd_id128_t id;

	if (*path != '/' || sd_id128_get_machine(&id) < 0 ||
	    strcmp(sd_id128_to_string(id, machine), reply_string(entry, "machine_id")) != 0)
		return NULL;
	if (!access(path, F_OK))
		return json_make_bool(true);
	return errno == ENOENT || errno == ENOTDIR ? json_make_bool(false) : NULL;
}

/* @name: a literal that @entry has not yet. */
static void set(struct json_object *entry, const char *name, struct json_object *value)
{
	if (json_object_object_add_ex(entry, name, value,
				      JSON_C_OBJECT_ADD_KEY_IS_NEW |
					      JSON_C_OBJECT_ADD_CONSTANT_KEY) < 0)
		json_starve();
}

#define N_FIELDS (sizeof(fields) / sizeof(fields[0]))

/* What the entry has of nisvd's; of several fields of one name the first counts, as for
 * sd_journal_get_data(3). */
struct values {
	bool seen[N_FIELDS];
	struct json_object *members[N_FIELDS]; /* owned, as all that follow */
	struct json_object *type, *overlays;
};

static bool is_field(const char *data, size_t name_len, const char *field)
{
	return strlen(field) == name_len && !memcmp(data, field, name_len);
}

static void take_value(struct values *values, const char *data, size_t name_len, const char *text)
{
	if (is_field(data, name_len, "MESSAGE_ID") && !values->type)
		values->type = type_of(text);
	/* One field for each; there are few. */
	if (is_field(data, name_len, NISV_FIELD_OVERLAY))
		json_append(values->overlays, json_make_string(text));
	for (size_t i = 0; i < N_FIELDS; i++) {
		if (values->seen[i] || !is_field(data, name_len, fields[i].field))
			continue;
		values->seen[i] = true;
		values->members[i] = to_json(text, fields[i].type);
		break;
	}
}

/* One pass: to look for each of the fields would be one for each. */
static void take_values(sd_journal *journal, struct values *values)
{
	const void *data;
	size_t len;

	SD_JOURNAL_FOREACH_DATA(journal, data, len)
	{
		const char *equals = memchr(data, '=', len);
		size_t name_len = equals ? (size_t)(equals - (const char *)data) : len;
		char *text = equals ? copy_value(equals + 1, len - name_len - 1) : NULL;

		if (text)
			take_value(values, data, name_len, text);
		free(text);
	}
}

struct json_object *history_entry(struct sd_journal *journal)
{
	struct json_object *entry = json_make_object();
	struct values values = {.overlays = json_make_array()};

	take_values(journal, &values);
	set(entry, "time", time_of(journal));
	set(entry, "type", values.type);
	for (size_t i = 0; i < N_FIELDS; i++)
		set(entry, fields[i].member, values.members[i]);
	set(entry, "overlays", values.overlays);
	set(entry, "dossier_present", is_there(entry));
	return entry;
}
