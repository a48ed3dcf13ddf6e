/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_CMDLINE_H
#define NISVD_CMDLINE_H

/*
 * Reading a VMM's command line: its arguments, its options, and the key=value lists that their
 * values are. The bytes are hostile; nothing here allocates, copies or looks past their end.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A piece of the command line: not terminated, may hold any byte but NUL. */
struct cmdline_text {
	const char *s;
	size_t len;
};

/* @text is, begins with, or has somewhere in it these bytes, to the letter. */
bool cmdline_is(struct cmdline_text text, const char *what);
bool cmdline_begins(struct cmdline_text text, const char *with);
bool cmdline_contains(struct cmdline_text text, const char *what);

/* What follows the last '/'. */
struct cmdline_text cmdline_basename(struct cmdline_text path);

/* ---- arguments ---- */

struct cmdline {
	const char *next, *end;
	bool cut; /* the last argument may be incomplete: it is never returned then */
};

/* @bytes: @len of them, arguments parted by NUL, borrowed; @cut: there were more. */
struct cmdline cmdline_begin(const char *bytes, size_t len, bool cut);
/* The next argument, borrowed from the bytes. False at the end. */
bool cmdline_take(struct cmdline *args, struct cmdline_text *ret);

/* ---- options ---- */

/* How the options of one VMM are written. */
struct cmdline_style {
	const char *vmm;
	bool one_or_two; /* QEMU: "--name" is "-name" (system/vl.c, lookup_opt()) */
	bool equals;	 /* "--name=value", too */
	bool attached;	 /* "-m256", too */
	/* Options whose value is text for others: must not be taken for an option. Up to NULL. */
	const char *const *opaque;
};

/* The style of a VMM that vmname knows, or that of one without options. Static. */
const struct cmdline_style *cmdline_style(const char *vmm);

enum cmdline_takes {
	CMDLINE_VALUE,
	CMDLINE_FLAG,	/* nothing */
	CMDLINE_VALUES, /* all up to the next option (clap's num_args(1..)) */
};

/* An option somebody wants to know about. */
struct cmdline_option {
	const char *name; /* with its hyphens, as the VMM's manual writes it; NULL ends a table */
	int meaning;
	enum cmdline_takes takes;
};

/* Where in a command line one is: start with the arguments and everything else 0. */
struct cmdline_options {
	struct cmdline args;
	const struct cmdline_option *list; /* the list whose next value may follow */
};

/*
 * The next option of @table in the rest of the command line, and its value (empty for a flag).
 * False at the end. An option without its value ends the line.
 */
bool cmdline_next_option(struct cmdline_options *options, const struct cmdline_style *style,
			 const struct cmdline_option *table, int *ret_meaning,
			 struct cmdline_text *ret_value);

/* ---- values ---- */

enum cmdline_list {
	/* QEMU (util/keyval.c, util/qemu-option.c): a comma inside a value is doubled, the first
	 * element may be the bare value of an implied key. */
	CMDLINE_QEMU,
	/* Cloud Hypervisor (option_parser/src/lib.rs), crosvm (serde_keyvalue): a comma inside
	 * [brackets] or "quotes" belongs to the value. */
	CMDLINE_BRACKETS,
};

struct cmdline_pair {
	struct cmdline_text key;   /* empty: a bare word */
	struct cmdline_text value; /* doubled commas as they are */
};

/* Takes the first "key=value" off @list. False when it is empty. */
bool cmdline_take_pair(enum cmdline_list syntax, struct cmdline_text *list,
		       struct cmdline_pair *ret);

/*
 * The value of @key in @list, the last one if there are several, or the bare first word if
 * @implied. False if it is not there.
 */
bool cmdline_find(enum cmdline_list syntax, struct cmdline_text list, const char *key, bool implied,
		  struct cmdline_text *ret);

/* What [brackets] hold; text without them as it is. */
struct cmdline_text cmdline_unbracket(struct cmdline_text text);

/* A decimal number or a hexadecimal one with 0x, and nothing else. */
bool cmdline_number(struct cmdline_text text, uint64_t *ret);

/*
 * A size in bytes: a number, in decimal perhaps with a fraction, and perhaps one of B K M G T P E
 * (binary, either case), "iB" or "B". @unit is what a bare number counts. False if it is no size,
 * is 0, or does not fit.
 */
bool cmdline_size(struct cmdline_text text, uint64_t unit, uint64_t *ret);

/* "on", "yes", "true", "y" / "off", "no", "false", "n" (QEMU qapi/qapi-util.c, qapi_bool_parse()).
 * False if it is neither. */
bool cmdline_bool(struct cmdline_text text, bool *ret);

/*
 * The value of a string member at the outermost level of a JSON object ("-device {...}", which
 * QEMU takes since 6.2 and libvirt writes). Raw: with its escapes. False if it is not there.
 */
bool cmdline_json_string(struct cmdline_text object, const char *member, struct cmdline_text *ret);

#endif
