/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/core/insn_names.h"

#include <stdio.h>
#include <string.h>

#define FORMS_MAX 5
#define FORM_SIZE 12

/* How a text may name one register: the whole of it first. */
struct forms {
	char form[FORMS_MAX][FORM_SIZE];
};

/* In KVM's order (enum kvm_reg), as capstone writes them and their parts. */
static const struct forms x86_legacy[8] = {
	{{"rax", "eax", "ax", "al", "ah"}}, {{"rcx", "ecx", "cx", "cl", "ch"}},
	{{"rdx", "edx", "dx", "dl", "dh"}}, {{"rbx", "ebx", "bx", "bl", "bh"}},
	{{"rsp", "esp", "sp", "spl"}},	    {{"rbp", "ebp", "bp", "bpl"}},
	{{"rsi", "esi", "si", "sil"}},	    {{"rdi", "edi", "di", "dil"}},
};

/* What capstone calls R9 to R14 of AArch32. */
static const char *const a32_aliases[] = {"sb", "sl", "fp", "ip", "sp", "lr"};

static unsigned int register_count(enum insn_isa isa)
{
	switch (isa) {
	case ISA_A64:
		return 31;
	case ISA_A32:
	case ISA_T32:
		return 15;
	case ISA_X86_16:
	case ISA_X86_32:
		return 8;
	case ISA_X86_64:
		return 16;
	default:
		return 0;
	}
}

static struct forms forms_of(enum insn_isa isa, unsigned int i)
{
	static const char *const parts[] = {"", "d", "w", "b"};
	struct forms forms = {};

	if (isa == ISA_A64) {
		snprintf(forms.form[0], FORM_SIZE, "x%u", i);
		snprintf(forms.form[1], FORM_SIZE, "w%u", i);
	} else if (isa == ISA_A32 || isa == ISA_T32) {
		snprintf(forms.form[i >= 9], FORM_SIZE, "r%u", i);
		if (i >= 9)
			snprintf(forms.form[0], FORM_SIZE, "%s", a32_aliases[i - 9]);
	} else if (i < 8) {
		forms = x86_legacy[i];
	} else {
		for (unsigned int k = 0; k < 4; k++)
			snprintf(forms.form[k], FORM_SIZE, "r%u%s", i, parts[k]);
	}
	return forms;
}

static bool is_of_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Is @name a word of the operands, which begin behind the first blank of @text? */
static bool has_operand(const char *text, const char *name)
{
	size_t len = strlen(name);
	const char *at = strchr(text, ' ');

	for (; at && (at = strstr(at, name)); at += len)
		if (!is_of_word(at[-1]) && !is_of_word(at[len]))
			return true;
	return false;
}

static bool is_named(const char *text, const struct forms *forms)
{
	for (unsigned int i = 0; i < FORMS_MAX && forms->form[i][0]; i++)
		if (has_operand(text, forms->form[i]))
			return true;
	return false;
}

size_t insn_named_registers(const struct insn *insn, const struct insn_registers *registers,
			    struct insn_named ret[INSN_NAMED_MAX])
{
	unsigned int count = register_count(insn->isa);
	size_t n = 0;

	for (unsigned int i = 0; i < count && n < INSN_NAMED_MAX; i++) {
		struct forms forms = forms_of(insn->isa, i);

		if (!is_named(insn->text, &forms))
			continue;
		snprintf(ret[n].name, sizeof(ret[n].name), "%.3s", forms.form[0]);
		ret[n++].value = registers->gpr[i];
	}
	if (insn->isa == ISA_A64 && registers->has_sp && n < INSN_NAMED_MAX &&
	    has_operand(insn->text, "sp"))
		ret[n++] = (struct insn_named){"sp", registers->sp};
	return n;
}
