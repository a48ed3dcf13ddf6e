/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Prints nisv-causes(7), made of the rule table that every finding comes from (daemon/core/rules.c)
 * and of the words around it here: `make man/nisv-causes.7`. A test holds the page against what
 * this prints.
 */

#include <stdio.h>
#include <string.h>

#include "daemon/core/rules.h"

#define LINE_MAX 78

/* ---- mdoc ----------------------------------------------------------------------------------- */

/* What roff would read otherwise (groff_char(7)), or NULL. */
static const char *escape_of(char c)
{
	switch (c) {
	case '\\':
		return "\\e";
	case '`':
		return "\\(ga";
	case '\'':
		return "\\(aq";
	case '"':
		return "\\(dq";
	case '^':
		return "\\(ha";
	case '~':
		return "\\(ti";
	default:
		return NULL;
	}
}

static void put_word(const char *word, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const char *escape = escape_of(word[i]);

		if (escape)
			fputs(escape, stdout);
		else
			putchar(word[i]);
	}
}

static size_t width_of(const char *word, size_t len)
{
	size_t width = 0;

	for (size_t i = 0; i < len; i++) {
		const char *escape = escape_of(word[i]);

		width += escape ? strlen(escape) : 1;
	}
	return width;
}

static bool ends_sentence(const char *word, size_t len)
{
	while (len && strchr(")]\"'", word[len - 1]))
		len--;
	return len && strchr(".?!", word[len - 1]);
}

/* Fills lines, and begins one for each sentence, as mdoc(7) wants it. */
static void put_text(const char *text)
{
	bool is_begin = true;
	size_t at = 0;

	while (*(text += strspn(text, " "))) {
		size_t len = strcspn(text, " ");

		if (!is_begin && at + 1 + width_of(text, len) > LINE_MAX) {
			putchar('\n');
			is_begin = true;
		} else if (!is_begin) {
			putchar(' ');
			at++;
		}
		if (is_begin) {
			/* No word becomes a request. */
			if (*text == '.')
				fputs("\\&", stdout);
			at = 0;
			is_begin = false;
		}
		put_word(text, len);
		at += width_of(text, len);
		if (ends_sentence(text, len) && text[len]) {
			putchar('\n');
			is_begin = true;
		}
		text += len;
	}
	putchar('\n');
}

static void put_item(const char *name, const char *text)
{
	printf(".It %s\n", name);
	put_text(text);
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

	puts(".It Found");
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
	char source[320];

	puts(".It What to do\n.Bl -bullet -compact");
	for (; advice->text; advice++) {
		puts(".It");
		if (advice->whose)
			printf(".Sy %s :\n", name_of(advice->whose));
		put_text(advice->text);
		snprintf(source, sizeof(source), "(%s, %s)", advice->source, advice->revision);
		put_text(source);
	}
	puts(".El");
}

static void put_rule(const struct rule *rule)
{
	printf(".Ss %s\n", rule->id);
	put_text(rule->what);
	puts(".Bl -tag -width Ds");
	put_found(rule);
	put_item("How nisvd knows", rule->known_by);
	put_advice(rule->advice);
	put_item("Example", rule->example);
	if (rule->general[0]) {
		puts(".It Less exact, but right, too");
		for (size_t i = 0; i < RULE_GENERAL_MAX && rule->general[i]; i++)
			printf("%s%s", i ? ", " : "", rule->general[i]);
		putchar('\n');
	}
	printf(".It See also\n.Lk %s\n.El\n", rule->documentation);
}

/* ---- the page ------------------------------------------------------------------------------- */

static const char preface[] =
	".\\\" SPDX-License-Identifier: GPL-2.0-or-later\n"
	".\\\" Made by man/causes.c of the rule table: change that, then make man/nisv-causes.7.\n"
	".Dd November 30, 2026\n"
	".Dt NISV-CAUSES 7\n"
	".Os nisvd\n"
	".Sh NAME\n"
	".Nm nisv-causes\n"
	".Nd why VMs touch memory that is not there: what nisvd finds, and what to do\n"
	".Sh DESCRIPTION\n"
	"Each finding of\n"
	".Xr nisvd 8\n"
	"names its cause by one of the words below.\n"
	".Ic nisvctl explain\n"
	"shows the findings of the VMs of a host,\n"
	".Ic nisvctl verify\n"
	"those that can be made before anything fails, and\n"
	".Ic nisvctl explain --list-causes\n"
	"this list, made of the same table.\n"
	".Ss How to read an answer\n"
	"The answer comes first, in one sentence: who did what, at which address, what is\n"
	"there or not, and what came of it.\n"
	"Below it:\n"
	".Bl -tag -width \"What you saw\"\n"
	".It Sy Cause\n"
	"the word to look up here, how sure it is, and what that rests on\n"
	".It Sy Severity\n"
	"what came of it:\n"
	".Cm fatal\n"
	"the VM was killed or stopped,\n"
	".Cm hang\n"
	"it goes nowhere,\n"
	".Cm error\n"
	"the guest got an abort,\n"
	".Cm warning\n"
	"and\n"
	".Cm info\n"
	"it costs, or may matter later\n"
	".It Sy Where , How\n"
	"the two axes, see below\n"
	".It Sy What to do\n"
	"with the options of the VMM in hand\n"
	".It Sy What you saw\n"
	"how this VMM behaves then and what it logs, so that the log line that brought\n"
	"you here can be matched\n"
	".It Sy Also\n"
	"what is true of it beside its cause: overlays\n"
	".It Sy Evidence , Faults , Accesses\n"
	"what was seen, to judge for yourself\n"
	".It Sy Follows from it\n"
	"later faults of the same vCPU that the first one brought about: they go away\n"
	"with it\n"
	".It Sy Context\n"
	"whose code it was, the table walk that led to the address, and who called\n"
	".It Sy \\&It could also be\n"
	"causes that fit less well\n"
	".El\n"
	".Ss The two axes\n"
	"Two things come together in a fault, and each may be right by itself:\n"
	".Bl -tag -width Where\n"
	".It Sy Where\n"
	"Why is no memory at the address?\n"
	"It may be a device, which has none, or a mistake: past the end of RAM, in a\n"
	"hole, on another machine.\n"
	".It Sy How\n"
	"Why could nobody emulate the access?\n"
	"A CPU describes single-register loads and stores to the hypervisor\n"
	".Pq ESR_EL2.ISV = 1 ;\n"
	"others, such as pairs, writeback and SIMD forms, it does not.\n"
	".El\n"
	".Pp\n"
	"Where a device is at the address, only the instruction is wrong: change how it\n"
	"is accessed.\n"
	"Where nothing is, the address is wrong, and the instruction only made the\n"
	"difference between a read of nothing and the end of the VM.\n"
	".Ss Confidence\n"
	".Bl -tag -width possible\n"
	".It Sy certain\n"
	".Pq 0.9 and more\n"
	"The kernel shows it: flags of memory slots, the syndrome, the bytes of the\n"
	"instruction.\n"
	".It Sy likely\n"
	".Pq 0.7 and more\n"
	"It rests on one fact of a reference map, such as which device a machine has at\n"
	"an address.\n"
	".It Sy possible\n"
	"A likeness.\n"
	"Look at the evidence, and at what else it could be.\n"
	".El\n"
	".Pp\n"
	"What was read after the fault and may have changed since, or had to be guessed,\n"
	"takes confidence away; the reason that stands behind the word says so.\n"
	"What is not above 0.4 never becomes a cause: then it is\n"
	".Cm unknown .\n"
	"Severity is something else: it tells what came of the fault, not how sure its\n"
	"cause is.\n"
	".Ss Overlays\n"
	"ext-abort-livelock and compiler-writeback are no causes of their own: they are\n"
	"said of a finding beside its cause, and bring advice of their own.\n"
	".Sh CAUSES\n"
	"In the order in which they are tried; of those that fit, the surest is taken,\n"
	"and of equally sure ones the first.\n"
	"A name before a piece of advice tells that it is for that VMM, or that\n"
	"architecture, alone.\n"
	"What stands in parentheses behind it is where its facts come from.\n";

static const char ending[] = ".Sh SEE ALSO\n"
			     ".Xr nisvctl 1 ,\n"
			     ".Xr nisvd-machines 5 ,\n"
			     ".Xr nisvd.conf 5 ,\n"
			     ".Xr nisvd 8\n";

int main(void)
{
	fputs(preface, stdout);
	for (size_t i = 0; i < n_rules; i++)
		put_rule(rules[i]);
	fputs(ending, stdout);
	return fflush(stdout) == EOF;
}
