/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/sites_json.h"

#include <json-c/json.h>
#include <json-c/printbuf.h>

#include "daemon/edge/model_json.h"

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
	const struct sites_json_source *source = json_object_get_userdata(object);
	const struct faultmap *faults = source->faults;
	size_t n_sites = faults ? faults->n_sites : 0, n_places = faults ? faults->n_places : 0;
	int r = printbuf_memappend(buffer, "[", 1);

	(void)level;
	for (size_t i = 0; r >= 0 && i < n_sites; i++)
		r = print_item(buffer, model_site(&faults->sites[i], source->arch), flags, i == 0);
	for (size_t i = 0; r >= 0 && i < n_places; i++)
		r = print_item(buffer, model_place(&faults->places[i]), flags, n_sites + i == 0);
	return r < 0 ? r : printbuf_memappend(buffer, "]", 1);
}

struct json_object *sites_to_json(struct sites_json_source *source)
{
	struct json_object *object = json_object_new_array();

	if (object)
		json_object_set_serializer(object, print_sites, source, NULL);
	return object;
}
