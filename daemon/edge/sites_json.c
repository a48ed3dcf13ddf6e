/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/sites_json.h"

#include <json-c/json.h>
#include <json-c/printbuf.h>
#include <stdlib.h>

#include "daemon/edge/json_make.h"
#include "daemon/edge/model_json.h"

struct source {
	const struct faultmap *faults;
	const char *arch;
};

/* Takes @item, NULL without memory. */
static int print_item(struct printbuf *buffer, struct json_object *item, int flags, bool is_first)
{
	size_t len = 0;
	const char *text = json_object_to_json_string_length(item, flags, &len);
	int r = item && text ? 0 : -1;

	if (r >= 0 && !is_first)
		r = printbuf_memappend(buffer, ",", 1);
	if (r >= 0)
		r = printbuf_memappend(buffer, text, (int)len);
	json_object_put(item);
	return r;
}

/* As json_object_array_to_json_string() does, without its white space. */
static int print_sites(struct json_object *object, struct printbuf *buffer, int level, int flags)
{
	const struct source *source = json_object_get_userdata(object);
	const struct faultmap *faults = source->faults;
	int r = printbuf_memappend(buffer, "[", 1);

	(void)level;
	for (size_t i = 0; r >= 0 && i < faults->n_sites; i++)
		r = print_item(buffer, model_site(&faults->sites[i], source->arch), flags, i == 0);
	for (size_t i = 0; r >= 0 && i < faults->n_places; i++)
		r = print_item(buffer, model_place(&faults->places[i]), flags,
			       faults->n_sites + i == 0);
	return r < 0 ? r : printbuf_memappend(buffer, "]", 1);
}

static void free_source(struct json_object *object, void *source)
{
	(void)object;
	free(source);
}

struct json_object *sites_to_json(const struct faultmap *faults, const char *arch)
{
	struct json_object *object = json_make_array();
	struct source *source = faults ? malloc(sizeof(*source)) : NULL;

	if (faults && !source)
		json_fail();
	if (!object || !source) {
		free(source);
		return object;
	}
	*source = (struct source){faults, arch};
	json_object_set_serializer(object, print_sites, source, free_source);
	return object;
}
