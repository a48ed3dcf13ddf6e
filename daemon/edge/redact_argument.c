/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/edge/redact.h"

#define MASK "***"

/* Parts of a name of an option, of a key in an option's value or of a parameter of a kernel. What
 * they mask too much of, such as the id in password-secret=, costs nothing. */
static const char *const telling[] = {
	"password",   "passwd", "passphrase", "secret",	 "token",
	"credential", "cookie", "apikey",     "api-key", "api_key",
};

/* Whole names: rbd's key=, and what ends so (luks.key=). */
static const char *const telling_ends[] = {"key", "psk", "pin"};

static bool contains(const char *name, size_t len, const char *part)
{
	size_t n = strlen(part);

	for (size_t i = 0; i + n <= len; i++)
		if (!strncasecmp(name + i, part, n))
			return true;
	return false;
}

static bool is_telling(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(telling) / sizeof(telling[0]); i++)
		if (contains(name, len, telling[i]))
			return true;
	for (size_t i = 0; i < sizeof(telling_ends) / sizeof(telling_ends[0]); i++) {
		size_t n = strlen(telling_ends[i]);

		if (len < n || strncasecmp(name + len - n, telling_ends[i], n) != 0)
			continue;
		if (len == n || !isalnum((unsigned char)name[len - n - 1]))
			return true;
	}
	return false;
}

/* What else is one in an argument of this kind. */
static bool is_value(const char *argument, const char *name, size_t len)
{
	/* QEMU: -object secret,id=x,data=y, also as JSON; -fw_cfg name=x,string=y */
	if (len == 4 && !strncmp(name, "data", 4))
		return strstr(argument, "secret");
	if (len == 6 && !strncmp(name, "string", 6))
		return true;
	/* -smbios type=11,value=io.systemd.credential:x=y, systemd.system-credentials(7) */
	return len == 5 && !strncmp(name, "value", 5) && strstr(argument, "credential");
}

struct writer {
	char *text;
	size_t len;
};

static void put(struct writer *writer, const char *text, size_t len)
{
	memcpy(writer->text + writer->len, text, len);
	writer->len += len;
	writer->text[writer->len] = '\0';
}

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || strchr("-_.", c);
}

/* How long the value at @at is. In quotes to their end; else to what ends one, but ",," is a comma
 * of it (QEMU), and a colon is as much a part of it as an end. */
static size_t value_length(const char *at, char quote)
{
	size_t n = 0;

	while (at[n]) {
		if (quote ? at[n] == quote : strchr(" &;\"'}", at[n]) != NULL)
			break;
		if (quote && at[n] == '\\' && at[n + 1])
			n++;
		if (!quote && at[n] == ',') {
			if (at[n + 1] != ',')
				break;
			n++;
		}
		n++;
	}
	return n;
}

/* "name=value", "name: value", "\"name\": \"value\"": past the name and what stands between; 0: not
 * so. */
static size_t separator_length(const char *at, char *ret_quote)
{
	size_t n = 0;
	bool has = false;

	if (at[n] == '"' || at[n] == '\'')
		n++;
	for (; at[n] == ' ' || at[n] == '=' || at[n] == ':'; n++)
		has |= at[n] != ' ';
	*ret_quote = at[n] == '"' || at[n] == '\'' ? at[n] : '\0';
	return has ? n + (*ret_quote != '\0') : 0;
}

/* Of "//user:password@host", past the "@"; 0: there is none before the host's end. */
static size_t userinfo_length(const char *at)
{
	size_t n = strcspn(at, "@/ \"',");

	return at[n] == '@' ? n : 0;
}

char *redact_argument(const char *option, const char *argument)
{
	size_t room = (strlen(argument) + 1) * (sizeof(MASK) + 1), n;
	struct writer writer = {.text = malloc(room)};
	const char *at = argument;
	char quote;

	if (!writer.text)
		return NULL;
	writer.text[0] = '\0';
	/* --api-token VALUE */
	if (option && *option == '-' && !strchr(option, '=') && *argument != '-' &&
	    is_telling(option, strlen(option))) {
		put(&writer, MASK, sizeof(MASK) - 1);
		return writer.text;
	}
	while (*at) {
		if (!strncmp(at, "://", 3)) {
			put(&writer, at, 3);
			at += 3;
			n = userinfo_length(at);
			if (n)
				put(&writer, MASK, sizeof(MASK) - 1);
			at += n;
			continue;
		}
		for (n = 0; at[n] && is_name(at[n]); n++)
			;
		if (!n) {
			put(&writer, at++, 1);
			continue;
		}
		put(&writer, at, n);
		at += n;
		if (is_telling(at - n, n) || is_value(argument, at - n, n)) {
			n = separator_length(at, &quote);
			put(&writer, at, n);
			at += n;
			if (n && (n = value_length(at, quote))) {
				put(&writer, MASK, sizeof(MASK) - 1);
				at += n;
			}
		}
	}
	return writer.text;
}
