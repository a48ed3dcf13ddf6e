/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Arguments and options of a command line. */

#include "daemon/core/cmdline.h"

#include <string.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

bool cmdline_is(struct cmdline_text text, const char *what)
{
	return text.len == strlen(what) && !memcmp(text.s, what, text.len);
}

bool cmdline_begins(struct cmdline_text text, const char *with)
{
	size_t n = strlen(with);

	return text.len >= n && !memcmp(text.s, with, n);
}

bool cmdline_contains(struct cmdline_text text, const char *what)
{
	return text.len && memmem(text.s, text.len, what, strlen(what));
}

struct cmdline_text cmdline_basename(struct cmdline_text path)
{
	const char *slash = path.len ? memrchr(path.s, '/', path.len) : NULL;

	if (slash) {
		path.len -= (size_t)(slash + 1 - path.s);
		path.s = slash + 1;
	}
	return path;
}

/* ---- arguments ---- */

struct cmdline cmdline_begin(const char *bytes, size_t len, bool cut)
{
	if (!bytes)
		bytes = "";
	return (struct cmdline){bytes, bytes + len, cut};
}

bool cmdline_take(struct cmdline *args, struct cmdline_text *ret)
{
	const char *nul;

	if (args->next >= args->end)
		return false;
	nul = memchr(args->next, '\0', (size_t)(args->end - args->next));
	if (!nul && args->cut)
		return false;
	ret->s = args->next;
	ret->len = (size_t)((nul ? nul : args->end) - args->next);
	args->next = nul ? nul + 1 : args->end;
	return true;
}

/* ---- options ---- */

/* Kernel command lines and files named by a guest's owner. */
static const char *const qemu_opaque[] = {"-append", "-kernel", "-initrd", NULL};
static const char *const ch_opaque[] = {"--cmdline", NULL};
static const char *const crosvm_opaque[] = {"--params", "-p", "--initrd", "-i", NULL};
static const char *const kvmtool_opaque[] = {"--params", "-p", "--kernel", "-k", "--initrd",
					     "-i",	 "-d", "--disk",   NULL};
static const char *const nothing_opaque[] = {NULL};

static const struct cmdline_style styles[] = {
	{"qemu", .one_or_two = true, .opaque = qemu_opaque},
	{"firecracker", .equals = true, .opaque = nothing_opaque},
	{"cloud-hypervisor", .equals = true, .opaque = ch_opaque},
	{"crosvm", .equals = true, .opaque = crosvm_opaque},
	{"kvmtool", .equals = true, .attached = true, .opaque = kvmtool_opaque},
	{"libkrun", .equals = true, .opaque = nothing_opaque},
	{"gvisor", .equals = true, .opaque = nothing_opaque},
	{"unknown", .opaque = nothing_opaque},
};

const struct cmdline_style *cmdline_style(const char *vmm)
{
	const struct cmdline_style *style = styles;

	while (style < &styles[ARRAY_SIZE(styles) - 1] && strcmp(style->vmm, vmm) != 0)
		style++;
	return style;
}

static bool is_opaque(const struct cmdline_style *style, struct cmdline_text arg)
{
	for (size_t i = 0; style->opaque[i]; i++)
		if (cmdline_is(arg, style->opaque[i]))
			return true;
	return false;
}

/* Is @arg an option of the table, and does it bring its value along? */
static bool option_matches(const struct cmdline_style *style, const struct cmdline_option *option,
			   struct cmdline_text arg, struct cmdline_text *ret_value, bool *ret_has)
{
	size_t n = strlen(option->name);

	*ret_has = false;
	if (cmdline_is(arg, option->name))
		return true;
	if (option->takes == CMDLINE_FLAG || arg.len <= n || !cmdline_begins(arg, option->name))
		return false;
	*ret_has = true;
	if (style->equals && arg.s[n] == '=') {
		*ret_value = (struct cmdline_text){arg.s + n + 1, arg.len - n - 1};
		return true;
	}
	if (style->attached && n == 2 && option->name[1] != '-') {
		*ret_value = (struct cmdline_text){arg.s + n, arg.len - n};
		return true;
	}
	return false;
}

static const struct cmdline_option *option_find(const struct cmdline_style *style,
						const struct cmdline_option *table,
						struct cmdline_text arg,
						struct cmdline_text *ret_value, bool *ret_has)
{
	if (style->one_or_two && cmdline_begins(arg, "--")) {
		arg.s++;
		arg.len--;
	}
	for (; table->name; table++)
		if (option_matches(style, table, arg, ret_value, ret_has))
			return table;
	return NULL;
}

bool cmdline_next_option(struct cmdline_options *options, const struct cmdline_style *style,
			 const struct cmdline_option *table, int *ret_meaning,
			 struct cmdline_text *ret_value)
{
	struct cmdline_text arg, value = {"", 0};

	while (cmdline_take(&options->args, &arg)) {
		const struct cmdline_option *option;
		bool has_value = false;

		if (options->list && !cmdline_begins(arg, "-")) {
			*ret_meaning = options->list->meaning;
			*ret_value = arg;
			return true;
		}
		options->list = NULL;
		option = option_find(style, table, arg, &value, &has_value);
		if (!option) {
			if (is_opaque(style, arg))
				cmdline_take(&options->args, &arg);
			continue;
		}
		if (option->takes != CMDLINE_FLAG && !has_value &&
		    !cmdline_take(&options->args, &value))
			return false;
		options->list = option->takes == CMDLINE_VALUES ? option : NULL;
		*ret_meaning = option->meaning;
		*ret_value = value;
		return true;
	}
	return false;
}
