/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/json_make.h"
#include "cli/reply.h"
#include "cli/screen.h"

int error_report(const struct options *options, int status, const char *name,
		 struct json_object *parameters, const char *format, ...)
{
	struct json_object *o;
	char *message = NULL, *clean;
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&message, format, ap) < 0)
		message = NULL;
	va_end(ap);
	screen_leave(); /* what it says must stay */
	if (options->json == JSON_OFF) {
		clean = reply_clean_text(message ? message : strerror(ENOMEM), true);
		fprintf(stderr, "nisvctl: %s\n", clean ? clean : strerror(ENOMEM));
		free(clean);
		free(message);
		return status;
	}
	o = json_make_object();
	json_add(o, "error", name ? json_make_string(name) : NULL);
	json_add(o, "message", json_make_string(message ? message : strerror(ENOMEM)));
	json_add(o, "parameters", parameters ? json_object_get(parameters) : json_make_object());
	reply_print(stderr, options->json, o);
	json_object_put(o);
	free(message);
	return status;
}

void error_note(const struct options *options, const char *format, ...)
{
	char *message = NULL, *clean;
	va_list ap;

	if (options->quiet || options->json != JSON_OFF)
		return;
	va_start(ap, format);
	if (vasprintf(&message, format, ap) < 0)
		message = NULL;
	va_end(ap);
	clean = message ? reply_clean_text(message, true) : NULL;
	screen_leave();
	if (clean)
		fprintf(stderr, "nisvctl: %s\n", clean);
	free(clean);
	free(message);
}

int parse_address(const char *text, unsigned long long *ret)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *digits = hex ? text + 2 : text;

	if (!*digits ||
	    strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789") != strlen(digits))
		return -EINVAL;
	errno = 0;
	*ret = strtoull(digits, NULL, hex ? 16 : 10);
	return -errno;
}

bool parse_count(const struct options *options, size_t *ret)
{
	const char *text = options->lines;
	unsigned long long n;

	if (!text)
		return true;
	if (strspn(text, "0123456789") == strlen(text) && parse_address(text, &n) == 0 && n) {
		*ret = n;
		return true;
	}
	error_report(options, NISV_EXIT_USAGE, NULL, NULL,
		     "-n takes a number of 1 or more, not \"%s\"", text);
	return false;
}
