/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/check.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "daemon/edge/capture.h"
#include "daemon/edge/json_make.h"
#include "daemon/edge/log.h"
#include "daemon/edge/model_json.h"
#include "daemon/edge/status_json.h"

enum check_result {
	CHECK_ALL = 0,
	CHECK_SOME = 1,
	CHECK_NONE = 2
};

#define NAME_WIDTH 30

static void print_line(const char *title, const char *text)
{
	if (*text)
		printf("%-*s %11s: %s\n", NAME_WIDTH, "", title, text);
}

static void print_source(const struct capture_source *source, const char *said_below)
{
	bool is_lost = capture_source_is_lost(source);

	printf("%-*s %-9s %s\n", NAME_WIDTH, source->name, capture_state_to_string(source->state),
	       source->gives);
	if (strcmp(source->reason, said_below) != 0)
		print_line("why not", source->reason);
	if (is_lost)
		print_line("what is lost", source->loses);
	if (is_lost && strcmp(source->reason, said_below) != 0)
		print_line("how to get it", source->how_to_get);
}

/* What stands in the way of all of them is said once, in the end. */
static void print_text(const char *kernel, const struct capture_source *sources, size_t n,
		       const struct capture_obstacle *why)
{
	printf("Kernel %s\n\n", kernel);
	for (size_t i = 0; i < n; i++)
		print_source(&sources[i], why->reason);
}

static void print_verdict(enum check_result result, const struct capture_obstacle *why)
{
	if (result == CHECK_ALL)
		printf("\nEvery kind of fault can be seen.\n");
	else if (result == CHECK_SOME)
		printf("\nSome faults cannot be seen, see above.\n");
	else
		printf("\nnisvd cannot work here: %s; to change that, %s.\n", why->reason,
		       why->how_to_get);
}

static void print_json(const char *kernel, const struct capture_source *sources, size_t n,
		       enum check_result result, const struct capture_obstacle *why,
		       enum check_format format)
{
	struct json_object *object = json_make_object(), *list = json_make_array();
	const char *text;
	size_t len;

	for (size_t i = 0; i < n; i++)
		json_append(list, source_to_json(&sources[i]));
	json_add(object, "version", json_make_string(NISV_VERSION));
	json_add(object, "kernel", json_make_string(kernel));
	json_add(object, "result", json_make_int(result));
	json_add(object, "reason", model_string(why->err ? why->reason : ""));
	json_add(object, "how_to_get", model_string(why->err ? why->how_to_get : ""));
	json_add(object, "sources", list);
	text = json_text(object,
			 format == CHECK_JSON_PRETTY ? JSON_C_TO_STRING_PRETTY
						     : JSON_C_TO_STRING_PLAIN,
			 &len);
	if (text)
		puts(text);
	else
		log_error_errno(ENOMEM, "Cannot tell it as JSON");
	json_object_put(object);
}

int check_run(const struct config *config, enum check_format format)
{
	static const struct capture_ops ignore = {};
	const struct capture_source *sources;
	const struct capture_obstacle *why;
	enum check_result result = CHECK_ALL;
	struct capture *capture;
	struct utsname uts = {};
	size_t n;

	uname(&uts);
	if (capture_new(&config->capture, &ignore, NULL, &capture) < 0)
		result = CHECK_NONE;
	if (!capture) {
		fputs("nisvd: out of memory\n", stderr);
		return CHECK_NONE;
	}
	why = capture_obstacle(capture);
	sources = capture_sources(capture, &n);
	for (size_t i = 0; i < n && result == CHECK_ALL; i++)
		if (capture_source_hides_faults(&sources[i]))
			result = CHECK_SOME;
	if (format == CHECK_TEXT) {
		print_text(uts.release, sources, n, why);
		print_verdict(result, why);
	} else {
		print_json(uts.release, sources, n, result, why, format);
	}
	capture_free(capture);
	return result;
}
