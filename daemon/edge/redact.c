/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/redact.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/edge/json_make.h"
#include "daemon/edge/json_read.h"
#include "include/nisv_record.h"

static const char left_out[] = "left out by --redact";

static bool has(struct json_object *object, const char *name)
{
	return json_object_object_get_ex(object, name, NULL);
}

/* Only what is there: each line keeps the members that it has. */
static void set(struct json_object *object, const char *name, struct json_object *value)
{
	if (has(object, name))
		json_add(object, name, value);
	else
		json_object_put(value);
}

static void redact_fault(struct json_object *fault)
{
	static const char *const members[] = {"instruction", "instruction_bytes", "code", "walk",
					      "backtrace",   "system_registers"};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		set(fault, members[i], NULL);
	set(fault, "registers", json_make_array());
	set(fault, "sysregs_state", json_make_int(NISV_SYSREGS_NONE));
	set(fault, "instruction_state", json_make_int(NISV_INSN_LEFT_OUT));
}

static void for_each(struct json_object *list, void (*redact)(struct json_object *))
{
	for (size_t i = 0; list && i < json_object_array_length(list); i++)
		redact(json_object_array_get_idx(list, i));
}

static void redact_site(struct json_object *site)
{
	if (json_object_is_type(site, json_type_object))
		set(site, "instruction", NULL);
}

static void redact_said(struct json_object *object)
{
	if (json_object_is_type(object, json_type_object))
		set(object, "summary", json_make_string(left_out));
}

/* Its sentences quote instructions and registers; what it found, and where, do not. */
static void redact_finding(struct json_object *finding)
{
	static const char *const sentences[] = {"summary", "confidence_reason", "how"};

	for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++)
		set(finding, sentences[i], json_make_string(left_out));
	set(finding, "evidence", json_make_array());
	set(finding, "advice", json_make_array());
	set(finding, "context", NULL);
	for_each(json_read_member(finding, "sites", json_type_array), redact_site);
	for_each(json_read_member(finding, "overlays", json_type_array), redact_said);
	for_each(json_read_member(finding, "consequences", json_type_array), redact_said);
}

static void redact_vm(struct json_object *vm)
{
	struct json_object *old = json_read_member(vm, "cmdline", json_type_array), *list;
	const char *before = NULL;

	if (!old)
		return;
	list = json_make_array();
	for (size_t i = 0; i < json_object_array_length(old); i++) {
		const char *argument = json_object_get_string(json_object_array_get_idx(old, i));
		char *safe = redact_argument(before, argument ? argument : "");

		json_append(list, json_make_string(safe ? safe : left_out));
		free(safe);
		before = argument;
	}
	json_add(vm, "cmdline", list);
}

/* They may be a list that prints itself, as there are thousands of them (sites_json.h). */
static int redact_sites(struct json_object *line)
{
	struct json_object *sites = json_read_member(line, "sites", json_type_array), *copy;
	const char *text;
	size_t len;

	if (!sites)
		return 0;
	text = json_text(sites, JSON_C_TO_STRING_PLAIN, &len);
	copy = text ? json_tokener_parse(text) : NULL;
	if (!copy)
		return -ENOMEM;
	for_each(copy, redact_site);
	json_add(line, "sites", copy);
	return 0;
}

int redact_line(struct json_object *line)
{
	static const struct {
		const char *member;
		void (*redact)(struct json_object *);
	} members[] = {{"vm", redact_vm}, {"fault", redact_fault}, {"finding", redact_finding}};

	set(line, "redacted", json_make_bool(true));
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		struct json_object *object =
			json_read_member(line, members[i].member, json_type_object);

		if (object)
			members[i].redact(object);
	}
	return redact_sites(line);
}
