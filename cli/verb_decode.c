/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/decoded.h"
#include "cli/format.h"
#include "cli/json_make.h"
#include "cli/reply.h"

static char *join(int argc, char **argv, size_t *ret_len)
{
	size_t size = 1;
	char *text, *to;

	for (int i = 0; i < argc; i++)
		size += strlen(argv[i]) + 1;
	text = to = malloc(size);
	if (!text)
		return NULL;
	*to = 0;
	for (int i = 0; i < argc; i++)
		to = stpcpy(stpcpy(to, i ? " " : ""), argv[i]);
	*ret_len = (size_t)(to - text);
	return text;
}

/* One byte more than may be sent, to tell that there is more. */
static char *read_stdin(size_t *ret_len)
{
	char *text = malloc(NISV_DECODE_MAX + 1);

	if (text)
		*ret_len = fread(text, 1, NISV_DECODE_MAX + 1, stdin);
	return text;
}

static int no_text(const struct options *options, int argc)
{
	if (argc == 0 && isatty(STDIN_FILENO))
		return error_report(options, NISV_EXIT_USAGE, NULL, NULL,
				    "decode needs a syndrome or text: \"nisvctl decode ESR [FAR "
				    "[IPA]]\", a pasted line, or lines on standard input");
	return NISV_EXIT_OK;
}

static bool is_understood(struct json_object *reply)
{
	return reply_length(reply_array(reply, "lines")) > 0 ||
	       reply_length(reply_array(reply, "syndromes")) > 0;
}

static int decode(const struct options *options, const char *text, size_t len)
{
	struct json_object *params = json_make_object(), *reply;
	struct client *client = NULL;
	char counted[FORMAT_MAX];
	int status = client_open(options, CLIENT_RULES, &client);

	if (status != NISV_EXIT_OK) {
		json_object_put(params);
		return status;
	}
	json_add(params, "text", json_make_string_len(text, len));
	status = client_call(client, NISV_METHOD_DECODE, params, &reply);
	client_close(client);
	if (status != NISV_EXIT_OK)
		return status;
	if (!is_understood(reply))
		status = error_report(
			options, NISV_EXIT_USAGE, NULL, NULL,
			"nothing in it is understood (%s): expected \"ESR [FAR [IPA]]\" in "
			"hexadecimal, or "
			"lines of a kernel's or VMM's log, of a trace or of a dump",
			format_counted(reply_int(reply, "not_understood"), "line", counted));
	else if (options->json != JSON_OFF)
		reply_print(stdout, options->json, reply);
	else
		decoded_print(options, reply);
	json_object_put(reply);
	return status == NISV_EXIT_OK ? term_flush_stdout(options) : status;
}

int verb_decode(const struct options *options, int argc, char **argv)
{
	int status = no_text(options, argc);
	size_t len = 0;
	char *text;

	if (status != NISV_EXIT_OK)
		return status;
	text = argc > 0 ? join(argc, argv, &len) : read_stdin(&len);
	if (!text)
		return error_report(options, NISV_EXIT_FAILURE, NULL, NULL, "out of memory");
	reply_mend_text(text, len);
	status =
		len > NISV_DECODE_MAX
			? error_report(options, NISV_EXIT_USAGE, NULL, NULL,
				       "the text is longer than %u KiB: of a trace, ask \"nisvctl "
				       "--file FILE explain\"; of a log, give the lines around the "
				       "fault",
				       NISV_DECODE_MAX / 1024)
			: decode(options, text, len);
	free(text);
	return status;
}
