/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Makes nisv-causes(7) of the rule table that every finding comes from (daemon/core/rules.c):
 * copies standard input, man/nisv-causes.7.scd.in, and puts the causes where its line "; the
 * causes" is. `make` does so; a test holds the page against what this prints. The format is
 * scdoc(5).
 */

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "daemon/core/rules.h"

#define LINE_MAX 78
#define PLACE	 "; the causes\n"
#define MADE \
	"; Made by man/causes.c of nisv-causes.7.scd.in and the rules: change those, then make.\n"
#define LICENCE	   "; SPDX-License-Identifier"
#define TAB_COLUMN 8

/* ---- scdoc -------------------------------------------------------------------------------- */

/* What scdoc(5) would read as its own. An underscore inside of a word is none. */
static bool needs_escape(const char *word, size_t i)
{
	return word[i] == '\\' || word[i] == '*' ||
	       (word[i] == '_' && (!i || !isalnum((unsigned char)word[i - 1])));
}

static void put_word(const char *word, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (needs_escape(word, i))
			putchar('\\');
		putchar(word[i]);
	}
}

static size_t width_of(const char *word, size_t len)
{
	size_t width = len;

	for (size_t i = 0; i < len; i++)
		width += needs_escape(word, i);
	return width;
}

/* What scdoc(5) takes for a list, a table, a heading, a comment or a block at the beginning of a
 * line. */
static bool is_markup(char c)
{
	return strchr("-.[]|:#;`", c);
}

static bool ends_sentence(const char *word, size_t len)
{
	while (len && strchr(")]\"'", word[len - 1]))
		len--;
	return len && strchr(".?!", word[len - 1]);
}

static size_t columns_of(const char *indent)
{
	size_t columns = 0;

	for (; *indent; indent++)
		columns += *indent == '\t' ? TAB_COLUMN : 1;
	return columns;
}

/* Fills lines, and begins one for each sentence, so that a change of one touches no other. */
static void put_text(const char *first, const char *next, const char *text)
{
	size_t at = columns_of(first);
	bool is_new = false;

	fputs(first, stdout);
	for (bool is_begin = true; *(text += strspn(text, " ")); is_begin = false) {
		size_t len = strcspn(text, " ");

		if (!is_begin && !is_markup(*text) &&
		    (is_new || at + 1 + width_of(text, len) > LINE_MAX)) {
			printf("\n%s", next);
			at = columns_of(next);
		} else if (!is_begin) {
			putchar(' ');
			at++;
		}
		if (is_begin && is_markup(*text))
			putchar('\\');
		put_word(text, len);
		at += width_of(text, len);
		is_new = ends_sentence(text, len);
		text += len;
	}
	putchar('\n');
}

static void put_item(const char *name, const char *text)
{
	printf("\n*%s*\n", name);
	put_text("\t", "\t", text);
}

/* ---- one cause ------------------------------------------------------------------------------ */

static const char *name_of(const char *whose)
{
	static const char *const names[][2] = {
		{"qemu", "QEMU"},
		{"firecracker", "Firecracker"},
		{"cloud-hypervisor", "Cloud Hypervisor"},
		{"x86_64", "x86"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i][0], whose))
			return names[i][1];
	return whose;
}

static void put_found(const struct rule *rule)
{
	static const struct {
		enum rule_from from;
		const char *text;
	} texts[] = {
		{RULE_FAULT, "at a fault, or from MMIO"},
		{RULE_MAP, "in the memory map, by verify"},
		{RULE_OVERLAY, "beside the cause of a finding"},
	};
	bool is_begin = true;

	printf("\n*Found*\n\t");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (!(rule->from & texts[i].from))
			continue;
		printf("%s%s", is_begin ? "" : "; ", texts[i].text);
		is_begin = false;
	}
	if (rule->arch)
		printf("; only on %s", name_of(rule->arch));
	putchar('\n');
}

static void put_advice(const struct advice *advice)
{
	puts("\n*What to do*");
	for (; advice->text; advice++) {
		char first[64] = "\t- ", source[320];

		if (advice->whose)
			snprintf(first, sizeof(first), "\t- *%s*: ", name_of(advice->whose));
		snprintf(source, sizeof(source), "(%s, %s)", advice->source, advice->revision);
		put_text(first, "\t  ", advice->text);
		put_text("\t  ", "\t  ", source);
	}
}

static void put_rule(const struct rule *rule)
{
	printf("## %s\n\n", rule->id);
	put_text("", "", rule->what);
	put_found(rule);
	put_item("How nisvd knows", rule->known_by);
	put_advice(rule->advice);
	put_item("Example", rule->example);
	if (rule->general[0]) {
		printf("\n*Less exact, but right, too*\n\t");
		for (size_t i = 0; i < RULE_GENERAL_MAX && rule->general[i]; i++)
			printf("%s%s", i ? ", " : "", rule->general[i]);
		putchar('\n');
	}
	put_item("See also", rule->documentation);
}

/* ---- the page ------------------------------------------------------------------------------- */

int main(void)
{
	char line[1024];

	while (fgets(line, sizeof(line), stdin)) {
		if (!strcmp(line, PLACE)) {
			for (size_t i = 0; i < n_rules; i++) {
				if (i)
					putchar('\n');
				put_rule(rules[i]);
			}
			continue;
		}
		fputs(line, stdout);
		if (!strncmp(line, LICENCE, strlen(LICENCE)))
			fputs(MADE, stdout);
	}
	return fflush(stdout) == EOF;
}
