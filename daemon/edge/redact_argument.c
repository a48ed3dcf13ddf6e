/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/edge/redact.h"

#define MASK "***"

/*
 * Parts of a name of an option, of a key in an option's value, of a member of JSON or of a
 * parameter of a kernel. What they mask too much of, such as the id in password-secret=, costs
 * nothing; what they leave is in the hands of strangers.
 */
static const char *const telling[] = {
	"password", "passwd", "passphrase", "secret", "token",	   "credential",
	"cookie",   "key",    "auth",	    "bearer", "signature",
};

/* What it ends with, as in wifi_psk= and proxypass=. */
static const char *const telling_ends[] = {"pass", "pwd", "pw", "psk", "pin"};

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

		if (len >= n && !strncasecmp(name + len - n, telling_ends[i], n))
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

static bool is_quote(char c)
{
	return c == '"' || c == '\'';
}

/* Of JSON, past the opening quote; QEMU takes either (its json-lexer.c). */
static size_t string_length(const char *at, char quote)
{
	size_t n = 0;

	while (at[n] && at[n] != quote)
		n += at[n] == '\\' && at[n + 1] ? 2 : 1;
	return n;
}

/*
 * A value ends at a comma of QEMU's, of which two are one of the value: anything else may be in it.
 * Of a kernel's parameter it ends at a space that is not in quotes, which may be around its name,
 * too.
 */
static size_t value_length(const char *argument, const char *at, bool is_kernel)
{
	bool quoted = false;
	size_t n = 0;

	for (const char *c = argument; is_kernel && c < at; c++)
		quoted ^= *c == '"';
	for (; at[n]; n++) {
		if (is_kernel ? at[n] == ' ' && !quoted : at[n] == ',' && at[n + 1] != ',')
			break;
		n += at[n] == ',' && !is_kernel;
		quoted ^= at[n] == '"';
	}
	return n;
}

/* Past the end of the name at @name, @len long: what is between it and its value, and how long that
 * is. 0: it has none. */
static size_t find_value(const char *argument, const char *name, size_t len, bool is_kernel,
			 size_t *ret_len)
{
	bool is_member = name > argument && is_quote(name[-1]) && name[len] == name[-1];
	const char *at = name + len + is_member;
	size_t spaces = strspn(at, " ");

	if (at[spaces] != '=' && at[spaces] != ':') {
		/* "Bearer abc" */
		if (!spaces || len != 6 || strncasecmp(name, "bearer", 6) != 0)
			return 0;
		at += spaces;
	} else {
		is_member = is_member && at[spaces] == ':';
		at += spaces + 1;
		at += strspn(at, " ");
	}
	if (!is_member)
		*ret_len = value_length(argument, at, is_kernel);
	else if (is_quote(*at))
		*ret_len = string_length(at + 1, *at);
	else
		*ret_len = *at == '[' || *at == '{' ? strlen(at) : strcspn(at, ",}");
	return (size_t)(at - (name + len)) + (is_member && is_quote(*at));
}

/* The parameters of a kernel, which a space ends: of QEMU, Cloud Hypervisor, kvmtool and crosvm. */
static bool is_kernel_option(const char *text)
{
	static const char *const options[] = {"-append", "--append", "--cmdline", "--params", "-p"};

	for (size_t i = 0; text && i < sizeof(options) / sizeof(options[0]); i++) {
		size_t n = strlen(options[i]);

		if (!strncmp(text, options[i], n) && (!text[n] || text[n] == '='))
			return true;
	}
	return false;
}

static void mask(struct writer *writer, size_t len)
{
	if (len)
		put(writer, MASK, sizeof(MASK) - 1);
}

/* What is past the "://" at @at: all before its last "@", and its query. Returns its length. */
static size_t put_url(struct writer *writer, const char *argument, const char *at, bool is_kernel)
{
	const char *scheme = at, *end;
	size_t user = 0, host, n;

	while (scheme > argument && (is_name(scheme[-1]) || scheme[-1] == '+'))
		scheme--;
	at += 3;
	if (scheme > argument && is_quote(scheme[-1]))
		n = string_length(at, scheme[-1]);
	else
		n = value_length(argument, at, is_kernel);
	end = at + n;
	for (size_t i = 0; i < n; i++)
		if (at[i] == '@')
			user = i;
	put(writer, "://", 3);
	mask(writer, user);
	at += user;
	host = strcspn(at, "?");
	if (at + host >= end) {
		put(writer, at, (size_t)(end - at));
	} else {
		put(writer, at, host + 1);
		mask(writer, (size_t)(end - at) - host - 1);
	}
	return n + 3;
}

char *redact_argument(const char *option, const char *argument)
{
	size_t room = (strlen(argument) + 1) * (sizeof(MASK) + 1), n, between, len;
	bool is_kernel = is_kernel_option(option) || is_kernel_option(argument);
	struct writer writer = {.text = malloc(room)};
	const char *at = argument;

	if (!writer.text)
		return NULL;
	writer.text[0] = '\0';
	/* --api-token VALUE, and the value may begin with a hyphen. */
	if (option && *option == '-' && !strchr(option, '=') &&
	    is_telling(option, strlen(option))) {
		mask(&writer, strlen(argument));
		return writer.text;
	}
	while (*at) {
		if (!strncmp(at, "://", 3)) {
			at += put_url(&writer, argument, at, is_kernel);
			continue;
		}
		for (n = 0; at[n] && is_name(at[n]); n++)
			;
		if (!n) {
			put(&writer, at++, 1);
			continue;
		}
		put(&writer, at, n);
		between = 0;
		if (is_telling(at, n) || is_value(argument, at, n))
			between = find_value(argument, at, n, is_kernel, &len);
		at += n;
		put(&writer, at, between);
		at += between;
		if (between) {
			mask(&writer, len);
			at += len;
		}
	}
	return writer.text;
}
