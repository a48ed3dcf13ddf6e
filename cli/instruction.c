/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/instruction.h"

#include <stdio.h>
#include <string.h>

#include "cli/reply.h"
#include "cli/vm_text.h"

static void print_code(const struct term *term, struct json_object *site,
		       const struct context_names *names)
{
	char text[SYMBOLS_TEXT_MAX + 200], buf[SYMBOLS_TEXT_MAX];
	const char *name;

	if (!reply_has(site, "instruction") || !reply_has(site, "pc"))
		return;
	name = context_name(names, reply_address(site, "pc"), false, buf);
	snprintf(text, sizeof(text), "%.24s%s%s%s  %.100s", reply_string(site, "pc"),
		 name ? " (" : "", name ? name : "", name ? ")" : "",
		 reply_string(site, "instruction"));
	term_wrap(term, "  ", 4, text);
}

static void print_registers(const struct term *term, struct json_object *registers)
{
	char text[512] = "";

	for (size_t i = 0; i < reply_length(registers) && strlen(text) < sizeof(text) - 48; i++) {
		struct json_object *one = reply_at(registers, i);

		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%.8s = %.24s",
			 i ? ", " : "", reply_string(one, "name"), reply_string(one, "value"));
	}
	if (*text)
		term_wrap(term, "  ", 4, text);
}

void instruction_print(const struct term *term, struct json_object *finding,
		       const struct context_names *names)
{
	struct json_object *site = reply_at(reply_array(finding, "sites"), 0);
	struct json_object *context = reply_object(finding, "context");
	const char *how = reply_string(finding, "how");

	if (!*how && !reply_has(site, "instruction"))
		return;
	print_heading(term, "Instruction");
	print_code(term, site, names);
	print_registers(term, reply_array(context, "registers"));
	if (*how)
		term_wrap(term, "  ", 2, how);
}
