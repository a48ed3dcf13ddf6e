/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the values of options are made of: lists of key=value, numbers, sizes, switches. */

#include <ctype.h>
#include <string.h>

#include "daemon/core/cmdline.h"

/* Where the comma is that ends the element at the start of @list; its length if there is none. */
static size_t qemu_element(struct cmdline_text list)
{
	size_t i = 0;

	for (; i < list.len; i++) {
		if (list.s[i] != ',')
			continue;
		if (i + 1 == list.len || list.s[i + 1] != ',')
			break;
		i++;
	}
	return i;
}

static size_t bracket_element(struct cmdline_text list)
{
	size_t depth = 0, i = 0;
	bool quoted = false;

	for (; i < list.len; i++) {
		char c = list.s[i];

		if (c == '"')
			quoted = !quoted;
		else if (quoted)
			continue;
		else if (c == '[')
			depth++;
		else if (c == ']' && depth)
			depth--;
		else if (c == ',' && !depth)
			break;
	}
	return i;
}

bool cmdline_take_pair(enum cmdline_list syntax, struct cmdline_text *list,
		       struct cmdline_pair *ret)
{
	size_t n, key = 0;

	if (!list->len)
		return false;
	n = syntax == CMDLINE_QEMU ? qemu_element(*list) : bracket_element(*list);
	while (key < n && list->s[key] != '=')
		key++;
	ret->key = (struct cmdline_text){list->s, key < n ? key : 0};
	ret->value = key < n ? (struct cmdline_text){list->s + key + 1, n - key - 1}
			     : (struct cmdline_text){list->s, n};
	if (n < list->len)
		n++;
	list->s += n;
	list->len -= n;
	return true;
}

bool cmdline_find(enum cmdline_list syntax, struct cmdline_text list, const char *key, bool implied,
		  struct cmdline_text *ret)
{
	struct cmdline_pair pair;
	bool found = false;

	for (bool first = true; cmdline_take_pair(syntax, &list, &pair); first = false) {
		bool bare = !pair.key.len && first && implied;

		if (!bare && !(pair.key.len && cmdline_is(pair.key, key)))
			continue;
		*ret = pair.value;
		found = true;
	}
	return found;
}

struct cmdline_text cmdline_unbracket(struct cmdline_text text)
{
	if (text.len >= 2 && text.s[0] == '[' && text.s[text.len - 1] == ']')
		return (struct cmdline_text){text.s + 1, text.len - 2};
	return text;
}

/* ---- numbers ---- */

static int digit(char c, unsigned int base)
{
	int value = isdigit((unsigned char)c)	 ? c - '0'
		    : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10
						 : 99;

	return value < (int)base ? value : -1;
}

/* Digits from the start of @text. Returns how many characters, 0 if none or too large. */
static size_t take_number(struct cmdline_text text, uint64_t *ret)
{
	bool hex = text.len > 2 && text.s[0] == '0' && (text.s[1] | 0x20) == 'x';
	size_t start = hex ? 2 : 0, i = start;
	unsigned int base = hex ? 16 : 10;
	uint64_t n = 0;

	for (; i < text.len && digit(text.s[i], base) >= 0; i++)
		if (__builtin_mul_overflow(n, base, &n) ||
		    __builtin_add_overflow(n, (uint64_t)digit(text.s[i], base), &n))
			return 0;
	if (i == start)
		return 0;
	*ret = n;
	return i;
}

bool cmdline_number(struct cmdline_text text, uint64_t *ret)
{
	uint64_t n;

	if (!text.len || take_number(text, &n) != text.len)
		return false;
	*ret = n;
	return true;
}

/* ".5" as a part of 2^32; digits past the ninth are worth nothing. Returns its characters. */
static size_t take_fraction(struct cmdline_text text, uint64_t *ret)
{
	uint64_t n = 0, scale = 1;
	size_t i = 1;

	if (text.len < 2 || text.s[0] != '.' || !isdigit((unsigned char)text.s[1]))
		return 0;
	for (; i < text.len && isdigit((unsigned char)text.s[i]); i++) {
		if (scale >= 1000000000)
			continue;
		n = 10 * n + (uint64_t)(text.s[i] - '0');
		scale *= 10;
	}
	*ret = (n << 32) / scale;
	return i;
}

/* "G", "GB", "GiB". The unit stays where there is no suffix. */
static bool take_unit(struct cmdline_text text, uint64_t *unit)
{
	static const char suffixes[] = "BKMGTPE";
	const char *suffix;

	if (!text.len)
		return true;
	suffix = text.s[0] ? strchr(suffixes, toupper((unsigned char)text.s[0])) : NULL;
	if (!suffix)
		return false;
	*unit = 1ULL << (10 * (suffix - suffixes));
	text.s++;
	text.len--;
	return !text.len || cmdline_is(text, "iB") || cmdline_is(text, "B");
}

bool cmdline_size(struct cmdline_text text, uint64_t unit, uint64_t *ret)
{
	uint64_t n, fraction = 0;
	size_t used = text.len ? take_number(text, &n) : 0;

	if (!used)
		return false;
	text.s += used;
	text.len -= used;
	used = take_fraction(text, &fraction);
	text.s += used;
	text.len -= used;
	if (!take_unit(text, &unit) || __builtin_mul_overflow(n, unit, &n))
		return false;
	/* A unit is a power of two: nothing of the product is lost that is a whole byte. */
	if (__builtin_add_overflow(n, (uint64_t)(((__uint128_t)fraction * unit) >> 32), &n) || !n)
		return false;
	*ret = n;
	return true;
}

bool cmdline_bool(struct cmdline_text text, bool *ret)
{
	static const char *const words[] = {"on", "off", "yes", "no", "true", "false", "y", "n"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!cmdline_is(text, words[i]))
			continue;
		*ret = i % 2 == 0;
		return true;
	}
	return false;
}

/* ---- JSON ---- */

/* The string that begins at @i (a quotation mark). Returns where it ends, past the mark; 0: not. */
static size_t json_string(struct cmdline_text text, size_t i, struct cmdline_text *ret)
{
	size_t start = ++i;

	for (; i < text.len && text.s[i] != '"'; i++)
		if (text.s[i] == '\\')
			i++;
	if (i >= text.len)
		return 0;
	*ret = (struct cmdline_text){text.s + start, i - start};
	return i + 1;
}

static size_t skip_space(struct cmdline_text text, size_t i)
{
	while (i < text.len && strchr(" \t\r\n", text.s[i]) && text.s[i])
		i++;
	return i;
}

bool cmdline_json_string(struct cmdline_text object, const char *member, struct cmdline_text *ret)
{
	size_t depth = 0, i = 0;

	while (i < object.len) {
		struct cmdline_text string;
		char c = object.s[i];
		bool is_member;

		if (c == '{' || c == '[')
			depth++;
		if ((c == '}' || c == ']') && depth)
			depth--;
		if (c != '"') {
			i++;
			continue;
		}
		i = json_string(object, i, &string);
		if (!i)
			return false;
		is_member = depth == 1 && cmdline_is(string, member);
		i = skip_space(object, i);
		if (i >= object.len || object.s[i] != ':')
			continue;
		i = skip_space(object, i + 1);
		if (is_member && i < object.len && object.s[i] == '"')
			return json_string(object, i, ret) > 0;
	}
	return false;
}
