/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/core/regline.h"

#include <stdio.h>
#include <string.h>

#include "daemon/core/scan.h"

#define LINE_MAX_BYTES 4096 /* what is behind it is not looked at */
#define DUMP_DIGITS    8    /* the least that a dump prints of a register */

/* As the kernel's tracepoints, oopses, VMMs and firmware name them. */
static const struct alias {
	const char *name, *means;
} aliases[] = {
	{"esr", "esr"},
	{"hsr", "esr"},
	{"esr_el1", "esr"},
	{"esr_el2", "esr"},
	{"esr_el3", "esr"},
	{"far", "far"},
	{"hxfar", "far"},
	{"far_el1", "far"},
	{"far_el2", "far"},
	{"ipa", "ipa"},
	{"fault_ipa", "ipa"},
	{"gpa", "ipa"},
	{"pc", "pc"},
	{"vcpu_pc", "pc"},
	{"elr", "elr"},
	{"elr_el1", "elr"},
	{"elr_el2", "elr"},
	{"lr", "lr"},
	{"fp", "fp"},
	{"sp", "sp"},
	{"sp_el0", "sp_el0"},
	{"sp_el1", "sp_el1"},
	{"pstate", "pstate"},
	{"spsr", "spsr"},
	{"spsr_el1", "spsr"},
	{"spsr_el2", "spsr"},
	{"cpsr", "pstate"},
	{"vbar_el1", "vbar"},
	{"sctlr_el1", "sctlr"},
	{"ttbr0_el1", "ttbr0"},
	{"ttbr1_el1", "ttbr1"},
	{"tcr_el1", "tcr"},
	{"instruction", "instruction"},
	{"insn", "instruction"},
	{"rip", "rip"},
	{"rfl", "rflags"},
	{"eip", "eip"},
	{"efl", "eflags"},
	{"cr0", "cr0"},
	{"cr2", "cr2"},
	{"cr3", "cr3"},
	{"cr4", "cr4"},
	{"efer", "efer"},
};

/* rax to rsp, eax to esp, and r8 to r15. */
static bool general_register_x86(const struct scan *word, char name[NAMED_VALUE_NAME])
{
	static const char *const names[] = {"ax", "bx", "cx", "dx", "si", "di", "bp", "sp"};
	struct scan rest = {word->at + 1, word->end};
	uint64_t n;

	if (scan_left(word) < 2 || scan_left(word) > 3)
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (scan_is(&rest, names[i]) &&
		    ((*word->at | 0x20) == 'r' || (*word->at | 0x20) == 'e')) {
			snprintf(name, NAMED_VALUE_NAME, "%c%s", *word->at | 0x20, names[i]);
			return true;
		}
	if ((*word->at | 0x20) != 'r' || !scan_decimal(&rest, &n) || rest.at < rest.end || n < 8 ||
	    n > 15)
		return false;
	snprintf(name, NAMED_VALUE_NAME, "r%u", (unsigned int)n);
	return true;
}

/* x0 to x30, which QEMU calls X00 to X30. */
static bool general_register(const struct scan *word, char name[NAMED_VALUE_NAME])
{
	struct scan number = {word->at + 1, word->end};
	uint64_t n;

	if (scan_left(word) < 2 || scan_left(word) > 3 || (*word->at | 0x20) != 'x' ||
	    !scan_decimal(&number, &n) || number.at < number.end || n > 30)
		return false;
	snprintf(name, NAMED_VALUE_NAME, "x%u", (unsigned int)n);
	return true;
}

static bool name_of(const struct scan *word, char name[NAMED_VALUE_NAME])
{
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
		if (scan_is(word, aliases[i].name)) {
			snprintf(name, NAMED_VALUE_NAME, "%s", aliases[i].means);
			return true;
		}
	}
	return general_register(word, name) || general_register_x86(word, name);
}

static bool value_of(struct scan *line, uint64_t *ret)
{
	struct scan rest = *line, digits;
	bool equals, colon;

	scan_spaces(&rest);
	equals = scan_literal(&rest, "=");
	colon = !equals && scan_literal(&rest, ":");
	scan_spaces(&rest);
	digits = rest;
	if (!scan_hex(&rest, ret) || !scan_at_end_of_word(&rest) ||
	    (rest.at < rest.end && *rest.at == '+'))
		return false;
	if (!scan_literal(&digits, "0x") && !scan_literal(&digits, "0X") &&
	    !(equals && *line->at == '=') &&
	    !((equals || colon) && rest.at - digits.at >= DUMP_DIGITS))
		return false;
	*line = rest;
	return true;
}

size_t regline_parse(const char *line, size_t len, struct named_value ret[NAMED_VALUES_MAX])
{
	struct scan scan = scan_line(line, len < LINE_MAX_BYTES ? len : LINE_MAX_BYTES), word;
	size_t n = 0;

	while (scan.at < scan.end && n < NAMED_VALUES_MAX) {
		struct named_value *value = &ret[n];

		if (!scan_word(&scan, &word)) {
			/* "0x12ab" is no name. */
			while (scan.at < scan.end && !scan_at_end_of_word(&scan))
				scan.at++;
			scan.at += scan.at < scan.end;
			continue;
		}
		*value = (struct named_value){};
		if (name_of(&word, value->name) && value_of(&scan, &value->value))
			n++;
	}
	return n;
}

const struct named_value *named_value_find(const struct named_value *list, size_t n,
					   const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(list[i].name, name))
			return &list[i];
	return NULL;
}

size_t regline_bare(const char *line, size_t len, struct named_value ret[3])
{
	static const char *const names[3] = {"esr", "far", "ipa"};
	struct scan scan = scan_line(line, len);
	size_t n = 0;

	for (scan_spaces(&scan); scan.at < scan.end; scan_spaces(&scan)) {
		if (n == 3)
			return 0;
		ret[n] = (struct named_value){};
		snprintf(ret[n].name, NAMED_VALUE_NAME, "%s", names[n]);
		if (!scan_hex(&scan, &ret[n].value) || (scan.at < scan.end && !scan_spaces(&scan)))
			return 0;
		n++;
	}
	return n;
}
