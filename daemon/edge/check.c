/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/check.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "daemon/edge/capture.h"
#include "daemon/edge/status_json.h"

enum check_result {
	CHECK_ALL = 0,
	CHECK_SOME = 1,
	CHECK_NONE = 2
};

static bool loses_faults(const struct capture_source *source)
{
	return source->shows_faults && source_is_lost(source);
}

static void print_text(const char *kernel, const struct capture_source *sources, size_t n)
{
	printf("Kernel %s\n\n", kernel);
	for (size_t i = 0; i < n; i++) {
		printf("%-30s %-9s %s\n", sources[i].name,
		       capture_state_to_string(sources[i].state), sources[i].gives);
		if (*sources[i].reason)
			printf("%-30s           why not: %s\n", "", sources[i].reason);
		if (*sources[i].how_to_get)
			printf("%-30s           to get it: %s\n", "", sources[i].how_to_get);
	}
}

static void print_json(const char *kernel, const struct capture_source *sources, size_t n,
		       enum check_result result)
{
	struct json_object *object = json_object_new_object(), *list = json_object_new_array();

	for (size_t i = 0; i < n; i++)
		json_object_array_add(list, source_to_json(&sources[i]));
	json_object_object_add(object, "version", json_object_new_string(NISV_VERSION));
	json_object_object_add(object, "kernel", json_object_new_string(kernel));
	json_object_object_add(object, "result", json_object_new_int(result));
	json_object_object_add(object, "sources", list);
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY));
	json_object_put(object);
}

int check_run(const struct config *config, bool json)
{
	static const struct capture_ops ignore = {};
	const struct capture_options options = {
		.count_mmio = config->count_mmio,
		.inspect_guest_memory = config->inspect_guest_memory,
	};
	const struct capture_source *sources = NULL;
	enum check_result result = CHECK_NONE;
	struct capture *capture = NULL;
	struct utsname uts = {};
	size_t n = 0;

	uname(&uts);
	if (capture_new(&options, &ignore, NULL, &capture) >= 0) {
		sources = capture_sources(capture, &n);
		result = CHECK_ALL;
		for (size_t i = 0; i < n; i++)
			if (loses_faults(&sources[i]))
				result = CHECK_SOME;
	}
	if (json) {
		print_json(uts.release, sources, n, result);
	} else {
		print_text(uts.release, sources, n);
		printf("\n%s\n", result == CHECK_ALL ? "Every kind of fault can be seen."
				 : result == CHECK_SOME
					 ? "Some faults cannot be seen, see above."
					 : "nisvd cannot work here, see the messages.");
	}
	capture_free(capture);
	return result;
}
