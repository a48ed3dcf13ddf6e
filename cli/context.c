/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/context.h"

#include <inttypes.h>
#include <string.h>

#include "cli/reply.h"
#include "cli/vm_text.h"

#define TEXT_MAX 400

/* ---- names ---------------------------------------------------------------------------------- */

struct context_names context_names(const struct symbols *symbols, struct json_object *context)
{
	struct context_names names = {.symbols = symbols};

	names.is_process = strcmp(reply_string(context, "side"), "user") == 0;
	if (symbols && reply_has(context, "vbar"))
		names.slide_known =
			symbols_slide(symbols, reply_address(context, "vbar"), &names.slide);
	return names;
}

/* The upper half of the address space is the kernel's, also where a process faulted. */
const char *context_name(const struct context_names *names, uint64_t address, bool is_return,
			 char buf[SYMBOLS_TEXT_MAX])
{
	if (!names->symbols || (names->is_process && !(address >> 63)))
		return NULL;
	return symbols_at(names->symbols, names->slide, address, is_return, buf);
}

static void print_symbols(const struct term *term, struct json_object *context,
			  const struct context_names *names)
{
	const char *how;
	char text[TEXT_MAX];

	if (!names->symbols)
		return;
	if (names->slide_known && names->slide)
		how = "moved to where VBAR_EL1 has the vectors, by ";
	else if (names->slide_known)
		how = "as they are: VBAR_EL1 is where they have the vectors";
	else if (strcmp(reply_string(context, "code"), "unknown") == 0)
		how = "as they are: the registers at the fault are not known";
	else if (!reply_has(context, "el"))
		how = "as they are: no register of x86 tells by how much KASLR moved the kernel; "
		      "a copy of the running guest's /proc/kallsyms has what counts";
	else if (!reply_has(context, "vbar"))
		how = "as they are: VBAR_EL1 at the fault is not known";
	else
		how = "as they are: VBAR_EL1 does not fit them, or they lack \"vectors\"";
	snprintf(text, sizeof(text), "symbols of %.120s, %s", symbols_path(names->symbols), how);
	if (names->slide_known && names->slide)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s0x%" PRIx64,
			 names->slide >> 63 ? "-" : "",
			 names->slide >> 63 ? -names->slide : names->slide);
	term_wrap(term, "  ", 4, text);
}

/* ---- the code ------------------------------------------------------------------------------- */

static void add(char text[TEXT_MAX], const char *more)
{
	snprintf(text + strlen(text), TEXT_MAX - strlen(text), "%s%.40s", *text ? ", " : "", more);
}

/* NULL: it is not known. */
static const char *code_text(const char *code)
{
	static const char *const texts[][2] = {
		{"a64", "A64 code"},	       {"a32", "A32 code"},
		{"t32", "T32 code"},	       {"real", "real-mode code"},
		{"vm86", "virtual 8086 code"}, {"16-bit", "16-bit code"},
		{"32-bit", "32-bit code"},     {"64-bit", "64-bit code"},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(texts[i][0], code) == 0)
			return texts[i][1];
	return NULL;
}

static void print_code(const struct term *term, struct json_object *context)
{
	bool is_arm64 = reply_has(context, "el");
	const char *side = reply_string(context, "side"), *mmu = reply_string(context, "mmu");
	const char *code = code_text(reply_string(context, "code"));
	char text[TEXT_MAX] = "", part[TEXT_MAX];

	if (*side) {
		snprintf(part, sizeof(part), "the guest's %s",
			 strcmp(side, "user") == 0 ? "user space" : side);
		add(text, part);
	}
	if (is_arm64) {
		snprintf(part, sizeof(part), "EL%" PRId64, reply_int(context, "el"));
		add(text, part);
	}
	if (*mmu) {
		snprintf(part, sizeof(part), "%s %.10s", is_arm64 ? "MMU" : "paging", mmu);
		add(text, part);
	}
	if (code)
		add(text, code);
	if (reply_has(context, "vbar")) {
		snprintf(part, sizeof(part), "VBAR_EL1 %.24s", reply_string(context, "vbar"));
		add(text, part);
	}
	if (*text)
		term_wrap(term, "  ", 4, text);
}

/* ---- the walk ------------------------------------------------------------------------------- */

/* How it ended: what was not read stands at the walk's output. */
static const struct {
	const char *state, *text;
	bool at_output;
} ends[] = {
	{"done", "leads to", true},
	{"invalid-descriptor", "the last descriptor is none", false},
	{"no-slot", "left memory: no memslot has the next table", true},
	{"unreadable", "the host has not got the next table in memory", true},
	{"io-memory", "the next table is in device memory of the host", true},
	{"refused", "TCR_EL1 allows no walk of this address", false},
	{"aarch32-tables", "not read: AArch32 tables", false},
	{"protected", "not read: the VM is protected", false},
	{"unsafe", "not read: this kernel does not tell what is device memory", false},
};

static void print_walk_line(const struct term *term, int64_t level, const char *address,
			    const char *text)
{
	char name[32];

	snprintf(name, sizeof(name), "level %" PRId64, level);
	fprintf(term->out, "    %-10s%-14.24s %.100s\n", name, address, text);
}

static void print_walk(const struct term *term, struct json_object *walk)
{
	struct json_object *steps = reply_array(walk, "steps");
	const char *state = reply_string(walk, "state"), *output = reply_string(walk, "output");
	int64_t level = 0;
	char text[TEXT_MAX];
	size_t end = 0;

	/* That the MMU was off is said of the code. */
	if (!walk || strcmp(state, "mmu-off") == 0)
		return;
	while (end < sizeof(ends) / sizeof(ends[0]) && strcmp(ends[end].state, state) != 0)
		end++;
	snprintf(text, sizeof(text), "stage-1 walk of %.24s%s:", reply_string(walk, "address"),
		 reply_bool(walk, "agrees") ? "" : ", which does not explain the fault");
	term_wrap(term, "  ", 4, text);
	for (size_t i = 0; i < reply_length(steps); i++) {
		struct json_object *step = reply_at(steps, i);

		level = reply_int(step, "level");
		print_walk_line(term, level, reply_string(step, "address"),
				reply_string(step, "descriptor"));
	}
	if (end == sizeof(ends) / sizeof(ends[0]))
		fprintf(term->out, "    ended: %.40s\n", state);
	else if (strcmp(state, "done") == 0)
		fprintf(term->out, "    %s %.24s\n", ends[end].text, output);
	else if (ends[end].at_output && reply_length(steps))
		print_walk_line(term, level + 1, output, ends[end].text);
	else if (ends[end].at_output)
		fprintf(term->out, "    %s (%.24s)\n", ends[end].text, output);
	else
		fprintf(term->out, "    %s\n", ends[end].text);
}

/* ---- the callers ---------------------------------------------------------------------------- */

static const char *end_text(const char *end)
{
	static const struct {
		const char *end, *text;
	} texts[] = {
		{"misaligned", "no more: the frame pointer is not aligned"},
		{"order", "no more: the frame record is below the one before it"},
		{"unreadable", "no more: the frame record could not be read"},
		{"full", "more were not taken"},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(texts[i].end, end) == 0)
			return texts[i].text;
	return NULL;
}

static void print_callers(const struct term *term, struct json_object *context,
			  const struct context_names *names)
{
	struct json_object *frames = reply_array(context, "backtrace");
	const char *end = end_text(reply_string(context, "backtrace_end"));
	char buf[SYMBOLS_TEXT_MAX];
	bool begun = false;

	for (size_t i = 0; i < reply_length(frames); i++) {
		struct json_object *frame = reply_at(frames, i);
		uint64_t address = reply_address(frame, "address");
		const char *name = context_name(names, address, true, buf);
		char text[SYMBOLS_TEXT_MAX + 32];

		/* A link register that was never set. */
		if (!address)
			continue;
		if (!begun)
			fputs("  callers, the nearest first:\n", term->out);
		begun = true;
		snprintf(text, sizeof(text), "%.24s%s%s", reply_string(frame, "address"),
			 name ? " " : "", name ? name : "");
		term_wrap(term, "    ", 6, text);
	}
	if (begun && end)
		fprintf(term->out, "    (%s)\n", end);
}

void context_print(const struct term *term, struct json_object *context,
		   const struct context_names *names)
{
	if (!context)
		return;
	print_heading(term, "Context");
	print_code(term, context);
	print_walk(term, reply_object(context, "walk"));
	print_callers(term, context, names);
	print_symbols(term, context, names);
}
