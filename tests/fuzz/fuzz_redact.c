/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An argument of a command line that export --redact masks: redact_argument(). An input is the
 * argument before it, a newline, and it. What follows "password=" in it must be gone.
 */
#include "daemon/edge/redact.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char secret[] = "password=";
	char *text = strndup((const char *)data, size), *argument, *safe, *said;
	const char *at;

	MUST(text);
	argument = strchr(text, '\n');
	if (argument)
		*argument++ = '\0';
	safe = redact_argument(argument ? text : NULL, argument ? argument : text);
	MUST(safe);
	at = argument ? argument : text;
	MUST(strlen(safe) <= 4 * strlen(at) + 3);
	said = strstr(safe, secret);
	if (said && !strstr(safe, "://"))
		MUST(!strncmp(said + strlen(secret), "***", 3) ||
		     strchr(",: \"'", said[strlen(secret)]) || !said[strlen(secret)]);
	free(safe);
	free(text);
	return 0;
}
